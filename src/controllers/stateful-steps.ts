/** What a StatefulSet does next: pods made from the lowest number on, ended and replaced from the highest. Upstream's updateStatefulSet. */
import type { Change } from "#deck/objects.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { create, normalEvent, patchTo, remove } from "./changes.ts";
import { availableAtMs, hasEnded, isReady } from "./pod-facts.ts";
import { hasStaleClaims, missingClaims, ownedClaims } from "./stateful-claims.ts";
import { firstOrdinal, identified, type Ordered, ordinalOf, revisionOf, statefulPod } from "./stateful-pods.ts";

// In one round of a set whose pods do not wait for each other.
const BURST = 500;

export function nextSteps(ordered: Ordered): readonly Change[] {
  const filled = fill(ordered);
  if (!filled.mayGoOn) return filled.changes;
  const shrunk = shrink(ordered);
  if (!shrunk.mayGoOn) return [...filled.changes, ...shrunk.changes];
  return [...filled.changes, ...shrunk.changes, ...rollOut(ordered)];
}

interface Round {
  readonly changes: readonly Change[];
  readonly mayGoOn: boolean;
}

function isOrdered({ set }: Ordered): boolean {
  return set.spec.podManagementPolicy !== "Parallel";
}

function isEnding({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined;
}

function isAvailable({ set, now }: Ordered, pod: Pod): boolean {
  const since = availableAtMs(pod, set.spec.minReadySeconds ?? 0) ?? Infinity;
  return pod.status?.phase === "Running" && since <= now && isReady(pod);
}

function isHealthy(ordered: Ordered, pod: Pod): boolean {
  return isAvailable(ordered, pod) && !isEnding(pod);
}

/** Every number of the set has its pod; in order each waits for the one before it. Upstream's processReplica. */
function fill(ordered: Ordered): Round {
  const { set, pods } = ordered;
  const start = firstOrdinal(set);
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
  const changes: Change[] = [];
  let isHeld = false;
  for (let ordinal = start; ordinal < start + (set.spec.replicas ?? 1); ordinal++) {
    if (changes.length >= BURST) return { changes, mayGoOn: false };
    const pod = byOrdinal.get(ordinal);
    const round = pod === undefined ? made(ordered, ordinal) : kept(ordered, pod, ordinal);
    changes.push(...round.changes);
    isHeld ||= !round.mayGoOn;
    const isWaiting = pod === undefined || !round.mayGoOn || !isHealthy(ordered, pod);
    if (isOrdered(ordered) && isWaiting) return { changes, mayGoOn: false };
  }
  return { changes, mayGoOn: !isHeld };
}

/** Its claims first, and none of those of a pod before it that are still to be removed. */
function made({ find, ...ordered }: Ordered, ordinal: number): Round {
  const { set } = ordered;
  if (hasStaleClaims(set, ordinal, find)) return { changes: [], mayGoOn: false };
  const claims = missingClaims(set, ordinal, find);
  if (claims.isBlocked) return { changes: claims.changes, mayGoOn: false };
  const pod = statefulPod({ find, ...ordered }, ordinal);
  const about = `create Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`;
  const changes = [...claims.changes, create(podKind, pod), normalEvent(set, "SuccessfulCreate", about)];
  return { changes, mayGoOn: true };
}

/** One that has ended goes, to be made anew under its name. */
function kept(ordered: Ordered, pod: Pod, ordinal: number): Round {
  const { set, find } = ordered;
  if (hasEnded(pod)) return { changes: isEnding(pod) ? [] : ended(ordered, pod), mayGoOn: false };
  // A claim that was removed while its pod waits for a node is made again.
  const isPending = (pod.status?.phase ?? "Pending") === "Pending";
  const claims = isPending ? missingClaims(set, ordinal, find) : { changes: [], isBlocked: false };
  return {
    changes: [
      ...claims.changes,
      ...ownedClaims(set, { pod, ordinal, isStaying: true }, find),
      ...patchTo(podKind, pod, identified(pod, ordinal)),
    ],
    mayGoOn: !claims.isBlocked,
  };
}

function ended({ set }: Ordered, pod: Pod): readonly Change[] {
  const about = `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`;
  return [remove(podKind, pod), normalEvent(set, "SuccessfulDelete", about)];
}

/** Those beyond the last number go, from the highest on; in order one at a time, and none while another is unhealthy. */
function shrink(ordered: Ordered): Round {
  const { set, pods } = ordered;
  const start = firstOrdinal(set);
  const number = (pod: Pod): number => ordinalOf(set, pod) ?? 0;
  const condemned = pods
    .filter((pod) => number(pod) < start || number(pod) >= start + (set.spec.replicas ?? 1))
    .toSorted((a, b) => number(b) - number(a));
  const claims = condemned.flatMap((pod) => {
    return ownedClaims(set, { pod, ordinal: number(pod), isStaying: false }, ordered.find);
  });
  const staying = condemned.filter((pod) => !isEnding(pod));
  if (!isOrdered(ordered))
    return { changes: [...claims, ...staying.slice(0, BURST).flatMap((pod) => ended(ordered, pod))], mayGoOn: true };
  const [highest] = condemned;
  if (highest === undefined) return { changes: [], mayGoOn: true };
  const firstUnhealthy = condemned.findLast((pod) => !isHealthy(ordered, pod));
  const mayEnd = !isEnding(highest) && (isAvailable(ordered, highest) || highest === firstUnhealthy);
  return { changes: [...claims, ...(mayEnd ? ended(ordered, highest) : [])], mayGoOn: false };
}

/** The highest number that is of another revision goes, once all above it are updated and healthy. */
function rollOut(ordered: Ordered): readonly Change[] {
  const { set, pods, update } = ordered;
  if (set.spec.updateStrategy?.type === "OnDelete") return [];
  const start = firstOrdinal(set);
  const first = start + (set.spec.updateStrategy?.rollingUpdate?.partition ?? 0);
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
  for (let ordinal = start + (set.spec.replicas ?? 1) - 1; ordinal >= first; ordinal--) {
    const pod = byOrdinal.get(ordinal);
    if (pod === undefined) return [];
    if (revisionOf(pod) !== update.metadata.name && !isEnding(pod)) return ended(ordered, pod);
    if (!isHealthy(ordered, pod)) return [];
  }
  return [];
}
