/** Where the lines that functions write are kept: the contract, and a bounded store in memory. */
import type { LogLine } from "./sandboxes.ts";

export interface StoredLine extends LogLine {
  readonly stream: string;
}

export interface LogFilter {
  readonly stream?: string;
  /** Inclusive. */
  readonly fromMs?: number;
  /** Exclusive. */
  readonly toMs?: number;
  /** The newest so many lines. */
  readonly limit?: number;
}

export interface LogStore {
  /** Never waits; implementations batch and flush within a second. */
  append(group: string, stream: string, lines: readonly LogLine[]): void;
  /** In order of time; everything appended before the call is included. */
  read(group: string, filter: LogFilter): Promise<readonly StoredLine[]>;
  groups(): Promise<readonly string[]>;
  /** Forgets a group. */
  remove(group: string): Promise<void>;
}

function passes(line: StoredLine, filter: LogFilter): boolean {
  if (filter.stream !== undefined && line.stream !== filter.stream) return false;
  return line.atMs >= (filter.fromMs ?? -Infinity) && line.atMs < (filter.toMs ?? Infinity);
}

/** The newest `limit` of lines that are in order already. */
export function newest(lines: readonly StoredLine[], filter: LogFilter): readonly StoredLine[] {
  const kept = lines.filter((line) => passes(line, filter));
  return filter.limit === undefined ? kept : kept.slice(Math.max(0, kept.length - filter.limit));
}

// What people scroll through; older lines belong to a store on disk.
const MAX_LINES_PER_GROUP = 10_000;

export class MemoryLogs implements LogStore {
  readonly #groups = new Map<string, StoredLine[]>();

  append(group: string, stream: string, lines: readonly LogLine[]): void {
    const kept = this.#groups.get(group) ?? [];
    for (const line of lines) kept.push({ ...line, stream });
    // Dropping half at once keeps appending cheap.
    if (kept.length > MAX_LINES_PER_GROUP) kept.splice(0, kept.length - MAX_LINES_PER_GROUP / 2);
    this.#groups.set(group, kept);
  }

  async read(group: string, filter: LogFilter): Promise<readonly StoredLine[]> {
    return newest(this.#groups.get(group) ?? [], filter);
  }

  async groups(): Promise<readonly string[]> {
    return [...this.#groups.keys()].toSorted();
  }

  async remove(group: string): Promise<void> {
    this.#groups.delete(group);
  }
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
