/** The types of an autoscaler, autoscaling/v2. */
import type { LabelSelector } from "#base/selector.ts";
import type { Condition, KubeObject } from "#kinds/object.ts";

export type AutoscalerObject = KubeObject & {
  readonly spec: HorizontalPodAutoscalerSpec;
  readonly status?: {
    readonly observedGeneration?: number;
    readonly lastScaleTime?: string;
    readonly currentReplicas?: number;
    readonly desiredReplicas: number;
    readonly currentMetrics?: readonly MetricStatus[] | null;
    readonly conditions?: readonly Condition[];
  };
};

export type HorizontalPodAutoscalerSpec = {
  readonly scaleTargetRef: { readonly apiVersion?: string; readonly kind: string; readonly name: string };
  readonly minReplicas?: number;
  readonly maxReplicas: number;
  readonly metrics?: readonly MetricSpec[];
  readonly behavior?: { readonly scaleUp?: ScalingRules; readonly scaleDown?: ScalingRules };
};

export type ScalingRules = {
  readonly stabilizationWindowSeconds?: number;
  readonly selectPolicy?: "Max" | "Min" | "Disabled";
  readonly policies?: readonly {
    readonly type: "Pods" | "Percent";
    readonly value: number;
    readonly periodSeconds: number;
  }[];
  readonly tolerance?: string;
};

export type MetricTarget = {
  readonly type: "Utilization" | "Value" | "AverageValue";
  readonly averageUtilization?: number;
  readonly averageValue?: string;
  readonly value?: string;
};

export type MetricValue = Omit<MetricTarget, "type">;

export type MetricIdentifier = {
  readonly name: string;
  readonly selector?: LabelSelector;
};

interface Metric<T extends "target" | "current"> {
  readonly type: "Resource" | "ContainerResource" | "Pods" | "Object" | "External";
  readonly resource?: { readonly name: string } & Aim<T>;
  readonly containerResource?: { readonly name: string; readonly container: string } & Aim<T>;
  readonly pods?: { readonly metric: MetricIdentifier } & Aim<T>;
  readonly object?: {
    readonly describedObject: HorizontalPodAutoscalerSpec["scaleTargetRef"];
    readonly metric: MetricIdentifier;
  } & Aim<T>;
  readonly external?: { readonly metric: MetricIdentifier } & Aim<T>;
}
type Aim<T> = T extends "target" ? { readonly target: MetricTarget } : { readonly current: MetricValue };

export type MetricSpec = Metric<"target">;
export type MetricStatus = Metric<"current">;
