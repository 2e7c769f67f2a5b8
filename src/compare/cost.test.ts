/** Traces, costs and break-even of a comparison. */
import assert from "node:assert/strict";
import test from "node:test";
import { priceBook } from "#metering/price-book.ts";
import { breakEven, compareCosts, type CostBasis, nodePrice, nodesFor } from "./cost.ts";
import { businessDay, ratePerSecond, replay } from "./trace.ts";

const BASIS: CostBasis = {
  requestsPerDay: 100_000,
  daysPerMonth: 30,
  memoryMib: 128,
  billedMs: 200_000,
  invocations: 1_000,
  meanReplicas: 3,
  podCpuMillis: 100,
  podMemoryMib: 128,
  requestsPerSecondPerReplica: 50,
  peakFactor: 3,
  minReplicas: 3,
};

test("the article's month, through the same code as the demo's", () => {
  const book = priceBook("article");
  assert.ok(book);
  const costs = compareCosts(BASIS, book, []);
  // 3 replicas of 100m / 128 MiB fit on one node; the article paid for three.
  assert.deepEqual([costs.functions.totalUsd, costs.containers.totalUsd], ["$1.85", "$72.00"]);
  assert.equal(costs.functions.lines[1]?.quantity, "75,000 GB-s");
});

const fits: readonly (readonly [replicas: number, cpu: number, memory: number, nodes: number])[] = [
  [3, 100, 128, 1],
  [17, 100, 128, 1],
  [18, 100, 128, 2],
  [2, 1500, 128, 2],
  [2, 100, 3000, 2],
  [1, 9000, 128, 1],
];
for (const [replicas, podCpuMillis, podMemoryMib, nodes] of fits) {
  test(`${replicas} pods of ${podCpuMillis}m / ${podMemoryMib} MiB need ${nodes} t3.medium`, () => {
    const book = priceBook("aws-us-east-1");
    assert.ok(book);
    assert.equal(nodesFor({ podCpuMillis, podMemoryMib }, nodePrice(book), replicas), nodes);
  });
}

test("break-even lies between the points around it", () => {
  const curve = [
    { requests: 100, containersUsd: 10, functionsUsd: 5 },
    { requests: 200, containersUsd: 10, functionsUsd: 15 },
  ];
  assert.equal(breakEven(curve), 150);
  assert.equal(breakEven(curve.slice(0, 1)), null);
});

test("a business day has its requests in the day and the same for the same seed", () => {
  const day = businessDay(10_000, 7);
  const hour = 3_600_000;
  const within = (from: number, to: number): number =>
    day.arrivalsMs.filter((at) => at >= from * hour && at < to * hour).length;
  assert.ok(within(8, 18) > 7_500, `${within(8, 18)} of 10,000 between 8 and 18 h`);
  assert.ok(within(0, 5) < 500);
  assert.deepEqual(businessDay(10_000, 7).arrivalsMs, day.arrivalsMs);
  assert.notDeepEqual(businessDay(10_000, 8).arrivalsMs, day.arrivalsMs);
});

test("a replay keeps the shape in less time with fewer requests", () => {
  const short = replay(businessDay(100_000, 7), 60_000, 6_000);
  assert.equal(short.arrivalsMs.length, 6_000);
  assert.ok(short.arrivalsMs.every((at, i, all) => at >= (all[i - 1] ?? 0) && at < 60_000));
  const rates = ratePerSecond(short, 24);
  assert.ok((rates[10] ?? 0) > 5 * (rates[2] ?? 0));
});
