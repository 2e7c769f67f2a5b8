/** Watches both hulls while traffic runs: replicas, environments, rates, booked and used, once a second. */
import { keyOf } from "#base/key.ts";
import { millis, units } from "#base/quantity.ts";
import type { View } from "#deck/objects.ts";
import { deploymentKind, type Deployment } from "#kinds/apps/deployment.ts";
import { podMetricsKind, type PodMetrics } from "#kinds/autoscaling/metrics.ts";
import { podKind, type Pod } from "#kinds/core/pod.ts";
import { NAME, NAMESPACE } from "./deploy.ts";
import type { Moment } from "./result.ts";
import type { DemoInstance } from "./demo-instance.ts";

const EVERY_MS = 1_000;
const MIB = 1024 * 1024;

export interface Counted {
  readonly containers: number;
  readonly functions: number;
}

export class Observer implements Disposable {
  readonly #instance: DemoInstance;
  readonly #deployments: View<Deployment>;
  readonly #pods: View<Pod>;
  readonly #metrics: View<PodMetrics>;
  readonly #count: () => Counted;
  readonly #moments: Moment[] = [];
  readonly #startMs: number;
  #before: Counted = { containers: 0, functions: 0 };
  #timer: Disposable | undefined;
  #isClosed = false;

  /** `count` tells how many requests each hull has answered so far. */
  constructor(instance: DemoInstance, count: () => Counted) {
    const { objects } = instance;
    this.#instance = instance;
    this.#count = count;
    this.#deployments = objects.view(deploymentKind, { namespace: NAMESPACE });
    this.#pods = objects.view(podKind, { namespace: NAMESPACE });
    this.#metrics = objects.view(podMetricsKind, { namespace: NAMESPACE });
    this.#startMs = instance.clock.monotonicMs();
    void this.#tick();
  }

  get moments(): readonly Moment[] {
    return this.#moments;
  }

  async #tick(): Promise<void> {
    const environments = await this.#environments();
    if (this.#isClosed) return;
    const counted = this.#count();
    const atMs = Math.round(this.#instance.clock.monotonicMs() - this.#startMs);
    // A busy machine ticks late: what was counted belongs to the time that really passed.
    const elapsedMs = Math.max(1, atMs - (this.#moments.at(-1)?.atMs ?? 0));
    const perSecond = (count: number): number => Math.round((count * 1000) / elapsedMs);
    const deployment = this.#deployments.get(keyOf(NAMESPACE, NAME));
    const pods = this.#pods
      .list(NAMESPACE)
      .filter((pod) => pod.metadata.labels?.["app"] === NAME && pod.status?.phase === "Running");
    const names = new Set(pods.map((pod) => pod.metadata.name));
    const used = this.#metrics.list(NAMESPACE).filter((metrics) => names.has(metrics.metadata.name));
    this.#moments.push({
      atMs,
      replicas: deployment?.status?.replicas ?? 0,
      readyReplicas: deployment?.status?.readyReplicas ?? 0,
      environments,
      containerRate: perSecond(counted.containers - this.#before.containers),
      functionRate: perSecond(counted.functions - this.#before.functions),
      bookedCpuMillis: sum(pods.map((pod) => requested(pod, "cpu"))),
      bookedMemoryMib: sum(pods.map((pod) => requested(pod, "memory"))),
      usedCpuMillis: sum(used.flatMap(({ containers }) => containers.map(({ usage }) => millis(usage["cpu"] ?? "0")))),
      usedMemoryMib: Math.round(
        sum(used.flatMap(({ containers }) => containers.map(({ usage }) => units(usage["memory"] ?? "0")))) / MIB,
      ),
    });
    this.#before = counted;
    this.#timer = this.#instance.clock.after(EVERY_MS, () => void this.#tick());
  }

  /** Environments of the function, busy or waiting; what was last known while the control process is away. */
  async #environments(): Promise<number> {
    try {
      const figures = (await this.#instance.usage.functions()).find(({ name }) => name === NAME);
      return figures === undefined ? 0 : figures.running + figures.idle;
    } catch {
      return this.#moments.at(-1)?.environments ?? 0;
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
    for (const view of [this.#deployments, this.#pods, this.#metrics]) view[Symbol.dispose]();
  }
}

function requested(pod: Pod, name: "cpu" | "memory"): number {
  const amounts = pod.spec.containers.map(({ resources }) => resources?.requests?.[name] ?? "0");
  return name === "cpu" ? sum(amounts.map(millis)) : Math.round(sum(amounts.map(units)) / MIB);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
