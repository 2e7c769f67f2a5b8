/** What one browser is still to be sent of a log: gathered for a moment, bounded however fast the log and slow the browser. */
import type { ServerResponse } from "node:http";
import type { Clock } from "#base/clock.ts";

export interface FeedLine {
  readonly atMs: number;
  /** The pod, where lines of several come together. */
  readonly from?: string;
  readonly text: string;
  /** Ours, not the log's: "web-1 waits: ImagePullBackOff". */
  readonly isNote?: boolean;
}

export type Outlet = Pick<ServerResponse, "write" | "writableNeedDrain" | "once">;

// People see no difference, and a thousand lines are one message.
const GATHER_MS = 200;
// What waits for one browser. A log that is faster loses its oldest lines, and the page says how many.
const MAX_LINES = 2_000;
const MAX_CHARS = 1024 * 1024;
const MAX_LINE_CHARS = 8_192;

export class Feed implements Disposable {
  readonly #outlet: Outlet;
  readonly #clock: Clock;
  #waiting: FeedLine[] = [];
  #chars = 0;
  #skipped = 0;
  #timer: Disposable | null = null;
  #room = Promise.withResolvers<void>();
  #isClosed = false;

  constructor(outlet: Outlet, clock: Clock) {
    this.#outlet = outlet;
    this.#clock = clock;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Never waits. A line that is too long is cut. */
  add(line: FeedLine): void {
    if (this.#isClosed) return;
    const { text } = line;
    const kept = text.length > MAX_LINE_CHARS ? { ...line, text: `${text.slice(0, MAX_LINE_CHARS)} … (cut)` } : line;
    this.#waiting.push(kept);
    this.#chars += kept.text.length;
    if (this.#waiting.length > MAX_LINES || this.#chars > MAX_CHARS) this.#dropOldest();
    this.#timer ??= this.#clock.after(GATHER_MS, () => this.#send());
  }

  note(text: string): void {
    this.add({ atMs: this.#clock.now(), text, isNote: true });
  }

  // Half at once keeps adding cheap.
  #dropOldest(): void {
    const dropped = this.#waiting.splice(0, Math.ceil(this.#waiting.length / 2));
    this.#skipped += dropped.length;
    for (const { text } of dropped) this.#chars -= text.length;
  }

  /** Whether a source that can wait should: nothing is skipped then. */
  get isHalfFull(): boolean {
    return !this.#isClosed && (this.#waiting.length > MAX_LINES / 2 || this.#chars > MAX_CHARS / 2);
  }

  /** Resolves when half of the room is free, or when nobody reads any more. */
  async room(): Promise<void> {
    while (this.isHalfFull) await this.#room.promise;
  }

  #send(): void {
    this.#timer = null;
    if (this.#isClosed || this.#waiting.length === 0) return;
    if (this.#outlet.writableNeedDrain) {
      this.#outlet.once("drain", () => this.#send());
      return;
    }
    // What several pods wrote within this moment is put in order.
    const lines = this.#waiting.toSorted((a, b) => a.atMs - b.atMs);
    this.#outlet.write(`data: ${JSON.stringify({ skipped: this.#skipped, lines })}\n\n`);
    [this.#waiting, this.#chars, this.#skipped] = [[], 0, 0];
    this.#makeRoom();
  }

  #makeRoom(): void {
    this.#room.resolve();
    this.#room = Promise.withResolvers<void>();
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
    this.#waiting = [];
    this.#makeRoom();
  }
}

/** Makes lines of text that comes in pieces; a line without end does not fill memory. */
export class LineSplitter {
  #rest = "";

  *push(piece: string): Iterable<string> {
    const lines = (this.#rest + piece).split("\n");
    this.#rest = (lines.pop() ?? "").slice(0, MAX_LINE_CHARS + 1);
    yield* lines;
  }
}
