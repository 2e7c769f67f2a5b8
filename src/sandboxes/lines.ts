/** Cuts what a pipe carries into lines of bounded length, so that no writer decides how much memory or time its reader needs. Never decodes across lines. */
import type { Readable } from "node:stream";

// CloudWatch Logs' event was at most 256 KB for ten years, and Lambda cuts longer lines into several.
export const MAX_LINE_BYTES: number = 256 * 1024;
// What most lines fit into; a longer one's room is given back when it is over.
const USUAL_BYTES = 4 * 1024;
const NEWLINE = 0x0a;
// What Node reads at once from a pipe or a socket in which more is waiting.
const FULL_CHUNK_BYTES = 64 * 1024;

/** Of a flood one or two chunks in each turn of the event loop: libuv would read 32 before anybody else's turn (uv__read), however long each takes. Whoever paused it for reasons of his own says with `mayResume` that it stays so. */
export function readInTurns(pipe: Readable, take: (chunk: Buffer) => void, mayResume = (): boolean => true): void {
  pipe.on("data", (chunk: Buffer) => {
    take(chunk);
    if (chunk.length < FULL_CHUNK_BYTES) return;
    pipe.pause();
    setImmediate(() => {
      if (mayResume()) pipe.resume();
    });
  });
}

export class LineSplitter {
  readonly #take: (line: string) => void;
  #room: Buffer = Buffer.allocUnsafeSlow(USUAL_BYTES);
  #length = 0;

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.#hold(chunk.subarray(from, end));
      this.#give(this.#length);
      from = end + 1;
    }
    this.#hold(chunk.subarray(from));
  }

  /** Passes over a chunk without making lines of it; returns how many ended in it. The line that it begins is kept. */
  skip(chunk: Buffer): number {
    let ended = 0;
    for (let at = 0; at < chunk.length; at++) if (chunk[at] === NEWLINE) ended++;
    if (ended === 0) return 0;
    this.#length = 0;
    this.#hold(chunk.subarray(chunk.lastIndexOf(NEWLINE) + 1));
    return ended;
  }

  /** The last line may lack its newline. */
  end(): void {
    if (this.#length > 0) this.#give(this.#length);
  }

  #hold(piece: Buffer): void {
    for (let from = 0; from < piece.length;) {
      const taken = piece.subarray(from, from + MAX_LINE_BYTES - this.#length);
      this.#makeRoom(this.#length + taken.length);
      taken.copy(this.#room, this.#length);
      this.#length += taken.length;
      from += taken.length;
      if (this.#length === MAX_LINE_BYTES) this.#give(wholeCharacters(this.#room, MAX_LINE_BYTES));
    }
  }

  #makeRoom(bytes: number): void {
    if (bytes <= this.#room.length) return;
    const room = Buffer.allocUnsafeSlow(Math.min(MAX_LINE_BYTES, Math.max(bytes, 2 * this.#room.length)));
    this.#room.copy(room, 0, 0, this.#length);
    this.#room = room;
  }

  #give(end: number): void {
    const line = this.#room.toString("utf8", 0, end);
    const rest = Buffer.from(this.#room.subarray(end, this.#length));
    if (this.#room.length > USUAL_BYTES) this.#room = Buffer.allocUnsafeSlow(USUAL_BYTES);
    rest.copy(this.#room);
    this.#length = rest.length;
    this.#take(line);
  }
}

/** Where the last whole UTF-8 character before `end` ends (RFC 3629 §3: followers are 10xxxxxx, a character has at most four bytes). */
function wholeCharacters(bytes: Buffer, end: number): number {
  for (let start = end - 1; start >= end - 4; start--) {
    const byte = bytes[start] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const size = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return start + size > end ? start : end;
  }
  return end;
}
