/** Wakes a loop that keeps rules equal to what is seen. */
import type { Stop } from "#base/stop.ts";

/** Rings are heard once, however many there were. */
export class Bell {
  readonly stopped: Promise<void>;
  readonly #stop: Stop;
  #isRung = false;
  #heard: (() => void) | null = null;

  constructor(stop: Stop) {
    this.#stop = stop;
    this.stopped = new Promise((resolve) => {
      const end = (): void => {
        resolve();
        this.#heard?.();
      };
      if (stop.aborted) end();
      else stop.addEventListener("abort", end, { once: true });
    });
  }

  ring(): void {
    this.#isRung = true;
    this.#heard?.();
  }

  /** Resolves with true at a ring, with false at the end. */
  async rung(): Promise<boolean> {
    if (!this.#isRung && !this.#stop.aborted) await new Promise<void>((resolve) => (this.#heard = resolve));
    this.#heard = null;
    this.#isRung = false;
    return !this.#stop.aborted;
  }
}
