/** The last minute of requests and invocations per backend, in slices that fall out one by one. */
import { Histogram } from "#base/histogram.ts";
import type { InvocationUsage, RequestUsage } from "#metering/usage.ts";

const SLICE_MS = 2_000;
const SLICES = 30;

/** What one backend did in the last minute. */
export interface MinuteFigures {
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
  failed: number;
  coldStarts: number;
  mbMs: bigint;
  invocations: number;
}

export class Minute {
  readonly #backends = new Map<string, Map<number, Slice>>();

  request({ backend, atMs, latencyMicros, status }: RequestUsage): void {
    const slice = this.#slice(backend, atMs);
    slice.latency.record(latencyMicros);
    if (status >= 500 || status === 429) slice.failed++;
  }

  invocation(usage: InvocationUsage): void {
    const slice = this.#slice(`Function/${usage.namespace}/${usage.functionName}`, usage.atMs);
    if (usage.isCold) slice.coldStarts++;
    if (usage.outcome === "throttled") return;
    slice.invocations++;
    slice.mbMs += BigInt(usage.memoryMib) * BigInt(usage.billedMs);
  }

  #slice(backend: string, atMs: number): Slice {
    const slices = this.#backends.get(backend) ?? new Map<number, Slice>();
    this.#backends.set(backend, slices);
    const number = Math.floor(atMs / SLICE_MS);
    const known = slices.get(number);
    if (known !== undefined) return known;
    // Also while nobody looks: what is past must not pile up.
    dropUntil(slices, number - SLICES);
    const slice: Slice = { latency: new Histogram(), failed: 0, coldStarts: 0, mbMs: 0n, invocations: 0 };
    slices.set(number, slice);
    return slice;
  }

  /** Slices that are held, of all backends: bounded by backends, not by time. */
  get sliceCount(): number {
    return this.#backends.values().reduce((count, slices) => count + slices.size, 0);
  }

  figures(backend: string, now: number): MinuteFigures {
    const slices = this.#backends.get(backend) ?? new Map<number, Slice>();
    dropUntil(slices, Math.floor(now / SLICE_MS) - SLICES);
    const latency = new Histogram();
    let [failed, coldStarts, mbMs, invocations] = [0, 0, 0n, 0];
    for (const slice of slices.values()) {
      latency.add(slice.latency);
      failed += slice.failed;
      coldStarts += slice.coldStarts;
      mbMs += slice.mbMs;
      invocations += slice.invocations;
    }
    return {
      requests: latency.count,
      failed,
      perSecond: latency.count / 60,
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
