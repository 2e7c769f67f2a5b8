/** One pod of a replay: when its CPU is free, and how the autoscaler would see it. */
import { timestamp } from "#base/clock.ts";
import type { PodMetrics } from "#kinds/autoscaling/metrics.ts";
import type { Pod } from "#kinds/core/pod.ts";

export interface CpuSize {
  readonly requestCpuMillis: number;
  readonly limitCpuMillis: number;
}

export class SimulatedPod {
  readonly readyAtMs: number;
  /** All that it has been given is done then. */
  freeAtMs = 0;
  readonly #name: string;
  readonly #bornMs: number;
  /** Time that its CPU runs for all that it was ever given. */
  #givenMs = 0;
  #measuredMs = 0;
  #measuredAtMs: number;
  /** As it was last seen: it changes once in its life. */
  #object: { readonly isReady: boolean; readonly pod: Pod } | null = null;

  constructor(number: number, now: number, startMs: number) {
    this.#name = `simulated-${number}`;
    this.#bornMs = now;
    this.readyAtMs = now + startMs;
    this.#measuredAtMs = this.readyAtMs;
  }

  /** When the CPU work of `runMs` is done that arrives now. */
  take(atMs: number, runMs: number): number {
    this.#givenMs += runMs;
    this.freeAtMs = Math.max(this.freeAtMs, atMs) + runMs;
    return this.freeAtMs;
  }

  /** What it used since it was last asked; `time` is `now` as text. Work lies behind each other without gaps, so all behind now is still to come. */
  measure(now: number, time: string, { limitCpuMillis }: CpuSize): PodMetrics {
    const usedMs = this.#givenMs - Math.max(0, this.freeAtMs - now);
    const windowMs = Math.max(1, now - this.#measuredAtMs);
    const millis = Math.round((Math.max(0, usedMs - this.#measuredMs) * limitCpuMillis) / windowMs);
    this.#measuredMs = usedMs;
    this.#measuredAtMs = now;
    return {
      metadata: { name: this.#name, namespace: "default" },
      timestamp: time,
      window: `${Math.round(windowMs / 1000)}s`,
      containers: [{ name: "main", usage: { cpu: `${millis}m` } }],
    };
  }

  objectAt(now: number, { requestCpuMillis }: CpuSize): Pod {
    const isReady = this.readyAtMs <= now;
    if (this.#object?.isReady === isReady) return this.#object.pod;
    const transition = timestamp(isReady ? this.readyAtMs : this.#bornMs);
    const pod: Pod = {
      metadata: { name: this.#name, namespace: "default", creationTimestamp: timestamp(this.#bornMs) },
      spec: {
        containers: [{ name: "main", image: "simulated", resources: { requests: { cpu: `${requestCpuMillis}m` } } }],
      },
      status: {
        phase: isReady ? "Running" : "Pending",
        startTime: timestamp(this.#bornMs),
        conditions: [{ type: "Ready", status: isReady ? "True" : "False", lastTransitionTime: transition }],
      },
    };
    this.#object = { isReady, pod };
    return pod;
  }
}
