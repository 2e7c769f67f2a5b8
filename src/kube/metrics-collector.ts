/** Asks every node what it used, keeps it as PodMetrics and NodeMetrics, and writes it to the ledger. */
import type { Clock } from "#base/clock.ts";
import { timestamp } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import { millis, units } from "#base/quantity.ts";
import type { Objects, View } from "#deck/objects.ts";
import type { Kind } from "#kinds/kind.ts";
import { nodeMetricsKind, type NodeMetrics, podMetricsKind, type PodMetrics } from "#kinds/autoscaling/metrics.ts";
import { nodeKind, type Node } from "#kinds/core/node.ts";
import { controllerOf, keyOfObject, type KubeObject } from "#kinds/object.ts";
import { podKind, type Pod } from "#kinds/core/pod.ts";
import { replicaSetKind, type ReplicaSet } from "#kinds/apps/replica-set.ts";
import type { Ledger, Usage } from "#metering/usage.ts";
import type { NodeEndpoint } from "./node-endpoint.ts";

export interface CollectorOptions {
  readonly objects: Objects;
  readonly nodes: NodeEndpoint;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly everyMs: number;
}

/** What an agent's /stats says; CPU is cumulative. */
interface NodeStats {
  readonly atMs: number;
  readonly node: { readonly cpuMicros: number; readonly memoryBytes: number };
  readonly pods: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly containers: readonly { readonly name: string; readonly cpuMicros: number; readonly memoryBytes: number }[];
  }[];
}

export class MetricsCollector implements Disposable {
  readonly #options: CollectorOptions;
  readonly #nodes: View<Node>;
  readonly #pods: View<Pod>;
  readonly #replicaSets: View<ReplicaSet>;
  readonly #podMetrics: View<PodMetrics>;
  /** The last answer of each node, to make rates of. */
  readonly #before = new Map<string, NodeStats>();
  readonly #failing = new Set<string>();
  #timer: Disposable | undefined;
  #isClosed = false;

  constructor(options: CollectorOptions) {
    const { objects } = options;
    this.#options = options;
    this.#nodes = objects.view(nodeKind);
    this.#pods = objects.view(podKind);
    this.#replicaSets = objects.view(replicaSetKind);
    this.#podMetrics = objects.view(podMetricsKind);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#timer = this.#options.clock.after(
      this.#options.everyMs,
      () => void this.#collect().finally(() => this.#schedule()),
    );
  }

  async #collect(): Promise<void> {
    await Promise.all(this.#nodes.list().map((node) => this.#collectNode(node)));
    await this.#forgetGonePods();
  }

  async #collectNode(node: Node): Promise<void> {
    const name = node.metadata.name;
    try {
      const now = (await this.#options.nodes.getJson(name, "/stats")) as NodeStats;
      const before = this.#before.get(name);
      this.#before.set(name, now);
      this.#failing.delete(name);
      if (before !== undefined && now.atMs > before.atMs) await this.#keep(node, before, now);
    } catch (thrown) {
      // Said once per outage: the node's own condition tells the rest.
      if (!this.#failing.has(name))
        this.#options.log.warn("a node's usage cannot be read", { node: name, reason: reasonOf(thrown) });
      this.#failing.add(name);
    }
  }

  async #keep(node: Node, before: NodeStats, now: NodeStats): Promise<void> {
    const intervalMs = now.atMs - before.atMs;
    const common = { timestamp: timestamp(now.atMs), window: `${(intervalMs / 1000).toFixed(3)}s` };
    const nodeName = node.metadata.name;
    const usage: Usage[] = [this.#nodeUsage(node, intervalMs, now.atMs)];
    await this.#put(nodeMetricsKind, {
      apiVersion: "metrics.k8s.io/v1beta1",
      kind: "NodeMetrics",
      metadata: { name: nodeName },
      ...common,
      usage: amounts(now.node.cpuMicros - before.node.cpuMicros, intervalMs, now.node.memoryBytes),
    } as NodeMetrics);
    const earlier = new Map(before.pods.map((pod) => [pod.uid, pod]));
    for (const stats of now.pods) {
      const pod = this.#pods.get(keyOf(stats.namespace, stats.name));
      const then = earlier.get(stats.uid);
      if (pod === undefined || pod.metadata.uid !== stats.uid || then === undefined) continue;
      const containers = stats.containers.map((container) => {
        const base = then.containers.find(({ name }) => name === container.name)?.cpuMicros ?? container.cpuMicros;
        // A restarted container counts from zero again.
        return { ...container, usedMicros: Math.max(0, container.cpuMicros - base) };
      });
      const metadata = {
        name: stats.name,
        namespace: stats.namespace,
        ...(pod.metadata.labels && { labels: pod.metadata.labels }),
      };
      await this.#put(podMetricsKind, {
        apiVersion: "metrics.k8s.io/v1beta1",
        kind: "PodMetrics",
        metadata,
        ...common,
        containers: containers.map(({ name, usedMicros, memoryBytes }) => ({
          name,
          usage: amounts(usedMicros, intervalMs, memoryBytes),
        })),
      } as PodMetrics);
      usage.push(
        this.#podUsage(pod, {
          node: nodeName,
          atMs: now.atMs,
          intervalMs,
          usedCpuMicros: sum(containers.map(({ usedMicros }) => usedMicros)),
          usedMemoryBytes: sum(containers.map(({ memoryBytes }) => memoryBytes)),
        }),
      );
    }
    this.#options.ledger.append(usage);
  }

  #nodeUsage(node: Node, intervalMs: number, atMs: number): Usage {
    const { cpu = "0", memory = "0" } = node.status?.capacity ?? {};
    return {
      is: "node",
      atMs,
      intervalMs,
      node: node.metadata.name,
      cpuMillis: millis(cpu),
      memoryBytes: units(memory),
    };
  }

  #podUsage(
    pod: Pod,
    measured: {
      readonly node: string;
      readonly atMs: number;
      readonly intervalMs: number;
      readonly usedCpuMicros: number;
      readonly usedMemoryBytes: number;
    },
  ): Usage {
    const requests = pod.spec.containers.map(({ resources }) => resources?.requests ?? {});
    return {
      is: "pod",
      ...measured,
      namespace: pod.metadata.namespace ?? "",
      pod: pod.metadata.name,
      uid: pod.metadata.uid ?? "",
      workload: this.#workloadOf(pod),
      bookedCpuMillis: sum(requests.map(({ cpu }) => millis(cpu ?? "0"))),
      bookedMemoryBytes: sum(requests.map(({ memory }) => units(memory ?? "0"))),
    };
  }

  /** The topmost controller: a Deployment rather than its ReplicaSet. */
  #workloadOf(pod: Pod): string {
    const owner = controllerOf(pod);
    if (owner === undefined) return `Pod/${pod.metadata.name}`;
    const above =
      owner.kind === "ReplicaSet" ? this.#replicaSets.get(keyOf(pod.metadata.namespace ?? "", owner.name)) : undefined;
    const top = (above === undefined ? undefined : controllerOf(above)) ?? owner;
    return `${top.kind}/${top.name}`;
  }

  async #put<T extends KubeObject>(kind: Kind<T>, object: T): Promise<void> {
    const { objects } = this.#options;
    const changed = await objects.change(kind, keyOfObject(object), (live) => ({
      ...object,
      metadata: { ...live.metadata, ...(object.metadata.labels && { labels: object.metadata.labels }) },
    }));
    if (changed === null && (await objects.get(kind, keyOfObject(object))) === null) await objects.create(kind, object);
  }

  async #forgetGonePods(): Promise<void> {
    for (const metrics of this.#podMetrics.list()) {
      const key = keyOfObject(metrics);
      if (this.#pods.get(key) === undefined) await this.#options.objects.remove(podMetricsKind, key);
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
    for (const view of [this.#nodes, this.#pods, this.#replicaSets, this.#podMetrics]) view[Symbol.dispose]();
  }
}

function amounts(
  cpuMicros: number,
  intervalMs: number,
  memoryBytes: number,
): { readonly cpu: string; readonly memory: string } {
  // Microseconds per millisecond are milli-cores; nanos keep small loads visible, as the metrics server prints them.
  return { cpu: `${Math.round((cpuMicros / intervalMs) * 1_000_000)}n`, memory: `${Math.round(memoryBytes / 1024)}Ki` };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
