/** Keys that need work: each at most once in line and never in two hands, with delays and back-off. */
import type { Clock } from "#base/clock.ts";
import type { ObjectKey } from "#base/key.ts";

// client-go's ItemExponentialFailureRateLimiter: 5 ms, 10 ms, … 1000 s.
const BACKOFF_FIRST_MS = 5;
const BACKOFF_MAX_MS = 1_000_000;

export class WorkQueue implements Disposable {
  readonly #clock: Clock;
  /** In line. */
  readonly #queue = new Set<ObjectKey>();
  /** Needs work: in line, or will be when its present work ends. */
  readonly #dirty = new Set<ObjectKey>();
  /** In somebody's hands. */
  readonly #processing = new Set<ObjectKey>();
  readonly #failures = new Map<ObjectKey, number>();
  readonly #delayed = new Map<ObjectKey, { readonly atMs: number; readonly timer: Disposable }>();
  readonly #takers: ((key: ObjectKey | null) => void)[] = [];
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#queue.size;
  }

  add(key: ObjectKey): void {
    if (this.#isClosed || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    if (!this.#processing.has(key)) this.#offer(key);
  }

  /** Of several delays of one key the earliest counts. */
  addAfter(key: ObjectKey, delayMs: number): void {
    if (this.#isClosed) return;
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const atMs = this.#clock.monotonicMs() + delayMs;
    const before = this.#delayed.get(key);
    if (before !== undefined && before.atMs <= atMs) return;
    before?.timer[Symbol.dispose]();
    const timer = this.#clock.after(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { atMs, timer });
  }

  /** After a failure: each time twice as late as the time before. */
  addRateLimited(key: ObjectKey): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(failures, 30)));
  }

  /** The key did well: its next failure starts from the beginning. */
  forget(key: ObjectKey): void {
    this.#failures.delete(key);
  }

  failures(key: ObjectKey): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next key, for one taker alone until `done`; null when the queue is closed. */
  take(): Promise<ObjectKey | null> {
    if (this.#isClosed) return Promise.resolve(null);
    const [key] = this.#queue;
    if (key === undefined) return new Promise((resolve) => this.#takers.push(resolve));
    this.#queue.delete(key);
    return Promise.resolve(this.#hold(key));
  }

  done(key: ObjectKey): void {
    this.#processing.delete(key);
    if (this.#dirty.has(key) && !this.#isClosed) this.#offer(key);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const { timer } of this.#delayed.values()) timer[Symbol.dispose]();
    this.#delayed.clear();
    this.#queue.clear();
    for (const taker of this.#takers.splice(0)) taker(null);
  }

  #offer(key: ObjectKey): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#queue.add(key);
    else taker(this.#hold(key));
  }

  #hold(key: ObjectKey): ObjectKey {
    this.#dirty.delete(key);
    this.#processing.add(key);
    return key;
  }
}
