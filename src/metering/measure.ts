/** From two readings of one node to usage records and metrics objects: what its pods booked and used in between. Pure. */
import { timestamp } from "#base/clock.ts";
import { keyOf, type ObjectKey } from "#base/key.ts";
import { millis, units } from "#base/quantity.ts";
import { type ReplicaSet, replicaSetKind } from "#kinds/apps/replica-set.ts";
import type { NodeMetrics, PodMetrics } from "#kinds/autoscaling/metrics.ts";
import type { Node } from "#kinds/core/node.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { controllerOf } from "#kinds/object.ts";
import { controllerOfKind } from "#kinds/owners.ts";
import type { NodeStats, PodStats } from "./stats.ts";
import type { NodeUsage, PodUsage, Usage } from "./usage.ts";

/** Two readings of one node, `now` taken after `before`. */
export interface Readings {
  readonly before: NodeStats;
  readonly now: NodeStats;
}

/** How the objects that readings are about are found. */
export interface Known {
  readonly pod: (key: ObjectKey) => Pod | undefined;
  readonly replicaSet: (key: ObjectKey) => ReplicaSet | undefined;
}

/** For the ledger and for metrics.k8s.io (https://github.com/kubernetes/metrics, v1beta1). */
export interface Measured {
  readonly usage: readonly Usage[];
  readonly nodeMetrics: NodeMetrics;
  readonly podMetrics: readonly PodMetrics[];
}

/** Leaves out pods that only one of the readings has, and those whose object is gone or another by now. */
export function measure(node: Node, { before, now }: Readings, known: Known): Measured {
  const interval: Interval = { atMs: now.atMs, intervalMs: now.atMs - before.atMs };
  const earlier = new Map(before.pods.map((pod) => [pod.uid, pod]));
  const pods = now.pods.flatMap((stats) => {
    const pod = known.pod(keyOf(stats.namespace, stats.name));
    const then = earlier.get(stats.uid);
    return pod === undefined || pod.metadata.uid !== stats.uid || then === undefined
      ? []
      : [{ pod, containers: usedBetween(then, stats) }];
  });
  return {
    usage: [
      nodeUsage(node, interval),
      ...pods.map(({ pod, containers }) => podUsage(pod, { containers, interval, node: node.metadata.name }, known)),
    ],
    nodeMetrics: {
      apiVersion: "metrics.k8s.io/v1beta1",
      kind: "NodeMetrics",
      metadata: { name: node.metadata.name },
      ...windowOf(interval),
      usage: amounts(now.node.cpuMicros - before.node.cpuMicros, interval, now.node.memoryBytes),
    },
    podMetrics: pods.map(({ pod, containers }) => podMetrics(pod, containers, interval)),
  };
}

interface Interval {
  readonly atMs: number;
  readonly intervalMs: number;
}

interface ContainerUse {
  readonly name: string;
  readonly usedMicros: number;
  readonly memoryBytes: number;
}

function usedBetween(before: PodStats, now: PodStats): readonly ContainerUse[] {
  return now.containers.map(({ name, cpuMicros, memoryBytes }) => {
    const base = before.containers.find((container) => container.name === name)?.cpuMicros ?? cpuMicros;
    // A restarted container counts from zero again.
    return { name, memoryBytes, usedMicros: Math.max(0, cpuMicros - base) };
  });
}

function nodeUsage({ metadata, status }: Node, interval: Interval): NodeUsage {
  const { cpu = "0", memory = "0" } = status?.capacity ?? {};
  return { is: "node", ...interval, node: metadata.name, cpuMillis: millis(cpu), memoryBytes: units(memory) };
}

interface PodReading {
  readonly containers: readonly ContainerUse[];
  readonly interval: Interval;
  readonly node: string;
}

function podUsage(pod: Pod, { containers, interval, node }: PodReading, known: Known): PodUsage {
  const requests = pod.spec.containers.map(({ resources }) => resources?.requests ?? {});
  return {
    is: "pod",
    ...interval,
    node,
    usedCpuMicros: sum(containers.map(({ usedMicros }) => usedMicros)),
    usedMemoryBytes: sum(containers.map(({ memoryBytes }) => memoryBytes)),
    namespace: pod.metadata.namespace ?? "",
    pod: pod.metadata.name,
    uid: pod.metadata.uid ?? "",
    workload: workloadOf(pod, known),
    bookedCpuMillis: sum(requests.map(({ cpu }) => millis(cpu ?? "0"))),
    bookedMemoryBytes: sum(requests.map(({ memory }) => units(memory ?? "0"))),
  };
}

/** The topmost controller: a Deployment rather than its ReplicaSet. */
function workloadOf(pod: Pod, { replicaSet }: Known): string {
  const owner = controllerOf(pod);
  if (owner === undefined) return `Pod/${pod.metadata.name}`;
  const set = controllerOfKind(replicaSetKind, pod);
  const above = set && replicaSet(keyOf(pod.metadata.namespace ?? "", set.name));
  const top = (above === undefined ? undefined : controllerOf(above)) ?? owner;
  return `${top.kind}/${top.name}`;
}

function podMetrics({ metadata }: Pod, containers: readonly ContainerUse[], interval: Interval): PodMetrics {
  const { name, namespace, labels } = metadata;
  return {
    apiVersion: "metrics.k8s.io/v1beta1",
    kind: "PodMetrics",
    metadata: { name, ...(namespace !== undefined && { namespace }), ...(labels && { labels }) },
    ...windowOf(interval),
    containers: containers.map(({ name: container, usedMicros, memoryBytes }) => ({
      name: container,
      usage: amounts(usedMicros, interval, memoryBytes),
    })),
  };
}

function windowOf({ atMs, intervalMs }: Interval): Pick<NodeMetrics, "timestamp" | "window"> {
  return { timestamp: timestamp(atMs), window: `${(intervalMs / 1000).toFixed(3)}s` };
}

/** Microseconds per millisecond are milli-cores; nanos keep small loads visible, as the metrics server prints them. */
function amounts(cpuMicros: number, { intervalMs }: Interval, memoryBytes: number): NodeMetrics["usage"] {
  return { cpu: `${Math.round((cpuMicros / intervalMs) * 1_000_000)}n`, memory: `${Math.round(memoryBytes / 1024)}Ki` };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
