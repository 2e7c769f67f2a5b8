/** How long a pod may take to end. */
import type { Int64 } from "#base/json.ts";

const DEFAULT_GRACE_SECONDS = 30;
// DIFFERS: longer is taken as 23 days, which timers can wait for (2^31 ms); upstream's sums overflow instead.
const MAX_GRACE_SECONDS = 2_000_000;

export function graceSeconds(asked: Int64 | undefined): number {
  return Math.min(MAX_GRACE_SECONDS, Math.max(0, Number(asked ?? DEFAULT_GRACE_SECONDS)));
}
