/** Room on the disk that is held while there is plenty and given up when it is full, so that deletes, and what does not grow, go on. */
import { closeSync, ftruncateSync, openSync, statfsSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** What a store asks before it grows. */
export interface Room {
  /** While true, only what does not grow may be written. */
  isTight(): boolean;
  /** A write failed: gives up the reserve if the disk is full. True when trying again can succeed. */
  relieve(thrown: unknown): boolean;
}

// Some thousand deletes and status updates; compaction then makes more room inside the files.
export const RESERVE_BYTES: number = 8 * 1024 * 1024;
const PIECE = Buffer.alloc(1024 * 1024);
const LOOK_EVERY_MS = 2_000;
const SQLITE_FULL = 13;
/** A change of a few fields (a deletion's time stamp, a condition) is not growth. */
const SLACK_BYTES = 512;

export function grows(before: number | null, after: number): boolean {
  return before === null || after > before + SLACK_BYTES;
}

export class Reserve implements Room {
  readonly #file: string;
  readonly #bytes: number;
  #isOut: boolean;
  #lookedAtMs = performance.now();

  /** Takes the room if it is there. */
  static open(file: string, bytes: number = RESERVE_BYTES): Reserve {
    return new Reserve(file, bytes);
  }

  private constructor(file: string, bytes: number) {
    this.#file = file;
    this.#bytes = bytes;
    this.#isOut = (statSync(file, { throwIfNoEntry: false })?.size ?? 0) < bytes;
    if (this.#isOut) this.#isOut = !this.#take();
  }

  isTight(): boolean {
    if (!this.#isOut) return false;
    const now = performance.now();
    if (now - this.#lookedAtMs < LOOK_EVERY_MS) return true;
    this.#lookedAtMs = now;
    this.#isOut = !this.#take();
    return this.#isOut;
  }

  relieve(thrown: unknown): boolean {
    if (this.#isOut || !isFull(thrown)) return false;
    this.#isOut = true;
    this.#lookedAtMs = performance.now();
    this.#resize();
    return true;
  }

  /** Only with as much left again: else the next write would have to give it up at once. */
  #take(): boolean {
    const { bavail, bsize } = statfsSync(dirname(this.#file));
    if (bavail * bsize < 2 * this.#bytes) return false;
    try {
      this.#resize(this.#bytes);
      return true;
    } catch {
      this.#resize(); // Others were faster.
      return false;
    }
  }

  /** Written, not only promised: a file with holes holds nothing. */
  #resize(bytes = 0): void {
    const descriptor = openSync(this.#file, "a", 0o600);
    try {
      ftruncateSync(descriptor, 0);
      for (let written = 0; written < bytes; written += PIECE.length) writeSync(descriptor, PIECE);
    } finally {
      closeSync(descriptor);
    }
  }
}

function isFull(thrown: unknown): boolean {
  const { errcode, code } = thrown as { readonly errcode?: number; readonly code?: string };
  return code === "ENOSPC" || code === "EDQUOT" || (errcode !== undefined && (errcode & 0xff) === SQLITE_FULL);
}
