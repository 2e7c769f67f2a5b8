/** Asynchronous invocations: accepted durably, run in the background, retried as Lambda retries. Which store keeps them is the caller's. */
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import { Heap } from "#base/heap.ts";
import type { Log } from "#base/log.ts";
import type { Tasks } from "#base/tasks.ts";
import type { InvokeResult } from "./invocation.ts";

export interface AsyncEvent {
  /** The request id; retries keep it. */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly payload: Uint8Array;
  readonly acceptedAtMs: number;
  /** Function errors so far. */
  readonly failures: number;
  /** Throttles so far, for the back-off. */
  readonly throttles: number;
  readonly notBeforeMs: number;
  readonly clientContext?: string;
  readonly traceId?: string;
}

/** Where accepted events survive a crash. */
export interface AsyncEvents {
  /** Durable when resolved; replaces the event with the same id. */
  put(event: AsyncEvent): Promise<void>;
  remove(id: string): Promise<void>;
  /** Everything that was accepted and not removed. */
  load(): Promise<readonly AsyncEvent[]>;
}

export class MemoryEvents implements AsyncEvents {
  readonly #events = new Map<string, AsyncEvent>();

  async put(event: AsyncEvent): Promise<void> {
    this.#events.set(event.id, event);
  }

  async remove(id: string): Promise<void> {
    this.#events.delete(id);
  }

  async load(): Promise<readonly AsyncEvent[]> {
    return [...this.#events.values()];
  }
}

// Lambda's defaults: two retries, after one and two minutes; no event older than six hours is tried again.
const RETRY_AFTER_MS: readonly number[] = [60_000, 120_000];
const MAX_AGE_MS = 6 * 3_600_000;
// Throttles and platform errors are retried from one second up to five minutes apart.
const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_MOST_MS = 300_000;

export type Verdict = "ok" | "failed" | "throttled";

/** What to do after an attempt; null: the event is done with. Pure. */
export function afterAttempt(event: AsyncEvent, verdict: Verdict, now: number): AsyncEvent | null {
  if (verdict === "ok") return null;
  if (verdict === "throttled") {
    const notBeforeMs = now + Math.min(BACKOFF_FIRST_MS * 2 ** event.throttles, BACKOFF_MOST_MS);
    return notBeforeMs - event.acceptedAtMs > MAX_AGE_MS
      ? null
      : { ...event, throttles: event.throttles + 1, notBeforeMs };
  }
  const waitMs = RETRY_AFTER_MS[event.failures];
  if (waitMs === undefined || now + waitMs - event.acceptedAtMs > MAX_AGE_MS) return null;
  return { ...event, failures: event.failures + 1, notBeforeMs: now + waitMs };
}

export interface EventQueueTools {
  readonly store: AsyncEvents;
  readonly clock: Clock;
  readonly tasks: Tasks;
  readonly log: Log;
  /** Runs it now; throws a Fault when it could not be run at all. */
  readonly run: (event: AsyncEvent) => Promise<InvokeResult>;
}

export class EventQueue implements Disposable {
  readonly #tools: EventQueueTools;
  readonly #waiting: Heap<AsyncEvent> = new Heap((a, b) => a.notBeforeMs < b.notBeforeMs);
  #timer: Disposable | null = null;
  #isClosed = false;

  constructor(tools: EventQueueTools) {
    this.#tools = tools;
  }

  /** Takes up what an earlier process had accepted. */
  async resume(): Promise<void> {
    for (const event of await this.#tools.store.load()) this.#waiting.push(event);
    this.#wake();
  }

  /** Resolves when the event is durable; then it is the platform's. */
  async accept(event: AsyncEvent): Promise<void> {
    await this.#tools.store.put(event);
    this.#waiting.push(event);
    this.#wake();
  }

  get backlog(): number {
    return this.#waiting.size;
  }

  #wake(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
    if (this.#isClosed) return;
    const now = this.#tools.clock.now();
    for (let next = this.#waiting.peek(); next !== undefined && next.notBeforeMs <= now; next = this.#waiting.peek()) {
      this.#waiting.pop();
      const event = next;
      this.#tools.tasks.run("asynchronous invocation", () => this.#attempt(event));
    }
    const next = this.#waiting.peek();
    if (next !== undefined) this.#timer = this.#tools.clock.after(next.notBeforeMs - now, () => this.#wake());
  }

  async #attempt(event: AsyncEvent): Promise<void> {
    const { store, clock, log } = this.#tools;
    const verdict = await this.#run(event);
    const again = afterAttempt(event, verdict, clock.now());
    if (again === null) {
      if (verdict !== "ok")
        log.warn("an asynchronous invocation was given up", {
          function: event.name,
          requestId: event.id,
          failures: event.failures + 1,
        });
      return store.remove(event.id);
    }
    await store.put(again);
    this.#waiting.push(again);
    this.#wake();
  }

  async #run(event: AsyncEvent): Promise<Verdict> {
    try {
      const result = await this.#tools.run(event);
      return result.functionError === undefined ? "ok" : "failed";
    } catch (thrown) {
      // A function that is gone will not come back for its events.
      if (thrown instanceof Fault && thrown.code === "NotFound") return "ok";
      return "throttled";
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
  }
}
