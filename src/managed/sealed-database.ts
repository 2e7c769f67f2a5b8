/** A Database whose values are sealed where they are stored: for what is secret. Keys stay readable, so that order and ranges do; they are text. */
import { decodeUtf8 } from "#base/utf8.ts";
import type { Database, Decision, Place, PlacedDecision, Row, ScanOptions } from "./database.ts";

/** Implemented by the store; `key` is what the bytes belong to, and moved elsewhere they cannot be opened. */
export interface Seal {
  seal(key: string, bytes: Uint8Array): Uint8Array;
  open(key: string, bytes: Uint8Array): Uint8Array;
  /** Sealed, and by the newest key. */
  isCurrent(bytes: Uint8Array): boolean;
}

type Value = Uint8Array | null;

// Resealed by steps of so many rows, between which others have their turn.
const STEP_ROWS = 100;

export class SealedDatabase implements Database {
  readonly #database: Database;
  readonly #seal: Seal;

  /** Both stay their owner's. */
  constructor(database: Database, seal: Seal) {
    this.#database = database;
    this.#seal = seal;
  }

  async get(collection: string, key: Uint8Array): Promise<Value> {
    return this.#opened({ collection, key }, await this.#database.get(collection, key));
  }

  async scan(collection: string, options?: ScanOptions): Promise<readonly Row[]> {
    const rows = await this.#database.scan(collection, options);
    return rows.map(({ key, value }) => ({ key, value: this.#seal.open(nameOf({ collection, key }), value) }));
  }

  change<R>(
    collection: string,
    keys: readonly Uint8Array[],
    decide: (values: readonly Value[]) => Decision<R>,
  ): Promise<R> {
    return this.#database.change(collection, keys, (values) => {
      const open = (value: Value, at: number): Value => {
        const key = keys[at];
        return key === undefined ? value : this.#opened({ collection, key }, value);
      };
      const { writes, result } = decide(values.map(open));
      const sealed = writes.map(({ key, value }) => ({ key, value: this.#sealed({ collection, key }, value) }));
      return { writes: sealed, result };
    });
  }

  changeAll<R>(places: readonly Place[], decide: (values: readonly Value[]) => PlacedDecision<R>): Promise<R> {
    return this.#database.changeAll(places, (values) => {
      const open = (value: Value, at: number): Value => {
        const place = places[at];
        return place === undefined ? value : this.#opened(place, value);
      };
      const { writes, result } = decide(values.map(open));
      return { writes: writes.map((write) => ({ ...write, value: this.#sealed(write, write.value) })), result };
    });
  }

  drop(collection: string): Promise<void> {
    return this.#database.drop(collection);
  }

  count(
    collection: string,
    range?: Pick<ScanOptions, "from" | "to">,
  ): Promise<{ readonly rows: number; readonly bytes: number }> {
    return this.#database.count(collection, range);
  }

  /** Everything in these collections by the newest key. Resolves to how many rows it was. */
  async reseal(collections: readonly string[]): Promise<number> {
    let count = 0;
    for (const collection of collections) count += await this.#resealOne(collection);
    return count;
  }

  async #resealOne(collection: string): Promise<number> {
    let count = 0;
    let from: Uint8Array = new Uint8Array(0);
    for (;;) {
      const rows = await this.#database.scan(collection, { from, limit: STEP_ROWS });
      const old = rows.filter(({ value }) => !this.#seal.isCurrent(value)).map(({ key }) => key);
      count += old.length;
      if (old.length > 0)
        await this.change(collection, old, (values) => ({
          // What was removed meanwhile stays so.
          writes: old.flatMap((key, at) => (values[at] == null ? [] : [{ key, value: values[at] }])),
          result: null,
        }));
      const last = rows.at(-1);
      if (last === undefined || rows.length < STEP_ROWS) return count;
      from = new Uint8Array([...last.key, 0]);
    }
  }

  /** The database below is closed by its owner. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #opened(place: Place, value: Value): Value {
    return value === null ? null : this.#seal.open(nameOf(place), value);
  }

  #sealed(place: Place, value: Value): Value {
    return value === null ? null : this.#seal.seal(nameOf(place), value);
  }
}

function nameOf({ collection, key }: Place): string {
  return `${collection}/${decodeUtf8(key)}`;
}
