/**
 * Which nodes have room for a certain amount, and what that is worth: worked out once per amount and then only again for the
 * nodes that have changed. The pods of a workload all ask for the same, so a pick seldom looks at more than one node.
 */
import type { PodNeeds } from "./needs.ts";
import type { NodeFacts } from "./node-facts.ts";

export type Strategy = "LeastAllocated" | "MostAllocated";

/** By place in Cluster.nodes. */
export interface Fit {
  /** 1 where there is room, host ports and extended resources aside. */
  readonly isRoomy: Uint8Array;
  /** How little (or much) is used, and how evenly: 0 to 200. */
  readonly scores: Float64Array;
}

interface Kept extends Fit {
  /** How much of the list of touched nodes is worked in. */
  seen: number;
}

// Different amounts remembered at once.
const MOST_FITS = 200;
// Then the list of touched nodes is started anew, and everything with it.
const MOST_TOUCHED = 100_000;

export class Fits {
  readonly #fits = new Map<string, Kept>();
  #touched: NodeFacts[] = [];

  touch(node: NodeFacts): void {
    if (this.#touched.length >= MOST_TOUCHED) this.clear();
    this.#touched.push(node);
  }

  clear(): void {
    this.#fits.clear();
    this.#touched = [];
  }

  of(needs: PodNeeds, nodes: readonly NodeFacts[], strategy: Strategy): Fit {
    const { cpuMillis, memoryBytes, ephemeralBytes, scoredCpuMillis, scoredMemoryBytes } = needs;
    const key = `${strategy} ${cpuMillis} ${memoryBytes} ${ephemeralBytes} ${scoredCpuMillis} ${scoredMemoryBytes}`;
    const fit = this.#fits.get(key) ?? this.#start(key, nodes.length);
    const changed = fit.seen < 0 ? nodes : this.#touched;
    for (let at = Math.max(0, fit.seen); at < changed.length; at++) {
      const node = changed[at] as NodeFacts;
      fit.isRoomy[node.at] = isRoomy(node, needs) ? 1 : 0;
      fit.scores[node.at] = resourceScore(node, needs, strategy) + balanceScore(node, needs);
    }
    fit.seen = this.#touched.length;
    return fit;
  }

  #start(key: string, count: number): Kept {
    if (this.#fits.size >= MOST_FITS) this.#fits.clear();
    const fit: Kept = { isRoomy: new Uint8Array(count), scores: new Float64Array(count), seen: -1 };
    this.#fits.set(key, fit);
    return fit;
  }
}

function isRoomy(node: NodeFacts, { cpuMillis, memoryBytes, ephemeralBytes }: PodNeeds): boolean {
  const { allocatable } = node;
  return (
    node.pods.size < node.maxPods &&
    (cpuMillis === 0 || node.cpuMillis + cpuMillis <= allocatable.cpuMillis) &&
    (memoryBytes === 0 || node.memoryBytes + memoryBytes <= allocatable.memoryBytes) &&
    (ephemeralBytes === 0 || node.ephemeralBytes + ephemeralBytes <= allocatable.ephemeralBytes)
  );
}

/** Least- or most-allocated: the free (or used) share of CPU and memory, each in whole percent. */
function resourceScore(node: NodeFacts, needs: PodNeeds, strategy: Strategy): number {
  const cpu = freePercent(node.scoredCpuMillis + needs.scoredCpuMillis, node.allocatable.cpuMillis);
  const memory = freePercent(node.scoredMemoryBytes + needs.scoredMemoryBytes, node.allocatable.memoryBytes);
  switch (strategy) {
    case "LeastAllocated":
      return Math.trunc((Math.max(0, cpu) + Math.max(0, memory)) / 2);
    case "MostAllocated":
      return Math.trunc((usedPercent(cpu) + usedPercent(memory)) / 2);
  }
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
