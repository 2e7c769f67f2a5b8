/** Shares of both hulls add up to the bill, to the last fraction. */
import assert from "node:assert/strict";
import test from "node:test";
import { allocate } from "./allocation.ts";
import { formatUsd } from "./money.ts";
import { priceBook } from "./price-book.ts";
import { totalUsage } from "./totals.ts";
import type { Usage } from "./usage.ts";

const HOUR = 3_600_000;
const GIB = 1024 ** 3;

const node: Usage = { is: "node", atMs: 0, intervalMs: HOUR, node: "node-1", cpuMillis: 2000, memoryBytes: 4 * GIB };

function pod(workload: string, bookedCpuMillis: number, bookedMemoryBytes: number): Usage {
  return {
    is: "pod",
    atMs: 0,
    intervalMs: HOUR,
    namespace: "default",
    pod: "p",
    uid: "u",
    workload,
    node: "node-1",
    bookedCpuMillis,
    bookedMemoryBytes,
    usedCpuMicros: bookedCpuMillis * HOUR * 0.25,
    usedMemoryBytes: 0,
  };
}

function invocation(outcome: "ok" | "throttled"): Usage {
  return {
    is: "invocation",
    atMs: 0,
    namespace: "default",
    functionName: "f",
    version: "$LATEST",
    requestId: "r",
    memoryMib: 128,
    initMicros: 0,
    durationMicros: 200_000,
    billedMs: 200,
    maxMemoryMib: 64,
    outcome,
    isCold: false,
  };
}

async function* each(usage: readonly Usage[]): AsyncIterable<Usage> {
  yield* usage;
}

async function printed(usage: readonly Usage[]): Promise<readonly string[]> {
  const book = priceBook("article");
  assert.ok(book?.nodes[0]);
  const { shares, total } = allocate(await totalUsage(each(usage)), book, book.nodes[0]);
  return [
    ...shares.map(({ workload, basis, amount }) => `${workload}: ${basis} = ${formatUsd(amount, 7)}`),
    `total = ${formatUsd(total, 7)}`,
  ];
}

test("a workload pays half by booked CPU and half by booked memory; the rest is idle", async () => {
  assert.deepEqual(await printed([node, pod("Deployment/web", 1000, GIB)]), [
    "default/Deployment/web: 1.0 h of pods, 25.0 % of the booked CPU used = $0.0375000",
    "(idle): booked by nobody = $0.0625000",
    "total = $0.1000000",
  ]);
});

test("functions pay for what ran; throttled calls are counted and free", async () => {
  assert.deepEqual(await printed([invocation("ok"), invocation("ok"), invocation("throttled")]), [
    "default/f: 2 invocations, 400 ms billed, 0 cold, 1 throttled = $0.0000012",
    "total = $0.0000012",
  ]);
});

test("shares of several odd sizes still add up to the price of the node", async () => {
  const usage = [
    node,
    pod("Deployment/a", 333, 123_456_789),
    pod("Deployment/b", 777, 987_654_321),
    pod("Pod/c", 1, 1),
  ];
  assert.equal((await printed(usage)).at(-1), "total = $0.1000000");
});

test("nothing metered is nothing to pay", async () => assert.deepEqual(await printed([]), ["total = $0.0000000"]));
