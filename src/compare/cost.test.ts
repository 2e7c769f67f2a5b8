/** Traces, costs and break-even of a comparison. */
import assert from "node:assert/strict";
import test from "node:test";
import type { Workload } from "#metering/forecast.ts";
import { money } from "#metering/money.ts";
import { priceBook } from "#metering/price-book.ts";
import { compareCosts } from "./cost.ts";
import { businessDay, ratePerSecond, replay } from "./trace.ts";

const BASIS: Workload = {
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
  const costs = compareCosts(BASIS, [], book);
  // 3 replicas of 100m / 128 MiB fit on one node; the article paid for three.
  assert.deepEqual([costs.functions.totalUsd, costs.containers.totalUsd], ["$1.85", "$72.00"]);
  assert.deepEqual(costs.functions.lines[1], {
    meter: "duration",
    quantity: "75,000 GB-s",
    price: "$0.0000166667 per GB-s",
    amountUsd: "$1.25",
  });
  assert.deepEqual(
    [costs.functions.basis, costs.containers.basis],
    ["3,000,000 requests a month, 200.00 ms billed each at 128 MB", "3.0 replicas of 100m / 128 MiB on 1 x node"],
  );
});

test("day and curve become floats for the plots and nothing else", () => {
  const book = priceBook("article");
  assert.ok(book);
  const costs = compareCosts(BASIS, [{ atMs: 7, containers: money("1.25"), functions: money("0.000001") }], book);
  assert.deepEqual(costs.cumulated, [{ atMs: 7, containersUsd: 1.25, functionsUsd: 0.000001 }]);
  assert.deepEqual([costs.curve.length, costs.curve[0]?.requests, costs.curve[0]?.containersUsd], [60, 10_000, 72]);
  assert.ok((costs.breakEvenRequests ?? 0) > 3_000_000);
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
