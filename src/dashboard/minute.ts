/** The last minute of requests and invocations per backend, in slices that fall out one by one. */
import { Histogram } from "#base/histogram.ts";
import type { InvocationUsage, RequestUsage, Usage } from "#metering/usage.ts";

const SLICE_MS = 2_000;
const SLICES = 30;
const FUNCTION = "Function/";

/** What one backend did in the last minute. */
export interface MinuteFigures {
  /** Of a Service: what the gateway carried. Of a function: every invocation, by whichever door it came. */
  readonly requests: number;
  readonly failed: number;
  readonly perSecond: number;
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
  readonly coldStarts: number;
  /** Configured MB x billed ms of functions. */
  readonly mbMs: bigint;
  readonly invocations: number;
}

interface Slice {
  readonly latency: Histogram;
  requests: number;
  failed: number;
  coldStarts: number;
  mbMs: bigint;
  invocations: number;
}

export class Minute {
  readonly #backends = new Map<string, Map<number, Slice>>();

  #sweptAt = 0;

  take(usage: readonly Usage[]): void {
    for (const one of usage) {
      switch (one.is) {
        case "request":
          this.#request(one);
          break;
        case "invocation":
          this.#invocation(one);
          break;
        case "pod":
        case "node":
      }
    }
  }

  #request({ backend, atMs, latencyMicros, status }: RequestUsage): void {
    // Every invocation reports itself, whether the gateway or the AWS door asked for it; here it would count twice.
    if (backend.startsWith(FUNCTION)) return;
    const slice = this.#slice(backend, atMs);
    slice.requests++;
    slice.latency.record(latencyMicros);
    if (status >= 500 || status === 429) slice.failed++;
  }

  #invocation(usage: InvocationUsage): void {
    const slice = this.#slice(`${FUNCTION}${usage.namespace}/${usage.functionName}`, usage.atMs);
    slice.requests++;
    if (usage.outcome !== "ok") slice.failed++;
    if (usage.outcome === "throttled") return; // It never ran.
    if (usage.isCold) slice.coldStarts++;
    slice.latency.record(usage.initMicros + usage.durationMicros);
    slice.invocations++;
    slice.mbMs += BigInt(usage.memoryMib) * BigInt(usage.billedMs);
  }

  #slice(backend: string, atMs: number): Slice {
    const number = Math.floor(atMs / SLICE_MS);
    this.#sweep(number);
    const slices = this.#backends.get(backend) ?? new Map<number, Slice>();
    this.#backends.set(backend, slices);
    const known = slices.get(number);
    if (known !== undefined) return known;
    // Also while nobody looks: what is past must not pile up.
    dropUntil(slices, number - SLICES);
    const slice: Slice = { latency: new Histogram(), requests: 0, failed: 0, coldStarts: 0, mbMs: 0n, invocations: 0 };
    slices.set(number, slice);
    return slice;
  }

  /** Backends that went silent keep nothing. */
  #sweep(number: number): void {
    if (number < this.#sweptAt + SLICES) return;
    this.#sweptAt = number;
    for (const [backend, slices] of this.#backends) {
      dropUntil(slices, number - SLICES);
      if (slices.size === 0) this.#backends.delete(backend);
    }
  }

  /** Slices that are held, of all backends: bounded by backends, not by time. */
  get sliceCount(): number {
    return this.#backends.values().reduce((count, slices) => count + slices.size, 0);
  }

  figures(backend: string, now: number): MinuteFigures {
    const slices = this.#backends.get(backend) ?? new Map<number, Slice>();
    dropUntil(slices, Math.floor(now / SLICE_MS) - SLICES);
    const latency = new Histogram();
    let [requests, failed, coldStarts, mbMs, invocations] = [0, 0, 0, 0n, 0];
    for (const slice of slices.values()) {
      latency.add(slice.latency);
      requests += slice.requests;
      failed += slice.failed;
      coldStarts += slice.coldStarts;
      mbMs += slice.mbMs;
      invocations += slice.invocations;
    }
    return {
      requests,
      failed,
      perSecond: requests / 60,
      latencyMsP50: latency.quantile(0.5) / 1000,
      latencyMsP99: latency.quantile(0.99) / 1000,
      coldStarts,
      mbMs,
      invocations,
    };
  }
}

function dropUntil(slices: Map<number, Slice>, last: number): void {
  for (const number of slices.keys()) if (number <= last) slices.delete(number);
}
