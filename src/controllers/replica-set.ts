/** ReplicaSet controller: as many pods as asked for, adopted or made by the template, and the status that says so. */
import { fromLabelSelector, matches, type Selector } from "#base/selector.ts";
import { keyOf, type ObjectKey } from "#base/key.ts";
import type { Controller, Plan, Refusal, Seen } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { controllerOf, keyOfObject } from "#kinds/object.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { type ReplicaSet, replicaSetKind } from "#kinds/apps/replica-set.ts";
import { withCondition } from "#kinds/conditions.ts";
import { controllerOfKind, controllerReference } from "#kinds/owners.ts";
import { create, freshNames, normalEvent, patchTo, remove, warningEvent } from "./changes.ts";
import { claim } from "./ownership.ts";
import { availableAtMs, isActive, isReady, ownerIndexes } from "./pod-facts.ts";
import { deletionOrder } from "./pod-ranking.ts";

// Upstream's BurstReplicas: one sync makes or ends no more than this.
const BURST = 500;

export const replicaSetController: Controller<ReplicaSet> = {
  name: "replicaset-controller",
  kind: replicaSetKind,
  indexes: ownerIndexes,
  watches: [{ kind: podKind, indexes: ownerIndexes, wakes: wakesOfPod }],
  plan,
  refused,
};

/** Its owner, or for an orphan every set that might adopt it. */
function wakesOfPod(pod: Pod, seen: Seen): readonly ObjectKey[] {
  const owner = controllerOfKind(replicaSetKind, pod);
  const namespace = pod.metadata.namespace ?? "";
  if (owner !== undefined) return [keyOf(namespace, owner.name)];
  if (controllerOf(pod) !== undefined) return [];
  const sets = seen.view(replicaSetKind).list(namespace);
  return sets.filter((set) => matchesPod(fromLabelSelector(set.spec.selector), pod)).map(keyOfObject);
}

function matchesPod(selector: Selector | null, pod: Pod): boolean {
  return selector !== null && selector.length > 0 && matches(selector, pod.metadata.labels);
}

function plan(_key: ObjectKey, set: ReplicaSet | undefined, seen: Seen, _memory: undefined, now: number): Plan {
  if (set === undefined) return { changes: [] };
  const selector = fromLabelSelector(set.spec.selector) ?? [];
  // An empty selector would own every pod of the namespace; validation refuses it.
  if (selector.length === 0) return { changes: [] };
  const { owned, changes } = claim(
    { kind: replicaSetKind, object: set, selector },
    { kind: podKind, view: seen.view(podKind) },
  );
  const active = owned.filter(isActive);
  const scaling = set.metadata.deletionTimestamp === undefined ? scale(set, active, seen, now) : [];
  const status = statusOf(set, active, now);
  const againAtMs = nextAvailable(set, active, now);
  return {
    // The status first: it holds although the pods that are missing may be refused.
    changes: [...changes, ...patchTo(replicaSetKind, set, { ...set, status }, "status"), ...scaling],
    ...(againAtMs !== undefined && { againAtMs }),
  };
}

/** Upstream's words, with the prefix for the name: it differs at each attempt, and events are to be counted. */
function refused(set: ReplicaSet, { change, fault }: Refusal, now: number): readonly Change[] {
  if (change.verb !== "create") return [];
  const { metadata } = change.object;
  const message = fault.message.replaceAll(metadata.name, metadata.generateName ?? metadata.name);
  const told = { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message } as const;
  const conditions = withCondition(set.status?.conditions, told, now);
  const status = { replicas: 0, ...set.status, conditions };
  return [
    ...patchTo(replicaSetKind, set, { ...set, status }, "status"),
    warningEvent(set, "FailedCreate", `Error creating: ${message}`),
  ];
}

function scale(set: ReplicaSet, active: readonly Pod[], seen: Seen, now: number): readonly Change[] {
  const missing = (set.spec.replicas ?? 1) - active.length;
  if (missing > 0) return makePods(set, Math.min(missing, BURST), now);
  if (missing === 0) return [];
  const victims = deletionOrder(active, relatedPods(set, seen), now).slice(0, Math.min(-missing, BURST));
  return victims.flatMap((pod) => [
    remove(podKind, pod),
    normalEvent(set, "SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`),
  ]);
}

function makePods(set: ReplicaSet, count: number, now: number): readonly Change[] {
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
        ownerReferences: [controllerReference(replicaSetKind, set)],
      },
      spec: spec ?? { containers: [] },
    };
    return [create(podKind, pod), normalEvent(set, "SuccessfulCreate", `Created pod: ${name}`)];
  });
}

/** The active pods of every set with the same owner: those that share a node go first. */
function relatedPods(set: ReplicaSet, seen: Seen): readonly Pod[] {
  const owner = controllerOf(set);
  const sets = owner === undefined ? [set] : seen.view(replicaSetKind).by("controller", owner.uid);
  return sets.flatMap(({ metadata }) => seen.view(podKind).by("controller", metadata.uid ?? "")).filter(isActive);
}

type Status = NonNullable<ReplicaSet["status"]>;

function statusOf(set: ReplicaSet, active: readonly Pod[], now: number): Status {
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
function nextAvailable(set: ReplicaSet, active: readonly Pod[], now: number): number | undefined {
  const times = active
    .map((pod) => availableAtMs(pod, set.spec.minReadySeconds ?? 0))
    .filter((time) => time !== undefined && time > now);
  return times.length === 0 ? undefined : Math.min(...(times as number[]));
}
