/** autoscaling/v1's HorizontalPodAutoscaler: the same objects with one CPU target; what v1 cannot say travels in annotations, as upstream does it. */
import { isJsonObject, type Json, parseJson } from "#base/json.ts";
import type { MetricSpec, MetricStatus } from "./autoscaler-spec.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, integer, text } from "#kinds/columns.ts";
import { type HorizontalPodAutoscaler, horizontalPodAutoscalerKind } from "./horizontal-pod-autoscaler.ts";
import type { Kind } from "#kinds/kind.ts";
import { statusPath } from "#kinds/subresources.ts";
import type { KubeObject } from "#kinds/object.ts";

export type AutoscalerV1 = KubeObject & {
  readonly spec: {
    readonly scaleTargetRef: HorizontalPodAutoscaler["spec"]["scaleTargetRef"];
    readonly minReplicas?: number;
    readonly maxReplicas: number;
    readonly targetCPUUtilizationPercentage?: number;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly lastScaleTime?: string;
    readonly currentReplicas: number;
    readonly desiredReplicas: number;
    readonly currentCPUUtilizationPercentage?: number;
  };
};

const METRICS = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior";
const CARRIERS: ReadonlySet<string> = new Set([METRICS, CURRENT, CONDITIONS, BEHAVIOR]);

export const autoscalerV1Kind: Kind<AutoscalerV1> = builtinKind<AutoscalerV1>({
  group: "autoscaling",
  version: "v1",
  kind: "HorizontalPodAutoscaler",
  plural: "horizontalpodautoscalers",
  shortNames: ["hpa"],
  categories: ["all"],
  scope: "Namespaced",
  type: "io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler",
  subresources: [statusPath],
  columns: [
    text("Reference", ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`),
    text("Targets", ({ spec, status }) => {
      const current = status?.currentCPUUtilizationPercentage;
      return `cpu: ${current === undefined ? "<unknown>" : `${current}%`}/${spec.targetCPUUtilizationPercentage ?? "<auto>"}%`;
    }),
    text("MinPods", ({ spec }) => String(spec.minReplicas ?? "<unset>")),
    integer("MaxPods", ({ spec }) => spec.maxReplicas),
    integer("Replicas", ({ status }) => status?.currentReplicas ?? 0),
    ageColumn,
  ],
  defaults: (one) => ({ ...one, spec: { ...one.spec, minReplicas: one.spec.minReplicas ?? 1 } }),
  storedAs: { kind: horizontalPodAutoscalerKind, toStored, fromStored },
});

function toStored(one: AutoscalerV1): HorizontalPodAutoscaler {
  const { targetCPUUtilizationPercentage: percent, ...spec } = one.spec;
  const carried = one.metadata.annotations ?? {};
  const cpu: readonly MetricSpec[] =
    percent === undefined
      ? []
      : [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: percent } } }];
  const metrics = [...read<readonly MetricSpec[]>(carried[METRICS], []), ...cpu];
  const behavior = read<Json>(carried[BEHAVIOR], null);
  const { currentCPUUtilizationPercentage: used, ...status } = one.status ?? { currentReplicas: 0, desiredReplicas: 0 };
  const usedCpu: readonly MetricStatus[] =
    used === undefined ? [] : [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: used } } }];
  const kept = Object.entries(carried).filter(([key]) => !CARRIERS.has(key));
  const { annotations: _annotations, ...metadata } = one.metadata;
  const stored: HorizontalPodAutoscaler = {
    ...one,
    apiVersion: "autoscaling/v2",
    metadata: { ...metadata, ...(kept.length > 0 && { annotations: Object.fromEntries(kept) }) },
    spec: { ...spec, ...(metrics.length > 0 && { metrics }), ...(isJsonObject(behavior) && { behavior }) },
    status: {
      ...status,
      currentMetrics: [...read<readonly MetricStatus[]>(carried[CURRENT], []), ...usedCpu],
      conditions: read(carried[CONDITIONS], []),
    },
  };
  return horizontalPodAutoscalerKind.defaults?.(stored) ?? stored;
}

function fromStored(object: KubeObject): AutoscalerV1 {
  const stored = object as HorizontalPodAutoscaler;
  const { metrics = [], behavior, ...spec } = stored.spec;
  const { currentMetrics, conditions = [], ...status } = stored.status ?? { desiredReplicas: 0 };
  const percent = metrics.find(isCpu)?.resource?.target.averageUtilization;
  const used = currentMetrics?.find(isCpu)?.resource?.current.averageUtilization;
  const otherMetrics = metrics.filter((metric) => !isCpu(metric));
  const carried = {
    ...(otherMetrics.length > 0 && { [METRICS]: JSON.stringify(otherMetrics) }),
    ...((currentMetrics ?? []).length > 0 && { [CURRENT]: JSON.stringify(currentMetrics) }),
    ...(conditions.length > 0 && { [CONDITIONS]: JSON.stringify(conditions) }),
    ...(behavior !== undefined && { [BEHAVIOR]: JSON.stringify(behavior) }),
  };
  const annotations = { ...stored.metadata.annotations, ...carried };
  return {
    ...stored,
    apiVersion: "autoscaling/v1",
    metadata: { ...stored.metadata, ...(Object.keys(annotations).length > 0 && { annotations }) },
    spec: { ...spec, ...(percent !== undefined && { targetCPUUtilizationPercentage: percent }) },
    status: { currentReplicas: 0, ...status, ...(used !== undefined && { currentCPUUtilizationPercentage: used }) },
  };
}

function isCpu(metric: MetricSpec | MetricStatus): boolean {
  if (metric.type !== "Resource" || metric.resource?.name !== "cpu") return false;
  return !("target" in metric.resource) || metric.resource.target.averageUtilization !== undefined;
}

/** Annotations are text from clients: what does not parse is as if it were not there, as upstream decides too. */
function read<T>(text: string | undefined, otherwise: T): T {
  if (text === undefined) return otherwise;
  try {
    return parseJson(text) as T;
  } catch {
    return otherwise;
  }
}
