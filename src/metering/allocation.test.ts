/** Shares of both hulls add up to the bill, to the last fraction. */
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { allocate } from "./allocation.ts";
import { containerBill, functionBill } from "./bill.ts";
import { formatUsd, sum } from "./money.ts";
import { nodePrice, priceBook, priceBooks } from "./price-book.ts";
import { totalUsage } from "./totals.ts";
import type { InvocationUsage, Usage } from "./usage.ts";

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

function invocation(outcome: "ok" | "throttled"): InvocationUsage {
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

function request(functionName: string): Usage {
  return {
    is: "request",
    atMs: 0,
    backend: `Function/default/${functionName}`,
    status: 200,
    latencyMicros: 1,
    bytesIn: 0,
    bytesOut: 0,
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

const weights = fc.nat(1_000_000);
const clusters = fc.record({
  nodes: fc.array(fc.record({ hours: fc.integer({ min: 1, max: 9 }), cpu: weights, memory: weights }), {
    maxLength: 5,
  }),
  pods: fc.array(fc.record({ workload: fc.constantFrom("a", "b", "c", "d"), cpu: weights, memory: weights })),
  calls: fc.array(
    fc.record({
      name: fc.constantFrom("f", "g", "h"),
      memoryMib: fc.constantFrom(128, 129, 10_240),
      billedMs: weights,
    }),
  ),
  requests: fc.array(fc.constantFrom("f", "g", "h")),
});

test("on any cluster the shares are not negative and add up to the bill of the whole, to the last digit", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...priceBooks), clusters, async (book, { nodes, pods, calls, requests }) => {
      const usage: readonly Usage[] = [
        ...nodes.map(({ hours, cpu, memory }, place): Usage => ({
          ...node,
          node: `node-${place}`,
          intervalMs: hours * HOUR,
          cpuMillis: cpu,
          memoryBytes: memory,
        })),
        ...pods.map(({ workload, cpu, memory }) => pod(workload, cpu, memory)),
        ...calls.map(({ name, memoryMib, billedMs }): Usage => ({
          ...invocation("ok"),
          functionName: name,
          memoryMib,
          billedMs,
        })),
        ...requests.map((name): Usage => request(name)),
      ];
      const { shares, total } = allocate(await totalUsage(each(usage)), book, nodePrice(book));
      const hours = nodes.map((one) => one.hours * HOUR);
      const containers =
        nodes.length === 0
          ? 0n
          : containerBill(
              {
                nodeMs: BigInt(hours.reduce((all, one) => all + one, 0)),
                clusterMs: BigInt(Math.max(...hours)),
                node: nodePrice(book),
              },
              book,
            ).total;
      const mbMs = calls.reduce((all, { memoryMib, billedMs }) => all + memoryMib * billedMs, 0);
      const called = new Set(calls.map(({ name }) => name));
      const functions = functionBill(
        {
          requests: BigInt(calls.length),
          mbMs: BigInt(mbMs),
          httpApiRequests: BigInt(requests.filter((name) => called.has(name)).length),
        },
        book,
      ).total;
      assert.equal(total, containers + functions);
      assert.equal(sum(shares.map(({ amount }) => amount)), total);
      assert.ok(shares.every(({ amount }) => amount >= 0n));
    }),
  );
});

test("tiers are reached by the account: two functions pay what one with their usage would", async () => {
  const book = priceBook("aws-us-east-1");
  assert.ok(book);
  const huge = (functionName: string): Usage => ({
    ...invocation("ok"),
    functionName,
    memoryMib: 1024,
    billedMs: 6_000_000_000_000,
  });
  const { shares } = allocate(await totalUsage(each([huge("f"), huge("g")])), book, nodePrice(book));
  // 12 G GB-s: 6 G at $0.0000166667 and 6 G at $0.0000150000, shared evenly.
  assert.deepEqual(
    shares.map(({ amount }) => formatUsd(amount)),
    ["$95,000.10", "$95,000.10"],
  );
});

test("pods that booked more than there was share the whole price, and nothing is idle", async () => {
  assert.deepEqual(
    (await printed([node, pod("Deployment/web", 4000, 8 * GIB)])).map((line) => line.replace(/: .* = /, " = ")),
    ["default/Deployment/web = $0.1000000", "(idle) = $0.0000000", "total = $0.1000000"],
  );
});
