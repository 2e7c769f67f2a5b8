/** Accepted asynchronous invocations in one SQLite file: synced before the 202, gone once they are done with. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { AsyncEvent, AsyncEvents } from "#functions/event-queue.ts";
import { openSqlite, transact } from "./sqlite-file.ts";

const SCHEMA = `CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, head TEXT NOT NULL, payload BLOB NOT NULL) WITHOUT ROWID;`;

interface Waiting {
  readonly write: () => void;
  readonly resolve: () => void;
  readonly reject: (thrown: unknown) => void;
}

export class SqliteEvents implements AsyncEvents, AsyncDisposable {
  readonly #db: DatabaseSync;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #select: StatementSync;
  #waiting: Waiting[] = [];
  #isClosed = false;

  static open(file: string): SqliteEvents {
    return new SqliteEvents(openSqlite(file, SCHEMA, { synchronous: "FULL", cacheMib: 2 }));
  }

  private constructor(db: DatabaseSync) {
    this.#db = db;
    this.#put = db.prepare("INSERT OR REPLACE INTO event (id, head, payload) VALUES (?, ?, ?)");
    this.#remove = db.prepare("DELETE FROM event WHERE id = ?");
    this.#select = db.prepare("SELECT head, payload FROM event");
  }

  put(event: AsyncEvent): Promise<void> {
    const { payload, ...head } = event;
    const text = JSON.stringify(head);
    return this.#later(() => void this.#put.run(event.id, text, payload));
  }

  remove(id: string): Promise<void> {
    return this.#later(() => void this.#remove.run(id));
  }

  async load(): Promise<readonly AsyncEvent[]> {
    await Promise.resolve();
    return this.#select.all().map((row) => ({
      ...(JSON.parse(row["head"] as string) as Omit<AsyncEvent, "payload">),
      payload: row["payload"] as Uint8Array,
    }));
  }

  // Whatever arrives in one turn of the event loop shares one sync.
  #later(write: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#flush());
      this.#waiting.push({ write, resolve, reject });
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    try {
      if (this.#isClosed) throw new Error("the store of asynchronous invocations is closed");
      transact(this.#db, () => {
        for (const { write } of waiting) write();
      });
    } catch (thrown) {
      for (const { reject } of waiting) reject(thrown);
      return;
    }
    for (const { resolve } of waiting) resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    this.#db.close();
    await Promise.resolve();
  }
}
