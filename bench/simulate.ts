/** Measures the simulator: ten million requests through each hull, one process, with the decisions that run live; and a sweep of plans over a day. Usage: node bench/simulate.ts */
import { defaultPriceBook } from "#metering/price-book.ts";
import { replayed } from "#simulate/replay.ts";
import { officeDay, shapes, synthesized } from "#simulate/synthesis.ts";
import { assumedFunctions, assumedPods, whatIf } from "#simulate/what-if.ts";

const REQUESTS = 10_000_000;
const RUNS = 3;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function row(what: string, ms: number, more: string): void {
  process.stdout.write(`${what.padEnd(44)} ${(ms / 1000).toFixed(2).padStart(8)} s   ${more}\n`);
}

function timed(work: () => unknown): number {
  return median(
    Array.from({ length: RUNS }, () => {
      const before = performance.now();
      work();
      return performance.now() - before;
    }),
  );
}

// A fixed number of pods carries the load, so that every request is served.
const pods = { ...assumedPods, limitCpuMillis: 1000, scaling: { minReplicas: 8, maxReplicas: 20, targetPercent: 70 } };
const base = { ...pods, scaling: { targetPercent: 100, minReplicas: 4, maxReplicas: 4 } };
const lengthMs = (REQUESTS / shapes.steps.perSecond) * 1000;
const trace = synthesized("steps", shapes.steps, { seed: 1, lengthMs });
const millions = (trace.arrivalsMs.length / 1e6).toFixed(1);
for (const [what, plan] of [
  ["functions", { model: "function", functions: assumedFunctions }],
  ["pods", { model: "pods", pods }],
  ["hybrid", { model: "hybrid", functions: assumedFunctions, pods: base, spillAfterMs: 50 }],
] as const) {
  const ms = timed(() => replayed(plan, trace, { seed: 1 }));
  row(`${millions} M requests on ${what}`, ms, `${(trace.arrivalsMs.length / ms / 1000).toFixed(1)} M a second`);
}
const day = officeDay(100_000, 1);
const question = {
  trace: day,
  functions: assumedFunctions,
  pods: assumedPods,
  promise: { p99Ms: 500, failedShare: 0.001 },
  pricing: { book: defaultPriceBook, nodes: "share" },
  seeds: [1],
} as const;
const tried = whatIf(question).reduce((sum, choice) => sum + choice.tried, 0);
const sweep = timed(() => whatIf(question));
row(`${tried} plans of a day of 100,000 requests`, sweep, `${((sweep / tried) * 300).toFixed(0)} ms for 300`);
