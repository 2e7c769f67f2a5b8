/** The embedded Journal: one SQLite file in WAL mode, synced before every answer. Ordering and followers are the front's. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Clock } from "#base/clock.ts";
import type { Entry, JournalChange, Revision } from "#deck/journal.ts";
import { type Engine, JournalFront, type Past, type Superseded } from "./journal-front.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS log (rev INTEGER PRIMARY KEY, key TEXT NOT NULL, create_rev INTEGER NOT NULL, val BLOB);
  CREATE TABLE IF NOT EXISTS cur (key TEXT PRIMARY KEY, rev INTEGER NOT NULL, create_rev INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
`;

export class SqliteJournal extends JournalFront {
  /** Opens or creates the file. A second process that opens it is refused: the index of the first would be wrong. */
  static open(file: string, { clock }: { readonly clock: Clock }): SqliteJournal {
    const engine = new SqliteEngine(file);
    return new SqliteJournal({ engine, past: engine.load(), clock, soon: setImmediate });
  }
}

class SqliteEngine implements Engine {
  readonly #db: DatabaseSync;
  readonly #insertLog: StatementSync;
  readonly #putCurrent: StatementSync;
  readonly #deleteCurrent: StatementSync;
  readonly #deleteLog: StatementSync;
  readonly #setMeta: StatementSync;

  constructor(file: string) {
    const db = openFile(file);
    db.exec(SCHEMA);
    this.#db = db;
    this.#insertLog = db.prepare("INSERT INTO log (rev, key, create_rev, val) VALUES (?, ?, ?, ?)");
    this.#putCurrent = db.prepare("INSERT INTO cur (key, rev, create_rev) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET rev = excluded.rev, create_rev = excluded.create_rev");
    this.#deleteCurrent = db.prepare("DELETE FROM cur WHERE key = ?");
    this.#deleteLog = db.prepare("DELETE FROM log WHERE rev = ?");
    this.#setMeta = db.prepare("INSERT INTO meta (name, number) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET number = excluded.number");
  }

  load(): Past {
    const compacted = this.#meta("compacted");
    const current = new Map<string, Revision>();
    for (const row of this.#db.prepare("SELECT key, rev FROM cur ORDER BY key").iterate()) current.set(row["key"] as string, row["rev"] as number);
    const values = new Map<string, Entry>();
    const latest = new Map<string, Entry>();
    const history: JournalChange[] = [];
    const superseded: Superseded[] = [];
    let revision = Math.max(compacted, this.#meta("revision"));
    // One pass in file order: reading the values through `cur` would jump all over a large file.
    for (const row of this.#db.prepare("SELECT rev, key, create_rev, val FROM log ORDER BY rev").iterate()) {
      const key = row["key"] as string;
      const bytes = row["val"] as Uint8Array | null;
      revision = row["rev"] as number;
      const previous = latest.get(key);
      if (previous !== undefined) superseded.push({ revision: previous.revision, by: revision });
      if (bytes === null) {
        latest.delete(key);
        superseded.push({ revision, by: revision });
        if (revision > compacted && previous !== undefined) history.push({ type: "delete", key, revision, previous: previous.bytes });
        continue;
      }
      const createRevision = row["create_rev"] as number;
      const entry: Entry = { key, bytes, revision, createRevision };
      latest.set(key, entry);
      if (current.get(key) === revision) values.set(key, entry);
      if (revision > compacted) history.push({ type: "put", key, bytes, revision, createRevision, previous: previous?.bytes ?? null });
    }
    if (values.size !== current.size || latest.size !== current.size) throw new Error("the journal is damaged: its index and its log disagree");
    const entries = [...current.keys()].map((key) => values.get(key) as Entry);
    return { entries, history, revision, compacted, superseded };
  }

  commit(batch: readonly JournalChange[]): void {
    this.#transact(() => {
      for (const change of batch) this.#write(change);
    });
  }

  forget(revisions: readonly Revision[], compacted: Revision): void {
    this.#transact(() => {
      for (const revision of revisions) this.#deleteLog.run(revision);
      // The newest row may be a tombstone that goes now; the counter must never step back.
      this.#setMeta.run("revision", compacted);
      this.#setMeta.run("compacted", compacted);
    });
  }

  probe(): void {
    this.#transact(() => this.#setMeta.run("probe", 1));
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

  #transact(work: () => void): void {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#db.exec("COMMIT");
    } catch (thrown) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw thrown;
    }
  }

  #meta(name: string): number {
    return (this.#db.prepare("SELECT number FROM meta WHERE name = ?").get(name)?.["number"] as number | undefined) ?? 0;
  }
}

/** Durable settings: in WAL mode FULL syncs the log before COMMIT returns; NORMAL would lose the last commits on power loss. */
export function openFile(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 2_000 });
  db.exec(`
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 1000;
    PRAGMA cache_size = -65536;
  `);
  return db;
}
