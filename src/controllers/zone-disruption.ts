/** How fast the nodes of a zone may lose their pods: the more of them fall silent together, the likelier it is the network that failed. Pure. */
import { isTrueOf } from "#kinds/conditions.ts";
import type { Node } from "#kinds/core/node.ts";

/** pkg/controller/nodelifecycle: normal, partialDisruption, fullDisruption. */
export type Disruption = "none" | "partial" | "full";

// kube-controller-manager's --node-eviction-rate of 0.1, --secondary-node-eviction-rate of 0.01 nodes a second.
const EVERY_MS = 10_000;
const EVERY_MS_IN_LARGE = 100_000;
// Its --large-cluster-size-threshold: smaller zones evict nobody while they are partially disrupted.
const LARGE_ZONE = 50;
// Its --unhealthy-zone-threshold, and the two nodes that every zone may lose before it counts.
const UNHEALTHY_SHARE = 0.55;
const FEW_NODES = 2;
const REGION_LABELS = ["topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"];
const ZONE_LABELS = ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"];
const EXCLUDED_LABEL = "node.kubernetes.io/exclude-disruption";

export function zoneOf({ metadata: { labels = {} } }: Node): string {
  const first = (names: readonly string[]): string => names.map((name) => labels[name]).find(Boolean) ?? "";
  return `${first(REGION_LABELS)}/${first(ZONE_LABELS)}`;
}

/** ComputeZoneState. */
export function disruptionOf({ ready, lost }: { readonly ready: number; readonly lost: number }): Disruption {
  if (ready === 0 && lost > 0) return "full";
  return lost > FEW_NODES && lost / (lost + ready) >= UNHEALTHY_SHARE ? "partial" : "none";
}

/**
 * The time between two nodes of the zone that begin to lose their pods; Infinity: none begins. "suspended" when no node of any zone is
 * ready: then it is this control plane that is cut off, nobody loses anything, and what was begun is taken back.
 */
export function evictionPace(nodes: readonly Node[], zone: string): number | "suspended" {
  const counts = new Map<string, { ready: number; lost: number }>();
  for (const node of nodes) {
    if (node.metadata.labels?.[EXCLUDED_LABEL] !== undefined) continue;
    const key = zoneOf(node);
    const count = counts.get(key) ?? { ready: 0, lost: 0 };
    const isReady = isTrueOf(node.status?.conditions, "Ready");
    counts.set(key, isReady ? { ...count, ready: count.ready + 1 } : { ...count, lost: count.lost + 1 });
  }
  const zones = [...counts.values()];
  if (zones.length > 0 && zones.every((count) => disruptionOf(count) === "full")) return "suspended";
  const { ready, lost } = counts.get(zone) ?? { ready: 0, lost: 0 };
  if (disruptionOf({ ready, lost }) !== "partial") return EVERY_MS;
  return ready + lost > LARGE_ZONE ? EVERY_MS_IN_LARGE : Infinity;
}

/** Which node of each zone began to lose its pods last, and when: a bucket of one token, as EvictionRateLimiterBurst has it. */
export class EvictionTurns {
  readonly #last = new Map<string, { readonly node: string; readonly atMs: number }>();

  /** Whether the node may begin now; then the turn is its own until the next may, also when its taint could not be written and it asks again. */
  take({ zone, node }: { readonly zone: string; readonly node: string }, everyMs: number, now: number): boolean {
    // Upstream swaps in a limiter that never lets anybody through.
    if (everyMs === Infinity) return false;
    const last = this.#last.get(zone);
    if (last !== undefined && now < last.atMs + everyMs) return last.node === node;
    this.#last.set(zone, { node, atMs: now });
    return true;
  }
}
