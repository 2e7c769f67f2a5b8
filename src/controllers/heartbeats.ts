/** When a node was last heard of, by our own clock: a controller that stood still itself has heard nobody, and holds that against nobody. Pure. */
import { conditionOf } from "#kinds/conditions.ts";
import type { Lease } from "#kinds/core/lease.ts";
import type { Node } from "#kinds/core/node.ts";

// Leases are renewed every 10 s, so a pause of up to this length does not make one old; anything longer is forgiven.
const PAUSE_MS = 25_000;

/** What is remembered of a node: upstream's nodeHealthMap with its probeTimestamp, and the pauses that upstream does not forgive. */
export interface Heartbeat {
  /** The last sign of life. */
  readonly sign: string;
  /** When it was first seen. */
  readonly atMs: number;
  /** When we looked last. */
  readonly lookedAtMs: number;
  /** Since when we have looked without a pause. */
  readonly awakeSinceMs: number;
}

/** What changes with each sign of life: the lease's time and the condition's, whatever clock wrote them. */
export function signOf(node: Node, lease: Lease | undefined): string {
  const beat = conditionOf(node.status?.conditions, "Ready")?.lastHeartbeatTime;
  return `${lease?.spec?.renewTime ?? ""} ${beat ?? ""}`;
}

/** To be asked at least every PAUSE_MS. */
export function nextHeartbeat(before: Heartbeat | undefined, sign: string, now: number): Heartbeat {
  if (before === undefined) return { sign, atMs: now, lookedAtMs: now, awakeSinceMs: now };
  const pausedMs = now - before.lookedAtMs;
  return {
    sign,
    atMs: before.sign === sign ? Math.min(now, before.atMs) : now,
    lookedAtMs: now,
    // A clock that is set back starts anew too: what it said before lies in the future now.
    awakeSinceMs: pausedMs > PAUSE_MS || pausedMs < 0 ? now : before.awakeSinceMs,
  };
}

/** Not before the end of a pause of ours. */
export function lastHeard({ atMs, awakeSinceMs }: Heartbeat): number {
  return Math.max(atMs, awakeSinceMs);
}
