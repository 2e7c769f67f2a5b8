/** Readers that wait for something to come: first come, first woken. Nobody is told more than that it is worth a look. */
import type { Clock } from "#base/clock.ts";
import type { Stop } from "#base/stop.ts";

export class Waiters {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();

  #wakes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Taken before a look, and given to `wait` after it: what came in between is not slept through. */
  get wakes(): number {
    return this.#wakes;
  }

  /** Resolves when woken, or when it was since `wakes`; after `ms`; or when `stop` fires. */
  wait(ms: number, wakes: number, stop: Stop): Promise<void> {
    if (wakes !== this.#wakes) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        timer[Symbol.dispose]();
        stop.removeEventListener("abort", end);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = this.#clock.after(Math.max(0, ms), end);
      stop.addEventListener("abort", end, { once: true });
      this.#waiting.add(end);
      if (stop.aborted) end();
    });
  }

  /** Wakes as many as given, those that wait longest. */
  wake(most: number): void {
    this.#wakes++;
    let left = most;
    for (const end of this.#waiting) {
      if (left-- <= 0) return;
      end();
    }
  }
}
