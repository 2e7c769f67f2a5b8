/**
 * Nodes and what runs on them, kept up change by change so that a pick never walks all pods: used amounts and ports per node,
 * pods counted per selector and topology value, and which nodes suit which kind of pod. Never decides anything.
 */
import { member } from "#base/dictionary.ts";
import { sameJson } from "#base/json.ts";
import type { Node } from "#kinds/core/node.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { amountsOf, imageName, type NamespaceLabels, needsOf, type PodNeeds, type Term } from "./needs.ts";
import { Fits } from "./fit.ts";
import type { NodeFacts } from "./node-facts.ts";
import { placementFault, preferenceOf, reluctance } from "./placement.ts";

/** By position in Cluster.nodes: why the node does not suit, and what it is worth if it does. */
export interface Suitability {
  /** 1 where there is no fault. */
  readonly isSuited: Uint8Array;
  readonly faults: readonly (string | null)[];
  readonly preferences: readonly number[];
  readonly reluctances: readonly number[];
  readonly hasPreference: boolean;
  readonly hasReluctance: boolean;
}

/** How many pods a term selects, by topology value. */
export interface Count {
  readonly term: Term;
  readonly ignoresTerminating: boolean;
  readonly byValue: Map<string, number>;
  total: number;
}

/** What pods that run somewhere want of their neighbours. */
export interface Declared {
  readonly term: Term;
  readonly weight: number | "forbids";
  readonly byValue: Map<string, number>;
  total: number;
}

// Suitabilities remembered at once; a cluster has far fewer pod templates.
const MOST_SUITABILITIES = 500;

export class Cluster {
  readonly #nodes: NodeFacts[] = [];
  readonly #byName = new Map<string, NodeFacts>();
  readonly #placed = new Map<string, NodeFacts>();
  readonly #counts = new Map<string, Count>();
  readonly #declared = new Map<string, Declared>();
  readonly #suitabilities = new Map<string, Suitability>();
  readonly #domains = new Map<string, number>();
  readonly #imageNodes = new Map<string, number>();
  readonly #nominees = new Map<string, NodeFacts>();
  readonly #needs = new WeakMap<Pod, PodNeeds>();
  readonly #namespaceLabels: NamespaceLabels;
  #version = 0;
  /** Which nodes have room for how much, and how well; kept up by the same changes. */
  readonly fits: Fits = new Fits();

  constructor(namespaceLabels: NamespaceLabels = () => undefined) {
    this.#namespaceLabels = namespaceLabels;
  }

  get nodes(): readonly NodeFacts[] {
    return this.#nodes;
  }

  /** Grows whenever a pod that found no place might find one now. */
  get version(): number {
    return this.#version;
  }

  /** Whether room is kept anywhere. */
  get hasNominees(): boolean {
    return this.#nominees.size > 0;
  }

  node(name: string): NodeFacts | undefined {
    return this.#byName.get(name);
  }

  nodeOf(uid: string): NodeFacts | undefined {
    return this.#placed.get(uid);
  }

  /** How many nodes have an image. */
  imageNodes(image: string): number {
    return this.#imageNodes.get(image) ?? 0;
  }

  needsOf(pod: Pod): PodNeeds {
    let needs = this.#needs.get(pod);
    if (needs === undefined) {
      needs = needsOf(pod, this.#namespaceLabels);
      this.#needs.set(pod, needs);
    }
    return needs;
  }

  setNode(node: Node): void {
    const before = this.#byName.get(node.metadata.name);
    if (before === undefined) return this.#addNode(node);
    const isSamePlace =
      sameJson(before.node.metadata.labels, node.metadata.labels) && sameJson(before.node.spec, node.spec);
    const isSame = isSamePlace && sameJson(before.node.status?.allocatable, node.status?.allocatable);
    if (!sameJson(before.node.status?.images, node.status?.images)) this.#setImages(before, node);
    if (!isSamePlace) this.#forgetNodes();
    if (isSame) {
      before.node = node;
      return;
    }
    this.fits.clear();
    const pods = [...before.pods.values()];
    for (const needs of pods) this.#uncount(before, needs);
    Object.assign(before, staticFacts(node));
    for (const needs of pods) this.#count(before, needs);
    this.#version++;
  }

  removeNode(name: string): void {
    const facts = this.#byName.get(name);
    if (facts === undefined) return;
    for (const uid of facts.pods.keys()) this.removePod(uid);
    this.#setImages(facts, { metadata: { name } });
    this.#byName.delete(name);
    this.#nodes.splice(facts.at, 1);
    for (const [at, node] of this.#nodes.entries()) node.at = at;
    this.#forgetNodes();
    this.#version++;
  }

  /** What was worked out from the nodes as they were. */
  #forgetNodes(): void {
    this.#suitabilities.clear();
    this.#domains.clear();
    this.fits.clear();
  }

  /** How many values a node label has. */
  domains(topologyKey: string): number {
    let count = this.#domains.get(topologyKey);
    if (count === undefined) {
      count = new Set(this.#nodes.flatMap(({ labels }) => member(labels, topologyKey) ?? [])).size;
      this.#domains.set(topologyKey, count);
    }
    return count;
  }

  #addNode(node: Node): void {
    const facts: NodeFacts = {
      name: node.metadata.name,
      at: this.#nodes.length,
      ...staticFacts(node),
      cpuMillis: 0,
      memoryBytes: 0,
      ephemeralBytes: 0,
      others: new Map(),
      scoredCpuMillis: 0,
      scoredMemoryBytes: 0,
      pods: new Map(),
      hostPorts: new Map(),
      nominated: new Map(),
      images: new Map(),
    };
    this.#setImages(facts, node);
    this.#byName.set(facts.name, facts);
    this.#nodes.push(facts);
    this.#forgetNodes();
    this.#version++;
  }

  #setImages(facts: NodeFacts, node: Node): void {
    for (const image of facts.images.keys()) this.#imageNodes.set(image, this.imageNodes(image) - 1);
    facts.images = new Map(
      (node.status?.images ?? []).flatMap(({ names = [], sizeBytes = 0 }) =>
        names.map((name) => [imageName(name), sizeBytes] as const),
      ),
    );
    for (const image of facts.images.keys()) this.#imageNodes.set(image, this.imageNodes(image) + 1);
  }

  /** Puts a pod on a node, or replaces what was known of it. False when the node is not there. */
  placePod(pod: Pod, nodeName: string): boolean {
    const needs = this.needsOf(pod);
    const before = this.#placed.get(needs.uid);
    const facts = this.#byName.get(nodeName);
    const known = before?.pods.get(needs.uid);
    if (before === facts && known !== undefined && isSameToOthers(known, needs)) {
      before?.pods.set(needs.uid, needs);
      return true;
    }
    this.removePod(needs.uid);
    if (facts === undefined) return false;
    facts.pods.set(needs.uid, needs);
    this.#placed.set(needs.uid, facts);
    this.#use(facts, needs, 1);
    this.#count(facts, needs);
    // A new neighbour may be the one that somebody's affinity waits for.
    if (this.#counts.size > 0) this.#version++;
    return true;
  }

  removePod(uid: string): void {
    const facts = this.#placed.get(uid);
    const needs = facts?.pods.get(uid);
    if (facts === undefined || needs === undefined) return;
    facts.pods.delete(uid);
    this.#placed.delete(uid);
    this.#use(facts, needs, -1);
    this.#uncount(facts, needs);
    this.#version++;
  }

  /** Keeps room for a pod on a node that is being cleared for it; null ends that. */
  nominate(pod: Pod, nodeName: string | null): void {
    const needs = this.needsOf(pod);
    const facts = nodeName === null ? undefined : this.#byName.get(nodeName);
    const before = this.#nominees.get(needs.uid);
    before?.nominated.delete(needs.uid);
    this.#nominees.delete(needs.uid);
    // The room that was kept is there for others now.
    if (before !== undefined && before !== facts) this.#version++;
    if (facts === undefined) return;
    facts.nominated.set(needs.uid, needs);
    this.#nominees.set(needs.uid, facts);
  }

  /** What `work` moves for a thought it must move back; nobody is to look again because of it. */
  tryOut<T>(work: () => T): T {
    const version = this.#version;
    const result = work();
    this.#version = version;
    return result;
  }

  #use(facts: NodeFacts, needs: PodNeeds, sign: 1 | -1): void {
    this.fits.touch(facts);
    facts.cpuMillis += sign * needs.cpuMillis;
    facts.memoryBytes += sign * needs.memoryBytes;
    facts.ephemeralBytes += sign * needs.ephemeralBytes;
    facts.scoredCpuMillis += sign * needs.scoredCpuMillis;
    facts.scoredMemoryBytes += sign * needs.scoredMemoryBytes;
    for (const [name, amount] of needs.others ?? []) add(facts.others, name, sign * amount);
    for (const port of needs.hostPorts) add(facts.hostPorts, port, sign);
  }

  #count(facts: NodeFacts, needs: PodNeeds): void {
    for (const count of this.#counts.values()) if (isCounted(count, needs)) tally(count, facts, 1);
    this.#declare(facts, needs, 1);
  }

  #uncount(facts: NodeFacts, needs: PodNeeds): void {
    for (const count of this.#counts.values()) if (isCounted(count, needs)) tally(count, facts, -1);
    this.#declare(facts, needs, -1);
  }

  #declare(facts: NodeFacts, { antiAffinity, affinity, preferred }: PodNeeds, sign: 1 | -1): void {
    for (const term of antiAffinity) tally(this.#declaredOf(term, "forbids"), facts, sign);
    // Upstream's hardPodAffinityWeight: a required affinity also attracts a little in the other direction.
    for (const term of affinity) tally(this.#declaredOf(term, 1), facts, sign);
    for (const term of preferred) tally(this.#declaredOf(term, term.weight), facts, sign);
  }

  #declaredOf(term: Term, weight: Declared["weight"]): Declared {
    const key = `${weight} ${term.key}`;
    let declared = this.#declared.get(key);
    if (declared === undefined) this.#declared.set(key, (declared = { term, weight, byValue: new Map(), total: 0 }));
    return declared;
  }

  /** What those that run already say about this pod. */
  declaredAbout({ namespace, labels }: PodNeeds): readonly Declared[] {
    if (this.#declared.size === 0) return [];
    return [...this.#declared.values()].filter(
      (declared) => declared.total > 0 && declared.term.selects(namespace, labels),
    );
  }

  /** Counted once by walking all pods, kept up from then on. */
  countOf(term: Term, { ignoresTerminating }: { readonly ignoresTerminating: boolean }): Count {
    const key = `${ignoresTerminating} ${term.key}`;
    let count = this.#counts.get(key);
    if (count !== undefined) return count;
    count = { term, ignoresTerminating, byValue: new Map(), total: 0 };
    this.#counts.set(key, count);
    for (const facts of this.#nodes)
      for (const needs of facts.pods.values()) if (isCounted(count, needs)) tally(count, facts, 1);
    return count;
  }

  suitability(needs: PodNeeds): Suitability {
    const known = this.#suitabilities.get(needs.placementKey);
    if (known !== undefined) return known;
    const { pod } = needs;
    const preferences = this.#nodes.map(({ node }) => preferenceOf(pod.spec.affinity ?? {}, node));
    const reluctances = this.#nodes.map(({ node }) => reluctance(pod, node));
    const faults = this.#nodes.map(({ node }) => placementFault(pod, node));
    const made: Suitability = {
      isSuited: Uint8Array.from(faults, (fault) => (fault === null ? 1 : 0)),
      faults,
      preferences,
      reluctances,
      hasPreference: preferences.some((preference) => preference > 0),
      hasReluctance: reluctances.some((count) => count > 0),
    };
    if (this.#suitabilities.size >= MOST_SUITABILITIES) this.#suitabilities.clear();
    this.#suitabilities.set(needs.placementKey, made);
    return made;
  }
}

type Static = Pick<NodeFacts, "node" | "labels" | "allocatable" | "maxPods">;

function staticFacts(node: Node): Static {
  const allocatable = node.status?.allocatable ?? {};
  return {
    node,
    labels: node.metadata.labels ?? {},
    allocatable: amountsOf(allocatable),
    maxPods: Number(allocatable["pods"] ?? "110"),
  };
}

/** A change of its status only: nothing that others would notice. */
function isSameToOthers(a: PodNeeds, b: PodNeeds): boolean {
  return (
    a.isTerminating === b.isTerminating &&
    a.cpuMillis === b.cpuMillis &&
    a.memoryBytes === b.memoryBytes &&
    a.ephemeralBytes === b.ephemeralBytes &&
    sameJson(a.labels, b.labels) &&
    sameJson(a.hostPorts, b.hostPorts)
  );
}

function isCounted({ term, ignoresTerminating }: Count, needs: PodNeeds): boolean {
  return !(ignoresTerminating && needs.isTerminating) && term.selects(needs.namespace, needs.labels);
}

function tally(count: Count | Declared, { labels }: NodeFacts, sign: 1 | -1): void {
  const value = member(labels, count.term.topologyKey);
  if (value === undefined) return;
  add(count.byValue, value, sign);
  count.total += sign;
}

function add(map: Map<string, number>, key: string, amount: number): void {
  const next = (map.get(key) ?? 0) + amount;
  if (next === 0) map.delete(key);
  else map.set(key, next);
}
