/** A month's forecast, its break-even, and how the bill of a day grows: all in exact money. */
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { nodesFor } from "./booking.ts";
import { containerBill, functionBill } from "./bill.ts";
import { breakEven, dayBills, forecast, type Run, type Workload } from "./forecast.ts";
import { formatUsd, money } from "./money.ts";
import { nodePrice, type PriceBook, priceBook, priceBooks } from "./price-book.ts";

const WORKLOAD: Workload = {
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

function book(id: string): PriceBook {
  const found = priceBook(id);
  assert.ok(found);
  return found;
}

test("the article's month: 3 replicas of 100m / 128 MiB fit on one node; the article paid for three", () => {
  const { requests, functions, containers, nodes, node } = forecast(WORKLOAD, book("article"));
  assert.deepEqual(
    [requests, formatUsd(functions.total), formatUsd(containers.total), nodes, node.name],
    [3_000_000, "$1.85", "$72.00", 1, "node"],
  );
});

const fits: readonly (readonly [replicas: number, cpu: number, memory: number, nodes: number])[] = [
  [0, 100, 128, 1],
  [3, 100, 128, 1],
  [17, 100, 128, 1],
  [18, 100, 128, 2],
  [2, 1500, 128, 2],
  [2, 965, 128, 1],
  [2, 966, 128, 2],
  [2, 100, 1623, 1],
  [2, 100, 1624, 2],
  [1, 9000, 128, 1],
  [3, 9000, 128, 3],
];
for (const [replicas, podCpuMillis, podMemoryMib, nodes] of fits) {
  test(`${replicas} pods of ${podCpuMillis}m / ${podMemoryMib} MiB need ${nodes} t3.medium`, () => {
    assert.equal(nodesFor({ podCpuMillis, podMemoryMib }, nodePrice(book("aws-us-east-1")), replicas), nodes);
  });
}

const dollar = (amount: number): bigint => money(String(amount));
const point = (
  requests: number,
  containers: number,
  functions: number,
): { readonly requests: number; readonly containers: bigint; readonly functions: bigint } => ({
  requests,
  containers: dollar(containers),
  functions: dollar(functions),
});
for (const [title, curve, expected] of [
  ["lies between the points around it", [point(100, 10, 5), point(200, 10, 15)], 150],
  ["is rounded to whole requests", [point(0, 2, 0), point(5, 2, 3)], 3],
  ["is at a point where both are equal", [point(100, 10, 5), point(200, 10, 10)], 200],
  ["is the first of several", [point(0, 1, 0), point(10, 1, 2), point(20, 9, 2), point(30, 9, 12)], 5],
  ["is where the curve begins when functions cost more from there on", [point(100, 1, 5), point(200, 1, 15)], 100],
  ["is where the curve begins when both are equal all along", [point(100, 1, 1), point(200, 1, 1)], 100],
  ["is not in a curve of one point", [point(100, 10, 5)], null],
  ["is not where functions stay cheaper", [point(100, 10, 5), point(200, 10, 9)], null],
] as const)
  test(`break-even ${title}`, () => assert.equal(breakEven(curve), expected));

test("the curve begins at 10,000 requests or the month's, and ends at 3 G or ten months' of them", () => {
  const ends = (requestsPerDay: number): readonly (number | undefined)[] => {
    const { curve } = forecast({ ...WORKLOAD, requestsPerDay }, book("article"));
    return [curve.length, curve[0]?.requests, curve.at(-1)?.requests];
  };
  assert.deepEqual(ends(100_000), [60, 10_000, 3_000_000_000]);
  assert.deepEqual(ends(100), [60, 3_000, 3_000_000_000]);
  assert.deepEqual(ends(100_000_000), [60, 10_000, 30_000_000_000]);
});

test("in the curve more requests need more replicas, never fewer than the least", () => {
  const { curve } = forecast({ ...WORKLOAD, minReplicas: 18 }, book("article"));
  assert.equal(formatUsd(curve[0]?.containers ?? 0n), "$144.00");
  // 3 G a month are 1,157 a second, at the peak 3,472: 70 replicas of 50 a second, on 5 nodes of 17 pods.
  assert.equal(formatUsd(curve.at(-1)?.containers ?? 0n), "$360.00");
});

const RUN: Run = {
  lengthMs: 60_000,
  requestsPerDay: 100_000,
  requestsSent: 1_000,
  pod: { podCpuMillis: 100, podMemoryMib: 128 },
  moments: [
    { atMs: 0, replicas: 3 },
    { atMs: 30_000, replicas: 3 },
    { atMs: 60_000, replicas: 18 },
  ],
  invocations: [
    { atMs: 0, billedMs: 200, memoryMib: 128 },
    { atMs: 30_000, billedMs: 200, memoryMib: 128 },
    { atMs: 30_001, billedMs: 100, memoryMib: 256 },
    { atMs: 99_999, billedMs: 1, memoryMib: 1 },
  ],
};

test("a day's bill grows by the hours of whole nodes and by the requests that one sent stands for", () => {
  const printed = dayBills(RUN, book("article")).map(({ atMs, containers, functions }) => [
    atMs,
    formatUsd(containers),
    formatUsd(functions, 7),
  ]);
  // 12 h of one node, then 12 h of two; 100 requests of 200 ms at 128 MB are 2.5 GB-s and 100 calls.
  assert.deepEqual(printed, [
    [0, "$0.00", "$0.0000617"],
    [30_000, "$1.20", "$0.0001233"],
    [60_000, "$3.60", "$0.0001850"],
  ]);
});

test("at its end the day's bill is the bill of the day's usage, to the last digit", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...priceBooks),
      fc.array(fc.record({ after: fc.nat(5_000), replicas: fc.nat(60) }), { minLength: 1, maxLength: 30 }),
      fc.array(fc.record({ billedMs: fc.nat(900_000), memoryMib: fc.constantFrom(128, 1024, 10_240) })),
      (prices, steps, calls) => {
        let atMs = 0;
        const moments = steps.map(({ after, replicas }) => ({ atMs: (atMs += after), replicas }));
        const lengthMs = 86_400_000;
        const run = {
          ...RUN,
          lengthMs,
          requestsPerDay: 1_000,
          moments,
          invocations: calls.map((call) => ({ ...call, atMs })),
        };
        const node = nodePrice(prices);
        const nodeMs = steps.reduce((sum, { after, replicas }) => sum + after * nodesFor(RUN.pod, node, replicas), 0);
        const mbMs = calls.reduce((sum, { billedMs, memoryMib }) => sum + billedMs * memoryMib, 0);
        const requests = BigInt(calls.length);
        const bills = dayBills(run, prices);
        assert.deepEqual(bills.at(-1), {
          atMs,
          containers: containerBill({ nodeMs: BigInt(nodeMs), clusterMs: BigInt(atMs), node }, prices).total,
          functions: functionBill({ requests, mbMs: BigInt(mbMs), httpApiRequests: requests }, prices).total,
        });
        for (const [place, bill] of bills.entries()) {
          assert.ok(bill.containers >= (bills[place - 1]?.containers ?? 0n));
          assert.ok(bill.functions >= (bills[place - 1]?.functions ?? 0n));
        }
      },
    ),
  );
});
