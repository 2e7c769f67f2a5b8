/** The scheduler's pick: filters the nodes, scores those that are left, and says in upstream's words why none is. Pure. */
import { elementAt } from "#base/element.ts";
import type { Node } from "#kinds/core/node.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { Cluster, Suitability } from "./cluster.ts";
import type { Fit, Strategy } from "./fit.ts";
import { type Neighbours, neighboursOf } from "./neighbours.ts";
import type { PodNeeds, Spread } from "./needs.ts";
import type { NodeFacts } from "./node-facts.ts";

export interface PickOptions {
  /** Spread over the emptiest nodes (default) or fill the fullest first. */
  readonly strategy?: Strategy;
  /** Soft constraints for pods without their own: the service's or the replica set's pods apart. */
  readonly spreads?: readonly Spread[];
  /** What else keeps the pod from a node: where its volumes are. */
  readonly faultOn?: (node: Node) => string | null;
}

export type Picked = { readonly node: string } | { readonly node: null; readonly reasons: Reasons };

/** How many nodes fell for which reason; a node that lacks two resources counts for both. */
export type Reasons = ReadonlyMap<string, number>;

export function pick(pod: Pod, cluster: Cluster, options: PickOptions = {}): Picked {
  const needs = cluster.needsOf(pod);
  const suitability = cluster.suitability(needs);
  const fit = cluster.fits.of(needs, cluster.nodes, options.strategy ?? "LeastAllocated");
  const neighbours = neighboursOf(cluster, needs, options.spreads ?? []);
  const { faultOn = null } = options;
  const contest: Contest = { cluster, needs, suitability, fit, neighbours, faultOn };
  const feasible = feasibleNodes(contest);
  if (feasible.length === 0) return { node: null, reasons: reasonsOf(contest) };
  const best = feasible.length === 1 ? (feasible[0] ?? 0) : bestOf(feasible, contest);
  return { node: elementAt(cluster.nodes, best).name };
}

interface Contest {
  readonly cluster: Cluster;
  readonly needs: PodNeeds;
  readonly suitability: Suitability;
  readonly fit: Fit;
  readonly neighbours: Neighbours;
  readonly faultOn: ((node: Node) => string | null) | null;
}

/** Loops over plain arrays, here and below: this is where the scheduler's time goes. */
function feasibleNodes({ cluster, needs, suitability, fit, neighbours, faultOn }: Contest): Int32Array {
  const { nodes } = cluster;
  const { fault } = neighbours;
  const isSpecial = needs.hostPorts.length > 0 || needs.others !== null || cluster.hasNominees;
  const found = new Int32Array(nodes.length);
  let count = 0;
  for (let at = 0; at < nodes.length; at++) {
    if (suitability.isSuited[at] === 0 || fit.isRoomy[at] === 0) continue;
    if (isSpecial && shortages(elementAt(nodes, at), needs).length > 0) continue;
    if (faultOn !== null && faultOn(elementAt(nodes, at).node) !== null) continue;
    if (fault === null || fault(elementAt(nodes, at)) === null) found[count++] = at;
  }
  return found.subarray(0, count);
}

/** Only a pod that finds no node is told why, node by node. */
function reasonsOf({ cluster, needs, suitability, neighbours, faultOn }: Contest): Reasons {
  const reasons = new Map<string, number>();
  for (const [at, node] of cluster.nodes.entries()) {
    const fault = suitability.faults[at] ?? null;
    const short = fault === null ? shortages(node, needs) : [fault];
    // Upstream's order of plugins: VolumeBinding comes before the neighbours.
    const last = short.length === 0 ? (faultOn?.(node.node) ?? neighbours.fault?.(node) ?? null) : null;
    for (const reason of last === null ? short : [last]) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return reasons;
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
  const used = (name: string): number =>
    coming.reduce((sum, other) => sum + (other.others?.get(name) ?? 0), node.others.get(name) ?? 0);
  const others = [...(needs.others ?? [])].filter(
    ([name, amount]) => amount > 0 && used(name) + amount > (allocatable.others?.get(name) ?? 0),
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

// Upstream's default plugin weights; resources, balance and images weigh 1.
const WEIGHT_TAINTS = 3;
const WEIGHT_AFFINITY = 2;
const WEIGHT_SPREAD = 2;

function bestOf(feasible: Int32Array, { cluster, needs, suitability, fit, neighbours }: Contest): number {
  const { nodes } = cluster;
  const hasImages = needs.images.some((image) => cluster.imageNodes(image) > 0);
  const scores = new Float64Array(feasible.length);
  for (let at = 0; at < feasible.length; at++) {
    const node = feasible[at] ?? 0;
    const images = hasImages ? imageScore(elementAt(nodes, node), needs, cluster) : 0;
    scores[at] = (fit.scores[node] ?? 0) + images;
  }
  const add = (valueOf: (node: number) => number, scale: Scale, weight: number): void =>
    addScaled(scores, feasible, { valueOf, scale, weight });
  if (suitability.hasReluctance) add((node) => suitability.reluctances[node] ?? 0, lowIsBest, WEIGHT_TAINTS);
  if (suitability.hasPreference) add((node) => suitability.preferences[node] ?? 0, highIsBest, WEIGHT_AFFINITY);
  const { spreadScore, affinityScore } = neighbours;
  if (spreadScore !== null) add((node) => spreadScore(elementAt(nodes, node)), fewIsBest, WEIGHT_SPREAD);
  if (affinityScore !== null) add((node) => affinityScore(elementAt(nodes, node)), spanned, WEIGHT_AFFINITY);
  return winner(feasible, scores, needs.uid);
}

/** From a raw value to 0..100, knowing the extremes. */
type Scale = (value: number, least: number, most: number) => number;

function addScaled(
  scores: Float64Array,
  feasible: Int32Array,
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
    const value = valueOf(feasible[at] ?? 0);
    values[at] = value;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  for (let at = 0; at < values.length; at++)
    scores[at] = (scores[at] ?? 0) + weight * Math.trunc(scale(values[at] ?? 0, least, most));
}

/** Of equals one at random, so that many schedulers (and many pods) do not all choose the same; the pod's uid is the die. */
function winner(feasible: Int32Array, scores: Float64Array, uid: string): number {
  let best = -Infinity;
  let ties = 0;
  for (let at = 0; at < scores.length; at++) {
    const score = scores[at] ?? 0;
    if (score > best) ties = 0;
    if (score >= best) ties++;
    if (score > best) best = score;
  }
  let hash = 0x811c9dc5;
  for (let at = 0; at < uid.length; at++) hash = Math.imul(hash ^ uid.charCodeAt(at), 0x01000193) >>> 0;
  let skip = hash % ties;
  for (let at = 0; at < scores.length; at++) if (scores[at] === best && skip-- === 0) return feasible[at] ?? 0;
  return feasible[0] ?? 0;
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
