/** Latencies of millions of requests in a fixed table of counts: quantiles within 2 %, a few nanoseconds each. */
import { bucketOf, upperEdge } from "#base/histogram.ts";

// Up to 2^36 microseconds, which is 19 hours.
const BUCKETS = 64 * 32;

export class Latencies {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #sumMs = 0;

  get count(): number {
    return this.#count;
  }

  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count;
  }

  record(ms: number): void {
    const bucket = Math.min(BUCKETS - 1, bucketOf(Math.round(ms * 1000)));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count++;
    this.#sumMs += ms;
  }

  /** In ms; 0 when there is none. */
  quantile(fraction: number): number {
    let left = Math.max(1, Math.ceil(fraction * this.#count));
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket] ?? 0;
      if (left <= 0) return upperEdge(bucket) / 1000;
    }
    return 0;
  }

  /** Points (ms, share of all at or below it) for a plot. */
  curve(): readonly { readonly ms: number; readonly share: number }[] {
    let below = 0;
    const points: { readonly ms: number; readonly share: number }[] = [];
    for (const [bucket, count] of this.#counts.entries()) {
      if (count === 0) continue;
      below += count;
      points.push({ ms: upperEdge(bucket) / 1000, share: below / this.#count });
    }
    return points;
  }
}
