/** The embedded Journal: one SQLite file in WAL mode, synced before every answer. Ordering and followers are the front's. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Clock } from "#base/clock.ts";
import type { Entry, JournalChange, Revision } from "#deck/journal.ts";
import { checksumOf } from "./checksum.ts";
import { type Engine, type FrontOptions, JournalFront, type Past, type Superseded } from "../journal-front.ts";
import type { Sealing } from "../sealing.ts";
import type { Room } from "../reserve.ts";
import { damaged, SqliteFile, transact } from "./file.ts";

// `log` is what happened, each row with a checksum; `cur` is the catalogue of what must be there, by which a lost row is missed.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS log (rev INTEGER PRIMARY KEY, key TEXT NOT NULL, create_rev INTEGER NOT NULL, val BLOB, sum INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE IF NOT EXISTS cur (key TEXT PRIMARY KEY, rev INTEGER NOT NULL, create_rev INTEGER NOT NULL) WITHOUT ROWID;
`;

export interface JournalOptions {
  readonly clock: Clock;
  readonly room?: Room;
  /** Absent: everything is stored as it is. */
  readonly sealing?: Sealing;
}

export class SqliteJournal extends JournalFront {
  readonly #sqlite: SqliteEngine;

  private constructor(options: FrontOptions, engine: SqliteEngine) {
    super(options);
    this.#sqlite = engine;
  }

  /** Seals anew what is not sealed by the newest key, between other writes; resolves to how many records that were. */
  async reseal(): Promise<number> {
    let count = 0;
    for (let after: Revision | null = 0; after !== null;) {
      const slice = this.#sqlite.resealAfter(after);
      count += slice.count;
      after = slice.last;
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (count > 0) this.#sqlite.leaveNoCopies();
    return count;
  }

  /** Opens or creates the file. */
  static open(file: string, { clock, room, sealing }: JournalOptions): SqliteJournal {
    const engine = new SqliteEngine(openJournalFile(file), sealing);
    try {
      const front = { engine, past: engine.load(), clock, soon: setImmediate, ...(room && { room }) };
      return new SqliteJournal(front, engine);
    } catch (thrown) {
      engine.close();
      throw thrown;
    }
  }
}

export function openJournalFile(path: string): SqliteFile {
  return SqliteFile.open(path, {
    store: "journal",
    schema: SCHEMA,
    synchronous: "FULL",
    // Everything is in memory anyway: only the pages that appends and compaction touch are worth it.
    cacheMib: 8,
    upgrade,
    positionOf: lastRevision,
  });
}

function lastRevision(file: SqliteFile): Revision {
  const last = Number(file.db.prepare("SELECT max(rev) AS last FROM log").get()?.["last"] ?? 0);
  return Math.max(last, Number(file.state("compacted") ?? 0));
}

function upgrade(db: DatabaseSync): void {
  db.exec("ALTER TABLE log ADD COLUMN sum INTEGER NOT NULL DEFAULT 0");
  const setSum = db.prepare("UPDATE log SET sum = ? WHERE rev = ?");
  for (const row of allRows(db).all() as unknown as LogRow[]) setSum.run(logSum(row), row[0]);
  const compacted = String(db.prepare("SELECT number FROM meta WHERE name = 'compacted'").get()?.["number"] ?? 0);
  db.prepare("INSERT INTO state (name, value, sum) VALUES ('compacted', ?, ?)").run(
    compacted,
    checksumOf("compacted", compacted),
  );
  db.exec("DROP TABLE meta");
}

function allRows(db: DatabaseSync): StatementSync {
  const statement = db.prepare("SELECT rev, key, create_rev, val, sum FROM log ORDER BY rev");
  statement.setReturnArrays(true);
  return statement;
}

export function logSum([revision, key, createRevision, bytes]: LogRow | readonly [...Head, Uint8Array | null]): number {
  return checksumOf(`${revision} ${createRevision} ${bytes === null ? "-" : "+"} ${key}`, bytes);
}

/** Exported for the suite, which makes its disk fail. */
export class SqliteEngine implements Engine {
  readonly #file: SqliteFile;
  readonly #insertLog: StatementSync;
  readonly #putCurrent: StatementSync;
  readonly #deleteCurrent: StatementSync;
  readonly #deleteLog: StatementSync;
  readonly #sealing: Sealing;

  constructor(file: SqliteFile, sealing: Sealing = AS_IT_IS) {
    this.#file = file;
    this.#sealing = sealing;
    const { db } = file;
    // What is replaced is overwritten, so that nothing of it stays in free pages.
    if (sealing !== AS_IT_IS) db.exec("PRAGMA secure_delete = ON");
    this.#insertLog = db.prepare("INSERT INTO log (rev, key, create_rev, val, sum) VALUES (?, ?, ?, ?, ?)");
    this.#putCurrent = db.prepare(
      "INSERT INTO cur (key, rev, create_rev) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET rev = excluded.rev, create_rev = excluded.create_rev",
    );
    this.#deleteCurrent = db.prepare("DELETE FROM cur WHERE key = ?");
    this.#deleteLog = db.prepare("DELETE FROM log WHERE rev = ?");
  }

  load(): Past {
    const compacted = Number(this.#file.state("compacted") ?? 0);
    const replay = new Replay(compacted, this.#sealing, (what) => damaged(this.#file.path, what));
    // One pass in file order: reading the values through `cur` would jump all over a large file.
    for (const row of allRows(this.#file.db).iterate()) replay.take(row as unknown as LogRow);
    this.#checkCatalogue(replay);
    const { entries, history, superseded } = replay;
    return { entries, history, superseded, compacted, revision: Math.max(compacted, replay.revision) };
  }

  /** Both tables are written in one transaction, so they can only disagree when one of them lost something. */
  #checkCatalogue({ entries }: Replay): void {
    const catalogue = this.#file.db.prepare("SELECT key, rev, create_rev FROM cur");
    catalogue.setReturnArrays(true);
    let count = 0;
    for (const row of catalogue.iterate()) {
      const [key, revision, createRevision] = row as unknown as readonly [string, Revision, Revision];
      const entry = entries.get(key);
      if (entry?.revision !== revision || entry.createRevision !== createRevision)
        throw damaged(
          this.#file.path,
          `its catalogue has "${key}" at revision ${revision}, its records have ${entry === undefined ? "nothing" : `revision ${entry.revision}`}`,
        );
      count++;
    }
    if (count !== entries.size)
      throw damaged(this.#file.path, `its records have ${entries.size} objects, its catalogue ${count}`);
  }

  commit(batch: readonly JournalChange[]): void {
    this.#file.write(() => {
      for (const change of batch) this.#write(change);
    }, batch.at(-1)?.revision);
  }

  /** Looks at the next records; `last` is the revision of the last of them, null when there are no more. */
  resealAfter(revision: Revision): { readonly count: number; readonly last: Revision | null } {
    const { db } = this.#file;
    const next = db.prepare("SELECT rev, key, create_rev, val, sum FROM log WHERE rev > ? ORDER BY rev LIMIT ?");
    next.setReturnArrays(true);
    const rows = next.all(revision, RESEALED_AT_ONCE) as unknown as readonly LogRow[];
    const stale = rows.filter(([, key, , bytes]) => bytes !== null && this.#isStale(key, bytes));
    const update = db.prepare("UPDATE log SET val = ?, sum = ? WHERE rev = ?");
    if (stale.length > 0)
      transact(db, () => {
        for (const [rev, key, createRevision, bytes] of stale) {
          const sealed = this.#sealing.seal(key, this.#sealing.open(key, bytes ?? new Uint8Array()));
          update.run(sealed, logSum([rev, key, createRevision, sealed]), rev);
        }
      });
    return { count: stale.length, last: rows.at(-1)?.[0] ?? null };
  }

  #isStale(key: string, bytes: Uint8Array): boolean {
    return this.#sealing.covers(key) && !this.#sealing.isCurrent(bytes);
  }

  /** The write-ahead log still holds what was overwritten. */
  leaveNoCopies(): void {
    this.#file.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  forget(revisions: readonly Revision[], compacted: Revision): void {
    transact(this.#file.db, () => {
      for (const revision of revisions) this.#deleteLog.run(revision);
      this.#file.setState("compacted", String(compacted));
    });
  }

  probe(): void {
    transact(this.#file.db, () => this.#file.setState("probe", "1"));
  }

  close(): void {
    this.#file[Symbol.dispose]();
  }

  #write(change: JournalChange): void {
    const { revision, key } = change;
    if (change.type === "put") {
      const { createRevision } = change;
      const bytes = this.#sealing.covers(key) ? this.#sealing.seal(key, change.bytes) : change.bytes;
      this.#insertLog.run(revision, key, createRevision, bytes, logSum([revision, key, createRevision, bytes]));
      this.#putCurrent.run(key, revision, createRevision);
    } else {
      this.#insertLog.run(revision, key, 0, null, logSum([revision, key, 0, null]));
      this.#deleteCurrent.run(key);
    }
  }
}

/** Every byte as it comes: for those who look at the file without its keys. */
const AS_IT_IS: Sealing = {
  covers: () => false,
  seal: (_key, bytes) => bytes,
  open: (_key, bytes) => bytes,
  isCurrent: () => true,
};

// A millisecond or two of one thread.
const RESEALED_AT_ONCE = 500;

type Head = readonly [revision: Revision, key: string, createRevision: Revision];
type LogRow = readonly [...Head, bytes: Uint8Array | null, sum: number];

/** What the rows of the log add up to. */
class Replay {
  readonly entries = new Map<string, Entry>();
  readonly history: JournalChange[] = [];
  readonly superseded: Superseded[] = [];
  revision: Revision = 0;
  readonly #compacted: Revision;
  readonly #sealing: Sealing;
  readonly #damage: (what: string) => Error;

  constructor(compacted: Revision, sealing: Sealing, damage: (what: string) => Error) {
    this.#compacted = compacted;
    this.#sealing = sealing;
    this.#damage = damage;
  }

  take(row: LogRow): void {
    const [revision, key, createRevision, bytes, sum] = row;
    if (sum !== logSum(row))
      throw this.#damage(`its record of revision ${revision}, "${key}", does not match its checksum`);
    // Every revision is one record, and only those up to the compacted one may be gone.
    const first = Math.max(this.revision, this.#compacted) + 1;
    if (revision > first) throw this.#damage(`its records of revisions ${first} to ${revision - 1} are missing`);
    const previous = this.entries.get(key);
    this.revision = revision;
    if (previous !== undefined) this.superseded.push({ revision: previous.revision, by: revision });
    if (bytes === null) this.#takeDelete(key, revision, previous);
    else this.#takePut({ key, bytes: this.#opened(key, bytes), revision, createRevision }, previous);
  }

  #opened(key: string, bytes: Uint8Array): Uint8Array {
    return this.#sealing.covers(key) ? this.#sealing.open(key, bytes) : bytes;
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
