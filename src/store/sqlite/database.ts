/** The Database in one SQLite file: ordered rows per collection, decisions in order, one sync for all that wait. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Database, Decision, Place, PlacedDecision, Row, ScanOptions } from "#managed/database.ts";
import { checksumOf, rowChecksum } from "./checksum.ts";
import { grows, type Room } from "../reserve.ts";
import { damaged, SqliteFile, withPlace } from "./file.ts";
import { bytesIn, integerIn, integerOrNull, textIn, type SqliteRow } from "./row.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS collections (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, row_count INTEGER NOT NULL, byte_count INTEGER NOT NULL, sum INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE IF NOT EXISTS dropped (id INTEGER PRIMARY KEY);
  CREATE TABLE IF NOT EXISTS rows (collection INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, sum INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (collection, key)) WITHOUT ROWID;
`;

// One transaction of this many decisions takes about 30 ms; more would only add latency.
const BATCH = 1_000;
// What is left of a dropped collection goes in pieces that nobody notices.
const SWEEP_ROWS = 500;

interface Collection {
  readonly id: number;
  rows: number;
  bytes: number;
}

interface Request {
  readonly places: readonly Place[];
  readonly decide: (values: readonly (Uint8Array | null)[]) => PlacedDecision<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (thrown: unknown) => void;
}

export class SqliteDatabase implements Database {
  readonly #file: SqliteFile;
  readonly #room: Room | undefined;
  readonly #statements: Statements;
  readonly #collections = new Map<string, Collection>();
  readonly #queue: Request[] = [];
  #isScheduled = false;
  #isClosed = false;

  static open(path: string, { room }: { readonly room?: Room } = {}): SqliteDatabase {
    const file = openDatabaseFile(path);
    try {
      return new SqliteDatabase(file, room);
    } catch (thrown) {
      file[Symbol.dispose]();
      throw thrown;
    }
  }

  private constructor(file: SqliteFile, room: Room | undefined) {
    this.#room = room;
    this.#file = file;
    this.#statements = prepareAll(file.db);
    this.#loadCollections();
    this.#sweep();
  }

  get(collection: string, key: Uint8Array): Promise<Uint8Array | null> {
    const id = this.#collections.get(collection)?.id;
    return settle(() => (id === undefined ? null : withPlace(this.#file.path, () => this.#read(id, key))));
  }

  scan(collection: string, options: ScanOptions = {}): Promise<readonly Row[]> {
    const id = this.#collections.get(collection)?.id;
    if (id === undefined) return Promise.resolve([]);
    const { from = EMPTY, to, limit = -1, isDescending = false } = options;
    const order = isDescending ? "down" : "up";
    const { scan, scanTo } = this.#statements;
    return settle(() =>
      withPlace(this.#file.path, () =>
        (to === undefined ? scan[order].all(id, from, limit) : scanTo[order].all(id, from, to, limit)).map((row) =>
          this.#checked(id, bytesIn(row, "key"), row),
        ),
      ),
    );
  }

  change<R>(
    collection: string,
    keys: readonly Uint8Array[],
    decide: (values: readonly (Uint8Array | null)[]) => Decision<R>,
  ): Promise<R> {
    const places = keys.map((key) => ({ collection, key }));
    return this.changeAll(places, (values) => {
      const { writes, result } = decide(values);
      return { writes: writes.map(({ key, value }) => ({ collection, key, value })), result };
    });
  }

  changeAll<R>(
    places: readonly Place[],
    decide: (values: readonly (Uint8Array | null)[]) => PlacedDecision<R>,
  ): Promise<R> {
    if (this.#isClosed) return Promise.reject(new Fault("Unavailable", "the database is closed"));
    return new Promise((resolve, reject) => {
      this.#queue.push({ places, decide, resolve: resolve as (result: unknown) => void, reject });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      setImmediate(() => this.#commitSome());
    });
  }

  async drop(collection: string): Promise<void> {
    await this.change(collection, [], () => ({ writes: [], result: null }));
    const dropped = this.#collections.get(collection);
    if (dropped === undefined) return;
    this.#collections.delete(collection);
    // The rows are out of reach from here on; they go in the background.
    try {
      this.#file.write(() => {
        this.#statements.forgetCollection.run(dropped.id);
        this.#statements.addDropped.run(dropped.id);
      });
    } catch (thrown) {
      this.#loadCollections();
      throw unavailable(thrown);
    }
    this.#sweep();
  }

  count(
    collection: string,
    range?: Pick<ScanOptions, "from" | "to">,
  ): Promise<{ readonly rows: number; readonly bytes: number }> {
    const known = this.#collections.get(collection);
    if (range === undefined || known === undefined)
      return Promise.resolve({ rows: known?.rows ?? 0, bytes: known?.bytes ?? 0 });
    const { from = EMPTY, to } = range;
    const { count, countTo } = this.#statements;
    return settle(() => {
      const row = withPlace(this.#file.path, () =>
        to === undefined ? count.get(known.id, from) : countTo.get(known.id, from, to),
      );
      return { rows: integerOrNull(row, "found") ?? 0, bytes: integerOrNull(row, "size") ?? 0 };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    while (this.#queue.length > 0) this.#commitSome();
    this.#isClosed = true;
    this.#file[Symbol.dispose]();
    await Promise.resolve();
  }

  #commitSome(): void {
    this.#isScheduled = false;
    const batch = this.#queue.splice(0, BATCH);
    if (batch.length === 0 || this.#isClosed) return;
    let answers: readonly (() => void)[];
    try {
      answers = this.#file.write(() => this.#decideAll(batch));
    } catch (thrown) {
      // Nothing of the batch is stored; the counters in memory follow. With the reserve given up, the next batch may be.
      this.#room?.relieve(thrown);
      this.#loadCollections();
      const fault = unavailable(thrown);
      for (const { reject } of batch) reject(fault);
      return;
    }
    for (const answer of answers) answer();
    if (this.#queue.length > 0 && !this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(() => this.#commitSome());
    }
  }

  /** In order, each on top of the ones before; the answers wait for the commit. */
  #decideAll(batch: readonly Request[]): readonly (() => void)[] {
    const touched = new Map<string, Collection>();
    const answers = batch.map(({ places, decide, resolve, reject }) => {
      const values = places.map(({ collection, key }) => {
        const known = this.#collections.get(collection);
        return known === undefined ? null : this.#read(known.id, key);
      });
      let decision: PlacedDecision<unknown>;
      try {
        decision = decide(values);
      } catch (thrown) {
        return () => reject(thrown);
      }
      if (this.#room?.isTight() === true && this.#areGrowing(decision.writes))
        return () => reject(unavailable("the disk is full; deletes and what does not grow are taken"));
      for (const write of decision.writes) touched.set(write.collection, this.#write(write));
      return () => resolve(decision.result);
    });
    for (const [name, one] of touched)
      this.#statements.setCounts.run(one.rows, one.bytes, collectionSum(name, one), one.id);
    return answers;
  }

  #areGrowing(writes: PlacedDecision<unknown>["writes"]): boolean {
    return writes.some(({ collection, key, value }) => {
      if (value === null) return false;
      const known = this.#collections.get(collection);
      const row = known === undefined ? undefined : this.#statements.size.get(known.id, key);
      return grows(integerOrNull(row, "size"), value.length);
    });
  }

  #write({ collection: name, key, value }: PlacedDecision<unknown>["writes"][number]): Collection {
    const collection = this.#collections.get(name) ?? this.#newCollection(name);
    const before = integerOrNull(this.#statements.size.get(collection.id, key), "size");
    if (before !== null) {
      collection.rows--;
      collection.bytes -= before + key.length;
    }
    if (value === null) {
      if (before !== null) this.#statements.remove.run(collection.id, key);
      return collection;
    }
    this.#statements.put.run(collection.id, key, value, rowChecksum(collection.id, key, value));
    collection.rows++;
    collection.bytes += value.length + key.length;
    return collection;
  }

  #newCollection(name: string): Collection {
    const id = Number(this.#statements.addCollection.run(name).lastInsertRowid);
    const collection: Collection = { id, rows: 0, bytes: 0 };
    this.#collections.set(name, collection);
    return collection;
  }

  #read(id: number, key: Uint8Array): Uint8Array | null {
    const row = this.#statements.get.get(id, key);
    return row === undefined ? null : this.#checked(id, key, row).value;
  }

  #checked(id: number, key: Uint8Array, row: SqliteRow): Row {
    const value = bytesIn(row, "value");
    if (row["sum"] === rowChecksum(id, key, value)) return { key, value };
    const name = [...this.#collections].find(([, one]) => one.id === id)?.[0] ?? String(id);
    throw damaged(this.#file.path, `a record of ${name} does not match its checksum`);
  }

  #loadCollections(): void {
    this.#collections.clear();
    for (const row of withPlace(this.#file.path, () => this.#statements.collections.all())) {
      const name = textIn(row, "name");
      const one = collectionIn(row);
      if (row["sum"] !== collectionSum(name, one))
        throw damaged(this.#file.path, `the record of the collection "${name}" does not match its checksum`);
      this.#collections.set(name, one);
    }
  }

  #sweep(): void {
    setImmediate(() => {
      if (this.#isClosed) return;
      try {
        const id = integerOrNull(this.#statements.anyDropped.get(), "id");
        if (id === null) return;
        this.#file.write(() => {
          if (Number(this.#statements.sweep.run(id, id, SWEEP_ROWS).changes) < SWEEP_ROWS)
            this.#statements.forgetDropped.run(id);
        });
        this.#sweep();
      } catch {
        // A full disk: the rows are out of reach anyway and are swept at the next start.
      }
    });
  }
}

const EMPTY = new Uint8Array();

/** Reads happen at once; what they throw is a rejection. */
function settle<R>(work: () => R): Promise<R> {
  return new Promise((resolve) => resolve(work()));
}

type Order = "up" | "down";

interface Statements {
  readonly get: StatementSync;
  readonly size: StatementSync;
  readonly put: StatementSync;
  readonly remove: StatementSync;
  readonly scan: Readonly<Record<Order, StatementSync>>;
  readonly scanTo: Readonly<Record<Order, StatementSync>>;
  readonly count: StatementSync;
  readonly countTo: StatementSync;
  readonly collections: StatementSync;
  readonly addCollection: StatementSync;
  readonly forgetCollection: StatementSync;
  readonly setCounts: StatementSync;
  readonly addDropped: StatementSync;
  readonly anyDropped: StatementSync;
  readonly forgetDropped: StatementSync;
  readonly sweep: StatementSync;
}

function prepareAll(db: DatabaseSync): Statements {
  const scan = (where: string, order: string): StatementSync =>
    db.prepare(
      `SELECT key, value, sum FROM rows WHERE collection = ? AND key >= ? ${where} ORDER BY key ${order} LIMIT ?`,
    );
  const counted =
    "SELECT count(*) AS found, coalesce(sum(length(key) + length(value)), 0) AS size FROM rows WHERE collection = ?";
  return {
    get: db.prepare("SELECT value, sum FROM rows WHERE collection = ? AND key = ?"),
    size: db.prepare("SELECT length(value) AS size FROM rows WHERE collection = ? AND key = ?"),
    put: db.prepare(
      "INSERT INTO rows (collection, key, value, sum) VALUES (?, ?, ?, ?) ON CONFLICT (collection, key) DO UPDATE SET value = excluded.value, sum = excluded.sum",
    ),
    remove: db.prepare("DELETE FROM rows WHERE collection = ? AND key = ?"),
    scan: { up: scan("", "ASC"), down: scan("", "DESC") },
    scanTo: { up: scan("AND key < ?", "ASC"), down: scan("AND key < ?", "DESC") },
    count: db.prepare(`${counted} AND key >= ?`),
    countTo: db.prepare(`${counted} AND key >= ? AND key < ?`),
    collections: db.prepare("SELECT id, name, row_count, byte_count, sum FROM collections"),
    addCollection: db.prepare(
      "INSERT INTO collections (id, name, row_count, byte_count) VALUES ((SELECT 1 + max(coalesce((SELECT max(id) FROM collections), 0), coalesce((SELECT max(id) FROM dropped), 0))), ?, 0, 0)",
    ),
    forgetCollection: db.prepare("DELETE FROM collections WHERE id = ?"),
    setCounts: db.prepare("UPDATE collections SET row_count = ?, byte_count = ?, sum = ? WHERE id = ?"),
    addDropped: db.prepare("INSERT INTO dropped (id) VALUES (?)"),
    anyDropped: db.prepare("SELECT id FROM dropped LIMIT 1"),
    forgetDropped: db.prepare("DELETE FROM dropped WHERE id = ?"),
    sweep: db.prepare(
      "DELETE FROM rows WHERE collection = ? AND key IN (SELECT key FROM rows WHERE collection = ? LIMIT ?)",
    ),
  };
}

export function openDatabaseFile(path: string): SqliteFile {
  return SqliteFile.open(path, { store: "tables", schema: SCHEMA, synchronous: "FULL", cacheMib: 64, upgrade });
}

export function collectionSum(name: string, { id, rows, bytes }: Collection): number {
  return checksumOf(`${id} ${rows} ${bytes} ${name}`, null);
}

export function collectionIn(row: SqliteRow): Collection {
  return { id: integerIn(row, "id"), rows: integerIn(row, "row_count"), bytes: integerIn(row, "byte_count") };
}

function upgrade(db: DatabaseSync): void {
  for (const table of ["collections", "rows"])
    db.exec(`ALTER TABLE ${table} ADD COLUMN sum INTEGER NOT NULL DEFAULT 0`);
  const setCollection = db.prepare("UPDATE collections SET sum = ? WHERE id = ?");
  for (const row of db.prepare("SELECT * FROM collections").all()) {
    const { id, rows, bytes } = collectionIn(row);
    setCollection.run(collectionSum(textIn(row, "name"), { id, rows, bytes }), id);
  }
  const setRow = db.prepare("UPDATE rows SET sum = ? WHERE collection = ? AND key = ?");
  for (const row of db.prepare("SELECT collection, key, value FROM rows").all()) {
    const [collection, key] = [integerIn(row, "collection"), bytesIn(row, "key")];
    setRow.run(rowChecksum(collection, key, bytesIn(row, "value")), collection, key);
  }
}

function unavailable(thrown: unknown): Fault {
  return new Fault("Unavailable", `the database cannot be written: ${reasonOf(thrown)}`, {
    retryAfterSeconds: 1,
    cause: thrown,
  });
}
