/**
 * The Database that the managed services need: ordered byte keys, atomic decisions, durable answers.
 * Implementations: memory and SQLite (store/), PostgreSQL later; all run store/database-suite.ts.
 */

export interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export interface Write {
  readonly key: Uint8Array;
  /** null deletes. */
  readonly value: Uint8Array | null;
}

export interface Decision<R> {
  readonly writes: readonly Write[];
  readonly result: R;
}

/** A row of one of several collections. */
export interface Place {
  readonly collection: string;
  readonly key: Uint8Array;
}

export interface PlacedDecision<R> {
  readonly writes: readonly (Place & Pick<Write, "value">)[];
  readonly result: R;
}

export interface ScanOptions {
  /** Inclusive lower bound; default is the start of the collection. */
  readonly from?: Uint8Array;
  /** Exclusive upper bound; default is the end of the collection. */
  readonly to?: Uint8Array;
  readonly limit?: number;
  readonly isDescending?: boolean;
}

export interface Database extends AsyncDisposable {
  /** Ordered by unsigned bytes. A collection exists as soon as it has a row. */
  get(collection: string, key: Uint8Array): Promise<Uint8Array | null>;
  scan(collection: string, options?: ScanOptions): Promise<readonly Row[]>;
  /**
   * Reads the keys and writes what `decide` returns, as one atomic step, durable when resolved.
   * `decide` is pure, may run again, and may throw a Fault: then nothing is written and it is rethrown.
   */
  change<R>(
    collection: string,
    keys: readonly Uint8Array[],
    decide: (values: readonly (Uint8Array | null)[]) => Decision<R>,
  ): Promise<R>;
  /** As `change`, over rows of several collections: all writes or none. */
  changeAll<R>(
    places: readonly Place[],
    decide: (values: readonly (Uint8Array | null)[]) => PlacedDecision<R>,
  ): Promise<R>;
  /** Removes the collection and all its rows. */
  drop(collection: string): Promise<void>;
  /** Of the whole collection, at once; of a range, as fast as rows can be counted. Bytes are those of keys and values. */
  count(
    collection: string,
    range?: Pick<ScanOptions, "from" | "to">,
  ): Promise<{ readonly rows: number; readonly bytes: number }>;
}
