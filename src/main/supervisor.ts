/** Starts the roles of an instance as processes, probes them, ends them all. Knows nothing of what they do. */
import { Fault } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { ChildState } from "#instance/roster.ts";
import { Child, type ChildSpec } from "./child.ts";
import { PROBE_EVERY_MS } from "./liveness.ts";

export class Supervisor {
  readonly #log: Log;
  readonly #onChange: (pids: Readonly<Record<string, number>>) => void;
  readonly #children: Child[] = [];
  readonly #timer: NodeJS.Timeout;
  #isEnding = false;

  /** `onChange` hears of every process that is started. */
  constructor(log: Log, onChange: (pids: Readonly<Record<string, number>>) => void) {
    this.#log = log;
    this.#onChange = onChange;
    this.#timer = setInterval(() => {
      for (const child of this.#children) child.probe(performance.now());
    }, PROBE_EVERY_MS);
  }

  /** Resolves when it is ready for the first time; rejects with the cause when it does not get that far. */
  start(spec: ChildSpec): Promise<void> {
    if (this.#isEnding) return Promise.reject(new Fault("Unavailable", `${spec.name} was not started: all are ending`));
    const child = new Child(spec, this.#log, () => this.#onChange(this.pids()));
    this.#children.push(child);
    return child.start();
  }

  pids(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#children.flatMap(({ spec, pid }) => (pid === undefined ? [] : [[spec.name, pid]])));
  }

  /** Every child is asked now. */
  ask(withinMs: number): Promise<readonly ChildState[]> {
    return Promise.all(this.#children.map((child) => child.ask(withinMs)));
  }

  /** In reverse order of their start, each waited for; none starts any more. */
  async end(): Promise<void> {
    this.#isEnding = true;
    clearInterval(this.#timer);
    for (const child of this.#children.toReversed()) await child.end();
  }
}
