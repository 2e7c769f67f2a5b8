/** Gives the disk back that packages take which nobody needs any more. Level-triggered: what is left over after a crash goes with the next sweep. */
import type { Clock } from "#base/clock.ts";
import type { Tasks } from "#base/tasks.ts";
import { CodeInUse } from "./code-in-use.ts";
import type { CodeStore } from "./code-store.ts";
import type { Sandboxes } from "./sandboxes.ts";

// Disk is given back within a minute; listing the folder more often would help nobody.
const SWEEP_MS = 60_000;

export interface CodeSweepTools {
  /** Absent: packages stay. */
  readonly code: CodeStore | undefined;
  readonly sandboxes: Sandboxes;
  readonly clock: Clock;
  readonly tasks: Tasks;
  /** Those of everything that is declared. */
  readonly declared: () => Iterable<string>;
}

export class CodeSweep implements Disposable {
  readonly inUse: CodeInUse = new CodeInUse();
  readonly #tools: CodeSweepTools;
  /** Something may lie in the code store that nobody needs: an earlier process may have left it. */
  #isStale = true;
  #timer: Disposable | null = null;

  constructor(tools: CodeSweepTools) {
    this.#tools = tools;
    this.#sweepLater();
  }

  /** A package may have lost the last that needs it. */
  look(): void {
    this.#isStale = true;
  }

  #sweepLater(): void {
    const { code, clock, tasks } = this.#tools;
    if (code === undefined) return;
    this.#timer = clock.after(SWEEP_MS, () => {
      tasks.run("remove code that nobody needs", () => this.#sweep(code));
      this.#sweepLater();
    });
  }

  async #sweep(code: CodeStore): Promise<void> {
    if (!this.#isStale) return;
    this.#isStale = false;
    try {
      const wanted = this.inUse.with(this.#tools.declared());
      await this.#tools.sandboxes.keepOnly?.(wanted);
      await code.keepOnly(wanted);
    } catch (thrown) {
      this.#isStale = true;
      throw thrown;
    }
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }
}
