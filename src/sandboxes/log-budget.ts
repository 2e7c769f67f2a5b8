/** How much one sandbox may log by all ways together, and the sentence about what was dropped. Takes the time as an argument. */

// More than any function that people read; what a second of it costs control to keep is a few milliseconds.
const BYTES_PER_SECOND = 1024 * 1024;
const BURST_BYTES = 4 * BYTES_PER_SECOND;
// A short line costs its record: without this, a million empty lines would be free.
const BYTES_PER_LINE = 64;

export class LogBudget {
  #left = BURST_BYTES;
  #atMs = 0;
  #isDry = false;
  #lines = 0;
  #bytes = 0;

  /** Whether a line of so many bytes may pass. Once dry, nothing passes until a second's worth has come in: pieces of a flood help nobody. */
  allows(bytes: number, nowMs: number): boolean {
    this.#earn(nowMs);
    const cost = bytes + BYTES_PER_LINE;
    this.#isDry = this.#left < (this.#isDry ? BYTES_PER_SECOND : cost);
    if (this.#isDry) {
      this.drop(bytes, 1);
      return false;
    }
    this.#left -= cost;
    return true;
  }

  /** Whether nothing at all may pass now: what comes need not be looked at, only counted by `drop`. */
  isDry(nowMs: number): boolean {
    this.#earn(nowMs);
    return this.#isDry && this.#left < BYTES_PER_SECOND;
  }

  drop(bytes: number, lines: number): void {
    this.#lines += lines;
    this.#bytes += bytes;
  }

  #earn(nowMs: number): void {
    const earned = (Math.max(0, nowMs - this.#atMs) * BYTES_PER_SECOND) / 1000;
    this.#left = Math.min(BURST_BYTES, this.#left + earned);
    this.#atMs = nowMs;
  }

  /** What was dropped since the last report; null when nothing was. */
  report(): string | null {
    if (this.#bytes === 0 && this.#lines === 0) return null;
    const text = `[catamaran] ${this.#lines} log lines (${this.#bytes} bytes) were dropped: an environment may log 1 MiB a second`;
    this.#lines = 0;
    this.#bytes = 0;
    return text;
  }
}
