/** Traces, costs and break-even of a comparison. */
import assert from "node:assert/strict";
import test from "node:test";
import type { Workload } from "#metering/forecast.ts";
import { money } from "#metering/money.ts";
import { priceBook } from "#metering/price-book.ts";
import { compareCosts } from "./cost.ts";

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
