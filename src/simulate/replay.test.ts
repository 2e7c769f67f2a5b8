/** Both hulls under traces whose outcome can be told by hand, and the decisions that they share with what runs live. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { defaultPriceBook } from "#metering/price-book.ts";
import { formatUsd } from "#metering/money.ts";
import { basePods, loadDuration, shareAbove } from "./load-duration.ts";
import { monthlyCost } from "./monthly.ts";
import type { FunctionPlan, PodPlan } from "./plans.ts";
import { replayed } from "./replay.ts";
import { shapes, synthesized } from "./synthesis.ts";
import type { Trace } from "./trace.ts";
import { assumedFunctions, assumedPods, failedShare, whatIf } from "./what-if.ts";

/** Requests of 10 ms CPU and 40 ms waiting at these moments. */
function traceAt(arrivalsMs: readonly number[], lengthMs = 1_000_000): Trace {
  const each = (value: number): Uint32Array => Uint32Array.from(arrivalsMs, () => value);
  return {
    name: "a",
    lengthMs,
    arrivalsMs: Float64Array.from(arrivalsMs),
    cpuMicros: each(10_000),
    waitMicros: each(40_000),
  };
}

const whole: FunctionPlan = { ...assumedFunctions, memoryMib: 1769, initMs: 100, keepAliveMs: 1000 };

for (const { title, at, plan = {}, expected } of [
  { title: "the first is cold, the next finds it warm", at: [0, 500], expected: { cold: 1, billed: 200 } },
  { title: "two at once take two environments", at: [0, 1], expected: { cold: 2, billed: 300 } },
  { title: "one that was idle for longer than it is kept is gone", at: [0, 1200], expected: { cold: 2, billed: 300 } },
  { title: "one just within is not", at: [0, 1149], expected: { cold: 1, billed: 200 } },
  {
    title: "the one used last is taken first, so the other ages",
    at: [0, 1, 900, 1800, 2700],
    expected: { cold: 2, billed: 450 },
  },
  {
    title: "provisioned ones are never cold",
    at: [0, 1, 5000],
    plan: { provisioned: 2 },
    expected: { cold: 0, billed: 150 },
  },
  {
    title: "what they cannot take spills over to new ones",
    at: [0, 1, 2],
    plan: { provisioned: 2 },
    expected: { cold: 1, billed: 250 },
  },
  {
    title: "above the reserved concurrency they are refused",
    at: [0, 1],
    plan: { reserved: 1 },
    expected: { cold: 1, billed: 150, throttled: 1 },
  },
  {
    title: "one that runs into the time-out is billed until then",
    at: [0],
    plan: { timeoutMs: 30 },
    expected: { cold: 1, billed: 130, timedOut: 1 },
  },
])
  test(`functions: ${title}`, () => {
    const run = replayed({ model: "function", functions: { ...whole, ...plan } }, traceAt(at), { seed: 1 });
    const { cold, throttled, timedOut, billedMbMs } = run.functions ?? assert.fail("no functions");
    assert.deepEqual(
      { cold, throttled, timedOut, billed: billedMbMs / 1769 },
      { throttled: 0, timedOut: 0, ...expected },
    );
    assert.equal(run.failed, throttled + timedOut);
  });

test("functions: less memory is less CPU, and waiting takes as long", () => {
  const run = replayed({ model: "function", functions: { ...whole, memoryMib: 884.5, initMs: 0 } }, traceAt([0]), {
    seed: 1,
  });
  assert.ok(Math.abs(run.latencies.meanMs - 60) < 0.1);
});

test("functions: what is kept is what ran, what was idle until it was given up, and what is provisioned", () => {
  const run = replayed({ model: "function", functions: { ...whole, provisioned: 1 } }, traceAt([0, 1], 10_000), {
    seed: 1,
  });
  // The provisioned one for all of the time; the other for its INIT, its run and its keep-alive.
  assert.equal((run.functions?.keptMbMs ?? 0) / 1769, 10_000 + 100 + 50 + 1000);
});

const one: PodPlan = {
  requestCpuMillis: 500,
  limitCpuMillis: 500,
  memoryMib: 128,
  scaling: { minReplicas: 1, maxReplicas: 10, targetPercent: 70 },
  startMs: 3000,
  timeoutMs: 1000,
};

test("pods: requests run one behind the other at the pod's limit, and wait beside each other", () => {
  const { latencies } = replayed({ model: "pods", pods: one }, traceAt([0, 0, 0]), { seed: 1 });
  // 10 ms of CPU are 20 ms at half a core: 20, 40 and 60 ms, each with 40 ms of waiting.
  assert.ok(Math.abs(latencies.meanMs - 80) < 0.1);
});

test("pods: who waits longer than the time-out has failed", () => {
  const run = replayed({ model: "pods", pods: one }, traceAt(Array.from({ length: 100 }, () => 0)), { seed: 1 });
  // The CPU is free for each 20 ms later; 48 are done within a second, their waiting included.
  assert.equal(run.latencies.count, 48);
  assert.equal(run.pods?.timedOut, 52);
});

test("pods: under load the autoscaler makes more, and they go five minutes after it", () => {
  // 40 requests of 10 ms a second are 0.4 cores: 80 % of one pod's request.
  const busy = Array.from({ length: 40 * 120 }, (_, i) => i * 25);
  const { pods } = replayed({ model: "pods", pods: one }, traceAt(busy), { seed: 1 });
  const counts = pods?.replicas.map(({ count }) => count) ?? [];
  assert.deepEqual([counts[0], Math.max(...counts), counts.at(-1)], [1, 2, 1]);
  const last = pods?.replicas.at(-1)?.fromMs ?? 0;
  assert.ok(last >= 120_000 + 300_000 - 15_000 && last <= 120_000 + 300_000 + 30_000, `scaled down at ${last} ms`);
});

test("hybrid: what would wait too long for a pod goes to a function, and nothing fails", () => {
  const fixed = { ...one, scaling: { targetPercent: 100, minReplicas: 1, maxReplicas: 1 } };
  const flood = traceAt(Array.from({ length: 50 }, () => 0));
  const run = replayed({ model: "hybrid", pods: fixed, functions: whole, spillAfterMs: 100 }, flood, { seed: 1 });
  assert.equal(run.failed, 0);
  // The sixth would wait for 100 ms, which is not longer; the seventh would.
  assert.deepEqual([run.pods?.requests, run.functions?.requests], [6, 44]);
});

test("cost: a month of functions by hand: 100,000 requests a day, 200 ms, 128 MB", () => {
  const day = Array.from({ length: 1000 }, (_, i) => i * 86_400);
  const trace = {
    ...traceAt(day, 86_400_000),
    cpuMicros: new Uint32Array(1000),
    waitMicros: new Uint32Array(1000).fill(200_000),
  };
  const functions = { ...whole, memoryMib: 128, initMs: 0 };
  const run = replayed({ model: "function", functions }, trace, { seed: 1 });
  const { bills } = monthlyCost(run, {
    book: { ...defaultPriceBook, httpApi: null, hoursPerMonth: 720 },
    nodes: "whole",
  });
  // 30,000 requests and 750 GB-seconds.
  assert.deepEqual(
    bills.map(({ lines }) => lines.map(({ amount }) => formatUsd(amount, 4))),
    [["$0.0060", "$0.0125"]],
  );
});

test("cost: pods' own nodes are whole ones with their control plane; a share is their part of one", () => {
  const run = replayed({ model: "pods", pods: one }, traceAt([]), { seed: 1 });
  const cost = (nodes: "whole" | "share"): string =>
    formatUsd(monthlyCost(run, { book: defaultPriceBook, node: "c7g.large", nodes }).total);
  // 730 h x ($0.0725 + $0.10), and 730 h x $0.0725 x (500/1930 + 128/3055) / 2.
  assert.deepEqual([cost("whole"), cost("share")], ["$125.93", "$7.96"]);
});

test("the load-duration curve says for how much of the time a pod is needed", () => {
  // Nine minutes of one request a second, and one minute of a hundred.
  const calm = Array.from({ length: 540 }, (_, i) => i * 1000);
  const flood = Array.from({ length: 6000 }, (_, i) => 540_000 + i * 10);
  const load = loadDuration(traceAt([...calm, ...flood], 600_000), 500);
  assert.deepEqual([shareAbove(load, 0), shareAbove(load, 1), shareAbove(load, 2)], [1, 0.1, 0]);
  assert.equal(basePods(load, 0.2), 1);
  assert.equal(basePods(load, 0.05), 2);
});

test("what if: each model's choice is the cheapest of its plans that keeps the promise", () => {
  const trace = synthesized("bursts", shapes.bursts, { seed: 3, lengthMs: 3_600_000 });
  const promise = { p99Ms: 600, failedShare: 0.001 };
  const pricing = { book: defaultPriceBook, nodes: "share" } as const;
  const choices = whatIf({ trace, functions: assumedFunctions, pods: assumedPods, promise, pricing, seeds: [1, 2, 3] });
  assert.deepEqual(
    choices.map(({ model }) => model),
    ["pods", "function", "hybrid"],
  );
  for (const { model, run, keepsPromise, band, cost } of choices) {
    assert.ok(keepsPromise, model);
    assert.ok(run.latencies.quantile(0.99) <= 600 && failedShare(run) <= 0.001, model);
    assert.ok(band.cost[0] <= cost.total && cost.total <= band.cost[1], model);
  }
});

test("a promise that no plan keeps is said, with the plan that fails least", () => {
  const trace = synthesized("jobs", shapes.jobs, { seed: 1, lengthMs: 7_200_000 });
  const [pods] = whatIf({
    trace,
    functions: assumedFunctions,
    pods: assumedPods,
    promise: { p99Ms: 500, failedShare: 0 },
    pricing: { book: defaultPriceBook, nodes: "share" },
    seeds: [1],
  });
  assert.equal(pods?.keepsPromise, false);
});

for (const { file, live, decision } of [
  { file: "function-hull.ts", live: "../functions/engine.ts", decision: "concurrency.ts" },
  { file: "function-hull.ts", live: "../functions/recorder.ts", decision: "report.ts" },
  { file: "pod-hull.ts", live: "../controllers/horizontal-pod-autoscaler.ts", decision: "horizontal.ts" },
  { file: "monthly.ts", live: "../compare/cost.ts", decision: "bill.ts" },
])
  test(`the simulator decides with what runs live: ${decision}`, () => {
    for (const path of [file, live]) {
      const text = readFileSync(new URL(path, import.meta.url), "utf8");
      assert.match(text, new RegExp(`from "[#./a-z]*/${decision.replace(".", "\\.")}"`), path);
    }
  });
