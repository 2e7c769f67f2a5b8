/** A small histogram of durations: eight buckets per doubling, so quantiles are right to 9 %. Pure. */

const BUCKETS_PER_DOUBLING = 8;
// 1 µs to about 18 minutes.
const BUCKETS = 30 * BUCKETS_PER_DOUBLING;

export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;

  get count(): number {
    return this.#total;
  }

  add(ms: number): void {
    const bucket = Math.floor(Math.log2(Math.max(ms * 1000, 1)) * BUCKETS_PER_DOUBLING);
    const at = Math.min(bucket, BUCKETS - 1);
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#total++;
  }

  /** The middle of the bucket that holds the quantile, in ms; 0 when empty. */
  quantile(q: number): number {
    let left = Math.ceil(this.#total * q);
    if (left === 0) return 0;
    for (let at = 0; at < BUCKETS; at++) {
      left -= this.#counts[at] ?? 0;
      if (left <= 0) return 2 ** ((at + 0.5) / BUCKETS_PER_DOUBLING) / 1000;
    }
    return 0;
  }
}
