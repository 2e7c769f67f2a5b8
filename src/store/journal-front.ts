/** What every embedded journal shares: the key index, revisions, preconditions, group commit, followers and history. Never a disk. */
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Appended, Entry, Expected, Journal, JournalChange, Revision } from "#deck/journal.ts";
import { grows, type Room } from "./reserve.ts";

/** The part that differs: where a batch becomes durable. All calls are synchronous. */
export interface Engine {
  /** Makes the batch durable as one unit, or throws and leaves nothing of it. */
  commit(batch: readonly JournalChange[]): void;
  /** Forgets superseded rows and remembers the compacted revision, in one durable unit. */
  forget(revisions: readonly Revision[], compacted: Revision): void;
  /** Throws while the disk refuses writes. */
  probe(): void;
  close(): void;
}

/** What an engine found when it was opened. */
export interface Past {
  readonly entries: ReadonlyMap<string, Entry>;
  /** Changes after `compacted`, in order. */
  readonly history: readonly JournalChange[];
  readonly revision: Revision;
  readonly compacted: Revision;
  /** Superseded rows that are still stored, with the revision that superseded them. */
  readonly superseded: readonly Superseded[];
}

export interface Superseded {
  readonly revision: Revision;
  readonly by: Revision;
}

export interface FrontOptions {
  readonly engine: Engine;
  readonly past: Past;
  readonly clock: Clock;
  /** How to run the next commit: soon, once everything that is ready now has been appended. */
  readonly soon: (work: () => void) => void;
  /** Absent where there is no disk. */
  readonly room?: Room;
}

// One transaction of this size takes about 40 ms; more would only add latency.
const BATCH_OPS = 2_000;
const BATCH_BYTES = 4 * 1024 * 1024;
// A slice of compaction must not delay a commit by more than a few milliseconds.
const COMPACTION_SLICE = 500;
// etcd keeps 5 minutes; small clusters also keep enough for a client that was away for a while.
const HISTORY_KEPT_MS = 5 * 60_000;
const HISTORY_KEPT_CHANGES = 10_000;
// Memory is finite: beyond this many changes the 5 minutes are given up.
const HISTORY_MAX_CHANGES = 100_000;
const HISTORY_MAX_BYTES = 64 * 1024 * 1024;
// What nobody comes back for at once is kept within less (see deck/collection.ts), and what is old within little.
const FRESH_MS = 75_000;
const STALE_MAX_BYTES = 8 * 1024 * 1024;
const OLD_MAX_BYTES = 4 * 1024 * 1024;
const COMPACTION_EVERY_MS = 60_000;
const PROBE_EVERY_MS = 1_000;

export function emptyPast(): Past {
  return { entries: new Map(), history: [], revision: 0, compacted: 0, superseded: [] };
}

interface Pending {
  readonly change: JournalChange;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (fault: Fault) => void;
}

interface Follower {
  after: Revision;
  readonly listener: (changes: readonly JournalChange[]) => void;
}

export class JournalFront implements Journal {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #soon: (work: () => void) => void;
  readonly #room: Room | undefined;
  readonly #entries: Map<string, Entry>;
  /** What the keys will be once the queue is durable; null is deleted. Only preconditions look here. */
  readonly #overlay = new Map<string, Entry | null>();
  readonly #followers = new Set<Follower>();
  #queue: Pending[] = [];
  /** Lost races whose winner is in the queue. */
  #waiting: { readonly resolve: () => void; readonly reject: (fault: Fault) => void }[] = [];
  readonly #history: JournalChange[];
  readonly #superseded: Superseded[];
  #historyBytes: number;
  #revision: Revision;
  #allocated: Revision;
  #compacted: Revision;
  #isScheduled = false;
  #isCompacting = false;
  #isClosed = false;
  #refusal: { readonly reason: string; probedAtMs: number } | null = null;
  readonly #marks: { readonly atMs: number; readonly revision: Revision }[] = [];
  #timer: Disposable | null = null;

  constructor({ engine, past, clock, soon, room }: FrontOptions) {
    this.#room = room;
    this.#engine = engine;
    this.#clock = clock;
    this.#soon = soon;
    this.#entries = new Map(past.entries);
    this.#history = [...past.history];
    this.#historyBytes = past.history.reduce((sum, change) => sum + sizeOf(change), 0);
    this.#superseded = [...past.superseded];
    this.#revision = past.revision;
    this.#allocated = past.revision;
    this.#compacted = past.compacted;
    this.#scheduleCompaction();
  }

  revision(): Revision {
    return this.#revision;
  }

  compactedRevision(): Revision {
    return this.#compacted;
  }

  append(key: string, bytes: Uint8Array | null, expected: Expected): Promise<Appended> {
    const refusal = this.#refused();
    if (refusal !== null) return Promise.reject(refusal);
    const pending = this.#overlay.get(key);
    const current = pending === undefined ? (this.#entries.get(key) ?? null) : pending;
    if (!isAsExpected(current, expected)) {
      // The state that lost us the race is not durable yet: answer when it is.
      return pending === undefined ? Promise.resolve({ ok: false, current }) : this.#lostTo(key);
    }
    if (bytes === null && current === null) return Promise.resolve({ ok: true, revision: this.#revision });
    if (bytes !== null && grows(current?.bytes.length ?? null, bytes.length) && this.#room?.isTight() === true)
      return Promise.reject(unavailable("the disk is full; deletes and what does not grow are taken"));
    return new Promise((resolve, reject) => {
      this.#queue.push({ change: this.#allocate(key, bytes, current), resolve, reject });
      this.#schedule();
    });
  }

  get(key: string): Promise<Entry | null> {
    return Promise.resolve(this.#entries.get(key) ?? null);
  }

  range(prefix: string): Promise<{ readonly entries: readonly Entry[]; readonly revision: Revision }> {
    const entries: Entry[] = [];
    for (const entry of this.#entries.values()) if (entry.key.startsWith(prefix)) entries.push(entry);
    entries.sort((a, b) => compareKeys(a.key, b.key));
    return Promise.resolve({ entries, revision: this.#revision });
  }

  follow(after: Revision, listener: (changes: readonly JournalChange[]) => void): Disposable | null {
    if (after < this.#compacted) return null;
    const follower: Follower = { after, listener };
    const past = this.#history.slice(firstAfter(this.#history, after));
    if (past.length > 0) deliver(follower, past);
    this.#followers.add(follower);
    return { [Symbol.dispose]: () => void this.#followers.delete(follower) };
  }

  async compact(revision: Revision): Promise<void> {
    const target = Math.min(revision, this.#revision);
    if (target <= this.#compacted) return;
    this.#compacted = target;
    for (const change of this.#history.splice(0, firstAfter(this.#history, target)))
      this.#historyBytes -= sizeOf(change);
    let isFirst = true;
    while (!this.#isClosed && (isFirst || (this.#superseded[0]?.by ?? Infinity) <= target)) {
      isFirst = false;
      let count = 0;
      while (count < COMPACTION_SLICE && (this.#superseded[count]?.by ?? Infinity) <= target) count++;
      this.#engine.forget(
        this.#superseded.slice(0, count).map((row) => row.revision),
        target,
      );
      this.#superseded.splice(0, count);
      await new Promise<void>((resolve) => this.#soon(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#timer?.[Symbol.dispose]();
    this.#commitAll();
    this.#isClosed = true;
    this.#followers.clear();
    this.#engine.close();
  }

  #refused(): Fault | null {
    if (this.#isClosed) return new Fault("Unavailable", "the journal is closed");
    if (this.#refusal === null) return null;
    const now = this.#clock.monotonicMs();
    if (now - this.#refusal.probedAtMs < PROBE_EVERY_MS) return unavailable(this.#refusal.reason);
    this.#refusal.probedAtMs = now;
    try {
      this.#engine.probe();
    } catch (thrown) {
      return unavailable(reasonOf(thrown));
    }
    this.#refusal = null;
    return null;
  }

  #lostTo(key: string): Promise<Appended> {
    return new Promise((resolve, reject) => {
      const resolveLost = (): void => resolve({ ok: false, current: this.#entries.get(key) ?? null });
      this.#waiting.push({ resolve: resolveLost, reject });
    });
  }

  #allocate(key: string, bytes: Uint8Array | null, current: Entry | null): JournalChange {
    const revision = ++this.#allocated;
    if (bytes === null) {
      this.#overlay.set(key, null);
      return { type: "delete", key, revision, previous: (current as Entry).bytes };
    }
    const createRevision = current?.createRevision ?? revision;
    this.#overlay.set(key, { key, bytes, revision, createRevision });
    return { type: "put", key, bytes, revision, createRevision, previous: current?.bytes ?? null };
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#soon(() => {
      this.#isScheduled = false;
      this.#commitAll();
    });
  }

  #commitAll(): void {
    while (this.#queue.length > 0 && !this.#isClosed) {
      const batch = this.#nextBatch();
      const changes = batch.map((pending) => pending.change);
      try {
        this.#engine.commit(changes);
      } catch (thrown) {
        this.#fail(batch, thrown);
        return;
      }
      this.#publish(changes);
      for (const { change, resolve } of batch) resolve({ ok: true, revision: change.revision });
    }
    this.#overlay.clear();
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #nextBatch(): readonly Pending[] {
    let count = 0;
    let bytes = 0;
    for (const { change } of this.#queue) {
      if (count === BATCH_OPS || (bytes > 0 && bytes + sizeOf(change) > BATCH_BYTES)) break;
      bytes += sizeOf(change);
      count++;
    }
    return this.#queue.splice(0, count);
  }

  /** Later appends were decided on top of the lost batch, so they go with it: no holes, no writes on a guess. */
  #fail(batch: readonly Pending[], thrown: unknown): void {
    const reason = reasonOf(thrown);
    const lost = [...batch, ...this.#queue, ...this.#waiting];
    this.#queue = [];
    this.#waiting = [];
    this.#overlay.clear();
    this.#allocated = this.#revision;
    if (this.#room?.relieve(thrown) === true) this.#makeRoom();
    else this.#refusal = { reason, probedAtMs: this.#clock.monotonicMs() };
    for (const { reject } of lost) reject(unavailable(reason));
  }

  /** History is worth less than a delete: what it frees inside the file, later writes use. */
  #makeRoom(): void {
    this.compact(this.#revision).catch(() => {}); // Still full: the next append reports it.
  }

  #publish(changes: readonly JournalChange[]): void {
    for (const change of changes) {
      const old = this.#entries.get(change.key);
      if (old !== undefined) this.#superseded.push({ revision: old.revision, by: change.revision });
      if (change.type === "put") {
        const { key, bytes, revision, createRevision } = change;
        this.#entries.set(key, { key, bytes, revision, createRevision });
      } else {
        this.#entries.delete(change.key);
        this.#superseded.push({ revision: change.revision, by: change.revision });
      }
      this.#history.push(change);
      this.#historyBytes += sizeOf(change);
      this.#revision = change.revision;
    }
    for (const follower of this.#followers) deliver(follower, changes);
    // Between two looks of the timer many large objects may be written.
    if (this.#historyBytes > 2 * HISTORY_MAX_BYTES && !this.#isCompacting)
      this.#compactTo(this.#lastAffordable(HISTORY_MAX_BYTES));
  }

  #scheduleCompaction(): void {
    this.#timer = this.#clock.after(COMPACTION_EVERY_MS, () => {
      this.#scheduleCompaction();
      const now = this.#clock.now();
      this.#marks.push({ atMs: now, revision: this.#revision });
      this.#compactTo(Math.max(this.#compactionTarget(now), this.#lastAffordable(HISTORY_MAX_BYTES)));
    });
  }

  #compactTo(target: Revision): void {
    if (target <= this.#compacted || this.#refusal !== null) return;
    this.#isCompacting = true;
    // A disk that refuses is met again by the next append, which reports it; compaction is tried again in a minute.
    this.compact(target)
      .catch(() => {})
      .finally(() => (this.#isCompacting = false));
  }

  /** The revision up to which history must go so that the rest is within so many bytes. */
  #lastAffordable(maxBytes: number): Revision {
    let bytes = this.#historyBytes;
    let revision = this.#compacted;
    for (const change of this.#history) {
      if (bytes <= maxBytes) break;
      bytes -= sizeOf(change);
      ({ revision } = change);
    }
    return revision;
  }

  #compactionTarget(now: number): Revision {
    const stale = this.#marks.findLast(({ atMs }) => atMs <= now - FRESH_MS)?.revision ?? 0;
    let old = this.#compacted;
    while (this.#marks[0] !== undefined && this.#marks[0].atMs <= now - HISTORY_KEPT_MS)
      old = this.#marks.shift()?.revision ?? old;
    const crowded = this.#history.length - HISTORY_MAX_CHANGES;
    if (crowded > 0) old = Math.max(old, this.#history[crowded]?.revision ?? 0);
    const surplus = this.#history[this.#history.length - HISTORY_KEPT_CHANGES]?.revision ?? 0;
    return Math.max(
      Math.min(stale, this.#lastAffordable(STALE_MAX_BYTES)),
      Math.min(old, Math.max(surplus, this.#lastAffordable(OLD_MAX_BYTES))),
    );
  }
}

function isAsExpected(current: Entry | null, expected: Expected): boolean {
  switch (expected) {
    case "any":
      return true;
    case "absent":
      return current === null;
    default:
      return current?.revision === expected;
  }
}

function deliver(follower: Follower, changes: readonly JournalChange[]): void {
  const news =
    (changes[0]?.revision ?? 0) > follower.after
      ? changes
      : changes.filter((change) => change.revision > follower.after);
  const last = news.at(-1);
  if (last === undefined) return;
  follower.after = last.revision;
  follower.listener(news);
}

/** The index of the first change after `revision`; changes are in order. */
function firstAfter(changes: readonly JournalChange[], revision: Revision): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((changes[middle]?.revision ?? Infinity) <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sizeOf(change: JournalChange): number {
  return change.key.length + (change.type === "put" ? change.bytes.length : 0) + 64;
}

/** Object names are ASCII, for which UTF-16 order is byte order. */
function compareKeys(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function unavailable(reason: string): Fault {
  return new Fault("Unavailable", `the journal cannot be written: ${reason}`, { retryAfterSeconds: 1 });
}
