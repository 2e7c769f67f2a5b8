/** How long a pod may take to end. */
import type { Int64 } from "#base/json.ts";
import type { PodObject } from "./pod-status.ts";

const DEFAULT_GRACE_SECONDS = 30;
// DIFFERS: longer is taken as 23 days, which timers can wait for (2^31 ms); upstream's sums overflow instead.
const MAX_GRACE_SECONDS = 2_000_000;

/** Only where somebody can end it: on a node, still running. */
export function podGrace({ spec, status }: PodObject, asked: number | undefined): number {
  if ((spec.nodeName ?? "") === "") return 0;
  if (status?.phase === "Succeeded" || status?.phase === "Failed") return 0;
  return graceSeconds(asked ?? spec.terminationGracePeriodSeconds);
}

export function graceSeconds(asked: Int64 | undefined): number {
  return Math.min(MAX_GRACE_SECONDS, Math.max(0, Number(asked ?? DEFAULT_GRACE_SECONDS)));
}
