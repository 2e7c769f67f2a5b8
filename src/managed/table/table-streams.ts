/** The streams of tables as readers see them: what a table has had, which records there are, and waiting for more. */
import type { Stop } from "#base/stop.ts";
import type { Clock } from "#base/clock.ts";
import type { Table } from "#kinds/catamaran/table.ts";
import type { Database } from "../database.ts";
import { Waiters } from "../waiters.ts";
import { collectionOf, decodeSequence, partCollection, sequencePlace, type Stream } from "./derived.ts";
import { decodeRecord, sequenceKey, type StreamRecord } from "./stream-record.ts";
import { derivedOf } from "./upkeep.ts";

export interface ReadOptions {
  /** Records behind this one; 0 is the oldest that is kept. */
  readonly after: number;
  readonly limit: number;
}

const MAX_READ_BYTES = 1024 * 1024; // DynamoDB Streams API Reference, GetRecords.
const ROWS_AT_ONCE = 16; // Of 800 KB at most, with both images.

export class TableStreams {
  readonly #database: Database;
  readonly #clock: Clock;
  /** By the collection of the table. */
  readonly #waiting = new Map<string, Waiters>();

  constructor({ database, clock }: { readonly database: Database; readonly clock: Clock }) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Oldest first; one that ended is kept for a day. */
  async of(table: Table): Promise<readonly Stream[]> {
    return (await derivedOf(this.#database, table)).streams;
  }

  /** In order; fewer than the limit when they are large, or there are no more. */
  async read(table: Table, { id }: Stream, { after, limit }: ReadOptions): Promise<readonly StreamRecord[]> {
    const records: StreamRecord[] = [];
    let bytes = 0;
    for (let from = after + 1; ;) {
      const most = Math.min(limit - records.length, ROWS_AT_ONCE);
      const rows = await this.#database.scan(partCollection(table, id), { from: sequenceKey(from), limit: most });
      for (const { key, value } of rows) {
        bytes += value.length;
        if (records.length > 0 && bytes > MAX_READ_BYTES) return records;
        records.push(decodeRecord(key, value));
      }
      if (rows.length < most || records.length >= limit) return records;
      from = (records.at(-1)?.sequence ?? after) + 1;
    }
  }

  /** The oldest and the newest that are kept; null when none is. */
  async bounds(table: Table, { id }: Stream): Promise<{ readonly first: number; readonly last: number } | null> {
    const collection = partCollection(table, id);
    const [first] = await this.#database.scan(collection, { limit: 1 });
    const [last] = await this.#database.scan(collection, { limit: 1, isDescending: true });
    if (first === undefined || last === undefined) return null;
    return {
      first: decodeRecord(first.key, first.value).sequence,
      last: decodeRecord(last.key, last.value).sequence,
    };
  }

  /** The number of the newest record of any stream of the table, kept or not. */
  async newest(table: Table): Promise<number> {
    const { collection, key } = sequencePlace(table);
    return decodeSequence(await this.#database.get(collection, key));
  }

  /** Resolves when something is written to the table's stream after `wakes` was taken, after `ms`, or when `stop` fires. */
  wait(
    table: Table,
    { wakes, ms, stop }: { readonly wakes: number; readonly ms: number; readonly stop: Stop },
  ): Promise<void> {
    return this.#waitersOf(table).wait(ms, wakes, stop);
  }

  /** Taken before a read, and given to `wait` after it. */
  wakes(table: Table): number {
    return this.#waitersOf(table).wakes;
  }

  /** Said by whoever wrote to the table. */
  wake(table: Table): void {
    this.#waiting.get(collectionOf(table))?.wake(Infinity);
  }

  #waitersOf(table: Table): Waiters {
    const collection = collectionOf(table);
    const found = this.#waiting.get(collection) ?? new Waiters(this.#clock);
    this.#waiting.set(collection, found);
    return found;
  }
}
