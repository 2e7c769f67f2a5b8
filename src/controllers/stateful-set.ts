/** StatefulSet controller: pods with names that stay, made and ended in the order of their numbers. Upstream's pkg/controller/statefulset. */
import { fromLabelSelector, type Selector } from "#base/selector.ts";
import { type Controller, type Plan, type Refusal, type Seen, watching } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { type ControllerRevision, controllerRevisionKind } from "#kinds/apps/controller-revision.ts";
import { type StatefulSet, statefulSetKind, type StatefulSetStatus } from "#kinds/apps/stateful-set.ts";
import { persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { patchTo, warningEvent } from "./changes.ts";
import { forgotten, historyOf, REVISION_HASH } from "./controller-revisions.ts";
import { claim, type OwnerRules, wakesOfDependent } from "./ownership.ts";
import { availableAtMs, isReady, ownerIndexes } from "./pod-facts.ts";
import { claimsSeen, setsOfClaim } from "./stateful-claims.ts";
import { nextSteps } from "./stateful-steps.ts";
import { ordinalOf, type Ordered } from "./stateful-pods.ts";

// NewControllerRevision puts the hash there; the pods of a StatefulSet carry the revision's whole name.
const HISTORY_HASH = "controller.kubernetes.io/hash";

const rules: OwnerRules<StatefulSet> = { kind: statefulSetKind, selectorOf };

export const statefulSetController: Controller<StatefulSet> = {
  name: "statefulset-controller",
  kind: statefulSetKind,
  indexes: ownerIndexes,
  watches: [
    watching({ kind: persistentVolumeClaimKind, wakes: setsOfClaim }),
    watching({ kind: podKind, indexes: ownerIndexes, wakes: (pod, seen) => wakesOfDependent(rules, pod, seen) }),
    watching({
      kind: controllerRevisionKind,
      indexes: ownerIndexes,
      wakes: (revision, seen) => wakesOfDependent(rules, revision, seen),
    }),
  ],
  plan: (_key, set, seen, _memory, now) => (set === undefined ? { changes: [] } : plan(set, seen, now)),
  refused,
};

function selectorOf({ spec }: StatefulSet): Selector {
  return fromLabelSelector(spec.selector) ?? [];
}

function plan(set: StatefulSet, seen: Seen, now: number): Plan {
  const selector = selectorOf(set);
  if (selector.length === 0 || set.metadata.deletionTimestamp !== undefined) return { changes: [] };
  const owner = { kind: statefulSetKind, object: set, selector, label: HISTORY_HASH };
  const history = historyOf(owner, seen);
  if ("collisionCount" in history) {
    const status = { replicas: 0, availableReplicas: 0, ...set.status, collisionCount: history.collisionCount };
    return { changes: patchTo(statefulSetKind, set, { ...set, status }, "status") };
  }
  const { owned, changes } = claim(owner, { kind: podKind, view: seen.view(podKind) });
  const pods = owned.filter((pod) => ordinalOf(set, pod) !== undefined);
  const update = history.current;
  const current =
    [update, ...history.old].find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update;
  const ordered: Ordered = { set, pods, current, update, find: claimsSeen(set, seen), now };
  const inUse = new Set([current.metadata.name, ...pods.map(({ metadata }) => metadata.labels?.[REVISION_HASH] ?? "")]);
  const againAtMs = nextAvailable(set, pods, now);
  return {
    changes: [
      ...history.changes,
      ...changes,
      // The status first: it holds although the pods that are missing may be refused.
      ...patchTo(statefulSetKind, set, { ...set, status: statusOf(ordered) }, "status"),
      ...nextSteps(ordered),
      ...forgotten(set, history.old, ({ metadata }: ControllerRevision) => inUse.has(metadata.name)),
    ],
    ...(againAtMs !== undefined && { againAtMs }),
  };
}

function statusOf({ set, pods, current, update, now }: Ordered): StatefulSetStatus {
  const { minReadySeconds = 0, replicas: wanted = 1 } = set.spec;
  const count = (test: (pod: Pod) => boolean): number => pods.filter(test).length;
  const ofRevision = ({ metadata: { name } }: ControllerRevision): number =>
    count(({ metadata }) => metadata.deletionTimestamp === undefined && metadata.labels?.[REVISION_HASH] === name);
  const readyReplicas = count(isReady);
  const availableReplicas = count((pod) => (availableAtMs(pod, minReadySeconds) ?? Infinity) <= now);
  const updatedReplicas = ofRevision(update);
  // Upstream's completeRollingUpdate.
  const isComplete =
    set.spec.updateStrategy?.type !== "OnDelete" &&
    [updatedReplicas, readyReplicas, pods.length].every((some) => some === wanted);
  const currentReplicas = isComplete ? updatedReplicas : ofRevision(current);
  const { conditions, collisionCount = 0 } = set.status ?? {};
  return {
    ...(set.metadata.generation !== undefined && { observedGeneration: set.metadata.generation }),
    replicas: pods.length,
    ...(readyReplicas > 0 && { readyReplicas }),
    ...(currentReplicas > 0 && { currentReplicas }),
    ...(updatedReplicas > 0 && { updatedReplicas }),
    availableReplicas,
    currentRevision: (isComplete ? update : current).metadata.name,
    updateRevision: update.metadata.name,
    collisionCount,
    ...(conditions !== undefined && { conditions }),
  };
}

function nextAvailable({ spec }: StatefulSet, pods: readonly Pod[], now: number): number | undefined {
  const times = pods
    .map((pod) => availableAtMs(pod, spec.minReadySeconds ?? 0))
    .filter((time) => time !== undefined)
    .filter((time) => time > now);
  return times.length === 0 ? undefined : Math.min(...times);
}

function refused(set: StatefulSet, { change, fault }: Refusal): readonly Change[] {
  if (change.verb !== "create") return [];
  const { name } = change.object.metadata;
  const isClaim = change.kind === persistentVolumeClaimKind;
  const what = isClaim ? `Claim ${name} for Pod ${set.metadata.name}-${name.replace(/^.*-/, "")}` : `Pod ${name}`;
  const about = `create ${what} in StatefulSet ${set.metadata.name} failed error: ${fault.message}`;
  return [warningEvent(set, "FailedCreate", about)];
}
