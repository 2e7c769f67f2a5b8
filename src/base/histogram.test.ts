/** What a histogram promises of its quantiles. */
import assert from "node:assert/strict";
import test from "node:test";
import { Histogram } from "./histogram.ts";
import { seededRandom } from "./random.ts";

test("quantiles are within 2 % of the exact ones, for any spread of values", () => {
  const random = seededRandom(7);
  const values = Array.from({ length: 10_000 }, () => Math.floor(Math.exp(random.number() * 16)));
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  const sorted = values.toSorted((a, b) => a - b);
  for (const fraction of [0.01, 0.5, 0.9, 0.99, 1]) {
    const exact = sorted[Math.ceil(fraction * sorted.length) - 1] ?? 0;
    const found = histogram.quantile(fraction);
    assert.ok(found >= exact && found <= exact * 1.02 + 1, `p${fraction * 100}: ${found} for ${exact}`);
  }
});

test("adding two histograms is counting all their values in one", () => {
  const [a, b, both] = [new Histogram(), new Histogram(), new Histogram()];
  for (let value = 0; value < 500; value++) {
    (value % 2 === 0 ? a : b).record(value * 17);
    both.record(value * 17);
  }
  a.add(b);
  assert.deepEqual([a.count, a.max, a.mean, a.curve()], [both.count, both.max, both.mean, both.curve()]);
});

test("an empty histogram answers zero", () => {
  const empty = new Histogram();
  assert.deepEqual([empty.count, empty.quantile(0.99), empty.curve()], [0, 0, []]);
});
