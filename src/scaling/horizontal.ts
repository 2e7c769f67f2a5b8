/** The horizontal autoscaler's decision: from its spec, the pods and their metrics to a number of replicas, with the words for it. Pure. */
import { canonicalQuantity } from "#base/quantity.ts";
import type {
  HorizontalPodAutoscalerSpec,
  MetricSpec,
  MetricStatus,
  MetricTarget,
} from "#kinds/autoscaling/autoscaler-spec.ts";
import type { PodMetrics } from "#kinds/autoscaling/metrics.ts";
import type { MeasuredValue } from "#kinds/autoscaling/scaling-sample.ts";
import type { Condition } from "#kinds/object.ts";
import type { Pod } from "#kinds/core/pod.ts";
import {
  averageReplicas,
  type MetricAnswer,
  type MetricQuestion,
  milli,
  type ReadinessTiming,
  type Tolerance,
  utilizationReplicas,
} from "./metric-replicas.ts";
import { objectReplicas } from "./object-metric.ts";
import { pace, type ScalingHistory, withRescale } from "./pace.ts";
import { measuredFor } from "./sleepers.ts";

export interface ScalingQuestion {
  readonly spec: HorizontalPodAutoscalerSpec;
  /** The target's spec.replicas. */
  readonly currentReplicas: number;
  /** All pods that the target selects, whatever their state. */
  readonly pods: readonly Pod[];
  readonly metrics: readonly PodMetrics[];
  /** What is measured of the objects that Object metrics describe. */
  readonly values?: readonly MeasuredValue[];
  readonly history: ScalingHistory;
  /** When other autoscalers look after some of the same pods: nobody scales then. */
  readonly contest?: Contest;
  readonly settings?: Partial<ScalingSettings>;
  readonly now: number;
}

export interface Contest {
  /** The target's, in text form. */
  readonly selector: string;
  /** All of them, this one too. */
  readonly autoscalers: readonly { readonly name: string; readonly namespace: string }[];
}

export interface ScalingSettings extends ReadinessTiming {
  readonly tolerance: number;
  readonly downscaleStabilizationMs: number;
}

/** kube-controller-manager's. */
export const DEFAULT_SETTINGS: ScalingSettings = {
  tolerance: 0.1,
  downscaleStabilizationMs: 300_000,
  cpuInitializationMs: 300_000,
  initialReadinessMs: 30_000,
};

export type ConditionWords = Pick<Condition, "type" | "status" | "reason" | "message">;

export interface ScalingDecision {
  /** What the target should have. Equal to the current number when nothing is to be done. */
  readonly replicas: number;
  readonly isRescaled: boolean;
  /** False when no metric said anything that may be followed. */
  readonly isKnown: boolean;
  /** For the event: "cpu resource utilization (percentage of request) above target". */
  readonly reason?: string;
  readonly conditions: readonly ConditionWords[];
  readonly currentMetrics: readonly MetricStatus[];
  readonly warnings: readonly { readonly reason: string; readonly message: string }[];
  readonly history: ScalingHistory;
}

const GOT_SCALE: ConditionWords = {
  type: "AbleToScale",
  status: "True",
  reason: "SucceededGetScale",
  message: "the HPA controller was able to get the target's current scale",
};

export function desiredReplicas(question: ScalingQuestion): ScalingDecision {
  const { spec, currentReplicas, now } = question;
  const min = spec.minReplicas ?? 1;
  // The first decision after a start stabilises against what is there.
  const history =
    question.history.recommendations.length > 0
      ? question.history
      : { ...question.history, recommendations: [{ atMs: now, replicas: currentReplicas }] };
  const base = { isKnown: true, conditions: [GOT_SCALE], currentMetrics: [], warnings: [], history };
  if (currentReplicas === 0 && min !== 0) {
    const disabled: ConditionWords = {
      type: "ScalingActive",
      status: "False",
      reason: "ScalingDisabled",
      message: "scaling is disabled since the replica count of the target is zero",
    };
    return { ...base, replicas: 0, isRescaled: false, conditions: [GOT_SCALE, disabled] };
  }
  if (currentReplicas > spec.maxReplicas)
    return rescaled(question, {
      ...base,
      replicas: spec.maxReplicas,
      isRescaled: true,
      reason: "Current number of replicas above Spec.MaxReplicas",
    });
  if (currentReplicas < min)
    return rescaled(question, {
      ...base,
      replicas: min,
      isRescaled: true,
      reason: "Current number of replicas below Spec.MinReplicas",
    });
  return rescaled(question, byMetrics(question, history, min));
}

function byMetrics(question: ScalingQuestion, history: ScalingHistory, min: number): ScalingDecision {
  const { spec, currentReplicas, now } = question;
  const proposal = propose(question);
  const base = { currentMetrics: proposal.statuses, warnings: proposal.warnings, history };
  if (proposal.replicas === null)
    return {
      ...base,
      replicas: currentReplicas,
      isRescaled: false,
      isKnown: false,
      conditions: [GOT_SCALE, proposal.active],
    };
  const settings = { ...DEFAULT_SETTINGS, ...question.settings };
  const paced = pace({
    current: currentReplicas,
    desired: proposal.replicas,
    min,
    max: spec.maxReplicas,
    behavior: spec.behavior,
    history,
    downscaleStabilizationMs: settings.downscaleStabilizationMs,
    now,
  });
  const { replicas, ableToScale, limited } = paced;
  const isUp = proposal.replicas > currentReplicas;
  const reason = isUp
    ? `${proposal.name} above target`
    : proposal.replicas < currentReplicas
      ? "All metrics below target"
      : undefined;
  return {
    ...base,
    history: paced.history,
    replicas,
    isRescaled: replicas !== currentReplicas,
    isKnown: true,
    ...(reason !== undefined && { reason }),
    conditions: [
      { type: "AbleToScale", status: "True", ...ableToScale },
      proposal.active,
      {
        type: "ScalingLimited",
        status: limited.is ? "True" : "False",
        reason: limited.reason,
        message: limited.message,
      },
    ],
  };
}

/** A change of size is remembered, and is what the controller was able to do. */
function rescaled({ spec, currentReplicas, now }: ScalingQuestion, decision: ScalingDecision): ScalingDecision {
  if (!decision.isRescaled) return decision;
  const done: ConditionWords = {
    type: "AbleToScale",
    status: "True",
    reason: "SucceededRescale",
    message: `the HPA controller was able to update the target scale to ${decision.replicas}`,
  };
  return {
    ...decision,
    conditions: [done, ...decision.conditions.filter(({ type }) => type !== "AbleToScale")],
    history: withRescale(decision.history, {
      from: currentReplicas,
      to: decision.replicas,
      behavior: spec.behavior,
      now,
    }),
  };
}

interface Proposal {
  /** Null: no metric says anything that may be followed. */
  readonly replicas: number | null;
  readonly name: string;
  readonly active: ConditionWords;
  readonly statuses: readonly MetricStatus[];
  readonly warnings: ScalingDecision["warnings"];
}

/** Upstream's validateAndParseSelector: before any metric is asked. */
function contested({ selector, autoscalers }: Contest): Proposal {
  // Go's %v of a slice of structs.
  const keys = autoscalers.map(({ name, namespace }) => `{${name} ${namespace}}`).join(" ");
  const message = `pods by selector ${selector} are controlled by multiple HPAs: [${keys}]`;
  const reason = "AmbiguousSelector";
  return {
    replicas: null,
    name: "",
    active: { type: "ScalingActive", status: "False", reason, message },
    statuses: [],
    warnings: [
      { reason, message },
      { reason: "FailedComputeMetricsReplicas", message },
    ],
  };
}

/** The highest of all metrics. With any of them unknown the number never goes down. */
function propose(question: ScalingQuestion): Proposal {
  if (question.contest !== undefined) return contested(question.contest);
  const metrics = question.spec.metrics ?? [];
  const results = metrics.map((metric) => measure(question, metric));
  const valid = results.filter((result) => result.ok);
  const failed = results.filter((result) => !result.ok);
  const best = valid.reduce<(typeof valid)[number] | null>(
    (most, next) => (most === null || next.replicas > most.replicas ? next : most),
    null,
  );
  const statuses = valid.map(({ status }) => status);
  const [first] = failed;
  const warnings = failed.map(({ reason, message }) => ({ reason, message }));
  if (best !== null && (first === undefined || best.replicas >= question.currentReplicas)) {
    const message = `the HPA was able to successfully calculate a replica count from ${best.name}`;
    return {
      replicas: best.replicas,
      name: best.name,
      statuses,
      warnings,
      active: { type: "ScalingActive", status: "True", reason: "ValidMetricFound", message },
    };
  }
  const { reason = "InvalidMetricSourceType", message = "no metrics are given", whole = message } = first ?? {};
  const overall = {
    reason: "FailedComputeMetricsReplicas",
    message: `invalid metrics (${failed.length} invalid out of ${metrics.length}), first error is: ${whole}`,
  };
  const active: ConditionWords = {
    type: "ScalingActive",
    status: "False",
    reason,
    message: `the HPA was unable to compute the replica count: ${message}`,
  };
  return { replicas: null, name: "", statuses, warnings: [...warnings, overall], active };
}

type Measured =
  | { readonly ok: true; readonly replicas: number; readonly name: string; readonly status: MetricStatus }
  | { readonly ok: false; readonly reason: string; readonly message: string; readonly whole: string };

function measure(question: ScalingQuestion, metric: MetricSpec): Measured {
  switch (metric.type) {
    case "Resource": {
      const { name = "", target } = metric.resource ?? {};
      return measured(
        { title: `${name} resource`, value: `${name} resource metric value`, reason: "FailedGetResourceMetric", name },
        ask(question, { resource: name, target }),
        (current) => ({ type: "Resource", resource: { name, current } }),
      );
    }
    case "ContainerResource": {
      const { name = "", container = "", target } = metric.containerResource ?? {};
      return measured(
        {
          title: `${name} container resource`,
          value: `${name} container metric value`,
          reason: "FailedGetContainerResourceMetric",
          name,
        },
        ask(question, { resource: name, container, target }),
        (current) => ({ type: "ContainerResource", containerResource: { name, container, current } }),
      );
    }
    case "Pods":
      return unserved("FailedGetPodsMetric", `pods metric ${metric.pods?.metric.name ?? ""}`, "custom");
    case "Object":
      return measureObject(question, metric);
    case "External":
      return unserved("FailedGetExternalMetric", `external metric ${metric.external?.metric.name ?? ""}`, "external");
  }
}

function measureObject(question: ScalingQuestion, metric: MetricSpec): Measured {
  const { object } = metric;
  const value = measuredFor(metric, question.values ?? []);
  if (object === undefined || value === undefined)
    return unserved("FailedGetObjectMetric", `object metric ${object?.metric.name ?? ""}`, "custom");
  const { currentReplicas, pods } = question;
  const { describedObject, target } = object;
  const answer = objectReplicas({
    currentReplicas,
    pods,
    target,
    usageMilli: milli(value),
    tolerance: toleranceOf(question),
  });
  if (!answer.ok) {
    const message = `failed to get object metric value: ${answer.message}`;
    return { ok: false, reason: "FailedGetObjectMetric", message, whole: message };
  }
  // Upstream's words, computeStatusForObjectMetric: an average is called external there, with its selector as Go prints it.
  const amount = canonicalQuantity(`${answer.currentMilli}m`);
  const current = answer.isPerPod ? { averageValue: amount } : { value: amount };
  return {
    ok: true,
    replicas: answer.replicas,
    name: answer.isPerPod
      ? `external metric ${object.metric.name}(nil)`
      : `${describedObject.kind} metric ${object.metric.name}`,
    status: { type: "Object", object: { metric: object.metric, describedObject, current } },
  };
}

function toleranceOf({ spec, settings }: ScalingQuestion): Tolerance {
  const { tolerance } = { ...DEFAULT_SETTINGS, ...settings };
  return {
    up: Number(spec.behavior?.scaleUp?.tolerance ?? tolerance),
    down: Number(spec.behavior?.scaleDown?.tolerance ?? tolerance),
  };
}

/** What a cluster without a metrics adapter says. */
function unserved(reason: string, title: string, api: "custom" | "external"): Measured {
  const message = `failed to get ${title}: no ${api} metrics API (${api}.metrics.k8s.io) registered`;
  return { ok: false, reason, message, whole: message };
}

interface Titles {
  readonly title: string;
  readonly value: string;
  readonly reason: string;
  readonly name: string;
}

function measured(
  { title, value, reason, name }: Titles,
  { answer, isPercent }: Asked,
  statusOf: (current: NonNullable<MetricStatus["resource"]>["current"]) => MetricStatus,
): Measured {
  if (!answer.ok) {
    const message = `failed to get ${name} ${isPercent ? "utilization" : "usage"}: ${answer.message}`;
    return { ok: false, reason, message, whole: `failed to get ${value}: ${message}` };
  }
  const averageValue = amountText(name, answer.averageMilli);
  const current = { averageValue, ...(isPercent && { averageUtilization: answer.utilization ?? 0 }) };
  return {
    ok: true,
    replicas: answer.replicas,
    name: isPercent ? `${title} utilization (percentage of request)` : title,
    status: statusOf(current),
  };
}

interface Asked {
  readonly answer: MetricAnswer;
  readonly isPercent: boolean;
}

function ask(
  scaling: ScalingQuestion,
  {
    resource,
    container,
    target,
  }: { readonly resource: string; readonly container?: string; readonly target: MetricTarget | undefined },
): Asked {
  const { currentReplicas, pods, metrics, settings, now } = scaling;
  const { cpuInitializationMs, initialReadinessMs } = { ...DEFAULT_SETTINGS, ...settings };
  const question: MetricQuestion = {
    currentReplicas,
    resource,
    ...(container !== undefined && { container }),
    pods,
    metrics,
    tolerance: toleranceOf(scaling),
    timing: { cpuInitializationMs, initialReadinessMs },
    now,
  };
  if (target?.averageValue !== undefined)
    return { answer: averageReplicas(question, milli(target.averageValue)), isPercent: false };
  if (target?.averageUtilization !== undefined)
    return { answer: utilizationReplicas(question, target.averageUtilization), isPercent: true };
  return {
    answer: {
      ok: false,
      message: "invalid resource metric source: neither a utilization target nor a value target was set",
    },
    isPercent: false,
  };
}

/** CPU in thousandths, bytes whole. */
function amountText(resource: string, amountMilli: number): string {
  return canonicalQuantity(resource === "cpu" ? `${amountMilli}m` : String(Math.ceil(amountMilli / 1_000)));
}
