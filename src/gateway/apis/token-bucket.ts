/** How many requests a second are let through: a token bucket, as API Gateway has it ("Throttle requests to your HTTP APIs"). Pure but for what it remembers. */

export interface Limit {
  /** Tokens that come in a second, evenly. */
  readonly perSecond: number;
  /** As many at most wait to be used: the requests that may come at once. */
  readonly burst: number;
}

export interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/** The bucket after one more request; null when there is no token for it. A new bucket is full. */
export function taken(bucket: Bucket | undefined, { perSecond, burst }: Limit, nowMs: number): Bucket | null {
  const { tokens, atMs } = bucket ?? { tokens: burst, atMs: nowMs };
  const filled = Math.min(burst, tokens + (Math.max(0, nowMs - atMs) * perSecond) / 1_000);
  // A hair below one is one: the tokens of a second are added in pieces.
  return filled < 1 - 1e-9 ? null : { tokens: filled - 1, atMs: nowMs };
}

/** Buckets by name; those that nobody asked for stand full and are forgotten. */
export class Buckets {
  readonly #buckets = new Map<string, Bucket>();

  /** Whether a request may pass now. */
  admits(name: string, limit: Limit, nowMs: number): boolean {
    const after = taken(this.#buckets.get(name), limit, nowMs);
    if (after === null) return false;
    // Last used, last in order: the first is the oldest.
    this.#buckets.delete(name);
    this.#buckets.set(name, after);
    if (this.#buckets.size > MAX_BUCKETS) this.#forgetOldest();
    return true;
  }

  #forgetOldest(): void {
    const oldest = this.#buckets.keys().next();
    if (oldest.done !== true) this.#buckets.delete(oldest.value);
  }
}

// Routes of all stages that are throttled; more keys than this belong to nobody who still asks.
const MAX_BUCKETS = 100_000;
