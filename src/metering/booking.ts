/** What booked CPU and memory are of nodes: how many nodes they need, and which part of nodes they are. The one rule for pods; pure. */
import type { NodePrice } from "./price-book.ts";

/** Milli-cores and bytes, or both multiplied by one time (milli-core·ms, byte·ms). */
export interface Amounts {
  readonly cpuMillis: bigint;
  readonly memoryBytes: bigint;
}

/** A part of a whole, without rounding. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Half of a node's price is its CPU, half its memory: so the parts of all that fits on a node never exceed it. */
export function partOf({ cpuMillis, memoryBytes }: Amounts, capacity: Amounts): Fraction {
  const whole = capacity.cpuMillis * capacity.memoryBytes;
  if (whole === 0n) return { numerator: 0n, denominator: 1n };
  const numerator = cpuMillis * capacity.memoryBytes + memoryBytes * capacity.cpuMillis;
  return { numerator, denominator: 2n * whole };
}

export interface PodSize {
  /** Requests of one pod, milli-cores. */
  readonly podCpuMillis: number;
  /** Requests of one pod, MiB. */
  readonly podMemoryMib: number;
}

/** Whole nodes that the replicas fit on, by CPU, memory and pod count; at least one. */
export function nodesFor({ podCpuMillis, podMemoryMib }: PodSize, node: NodePrice, replicas: number): number {
  const perNode = Math.min(
    Math.floor(node.allocatableCpuMillis / podCpuMillis),
    Math.floor(node.allocatableMemoryMib / podMemoryMib),
    node.maxPods,
  );
  return Math.max(1, Math.ceil(replicas / Math.max(1, perNode)));
}
