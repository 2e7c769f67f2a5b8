/** Provisioned concurrency of one version: so many environments are initialised before anybody asks, and made anew when they end. More invocations at once spill over to those on demand. */
import type { Clock } from "#base/clock.ts";
import type { Tasks } from "#base/tasks.ts";
import type { Environment } from "./environment.ts";
import type { Fleet } from "./fleet.ts";

// Slower INITs than those of one invocation are waited for (Lambda Developer Guide: provisioned environments may initialise for up to 15 minutes).
const INIT_LIMIT_MS = 15 * 60_000;
const AGAIN_FIRST_MS = 1_000;
const AGAIN_MOST_MS = 60_000;
// More at once would take the processor away from what runs already.
const STARTS_AT_ONCE = 2;

export interface ProvisionedState {
  readonly requested: number;
  readonly allocated: number;
  readonly available: number;
  /** Why the last start failed; null: it did not. */
  readonly failure: string | null;
}

export class Provisioned {
  readonly #fleet: Fleet;
  readonly #clock: Clock;
  readonly #tasks: Tasks;
  readonly #environments = new Set<Environment>();
  #requested = 0;
  #starting = 0;
  #failures = 0;
  #failure: string | null = null;
  #again: Disposable | null = null;

  constructor(fleet: Fleet, clock: Clock, tasks: Tasks) {
    this.#fleet = fleet;
    this.#clock = clock;
    this.#tasks = tasks;
  }

  get state(): ProvisionedState {
    const available = this.#environments.size;
    return { requested: this.#requested, allocated: available, available, failure: this.#failure };
  }

  /** Those that are too many become ordinary ones, which end when nobody needs them. */
  request(count: number): void {
    if (count === this.#requested) return;
    this.#requested = count;
    this.#failures = 0;
    this.#failure = null;
    for (const environment of this.#environments) {
      if (this.#environments.size <= count) break;
      environment.isProvisioned = false;
      this.#environments.delete(environment);
    }
    this.#fill();
  }

  #fill(): void {
    if (this.#again !== null) return;
    const missing = this.#requested - this.#environments.size - this.#starting;
    for (let i = 0; i < Math.min(missing, STARTS_AT_ONCE - this.#starting); i++) {
      this.#starting++;
      this.#tasks.run("start a provisioned environment", () => this.#start());
    }
  }

  async #start(): Promise<void> {
    const started = await this.#fleet.start(INIT_LIMIT_MS, "provisioned-concurrency").finally(() => this.#starting--);
    if (!started.ok) return this.#fillLater(started.failure.errorType);
    this.#failures = 0;
    this.#failure = null;
    if (this.#environments.size < this.#requested) this.#keep(started.environment);
    this.#fleet.add(started.environment);
    this.#fill();
  }

  #keep(environment: Environment): void {
    environment.isProvisioned = true;
    this.#environments.add(environment);
    void environment.ended.then(() => {
      // One that was let go, and ends as the others do, is missed by nobody.
      if (this.#environments.delete(environment)) this.#fill();
    });
  }

  #fillLater(errorType: string): void {
    this.#failure = errorType;
    this.#again ??= this.#clock.after(Math.min(AGAIN_FIRST_MS * 2 ** this.#failures++, AGAIN_MOST_MS), () => {
      this.#again = null;
      this.#fill();
    });
  }

  close(): void {
    this.#requested = 0;
    this.#again?.[Symbol.dispose]();
    for (const environment of this.#environments) environment.isProvisioned = false;
    this.#environments.clear();
  }
}
