/** Progress for people on standard error: one line a step with its time; nothing moves where nobody looks. */

export class Steps {
  readonly #startedAt = performance.now();
  readonly #isTerminal = process.stderr.isTTY;
  #hasLive = false;

  seconds(): string {
    return ((performance.now() - this.#startedAt) / 1000).toFixed(2);
  }

  async run<T>(title: string, work: () => Promise<T>): Promise<T> {
    const end = this.step(title);
    const result = await work();
    end();
    return result;
  }

  /** Ends with the time that it took. */
  step(title: string): (note?: string) => void {
    const startedAt = performance.now();
    if (this.#isTerminal) this.live(`… ${title}`);
    return (note) => this.#line(`✓ ${title}${note === undefined ? "" : `: ${note}`}`, performance.now() - startedAt);
  }

  /** Something is ready, at this time since the start. */
  done(title: string): void {
    this.#line(`✓ ${title}`, performance.now() - this.#startedAt);
  }

  #line(text: string, ms: number): void {
    this.#clearLive();
    process.stderr.write(`${text} (${(ms / 1000).toFixed(2)} s)\n`);
  }

  say(text: string): void {
    this.#clearLive();
    process.stderr.write(`${text}\n`);
  }

  /** A line that the next one replaces; only on a terminal. */
  live(text: string): void {
    if (!this.#isTerminal) return;
    this.#clearLive();
    process.stderr.write(text.slice(0, (process.stderr.columns ?? 80) - 1));
    this.#hasLive = true;
  }

  #clearLive(): void {
    if (this.#hasLive) process.stderr.write("\r\x1b[2K");
    this.#hasLive = false;
  }
}
