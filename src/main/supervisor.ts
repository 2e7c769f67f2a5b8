/** Starts the roles of an instance as processes, restarts those that die, ends them all. Knows nothing of what they do. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Log } from "#base/log.ts";

export interface ChildSpec {
  readonly name: string;
  /** Command line; the first word is the program. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Roles that say when they are ready; others count as ready once they run. */
  readonly saysReady: boolean;
}

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 5_000;
const STEADY_AFTER_MS = 30_000; // A child that ran this long starts again without delay.
const KILL_AFTER_MS = 8_000;

export class Supervisor {
  readonly #log: Log;
  readonly #children: Child[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  /** Resolves when it is ready for the first time; rejects when it dies before that. */
  start(spec: ChildSpec): Promise<void> {
    const child = new Child(spec, this.#log);
    this.#children.push(child);
    return child.start();
  }

  pids(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#children.flatMap(({ spec, pid }) => (pid === undefined ? [] : [[spec.name, pid]])));
  }

  /** In reverse order of their start, each waited for. */
  async end(): Promise<void> {
    for (const child of this.#children.toReversed()) await child.end();
  }
}

class Child {
  readonly spec: ChildSpec;
  readonly #log: Log;
  #process: ChildProcess | undefined;
  #isEnding = false;
  #delayMs = FIRST_DELAY_MS;
  #timer: NodeJS.Timeout | undefined;

  constructor(spec: ChildSpec, log: Log) {
    this.spec = spec;
    this.#log = log.with({ child: spec.name });
  }

  get pid(): number | undefined {
    return this.#process?.exitCode === null ? this.#process.pid : undefined;
  }

  start(): Promise<void> {
    const ready = Promise.withResolvers<void>();
    const startedAt = performance.now();
    const child = this.#spawn();
    this.#process = child;
    if (this.spec.saysReady) child.once("message", () => ready.resolve());
    else child.once("spawn", () => ready.resolve());
    child.once("error", (error) => ready.reject(new Error(`${this.spec.name} could not be started: ${error.message}`)));
    child.once("exit", (code, signal) => {
      ready.reject(
        new Error(`${this.spec.name} ended at its start (${signal ?? `exit ${code}`}); see ${this.spec.logFile}`),
      );
      this.#restart(performance.now() - startedAt, signal ?? `exit ${code}`);
    });
    return ready.promise;
  }

  #spawn(): ChildProcess {
    const [program = "", ...words] = this.spec.command;
    const log = openSync(this.spec.logFile, "a", 0o600);
    const channel = this.spec.saysReady ? (["ipc"] as const) : [];
    // A process group of its own: Ctrl-C in the terminal is the supervisor's to answer, in its order.
    const child = spawn(program, words, {
      env: { ...this.spec.environment },
      stdio: ["ignore", log, log, ...channel],
      detached: true,
    });
    closeSync(log);
    return child;
  }

  #restart(ranMs: number, how: string): void {
    if (this.#isEnding) return;
    if (ranMs > STEADY_AFTER_MS) this.#delayMs = FIRST_DELAY_MS;
    this.#log.warn("a process ended and is started again", { how, delayMs: this.#delayMs });
    this.#timer = setTimeout(() => {
      this.start().catch((error: unknown) => this.#log.warn("a process ended at its start", { reason: String(error) }));
    }, this.#delayMs);
    this.#delayMs = Math.min(LONGEST_DELAY_MS, this.#delayMs * 2);
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#timer);
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
    await gone;
    clearTimeout(timer);
  }
}
