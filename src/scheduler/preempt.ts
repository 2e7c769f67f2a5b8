/** Preemption: on which node the fewest and least important pods would have to go for this one. Chooses, never ends them. */
import type { Pod } from "#kinds/core/pod.ts";
import type { Cluster } from "./cluster.ts";
import { neighboursOf } from "./neighbours.ts";
import type { PodNeeds } from "./needs.ts";
import type { NodeFacts } from "./node-facts.ts";
import { type Reasons, shortages } from "./pick.ts";

export type Preemption =
  | { readonly node: string; readonly victims: readonly Pod[] }
  | { readonly node: null; readonly reasons: Reasons };

const NOT_HELPFUL = "Preemption is not helpful for scheduling.";
const NO_VICTIMS = "No preemption victims found for incoming pod.";

interface Choice {
  readonly node: NodeFacts;
  readonly victims: readonly PodNeeds[];
}

export function preempt(pod: Pod, cluster: Cluster): Preemption {
  const needs = cluster.needsOf(pod);
  const { faults } = cluster.suitability(needs);
  const reasons = new Map<string, number>();
  const choices: Choice[] = [];
  for (const [at, node] of [...cluster.nodes].entries()) {
    const victims = (faults[at] ?? null) !== null ? NOT_HELPFUL : cluster.tryOut(() => victimsOn(node, needs, cluster));
    if (typeof victims === "string") reasons.set(victims, (reasons.get(victims) ?? 0) + 1);
    else choices.push({ node, victims });
  }
  const best = choices.toSorted(byHarm)[0];
  return best === undefined
    ? { node: null, reasons: trimmed(reasons) }
    : { node: best.node.name, victims: best.victims.map(({ pod: victim }) => victim) };
}

/** The sentences end the list with a full stop of its own. */
function trimmed(reasons: Reasons): Reasons {
  return new Map([...reasons].map(([reason, count]) => [reason.replace(/\.$/, ""), count]));
}

/** All less important pods go first in thought; then each that need not go is let off, the most important first. */
function victimsOn(node: NodeFacts, needs: PodNeeds, cluster: Cluster): readonly PodNeeds[] | string {
  const lower = [...node.pods.values()].filter(({ priority }) => priority < needs.priority).toSorted(byImportance);
  if (lower.length === 0) return NO_VICTIMS;
  for (const { uid } of lower) cluster.removePod(uid);
  const isPossible = isPlaceable(node, needs, cluster);
  const victims: PodNeeds[] = [];
  for (const candidate of lower) {
    cluster.placePod(candidate.pod, node.name);
    if (!isPossible || isPlaceable(node, needs, cluster)) continue;
    cluster.removePod(candidate.uid);
    victims.push(candidate);
  }
  for (const { pod } of victims) cluster.placePod(pod, node.name);
  return isPossible && victims.length > 0 ? victims : NO_VICTIMS;
}

function isPlaceable(node: NodeFacts, needs: PodNeeds, cluster: Cluster): boolean {
  if (shortages(node, needs).length > 0) return false;
  const { fault } = neighboursOf(cluster, needs, []);
  return fault === null || fault(node) === null;
}

/** More important, then longer running, first. */
function byImportance(a: PodNeeds, b: PodNeeds): number {
  return b.priority - a.priority || startOf(a) - startOf(b);
}

function startOf({ pod }: PodNeeds): number {
  return Date.parse(pod.status?.startTime ?? pod.metadata.creationTimestamp ?? "") || 0;
}

/** Upstream's pickOneNodeForPreemption: the least important victims, the fewest, the youngest. */
function byHarm(a: Choice, b: Choice): number {
  const worst = ({ victims }: Choice): number => Math.max(...victims.map(({ priority }) => priority));
  const sum = ({ victims }: Choice): number => victims.reduce((total, { priority }) => total + priority + 2 ** 31, 0);
  const start = ({ victims }: Choice): number =>
    Math.min(
      ...victims
        .filter(({ priority }) => priority === Math.max(...victims.map((victim) => victim.priority)))
        .map(startOf),
    );
  return worst(a) - worst(b) || sum(a) - sum(b) || a.victims.length - b.victims.length || start(b) - start(a);
}
