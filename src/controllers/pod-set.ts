/** As many pods of one template as asked for, adopted or made, and the status that says so: what ReplicaSets and ReplicationControllers share. */
import type { Selector } from "#base/selector.ts";
import type { Controller, Plan, Refusal, Seen } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { withCondition } from "#kinds/conditions.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import type { PodTemplateSpec } from "#kinds/core/pod-spec.ts";
import type { Kind } from "#kinds/kind.ts";
import { type Condition, controllerOf, type KubeObject } from "#kinds/object.ts";
import { controllerReference } from "#kinds/owners.ts";
import { create, freshNames, normalEvent, patchTo, remove, warningEvent } from "./changes.ts";
import { claim, wakesOfDependent } from "./ownership.ts";
import { availableAtMs, isActive, isReady, ownerIndexes } from "./pod-facts.ts";
import { deletionOrder } from "./pod-ranking.ts";

// Upstream's BurstReplicas: one sync makes or ends no more than this.
const BURST = 500;

/** What owns a number of equal pods. */
export interface PodSet extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly minReadySeconds?: number;
    readonly template?: PodTemplateSpec;
  };
  readonly status?: PodSetStatus;
}

interface PodSetStatus {
  readonly replicas: number;
  readonly fullyLabeledReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
}

export interface PodSetRules<T extends PodSet> {
  /** The controller's name: "replicaset-controller". */
  readonly name: string;
  readonly kind: Kind<T>;
  /** Empty: it selects nothing. */
  readonly selectorOf: (set: T) => Selector;
}

/** Upstream's pkg/controller/replicaset, which runs ReplicationControllers by conversion. */
export function podSetController<T extends PodSet>(rules: PodSetRules<T>): Controller<T> {
  const { name, kind } = rules;
  return {
    name,
    kind,
    indexes: ownerIndexes,
    watches: [{ kind: podKind, indexes: ownerIndexes, wakes: (pod, seen) => wakesOfDependent(rules, pod, seen) }],
    plan: (_key, set, seen, _memory, now) => (set === undefined ? { changes: [] } : plan(rules, set, seen, now)),
    refused: (set, refusal, now) => refused(kind, set, refusal, now),
  };
}

function plan<T extends PodSet>({ kind, selectorOf }: PodSetRules<T>, set: T, seen: Seen, now: number): Plan {
  const selector = selectorOf(set);
  // An empty selector would own every pod of the namespace; validation refuses it.
  if (selector.length === 0) return { changes: [] };
  const { owned, changes } = claim({ kind, object: set, selector }, { kind: podKind, view: seen.view(podKind) });
  const active = owned.filter(isActive);
  const scaling = set.metadata.deletionTimestamp === undefined ? scale(kind, set, { active, seen, now }) : [];
  const status = statusOf(set, active, now);
  const againAtMs = nextAvailable(set, active, now);
  return {
    // The status first: it holds although the pods that are missing may be refused.
    changes: [...changes, ...patchTo(kind, set, { ...set, status }, "status"), ...scaling],
    ...(againAtMs !== undefined && { againAtMs }),
  };
}

/** Upstream's words, with the prefix for the name: it differs at each attempt, and events are to be counted. */
function refused<T extends PodSet>(kind: Kind<T>, set: T, { change, fault }: Refusal, now: number): readonly Change[] {
  if (change.verb !== "create") return [];
  const { metadata } = change.object;
  const message = fault.message.replaceAll(metadata.name, metadata.generateName ?? metadata.name);
  const told = { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message } as const;
  const conditions = withCondition(set.status?.conditions, told, now);
  const status = { replicas: 0, ...set.status, conditions };
  return [
    ...patchTo(kind, set, { ...set, status }, "status"),
    warningEvent(set, "FailedCreate", `Error creating: ${message}`),
  ];
}

interface Scaling {
  readonly active: readonly Pod[];
  readonly seen: Seen;
  readonly now: number;
}

function scale<T extends PodSet>(kind: Kind<T>, set: T, { active, seen, now }: Scaling): readonly Change[] {
  const missing = (set.spec.replicas ?? 1) - active.length;
  if (missing > 0) return makePods(kind, set, Math.min(missing, BURST), now);
  if (missing === 0) return [];
  const victims = deletionOrder(active, relatedPods(kind, set, seen), now).slice(0, Math.min(-missing, BURST));
  return victims.flatMap((pod) => [
    remove(podKind, pod),
    normalEvent(set, "SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`),
  ]);
}

function makePods<T extends PodSet>(kind: Kind<T>, set: T, count: number, now: number): readonly Change[] {
  const generateName = `${set.metadata.name}-`;
  const names = freshNames(generateName, count, `${set.metadata.uid} ${set.metadata.resourceVersion} ${now}`);
  const { metadata = {}, spec } = set.spec.template ?? {};
  return names.flatMap((name) => {
    const pod: Pod = {
      metadata: {
        name,
        generateName,
        namespace: set.metadata.namespace ?? "",
        ...(metadata.labels && { labels: metadata.labels }),
        ...(metadata.annotations && { annotations: metadata.annotations }),
        ...(metadata.finalizers && { finalizers: metadata.finalizers }),
        ownerReferences: [controllerReference(kind, set)],
      },
      spec: spec ?? { containers: [] },
    };
    return [create(podKind, pod), normalEvent(set, "SuccessfulCreate", `Created pod: ${name}`)];
  });
}

/** The active pods of every set with the same owner: those that share a node go first. */
function relatedPods<T extends PodSet>(kind: Kind<T>, set: T, seen: Seen): readonly Pod[] {
  const owner = controllerOf(set);
  const sets = owner === undefined ? [set] : seen.view(kind).by("controller", owner.uid);
  return sets.flatMap(({ metadata }) => seen.view(podKind).by("controller", metadata.uid ?? "")).filter(isActive);
}

function statusOf(set: PodSet, active: readonly Pod[], now: number): PodSetStatus {
  const wanted = Object.entries(set.spec.template?.metadata?.labels ?? {});
  const isLabelled = ({ metadata }: Pod): boolean => wanted.every(([key, value]) => metadata.labels?.[key] === value);
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  const count = (test: (pod: Pod) => boolean): number => active.filter(test).length;
  const availableReplicas = count((pod) => (availableAtMs(pod, minReadySeconds) ?? Infinity) <= now);
  const fullyLabeledReplicas = count(isLabelled);
  const readyReplicas = count(isReady);
  // What was refused is over once nothing has to be made.
  const isMissing = active.length < (set.spec.replicas ?? 1);
  const conditions = (set.status?.conditions ?? []).filter(({ type }) => isMissing || type !== "ReplicaFailure");
  return {
    replicas: active.length,
    ...(fullyLabeledReplicas > 0 && { fullyLabeledReplicas }),
    ...(readyReplicas > 0 && { readyReplicas }),
    ...(availableReplicas > 0 && { availableReplicas }),
    ...(set.metadata.generation !== undefined && { observedGeneration: set.metadata.generation }),
    ...(conditions.length > 0 && { conditions }),
  };
}

/** When the next ready pod has been ready for minReadySeconds. */
function nextAvailable(set: PodSet, active: readonly Pod[], now: number): number | undefined {
  const times = active
    .map((pod) => availableAtMs(pod, set.spec.minReadySeconds ?? 0))
    .filter((time) => time !== undefined && time > now);
  return times.length === 0 ? undefined : Math.min(...(times as number[]));
}
