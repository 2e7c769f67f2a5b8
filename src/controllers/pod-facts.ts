/** What controllers ask about a pod: whether it counts, whether it is ready, since when. */
import { conditionOf, isTrueOf } from "#kinds/conditions.ts";
import type { KubeObject } from "#kinds/object.ts";
import { controllerOf } from "#kinds/object.ts";
import type { Pod } from "#kinds/core/pod.ts";

/** Neither ended nor ending. */
export function isActive(pod: Pod): boolean {
  return !hasEnded(pod) && pod.metadata.deletionTimestamp === undefined;
}

export function hasEnded({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

export function isReady({ status }: Pod): boolean {
  return isTrueOf(status?.conditions, "Ready");
}

/** When the Ready condition became what it is. */
export function readySinceMs({ status }: Pod): number | undefined {
  const time = conditionOf(status?.conditions, "Ready")?.lastTransitionTime;
  return time === undefined ? undefined : Date.parse(time);
}

/** When a ready pod has been so for long enough; undefined when it is not ready. */
export function availableAtMs(pod: Pod, minReadySeconds: number): number | undefined {
  if (!isReady(pod)) return undefined;
  return minReadySeconds === 0 ? 0 : (readySinceMs(pod) ?? 0) + minReadySeconds * 1_000;
}

/** Indexes that make "the pods of this owner" and "the pods of nobody here" cheap. */
export const ownerIndexes: {
  readonly controller: (object: KubeObject) => readonly string[];
  readonly orphans: (object: KubeObject) => readonly string[];
} = {
  controller: (object) => {
    const owner = controllerOf(object);
    return owner === undefined ? [] : [owner.uid];
  },
  orphans: (object) => (controllerOf(object) === undefined ? [object.metadata.namespace ?? ""] : []),
};

/** Index that makes "the pods of this node" cheap: one table for all who look at it. */
export function nodeOfPod({ spec }: Pod): readonly string[] {
  return spec.nodeName ? [spec.nodeName] : [];
}
