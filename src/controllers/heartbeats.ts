/** When each node was last heard of, by our own clock: a controller that stood still itself has heard nobody, and holds that against nobody. */
import type { Lease } from "#kinds/core/lease.ts";
import type { Node } from "#kinds/core/node.ts";

// Leases are renewed every 10 s, so a pause of up to this length does not make one old; anything longer is forgiven.
const PAUSE_MS = 25_000;

interface Heard {
  readonly uid: string;
  /** What changes with each sign of life: the lease's time and the condition's, whatever clock wrote them. */
  readonly sign: string;
  readonly atMs: number;
}

/** Upstream's nodeHealthMap with its probeTimestamp, and the pauses that upstream does not forgive. */
export class Heartbeats {
  readonly #nodes = new Map<string, Heard>();
  #lookedAtMs: number | undefined;
  #awakeSinceMs = 0;

  /** Since when somebody has looked without a pause. */
  get awakeSinceMs(): number {
    return this.#awakeSinceMs;
  }

  /** To be called at least every PAUSE_MS while there are nodes. */
  lastHeard(node: Node, lease: Lease | undefined, now: number): number {
    const sinceMs = this.#lookedAtMs === undefined ? Infinity : now - this.#lookedAtMs;
    // A clock that is set back starts anew too: what it said before lies in the future now.
    if (sinceMs > PAUSE_MS || sinceMs < 0) this.#awakeSinceMs = now;
    this.#lookedAtMs = now;
    const { name, uid = "" } = node.metadata;
    const beat = node.status?.conditions?.find(({ type }) => type === "Ready")?.lastHeartbeatTime;
    const sign = `${lease?.spec?.renewTime ?? ""} ${beat ?? ""}`;
    const before = this.#nodes.get(name);
    const isNew = before === undefined || before.uid !== uid || before.sign !== sign;
    const atMs = isNew ? now : Math.min(now, before.atMs);
    if (before?.atMs !== atMs || isNew) this.#nodes.set(name, { uid, sign, atMs });
    return Math.max(atMs, this.#awakeSinceMs);
  }

  forget(name: string): void {
    this.#nodes.delete(name);
  }
}
