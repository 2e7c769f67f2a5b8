/** The rules of a pod about the pods around it: affinity, anti-affinity (its own and theirs), spreading; as checks and scores per node. */
import { member } from "#base/dictionary.ts";
import type { Cluster, Count, Declared } from "./cluster.ts";
import type { PodNeeds, Spread, Term } from "./needs.ts";
import type { NodeFacts } from "./node-facts.ts";
import { isTaintFree, suitsAffinity } from "./placement.ts";

const NO_AFFINITY = "node(s) didn't match pod affinity rules";
const NO_ANTI_AFFINITY = "node(s) didn't match pod anti-affinity rules";
const NO_EXISTING = "node(s) didn't satisfy existing pods anti-affinity rules";
const NO_SPREAD = "node(s) didn't match pod topology spread constraints";
const NO_LABEL = `${NO_SPREAD} (missing required label)`;

export interface Neighbours {
  /** Null when no rule looks at neighbours at all: the common case. */
  readonly fault: ((node: NodeFacts) => string | null) | null;
  readonly spreadScore: ((node: NodeFacts) => number) | null;
  readonly affinityScore: ((node: NodeFacts) => number) | null;
}

/** `extra` are soft constraints that the pod did not ask for itself. */
export function neighboursOf(cluster: Cluster, needs: PodNeeds, extra: readonly Spread[]): Neighbours {
  const checks = [
    ...needs.spreads.filter(({ isRequired }) => isRequired).map((spread) => spreadCheck(cluster, needs, spread)),
    ...affinityChecks(cluster, needs),
  ];
  const soft = [...needs.spreads.filter(({ isRequired }) => !isRequired), ...(needs.spreads.length === 0 ? extra : [])];
  return {
    fault: checks.length === 0 ? null : (node) => firstFault(checks, node),
    spreadScore: spreadScore(cluster, soft),
    affinityScore: affinityScore(cluster, needs),
  };
}

type Check = (node: NodeFacts) => string | null;

function firstFault(checks: readonly Check[], node: NodeFacts): string | null {
  for (const check of checks) {
    const fault = check(node);
    if (fault !== null) return fault;
  }
  return null;
}

/** With the pod here, its domain may not have more than `maxSkew` pods more than the emptiest one. */
function spreadCheck(cluster: Cluster, needs: PodNeeds, spread: Spread): Check {
  const { byValue } = cluster.countOf(spread, { ignoresTerminating: true });
  const domains = new Set<string>();
  for (const { node, labels } of cluster.nodes) {
    const value = member(labels, spread.topologyKey);
    if (value === undefined || domains.has(value) || !isEligible(needs, spread, node)) continue;
    domains.add(value);
  }
  const least =
    domains.size < spread.minDomains ? 0 : Math.min(...[...domains].map((value) => byValue.get(value) ?? 0));
  const own = spread.selects(needs.namespace, needs.labels) ? 1 : 0;
  return ({ labels }) => {
    const value = member(labels, spread.topologyKey);
    if (value === undefined) return NO_LABEL;
    return (byValue.get(value) ?? 0) + own - least > spread.maxSkew ? NO_SPREAD : null;
  };
}

function isEligible({ pod }: PodNeeds, { honorsAffinity, honorsTaints }: Spread, node: NodeFacts["node"]): boolean {
  return (
    (!honorsAffinity || suitsAffinity(pod, node)) && (!honorsTaints || isTaintFree(node, pod.spec.tolerations ?? []))
  );
}

function affinityChecks(cluster: Cluster, needs: PodNeeds): readonly Check[] {
  const forbidding = cluster.declaredAbout(needs).filter(({ weight }) => weight === "forbids");
  const repelled = needs.antiAffinity.map((term) => cluster.countOf(term, ALL));
  const checks: Check[] = [];
  if (needs.affinity.length > 0) checks.push(attractionCheck(cluster, needs));
  if (repelled.length > 0)
    checks.push(({ labels }) => (repelled.some((count) => hasAny(count, labels)) ? NO_ANTI_AFFINITY : null));
  if (forbidding.length > 0)
    checks.push(({ labels }) => (forbidding.some((declared) => hasAny(declared, labels)) ? NO_EXISTING : null));
  return checks;
}

const ALL = { ignoresTerminating: false };

function hasAny({ term, byValue }: Count | Declared, labels: NodeFacts["labels"]): boolean {
  const value = member(labels, term.topologyKey);
  return value !== undefined && (byValue.get(value) ?? 0) > 0;
}

/** The first of a group that wants company finds none: it may start one itself, where the labels are. */
function attractionCheck(cluster: Cluster, needs: PodNeeds): Check {
  const wanted = needs.affinity.map((term) => cluster.countOf(term, ALL));
  const isFirst =
    wanted.every(({ total }) => total === 0) &&
    needs.affinity.every((term: Term) => term.selects(needs.namespace, needs.labels));
  return ({ labels }) => {
    const isLabelled = wanted.every(({ term }) => member(labels, term.topologyKey) !== undefined);
    return isLabelled && (isFirst || wanted.every((count) => hasAny(count, labels))) ? null : NO_AFFINITY;
  };
}

/** Fewer is better; each constraint weighs by the logarithm of its number of domains, as upstream's. */
function spreadScore(cluster: Cluster, spreads: readonly Spread[]): Neighbours["spreadScore"] {
  const weighed = spreads.map((spread) => {
    const { byValue } = cluster.countOf(spread, { ignoresTerminating: true });
    const domains = cluster.domains(spread.topologyKey);
    return {
      key: spread.topologyKey,
      skew: spread.maxSkew - 1,
      byValue,
      weight: Math.log(domains + 2),
      isKnown: domains > 0,
    };
  });
  const useful = weighed.filter(({ isKnown }) => isKnown);
  if (useful.length === 0) return null;
  return ({ labels }) => {
    let sum = 0;
    for (const { key, skew, byValue, weight } of useful) {
      const value = member(labels, key);
      if (value !== undefined) sum += (byValue.get(value) ?? 0) * weight + skew;
    }
    return sum;
  };
}

function affinityScore(cluster: Cluster, needs: PodNeeds): Neighbours["affinityScore"] {
  const own = needs.preferred.map((term) => ({
    weight: term.weight,
    count: cluster.countOf(term, ALL) as Count | Declared,
  }));
  const theirs = cluster
    .declaredAbout(needs)
    .flatMap((declared) => (declared.weight === "forbids" ? [] : [{ weight: declared.weight, count: declared }]));
  const all = [...own, ...theirs];
  if (all.length === 0) return null;
  return ({ labels }) =>
    all.reduce(
      (sum, { weight, count }) => sum + weight * (count.byValue.get(member(labels, count.term.topologyKey) ?? "") ?? 0),
      0,
    );
}
