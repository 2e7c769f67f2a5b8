/** Horizontal pod autoscaler: every 15 s from the pods' metrics to the size of a Deployment or ReplicaSet. The number is scaling/horizontal.ts's. */
import { timestamp } from "#base/clock.ts";
import { keyOf } from "#base/key.ts";
import { fromLabelSelector, matches } from "#base/selector.ts";
import { type Controller, type Plan, type Refusal, type Seen, watching } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { scaleOf } from "#deck/scale.ts";
import { type Deployment, deploymentKind } from "#kinds/apps/deployment.ts";
import {
  type HorizontalPodAutoscaler,
  horizontalPodAutoscalerKind,
} from "#kinds/autoscaling/horizontal-pod-autoscaler.ts";
import { withCondition } from "#kinds/conditions.ts";
import type { Kind } from "#kinds/kind.ts";
import { podMetricsKind } from "#kinds/autoscaling/metrics.ts";
import { type MeasuredValue, scalingSampleKind } from "#kinds/autoscaling/scaling-sample.ts";
import { type Condition, keyOfObject } from "#kinds/object.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { type ReplicaSet, replicaSetKind } from "#kinds/apps/replica-set.ts";
import {
  type ConditionWords,
  type Contest,
  desiredReplicas,
  type ScalingDecision,
  type ScalingSettings,
} from "#scaling/horizontal.ts";
import { milli } from "#scaling/metric-replicas.ts";
import { noHistory, type ScalingHistory } from "#scaling/pace.ts";
import { normalEvent, patchTo, warningEvent } from "./changes.ts";

export interface AutoscalerOptions {
  /** kube-controller-manager's --horizontal-pod-autoscaler-sync-period; default 15 s. */
  readonly syncMs?: number;
  readonly settings?: Partial<ScalingSettings>;
}

const SYNC_MS = 15_000;
const RESCALED = "SuccessfulRescale";

/**
 * Recommendations and rescales of the last minutes, which upstream keeps in memory too: they change every sync and would be a
 * durable write each time for something that is worthless five minutes later. After a restart the first decision stabilises
 * against the size that is there, so a restart never scales down early by more than the rules allow.
 */
interface Memory {
  readonly syncedAtMs: number;
  readonly history: ScalingHistory;
}

export function horizontalPodAutoscalerController({
  syncMs = SYNC_MS,
  settings = {},
}: AutoscalerOptions = {}): Controller<HorizontalPodAutoscaler, Memory> {
  return {
    name: "horizontal-pod-autoscaler",
    kind: horizontalPodAutoscalerKind,
    watches: [
      watching({ kind: podMetricsKind, wakes: () => [] }),
      // Whoever sleeps is woken by a sample at once.
      watching({ kind: scalingSampleKind, wakes: (sample) => [keyOfObject(sample)] }),
      watching({ kind: podKind, wakes: () => [] }),
      watching({ kind: deploymentKind, wakes: () => [] }),
      watching({ kind: replicaSetKind, wakes: () => [] }),
    ],
    plan(_key, autoscaler, seen, memory, now) {
      if (autoscaler === undefined || autoscaler.metadata.deletionTimestamp !== undefined) return { changes: [] };
      // Our own status write wakes us too; the pace is the clock's alone.
      if (memory !== undefined && now < memory.syncedAtMs + syncMs && !isCalled(autoscaler, seen))
        return { changes: [], memory, againAtMs: memory.syncedAtMs + syncMs };
      const { changes, history } = sync(autoscaler, memory?.history ?? noHistory, { seen, settings, now });
      return { changes, memory: { syncedAtMs: now, history }, againAtMs: now + syncMs };
    },
    refused,
  };
}

/** Its target sleeps, and somebody waits for it. */
function isCalled(autoscaler: HorizontalPodAutoscaler, seen: Seen): boolean {
  if (autoscaler.spec.minReplicas !== 0) return false;
  const target = targetOf(autoscaler, seen);
  if (typeof target === "string" || target.object.spec.replicas !== 0) return false;
  return valuesFor(autoscaler, seen).some(({ value }) => milli(value) > 0);
}

function valuesFor({ metadata }: HorizontalPodAutoscaler, seen: Seen): readonly MeasuredValue[] {
  return seen.view(scalingSampleKind).get(keyOf(metadata.namespace ?? "", metadata.name))?.spec.values ?? [];
}

/** Upstream's words for a scale that could not be updated; the size is decided again at once, with what was known before. */
function refused(
  autoscaler: HorizontalPodAutoscaler,
  { change, fault, plan }: Refusal,
  now: number,
): readonly Change[] {
  if (change.verb !== "patch" || change.subresource !== "scale") return [];
  const told = plan.changes.flatMap((each) =>
    each.verb === "event" && each.reason === RESCALED ? [`${each.message}; error: ${fault.message}`] : [],
  );
  const words: ConditionWords = {
    type: "AbleToScale",
    status: "False",
    reason: "FailedUpdateScale",
    message: `the HPA controller was unable to update the target scale: ${fault.message}`,
  };
  const status = { desiredReplicas: 0, ...autoscaler.status, conditions: withConditions(autoscaler, [words], now) };
  return [
    ...told.map((message) => warningEvent(autoscaler, "FailedRescale", message)),
    ...patchTo(horizontalPodAutoscalerKind, autoscaler, { ...autoscaler, status }, "status"),
  ];
}

interface Round {
  readonly seen: Seen;
  readonly settings: Partial<ScalingSettings>;
  readonly now: number;
}

function sync(
  autoscaler: HorizontalPodAutoscaler,
  history: ScalingHistory,
  { seen, settings, now }: Round,
): { readonly changes: Plan["changes"]; readonly history: ScalingHistory } {
  const target = targetOf(autoscaler, seen);
  if (typeof target === "string") return { history, changes: withoutTarget(autoscaler, target, now) };
  const { namespace = "" } = autoscaler.metadata;
  const selector = fromLabelSelector(target.object.spec.selector) ?? [];
  const pods = seen
    .view(podKind)
    .list(namespace)
    .filter(({ metadata }) => matches(selector, metadata.labels));
  const currentReplicas = target.object.spec.replicas ?? 1;
  const contest = contestOver(pods, target, namespace, seen);
  const decision = desiredReplicas({
    spec: autoscaler.spec,
    currentReplicas,
    pods,
    ...(contest !== undefined && { contest }),
    metrics: seen.view(podMetricsKind).list(namespace),
    values: valuesFor(autoscaler, seen),
    history,
    settings,
    now,
  });
  return {
    history: decision.history,
    changes: [
      ...rescale(autoscaler, target, decision),
      ...warnings(autoscaler, decision),
      ...report(autoscaler, currentReplicas, decision, now),
    ],
  };
}

type Target =
  | { readonly kind: Kind<Deployment>; readonly object: Deployment }
  | { readonly kind: Kind<ReplicaSet>; readonly object: ReplicaSet };

/** The target, or what is wrong with it. */
function targetOf({ metadata, spec }: HorizontalPodAutoscaler, seen: Seen): Target | string {
  const { kind, name, apiVersion = "apps/v1" } = spec.scaleTargetRef;
  const key = keyOf(metadata.namespace ?? "", name);
  if (apiVersion !== "apps/v1" || (kind !== "Deployment" && kind !== "ReplicaSet"))
    return `no matches for kind "${kind}" in group "${apiVersion.split("/")[0] ?? ""}"`;
  if (kind === "Deployment") {
    const object = seen.view(deploymentKind).get(key);
    return object === undefined ? `deployments.apps "${name}" not found` : { kind: deploymentKind, object };
  }
  const object = seen.view(replicaSetKind).get(key);
  return object === undefined ? `replicasets.apps "${name}" not found` : { kind: replicaSetKind, object };
}

/** Upstream's hpasControllingPodsUnderSelector: who else scales what selects one of these pods. */
function contestOver(pods: readonly Pod[], target: Target, namespace: string, seen: Seen): Contest | undefined {
  const selects = (autoscaler: HorizontalPodAutoscaler): boolean => {
    const other = targetOf(autoscaler, seen);
    const selector = typeof other === "string" ? null : fromLabelSelector(other.object.spec.selector);
    return selector !== null && pods.some(({ metadata }) => matches(selector, metadata.labels));
  };
  const autoscalers = seen
    .view(horizontalPodAutoscalerKind)
    .list(namespace)
    .filter((autoscaler) => autoscaler.metadata.deletionTimestamp === undefined && selects(autoscaler))
    .map(({ metadata: { name } }) => ({ name, namespace }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const { kind, object } = target;
  return autoscalers.length < 2 ? undefined : { selector: scaleOf(kind, object).status.selector ?? "", autoscalers };
}

function withoutTarget(autoscaler: HorizontalPodAutoscaler, message: string, now: number): readonly Change[] {
  const words: ConditionWords = {
    type: "AbleToScale",
    status: "False",
    reason: "FailedGetScale",
    message: `the HPA controller was unable to get the target's current scale: ${message}`,
  };
  const status = { desiredReplicas: 0, ...autoscaler.status, conditions: withConditions(autoscaler, [words], now) };
  return [
    warningEvent(autoscaler, "FailedGetScale", message),
    ...patchTo(horizontalPodAutoscalerKind, autoscaler, { ...autoscaler, status }, "status"),
  ];
}

function rescale(
  autoscaler: HorizontalPodAutoscaler,
  target: Target,
  { isRescaled, replicas, reason = "" }: ScalingDecision,
): readonly Change[] {
  if (!isRescaled) return [];
  const { kind, object } = target as { readonly kind: Kind<Deployment>; readonly object: Deployment };
  const resized = { ...object, spec: { ...object.spec, replicas } };
  return [
    ...patchTo(kind, object, resized, "scale"),
    normalEvent(autoscaler, RESCALED, `New size: ${replicas}; reason: ${reason}`),
  ];
}

function warnings(autoscaler: HorizontalPodAutoscaler, decision: ScalingDecision): readonly Change[] {
  return decision.warnings.map(({ reason, message }) => warningEvent(autoscaler, reason, message));
}

function report(
  autoscaler: HorizontalPodAutoscaler,
  currentReplicas: number,
  decision: ScalingDecision,
  now: number,
): readonly Change[] {
  const { lastScaleTime } = autoscaler.status ?? {};
  const scaledAt = decision.isRescaled ? timestamp(now) : lastScaleTime;
  const status = {
    ...(scaledAt !== undefined && { lastScaleTime: scaledAt }),
    currentReplicas,
    // As upstream's setCurrentReplicasAndMetricsInStatus: without a new wish the last one stands.
    desiredReplicas: decision.isKnown ? decision.replicas : (autoscaler.status?.desiredReplicas ?? 0),
    currentMetrics: decision.currentMetrics,
    conditions: withConditions(autoscaler, decision.conditions, now),
  };
  return patchTo(horizontalPodAutoscalerKind, autoscaler, { ...autoscaler, status }, "status");
}

/** What was not said this time stays as it was. */
function withConditions(
  { status }: HorizontalPodAutoscaler,
  told: readonly ConditionWords[],
  now: number,
): readonly Condition[] {
  return told.reduce((conditions, words) => withCondition(conditions, words, now), status?.conditions ?? []);
}
