/** Which pods a node's NoExecute taints drive away, and when. Decides for one node; node-lifecycle carries it out. */
import type { Change } from "#deck/objects.ts";
import { type Told, withCondition } from "#kinds/conditions.ts";
import type { Node, Taint } from "#kinds/core/node.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { tolerates } from "#scheduler/placement.ts";
import { normalEvent, patchTo, remove } from "./changes.ts";
import { hasEnded } from "./pod-facts.ts";

export interface Evictions {
  readonly changes: readonly Change[];
  readonly againAtMs?: number;
}

export interface EvictionTime {
  readonly now: number;
  /** Who is tolerated for a time goes no sooner: after a pause the node must have had time to say that it is well. */
  readonly notBeforeMs?: number;
}

export function taintEvictions(node: Node, pods: readonly Pod[], { now, notBeforeMs = 0 }: EvictionTime): Evictions {
  const taints = (node.spec?.taints ?? []).filter(({ effect }) => effect === "NoExecute");
  if (taints.length === 0) return { changes: [] };
  const changes: Change[] = [];
  let againAtMs = Infinity;
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp !== undefined || hasEnded(pod)) continue;
    const endsAtMs = evictionTime(pod, taints, now);
    const dueAtMs = endsAtMs === now ? now : Math.max(endsAtMs, notBeforeMs);
    if (dueAtMs <= now) changes.push(...evict(pod, now));
    else againAtMs = Math.min(againAtMs, dueAtMs);
  }
  return { changes, ...(Number.isFinite(againAtMs) && { againAtMs }) };
}

/** At once if any taint is not tolerated; else when the first toleration runs out; never if none does. */
export function evictionTime({ spec }: Pod, taints: readonly Taint[], now: number): number {
  let dueAtMs = Infinity;
  for (const taint of taints) {
    const toleration = spec.tolerations?.find((one) => tolerates(one, taint));
    if (toleration === undefined) return now;
    if (toleration.tolerationSeconds === undefined) continue;
    const addedAtMs = taint.timeAdded === undefined ? now : Date.parse(taint.timeAdded);
    dueAtMs = Math.min(dueAtMs, addedAtMs + Math.max(0, Number(toleration.tolerationSeconds)) * 1_000);
  }
  return dueAtMs;
}

function evict(pod: Pod, now: number): readonly Change[] {
  const { namespace = "", name } = pod.metadata;
  const disruption: Told = {
    type: "DisruptionTarget",
    status: "True",
    reason: "DeletionByTaintManager",
    message: "Taint manager: deleting due to NoExecute taint",
  };
  const conditions = withCondition(pod.status?.conditions, disruption, now);
  return [
    normalEvent(pod, "TaintManagerEviction", `Marking for deletion Pod ${namespace}/${name}`),
    ...patchTo(podKind, pod, { ...pod, status: { ...pod.status, conditions } }, "status"),
    remove(podKind, pod),
  ];
}
