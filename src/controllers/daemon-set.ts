/** DaemonSet controller: a pod on every node that suits, replaced node by node when the template changes. Upstream's pkg/controller/daemon. */
import { fromLabelSelector, type Selector } from "#base/selector.ts";
import { type Controller, type Plan, type Refusal, type Seen, watching } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { controllerRevisionKind } from "#kinds/apps/controller-revision.ts";
import { type DaemonSet, daemonSetKind, type DaemonSetStatus } from "#kinds/apps/daemon-set.ts";
import { nodeKind } from "#kinds/core/node.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { keyOfObject } from "#kinds/object.ts";
import { create, freshNames, normalEvent, patchTo, remove, warningEvent } from "./changes.ts";
import { forgotten, hashOf, historyOf, REVISION_HASH } from "./controller-revisions.ts";
import { daemonPod, type Daemons, isUpdated, nodeOf, type Sync, wantedOn } from "./daemon-pods.ts";
import { type Backoffs, missingAndSpare } from "./daemon-upkeep.ts";
import { replacements } from "./daemon-rollout.ts";
import { claim, type OwnerRules, wakesOfDependent } from "./ownership.ts";
import { availableAtMs, hasEnded, isReady, ownerIndexes } from "./pod-facts.ts";

// Upstream's BurstReplicas: one sync makes or ends no more than this.
const BURST = 250;

const rules: OwnerRules<DaemonSet> = { kind: daemonSetKind, selectorOf };

export const daemonSetController: Controller<DaemonSet, Backoffs> = {
  name: "daemonset-controller",
  kind: daemonSetKind,
  indexes: ownerIndexes,
  watches: [
    watching({ kind: podKind, indexes: ownerIndexes, wakes: (pod, seen) => wakesOfDependent(rules, pod, seen) }),
    watching({
      kind: controllerRevisionKind,
      indexes: ownerIndexes,
      wakes: (revision, seen) => wakesOfDependent(rules, revision, seen),
    }),
    watching({ kind: nodeKind, wakes: (_node, seen) => seen.view(daemonSetKind).list().map(keyOfObject) }),
  ],
  plan: (_key, set, seen, memory, now) => (set === undefined ? { changes: [] } : plan(set, seen, memory, now)),
  refused,
};

function selectorOf({ spec }: DaemonSet): Selector {
  return fromLabelSelector(spec.selector) ?? [];
}

function plan(set: DaemonSet, seen: Seen, memory: Backoffs | undefined, now: number): Plan<Backoffs> {
  const selector = selectorOf(set);
  // One that is ending: the garbage collector takes its pods and its history, in whichever order.
  if (selector.length === 0 || set.metadata.deletionTimestamp !== undefined) return { changes: [] };
  const owner = { kind: daemonSetKind, object: set, selector, label: REVISION_HASH };
  const history = historyOf(owner, seen);
  if ("collisionCount" in history) return { changes: collided(set, history.collisionCount) };
  const { owned, changes } = claim(owner, { kind: podKind, view: seen.view(podKind) });
  const hash = hashOf(history.current);
  const nodes = seen
    .view(nodeKind)
    .list()
    .map((node) => wantedOn(set, node));
  const daemons: Daemons = { set, hash, nodes, byNode: byNode(owned), now };
  const upkeep = missingAndSpare(daemons, memory);
  const isSettled = upkeep.missing.length + upkeep.spare.length === 0;
  const sync = isSettled && set.spec.updateStrategy?.type !== "OnDelete" ? replacements(daemons) : upkeep;
  const inUse = new Set(owned.map(({ metadata }) => metadata.labels?.[REVISION_HASH] ?? ""));
  const again = [upkeep.againAtMs, nextAvailable(set, owned, now)].filter((time) => time !== undefined);
  return {
    changes: [
      ...history.changes,
      ...changes,
      // The status first: it holds although the pods that are missing may be refused.
      ...patchTo(daemonSetKind, set, { ...set, status: statusOf(daemons) }, "status"),
      ...upkeep.told,
      ...carriedOut(daemons, sync),
      ...forgotten(set, history.old, (revision) => inUse.has(hashOf(revision))),
    ],
    ...(upkeep.backoffs && { memory: upkeep.backoffs }),
    ...(again.length > 0 && { againAtMs: Math.min(...again) }),
  };
}

function collided(set: DaemonSet, collisionCount: number): readonly Change[] {
  const status = { ...noneYet, ...set.status, collisionCount };
  return patchTo(daemonSetKind, set, { ...set, status }, "status");
}

const noneYet: DaemonSetStatus = {
  currentNumberScheduled: 0,
  numberMisscheduled: 0,
  desiredNumberScheduled: 0,
  numberReady: 0,
};

/** Scheduled ones first, then the oldest. What is over and going counts no more. */
function byNode(pods: readonly Pod[]): ReadonlyMap<string, readonly Pod[]> {
  const counted = pods.filter((pod) => !(hasEnded(pod) && pod.metadata.deletionTimestamp !== undefined));
  return Map.groupBy(counted.toSorted(byAge), nodeOf);
}

function byAge(a: Pod, b: Pod): number {
  const rank = ({ spec, metadata }: Pod): string =>
    `${(spec.nodeName ?? "") === "" ? 1 : 0} ${metadata.creationTimestamp ?? ""} ${metadata.name}`;
  return rank(a) < rank(b) ? -1 : 1;
}

function carriedOut({ set, hash, now }: Daemons, { missing, spare }: Sync): readonly Change[] {
  const nodes = missing.slice(0, BURST);
  const seed = `${set.metadata.uid} ${set.metadata.resourceVersion} ${now}`;
  const names = freshNames(`${set.metadata.name}-`, nodes.length, seed);
  return [
    ...names.flatMap((name, at) => [
      create(podKind, daemonPod(set, hash, { node: nodes[at] ?? "", name })),
      normalEvent(set, "SuccessfulCreate", `Created pod: ${name}`),
    ]),
    ...spare
      .slice(0, BURST)
      .flatMap((pod) => [
        remove(podKind, pod),
        normalEvent(set, "SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`),
      ]),
  ];
}

function statusOf({ set, hash, nodes, byNode: pods, now }: Daemons): DaemonSetStatus {
  const { minReadySeconds = 0 } = set.spec;
  const wanted = nodes.filter(({ mayStart }) => mayStart);
  const oldest = wanted.map(({ name }) => pods.get(name)?.[0]).filter((pod) => pod !== undefined);
  const count = (test: (pod: Pod) => boolean): number => oldest.filter(test).length;
  const numberAvailable = count((pod) => (availableAtMs(pod, minReadySeconds) ?? Infinity) <= now);
  const updatedNumberScheduled = count((pod) => isUpdated(set, hash, pod));
  const numberUnavailable = wanted.length - numberAvailable;
  const { collisionCount, conditions } = set.status ?? {};
  return {
    currentNumberScheduled: oldest.length,
    numberMisscheduled: nodes.filter(({ name, mayStart }) => !mayStart && pods.has(name)).length,
    desiredNumberScheduled: wanted.length,
    numberReady: count(isReady),
    ...(set.metadata.generation !== undefined && { observedGeneration: set.metadata.generation }),
    ...(updatedNumberScheduled > 0 && { updatedNumberScheduled }),
    ...(numberAvailable > 0 && { numberAvailable }),
    ...(numberUnavailable > 0 && { numberUnavailable }),
    ...(collisionCount !== undefined && { collisionCount }),
    ...(conditions !== undefined && { conditions }),
  };
}

function nextAvailable({ spec }: DaemonSet, pods: readonly Pod[], now: number): number | undefined {
  const times = pods
    .map((pod) => availableAtMs(pod, spec.minReadySeconds ?? 0))
    .filter((time) => time !== undefined)
    .filter((time) => time > now);
  return times.length === 0 ? undefined : Math.min(...times);
}

function refused(set: DaemonSet, { change, fault }: Refusal): readonly Change[] {
  if (change.verb !== "create") return [];
  const { name, generateName = name } = change.object.metadata;
  return [warningEvent(set, "FailedCreate", `Error creating: ${fault.message.replaceAll(name, generateName)}`)];
}
