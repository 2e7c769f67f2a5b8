/** Stores that also tell what goes into them, so that live pages need not ask the disk again and again. */
import type { LogPage, LogScan, LogStore, LogStreamSummary } from "#functions/logs.ts";
import type { LogLine } from "#functions/sandboxes.ts";
import type { Ledger, Usage, UsageWindow } from "#metering/usage.ts";

/** The same ledger; `onAppend` sees everything that is appended. */
export function tappedLedger(ledger: Ledger, onAppend: (usage: readonly Usage[]) => void): Ledger {
  return {
    append: (usage) => {
      ledger.append(usage);
      onAppend(usage);
    },
    read: (window: UsageWindow, is?: Usage["is"]) => ledger.read(window, is),
    trim: (beforeMs) => ledger.trim(beforeMs),
    [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
  };
}

type Follower = (lines: readonly LogLine[]) => void;

/** The same logs; whoever follows a group hears its lines as they are appended. */
export class TappedLogs implements LogStore {
  readonly #logs: LogStore;
  readonly #followers = new Map<string, Set<Follower>>();

  constructor(logs: LogStore) {
    this.#logs = logs;
  }

  append(group: string, stream: string, lines: readonly LogLine[]): void {
    this.#logs.append(group, stream, lines);
    for (const follower of this.#followers.get(group) ?? []) follower(lines);
  }

  follow(group: string, follower: Follower): Disposable {
    const followers = this.#followers.get(group) ?? new Set<Follower>();
    this.#followers.set(group, followers.add(follower));
    return {
      [Symbol.dispose]: () => {
        followers.delete(follower);
        if (followers.size === 0 && this.#followers.get(group) === followers) this.#followers.delete(group);
      },
    };
  }

  scan(group: string, scan: LogScan): Promise<LogPage> {
    return this.#logs.scan(group, scan);
  }

  streams(group: string): Promise<readonly LogStreamSummary[]> {
    return this.#logs.streams(group);
  }

  groups(): Promise<readonly string[]> {
    return this.#logs.groups();
  }

  remove(group: string): Promise<void> {
    return this.#logs.remove(group);
  }

  trim(group: string, beforeMs: number): Promise<void> {
    return this.#logs.trim(group, beforeMs);
  }
}
