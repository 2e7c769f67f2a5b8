/** What a workload would cost and how it would behave on each hull: plans tried with a trace, and the cheapest that keeps the promise. Pure. */
import { LAMBDA_LIMITS } from "#functions/concurrency.ts";
import { type Random, seededRandom } from "#base/random.ts";
import { type Money, toNumber } from "#metering/money.ts";
import { basePods, loadDuration } from "./load-duration.ts";
import { monthlyCost, type MonthlyCost, type Pricing } from "./monthly.ts";
import type { FunctionPlan, Plan, PodPlan } from "./plans.ts";
import { replayed, type Replayed } from "./replay.ts";
import type { Trace } from "./trace.ts";

/** What must hold. */
export interface Promise99 {
  /** Of the latencies, in ms. */
  readonly p99Ms: number;
  /** At most so many of all requests, from 0 to 1. */
  readonly failedShare: number;
}

export interface Question {
  readonly trace: Trace;
  readonly functions: FunctionPlan;
  readonly pods: PodPlan;
  readonly promise: Promise99;
  readonly pricing: Pricing;
  /** Each is one more run of the plan that was chosen. */
  readonly seeds: readonly number[];
}

/** A model's best plan. */
export interface Choice {
  readonly model: Plan["model"];
  readonly plan: Plan;
  readonly run: Replayed;
  readonly cost: MonthlyCost;
  readonly keepsPromise: boolean;
  /** Plans that were looked at before it was chosen. */
  readonly tried: number;
  /** The least and the most over all seeds. */
  readonly band: {
    readonly cost: readonly [Money, Money];
    readonly p99Ms: readonly [number, number];
    readonly failedShare: readonly [number, number];
  };
}

const MEMORY_SIZES = [128, 256, 512, 1024, 1769];
const TARGETS = [50, 70, 85];
const SPILLS_MS = [20, 50, 200];

/** One choice for each model, in the order pods, function, hybrid. */
export function whatIf(question: Question): readonly Choice[] {
  const functions = chosen(question, functionPlans(question));
  const pods = chosen(question, podPlans(question));
  const best = functions.plan.model === "function" ? functions.plan.functions : question.functions;
  return [pods, functions, chosen(question, hybridPlans(question, best))];
}

function functionPlans({ functions }: Question): readonly Plan[] {
  return MEMORY_SIZES.map((memoryMib) => ({ model: "function", functions: { ...functions, memoryMib } }));
}

function podPlans({ pods, trace }: Question): readonly Plan[] {
  const most = Math.ceil(loadDuration(trace, pods.limitCpuMillis).pods[0] ?? 1);
  const counts = [...new Set([1, 2, 3, Math.ceil(most / 2), most, Math.ceil(most * 1.5)])].filter((count) => count > 0);
  const limits = [...new Set([pods.limitCpuMillis, pods.requestCpuMillis * 2])];
  return counts.flatMap((minReplicas) =>
    TARGETS.flatMap((targetPercent) =>
      limits.map((limitCpuMillis): Plan => {
        const maxReplicas = Math.max(pods.scaling.maxReplicas, minReplicas);
        return {
          model: "pods",
          pods: { ...pods, limitCpuMillis, scaling: { ...pods.scaling, minReplicas, maxReplicas, targetPercent } },
        };
      }),
    ),
  );
}

/** Fixed pods for the base, by the load-duration curve and one more or fewer; slow scaling and bursts are the worst of both. */
function hybridPlans(question: Question, functions: FunctionPlan): readonly Plan[] {
  const { pods, trace } = question;
  const load = loadDuration(trace, pods.limitCpuMillis);
  const base = basePods(load, costRatio(question, functions));
  const counts = [...new Set([base - 1, base, base + 1, base + 2])].filter((count) => count > 0);
  return counts.flatMap((count) =>
    SPILLS_MS.map((spillAfterMs) => ({
      model: "hybrid",
      functions,
      pods: { ...pods, scaling: { targetPercent: 100, minReplicas: count, maxReplicas: count } },
      spillAfterMs,
    })),
  );
}

/** A pod's price to that of functions which do a pod's full work, both found by pricing one hour of them. */
function costRatio({ trace, pods, pricing }: Question, functions: FunctionPlan): number {
  const shared: Pricing = { ...pricing, nodes: "share" };
  const onFunctions = replayed({ model: "function", functions }, trace, { seed: 0 });
  const fixed = { ...pods, scaling: { targetPercent: 100, minReplicas: 1, maxReplicas: 1 } };
  const podCost = monthlyCost(
    { ...onFunctions, plan: { model: "pods", pods: fixed }, functions: null, pods: ONE_POD },
    shared,
  );
  const cpuMs = trace.cpuMicros.reduce((sum, micros) => sum + micros, 0) / 1000;
  const podsBusy = (cpuMs * 1000) / pods.limitCpuMillis / trace.lengthMs;
  const functionCost = toNumber(monthlyCost(onFunctions, pricing).total);
  return functionCost === 0 ? 1 : (toNumber(podCost.total) * podsBusy) / functionCost;
}

const ONE_POD = { requests: 0, timedOut: 0, replicas: [{ fromMs: 0, count: 1 }], cpuMs: 0 };

function chosen(question: Question, plans: readonly Plan[]): Choice {
  const [seed = 0] = question.seeds;
  const tried = plans.map((plan) => judged(question, replayed(plan, question.trace, { seed })));
  const best = tried.reduce((left, right) => (isBetter(right, left) ? right : left));
  const runs = question.seeds
    .slice(1)
    .map((other) => judged(question, replayed(best.run.plan, dealtAnew(question.trace, other), { seed: other })));
  const all = [best, ...runs];
  return {
    ...best,
    model: best.run.plan.model,
    plan: best.run.plan,
    tried: plans.length,
    band: {
      cost: [all.map(({ cost }) => cost.total).reduce(smaller), all.map(({ cost }) => cost.total).reduce(larger)],
      p99Ms: bandOf(all.map(({ run }) => run.latencies.quantile(0.99))),
      failedShare: bandOf(all.map(({ run }) => failedShare(run))),
    },
  };
}

interface Judged {
  readonly run: Replayed;
  readonly cost: MonthlyCost;
  readonly keepsPromise: boolean;
}

function judged({ promise, pricing }: Question, run: Replayed): Judged {
  const keepsPromise = run.latencies.quantile(0.99) <= promise.p99Ms && failedShare(run) <= promise.failedShare;
  return { run, cost: monthlyCost(run, pricing), keepsPromise };
}

/** The cheapest of those that keep the promise; where none does, the one that fails least. */
function isBetter(a: Judged, b: Judged): boolean {
  if (a.keepsPromise !== b.keepsPromise) return a.keepsPromise;
  if (a.keepsPromise) return a.cost.total < b.cost.total;
  const [failedA, failedB] = [failedShare(a.run), failedShare(b.run)];
  return failedA === failedB ? a.run.latencies.quantile(0.99) < b.run.latencies.quantile(0.99) : failedA < failedB;
}

export function failedShare({ failed, requests }: Replayed): number {
  return requests === 0 ? 0 : failed / requests;
}

/** The same arrivals; which request has which work is dealt again (Fisher and Yates). */
function dealtAnew(trace: Trace, seed: number): Trace {
  const random = seededRandom(seed);
  const order = shuffled(trace.arrivalsMs.length, random);
  return {
    ...trace,
    cpuMicros: Uint32Array.from(order, (i) => trace.cpuMicros[i] ?? 0),
    waitMicros: Uint32Array.from(order, (i) => trace.waitMicros[i] ?? 0),
  };
}

function shuffled(length: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let last = length - 1; last > 0; last--) {
    const other = Math.floor(random.number() * (last + 1));
    const held = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = held;
  }
  return order;
}

function bandOf(values: readonly number[]): readonly [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

function smaller(a: Money, b: Money): Money {
  return a < b ? a : b;
}

function larger(a: Money, b: Money): Money {
  return a > b ? a : b;
}

/** What nobody has measured yet: stated with every answer. */
export const assumedFunctions: FunctionPlan = {
  memoryMib: 512,
  initMs: 250,
  keepAliveMs: 300_000,
  provisioned: 0,
  reserved: null,
  limits: LAMBDA_LIMITS,
  timeoutMs: 30_000,
};

export const assumedPods: PodPlan = {
  requestCpuMillis: 500,
  limitCpuMillis: 500,
  memoryMib: 512,
  scaling: { minReplicas: 2, maxReplicas: 100, targetPercent: 70 },
  startMs: 3_000,
  timeoutMs: 30_000,
};
