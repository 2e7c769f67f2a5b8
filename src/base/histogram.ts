/** Counts values in log-linear buckets (as HdrHistogram does): any size, bounded memory, quantiles within 2 %. */

// 64 linear steps per power of two: the bucket's width is at most 1/64 of its value.
const STEPS = 64;
const STEP_BITS = 6;

export class Histogram {
  readonly #counts = new Map<number, number>();
  #count = 0;
  #sum = 0;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  get max(): number {
    return this.#max;
  }

  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  /** `value` is a whole number >= 0, for example microseconds; fractions are cut off. */
  record(value: number, times = 1): void {
    const whole = Math.max(0, Math.trunc(value));
    const bucket = bucketOf(whole);
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + times);
    this.#count += times;
    this.#sum += whole * times;
    if (whole > this.#max) this.#max = whole;
  }

  /** The value below which `fraction` (0..1) of all values lie; 0 when there is none. */
  quantile(fraction: number): number {
    if (this.#count === 0) return 0;
    let left = Math.max(1, Math.ceil(fraction * this.#count));
    for (const [bucket, count] of this.#sorted()) {
      left -= count;
      if (left <= 0) return Math.min(this.#max, upperEdge(bucket));
    }
    return this.#max;
  }

  /** Points (value, share of all values at or below it) for a latency curve. */
  curve(): readonly { readonly value: number; readonly share: number }[] {
    let below = 0;
    return this.#sorted().map(([bucket, count]) => {
      below += count;
      return { value: Math.min(this.#max, upperEdge(bucket)), share: below / this.#count };
    });
  }

  add(other: Histogram): void {
    for (const [bucket, count] of other.#counts) this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#max = Math.max(this.#max, other.#max);
  }

  #sorted(): [number, number][] {
    return [...this.#counts].sort(([a], [b]) => a - b);
  }
}

/** `value` is a whole number >= 0. */
export function bucketOf(value: number): number {
  if (value < STEPS) return value;
  // The power of two by counting zeros: what nearly all values take, and a fifth of the time.
  if (value < 2 ** 31) {
    const shift = 31 - STEP_BITS - Math.clz32(value);
    return shift * STEPS + (value >>> shift);
  }
  const power = Math.floor(Math.log2(value)) - STEP_BITS;
  return STEPS + power * STEPS + (Math.floor(value / 2 ** power) - STEPS);
}

/** The largest value of a bucket. */
export function upperEdge(bucket: number): number {
  if (bucket < STEPS) return bucket;
  const power = Math.floor((bucket - STEPS) / STEPS);
  const step = (bucket - STEPS) % STEPS;
  return (STEPS + step + 1) * 2 ** power - 1;
}
