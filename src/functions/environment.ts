/** One execution environment: one sandbox of one configuration, busy with at most one invocation. Freezes itself when idle. */
import type { Clock } from "#base/clock.ts";
import { type Ended, endedBy, timedOut } from "./invocation.ts";
import type { RuntimeRequest, Sandbox } from "./sandboxes.ts";

export interface IdleRules {
  /** Idle for so long, then frozen: a burst never pays for freezing. */
  readonly freezeAfterMs: number;
  /** Idle for so long, then gone. */
  readonly keepAliveMs: number;
}

const MAX_AGE_MS = 11 * 3_600_000;

export class Environment {
  /** Which configuration of the function it was made for. */
  readonly epoch: number;
  readonly logStream: string;
  idleSinceMs = 0;
  /** What the sandbox said last, so that an answer need not wait for it. */
  maxMemoryMib = 0;
  /** Told only once, with the first invocation. */
  unreportedInitMs: number | undefined;
  /** It stays, however long nobody asks for it. */
  isProvisioned = false;
  readonly #bornMs: number;
  readonly #sandbox: Sandbox;
  readonly #clock: Clock;
  readonly #freezeAfterMs: number;
  #isBusy = false;
  #isFinishing = false;
  #isFrozen = false;
  #isGone = false;
  #freezeTimer: Disposable | null = null;
  #deadlineMs = 0;
  #isLate = false;
  #deadlineTimer: Disposable | null = null;

  constructor(
    sandbox: Sandbox,
    made: { readonly epoch: number; readonly logStream: string; readonly initMs: number },
    clock: Clock,
    rules: IdleRules,
  ) {
    this.#sandbox = sandbox;
    this.#clock = clock;
    this.#bornMs = clock.monotonicMs();
    this.#freezeAfterMs = rules.freezeAfterMs;
    this.epoch = made.epoch;
    this.logStream = made.logStream;
    this.unreportedInitMs = made.initMs;
    void sandbox.ended.then(() => this.#gone());
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Its credentials end at twelve hours: it takes no more work an hour before, and may finish what it has. */
  get isOld(): boolean {
    return this.#clock.monotonicMs() - this.#bornMs > MAX_AGE_MS;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** It answered, and has not asked for its next event yet. */
  get isFinishing(): boolean {
    return this.#isFinishing;
  }

  get ended(): Promise<unknown> {
    return this.#sandbox.ended;
  }

  /** At the deadline this environment is killed, and no other. */
  async invoke(request: RuntimeRequest, timeoutMs: number): Promise<Ended> {
    this.#isBusy = true;
    this.#isFrozen = false;
    this.#deadlineMs = this.#clock.monotonicMs() + timeoutMs;
    this.#deadlineTimer ??= this.#clock.after(timeoutMs, () => this.#maybeLate());
    const outcome = await this.#sandbox.invoke(request);
    this.#isFinishing = outcome.is !== "ended" && outcome.isBusy === true;
    this.#isBusy = this.#isFinishing;
    const ended = this.#isLate ? timedOut(timeoutMs, request.requestId, outcome) : endedBy(outcome, request.requestId);
    if (this.#isLate || outcome.is === "ended") this.#gone();
    if (ended.maxMemoryMib !== undefined) this.maxMemoryMib = Math.max(this.maxMemoryMib, ended.maxMemoryMib);
    return ended;
  }

  /**
   * True when it can take another event. An invocation is over when the runtime asks for the next one or ends ("Lambda
   * execution environment lifecycle"): a runtime that reports an error may be about to exit. Until its deadline.
   */
  async finished(): Promise<boolean> {
    const isIdle = await this.#sandbox.idle();
    this.#isFinishing = false;
    this.#isBusy = false;
    if (isIdle) return !this.#isGone;
    await this.kill();
    return false;
  }

  // As with freezing: thousands of invocations a second share the timer of the first, which looks again when it is due.
  #maybeLate(): void {
    this.#deadlineTimer = null;
    if (!this.#isBusy || this.#isGone) return;
    const leftMs = this.#deadlineMs - this.#clock.monotonicMs();
    if (leftMs > 0) {
      this.#deadlineTimer = this.#clock.after(leftMs, () => this.#maybeLate());
      return;
    }
    this.#isLate = true;
    void this.kill();
  }

  /** Exact, at the price of a question to the sandbox. */
  async measureMemory(): Promise<void> {
    this.maxMemoryMib = Math.max(this.maxMemoryMib, await this.#sandbox.maxMemoryMib());
  }

  /** One timer per idle spell at most: a busy environment never re-arms. */
  rest(): void {
    this.idleSinceMs = this.#clock.monotonicMs();
    this.#freezeTimer ??= this.#clock.after(this.#freezeAfterMs, () => this.#maybeFreeze());
  }

  #maybeFreeze(): void {
    this.#freezeTimer = null;
    if (this.#isBusy || this.#isGone || this.#isFrozen) return;
    const leftMs = this.idleSinceMs + this.#freezeAfterMs - this.#clock.monotonicMs();
    if (leftMs > 0) {
      this.#freezeTimer = this.#clock.after(leftMs, () => this.#maybeFreeze());
      return;
    }
    this.#isFrozen = true;
    void this.#sandbox.freeze();
  }

  async kill(): Promise<void> {
    this.#gone();
    await this.#sandbox.kill();
  }

  #gone(): void {
    this.#isGone = true;
    this.#freezeTimer?.[Symbol.dispose]();
    this.#freezeTimer = null;
    this.#deadlineTimer?.[Symbol.dispose]();
    this.#deadlineTimer = null;
  }
}
