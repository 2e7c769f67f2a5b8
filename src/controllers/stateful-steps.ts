/** What a StatefulSet does next: pods made from the lowest number on, ended and replaced from the highest. Upstream's updateStatefulSet. */
import type { Change } from "#deck/objects.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { create, normalEvent, patchTo, remove, warningEvent } from "./changes.ts";
import { availableAtMs, hasEnded, isReady } from "./pod-facts.ts";
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

/** Every number of the set has its pod; in order each waits for the one before it. */
function fill(ordered: Ordered): Round {
  const { set, pods } = ordered;
  const start = firstOrdinal(set);
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
  const changes: Change[] = [];
  for (let ordinal = start; ordinal < start + (set.spec.replicas ?? 1); ordinal++) {
    if (changes.length >= BURST) return { changes, mayGoOn: false };
    const pod = byOrdinal.get(ordinal);
    changes.push(...(pod === undefined ? made(ordered, ordinal) : kept(ordered, pod, ordinal)));
    if (isOrdered(ordered) && (pod === undefined || !isHealthy(ordered, pod))) return { changes, mayGoOn: false };
  }
  return { changes, mayGoOn: true };
}

function made(ordered: Ordered, ordinal: number): readonly Change[] {
  const pod = statefulPod(ordered, ordinal);
  const { name } = ordered.set.metadata;
  return [
    create(podKind, pod),
    normalEvent(ordered.set, "SuccessfulCreate", `create Pod ${pod.metadata.name} in StatefulSet ${name} successful`),
  ];
}

/** One that has ended goes, to be made anew under its name. */
function kept({ set }: Ordered, pod: Pod, ordinal: number): readonly Change[] {
  if (!hasEnded(pod)) return patchTo(podKind, pod, identified(pod, ordinal));
  if (isEnding(pod)) return [];
  const { namespace, name } = set.metadata;
  const failed = pod.status?.phase === "Failed";
  const about = `StatefulSet ${namespace}/${name} is recreating ${failed ? "failed" : "terminated"} Pod ${pod.metadata.name}`;
  return [
    failed ? warningEvent(set, "RecreatingFailedPod", about) : normalEvent(set, "RecreatingTerminatedPod", about),
    remove(podKind, pod),
  ];
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
  const staying = condemned.filter((pod) => !isEnding(pod));
  if (!isOrdered(ordered))
    return { changes: staying.slice(0, BURST).flatMap((pod) => ended(ordered, pod)), mayGoOn: true };
  const [highest] = condemned;
  if (highest === undefined) return { changes: [], mayGoOn: true };
  const firstUnhealthy = condemned.findLast((pod) => !isHealthy(ordered, pod));
  const mayEnd = !isEnding(highest) && (isAvailable(ordered, highest) || highest === firstUnhealthy);
  return { changes: mayEnd ? ended(ordered, highest) : [], mayGoOn: false };
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
