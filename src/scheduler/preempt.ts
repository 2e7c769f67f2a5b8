/** Preemption: on which node the fewest and least important pods would have to go for this one. Chooses, never ends them. */
import type { Node } from "#kinds/core/node.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { isCovered } from "#kinds/policy/disruption.ts";
import type { PodDisruptionBudget } from "#kinds/policy/pod-disruption-budget.ts";
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
  /** How many victims no disruption budget lets go. */
  readonly violations: number;
}

export interface PreemptOptions {
  /** They are kept where that is possible: they make a node a worse choice, never an impossible one. */
  readonly budgets?: readonly PodDisruptionBudget[];
  /** What no victim can change: where the pod's volumes are. */
  readonly faultOn?: (node: Node) => string | null;
}

export function preempt(pod: Pod, cluster: Cluster, { budgets = [], faultOn }: PreemptOptions = {}): Preemption {
  const needs = cluster.needsOf(pod);
  const { faults } = cluster.suitability(needs);
  const reasons = new Map<string, number>();
  const choices: Choice[] = [];
  for (const [at, node] of [...cluster.nodes].entries()) {
    const seen = { node, cluster, budgets };
    const isHopeless = (faults[at] ?? faultOn?.(node.node) ?? null) !== null;
    const found = isHopeless ? NOT_HELPFUL : cluster.tryOut(() => choiceOn(seen, needs));
    if (typeof found === "string") reasons.set(found, (reasons.get(found) ?? 0) + 1);
    else choices.push(found);
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

interface Seen {
  readonly node: NodeFacts;
  readonly cluster: Cluster;
  readonly budgets: readonly PodDisruptionBudget[];
}

/** All less important pods go first in thought; then each that need not go is let off: those first that a budget holds, the most important first. */
function choiceOn({ node, cluster, budgets }: Seen, needs: PodNeeds): Choice | string {
  const lower = [...node.pods.values()].filter(({ priority }) => priority < needs.priority).toSorted(byImportance);
  if (lower.length === 0) return NO_VICTIMS;
  for (const { uid } of lower) cluster.removePod(uid);
  const isPossible = isPlaceable(node, needs, cluster);
  const held = heldBack(lower, budgets);
  const candidates = [...lower.filter((one) => held.has(one)), ...lower.filter((one) => !held.has(one))];
  const victims: PodNeeds[] = [];
  for (const candidate of candidates) {
    cluster.placePod(candidate.pod, node.name);
    if (!isPossible || isPlaceable(node, needs, cluster)) continue;
    cluster.removePod(candidate.uid);
    victims.push(candidate);
  }
  for (const { pod } of victims) cluster.placePod(pod, node.name);
  if (!isPossible || victims.length === 0) return NO_VICTIMS;
  return { node, victims: victims.toSorted(byImportance), violations: victims.filter((one) => held.has(one)).length };
}

/** Upstream's filterPodsWithPDBViolation: those of the pods, taken in their order, for which their budgets have no disruption left. */
function heldBack(pods: readonly PodNeeds[], budgets: readonly PodDisruptionBudget[]): ReadonlySet<PodNeeds> {
  const left = new Map(budgets.map((budget) => [budget, budget.status?.disruptionsAllowed ?? 0]));
  const held = new Set<PodNeeds>();
  for (const needs of pods) {
    for (const budget of budgets) {
      // What an eviction let go already is counted there.
      const isLetGo = Object.hasOwn(budget.status?.disruptedPods ?? {}, needs.pod.metadata.name);
      if (isLetGo || !isCovered(needs.pod, budget)) continue;
      const allowed = (left.get(budget) ?? 0) - 1;
      left.set(budget, allowed);
      if (allowed < 0) held.add(needs);
    }
  }
  return held;
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

/** Upstream's pickOneNodeForPreemption: the fewest violated budgets, the least important victims, the fewest, the youngest. */
function byHarm(a: Choice, b: Choice): number {
  const worst = ({ victims }: Choice): number => Math.max(...victims.map(({ priority }) => priority));
  const sum = ({ victims }: Choice): number => victims.reduce((total, { priority }) => total + priority + 2 ** 31, 0);
  const start = ({ victims }: Choice): number =>
    Math.min(
      ...victims
        .filter(({ priority }) => priority === Math.max(...victims.map((victim) => victim.priority)))
        .map(startOf),
    );
  return (
    a.violations - b.violations ||
    worst(a) - worst(b) ||
    sum(a) - sum(b) ||
    a.victims.length - b.victims.length ||
    start(b) - start(a)
  );
}
