/** How many requests each key has made of its plan, by day: counted here, kept by the control process. */
import type { KeyUsage } from "#control/contract.ts";

export class QuotaCounts {
  /** By plan and key, then by day. */
  readonly #counts = new Map<string, Map<string, number>>();
  #pending = new Map<string, KeyUsage>();

  /** What was kept before this process began. */
  load(usage: readonly KeyUsage[]): void {
    for (const { plan, key, day, count } of usage) {
      const counts = this.#of(plan, key);
      counts.set(day, (counts.get(day) ?? 0) + count);
    }
  }

  countsOf(plan: string, key: string): ReadonlyMap<string, number> {
    return this.#counts.get(`${plan}/${key}`) ?? NONE;
  }

  count(plan: string, key: string, day: string): void {
    const counts = this.#of(plan, key);
    counts.set(day, (counts.get(day) ?? 0) + 1);
    const name = `${plan}/${key}/${day}`;
    this.#pending.set(name, { plan, key, day, count: (this.#pending.get(name)?.count ?? 0) + 1 });
  }

  /** Hands over what was not delivered yet; give it back with `restore` when that fails. */
  take(): readonly KeyUsage[] {
    const taken = [...this.#pending.values()];
    this.#pending = new Map();
    return taken;
  }

  restore(usage: readonly KeyUsage[]): void {
    for (const { plan, key, day, count } of usage) {
      const name = `${plan}/${key}/${day}`;
      this.#pending.set(name, { plan, key, day, count: (this.#pending.get(name)?.count ?? 0) + count });
    }
  }

  #of(plan: string, key: string): Map<string, number> {
    const name = `${plan}/${key}`;
    const known = this.#counts.get(name) ?? new Map<string, number>();
    this.#counts.set(name, known);
    return known;
  }
}

const NONE: ReadonlyMap<string, number> = new Map();
