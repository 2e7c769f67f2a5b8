/** What time is, for code that must not ask the machine: now, elapsed time and waiting, passed in by whoever starts a part. */
import type { Stop } from "./stop.ts";

export interface Clock {
  /** Wall time in milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds that only grow, for measuring durations; fractions allowed. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once when `stop` fires; never rejects. */
  sleep(ms: number, stop?: Stop): Promise<void>;
  /** Runs `work` once after `ms`, unless disposed before. */
  after(ms: number, work: () => void): Disposable;
}

/** RFC 3339 in whole seconds, the form of Kubernetes' metav1.Time. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** RFC 3339 with microseconds, the form of Kubernetes' metav1.MicroTime. */
export function microTimestamp(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}
