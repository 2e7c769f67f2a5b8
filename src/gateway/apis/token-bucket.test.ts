/** Throttles let through what they say, not more and not much less, over a clock that a test moves. */
import assert from "node:assert/strict";
import test from "node:test";
import { Buckets, type Limit } from "./token-bucket.ts";

interface Flow {
  readonly title: string;
  readonly limit: Limit;
  /** Requests a second, evenly. */
  readonly sent: number;
  readonly seconds: number;
  readonly least: number;
  readonly most: number;
}

const flows: readonly Flow[] = [
  { title: "100/s of 300/s", limit: { perSecond: 100, burst: 1 }, sent: 300, seconds: 10, least: 950, most: 1_050 },
  {
    title: "100/s of 300/s with a burst of 50",
    limit: { perSecond: 100, burst: 50 },
    sent: 300,
    seconds: 10,
    least: 950,
    most: 1_050,
  },
  {
    title: "less than the limit passes whole",
    limit: { perSecond: 100, burst: 5 },
    sent: 90,
    seconds: 10,
    least: 900,
    most: 900,
  },
  {
    title: "a fraction of a request a second",
    limit: { perSecond: 0.5, burst: 1 },
    sent: 10,
    seconds: 20,
    least: 10,
    most: 11,
  },
  {
    title: "a burst, and then the rate",
    limit: { perSecond: 1, burst: 100 },
    sent: 1_000,
    seconds: 1,
    least: 100,
    most: 101,
  },
  { title: "nothing at all", limit: { perSecond: 0, burst: 0 }, sent: 100, seconds: 1, least: 0, most: 0 },
];

for (const { title, limit, sent, seconds, least, most } of flows)
  test(`a throttle: ${title}`, () => {
    const buckets = new Buckets();
    let passed = 0;
    for (let i = 0; i < sent * seconds; i++) if (buckets.admits("route", limit, (i * 1_000) / sent)) passed++;
    assert.ok(passed >= least && passed <= most, `${passed} passed`);
  });

test("routes do not take from each other", () => {
  const buckets = new Buckets();
  const limit = { perSecond: 1, burst: 1 };
  assert.deepEqual(
    ["a", "a", "b", "b"].map((name) => buckets.admits(name, limit, 0)),
    [true, false, true, false],
  );
});

test("a clock that goes back takes nothing away", () => {
  const buckets = new Buckets();
  const limit = { perSecond: 10, burst: 2 };
  assert.deepEqual(
    [1_000, 0, 0].map((atMs) => buckets.admits("a", limit, atMs)),
    [true, true, false],
  );
});
