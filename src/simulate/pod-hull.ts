/**
 * Requests on pods: each pod runs one request's CPU at a time at its limit and waits for others beside it, as an event loop does;
 * the Service picks pods at random, as packet rules do; the horizontal autoscaler decides every 15 s with the live controller's function. Pure.
 */
import { timestamp } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import { desiredReplicas } from "#scaling/horizontal.ts";
import { noHistory, type ScalingHistory } from "#scaling/pace.ts";
import type { PodPlan } from "./plans.ts";
import { SimulatedPod } from "./simulated-pod.ts";

/** Upstream's --horizontal-pod-autoscaler-sync-period. */
const SYNC_MS = 15_000;

/** What a replay on pods used. */
export interface PodRun {
  readonly requests: number;
  /** Nobody was ready in time. */
  readonly timedOut: number;
  /** How many pods there were from which moment on, those included that were only starting. */
  readonly replicas: readonly { readonly fromMs: number; readonly count: number }[];
  /** CPU that was used, in core-milliseconds. */
  readonly cpuMs: number;
}

export class PodHull {
  readonly #plan: PodPlan;
  readonly #random: Random;
  #pods: SimulatedPod[] = [];
  #ready: SimulatedPod[] = [];
  #nextReadyMs = Infinity;
  #history: ScalingHistory = noHistory;
  #nextSyncMs = SYNC_MS;
  /** Nothing has run since the last decision but one, and the last one would be made again and again. */
  #isAtRest = false;
  #ranSinceSync = false;
  #born = 0;
  #requests = 0;
  #timedOut = 0;
  #cpuMs = 0;
  readonly #replicas: { readonly fromMs: number; readonly count: number }[] = [];

  /** The pods of the start have been ready for a while. */
  constructor(plan: PodPlan, random: Random) {
    this.#plan = plan;
    this.#random = random;
    this.#scaleTo(plan.scaling.minReplicas ?? 1, -plan.startMs);
    this.#noteReady(0);
    this.#replicas.push({ fromMs: 0, count: this.#pods.length });
  }

  get replicas(): number {
    return this.#pods.length;
  }

  /** How long a request of that moment would wait for the pod that is free first, in ms. */
  waitAt(atMs: number): number {
    this.#pass(atMs);
    const free = this.#ready.reduce((least, { freeAtMs }) => Math.min(least, freeAtMs), Infinity);
    return Math.max(0, free - atMs);
  }

  /** Latency in ms; NaN for one that was given up. Asked in order of time. */
  serve(atMs: number, cpuMicros: number, waitMicros: number): number {
    this.#pass(atMs);
    return this.#run(this.#picked(), atMs, { cpuMicros, waitMicros });
  }

  /** By the pod that is free first: where somebody has just looked. */
  serveFirstFree(atMs: number, cpuMicros: number, waitMicros: number): number {
    this.#pass(atMs);
    const first = this.#ready.reduce<SimulatedPod | undefined>(
      (best, pod) => (best === undefined || pod.freeAtMs < best.freeAtMs ? pod : best),
      undefined,
    );
    return this.#run(first, atMs, { cpuMicros, waitMicros });
  }

  #picked(): SimulatedPod | undefined {
    const ready = this.#ready;
    return ready.length === 1 ? ready[0] : ready[Math.floor(this.#random.number() * ready.length)];
  }

  #run(
    pod: SimulatedPod | undefined,
    atMs: number,
    { cpuMicros, waitMicros }: { readonly cpuMicros: number; readonly waitMicros: number },
  ): number {
    this.#requests++;
    const { timeoutMs, limitCpuMillis } = this.#plan;
    if (pod === undefined || pod.freeAtMs - atMs > timeoutMs) {
      this.#timedOut++;
      return Number.NaN;
    }
    this.#cpuMs += cpuMicros / 1000;
    this.#ranSinceSync = true;
    const latencyMs = pod.take(atMs, cpuMicros / limitCpuMillis) + waitMicros / 1000 - atMs;
    if (latencyMs <= timeoutMs) return latencyMs;
    this.#timedOut++;
    return Number.NaN;
  }

  #pass(atMs: number): void {
    // Nights are long: of decisions that are all the same the last one is made.
    if (this.#isAtRest && this.#nextSyncMs <= atMs)
      this.#nextSyncMs += Math.floor((atMs - this.#nextSyncMs) / SYNC_MS) * SYNC_MS;
    while (this.#nextSyncMs <= atMs) {
      this.#noteReady(this.#nextSyncMs);
      this.#sync(this.#nextSyncMs);
      this.#nextSyncMs += SYNC_MS;
    }
    if (this.#nextReadyMs <= atMs) this.#noteReady(atMs);
  }

  #noteReady(atMs: number): void {
    this.#ready = this.#pods.filter(({ readyAtMs }) => readyAtMs <= atMs);
    this.#nextReadyMs = this.#pods.reduce(
      (next, { readyAtMs }) => (readyAtMs > atMs ? Math.min(next, readyAtMs) : next),
      Infinity,
    );
  }

  #sync(now: number): void {
    const { minReplicas = 1, maxReplicas } = this.#plan.scaling;
    // With one size only there is nothing to decide.
    if (minReplicas === maxReplicas) return;
    const { targetPercent, ...scaling } = this.#plan.scaling;
    const size = { requestCpuMillis: this.#plan.requestCpuMillis, limitCpuMillis: this.#plan.limitCpuMillis };
    const time = timestamp(now);
    const metrics = this.#ready.map((pod) => pod.measure(now, time, size));
    const { replicas, history } = desiredReplicas({
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "simulated" },
        ...scaling,
        metrics: [
          {
            type: "Resource",
            resource: { name: "cpu", target: { type: "Utilization", averageUtilization: targetPercent } },
          },
        ],
      },
      currentReplicas: this.#pods.length,
      pods: this.#pods.map((pod) => pod.objectAt(now, size)),
      metrics,
      history: this.#history,
      now,
    });
    this.#history = history;
    const isIdle =
      !this.#ranSinceSync &&
      this.#pods.every(({ freeAtMs, readyAtMs }) => Math.max(freeAtMs, readyAtMs) < now - SYNC_MS);
    this.#isAtRest =
      isIdle && replicas === this.#pods.length && history.recommendations.every((one) => one.replicas === replicas);
    this.#ranSinceSync = false;
    if (replicas === this.#pods.length) return;
    this.#scaleTo(replicas, now);
    this.#noteReady(now);
    this.#replicas.push({ fromMs: now, count: replicas });
  }

  /** Those that are not ready go first, then the youngest, as a ReplicaSet has it; what they have begun they finish. */
  #scaleTo(replicas: number, now: number): void {
    while (this.#pods.length < replicas) this.#pods.push(new SimulatedPod(this.#born++, now, this.#plan.startMs));
    if (this.#pods.length > replicas)
      this.#pods = this.#pods.toSorted((a, b) => a.readyAtMs - b.readyAtMs).slice(0, replicas);
  }

  finish(lengthMs: number): PodRun {
    this.#pass(lengthMs);
    return { requests: this.#requests, timedOut: this.#timedOut, replicas: this.#replicas, cpuMs: this.#cpuMs };
  }
}
