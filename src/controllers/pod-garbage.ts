/** Pod garbage: pods whose node is gone, pods that were deleted before they had one, and ended pods beyond a number. */
import type { ObjectKey } from "#base/key.ts";
import { type Controller, type Plan, type Seen, watching } from "#deck/controller.ts";
import { conditionOf } from "#kinds/conditions.ts";
import { type Node, nodeKind } from "#kinds/core/node.ts";
import { keyOfObject } from "#kinds/object.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { patchTo, remove } from "./changes.ts";
import { hasEnded, nodeOfPod } from "./pod-facts.ts";

// A node that was just bound to may not be seen yet, or register again at once.
const QUARANTINE_MS = 40_000;
// Upstream's terminated-pod-gc-threshold.
const MOST_ENDED = 12_500;

const indexes = {
  node: nodeOfPod,
  ended: (pod: Pod): readonly string[] => (hasEnded(pod) ? ["yes"] : []),
};

export const podGarbageController: Controller<Pod> = {
  name: "pod-garbage-collector",
  kind: podKind,
  indexes,
  watches: [
    watching({
      kind: nodeKind,
      wakes: ({ metadata }: Node, seen: Seen) => seen.view(podKind).by("node", metadata.name).map(keyOfObject),
    }),
  ],
  plan,
};

function plan(_key: ObjectKey, pod: Pod | undefined, seen: Seen, _memory: undefined, now: number): Plan {
  if (pod === undefined) return { changes: [] };
  const { nodeName = "" } = pod.spec;
  if (nodeName === "") return pod.metadata.deletionTimestamp === undefined ? { changes: [] } : gone(pod);
  if (seen.view(nodeKind).get(`/${nodeName}`) !== undefined) return { changes: hasEnded(pod) ? surplus(seen) : [] };
  const dueAtMs = placedAt(pod) + QUARANTINE_MS;
  return dueAtMs > now ? { changes: [], againAtMs: dueAtMs } : gone(pod);
}

function placedAt({ metadata, status }: Pod): number {
  const scheduled = conditionOf(status?.conditions, "PodScheduled");
  const placed = scheduled?.status === "True" ? scheduled.lastTransitionTime : undefined;
  return Date.parse(placed ?? metadata.creationTimestamp ?? "") || 0;
}

/** Nobody can end it any more: it has failed, and goes without grace. */
function gone(pod: Pod): Plan {
  const failed = hasEnded(pod)
    ? []
    : patchTo(podKind, pod, { ...pod, status: { ...pod.status, phase: "Failed" as const } }, "status");
  return { changes: [...failed, remove(podKind, pod, { gracePeriodSeconds: 0 })] };
}

function surplus(seen: Seen): Plan["changes"] {
  const ended = seen.view(podKind).by("ended", "yes");
  if (ended.length <= MOST_ENDED) return [];
  const created = ({ metadata }: Pod): string => metadata.creationTimestamp ?? "";
  const oldest = ended.toSorted((a, b) => (created(a) < created(b) ? -1 : 1)).slice(0, ended.length - MOST_ENDED);
  return oldest.map((pod) => remove(podKind, pod, { gracePeriodSeconds: 0 }));
}
