/** Where the lines that functions write are kept: the contract, and a bounded store in memory. */
import type { LogLine } from "./sandboxes.ts";

export interface StoredLine extends LogLine {
  readonly stream: string;
}

/** Between two lines, in the order in which they were kept. Stays right while lines are added, and is passed by when they are dropped. */
export interface LogPlace {
  readonly chunk: number;
  readonly index: number;
}

export interface PlacedLine extends StoredLine {
  readonly at: LogPlace;
}

export interface LogScan {
  /** Default: the end that the direction comes from. */
  readonly from?: LogPlace;
  /** Backward: the lines before `from`, the newest first to be found. */
  readonly direction: "forward" | "backward";
  /** Inclusive. */
  readonly fromMs?: number;
  /** Exclusive. */
  readonly toMs?: number;
  readonly matches: (line: StoredLine) => boolean;
  readonly limit: number;
  /** Of the texts that are found: the last line may go over it. */
  readonly maxLength: number;
}

export interface LogPage {
  /** In the order in which they were kept, in both directions. */
  readonly lines: readonly PlacedLine[];
  /** Where the next scan in the same direction goes on. */
  readonly next: LogPlace;
  /** True: nothing more was there, up to now. False: there may be, also when no line was found, because one call does only so much. */
  readonly isEnd: boolean;
}

export interface LogStreamSummary {
  readonly name: string;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface LogStore {
  /** Never waits; implementations batch and flush within a second. */
  append(group: string, stream: string, lines: readonly LogLine[]): void;
  /** Looks at a bounded part of the group; everything appended before the call is included. */
  scan(group: string, scan: LogScan): Promise<LogPage>;
  groups(): Promise<readonly string[]>;
  /** In order of names. */
  streams(group: string): Promise<readonly LogStreamSummary[]>;
  /** Forgets a group. */
  remove(group: string): Promise<void>;
  /** Forgets lines that are older; a few that were written together with younger ones may stay. */
  trim(group: string, beforeMs: number): Promise<void>;
}

function passes(line: StoredLine, { fromMs = -Infinity, toMs = Infinity, matches }: LogScan): boolean {
  return line.atMs >= fromMs && line.atMs < toMs && matches(line);
}

// What people scroll back through, and a browser or a terminal takes at once.
const NEWEST_LENGTH = 16 * 1024 * 1024;

/** The newest lines of a group, in the order in which they were kept. */
export async function newestLines(
  logs: Pick<LogStore, "scan">,
  group: string,
  limit: number,
): Promise<readonly StoredLine[]> {
  const scan = { direction: "backward", limit, maxLength: NEWEST_LENGTH, matches: () => true } as const;
  return (await logs.scan(group, scan)).lines;
}

/** One chunk's part of a scan: what fits of `lines`, which stand in `chunk` from `first` on. `from` bounds it on the side it comes from. */
export function scanChunk(
  lines: readonly StoredLine[],
  { chunk, first = 0 }: { readonly chunk: number; readonly first?: number },
  scan: LogScan,
): { readonly found: readonly PlacedLine[]; readonly stoppedAt: LogPlace | null } {
  const isForward = scan.direction === "forward";
  const bound = scan.from?.chunk === chunk ? scan.from.index - first : isForward ? 0 : lines.length;
  const found: PlacedLine[] = [];
  let length = 0;
  const step = isForward ? 1 : -1;
  for (
    let i = isForward ? Math.max(0, bound) : Math.min(lines.length, bound) - 1;
    i >= 0 && i < lines.length;
    i += step
  ) {
    const line = lines[i] as StoredLine;
    const at = { chunk, index: first + i };
    if (found.length >= scan.limit || length >= scan.maxLength)
      return { found, stoppedAt: isForward ? at : { chunk, index: at.index + 1 } };
    if (!passes(line, scan)) continue;
    found.push({ ...line, at });
    length += line.text.length;
  }
  return { found, stoppedAt: null };
}

/** The same page with its lines in the order in which they were kept. */
export function inOrder(found: readonly PlacedLine[], { direction }: LogScan): readonly PlacedLine[] {
  return direction === "forward" ? found : found.toReversed();
}

// What people scroll through; older lines belong to a store on disk.
const MAX_LINES_PER_GROUP = 10_000;

interface MemoryGroup {
  readonly lines: StoredLine[];
  /** How many were dropped before the first: places count from the very first line. */
  dropped: number;
}

export class MemoryLogs implements LogStore {
  readonly #groups = new Map<string, MemoryGroup>();

  append(group: string, stream: string, lines: readonly LogLine[]): void {
    const kept = this.#groups.get(group) ?? { lines: [], dropped: 0 };
    for (const line of lines) kept.lines.push({ ...line, stream });
    // Dropping half at once keeps appending cheap.
    if (kept.lines.length > MAX_LINES_PER_GROUP)
      kept.dropped += kept.lines.splice(0, kept.lines.length - MAX_LINES_PER_GROUP / 2).length;
    this.#groups.set(group, kept);
  }

  async scan(group: string, scan: LogScan): Promise<LogPage> {
    const { lines, dropped } = this.#groups.get(group) ?? { lines: [], dropped: 0 };
    const { found, stoppedAt } = scanChunk(lines, { chunk: 0, first: dropped }, scan);
    const end = { chunk: 0, index: scan.direction === "forward" ? dropped + lines.length : dropped };
    return { lines: inOrder(found, scan), next: stoppedAt ?? end, isEnd: stoppedAt === null };
  }

  async groups(): Promise<readonly string[]> {
    return [...this.#groups.keys()].toSorted();
  }

  async streams(group: string): Promise<readonly LogStreamSummary[]> {
    return streamsOf(this.#groups.get(group)?.lines ?? []);
  }

  async remove(group: string): Promise<void> {
    this.#groups.delete(group);
  }

  async trim(group: string, beforeMs: number): Promise<void> {
    const kept = this.#groups.get(group);
    if (kept === undefined) return;
    const first = kept.lines.findIndex(({ atMs }) => atMs >= beforeMs);
    kept.dropped += kept.lines.splice(0, first < 0 ? kept.lines.length : first).length;
  }
}

/** By name. */
export function streamsOf(lines: readonly StoredLine[]): readonly LogStreamSummary[] {
  const streams = new Map<string, LogStreamSummary>();
  for (const { stream, atMs } of lines) {
    const known = streams.get(stream);
    streams.set(stream, {
      name: stream,
      firstMs: Math.min(known?.firstMs ?? atMs, atMs),
      lastMs: Math.max(known?.lastMs ?? atMs, atMs),
    });
  }
  return [...streams.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

// LogType=Tail: "the last 4 KB of the execution log".
const TAIL_BYTES = 4096;

/** Collects the end of one invocation's log. */
export class Tail {
  readonly #lines: string[] = [];
  #length = 0;

  add(text: string): void {
    this.#lines.push(text);
    this.#length += text.length + 1;
    while (this.#lines.length > 1 && this.#length - (this.#lines[0]?.length ?? 0) - 1 >= TAIL_BYTES) {
      this.#length -= (this.#lines.shift()?.length ?? 0) + 1;
    }
  }

  addAll(other: Tail): void {
    for (const line of other.#lines) this.add(line);
  }

  text(): string {
    const all = `${this.#lines.join("\n")}\n`;
    return all.slice(Math.max(0, all.length - TAIL_BYTES));
  }
}
