/** For how much of the time the load needs how many pods, and down to which of them a pod is cheaper than functions. Pure. */
import type { Trace } from "./trace.ts";

export interface LoadDuration {
  /** Pods that the load of each minute keeps busy, the largest first. */
  readonly pods: Float64Array;
}

const MINUTE_MS = 60_000;

/** `podCpuMillis` is what one pod may use. */
export function loadDuration({ arrivalsMs, cpuMicros, lengthMs }: Trace, podCpuMillis: number): LoadDuration {
  const pods = new Float64Array(Math.max(1, Math.ceil(lengthMs / MINUTE_MS)));
  for (let i = 0; i < arrivalsMs.length; i++) {
    const minute = Math.min(pods.length - 1, Math.floor((arrivalsMs[i] ?? 0) / MINUTE_MS));
    pods[minute] = (pods[minute] ?? 0) + (cpuMicros[i] ?? 0) / podCpuMillis / MINUTE_MS;
  }
  return { pods: pods.sort().reverse() };
}

/** The share of time in which the load needs more than `count` pods. */
export function shareAbove({ pods }: LoadDuration, count: number): number {
  const first = pods.findIndex((needed) => needed <= count);
  return (first < 0 ? pods.length : first) / pods.length;
}

/**
 * How many pods are worth being there always: the k-th is, while the share of time that needs it is above what a pod costs of what
 * functions cost that do its full work. It is the newsvendor's critical ratio (Arrow, Harris, Marschak, Econometrica 19:250, 1951).
 */
export function basePods(load: LoadDuration, costRatio: number): number {
  let count = 0;
  while (count < load.pods.length && shareAbove(load, count) > costRatio) count++;
  return count;
}
