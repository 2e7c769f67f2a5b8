/** How every SQLite file of ours is opened and written: WAL, one owner, synced commits. */
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";

export type SqliteRow = Readonly<Record<string, SQLOutputValue>>;

export interface FileOptions {
  /** FULL syncs before COMMIT returns. NORMAL survives a killed process but may lose the last second to a power cut. */
  readonly synchronous: "FULL" | "NORMAL";
  readonly cacheMib: number;
}

// A predecessor that is just ending may hold the lock for a moment.
const LOCK_WAIT_MS = 500;

/** A second process that opens the file is refused: what the first keeps in memory would be wrong. */
export function openSqlite(file: string, schema: string, { synchronous, cacheMib }: FileOptions): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
  try {
    db.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${synchronous};
      PRAGMA wal_autocheckpoint = 1000;
      PRAGMA cache_size = -${cacheMib * 1024};
    `);
    db.exec(schema);
  } catch (thrown) {
    db.close();
    throw thrown;
  }
  return db;
}

/** All of `work` or nothing of it. */
export function transact<R>(db: DatabaseSync, work: () => R): R {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (thrown) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw thrown;
  }
}
