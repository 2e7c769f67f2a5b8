/** One trace through one plan, from its first request to its last. Pure: the same trace, plan and seed give the same figures. */
import { seededRandom } from "#base/random.ts";
import { FunctionHull, type FunctionRun } from "./function-hull.ts";
import { Latencies } from "./latencies.ts";
import type { HybridPlan, Plan } from "./plans.ts";
import { PodHull, type PodRun } from "./pod-hull.ts";
import type { Trace } from "./trace.ts";

/** What came of it. */
export interface Replayed {
  readonly plan: Plan;
  readonly lengthMs: number;
  readonly requests: number;
  /** Refused for want of concurrency, or given up after the time-out. */
  readonly failed: number;
  /** Of those that were answered. */
  readonly latencies: Latencies;
  readonly functions: FunctionRun | null;
  readonly pods: PodRun | null;
}

export interface ReplayOptions {
  /** Of the Service's choices. */
  readonly seed: number;
  /** Told of every moment that a plot wants to know: `everyMs` apart. */
  readonly watch?: { readonly everyMs: number; readonly see: (moment: Moment) => void };
}

export interface Moment {
  readonly atMs: number;
  readonly replicas: number;
  readonly environments: number;
}

/** Tells the watcher of all its moments up to one. */
function lookerOf(
  watch: ReplayOptions["watch"],
  functions: FunctionHull | null,
  pods: PodHull | null,
): (atMs: number) => void {
  if (watch === undefined) return () => {};
  let next = 0;
  return (untilMs) => {
    for (; next <= untilMs; next += watch.everyMs)
      watch.see({ atMs: next, replicas: pods?.replicas ?? 0, environments: functions?.environments ?? 0 });
  };
}

type Serve = (atMs: number, cpuMicros: number, waitMicros: number) => number;

export function replayed(plan: Plan, trace: Trace, { seed, watch }: ReplayOptions): Replayed {
  const functions = plan.model === "pods" ? null : new FunctionHull(plan.functions);
  const pods = plan.model === "function" ? null : new PodHull(plan.pods, seededRandom(seed));
  const serve = serverOf(plan, functions, pods);
  const latencies = new Latencies();
  const look = lookerOf(watch, functions, pods);
  for (const [i, atMs] of trace.arrivalsMs.entries()) {
    look(atMs);
    const latencyMs = serve(atMs, trace.cpuMicros[i] ?? 0, trace.waitMicros[i] ?? 0);
    if (latencyMs >= 0) latencies.record(latencyMs);
  }
  const { lengthMs } = trace;
  const requests = trace.arrivalsMs.length;
  return {
    plan,
    lengthMs,
    requests,
    failed: requests - latencies.count,
    latencies,
    functions: functions?.finish(lengthMs) ?? null,
    pods: pods?.finish(lengthMs) ?? null,
  };
}

function serverOf(plan: Plan, functions: FunctionHull | null, pods: PodHull | null): Serve {
  if (plan.model === "hybrid" && functions !== null && pods !== null) return hybrid(plan, functions, pods);
  const hull = functions ?? pods;
  if (hull === null) throw new RangeError("a plan without a hull");
  return (atMs, cpuMicros, waitMicros) => hull.serve(atMs, cpuMicros, waitMicros);
}

/** The base on pods; what would wait too long for one goes to a function. */
function hybrid({ spillAfterMs }: HybridPlan, functions: FunctionHull, pods: PodHull): Serve {
  return (atMs, cpuMicros, waitMicros) =>
    pods.waitAt(atMs) > spillAfterMs
      ? functions.serve(atMs, cpuMicros, waitMicros)
      : pods.serveFirstFree(atMs, cpuMicros, waitMicros);
}
