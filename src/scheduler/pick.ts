/** The scheduler's pick: filters the nodes, scores those that are left, and says in upstream's words why none is. Pure. */
import type { Pod } from "#kinds/pod.ts";
import type { Cluster, NodeFacts, Suitability } from "./cluster.ts";
import { type Neighbours, neighboursOf } from "./neighbours.ts";
import type { PodNeeds, Spread } from "./needs.ts";

export interface PickOptions {
  /** Spread over the emptiest nodes (default) or fill the fullest first. */
  readonly strategy?: "LeastAllocated" | "MostAllocated";
  /** Soft constraints for pods without their own: the service's or the replica set's pods apart. */
  readonly spreads?: readonly Spread[];
}

export type Picked = { readonly node: string } | { readonly node: null; readonly reasons: Reasons };

/** How many nodes fell for which reason; a node that lacks two resources counts for both. */
export type Reasons = ReadonlyMap<string, number>;

export function pick(pod: Pod, cluster: Cluster, options: PickOptions = {}): Picked {
  const needs = cluster.needsOf(pod);
  const suitability = cluster.suitability(needs);
  const neighbours = neighboursOf(cluster, needs, options.spreads ?? []);
  const reasons = new Map<string, number>();
  const feasible: number[] = [];
  for (let at = 0; at < cluster.nodes.length; at++) {
    const node = cluster.nodes[at] as NodeFacts;
    const fault = suitability.faults[at] ?? null;
    if (fault !== null) count(reasons, fault);
    else if (fits(node, needs, reasons) && passes(node, neighbours, reasons)) feasible.push(at);
  }
  if (feasible.length === 0) return { node: null, reasons };
  const best =
    feasible.length === 1
      ? (feasible[0] as number)
      : bestOf(feasible, { cluster, needs, suitability, neighbours, options });
  return { node: (cluster.nodes[best] as NodeFacts).name };
}

function count(reasons: Map<string, number>, reason: string): void {
  reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
}

function passes(node: NodeFacts, { fault }: Neighbours, reasons: Map<string, number>): boolean {
  const reason = fault === null ? null : fault(node);
  if (reason !== null) count(reasons, reason);
  return reason === null;
}

function fits(node: NodeFacts, needs: PodNeeds, reasons: Map<string, number>): boolean {
  if (isRoomy(node, needs)) return true;
  for (const reason of shortages(node, needs)) count(reasons, reason);
  return false;
}

/** The quick test; only a node that fails it is asked why. */
function isRoomy(node: NodeFacts, needs: PodNeeds): boolean {
  if (node.nominated.size > 0 || needs.hostPorts.length > 0 || needs.others !== null)
    return shortages(node, needs).length === 0;
  const { allocatable } = node;
  return (
    node.pods.size < node.maxPods &&
    (needs.cpuMillis === 0 || node.cpuMillis + needs.cpuMillis <= allocatable.cpuMillis) &&
    (needs.memoryBytes === 0 || node.memoryBytes + needs.memoryBytes <= allocatable.memoryBytes) &&
    (needs.ephemeralBytes === 0 || node.ephemeralBytes + needs.ephemeralBytes <= allocatable.ephemeralBytes)
  );
}

/** Everything that the node is short of, with those counted that are nominated to it and matter as much. */
export function shortages(node: NodeFacts, needs: PodNeeds): readonly string[] {
  const coming = [...node.nominated.values()].filter(
    ({ uid, priority }) => uid !== needs.uid && priority >= needs.priority,
  );
  if (
    needs.hostPorts.some((port) => isPortTaken(node, port) || coming.some(({ hostPorts }) => hostPorts.includes(port)))
  )
    return ["node(s) didn't have free ports for the requested pod ports"];
  const { allocatable } = node;
  const isShort = (of: "cpuMillis" | "memoryBytes" | "ephemeralBytes"): boolean =>
    needs[of] > 0 && node[of] + needs[of] + coming.reduce((sum, other) => sum + other[of], 0) > allocatable[of];
  const others = [...(needs.others ?? [])].filter(
    ([name, amount]) => amount > 0 && (node.others.get(name) ?? 0) + amount > (allocatable.others?.get(name) ?? 0),
  );
  return [
    ...(node.pods.size + coming.length + 1 > node.maxPods ? ["Too many pods"] : []),
    ...(isShort("cpuMillis") ? ["Insufficient cpu"] : []),
    ...(isShort("memoryBytes") ? ["Insufficient memory"] : []),
    ...(isShort("ephemeralBytes") ? ["Insufficient ephemeral-storage"] : []),
    ...others.map(([name]) => `Insufficient ${name}`),
  ];
}

/** 0.0.0.0 meets every address of the same port. */
function isPortTaken(node: NodeFacts, wanted: string): boolean {
  if (node.hostPorts.has(wanted)) return true;
  const [protocol, ip, port] = wanted.split("/");
  for (const taken of node.hostPorts.keys()) {
    const [otherProtocol, otherIp, otherPort] = taken.split("/");
    if (protocol === otherProtocol && port === otherPort && (ip === "0.0.0.0" || otherIp === "0.0.0.0")) return true;
  }
  return false;
}

interface Contest {
  readonly cluster: Cluster;
  readonly needs: PodNeeds;
  readonly suitability: Suitability;
  readonly neighbours: Neighbours;
  readonly options: PickOptions;
}

// Upstream's default plugin weights; resources, balance and images weigh 1.
const WEIGHT_TAINTS = 3;
const WEIGHT_AFFINITY = 2;
const WEIGHT_SPREAD = 2;

/** Loops over plain arrays: this is where the scheduler's time goes. */
function bestOf(feasible: readonly number[], contest: Contest): number {
  const { cluster, needs, suitability, neighbours, options } = contest;
  const nodes = cluster.nodes;
  const isPacking = options.strategy === "MostAllocated";
  const hasImages = needs.images.some((image) => cluster.imageNodes(image) > 0);
  const scores = new Float64Array(feasible.length);
  for (let at = 0; at < feasible.length; at++) {
    const node = nodes[feasible[at] as number] as NodeFacts;
    scores[at] =
      resourceScore(node, needs, isPacking) +
      balanceScore(node, needs) +
      (hasImages ? imageScore(node, needs, cluster) : 0);
  }
  const add = (valueOf: (node: number) => number, scale: Scale, weight: number): void =>
    addScaled(scores, feasible, { valueOf, scale, weight });
  if (suitability.hasReluctance) add((node) => suitability.reluctances[node] ?? 0, lowIsBest, WEIGHT_TAINTS);
  if (suitability.hasPreference) add((node) => suitability.preferences[node] ?? 0, highIsBest, WEIGHT_AFFINITY);
  const { spreadScore, affinityScore } = neighbours;
  if (spreadScore !== null) add((node) => spreadScore(nodes[node] as NodeFacts), fewIsBest, WEIGHT_SPREAD);
  if (affinityScore !== null) add((node) => affinityScore(nodes[node] as NodeFacts), spanned, WEIGHT_AFFINITY);
  return winner(feasible, scores, needs.uid);
}

/** From a raw value to 0..100, knowing the extremes. */
type Scale = (value: number, least: number, most: number) => number;

function addScaled(
  scores: Float64Array,
  feasible: readonly number[],
  {
    valueOf,
    scale,
    weight,
  }: { readonly valueOf: (node: number) => number; readonly scale: Scale; readonly weight: number },
): void {
  const values = new Float64Array(feasible.length);
  let least = Infinity;
  let most = -Infinity;
  for (let at = 0; at < feasible.length; at++) {
    const value = valueOf(feasible[at] as number);
    values[at] = value;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  for (let at = 0; at < values.length; at++)
    scores[at] = (scores[at] as number) + weight * Math.trunc(scale(values[at] as number, least, most));
}

/** Of equals one at random, so that many schedulers (and many pods) do not all choose the same; the pod's uid is the die. */
function winner(feasible: readonly number[], scores: Float64Array, uid: string): number {
  let best = -Infinity;
  let ties = 0;
  for (const score of scores) {
    if (score > best) ties = 0;
    if (score >= best) ties++;
    if (score > best) best = score;
  }
  let hash = 0x811c9dc5;
  for (let at = 0; at < uid.length; at++) hash = Math.imul(hash ^ uid.charCodeAt(at), 0x01000193) >>> 0;
  let skip = hash % ties;
  for (let at = 0; at < scores.length; at++) if (scores[at] === best && skip-- === 0) return feasible[at] as number;
  return feasible[0] as number;
}

/** Least- or most-allocated: the free (or used) share of CPU and memory, each in whole percent. */
function resourceScore(node: NodeFacts, needs: PodNeeds, isPacking: boolean): number {
  const cpu = freePercent(node.scoredCpuMillis + needs.scoredCpuMillis, node.allocatable.cpuMillis);
  const memory = freePercent(node.scoredMemoryBytes + needs.scoredMemoryBytes, node.allocatable.memoryBytes);
  return isPacking
    ? Math.trunc((usedPercent(cpu) + usedPercent(memory)) / 2)
    : Math.trunc((Math.max(0, cpu) + Math.max(0, memory)) / 2);
}

function freePercent(used: number, allocatable: number): number {
  return allocatable === 0 || used > allocatable ? -1 : Math.trunc(((allocatable - used) * 100) / allocatable);
}

/** What is over-used scores nothing either way. */
function usedPercent(free: number): number {
  return free < 0 ? 0 : 100 - free;
}

/** A node whose CPU and memory are used alike wastes neither. */
function balanceScore(node: NodeFacts, needs: PodNeeds): number {
  const { cpuMillis, memoryBytes } = node.allocatable;
  const cpu = cpuMillis === 0 ? 1 : Math.min(1, (node.cpuMillis + needs.cpuMillis) / cpuMillis);
  const memory = memoryBytes === 0 ? 1 : Math.min(1, (node.memoryBytes + needs.memoryBytes) / memoryBytes);
  return Math.trunc((1 - Math.abs(cpu - memory) / 2) * 100);
}

// Upstream's thresholds: smaller images are not worth it, larger ones are worth no more.
const IMAGE_LEAST_BYTES = 23 * 1024 * 1024;
const IMAGE_MOST_BYTES = 1000 * 1024 * 1024;

function imageScore(node: NodeFacts, { images }: PodNeeds, cluster: Cluster): number {
  const sum = images.reduce(
    (total, image) =>
      total + Math.trunc(((node.images.get(image) ?? 0) * cluster.imageNodes(image)) / cluster.nodes.length),
    0,
  );
  const most = IMAGE_MOST_BYTES * images.length;
  const clamped = Math.min(most, Math.max(IMAGE_LEAST_BYTES, sum));
  return Math.trunc((100 * (clamped - IMAGE_LEAST_BYTES)) / (most - IMAGE_LEAST_BYTES));
}

function highIsBest(value: number, _least: number, most: number): number {
  return most === 0 ? 0 : (value * 100) / most;
}

function lowIsBest(value: number, _least: number, most: number): number {
  return most === 0 ? 100 : 100 - Math.trunc((value * 100) / most);
}

function fewIsBest(value: number, least: number, most: number): number {
  return most === 0 ? 100 : (100 * (most + least - value)) / most;
}

function spanned(value: number, least: number, most: number): number {
  return most === least ? 0 : (100 * (value - least)) / (most - least);
}
