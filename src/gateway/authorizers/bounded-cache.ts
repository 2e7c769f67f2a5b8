/** Answers that are good for some time: by key, no more than `max` of them, the longest unused forgotten first. */

interface Kept<T> {
  readonly value: T;
  readonly untilMs: number;
}

export class BoundedCache<T> {
  readonly #max: number;
  readonly #kept = new Map<string, Kept<T>>();

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string, nowMs: number): T | undefined {
    const found = this.#kept.get(key);
    if (found === undefined) return undefined;
    this.#kept.delete(key);
    if (found.untilMs <= nowMs) return undefined;
    this.#kept.set(key, found);
    return found.value;
  }

  set(key: string, value: T, untilMs: number): void {
    this.#kept.delete(key);
    this.#kept.set(key, { value, untilMs });
    if (this.#kept.size <= this.#max) return;
    const oldest = this.#kept.keys().next();
    if (oldest.done !== true) this.#kept.delete(oldest.value);
  }

  clear(): void {
    this.#kept.clear();
  }
}
