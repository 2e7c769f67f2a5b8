/** Runs a function with the records of a stream: in order for each key, from where it was, again until it succeeds or gives up. */
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Json } from "#base/json.ts";
import { type Stop, stopper } from "#base/stop.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import type { InvokeResult } from "#functions/invocation.ts";
import { batchSizeOf, type OrderedReading } from "#kinds/catamaran/event-source-mapping.ts";
import type { Database } from "#managed/database.ts";
import { outcomeOf } from "./batch.ts";
import type { OrderedRecord, Polling } from "./event-source.ts";
import { type Filter, filterOf } from "./filter.ts";
import { afterBatch, type Attempt, type GivenUpBecause, laneOf, type Verdict, withoutOld } from "./stream-batch.ts";
import { movePosition, openPositions } from "./stream-positions.ts";

/** A stream as the poller reads it. */
export interface OrderedRecords {
  /** In order, behind that number; none when there are no more yet. */
  read(after: number, limit: number): Promise<readonly OrderedRecord[]>;
  newest(): Promise<number>;
  /** Taken before a read, and given to `wait` after it. */
  wakes(): number;
  /** Resolves when there is more, after `ms` or earlier, or when `stop` fires. */
  wait(wakes: number, ms: number, stop: Stop): Promise<void>;
}

/** Records that nobody hands over any more, and how their last try went. */
export interface GivenUpBatch {
  readonly records: readonly OrderedRecord[];
  readonly because: GivenUpBecause;
  readonly attempts: number;
  readonly last?: InvokeResult;
}

export interface StreamPolling extends Polling {
  readonly records: OrderedRecords;
  readonly database: Database;
  readonly clock: Clock;
  /** Tells whoever is to know of a batch that is given up; durable when resolved. */
  readonly giveUp: (batch: GivenUpBatch) => Promise<void>;
}

const READ_AT_ONCE = 1_000;
// A synchronous event may have 6 MB.
const MAX_EVENT_BYTES = 5 * 1024 * 1024;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 60_000;

/** One of the readers of a stream. */
interface Lane {
  readonly number: number;
  readonly of: number;
}

interface Gathered {
  readonly records: readonly OrderedRecord[];
  /** Of the last record that was looked at. */
  readonly position: number;
}

export class StreamPoller implements AsyncDisposable {
  readonly #polling: StreamPolling;
  readonly #reading: OrderedReading;
  readonly #filter: Filter;
  readonly #stopper = stopper();
  readonly #running: Promise<unknown>;

  constructor(polling: StreamPolling) {
    this.#polling = polling;
    const { ordered = { startingPosition: "LATEST" }, filters } = polling.mapping.spec;
    this.#reading = ordered;
    this.#filter = filterOf(filters);
    this.#running = this.#run(this.#stopper.stop);
  }

  /** Resolves when the batches in hand have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopper.fire();
    await this.#running;
  }

  get #uid(): string {
    return this.#polling.mapping.metadata.uid ?? "";
  }

  async #run(stop: Stop): Promise<void> {
    const { parallelizationFactor: lanes = 1 } = this.#reading;
    const positions = await this.#untilDone(stop, () => this.#positions(lanes));
    if (positions === null) return;
    await Promise.all(positions.map((position, number) => this.#runLane({ number, of: lanes }, position, stop)));
  }

  #positions(lanes: number): Promise<readonly number[]> {
    const { database, records } = this.#polling;
    const { startingPosition } = this.#reading;
    return openPositions(database, { uid: this.#uid, lanes }, async () =>
      startingPosition === "LATEST" ? records.newest() : 0,
    );
  }

  async #runLane(lane: Lane, start: number, stop: Stop): Promise<void> {
    let position = start;
    while (!stop.aborted) {
      const gathered = await this.#untilDone(stop, () => this.#gather(lane, position, stop));
      if (gathered === null) return;
      if (gathered.records.length > 0 && !(await this.#settle(gathered.records, lane, stop))) return;
      position = gathered.position;
      await this.#untilDone(stop, () => this.#move(lane, position));
    }
  }

  /** Again after each failure, with longer pauses; null when it was stopped. */
  async #untilDone<T>(stop: Stop, work: () => Promise<T>): Promise<T | null> {
    const { clock, log, report } = this.#polling;
    for (let failures = 1; !stop.aborted; failures++) {
      try {
        return await work();
      } catch (thrown) {
        log.warn("a stream could not be read", { reason: reasonOf(thrown) });
        report(`PROBLEM: ${reasonOf(thrown)}`);
        await clock.sleep(pauseMs(failures), stop);
      }
    }
    return null;
  }

  /** The first record is waited for; a batch that is not full waits for its window at most. */
  async #gather(lane: Lane, from: number, stop: Stop): Promise<Gathered> {
    const { records: stream, clock, mapping } = this.#polling;
    const batch = new Batch(batchSizeOf(mapping.spec), from);
    let untilMs = Infinity;
    while (!stop.aborted) {
      const wakes = stream.wakes();
      const found = await stream.read(batch.position, READ_AT_ONCE);
      for (const record of found) {
        const isWanted = laneOf(record.key, lane.of) === lane.number && this.#filter(record.shown);
        if (!batch.take(record, isWanted)) return batch;
      }
      const isEmpty = batch.records.length === 0;
      if (!isEmpty && untilMs === Infinity) untilMs = clock.now() + (mapping.spec.batchWindowSeconds ?? 0) * 1_000;
      // What was looked at and is nobody's here does not have to be looked at again.
      if (clock.now() >= untilMs || (isEmpty && found.length > 0)) return batch;
      if (found.length === 0) await stream.wait(wakes, untilMs - clock.now(), stop);
    }
    return { records: [], position: from };
  }

  /** True when every record is done or given up; false when it was stopped before. */
  async #settle(records: readonly OrderedRecord[], lane: Lane, stop: Stop): Promise<boolean> {
    const { clock, report } = this.#polling;
    const waiting: Attempt[] = [{ records, attempts: 0 }];
    let last: InvokeResult | undefined;
    let failures = 0;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const young = withoutOld(next, this.#reading, clock.now());
      if (!(await this.#tell(young, next, { last, stop }))) return false;
      const [attempt] = young.left;
      if (attempt === undefined) continue;
      last = await this.#invoke(attempt.records);
      const verdict = this.#verdictOf(attempt, last);
      if (!(await this.#tell(verdict, attempt, { last, stop }))) return false;
      waiting.unshift(...verdict.left);
      const isFailed = verdict.left.length > 0 || verdict.givenUp !== undefined;
      report(isFailed ? "PROBLEM: Function call failed" : "OK");
      failures = isFailed ? failures + 1 : 0;
      const first = waiting[0]?.records[0];
      if (first === undefined) return true;
      // What is before the first that is left is done, whatever becomes of the rest.
      await this.#untilDone(stop, () => this.#move(lane, first.sequence - 1));
      if (isFailed) await clock.sleep(pauseMs(failures), stop);
      if (stop.aborted) return false;
    }
    return true;
  }

  #verdictOf(attempt: Attempt, result: InvokeResult | undefined): Verdict {
    if (result === undefined) return { left: [attempt] };
    const ids = new Set(attempt.records.map(({ id }) => id));
    const { reportsBatchItemFailures } = this.#polling.mapping.spec;
    return afterBatch(attempt, outcomeOf(result, ids, reportsBatchItemFailures === true), this.#reading);
  }

  /** Of what is given up, if anything is; false when it was stopped before that was durable. */
  async #tell(
    { givenUp }: Verdict,
    { attempts }: Attempt,
    { last, stop }: { readonly last: InvokeResult | undefined; readonly stop: Stop },
  ): Promise<boolean> {
    if (givenUp === undefined) return true;
    const batch = { ...givenUp, attempts: attempts + 1, ...(last !== undefined && { last }) };
    const told = await this.#untilDone(stop, async () => {
      await this.#polling.giveUp(batch);
      return true;
    });
    return told === true;
  }

  /** Undefined when the function could not be run at all: that is nobody's failure, and is tried again. */
  async #invoke(records: readonly OrderedRecord[]): Promise<InvokeResult | undefined> {
    const { invoke, log, report } = this.#polling;
    const event: Json = { Records: records.map(({ shown }) => shown) };
    try {
      return await invoke(encodeUtf8(JSON.stringify(event)));
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      log.warn("a function could not be run with a batch of a stream", { reason: thrown.message });
      report(`PROBLEM: ${thrown.message}`);
      return undefined;
    }
  }

  #move({ number }: Lane, sequence: number): Promise<void> {
    return movePosition(this.#polling.database, { uid: this.#uid, lane: number }, sequence);
  }
}

/** Records that are handed over together, and how far was looked for them. */
class Batch implements Gathered {
  readonly records: OrderedRecord[] = [];
  readonly #size: number;
  #bytes = 0;
  position: number;

  constructor(size: number, position: number) {
    this.#size = size;
    this.position = position;
  }

  /** False when it is full; then a record that has no room is not looked at yet. */
  take(record: OrderedRecord, isWanted: boolean): boolean {
    if (isWanted) {
      this.#bytes += JSON.stringify(record.shown).length;
      if (this.records.length > 0 && this.#bytes > MAX_EVENT_BYTES) return false;
      this.records.push(record);
    }
    this.position = record.sequence;
    return this.records.length < this.#size;
  }
}

function pauseMs(failures: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
}
