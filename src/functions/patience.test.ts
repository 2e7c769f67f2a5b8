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

const paces: readonly {
  readonly title: string;
  readonly holds: readonly number[];
  readonly between: readonly number[];
}[] = [
  { title: "begins with the first invocation", holds: [8], between: [8, 8] },
  { title: "follows quick ones within some ten", holds: [8, ...Array<number>(10).fill(1)], between: [1, 4] },
  {
    title: "follows slow ones within some twenty",
    holds: [1, ...Array<number>(20).fill(1_000)],
    between: [1_000, 1_000],
  },
  { title: "is not moved by one that stood still", holds: [1, 1, 500, 1, 1, 1], between: [1, 1.1] },
  { title: "never passes the newest", holds: [1, 1.1, 0.95], between: [0.95, 1.1] },
];
for (const { title, holds, between } of paces)
  test(`the pace ${title}`, () => {
    const pace = holds.reduce(paceWith, Infinity);
    assert.ok(pace >= (between[0] ?? 0) && pace <= (between[1] ?? 0), `${pace}`);
  });
