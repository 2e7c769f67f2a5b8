/** Which pods of a set go first when it shrinks: upstream's ActivePodsWithRanks. */
import { member } from "#base/dictionary.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { isReady, readySinceMs } from "./pod-facts.ts";

const PHASE_RANK: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };
const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";

/** Those to delete first come first. `related` are the pods that crowd the nodes. */
export function deletionOrder(pods: readonly Pod[], related: readonly Pod[], now: number): readonly Pod[] {
  const crowds = new Map<string, number>();
  for (const { spec } of related) if (spec.nodeName) crowds.set(spec.nodeName, (crowds.get(spec.nodeName) ?? 0) + 1);
  return pods.toSorted((a, b) => compare(a, b, { crowds, now }));
}

interface Surroundings {
  readonly crowds: ReadonlyMap<string, number>;
  readonly now: number;
}

function compare(a: Pod, b: Pod, { crowds, now }: Surroundings): number {
  const crowd = ({ spec }: Pod): number => crowds.get(spec.nodeName ?? "") ?? 0;
  return (
    isPlaced(a) - isPlaced(b) ||
    phaseRank(a) - phaseRank(b) ||
    Number(isReady(a)) - Number(isReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    crowd(b) - crowd(a) ||
    (isReady(a) ? byAge(readySinceMs(a), readySinceMs(b), now) : 0) ||
    restarts(b) - restarts(a) ||
    byAge(createdMs(a), createdMs(b), now) ||
    byText(a.metadata.uid ?? "", b.metadata.uid ?? "")
  );
}

function isPlaced({ spec }: Pod): number {
  return (spec.nodeName ?? "") === "" ? 0 : 1;
}

function phaseRank({ status }: Pod): number {
  return member(PHASE_RANK, status?.phase ?? "Pending") ?? 0;
}

function deletionCost({ metadata }: Pod): number {
  const cost = Number(metadata.annotations?.[DELETION_COST] ?? "0");
  return Number.isInteger(cost) ? cost : 0;
}

function restarts({ status }: Pod): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
}

function createdMs({ metadata }: Pod): number | undefined {
  return metadata.creationTimestamp === undefined ? undefined : Date.parse(metadata.creationTimestamp);
}

/** Younger first, but only by powers of two: pods of about the same age are picked at random (by uid). */
function byAge(a: number | undefined, b: number | undefined, now: number): number {
  return magnitude(a, now) - magnitude(b, now);
}

function magnitude(sinceMs: number | undefined, now: number): number {
  const ageNanos = (now - (sinceMs ?? now)) * 1e6;
  return ageNanos < 1 ? -1 : Math.trunc(Math.log2(ageNanos));
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
