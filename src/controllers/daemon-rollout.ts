/** Which daemon pods are replaced next by the current revision: upstream's rollingUpdate, without surge and with it. */
import type { DaemonSet } from "#kinds/apps/daemon-set.ts";
import { shareOf } from "#kinds/apps/template-owner-rules.ts";
import type { IntOrString } from "#kinds/core/pod-spec.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { type Daemons, isUpdated, type Sync } from "./daemon-pods.ts";
import { availableAtMs } from "./pod-facts.ts";

export function allowsSurge({ spec }: DaemonSet): boolean {
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  return type === "RollingUpdate" && shareOf(rollingUpdate?.maxSurge ?? 0) > 0;
}

export function replacements(daemons: Daemons): Sync {
  const { set, nodes, byNode } = daemons;
  const wanted = nodes.filter(({ mayStart }) => mayStart).map(({ name }) => name);
  const { maxUnavailable = 1, maxSurge = 0 } = set.spec.updateStrategy?.rollingUpdate ?? {};
  const surge = allowsSurge(set) ? amountOf(maxSurge, wanted.length) : 0;
  // A node without any pod counts as unavailable.
  const pairs = [...new Set([...wanted, ...byNode.keys()])].map((node) => pairOn(daemons, node));
  if (surge > 0) return surging(daemons, pairs, surge);
  return deleting(daemons, pairs, Math.max(1, amountOf(maxUnavailable, wanted.length)));
}

/** Of whole numbers; percentages round up. */
function amountOf(share: IntOrString, of: number): number {
  return typeof share === "number" ? share : Math.ceil((shareOf(share) * of) / 100);
}

/** The pod of the current revision and the one of another. `isClear` unless there are several of one sort. */
interface Pair {
  readonly node: string;
  readonly isClear: boolean;
  readonly next: Pod | undefined;
  readonly old: Pod | undefined;
}

function pairOn({ set, hash, byNode }: Daemons, node: string): Pair {
  const staying = (byNode.get(node) ?? []).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const [next, ...moreNew] = staying.filter((pod) => isUpdated(set, hash, pod));
  const [old, ...moreOld] = staying.filter((pod) => !isUpdated(set, hash, pod));
  return { node, isClear: moreNew.length + moreOld.length === 0, next, old };
}

function isAvailable({ set, now }: Daemons, pod: Pod): boolean {
  return (availableAtMs(pod, set.spec.minReadySeconds ?? 0) ?? Infinity) <= now;
}

/** Old pods that are not available go at once, of the others as many as may be missing; upkeep makes the new ones. */
function deleting(daemons: Daemons, pairs: readonly Pair[], most: number): Sync {
  const candidates: Pod[] = [];
  const broken: Pod[] = [];
  let unavailable = 0;
  for (const { isClear, next, old } of pairs) {
    if (!isClear || (next === undefined) === (old === undefined)) unavailable++;
    else if (next !== undefined) unavailable += isAvailable(daemons, next) ? 0 : 1;
    else if (old !== undefined) (isAvailable(daemons, old) ? candidates : broken).push(old);
  }
  return { missing: [], spare: [...broken, ...candidates.slice(0, Math.max(0, most - unavailable))] };
}

/** New pods beside old ones, as many as there may be more; an old one goes once the new one is available. */
function surging(daemons: Daemons, pairs: readonly Pair[], most: number): Sync {
  const candidates: string[] = [];
  const broken: string[] = [];
  const replaced: Pod[] = [];
  let surge = 0;
  for (const { node, isClear, next, old } of pairs) {
    if (!isClear) surge++;
    else if (old === undefined) continue;
    else if (next === undefined) (isAvailable(daemons, old) ? candidates : broken).push(node);
    else if (isAvailable(daemons, next)) replaced.push(old);
    else surge++;
  }
  return { missing: [...broken, ...candidates.slice(0, Math.max(0, most - surge))], spare: replaced };
}
