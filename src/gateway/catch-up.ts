/** Before a request is told that no route fits: waits until the views have what was written before it came. */

/**
 * One question at a time, however many ask. Whoever comes while one is under way waits for the next: the answer to the first may be older
 * than what the newcomer has written.
 */
export class CatchUp {
  readonly #ask: () => Promise<unknown>;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  /** `ask` resolves when an answer came over the connection that also brings the views their changes. */
  constructor(ask: () => Promise<unknown>) {
    this.#ask = ask;
  }

  /** Never rejects: while control is away, the views are the newest that there is. */
  wait(): Promise<void> {
    if (this.#running === null) return this.#start();
    this.#next ??= this.#running.then(() => this.#start());
    return this.#next;
  }

  #start(): Promise<void> {
    this.#next = null;
    this.#running = this.#asked();
    return this.#running;
  }

  async #asked(): Promise<void> {
    try {
      await this.#ask();
    } catch {
      // Nobody is there to say anything newer.
    } finally {
      this.#running = null;
    }
  }
}
