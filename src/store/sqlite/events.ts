/** Accepted asynchronous invocations in one SQLite file: synced before the 202, gone once they are done with. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { AsyncEvent, AsyncEvents } from "#functions/event-queue.ts";
import { Fault } from "#base/fault.ts";
import { checksumOf } from "./checksum.ts";
import type { Room } from "../reserve.ts";
import { damaged, SqliteFile, withPlace } from "./file.ts";
import { bytesIn, textIn } from "./row.ts";

const SCHEMA = `CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, head TEXT NOT NULL, payload BLOB NOT NULL, sum INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;`;

interface Waiting {
  readonly write: () => void;
  readonly resolve: () => void;
  readonly reject: (thrown: unknown) => void;
}

export class SqliteEvents implements AsyncEvents, AsyncDisposable {
  readonly #file: SqliteFile;
  readonly #room: Room | undefined;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #select: StatementSync;
  #waiting: Waiting[] = [];
  #isClosed = false;

  static open(path: string, { room }: { readonly room?: Room } = {}): SqliteEvents {
    return new SqliteEvents(openEventsFile(path), room);
  }

  private constructor(file: SqliteFile, room: Room | undefined) {
    this.#room = room;
    const { db } = file;
    this.#file = file;
    this.#put = db.prepare("INSERT OR REPLACE INTO event (id, head, payload, sum) VALUES (?, ?, ?, ?)");
    this.#remove = db.prepare("DELETE FROM event WHERE id = ?");
    this.#select = db.prepare("SELECT id, head, payload, sum FROM event");
  }

  put(event: AsyncEvent): Promise<void> {
    if (this.#room?.isTight() === true)
      return Promise.reject(
        new Fault("Unavailable", "the disk is full: no asynchronous invocation is accepted", { retryAfterSeconds: 1 }),
      );
    const { payload, ...head } = event;
    const text = JSON.stringify(head);
    return this.#later(() => void this.#put.run(event.id, text, payload, checksumOf(`${event.id} ${text}`, payload)));
  }

  remove(id: string): Promise<void> {
    return this.#later(() => void this.#remove.run(id));
  }

  async load(): Promise<readonly AsyncEvent[]> {
    await Promise.resolve();
    return withPlace(this.#file.path, () =>
      this.#select.all().map((row) => {
        const [head, payload] = [textIn(row, "head"), bytesIn(row, "payload")];
        if (row["sum"] !== checksumOf(`${String(row["id"])} ${head}`, payload))
          throw damaged(this.#file.path, `the accepted invocation "${String(row["id"])}" does not match its checksum`);
        return { ...(JSON.parse(head) as Omit<AsyncEvent, "payload">), payload };
      }),
    );
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
      this.#file.write(() => {
        for (const { write } of waiting) write();
      });
    } catch (thrown) {
      this.#room?.relieve(thrown);
      for (const { reject } of waiting) reject(thrown);
      return;
    }
    for (const { resolve } of waiting) resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    this.#file[Symbol.dispose]();
    await Promise.resolve();
  }
}

export function openEventsFile(path: string): SqliteFile {
  return SqliteFile.open(path, { store: "events", schema: SCHEMA, synchronous: "FULL", cacheMib: 2, upgrade });
}

function upgrade(db: DatabaseSync): void {
  db.exec("ALTER TABLE event ADD COLUMN sum INTEGER NOT NULL DEFAULT 0");
  const setSum = db.prepare("UPDATE event SET sum = ? WHERE id = ?");
  for (const row of db.prepare("SELECT id, head, payload FROM event").all()) {
    const [id, payload] = [textIn(row, "id"), bytesIn(row, "payload")];
    setSum.run(checksumOf(`${id} ${textIn(row, "head")}`, payload), id);
  }
}
