/** The Database in one SQLite file: ordered rows per collection, decisions in order, one sync for all that wait. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Database, Decision, Row, ScanOptions, Write } from "#managed/database.ts";
import { openSqlite, type SqliteRow, transact } from "./sqlite-file.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS collections (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, row_count INTEGER NOT NULL, byte_count INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS dropped (id INTEGER PRIMARY KEY);
  CREATE TABLE IF NOT EXISTS rows (collection INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (collection, key)) WITHOUT ROWID;
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
  readonly collection: string;
  readonly keys: readonly Uint8Array[];
  readonly decide: (values: readonly (Uint8Array | null)[]) => Decision<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (thrown: unknown) => void;
}

export class SqliteDatabase implements Database {
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  readonly #collections = new Map<string, Collection>();
  readonly #queue: Request[] = [];
  #isScheduled = false;
  #isClosed = false;

  static open(file: string): SqliteDatabase {
    return new SqliteDatabase(openSqlite(file, SCHEMA, { synchronous: "FULL", cacheMib: 64 }));
  }

  private constructor(db: DatabaseSync) {
    this.#db = db;
    this.#statements = prepareAll(db);
    this.#loadCollections();
    this.#sweep();
  }

  get(collection: string, key: Uint8Array): Promise<Uint8Array | null> {
    const id = this.#collections.get(collection)?.id;
    return Promise.resolve(id === undefined ? null : this.#read(id, key));
  }

  scan(collection: string, options: ScanOptions = {}): Promise<readonly Row[]> {
    const id = this.#collections.get(collection)?.id;
    if (id === undefined) return Promise.resolve([]);
    const { from = EMPTY, to, limit = -1, isDescending = false } = options;
    const order = isDescending ? "down" : "up";
    const rows =
      to === undefined
        ? this.#statements.scan[order].all(id, from, limit)
        : this.#statements.scanTo[order].all(id, from, to, limit);
    return Promise.resolve(rows.map(rowOf));
  }

  change<R>(
    collection: string,
    keys: readonly Uint8Array[],
    decide: (values: readonly (Uint8Array | null)[]) => Decision<R>,
  ): Promise<R> {
    if (this.#isClosed) return Promise.reject(new Fault("Unavailable", "the database is closed"));
    return new Promise((resolve, reject) => {
      this.#queue.push({ collection, keys, decide, resolve: resolve as (result: unknown) => void, reject });
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
      transact(this.#db, () => {
        this.#statements.forgetCollection.run(dropped.id);
        this.#statements.addDropped.run(dropped.id);
      });
    } catch (thrown) {
      this.#loadCollections();
      throw unavailable(thrown);
    }
    this.#sweep();
  }

  count(collection: string): Promise<{ readonly rows: number; readonly bytes: number }> {
    const { rows = 0, bytes = 0 } = this.#collections.get(collection) ?? {};
    return Promise.resolve({ rows, bytes });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    while (this.#queue.length > 0) this.#commitSome();
    this.#isClosed = true;
    this.#db.close();
    await Promise.resolve();
  }

  #commitSome(): void {
    this.#isScheduled = false;
    const batch = this.#queue.splice(0, BATCH);
    if (batch.length === 0 || this.#isClosed) return;
    let answers: readonly (() => void)[];
    try {
      answers = transact(this.#db, () => this.#decideAll(batch));
    } catch (thrown) {
      // Nothing of the batch is stored; the counters in memory follow.
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
    const touched = new Set<Collection>();
    const answers = batch.map(({ collection, keys, decide, resolve, reject }) => {
      const known = this.#collections.get(collection);
      const values = keys.map((key) => (known === undefined ? null : this.#read(known.id, key)));
      let decision: Decision<unknown>;
      try {
        decision = decide(values);
      } catch (thrown) {
        return () => reject(thrown);
      }
      if (decision.writes.length > 0) touched.add(this.#writeAll(collection, decision.writes));
      return () => resolve(decision.result);
    });
    for (const { id, rows, bytes } of touched) this.#statements.setCounts.run(rows, bytes, id);
    return answers;
  }

  #writeAll(name: string, writes: readonly Write[]): Collection {
    const collection = this.#collections.get(name) ?? this.#newCollection(name);
    for (const { key, value } of writes) {
      const before = this.#statements.size.get(collection.id, key)?.["size"] as number | undefined;
      if (before !== undefined) {
        collection.rows--;
        collection.bytes -= before + key.length;
      }
      if (value === null) {
        if (before !== undefined) this.#statements.remove.run(collection.id, key);
        continue;
      }
      this.#statements.put.run(collection.id, key, value);
      collection.rows++;
      collection.bytes += value.length + key.length;
    }
    return collection;
  }

  #newCollection(name: string): Collection {
    const id = Number(this.#statements.addCollection.run(name).lastInsertRowid);
    const collection: Collection = { id, rows: 0, bytes: 0 };
    this.#collections.set(name, collection);
    return collection;
  }

  #read(id: number, key: Uint8Array): Uint8Array | null {
    return (this.#statements.get.get(id, key)?.["value"] as Uint8Array | undefined) ?? null;
  }

  #loadCollections(): void {
    this.#collections.clear();
    for (const row of this.#statements.collections.all()) {
      this.#collections.set(row["name"] as string, {
        id: row["id"] as number,
        rows: row["row_count"] as number,
        bytes: row["byte_count"] as number,
      });
    }
  }

  #sweep(): void {
    setImmediate(() => {
      if (this.#isClosed) return;
      try {
        const id = this.#statements.anyDropped.get()?.["id"] as number | undefined;
        if (id === undefined) return;
        if (Number(this.#statements.sweep.run(id, id, SWEEP_ROWS).changes) < SWEEP_ROWS)
          this.#statements.forgetDropped.run(id);
        this.#sweep();
      } catch {
        // A full disk: the rows are out of reach anyway and are swept at the next start.
      }
    });
  }
}

const EMPTY = new Uint8Array();

type Order = "up" | "down";

interface Statements {
  readonly get: StatementSync;
  readonly size: StatementSync;
  readonly put: StatementSync;
  readonly remove: StatementSync;
  readonly scan: Readonly<Record<Order, StatementSync>>;
  readonly scanTo: Readonly<Record<Order, StatementSync>>;
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
    db.prepare(`SELECT key, value FROM rows WHERE collection = ? AND key >= ? ${where} ORDER BY key ${order} LIMIT ?`);
  return {
    get: db.prepare("SELECT value FROM rows WHERE collection = ? AND key = ?"),
    size: db.prepare("SELECT length(value) AS size FROM rows WHERE collection = ? AND key = ?"),
    put: db.prepare(
      "INSERT INTO rows (collection, key, value) VALUES (?, ?, ?) ON CONFLICT (collection, key) DO UPDATE SET value = excluded.value",
    ),
    remove: db.prepare("DELETE FROM rows WHERE collection = ? AND key = ?"),
    scan: { up: scan("", "ASC"), down: scan("", "DESC") },
    scanTo: { up: scan("AND key < ?", "ASC"), down: scan("AND key < ?", "DESC") },
    collections: db.prepare("SELECT id, name, row_count, byte_count FROM collections"),
    addCollection: db.prepare(
      "INSERT INTO collections (id, name, row_count, byte_count) VALUES ((SELECT 1 + max(coalesce((SELECT max(id) FROM collections), 0), coalesce((SELECT max(id) FROM dropped), 0))), ?, 0, 0)",
    ),
    forgetCollection: db.prepare("DELETE FROM collections WHERE id = ?"),
    setCounts: db.prepare("UPDATE collections SET row_count = ?, byte_count = ? WHERE id = ?"),
    addDropped: db.prepare("INSERT INTO dropped (id) VALUES (?)"),
    anyDropped: db.prepare("SELECT id FROM dropped LIMIT 1"),
    forgetDropped: db.prepare("DELETE FROM dropped WHERE id = ?"),
    sweep: db.prepare(
      "DELETE FROM rows WHERE collection = ? AND key IN (SELECT key FROM rows WHERE collection = ? LIMIT ?)",
    ),
  };
}

function rowOf(row: SqliteRow): Row {
  return { key: row["key"] as Uint8Array, value: row["value"] as Uint8Array };
}

function unavailable(thrown: unknown): Fault {
  return new Fault("Unavailable", `the database cannot be written: ${reasonOf(thrown)}`, {
    retryAfterSeconds: 1,
    cause: thrown,
  });
}
