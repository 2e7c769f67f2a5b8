/** Who waits for a busy environment: only where it is quick, and never while cores are idle. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BEFORE_STARTING, BEFORE_WAKING, type Crowd, paceWith, type Patience, waitingPlaces } from "./patience.ts";

const cases: readonly {
  readonly title: string;
  readonly crowd: Crowd;
  readonly patience: Patience;
  readonly places: number;
}[] = [
  {
    title: "idle cores leave no places",
    crowd: { busy: 7, holdMs: 0.1, cores: 2 },
    patience: BEFORE_WAKING,
    places: 0,
  },
  { title: "unknown pace", crowd: { busy: 32, holdMs: Infinity, cores: 2 }, patience: BEFORE_STARTING, places: 0 },
  { title: "a quick handler", crowd: { busy: 8, holdMs: 0.5, cores: 2 }, patience: BEFORE_WAKING, places: 80 },
  {
    title: "starting takes longer",
    crowd: { busy: 8, holdMs: 0.5, cores: 2 },
    patience: BEFORE_STARTING,
    places: 160,
  },
  { title: "a slow handler", crowd: { busy: 8, holdMs: 1000, cores: 2 }, patience: BEFORE_STARTING, places: 0 },
];
for (const { title, crowd, patience, places } of cases)
  test(`${title}: ${places} may wait`, () => assert.equal(waitingPlaces(crowd, patience), places));

test("the pace begins with the first invocation and follows the newest within some ten", () => {
  assert.equal(paceWith(Infinity, 8), 8);
  let pace = 8;
  for (let i = 0; i < 10; i++) pace = paceWith(pace, 1);
  assert.ok(pace < 4, `${pace}`);
});
