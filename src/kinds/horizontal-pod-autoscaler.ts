/** HorizontalPodAutoscaler, autoscaling/v2. */
import type { LabelSelector } from "#base/selector.ts";
import { ageColumn, integer, NONE, text } from "./columns.ts";
import { builtinKind } from "./builtin.ts";
import type { Kind } from "./kind.ts";
import type { Condition, KubeObject } from "./object.ts";

export interface HorizontalPodAutoscaler extends KubeObject {
  readonly spec: HorizontalPodAutoscalerSpec;
  readonly status?: {
    readonly observedGeneration?: number;
    readonly lastScaleTime?: string;
    readonly currentReplicas?: number;
    readonly desiredReplicas: number;
    readonly currentMetrics?: readonly MetricStatus[] | null;
    readonly conditions?: readonly Condition[];
  };
}

export interface HorizontalPodAutoscalerSpec {
  readonly scaleTargetRef: { readonly apiVersion?: string; readonly kind: string; readonly name: string };
  readonly minReplicas?: number;
  readonly maxReplicas: number;
  readonly metrics?: readonly MetricSpec[];
  readonly behavior?: { readonly scaleUp?: ScalingRules; readonly scaleDown?: ScalingRules };
}

export interface ScalingRules {
  readonly stabilizationWindowSeconds?: number;
  readonly selectPolicy?: "Max" | "Min" | "Disabled";
  readonly policies?: readonly { readonly type: "Pods" | "Percent"; readonly value: number; readonly periodSeconds: number }[];
  readonly tolerance?: string;
}

export interface MetricTarget {
  readonly type: "Utilization" | "Value" | "AverageValue";
  readonly averageUtilization?: number;
  readonly averageValue?: string;
  readonly value?: string;
}

export type MetricValue = Omit<MetricTarget, "type">;

export interface MetricIdentifier {
  readonly name: string;
  readonly selector?: LabelSelector;
}

interface Metric<T extends "target" | "current"> {
  readonly type: "Resource" | "ContainerResource" | "Pods" | "Object" | "External";
  readonly resource?: { readonly name: string } & Aim<T>;
  readonly containerResource?: { readonly name: string; readonly container: string } & Aim<T>;
  readonly pods?: { readonly metric: MetricIdentifier } & Aim<T>;
  readonly object?: { readonly describedObject: HorizontalPodAutoscalerSpec["scaleTargetRef"]; readonly metric: MetricIdentifier } & Aim<T>;
  readonly external?: { readonly metric: MetricIdentifier } & Aim<T>;
}
type Aim<T> = T extends "target" ? { readonly target: MetricTarget } : { readonly current: MetricValue };

export type MetricSpec = Metric<"target">;
export type MetricStatus = Metric<"current">;

export const horizontalPodAutoscalerKind: Kind<HorizontalPodAutoscaler> = builtinKind<HorizontalPodAutoscaler>({
  group: "autoscaling",
  version: "v2",
  kind: "HorizontalPodAutoscaler",
  plural: "horizontalpodautoscalers",
  shortNames: ["hpa"],
  categories: ["all"],
  scope: "Namespaced",
  type: "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
  subresources: ["status"],
  columns: [
    text("Reference", ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`),
    text("Targets", targetsText),
    text("MinPods", ({ spec }) => String(spec.minReplicas ?? "<unset>")),
    integer("MaxPods", ({ spec }) => spec.maxReplicas),
    integer("Replicas", ({ status }) => status?.currentReplicas ?? 0),
    ageColumn,
  ],
});

// kubectl prints so many metrics, then "+ n more…".
const SHOWN = 2;

function targetsText({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec.metrics ?? [];
  if (metrics.length === 0) return NONE;
  const texts = metrics.map((metric, index) => targetText(metric, status?.currentMetrics?.[index]));
  const shown = texts.slice(0, SHOWN).join(", ");
  return texts.length > SHOWN ? `${shown} + ${texts.length - SHOWN} more...` : shown;
}

function targetText(metric: MetricSpec, current: MetricStatus | undefined): string {
  switch (metric.type) {
    case "Resource":
      return `${metric.resource?.name ?? ""}: ${ratio(metric.resource?.target, current?.resource?.current)}`;
    case "ContainerResource":
      return `${metric.containerResource?.name ?? ""}: ${ratio(metric.containerResource?.target, current?.containerResource?.current)}`;
    case "Pods":
      return ratio(metric.pods?.target, current?.pods?.current);
    case "Object":
      return ratio(metric.object?.target, current?.object?.current);
    case "External":
      return ratio(metric.external?.target, current?.external?.current);
  }
}

function ratio(target: MetricTarget | undefined, current: MetricValue | undefined): string {
  const unknown = "<unknown>";
  if (target?.averageUtilization !== undefined) {
    const used = current?.averageUtilization;
    return `${used === undefined ? unknown : `${used}%`}/${target.averageUtilization}%`;
  }
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? unknown}/${target.averageValue}${target.type === "AverageValue" ? " (avg)" : ""}`;
  return `${current?.value ?? unknown}/${target?.value ?? "<auto>"}`;
}
