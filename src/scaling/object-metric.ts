/** From one number that is measured outside of the pods to a number of replicas: upstream's replica calculator for Object metrics. Pure. */
import type { MetricTarget } from "#kinds/autoscaling/autoscaler-spec.ts";
import { conditionOf } from "#kinds/conditions.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { isWithin, milli, type Tolerance } from "./metric-replicas.ts";

export interface ObjectQuestion {
  readonly currentReplicas: number;
  readonly pods: readonly Pod[];
  readonly target: MetricTarget;
  readonly usageMilli: number;
  readonly tolerance: Tolerance;
}

export type ObjectAnswer =
  | { readonly ok: true; readonly replicas: number; readonly isPerPod: boolean; readonly currentMilli: number }
  | { readonly ok: false; readonly message: string };

/** replica_calculator.go, GetObjectMetricReplicas and GetObjectPerPodMetricReplicas. */
export function objectReplicas({ currentReplicas, pods, target, usageMilli, tolerance }: ObjectQuestion): ObjectAnswer {
  if (target.averageValue !== undefined) {
    const targetMilli = milli(target.averageValue);
    // Without pods there is no average to compare: everything is above or below.
    const isNear = currentReplicas > 0 && isWithin(usageMilli / (targetMilli * currentReplicas), tolerance);
    const replicas = isNear ? currentReplicas : Math.ceil(usageMilli / targetMilli);
    return { ok: true, replicas, isPerPod: true, currentMilli: Math.ceil(usageMilli / Math.max(1, currentReplicas)) };
  }
  if (target.value === undefined)
    return {
      ok: false,
      message: "invalid object metric source: neither a value target nor an average value target was set",
    };
  const ratio = usageMilli / milli(target.value);
  const told = { ok: true as const, isPerPod: false, currentMilli: usageMilli };
  if (currentReplicas === 0) return { ...told, replicas: Math.ceil(ratio) };
  if (isWithin(ratio, tolerance)) return { ...told, replicas: currentReplicas };
  if (pods.length === 0)
    return {
      ok: false,
      message: "unable to calculate ready pods: no pods returned by selector while calculating replica count",
    };
  return { ...told, replicas: Math.ceil(ratio * pods.filter(isReadyAndRunning).length) };
}

function isReadyAndRunning(pod: Pod): boolean {
  return pod.status?.phase === "Running" && conditionOf(pod.status?.conditions, "Ready")?.status === "True";
}
