/** What one node has used so far, as its agent reads it from cgroup files. Shapes and nothing else. */

export interface Consumption {
  /** CPU time in µs since the cgroup was made: a rate needs two readings. */
  readonly cpuMicros: number;
  /** Bytes at the moment of reading, without page cache that can be dropped at once (kubelet's working set). */
  readonly memoryBytes: number;
}

export interface NodeStats {
  /** Unix time in ms by the node's clock. */
  readonly atMs: number;
  /** Everything of this node: pods and function sandboxes. */
  readonly node: Consumption;
  readonly pods: readonly PodStats[];
}

export interface PodStats {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly containers: readonly ({ readonly name: string } & Consumption)[];
}
