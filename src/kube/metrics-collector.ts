/** Asks every node what it used, keeps it as PodMetrics and NodeMetrics, and writes it to the ledger. */
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { Objects, View } from "#deck/objects.ts";
import type { Kind } from "#kinds/kind.ts";
import { nodeMetricsKind, podMetricsKind, type PodMetrics } from "#kinds/autoscaling/metrics.ts";
import { nodeKind, type Node } from "#kinds/core/node.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import { podKind, type Pod } from "#kinds/core/pod.ts";
import { replicaSetKind, type ReplicaSet } from "#kinds/apps/replica-set.ts";
import { measure } from "#metering/measure.ts";
import type { NodeStats } from "#metering/stats.ts";
import type { Ledger } from "#metering/usage.ts";
import type { NodeEndpoint } from "./node-endpoint.ts";

export interface CollectorOptions {
  readonly objects: Objects;
  readonly nodes: NodeEndpoint;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly everyMs: number;
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
    const { usage, nodeMetrics, podMetrics } = measure(
      node,
      { before, now },
      { pod: (key) => this.#pods.get(key), replicaSet: (key) => this.#replicaSets.get(key) },
    );
    this.#options.ledger.append(usage);
    await this.#put(nodeMetricsKind, nodeMetrics);
    for (const metrics of podMetrics) await this.#put(podMetricsKind, metrics);
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
