/** Traffic to compare with: when requests arrive. Seeded, so that both hulls and every repetition see the same. */
import { type Random, seededRandom } from "#base/random.ts";

export interface Trace {
  /** Length of the recorded time in ms. */
  readonly lengthMs: number;
  /** Arrival of each request in ms since the start, ascending. */
  readonly arrivalsMs: readonly number[];
}

// The share of a day's requests in each hour, 0 to 23 h: quiet nights, a busy morning, a dip at lunch, a busier afternoon.
const BUSINESS_DAY = [1, 1, 1, 1, 1, 2, 3, 6, 12, 17, 19, 18, 13, 16, 19, 20, 18, 13, 7, 4, 3, 2, 2, 1] as const;
const HOUR_MS = 3_600_000;

/** `requests` over one day, most of them in business hours; within an hour they arrive at random. */
export function businessDay(requests: number, seed: number): Trace {
  const random = seededRandom(seed);
  const total = BUSINESS_DAY.reduce((sum, weight) => sum + weight, 0);
  const arrivalsMs = Array.from({ length: requests }, () => arrival(random, total)).sort((a, b) => a - b);
  return { lengthMs: 24 * HOUR_MS, arrivalsMs };
}

function arrival(random: Random, total: number): number {
  let left = random.number() * total;
  for (const [hour, weight] of BUSINESS_DAY.entries()) {
    if (left < weight) return (hour + left / weight) * HOUR_MS;
    left -= weight;
  }
  return 24 * HOUR_MS - 1;
}

/** The same shape in `lengthMs`, with every n-th request only, so that at most `requests` are left. */
export function replay(trace: Trace, lengthMs: number, requests: number): Trace {
  const step = Math.max(1, trace.arrivalsMs.length / requests);
  const factor = lengthMs / trace.lengthMs;
  const count = Math.min(requests, trace.arrivalsMs.length);
  return {
    lengthMs,
    arrivalsMs: Array.from({ length: count }, (_unused, i) => (trace.arrivalsMs[Math.floor(i * step)] ?? 0) * factor),
  };
}

/** Requests a second in `buckets` equal parts of the trace, for a plot. */
export function ratePerSecond(trace: Trace, buckets: number): readonly number[] {
  const counts = Array.from({ length: buckets }, () => 0);
  const bucketMs = trace.lengthMs / buckets;
  for (const at of trace.arrivalsMs) {
    const bucket = Math.min(buckets - 1, Math.floor(at / bucketMs));
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts.map((count) => (count * 1000) / bucketMs);
}
