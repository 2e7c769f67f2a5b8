/** All environments of one version of a function: a stack of idle ones, starts, and what happens to them when code or time moves on. */
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import type { Histogram } from "#base/histogram.ts";
import { stopper } from "#base/stop.ts";
import type { Tasks } from "#base/tasks.ts";
import { Environment, type IdleRules } from "./environment.ts";
import { BEFORE_STARTING, BEFORE_WAKING, paceWith, type Patience, waitingPlaces } from "./patience.ts";
import { Tail } from "./logs.ts";
import type { Initialization, LogLine, Sandboxes, SandboxSpec, Started } from "./sandboxes.ts";
import { needsNewEnvironments, type Settings } from "./settings.ts";

export interface FleetTools {
  readonly figures: Figures;
  readonly sandboxes: Sandboxes;
  readonly clock: Clock;
  readonly tasks: Tasks;
  readonly rules: IdleRules;
  /** Of the machine that runs the sandboxes. */
  readonly cores: number;
  /** How long an environment's INIT may take before somebody is told. */
  readonly initLimitMs: number;
  /** The spec of a new environment; its log stream is the environment's own. */
  readonly specOf: (settings: Settings, initialization: Initialization) => SandboxSpec;
  /** Code that an environment runs from is not removed. */
  readonly holdCode: (spec: SandboxSpec) => Disposable;
  /** A new environment begins its INIT. */
  readonly onStart: (fleet: Fleet, spec: SandboxSpec) => void;
  /** Where lines of its sandboxes go. */
  readonly onLog: (fleet: Fleet, stream: string, line: LogLine) => void;
}

export interface Counters {
  invocations: number;
  errors: number;
  throttles: number;
  coldStarts: number;
}

/** Of a function: all its versions count together. */
export interface Figures {
  /** In microseconds, INIT included. */
  readonly durations: Histogram;
  readonly counters: Counters;
}

export type StartedEnvironment =
  | { readonly ok: true; readonly environment: Environment }
  | (Started & { readonly ok: false; readonly logStream: string; readonly initLog: Tail });

/** An environment for one invocation: a waiting one that came free, a new one, or why there is none. */
export type Obtained =
  | { readonly ok: true; readonly environment: Environment; readonly isCold: boolean }
  | (StartedEnvironment & { readonly ok: false });

interface Waiter {
  readonly sinceMs: number;
  readonly give: (obtained: Obtained) => void;
}

// More starts at once only take the processor away from each other and from what runs already.
const STARTS_AT_ONCE = 4;
// A timer that is late by so much was held up.
const PAUSE_MS = 3;

export class Fleet {
  readonly figures: Figures;
  /** Invocations in flight, starts included. */
  running = 0;
  readonly #tools: FleetTools;
  readonly #idle: Environment[] = [];
  /** Invocations without an environment, in order of arrival. */
  readonly #waiting: Waiter[] = [];
  #starting = 0;
  /** Environments that have answered and are likely to ask for their next event at once. */
  readonly #finishing = new Set<Environment>();
  #holdMs = Infinity;
  /** While anybody waits. */
  #watcher: Disposable | null = null;
  #settings: Settings;
  #epoch = 0;
  #isClosed = false;

  constructor(settings: Settings, tools: FleetTools) {
    this.#settings = settings;
    this.figures = tools.figures;
    this.#tools = tools;
  }

  get settings(): Settings {
    return this.#settings;
  }

  get idle(): number {
    return this.#idle.length;
  }

  /** Invocations that are admitted and have no environment. */
  get waiting(): number {
    return this.#waiting.length;
  }

  get frozen(): number {
    return this.#idle.filter((environment) => environment.isFrozen).length;
  }

  /** New code or configuration: idle environments go now, busy ones after their current invocation. */
  change(settings: Settings): void {
    const isNew = needsNewEnvironments(this.#settings, settings);
    this.#settings = settings;
    if (!isNew) return;
    this.#epoch++;
    this.#dropIdle(() => true);
  }

  /** The environment used last: the fewest stay hot, the others age. Undefined when there is none, or waiting is better. */
  takeIdle(): Environment | undefined {
    // The one that asks is in flight already.
    const places = this.#places(BEFORE_WAKING, this.running - 1 - this.#waiting.length);
    return this.#waiting.length < places ? undefined : this.#popIdle();
  }

  #places(patience: Patience, busy: number): number {
    return waitingPlaces({ busy, holdMs: this.#holdMs, cores: this.#tools.cores }, patience);
  }

  #popIdle(): Environment | undefined {
    for (;;) {
      const environment = this.#idle.pop();
      if (environment === undefined) return undefined;
      if (environment.isOld && !environment.isGone) this.#end(environment);
      else if (!environment.isGone) return environment;
    }
  }

  /**
   * For an invocation that got nothing idle: starts a new environment unless one is likely to come free earlier.
   * DIFFERS: Lambda binds the invocation to the new environment; here the machine is small and waiting is shorter.
   */
  obtain(): Promise<Obtained> {
    return new Promise((give) => {
      this.#waiting.push({ give, sinceMs: this.#tools.clock.monotonicMs() });
      this.#startMore();
      this.#watch();
    });
  }

  #watch(): void {
    if (this.#waiting.length > 0 && this.#watcher === null) this.#lookAfter(BEFORE_WAKING.limitMs);
  }

  #lookAfter(ms: number, { isAgain = false }: { readonly isAgain?: boolean } = {}): void {
    const { clock } = this.#tools;
    const dueMs = clock.monotonicMs() + ms;
    this.#watcher = clock.after(ms, () => {
      this.#watcher = null;
      // Timers come before sockets: after a pause of this very process the answers that are there already are taken first.
      if (!isAgain && clock.monotonicMs() - dueMs > PAUSE_MS) return this.#lookAfter(1, { isAgain: true });
      while (this.#lateFor(BEFORE_WAKING) > 0) {
        const environment = this.#popIdle();
        if (environment === undefined) break;
        this.#waiting.shift()?.give({ ok: true, environment, isCold: false });
      }
      this.#startMore();
      this.#watch();
    });
  }

  #lateFor({ limitMs }: Patience): number {
    const beforeMs = this.#tools.clock.monotonicMs() - limitMs;
    const inTime = this.#waiting.findIndex(({ sinceMs }) => sinceMs > beforeMs);
    return inTime < 0 ? this.#waiting.length : inTime;
  }

  #startMore(): void {
    while (this.#starting < Math.min(STARTS_AT_ONCE, this.#wanted())) {
      this.#starting++;
      this.#tools.tasks.run("start an environment", async () => {
        const started = await this.start(this.#tools.initLimitMs).catch((thrown: unknown) =>
          notStarted(reasonOf(thrown)),
        );
        this.#starting--;
        this.#arrived(started);
        this.#startMore();
      });
    }
  }

  /** How many of those that wait will not get an environment in time from those that there will be. */
  #wanted(): number {
    const busySoon = this.running - this.#waiting.length + this.#starting;
    const hopeless = this.#waiting.length - this.#finishing.size - this.#places(BEFORE_STARTING, busySoon);
    return Math.max(hopeless, this.#lateFor(BEFORE_STARTING));
  }

  #arrived(started: StartedEnvironment): void {
    if (!started.ok) return this.#waiting.shift()?.give(started);
    const { environment } = started;
    const waiter = environment.epoch === this.#epoch ? this.#waiting.shift() : undefined;
    if (waiter === undefined) this.#rest(environment);
    else waiter.give({ ok: true, environment, isCold: true });
  }

  async start(deadlineMs: number, initialization: Initialization = "on-demand"): Promise<StartedEnvironment> {
    const { sandboxes, clock, rules, specOf, onStart, onLog } = this.#tools;
    const epoch = this.#epoch;
    const spec = specOf(this.#settings, initialization);
    const { stop, fire } = stopper();
    const timer = clock.after(deadlineMs, fire);
    if (initialization === "on-demand") this.figures.counters.coldStarts++;
    onStart(this, spec);
    using _code = this.#tools.holdCode(spec);
    const initLog = new Tail();
    let isInit = true;
    const write = (line: LogLine): void => {
      if (isInit) initLog.add(line.text);
      onLog(this, spec.logStream, line);
    };
    const started = await sandboxes.start(spec, write, stop);
    isInit = false;
    timer[Symbol.dispose]();
    if (!started.ok) return { ...started, logStream: spec.logStream, initLog };
    const held = this.#tools.holdCode(spec);
    void started.sandbox.ended.then(() => held[Symbol.dispose]());
    return {
      ok: true,
      environment: new Environment(
        started.sandbox,
        { epoch, logStream: spec.logStream, initMs: started.initMs },
        clock,
        rules,
      ),
    };
  }

  /** After its invocation, which held it for `heldMs`: to the next that waits, back on the stack, or away. */
  release(environment: Environment, heldMs: number): void {
    this.#holdMs = paceWith(this.#holdMs, heldMs);
    if (!environment.isFinishing) return this.#rest(environment);
    this.#finishing.add(environment);
    this.#tools.tasks.run("wait until a runtime asks for its next event", async () => {
      const isIdle = await environment.finished();
      this.#finishing.delete(environment);
      if (isIdle) this.#rest(environment);
      else this.#startMore();
    });
  }

  /** One that was started before anybody asked. */
  add(environment: Environment): void {
    this.#rest(environment);
  }

  #rest(environment: Environment): void {
    if (environment.isGone) return;
    if (this.#isClosed || environment.isOld || environment.epoch !== this.#epoch) return this.#end(environment);
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) return waiter.give({ ok: true, environment, isCold: false });
    this.#idle.push(environment);
    environment.rest();
  }

  #end(environment: Environment): void {
    this.#tools.tasks.run("end an old environment", () => environment.kill());
  }

  /** Ends what has been idle for longer than the keep-alive; short of memory, everything that is frozen. */
  sweep(isShortOfMemory: boolean): void {
    const { clock, rules } = this.#tools;
    const keepMs = isShortOfMemory ? rules.freezeAfterMs : rules.keepAliveMs;
    const before = clock.monotonicMs() - keepMs;
    this.#dropIdle(
      (environment) => environment.isGone || (!environment.isProvisioned && environment.idleSinceMs <= before),
    );
  }

  #dropIdle(isUnwanted: (environment: Environment) => boolean): void {
    const unwanted = this.#idle.filter(isUnwanted);
    const kept = this.#idle.filter((environment) => !unwanted.includes(environment));
    this.#idle.splice(0, this.#idle.length, ...kept);
    for (const environment of unwanted) this.#tools.tasks.run("end an idle environment", () => environment.kill());
  }

  /** The function is gone: nothing of it stays, busy ones end after their invocation. */
  close(): void {
    this.#isClosed = true;
    this.#dropIdle(() => true);
    // Their callers have their answers; waiting for a runtime that never asks again would take until its deadline.
    for (const environment of this.#finishing)
      this.#tools.tasks.run("end a finishing environment", () => environment.kill());
  }
}

function notStarted(reason: string): StartedEnvironment & { readonly ok: false } {
  return {
    ok: false,
    failure: { errorType: "Sandbox.StartFailed", payload: new Uint8Array(0), unavailable: reason },
    initMs: 0,
    logStream: "",
    initLog: new Tail(),
  };
}
