/** Stale disruption controller: takes back the condition DisruptionTarget of a pod that stayed (upstream's syncStalePodDisruption). */
import type { Controller, Plan } from "#deck/controller.ts";
import { conditionOf, withCondition } from "#kinds/conditions.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { patchTo } from "./changes.ts";
import { hasEnded } from "./pod-facts.ts";

const STALE_MS = 120_000;
// What a node means to end it ends, however long that takes.
const BY_NODE = "TerminationByKubelet";

export const staleDisruptionController: Controller<Pod> = {
  name: "stale-disruption-controller",
  kind: podKind,
  plan: (_key, pod, _seen, _memory, now) => (pod === undefined ? { changes: [] } : plan(pod, now)),
};

function plan(pod: Pod, now: number): Plan {
  const mark = conditionOf(pod.status?.conditions, "DisruptionTarget");
  if (mark?.status !== "True" || mark.reason === BY_NODE) return { changes: [] };
  if (pod.metadata.deletionTimestamp !== undefined || hasEnded(pod)) return { changes: [] };
  const staleAtMs = Date.parse(mark.lastTransitionTime ?? "") + STALE_MS;
  if (staleAtMs > now) return { changes: [], againAtMs: staleAtMs };
  const conditions = withCondition(pod.status?.conditions, { type: mark.type, status: "False" }, now);
  return { changes: patchTo(podKind, pod, { ...pod, status: { ...pod.status, conditions } }, "status") };
}
