/** Work on the same key comes one after the other, work on different keys side by side. */

export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  #gate: Promise<unknown> | null = null;

  /** Runs after everything before it on the key, whatever became of that. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    while (this.#gate !== null) await this.#gate;
    return this.#queue(key, work);
  }

  /** Runs when nothing else does; what comes meanwhile waits. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    while (this.#gate !== null) await this.#gate;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    try {
      await Promise.all(this.#last.values());
      return await work();
    } finally {
      this.#gate = null;
      resolve();
    }
  }

  #queue<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(work);
    // Its failure is its caller's; the next one only waits for its end.
    const ended: Promise<void> = turn.then(
      () => this.#leave(key, ended),
      () => this.#leave(key, ended),
    );
    this.#last.set(key, ended);
    return turn;
  }

  #leave(key: string, ended: Promise<unknown>): void {
    if (this.#last.get(key) === ended) this.#last.delete(key);
  }
}
