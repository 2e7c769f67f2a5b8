/** Lets a few through at a time, in order: more boots at once than cores only make all of them late. */

export class Gate {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get isCrowded(): boolean {
    return this.#inside >= this.#most;
  }

  async through<T>(work: () => Promise<T>): Promise<T> {
    if (this.isCrowded) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    else this.#inside++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The place is handed over, so nobody slips in between.
      if (next === undefined) this.#inside--;
      else next();
    }
  }
}
