/** The embedded Journal: one SQLite file in WAL mode, synced before every answer. Ordering and followers are the front's. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Clock } from "#base/clock.ts";
import type { Entry, JournalChange, Revision } from "#deck/journal.ts";
import { type Engine, JournalFront, type Past, type Superseded } from "./journal-front.ts";
import { openSqlite, transact } from "./sqlite-file.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS log (rev INTEGER PRIMARY KEY, key TEXT NOT NULL, create_rev INTEGER NOT NULL, val BLOB);
  CREATE TABLE IF NOT EXISTS cur (key TEXT PRIMARY KEY, rev INTEGER NOT NULL, create_rev INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
`;

export class SqliteJournal extends JournalFront {
  /** Opens or creates the file. */
  static open(file: string, { clock }: { readonly clock: Clock }): SqliteJournal {
    const engine = new SqliteEngine(openSqlite(file, SCHEMA, { synchronous: "FULL", cacheMib: 64 }));
    return new SqliteJournal({ engine, past: engine.load(), clock, soon: setImmediate });
  }
}

/** Exported for the suite, which makes its disk fail. */
export class SqliteEngine implements Engine {
  readonly #db: DatabaseSync;
  readonly #insertLog: StatementSync;
  readonly #putCurrent: StatementSync;
  readonly #deleteCurrent: StatementSync;
  readonly #deleteLog: StatementSync;
  readonly #setMeta: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#insertLog = db.prepare("INSERT INTO log (rev, key, create_rev, val) VALUES (?, ?, ?, ?)");
    this.#putCurrent = db.prepare(
      "INSERT INTO cur (key, rev, create_rev) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET rev = excluded.rev, create_rev = excluded.create_rev",
    );
    this.#deleteCurrent = db.prepare("DELETE FROM cur WHERE key = ?");
    this.#deleteLog = db.prepare("DELETE FROM log WHERE rev = ?");
    this.#setMeta = db.prepare(
      "INSERT INTO meta (name, number) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET number = excluded.number",
    );
  }

  load(): Past {
    const compacted = this.#meta("compacted");
    const replay = new Replay(compacted);
    const log = this.#db.prepare("SELECT rev, key, create_rev, val FROM log ORDER BY rev");
    log.setReturnArrays(true);
    // One pass in file order: reading the values through `cur` would jump all over a large file.
    for (const row of log.iterate()) replay.take(row as unknown as LogRow);
    this.#checkIndex(replay);
    const { entries, history, superseded } = replay;
    return { entries, history, superseded, compacted, revision: Math.max(compacted, replay.revision) };
  }

  /** Both tables are written in one transaction, so they can only disagree when the file was tampered with. */
  #checkIndex({ entries }: Replay): void {
    let sum = 0;
    for (const { revision } of entries.values()) sum += revision;
    const index = this.#db.prepare("SELECT count(*) AS count, coalesce(sum(rev), 0) AS sum FROM cur").get();
    if (index?.["count"] !== entries.size || index["sum"] !== sum)
      throw new Error("the journal is damaged: its index and its log disagree");
  }

  commit(batch: readonly JournalChange[]): void {
    transact(this.#db, () => {
      for (const change of batch) this.#write(change);
    });
  }

  forget(revisions: readonly Revision[], compacted: Revision): void {
    transact(this.#db, () => {
      for (const revision of revisions) this.#deleteLog.run(revision);
      this.#setMeta.run("compacted", compacted);
    });
  }

  probe(): void {
    transact(this.#db, () => this.#setMeta.run("probe", 1));
  }

  close(): void {
    this.#db.close();
  }

  #write(change: JournalChange): void {
    if (change.type === "put") {
      this.#insertLog.run(change.revision, change.key, change.createRevision, change.bytes);
      this.#putCurrent.run(change.key, change.revision, change.createRevision);
    } else {
      this.#insertLog.run(change.revision, change.key, 0, null);
      this.#deleteCurrent.run(change.key);
    }
  }

  #meta(name: string): number {
    return (
      (this.#db.prepare("SELECT number FROM meta WHERE name = ?").get(name)?.["number"] as number | undefined) ?? 0
    );
  }
}

type LogRow = readonly [revision: Revision, key: string, createRevision: Revision, bytes: Uint8Array | null];

/** What the rows of the log add up to. */
class Replay {
  readonly entries = new Map<string, Entry>();
  readonly history: JournalChange[] = [];
  readonly superseded: Superseded[] = [];
  revision: Revision = 0;
  readonly #compacted: Revision;

  constructor(compacted: Revision) {
    this.#compacted = compacted;
  }

  take([revision, key, createRevision, bytes]: LogRow): void {
    const previous = this.entries.get(key);
    this.revision = revision;
    if (previous !== undefined) this.superseded.push({ revision: previous.revision, by: revision });
    if (bytes === null) this.#takeDelete(key, revision, previous);
    else this.#takePut({ key, bytes, revision, createRevision }, previous);
  }

  #takePut(entry: Entry, previous: Entry | undefined): void {
    this.entries.set(entry.key, entry);
    if (entry.revision > this.#compacted)
      this.history.push({ type: "put", ...entry, previous: previous?.bytes ?? null });
  }

  #takeDelete(key: string, revision: Revision, previous: Entry | undefined): void {
    this.entries.delete(key);
    this.superseded.push({ revision, by: revision });
    if (revision > this.#compacted && previous !== undefined)
      this.history.push({ type: "delete", key, revision, previous: previous.bytes });
  }
}
