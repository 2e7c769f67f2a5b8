/** Keeps the promises that nobody awaits: names them, reports their failure, waits for them at the end. */
import { reasonOf } from "./fault.ts";
import type { Log } from "./log.ts";

export class Tasks {
  readonly #running = new Set<Promise<void>>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Starts `work` in the background; its failure is logged under `name`. */
  run(name: string, work: () => Promise<unknown>): void {
    const task: Promise<void> = work()
      .then(() => {})
      .catch((thrown: unknown) => {
        this.#log.error("a background task failed", { task: name, reason: reasonOf(thrown) });
      })
      .finally(() => this.#running.delete(task));
    this.#running.add(task);
  }

  /** Resolves when everything that was started has ended. */
  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
