/** All environments of one function: a stack of idle ones, starts, and what happens to them when code or time moves on. */
import type { Clock } from "#base/clock.ts";
import { Histogram } from "#base/histogram.ts";
import { stopper } from "#base/stop.ts";
import type { Tasks } from "#base/tasks.ts";
import { Environment, type IdleRules } from "./environment.ts";
import type { LogLine, Sandboxes, SandboxSpec, Started } from "./sandboxes.ts";
import { needsNewEnvironments, type Settings } from "./settings.ts";

export interface FleetTools {
  readonly sandboxes: Sandboxes;
  readonly clock: Clock;
  readonly tasks: Tasks;
  readonly rules: IdleRules;
  /** The spec of a new environment; its log stream is the environment's own. */
  readonly specOf: (settings: Settings) => SandboxSpec;
  /** A new environment begins its INIT. */
  readonly onStart: (fleet: Fleet, stream: string) => void;
  /** Where lines of its sandboxes go. */
  readonly onLog: (fleet: Fleet, stream: string, line: LogLine) => void;
}

export interface Counters {
  invocations: number;
  errors: number;
  throttles: number;
  coldStarts: number;
}

export type StartedEnvironment =
  | { readonly ok: true; readonly environment: Environment }
  | (Started & { readonly ok: false; readonly logStream: string });

export class Fleet {
  /** In microseconds, INIT included. */
  readonly durations: Histogram = new Histogram();
  readonly counters: Counters = { invocations: 0, errors: 0, throttles: 0, coldStarts: 0 };
  /** Invocations in flight, starts included: what reserved concurrency counts. */
  running = 0;
  readonly #tools: FleetTools;
  readonly #idle: Environment[] = [];
  #settings: Settings;
  #epoch = 0;
  #isClosed = false;

  constructor(settings: Settings, tools: FleetTools) {
    this.#settings = settings;
    this.#tools = tools;
  }

  get settings(): Settings {
    return this.#settings;
  }

  get idle(): number {
    return this.#idle.length;
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

  /** The environment used last: the fewest stay hot, the others age. */
  takeIdle(): Environment | undefined {
    for (;;) {
      const environment = this.#idle.pop();
      if (environment === undefined || !environment.isGone) return environment;
    }
  }

  async start(deadlineMs: number): Promise<StartedEnvironment> {
    const { sandboxes, clock, rules, specOf, onStart, onLog } = this.#tools;
    const epoch = this.#epoch;
    const spec = specOf(this.#settings);
    const { stop, fire } = stopper();
    const timer = clock.after(deadlineMs, fire);
    this.counters.coldStarts++;
    onStart(this, spec.logStream);
    const started = await sandboxes.start(spec, (line) => onLog(this, spec.logStream, line), stop);
    timer[Symbol.dispose]();
    if (!started.ok) return { ...started, logStream: spec.logStream };
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

  /** After its invocation: back on the stack, or away when it is no longer wanted. */
  release(environment: Environment): void {
    if (environment.isGone) return;
    if (this.#isClosed || environment.epoch !== this.#epoch) {
      this.#tools.tasks.run("end an old environment", () => environment.kill());
      return;
    }
    this.#idle.push(environment);
    environment.rest();
  }

  /** Ends what has been idle for longer than the keep-alive; short of memory, everything that is frozen. */
  sweep(isShortOfMemory: boolean): void {
    const { clock, rules } = this.#tools;
    const keepMs = isShortOfMemory ? rules.freezeAfterMs : rules.keepAliveMs;
    const before = clock.monotonicMs() - keepMs;
    this.#dropIdle((environment) => environment.isGone || environment.idleSinceMs <= before);
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
  }
}
