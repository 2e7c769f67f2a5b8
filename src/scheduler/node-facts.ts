/** One node as the scheduler counts on it. */
import type { Labels } from "#base/selector.ts";
import type { Node } from "#kinds/core/node.ts";
import type { Amounts, PodNeeds } from "./needs.ts";

/** Numbers change in place: a pick reads them thousands of times a millisecond. */
export interface NodeFacts {
  node: Node;
  readonly name: string;
  /** Its place in Cluster.nodes. */
  at: number;
  labels: Labels;
  allocatable: Amounts;
  maxPods: number;
  cpuMillis: number;
  memoryBytes: number;
  ephemeralBytes: number;
  others: Map<string, number>;
  scoredCpuMillis: number;
  scoredMemoryBytes: number;
  readonly pods: Map<string, PodNeeds>;
  readonly hostPorts: Map<string, number>;
  /** Pods that will come here once their victims are gone. */
  readonly nominated: Map<string, PodNeeds>;
  images: ReadonlyMap<string, number>;
}
