/** Reading container logs in CRI's format: "<RFC 3339 with nanoseconds> stdout|stderr F|P <text>", one file per start. */
import { open, readdir, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Clock } from "#base/clock.ts";
import type { Stop } from "#base/stop.ts";

export interface LogEntry {
  readonly time: string;
  readonly stream: string;
  /** False for a piece of a line that goes on in the next entry. */
  readonly isFull: boolean;
  readonly text: Buffer;
}

export interface LogOptions {
  readonly follow?: boolean;
  readonly tailLines?: number;
  readonly timestamps?: boolean;
  /** Wall time. */
  readonly sinceMs?: number;
  readonly limitBytes?: number;
}

const READ_BYTES = 64 * 1024;
const MAX_LINE_BYTES = 1024 * 1024;
// A follower looks this often; inotify would cost a watch per reader and misses rotations.
const FOLLOW_MS = 100;
const NEWLINE = 10;
const SPACE = 32;

/** Null for a line that is not in the format. The text is without its newline. */
export function parseLogLine(line: Buffer): LogEntry | null {
  const first = line.indexOf(SPACE);
  const second = line.indexOf(SPACE, first + 1);
  const third = line.indexOf(SPACE, second + 1);
  if (first <= 0 || second <= first || third <= second) return null;
  const [tag = ""] = line
    .subarray(second + 1, third)
    .toString()
    .split(":");
  return {
    time: line.subarray(0, first).toString(),
    stream: line.subarray(first + 1, second).toString(),
    isFull: tag === "F",
    text: line.subarray(third + 1),
  };
}

/** The log as the container wrote it. With `follow`, goes on until `stop` fires or `isOver` says the container has ended. */
export async function* readLog(
  path: string,
  options: LogOptions,
  live: { readonly clock: Clock; readonly stop: Stop; readonly isOver: () => boolean },
): AsyncGenerator<Buffer> {
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  let startsLine = true;
  for await (const line of linesOf(path, options, live)) {
    const entry = parseLogLine(line);
    if (entry === null || (options.sinceMs !== undefined && Date.parse(entry.time) < options.sinceMs)) continue;
    const stamp = options.timestamps === true && startsLine ? [Buffer.from(`${entry.time} `)] : [];
    const bytes = Buffer.concat([...stamp, entry.text, ...(entry.isFull ? [Buffer.from("\n")] : [])]);
    startsLine = entry.isFull;
    yield bytes.subarray(0, left);
    left -= bytes.length;
    if (left <= 0) return;
  }
}

/** The end of a log as text, for termination messages. */
export async function lastLogText(
  path: string,
  limit: { readonly lines: number; readonly bytes: number },
): Promise<string> {
  const file = await open(path).catch(() => null); // The container never wrote.
  if (file === null) return "";
  try {
    const { size } = await file.stat();
    const from = await offsetOfTail(file, size, limit.lines);
    const bytes = Buffer.alloc(Math.min(size - from, 4 * limit.bytes + READ_BYTES));
    await file.read(bytes, 0, bytes.length, Math.max(from, size - bytes.length));
    const texts = splitLines(bytes).flatMap((line) => {
      const entry = parseLogLine(line);
      return entry === null ? [] : [entry.text, ...(entry.isFull ? [Buffer.from("\n")] : [])];
    });
    return Buffer.concat(texts).subarray(-limit.bytes).toString("utf8");
  } finally {
    await file.close();
  }
}

function splitLines(bytes: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

/** Rotated pieces first (oldest first), then the file itself, then what is added to it. */
async function* linesOf(
  path: string,
  options: LogOptions,
  live: { readonly clock: Clock; readonly stop: Stop; readonly isOver: () => boolean },
): AsyncGenerator<Buffer> {
  if (options.tailLines === undefined)
    for (const piece of await rotatedPieces(path)) yield* linesOfFile(await open(piece), 0, null);
  const file = await open(path);
  const start =
    options.tailLines === undefined ? 0 : await offsetOfTail(file, (await file.stat()).size, options.tailLines);
  yield* linesOfFile(file, start, options.follow === true ? { ...live, path } : null);
}

interface Following {
  readonly path: string;
  readonly clock: Clock;
  readonly stop: Stop;
  readonly isOver: () => boolean;
}

async function* linesOfFile(first: FileHandle, start: number, following: Following | null): AsyncGenerator<Buffer> {
  let file = first;
  let at = start;
  let pending: Buffer = Buffer.alloc(0);
  try {
    for (;;) {
      // Asked before reading: what was written up to the end is read after.
      const wasOver = following === null || following.isOver() || following.stop.aborted;
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, at);
      at += bytesRead;
      pending = Buffer.concat([pending, buffer.subarray(0, bytesRead)]);
      yield* splitLines(pending);
      pending = pending.subarray(pending.lastIndexOf(NEWLINE) + 1);
      // The runtime cuts lines at 16 KiB: this is none of its lines.
      if (pending.length > MAX_LINE_BYTES) pending = Buffer.alloc(0);
      if (bytesRead > 0) continue;
      if (following === null || wasOver) return;
      const renewed = await openIfRotated(file, following.path);
      if (renewed === null) await following.clock.sleep(FOLLOW_MS, following.stop);
      else {
        await file.close();
        file = renewed;
        at = 0;
      }
    }
  } finally {
    await file.close();
  }
}

async function openIfRotated(file: FileHandle, path: string): Promise<FileHandle | null> {
  const [mine, named] = await Promise.all([file.stat(), stat(path).catch(() => null)]);
  return named === null || named.ino === mine.ino ? null : open(path);
}

/** "0.log.20261123-120000" beside "0.log". */
export async function rotatedPieces(path: string): Promise<readonly string[]> {
  const names = await readdir(dirname(path)).catch(() => []); // No folder, no pieces.
  return names
    .filter((name) => name.startsWith(`${basename(path)}.`))
    .toSorted()
    .map((name) => join(dirname(path), name));
}

/** Where the last `lines` full lines begin; pieces of one line count once. */
async function offsetOfTail(file: FileHandle, size: number, lines: number): Promise<number> {
  let found = 0;
  let end = size;
  let after: Buffer = Buffer.alloc(0);
  while (end > 0) {
    const start = Math.max(0, end - READ_BYTES);
    const chunk = Buffer.alloc(end - start);
    await file.read(chunk, 0, chunk.length, start);
    const bytes = Buffer.concat([chunk, after.length > MAX_LINE_BYTES ? Buffer.alloc(0) : after]);
    // Each newline ends a line; a full line counts, and the tail begins after the newline before it.
    for (
      let newline = bytes.lastIndexOf(NEWLINE);
      newline !== -1;
      newline = newline === 0 ? -1 : bytes.lastIndexOf(NEWLINE, newline - 1)
    ) {
      const previous = newline === 0 ? -1 : bytes.lastIndexOf(NEWLINE, newline - 1);
      if (previous === -1 && start > 0) {
        after = bytes.subarray(0, newline + 1);
        break;
      }
      if (parseLogLine(bytes.subarray(previous + 1, newline))?.isFull !== false) found++;
      if (found > lines) return start + newline + 1;
      after = Buffer.alloc(0);
    }
    end = start;
  }
  return 0;
}
