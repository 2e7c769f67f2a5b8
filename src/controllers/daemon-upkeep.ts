/** What a DaemonSet lacks and has too many of, its template aside: upstream's manage and podsShouldBeOnNode. */
import type { Change } from "#deck/objects.ts";
import type { DaemonSet } from "#kinds/apps/daemon-set.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { normalEvent, warningEvent } from "./changes.ts";
import { type Daemons, isUpdated, type Sync } from "./daemon-pods.ts";
import { allowsSurge } from "./daemon-rollout.ts";
import { availableAtMs, isReady } from "./pod-facts.ts";

// Upstream's back-off of failed daemon pods: it contends with an agent that rejects them.
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 15 * 60_000;

/** How long a failed pod stays, by node; a new generation of the set starts anew. */
export interface Backoffs {
  readonly generation: number;
  readonly byNode: ReadonlyMap<string, { readonly delayMs: number; readonly sinceMs: number }>;
}

interface Upkeep extends Sync {
  readonly told: readonly Change[];
  readonly backoffs?: Backoffs;
  readonly againAtMs?: number;
}

export function missingAndSpare(daemons: Daemons, memory: Backoffs | undefined): Upkeep {
  const { set, nodes, byNode } = daemons;
  const generation = set.metadata.generation ?? 0;
  const delays = new Delays(memory?.generation === generation ? memory.byNode : new Map(), daemons.now);
  const missing: string[] = [];
  const spare: Pod[] = [];
  const told: Change[] = [];
  for (const { name, mayStart, mayStay } of nodes) {
    const pods = byNode.get(name) ?? [];
    if (mayStart && pods.length === 0) missing.push(name);
    else if (!mayStay) spare.push(...pods.filter(isStaying));
    else {
      const over = pods.filter((pod) => isStaying(pod) && isOver(pod, name, delays));
      told.push(...over.map((pod) => toldOf(set, pod, name)));
      spare.push(...over, ...superfluous(daemons, pods));
    }
  }
  // Nobody else would ever take what waits for a node that is gone.
  const known = new Set(nodes.map(({ name }) => name));
  for (const [node, pods] of byNode)
    if (!known.has(node)) spare.push(...pods.filter((pod) => isStaying(pod) && (pod.spec.nodeName ?? "") === ""));
  return { missing, spare, told, ...delays.kept(generation) };
}

function isStaying({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp === undefined;
}

/** Failed ones are kept for a time that doubles. */
function isOver({ status }: Pod, node: string, delays: Delays): boolean {
  return status?.phase === "Succeeded" || (status?.phase === "Failed" && delays.take(node));
}

function toldOf(set: DaemonSet, { metadata: { namespace, name }, status }: Pod, node: string): Change {
  const about = `daemon pod ${namespace}/${name} on node ${node}`;
  return status?.phase === "Failed"
    ? warningEvent(set, "FailedDaemonPod", `Found failed ${about}, will try to kill it`)
    : normalEvent(set, "SucceededDaemonPod", `Found succeeded ${about}, will try to delete it`);
}

/** All but the oldest; with surge the oldest of either revision, until the new one is available or the old one not ready. */
function superfluous({ set, hash, now }: Daemons, pods: readonly Pod[]): readonly Pod[] {
  const running = pods.filter(
    (pod) => isStaying(pod) && pod.status?.phase !== "Failed" && pod.status?.phase !== "Succeeded",
  );
  if (running.length <= 1) return [];
  if (!allowsSurge(set)) return running.slice(1);
  const [newest, ...laterNew] = running.filter((pod) => isUpdated(set, hash, pod));
  const [old, ...laterOld] = running.filter((pod) => !isUpdated(set, hash, pod));
  const isReplaced =
    newest !== undefined &&
    old !== undefined &&
    (!isReady(old) || (availableAtMs(newest, set.spec.minReadySeconds ?? 0) ?? Infinity) <= now);
  return [...laterNew, ...laterOld, ...(isReplaced ? [old] : [])];
}

/** client-go's Backoff, as a value. */
class Delays {
  readonly #byNode: Map<string, { readonly delayMs: number; readonly sinceMs: number }>;
  readonly #now: number;
  #againAtMs = Infinity;

  constructor(byNode: Backoffs["byNode"], now: number) {
    // What has been quiet for twice the longest delay is forgotten.
    this.#byNode = new Map([...byNode].filter(([, { sinceMs }]) => now - sinceMs <= 2 * LONGEST_DELAY_MS));
    this.#now = now;
  }

  /** Whether the node's failed pod may go now; the next one stays twice as long. */
  take(node: string): boolean {
    const known = this.#byNode.get(node);
    const dueAtMs = known === undefined ? this.#now : known.sinceMs + known.delayMs;
    if (dueAtMs > this.#now) {
      this.#againAtMs = Math.min(this.#againAtMs, dueAtMs);
      return false;
    }
    const delayMs = known === undefined ? FIRST_DELAY_MS : Math.min(2 * known.delayMs, LONGEST_DELAY_MS);
    this.#byNode.set(node, { delayMs, sinceMs: this.#now });
    return true;
  }

  kept(generation: number): { readonly backoffs?: Backoffs; readonly againAtMs?: number } {
    return {
      ...(this.#byNode.size > 0 && { backoffs: { generation, byNode: this.#byNode } }),
      ...(Number.isFinite(this.#againAtMs) && { againAtMs: this.#againAtMs }),
    };
  }
}
