/** Asynchronous invocations: accepted durably, run in the background, retried as Lambda retries. Which store keeps them is the caller's. */
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import { Heap } from "#base/heap.ts";
import { keyOf, type ObjectKey } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import type { Tasks } from "#base/tasks.ts";
import type { InvokeResult } from "./invocation.ts";
import { RecursiveInvocation } from "./lineage.ts";

export interface AsyncEvent {
  /** The request id; retries keep it. */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  /** A version or an alias; an alias is looked up anew with each attempt. */
  readonly qualifier?: string;
  readonly payload: Uint8Array;
  readonly acceptedAtMs: number;
  /** Function errors so far. */
  readonly failures: number;
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

/** How long a function's events are tried. */
export interface AsyncRules {
  readonly retries: number;
  readonly maxAgeMs: number;
}

// Lambda's defaults: two retries, after one and two minutes; no event older than six hours is tried again.
export const ASYNC_RULES: AsyncRules = { retries: 2, maxAgeMs: 6 * 3_600_000 };
const RETRY_AFTER_MS: readonly number[] = [60_000, 120_000];

/** What became of an event at last, in Lambda's words of destinations. */
export interface AsyncEnd {
  readonly condition: "Success" | "RetriesExhausted" | "EventAgeExceeded";
  readonly attempts: number;
  /** Of the last attempt; absent: none came to an end. */
  readonly result?: InvokeResult;
}

/** What a function wants with its events, and where they go when they are done with. */
export interface Asynchronous {
  rulesOf(event: AsyncEvent): AsyncRules;
  /** Durable when resolved; only then the event is forgotten. */
  ended(event: AsyncEvent, end: AsyncEnd): Promise<void>;
}

const NOBODY_ASKS: Asynchronous = { rulesOf: () => ASYNC_RULES, ended: async () => {} };

// "Retries the function for up to 6 hours, with exponential backoff from 1 second to 5 minutes" (Lambda Developer Guide,
// "How Lambda handles errors and retries with asynchronous invocation"): after throttles and errors of the platform.
const BACK_OFF_FIRST_MS = 1_000;
const BACK_OFF_MOST_MS = 300_000;

/** "stopped": no other attempt would end otherwise. */
export type Verdict = "ok" | "failed" | "throttled" | "stopped";

/** What a function's own verdict leaves to do; null: the event is done with. Pure. */
export function afterAttempt(
  event: AsyncEvent,
  verdict: Exclude<Verdict, "throttled">,
  now: number,
  rules: AsyncRules = ASYNC_RULES,
): AsyncEvent | null {
  if (verdict !== "failed" || event.failures >= rules.retries) return null;
  const waitMs = RETRY_AFTER_MS[event.failures];
  if (waitMs === undefined || now + waitMs - event.acceptedAtMs > rules.maxAgeMs) return null;
  return { ...event, failures: event.failures + 1, notBeforeMs: now + waitMs };
}

/** How long a function that could not take an event is left alone. `chance` of [0, 1) keeps functions from coming back in step. Pure. */
export function backOffMs(throttles: number, chance: number): number {
  const doubled = Math.min(BACK_OFF_FIRST_MS * 2 ** throttles, BACK_OFF_MOST_MS);
  return Math.max(BACK_OFF_FIRST_MS, doubled * (1 - chance / 2));
}

export interface EventQueueTools {
  readonly store: AsyncEvents;
  readonly clock: Clock;
  readonly random: Pick<Random, "number">;
  readonly tasks: Tasks;
  readonly log: Log;
  /** Whether an attempt would be admitted now, beside `inFlight` attempts of the same function that have not ended. */
  readonly mayRun: (event: AsyncEvent, inFlight: number) => boolean;
  /** Runs it now, admitted before it first waits; throws a Fault when it could not be run at all. */
  readonly run: (event: AsyncEvent) => Promise<InvokeResult>;
  /** Default: Lambda's rules, and nobody wants to know the end. */
  readonly asynchronous?: Asynchronous | undefined;
}

/** The events of one function. */
interface Lane {
  /** Due, the first accepted first. */
  readonly due: Heap<AsyncEvent>;
  inFlight: number;
  /** In a row. */
  throttles: number;
  /** After a throttle: nothing is attempted before, unless a slot comes free. */
  closedUntilMs: number;
}

/** Due events wait until their function has room: an attempt that must be throttled helps nobody, and thousands at once delay all. */
export class EventQueue implements Disposable {
  readonly #tools: EventQueueTools;
  readonly #asynchronous: Asynchronous;
  readonly #lanes = new Map<ObjectKey, Lane>();
  /** Events that are retried later. */
  readonly #later: Heap<AsyncEvent> = new Heap((a, b) => a.notBeforeMs < b.notBeforeMs);
  #due = 0;
  #timer: { readonly atMs: number; readonly alarm: Disposable } | null = null;
  #isClosed = false;

  constructor(tools: EventQueueTools) {
    this.#tools = tools;
    this.#asynchronous = tools.asynchronous ?? NOBODY_ASKS;
  }

  /** Takes up what an earlier process had accepted. */
  async resume(): Promise<void> {
    for (const event of await this.#tools.store.load()) this.#later.push(event);
    this.#look();
  }

  /** Resolves when the event is durable; then it is the platform's. */
  async accept(event: AsyncEvent): Promise<void> {
    await this.#tools.store.put(event);
    this.#pump(this.#enter(event));
  }

  get backlog(): number {
    return this.#due + this.#later.size;
  }

  /** A slot of the function came free, or it changed: its oldest event need not wait any longer. */
  wake(key: ObjectKey): void {
    if (this.#due === 0) return;
    const lane = this.#lanes.get(key);
    if (lane === undefined) return;
    lane.closedUntilMs = 0;
    this.#pump(lane);
  }

  /** A slot that any function may take came free. */
  wakeAll(): void {
    if (this.#due > 0) for (const key of this.#lanes.keys()) this.wake(key);
  }

  #enter(event: AsyncEvent): Lane {
    const key = keyOf(event.namespace, event.name);
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { due: new Heap((a, b) => a.acceptedAtMs < b.acceptedAtMs), inFlight: 0, throttles: 0, closedUntilMs: 0 };
      this.#lanes.set(key, lane);
    }
    lane.due.push(event);
    this.#due++;
    return lane;
  }

  #look(): void {
    const now = this.#tools.clock.now();
    for (let next = this.#later.peek(); next !== undefined && next.notBeforeMs <= now; next = this.#later.peek()) {
      this.#later.pop();
      this.#enter(next);
    }
    for (const lane of this.#lanes.values()) this.#pump(lane);
    const next = this.#later.peek();
    if (next !== undefined) this.#lookAt(next.notBeforeMs);
  }

  #lookAt(atMs: number): void {
    if (this.#isClosed || (this.#timer !== null && this.#timer.atMs <= atMs)) return;
    const { clock } = this.#tools;
    this.#timer?.alarm[Symbol.dispose]();
    const alarm = clock.after(atMs - clock.now(), () => {
      this.#timer = null;
      this.#look();
    });
    this.#timer = { atMs, alarm };
  }

  #pump(lane: Lane): void {
    const { clock, mayRun, tasks } = this.#tools;
    const now = clock.now();
    for (let next = lane.due.peek(); next !== undefined && !this.#isClosed; next = lane.due.peek()) {
      const event = next;
      const { maxAgeMs } = this.#asynchronous.rulesOf(event);
      const isOld = now - event.acceptedAtMs > maxAgeMs;
      if (!isOld && now < lane.closedUntilMs) return this.#lookAt(lane.closedUntilMs);
      if (!isOld && !mayRun(event, lane.inFlight)) return this.#lookAt(event.acceptedAtMs + maxAgeMs + 1);
      lane.due.pop();
      this.#due--;
      if (isOld) tasks.run("give up an asynchronous invocation", () => this.#giveUp(event, {}));
      else tasks.run("asynchronous invocation", () => this.#attempt(event, lane));
    }
  }

  async #attempt(event: AsyncEvent, lane: Lane): Promise<void> {
    lane.inFlight++;
    const attempted = await this.#run(event);
    lane.inFlight--;
    if (attempted.verdict === "throttled") return this.#close(lane, event);
    lane.throttles = 0;
    const settled = this.#settle(event, attempted.verdict, attempted.result);
    this.#pump(lane);
    if (lane.due.size === 0 && lane.inFlight === 0) this.#lanes.delete(keyOf(event.namespace, event.name));
    await settled;
  }

  async #settle(event: AsyncEvent, verdict: Exclude<Verdict, "throttled">, result?: InvokeResult): Promise<void> {
    const now = this.#tools.clock.now();
    const again = afterAttempt(event, verdict, now, this.#asynchronous.rulesOf(event));
    if (again === null) {
      const attempts = event.failures + 1;
      if (verdict !== "ok")
        return this.#giveUp({ ...event, failures: attempts }, result === undefined ? {} : { result });
      return this.#end(event, { condition: "Success", attempts, ...(result !== undefined && { result }) });
    }
    await this.#tools.store.put(again);
    this.#later.push(again);
    this.#lookAt(again.notBeforeMs);
  }

  #close(lane: Lane, event: AsyncEvent): void {
    const { clock, random } = this.#tools;
    lane.closedUntilMs = clock.now() + backOffMs(lane.throttles++, random.number());
    this.#enter(event);
    this.#lookAt(lane.closedUntilMs);
  }

  async #giveUp(event: AsyncEvent, last: Pick<AsyncEnd, "result">): Promise<void> {
    const { failures } = event;
    this.#tools.log.warn("an asynchronous invocation was given up", {
      function: event.name,
      requestId: event.id,
      failures,
    });
    const isExhausted = failures > this.#asynchronous.rulesOf(event).retries;
    const condition = isExhausted ? "RetriesExhausted" : "EventAgeExceeded";
    await this.#end(event, { condition, attempts: failures, ...last });
  }

  /** What could not be handed on is tried again: the event is not forgotten, and not run again either. */
  async #end(event: AsyncEvent, end: AsyncEnd): Promise<void> {
    const { clock, log, store } = this.#tools;
    for (;;) {
      try {
        await this.#asynchronous.ended(event, end);
        return await store.remove(event.id);
      } catch (thrown) {
        log.error("the end of an asynchronous invocation could not be kept", { reason: reasonOf(thrown) });
        if (this.#isClosed) return;
        await clock.sleep(BACK_OFF_FIRST_MS);
      }
    }
  }

  async #run(event: AsyncEvent): Promise<{ readonly verdict: Verdict; readonly result?: InvokeResult }> {
    try {
      const result = await this.#tools.run(event);
      return { verdict: result.functionError === undefined ? "ok" : "failed", result };
    } catch (thrown) {
      // A function that is gone will not come back for its events.
      if (thrown instanceof Fault && thrown.code === "NotFound") return { verdict: "ok" };
      return { verdict: thrown instanceof RecursiveInvocation ? "stopped" : "throttled" };
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#timer?.alarm[Symbol.dispose]();
  }
}
