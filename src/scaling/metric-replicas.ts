/** From the samples of one metric to a number of replicas: upstream's replica calculator, with integer percents and all. */
import { parseNanos } from "#base/quantity.ts";
import { conditionOf } from "#kinds/conditions.ts";
import type { PodMetrics } from "#kinds/autoscaling/metrics.ts";
import type { Pod } from "#kinds/core/pod.ts";

export interface MetricQuestion {
  /** spec.replicas of the target. */
  readonly currentReplicas: number;
  /** "cpu" or "memory". */
  readonly resource: string;
  /** Only this container of each pod. */
  readonly container?: string;
  /** All pods that the target selects. */
  readonly pods: readonly Pod[];
  readonly metrics: readonly PodMetrics[];
  readonly tolerance: Tolerance;
  readonly timing: ReadinessTiming;
  readonly now: number;
}

/** How far from 1 the ratio may be without consequence. */
export interface Tolerance {
  readonly up: number;
  readonly down: number;
}

export interface ReadinessTiming {
  /** So long after its start a pod's CPU is believed only if it is ready and was sampled since (5 min). */
  readonly cpuInitializationMs: number;
  /** A pod that became unready within this time after its start has never been ready (30 s). */
  readonly initialReadinessMs: number;
}

export type MetricAnswer =
  | {
      readonly ok: true;
      readonly replicas: number;
      /** Whole percent of the requests, if asked for. */ readonly utilization?: number;
      /** Per pod, in thousandths of the resource's unit. */ readonly averageMilli: number;
    }
  | { readonly ok: false; readonly message: string };

/** Thousandths of the unit (cores, bytes): whole numbers, as upstream counts. */
type Milli = number;

/** By percent of what the pods request. */
export function utilizationReplicas(question: MetricQuestion, targetPercent: number): MetricAnswer {
  const requests = requestsOf(question);
  if (typeof requests === "string") return { ok: false, message: requests };
  const missingValue = (name: string): Milli => ((requests.get(name) ?? 0) * Math.max(100, targetPercent)) / 100;
  const ratioOf = (usages: ReadonlyMap<string, Milli>): Ratio | null =>
    utilizationRatio(usages, requests, targetPercent);
  return answer(question, ratioOf, missingValue);
}

/** By an amount per pod. */
export function averageReplicas(question: MetricQuestion, targetMilli: Milli): MetricAnswer {
  const ratioOf = (usages: ReadonlyMap<string, Milli>): Ratio => {
    const averageMilli = Math.trunc(sum(usages.values()) / usages.size);
    return { ratio: averageMilli / targetMilli, averageMilli };
  };
  return answer(question, ratioOf, () => targetMilli);
}

interface Ratio {
  readonly ratio: number;
  readonly averageMilli: Milli;
  readonly utilization?: number;
}

function utilizationRatio(
  usages: ReadonlyMap<string, Milli>,
  requests: ReadonlyMap<string, Milli>,
  targetPercent: number,
): Ratio | null {
  const known = [...usages].filter(([name]) => requests.has(name));
  const requested = sum(known.map(([name]) => requests.get(name) ?? 0));
  if (requested === 0) return null;
  const used = sum(known.map(([, usage]) => usage));
  // The percent is cut to a whole number before it is compared: 69.9 % is 69 %.
  const utilization = Math.trunc((used * 100) / requested);
  return { ratio: utilization / targetPercent, utilization, averageMilli: Math.trunc(used / known.length) };
}

function answer(
  question: MetricQuestion,
  ratioOf: (usages: ReadonlyMap<string, Milli>) => Ratio | null,
  missingValue: (name: string) => Milli,
): MetricAnswer {
  const { resource, pods, currentReplicas } = question;
  const usages = usagesOf(question);
  if (usages.size === 0)
    return {
      ok: false,
      message: `unable to get metrics for resource ${resource}: no metrics returned from resource metrics API`,
    };
  if (pods.length === 0) return { ok: false, message: "no pods returned by selector while calculating replica count" };
  const groups = groupPods(question, usages);
  for (const name of [...groups.ignored, ...groups.unready]) usages.delete(name);
  if (usages.size === 0)
    return { ok: false, message: "did not receive metrics for targeted pods (pods might be unready)" };
  const first = ratioOf(new Map([...usages].map(([name, { milli }]) => [name, milli])));
  if (first === null) return { ok: false, message: "no metrics returned matched known pods" };
  const told = {
    ok: true as const,
    averageMilli: first.averageMilli,
    ...(first.utilization !== undefined && { utilization: first.utilization }),
  };
  const counted = new Map([...usages].map(([name, { milli }]) => [name, milli]));
  const isRebalanced = assume(counted, first.ratio, groups, missingValue);
  if (!isRebalanced)
    return {
      ...told,
      replicas: isWithin(first.ratio, question.tolerance) ? currentReplicas : ceil(first.ratio * groups.readyCount),
    };
  const second = ratioOf(counted);
  return {
    ...told,
    replicas:
      second === null
        ? currentReplicas
        : rebalanced(question, first.ratio, { ratio: second.ratio, count: counted.size }),
  };
}

/** Puts in what is not known, against the direction of the change: missing pods use all on the way down, none on the way up. */
function assume(
  counted: Map<string, Milli>,
  ratio: number,
  { missing, unready }: Groups,
  missingValue: (name: string) => Milli,
): boolean {
  if (ratio < 1) for (const name of missing) counted.set(name, missingValue(name));
  else if (ratio > 1) for (const name of missing) counted.set(name, 0);
  const hasIdle = unready.length > 0 && ratio > 1;
  if (hasIdle) for (const name of unready) counted.set(name, 0);
  return missing.length > 0 || hasIdle;
}

/** No change when the new ratio is too near, or would turn the direction. */
function rebalanced(
  { currentReplicas, tolerance }: MetricQuestion,
  first: number,
  second: { readonly ratio: number; readonly count: number },
): number {
  const { ratio, count } = second;
  if (isWithin(ratio, tolerance) || (first < 1 && ratio > 1) || (first > 1 && ratio < 1)) return currentReplicas;
  const replicas = ceil(ratio * count);
  const isTurned = (ratio < 1 && replicas > currentReplicas) || (ratio > 1 && replicas < currentReplicas);
  return isTurned ? currentReplicas : replicas;
}

export function isWithin(ratio: number, { up, down }: Tolerance): boolean {
  return 1 - down <= ratio && ratio <= 1 + up;
}

function ceil(value: number): number {
  return Math.ceil(value);
}

interface Usage {
  readonly milli: Milli;
  readonly atMs: number;
  readonly windowMs: number;
}

/** Per pod the sum over its containers; a pod with a container that lacks the resource has no usage. */
function usagesOf({ metrics, resource, container, pods }: MetricQuestion): Map<string, Usage> {
  const selected = new Set(pods.map(({ metadata }) => metadata.name));
  const usages = new Map<string, Usage>();
  for (const { metadata, timestamp, window, containers } of metrics) {
    if (!selected.has(metadata.name)) continue;
    const wanted = container === undefined ? containers : containers.filter(({ name }) => name === container);
    if (wanted.length === 0 || wanted.some(({ usage }) => usage[resource] === undefined)) continue;
    usages.set(metadata.name, {
      milli: sum(wanted.map(({ usage }) => milli(usage[resource] ?? "0"))),
      atMs: Date.parse(timestamp),
      windowMs: durationMs(window),
    });
  }
  return usages;
}

/** By pod name, or what is wrong: percents need requests. */
function requestsOf({ pods, resource, container }: MetricQuestion): ReadonlyMap<string, Milli> | string {
  const requests = new Map<string, Milli>();
  for (const { metadata, spec } of pods) {
    const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
    const all = [...spec.containers, ...sidecars];
    const wanted = container === undefined ? all : all.filter(({ name }) => name === container);
    if (wanted.length === 0) return `container ${container ?? ""} not found in Pod ${metadata.name}`;
    const silent = wanted.find(
      ({ resources }) => (resources?.requests?.[resource] ?? resources?.limits?.[resource]) === undefined,
    );
    if (silent !== undefined)
      return `missing request for ${resource} in container ${silent.name} of Pod ${metadata.name}`;
    requests.set(
      metadata.name,
      sum(
        wanted.map(({ resources }) => milli(resources?.requests?.[resource] ?? resources?.limits?.[resource] ?? "0")),
      ),
    );
  }
  return requests;
}

interface Groups {
  readonly readyCount: number;
  /** Pending, or CPU that says nothing yet. */
  readonly unready: readonly string[];
  readonly missing: readonly string[];
  /** On their way out. */
  readonly ignored: readonly string[];
}

function groupPods(question: MetricQuestion, usages: ReadonlyMap<string, Usage>): Groups {
  const unready: string[] = [];
  const missing: string[] = [];
  const ignored: string[] = [];
  let readyCount = 0;
  for (const pod of question.pods) {
    const { name } = pod.metadata;
    const usage = usages.get(name);
    if (pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === "Failed") ignored.push(name);
    else if (pod.status?.phase === "Pending") unready.push(name);
    else if (usage === undefined) missing.push(name);
    else if (question.resource === "cpu" && isUnbelievable(pod, usage, question)) unready.push(name);
    else readyCount++;
  }
  return { readyCount, unready, missing, ignored };
}

/** CPU of a pod that starts is its start-up work, not its load. */
function isUnbelievable(pod: Pod, usage: Usage, { timing, now }: MetricQuestion): boolean {
  const ready = conditionOf(pod.status?.conditions, "Ready");
  if (ready === undefined || pod.status?.startTime === undefined) return true;
  const startMs = Date.parse(pod.status.startTime);
  const changedMs = Date.parse(ready.lastTransitionTime ?? "") || 0;
  const isUnready = ready.status === "False";
  if (startMs + timing.cpuInitializationMs > now) return isUnready || usage.atMs < changedMs + usage.windowMs;
  return isUnready && startMs + timing.initialReadinessMs > changedMs;
}

/** Thousandths, rounded up as Quantity.MilliValue does. */
export function milli(quantity: string): Milli {
  const nanos = parseNanos(quantity) ?? 0n;
  return Number((nanos + 999_999n) / 1_000_000n);
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

const DURATION_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  ns: 0.000_001,
};

/** Go's duration text: "15s", "1m0.5s". */
function durationMs(text: string): number {
  return sum(
    Array.from(
      text.matchAll(/([\d.]+)(h|ms|m|s|us|µs|ns)/g),
      ([, amount, unit]) => Number(amount) * (DURATION_MS[unit ?? ""] ?? 0),
    ),
  );
}
