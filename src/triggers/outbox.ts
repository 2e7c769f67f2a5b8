/**
 * Keeps pushes until they are delivered: accepted in one durable step, tried at once, tried again by their policy, and then given
 * up as dead letters. What was accepted is delivered at least once, whatever ends the process. Knows no target.
 */
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import { Heap } from "#base/heap.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import { Tasks } from "#base/tasks.ts";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { Database } from "#managed/database.ts";
import type { Prepared, Push, Pushes } from "#managed/push.ts";
import { Sequences } from "#managed/queue/message.ts";
import { deadLetterOf } from "./dead-letter.ts";
import { afterFailure, isFinal, type Next, PATIENT } from "./retry.ts";

/** Resolves when the target has it. Throws a Fault when not: which of them are final is said by `isFinal`. */
export type Deliver = (push: Push) => Promise<void>;

export interface OutboxOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Pick<Random, "number">;
  readonly log: Log;
}

/** A push as it lies in the database. */
interface Kept {
  readonly push: Push;
  readonly acceptedAtMs: number;
  /** That failed. */
  readonly attempts: number;
  readonly notBeforeMs: number;
}

/** What is known of it in memory; `kept` is there only while little is waiting. */
interface Entry {
  readonly sequence: string;
  readonly lane: string;
  readonly notBeforeMs: number;
  readonly kept?: Kept;
}

/** Pushes that are delivered beside each other, or one after the other. */
interface Lane {
  readonly due: Heap<Entry>;
  readonly most: number;
  inFlight: number;
}

const COLLECTION = "outbox";
// A target that is slow holds up nobody but itself; one that is fast finds no more than it can take.
const IN_FLIGHT_OF_TARGET = 32;
const IN_FLIGHT = 512;
// Beyond it pushes are read again from the database when their turn comes.
const KEPT_IN_MEMORY = 2_000;
// An entry is about 200 bytes: 100 MB. Who sends more is told to come back later.
const BACKLOG_AT_MOST = 500_000;
const LOADED_AT_ONCE = 500;
const AFTER_TROUBLE_MS = 1_000;
const REMINDER = "";

export class Outbox implements Pushes, AsyncDisposable {
  readonly #options: OutboxOptions;
  readonly #tasks: Tasks;
  readonly #sequences = new Sequences();
  readonly #lanes = new Map<string, Lane>();
  /** Lanes with something due that found everybody busy. */
  readonly #stalled = new Set<string>();
  readonly #later: Heap<Entry> = new Heap((a, b) => a.notBeforeMs < b.notBeforeMs);
  /** Delivered and not erased yet. */
  #done: string[] = [];
  #isErasing = false;
  #backlog = 0;
  #inFlight = 0;
  #keptInMemory = 0;
  #deliver: Deliver | null = null;
  #alarm: { readonly atMs: number; readonly timer: Disposable } | null = null;
  #isClosed = false;

  /** Resolves when everything that an earlier process accepted is known. Nothing is delivered before `start`. */
  static async open(options: OutboxOptions): Promise<Outbox> {
    const outbox = new Outbox(options);
    await outbox.#load();
    return outbox;
  }

  private constructor(options: OutboxOptions) {
    this.#options = options;
    this.#tasks = new Tasks(options.log);
  }

  /** From now on pushes are delivered, those that were accepted before, too. */
  start(deliver: Deliver): void {
    this.#deliver = deliver;
    this.#look();
    for (const [key, lane] of this.#lanes) this.#pump(key, lane);
  }

  async accept(pushes: readonly Push[]): Promise<void> {
    if (pushes.length === 0) return;
    const prepared = this.prepare(pushes);
    await this.#options.database.changeAll([], () => ({ writes: prepared.rows, result: undefined }));
    prepared.start();
  }

  /** Fault: TooManyRequests while too many wait. */
  prepare(pushes: readonly Push[]): Prepared {
    if (this.#backlog + pushes.length > BACKLOG_AT_MOST)
      throw new Fault("TooManyRequests", `${this.#backlog} deliveries are waiting; try again later`);
    const now = this.#options.clock.now();
    const all = pushes.map((push): Kept & { readonly sequence: string } => ({
      push,
      acceptedAtMs: now,
      attempts: 0,
      notBeforeMs: now,
      sequence: this.#sequences.next(now),
    }));
    return {
      rows: all.map(({ sequence, ...kept }) => ({ collection: COLLECTION, ...rowOf(sequence, kept) })),
      start: () => {
        const lanes = new Set(all.map(({ sequence, ...kept }) => this.#enter(sequence, kept)));
        for (const key of lanes) this.#pumpAt(key);
      },
    };
  }

  /** Accepted and not delivered. */
  get backlog(): number {
    return this.#backlog;
  }

  /** Resolves when what is on its way has arrived or failed; the rest waits for the next process. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#alarm?.timer[Symbol.dispose]();
    await this.#tasks.ended();
  }

  async #load(): Promise<void> {
    let from: Uint8Array | undefined;
    for (;;) {
      const options = { limit: LOADED_AT_ONCE, ...(from !== undefined && { from }) };
      const rows = await this.#options.database.scan(COLLECTION, options);
      for (const { key, value } of rows) {
        const sequence = decodeUtf8(key);
        this.#sequences.startAfter(sequence);
        const kept = JSON.parse(decodeUtf8(value)) as Kept;
        this.#wait({ sequence, lane: laneOf(kept.push), notBeforeMs: kept.notBeforeMs });
        this.#backlog++;
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < LOADED_AT_ONCE) return;
      // The least key behind it.
      from = Uint8Array.of(...last.key, 0);
    }
  }

  #enter(sequence: string, kept: Kept): string {
    const lane = laneOf(kept.push);
    const isHeld = this.#keptInMemory < KEPT_IN_MEMORY;
    if (isHeld) this.#keptInMemory++;
    this.#backlog++;
    const entry = { sequence, lane, notBeforeMs: kept.notBeforeMs, ...(isHeld && { kept }) };
    this.#laneAt(lane).due.push(entry);
    return lane;
  }

  #laneAt(key: string): Lane {
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const due = new Heap<Entry>((a, b) => a.sequence < b.sequence);
    const lane: Lane = { due, most: isOrderedLane(key) ? 1 : IN_FLIGHT_OF_TARGET, inFlight: 0 };
    this.#lanes.set(key, lane);
    return lane;
  }

  #pumpAt(key: string): void {
    const lane = this.#lanes.get(key);
    if (lane !== undefined) this.#pump(key, lane);
  }

  #pump(key: string, lane: Lane): void {
    const deliver = this.#deliver;
    if (deliver === null || this.#isClosed) return;
    while (lane.due.size > 0 && lane.inFlight < lane.most) {
      if (this.#inFlight >= IN_FLIGHT) return void this.#stalled.add(key);
      const next = lane.due.peek();
      // Of an ordered lane the first may have to wait; those behind it wait with it.
      if (next === undefined || next.notBeforeMs > this.#options.clock.now()) return;
      lane.due.pop();
      lane.inFlight++;
      this.#inFlight++;
      this.#tasks.run("deliver a push", () => this.#attempt(next, lane, deliver));
    }
    if (lane.due.size === 0 && lane.inFlight === 0) this.#lanes.delete(key);
  }

  async #attempt(entry: Entry, lane: Lane, deliver: Deliver): Promise<void> {
    const { clock, log } = this.#options;
    try {
      await this.#settle(entry, deliver);
    } catch (thrown) {
      // What could not be written down stays as it was, and is tried again.
      log.error("the outcome of a push could not be kept", { reason: reasonOf(thrown) });
      const { sequence, lane: key } = entry;
      this.#wait({ sequence, lane: key, notBeforeMs: clock.now() + AFTER_TROUBLE_MS });
    } finally {
      lane.inFlight--;
      this.#inFlight--;
      this.#pump(entry.lane, lane);
      this.#goOn();
    }
  }

  async #settle(entry: Entry, deliver: Deliver): Promise<void> {
    if (entry.kept !== undefined) this.#keptInMemory--;
    const kept = entry.kept ?? (await this.#read(entry.sequence));
    const failure = kept === null ? null : await failureOf(deliver, kept.push);
    if (kept === null || failure === null) this.#erase(entry.sequence);
    else await this.#failed(entry, kept, failure);
  }

  /** Somebody else's turn. */
  #goOn(): void {
    const [key] = this.#stalled;
    if (key === undefined) return;
    this.#stalled.delete(key);
    this.#pumpAt(key);
  }

  async #failed(entry: Entry, kept: Kept, failure: Fault): Promise<void> {
    const { clock, random, log } = this.#options;
    const { push, acceptedAtMs } = kept;
    const attempts = kept.attempts + 1;
    const next: Next | null = isFinal(failure)
      ? null
      : afterFailure(push.retry ?? PATIENT, { attempts, acceptedAtMs }, clock.now(), random.number());
    if (next?.is === "again") {
      const again: Kept = { ...kept, attempts, notBeforeMs: Math.floor(next.atMs) };
      await this.#write([rowOf(entry.sequence, again)]);
      return this.#wait({ sequence: entry.sequence, lane: entry.lane, notBeforeMs: again.notBeforeMs });
    }
    log.warn("a push was given up", { target: push.target, source: push.source, attempts, reason: failure.message });
    const letter = deadLetterOf(push, { failure, attempts, ...(next !== null && { exhausted: next.because }) });
    if (letter === null) return this.#erase(entry.sequence);
    const now = clock.now();
    const sequence = this.#sequences.next(now);
    const dead: Kept = { push: letter, acceptedAtMs: now, attempts: 0, notBeforeMs: now };
    // The letter is kept in the same step in which the push is forgotten.
    await this.#write([{ key: encodeUtf8(entry.sequence), value: null }, rowOf(sequence, dead)]);
    this.#backlog--;
    this.#pumpAt(this.#enter(sequence, dead));
  }

  /** Until its time has come. What is in order keeps its place there, and is only reminded of. */
  #wait(entry: Entry): void {
    if (isOrderedLane(entry.lane)) {
      this.#laneAt(entry.lane).due.push(entry);
      this.#later.push({ ...entry, sequence: REMINDER });
    } else this.#later.push(entry);
    this.#lookAt(entry.notBeforeMs);
  }

  #look(): void {
    const now = this.#options.clock.now();
    for (let next = this.#later.peek(); next !== undefined && next.notBeforeMs <= now; next = this.#later.peek()) {
      this.#later.pop();
      if (next.sequence !== REMINDER) this.#laneAt(next.lane).due.push(next);
      this.#pumpAt(next.lane);
    }
    const soonest = this.#later.peek();
    if (soonest !== undefined) this.#lookAt(soonest.notBeforeMs);
  }

  #lookAt(atMs: number): void {
    if (this.#isClosed || this.#deliver === null) return;
    if (this.#alarm !== null && this.#alarm.atMs <= atMs) return;
    this.#alarm?.timer[Symbol.dispose]();
    const timer = this.#options.clock.after(Math.max(0, atMs - this.#options.clock.now()), () => {
      this.#alarm = null;
      this.#look();
    });
    this.#alarm = { atMs, timer };
  }

  async #read(sequence: string): Promise<Kept | null> {
    const value = await this.#options.database.get(COLLECTION, encodeUtf8(sequence));
    return value === null ? null : (JSON.parse(decodeUtf8(value)) as Kept);
  }

  #write(writes: readonly Row[]): Promise<void> {
    return this.#options.database.change(COLLECTION, [], () => ({ writes, result: undefined }));
  }

  /** Many at once: one durable step for all that were delivered while the one before was written. */
  #erase(sequence: string): void {
    this.#backlog--;
    this.#done.push(sequence);
    if (this.#isErasing) return;
    this.#isErasing = true;
    this.#tasks.run("forget pushes that were delivered", async () => {
      try {
        while (this.#done.length > 0) {
          const writes = this.#done.map((one) => ({ key: encodeUtf8(one), value: null }));
          this.#done = [];
          await this.#write(writes);
        }
      } finally {
        this.#isErasing = false;
      }
    });
  }
}

interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

function rowOf(sequence: string, kept: Kept): Row {
  return { key: encodeUtf8(sequence), value: encodeUtf8(JSON.stringify(kept)) };
}

const ORDERED = "in order ";

function laneOf({ target, order }: Push): string {
  return order === undefined ? target : `${ORDERED}${order} ${target}`;
}

function isOrderedLane(lane: string): boolean {
  return lane.startsWith(ORDERED);
}

async function failureOf(deliver: Deliver, push: Push): Promise<Fault | null> {
  try {
    await deliver(push);
    return null;
  } catch (thrown) {
    return thrown instanceof Fault ? thrown : new Fault("InternalError", reasonOf(thrown), { cause: thrown });
  }
}
