/** One supervised process: started, probed, started again when it dies or hangs, ended. Knows nothing of what it does. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { Fault } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { ChildState } from "#instance/roster.ts";
import { isHung, lookAt, type Pulse } from "./liveness.ts";

export interface ChildSpec {
  readonly name: string;
  /** Command line; the first word is the program. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Roles that say when they are ready; others count as ready once they answer. */
  readonly saysReady: boolean;
}

/** What a child says over its channel. */
interface Said {
  readonly ready?: true;
  readonly failed?: string;
  readonly alive?: number;
}

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 5_000;
const STEADY_AFTER_MS = 30_000; // A child that ran this long starts again without delay.
const KILL_AFTER_MS = 8_000;
// A node brings up containerd; a large journal is read at some 50 MB/s. Ten times of both.
const START_WITHIN_MS = 60_000;
const FIRST_STARTS = 3; // A predecessor that still holds a lock or a port is gone by then.
const LAST_WORDS_BYTES = 4_096;

export class Child {
  readonly spec: ChildSpec;
  readonly #log: Log;
  readonly #onChange: () => void;
  readonly #first = Promise.withResolvers<void>();
  #process: ChildProcess | undefined;
  #logStart = 0;
  #isEnding = false;
  #isReady = false;
  #wasReady = false;
  #startedAtMs = 0;
  #sinceMs = Date.now();
  #pulse: Pulse = { answeredAtMs: 0, lookedAtMs: 0 };
  #restarts = 0;
  #cause: string | null = null;
  #failure: string | null = null;
  #delayMs = FIRST_DELAY_MS;
  #timer: NodeJS.Timeout | undefined;
  #probes = 0;
  readonly #asked = new Map<number, () => void>();

  constructor(spec: ChildSpec, log: Log, onChange: () => void) {
    this.spec = spec;
    this.#log = log.with({ child: spec.name });
    this.#onChange = onChange;
  }

  get pid(): number | undefined {
    const { exitCode, signalCode, pid } = this.#process ?? {};
    return exitCode === null && signalCode === null ? pid : undefined;
  }

  /** Resolves when it is ready for the first time; rejects with the cause when it does not get that far. */
  start(): Promise<void> {
    this.#spawn();
    return this.#first.promise;
  }

  /** What is known of it, after asking it once more: no answer within `withinMs` is what it says. */
  async ask(withinMs: number): Promise<ChildState> {
    const answers = this.pid !== undefined && (await this.#answersWithin(withinMs));
    const state =
      this.pid === undefined ? "waiting" : !answers ? "not answering" : this.#isReady ? "ready" : "starting";
    const sinceMs =
      state === "not answering" ? Date.now() - Math.round(performance.now() - this.#pulse.answeredAtMs) : this.#sinceMs;
    return {
      name: this.spec.name,
      pid: this.pid ?? null,
      state,
      sinceMs,
      restarts: this.#restarts,
      cause: this.#cause,
    };
  }

  /** One look of the supervisor: a child that hangs, or that does not get ready, is killed and so starts again. */
  probe(nowMs: number): void {
    this.#pulse = lookAt(this.#pulse, nowMs);
    if (this.pid === undefined || this.#isEnding) return;
    if (isHung(this.#pulse)) this.#kill(`it did not answer for ${seconds(nowMs - this.#pulse.answeredAtMs)} s`);
    else if (!this.#isReady && nowMs - this.#startedAtMs > START_WITHIN_MS)
      this.#kill(`it was not ready within ${START_WITHIN_MS / 1_000} s; its last words: ${this.#lastWords()}`);
    else this.#send();
  }

  /** Resolves when the process is gone. */
  async end(): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#timer);
    this.#first.reject(new Fault("Unavailable", `${this.spec.name} was ended while it started`));
    const child = this.#process;
    if (child === undefined || this.pid === undefined) return;
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
    await gone;
    clearTimeout(timer);
  }

  #spawn(): void {
    const [program = "", ...words] = this.spec.command;
    const log = openSync(this.spec.logFile, "a", 0o600);
    this.#logStart = fstatSync(log).size;
    // A process group of its own: Ctrl-C in the terminal is the supervisor's to answer, in its order.
    const child = spawn(program, words, {
      env: { ...this.spec.environment },
      stdio: ["ignore", log, log, "ipc"],
      detached: true,
    });
    closeSync(log);
    this.#process = child;
    this.#isReady = false;
    this.#failure = null;
    this.#sinceMs = Date.now();
    this.#startedAtMs = performance.now();
    this.#pulse = { answeredAtMs: this.#startedAtMs, lookedAtMs: this.#startedAtMs };
    child.on("message", (said: Said) => this.#hear(said));
    child.once("error", (error) => (this.#failure ??= `it could not be started: ${error.message}`));
    // "close" comes also after an "error" that is no exit; the channel may still hold its last words at "exit".
    child.once("close", (code, signal) => this.#ended(this.#failure ?? this.#howItEnded(code, signal)));
    if (!this.spec.saysReady) child.once("spawn", () => this.#send());
    this.#onChange();
  }

  #hear({ ready, failed, alive }: Said): void {
    this.#pulse = { ...this.#pulse, answeredAtMs: performance.now() };
    if (failed !== undefined) this.#failure = failed;
    if (alive !== undefined) this.#asked.get(alive)?.();
    if (this.#isReady || (ready === undefined && this.spec.saysReady)) return;
    this.#isReady = true;
    this.#wasReady = true;
    this.#sinceMs = Date.now();
    this.#first.resolve();
  }

  #send(): number {
    const probe = ++this.#probes;
    // A channel that is closed or full belongs to a child that ends or hangs; the pulse tells.
    if (this.#process?.connected === true) this.#process.send({ probe }, () => {});
    return probe;
  }

  async #answersWithin(ms: number): Promise<boolean> {
    const probe = this.#send();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#asked.set(probe, () => resolve(true));
    const timer = setTimeout(() => resolve(false), ms);
    const answers = await promise;
    clearTimeout(timer);
    this.#asked.delete(probe);
    return answers;
  }

  #kill(cause: string): void {
    this.#failure = cause;
    this.#log.error("a process is killed", { cause, pid: this.pid });
    this.#process?.kill("SIGKILL");
  }

  #ended(cause: string): void {
    if (this.#isEnding) return;
    const isAgain = cause === this.#cause;
    this.#cause = cause;
    this.#restarts++;
    this.#sinceMs = Date.now();
    if (!this.#wasReady && (isAgain || this.#restarts >= FIRST_STARTS)) return this.#giveUp(cause);
    if (performance.now() - this.#startedAtMs > STEADY_AFTER_MS) this.#delayMs = FIRST_DELAY_MS;
    this.#log.warn("a process ended and is started again", { cause, delayMs: this.#delayMs });
    this.#timer = setTimeout(() => this.#spawn(), this.#delayMs);
    this.#delayMs = Math.min(LONGEST_DELAY_MS, this.#delayMs * 2);
  }

  #giveUp(cause: string): void {
    this.#isEnding = true;
    this.#first.reject(
      new Fault("Unavailable", `${this.spec.name} does not start: ${cause}\n  (its log: ${this.spec.logFile})`),
    );
  }

  #howItEnded(code: number | null, signal: NodeJS.Signals | null): string {
    const how = signal === null ? `exit code ${code ?? "?"}` : signal;
    const words = signal === null ? this.#lastWords() : "";
    return words === "" ? how : `${how}: ${words}`;
  }

  /** The last line that it logged since it was started: what people would look for in its log. */
  #lastWords(): string {
    const file = openSync(this.spec.logFile, "r");
    try {
      const from = Math.max(this.#logStart, fstatSync(file).size - LAST_WORDS_BYTES);
      const bytes = Buffer.alloc(LAST_WORDS_BYTES);
      const lines = bytes.toString("utf8", 0, readSync(file, bytes, 0, LAST_WORDS_BYTES, from)).split("\n");
      return plainWords(lines.findLast((line) => line.trim() !== "") ?? "");
    } finally {
      closeSync(file);
    }
  }
}

/** A line of our own log without its frame; any other line as it is. */
function plainWords(line: string): string {
  try {
    const { message, reason, error } = JSON.parse(line) as Readonly<Record<string, string>>;
    return [message, reason ?? error].filter((part) => part !== undefined).join(": ");
  } catch {
    return line.trim();
  }
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(0);
}
