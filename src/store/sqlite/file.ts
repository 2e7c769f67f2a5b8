/**
 * How every SQLite file of ours is opened and written: WAL, one owner, synced commits, and an anchor that knows whose the file is
 * and how far it had come. A file that is not what its anchor remembers is refused in words, never served and never begun anew.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Fault, reasonOf } from "#base/fault.ts";
import { Anchor, anchorFile, type AnchorState, readAnchor } from "./anchor.ts";
import { checksumOf } from "./checksum.ts";
import { CellFault, textIn } from "./row.ts";

export interface FileOptions {
  /** What the file holds, in one word. */
  readonly store: string;
  readonly schema: string;
  /** FULL syncs before COMMIT returns. NORMAL survives a killed process but may lose the last second to a power cut. */
  readonly synchronous: "FULL" | "NORMAL";
  readonly cacheMib: number;
  /** Gives a file of before checksums its columns and sums. */
  readonly upgrade: (db: DatabaseSync) => void;
  /** How far the file has come, where its own rows say so; otherwise commits are counted. */
  readonly positionOf?: (file: SqliteFile) => number;
}

// 0 had no checksums and no anchors.
const VERSION = 1;
const STATE = `CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID;`;
// A predecessor that is just ending may hold the lock for a moment.
const LOCK_WAIT_MS = 500;
// The structure and the indexes of a file of this size are checked within 15 ms; those of larger ones by `catamaran store check`, and record by record when read.
const CHECKED_BYTES = 8 * 1024 * 1024;
// A write-ahead log that one large transaction made big is cut back at the next checkpoint.
const WAL_KEPT_BYTES = 8 * 1024 * 1024;
// Free pages are used again by later writes; a file that is mostly free, and by so much, is given back to the disk at its next start.
const SHRUNK_BYTES = 32 * 1024 * 1024;
// What is not synced with each commit is synced, with its anchor, by the first commit after this time.
const CHECKPOINT_EVERY_MS = 10_000;

export class SqliteFile implements Disposable {
  readonly db: DatabaseSync;
  readonly path: string;
  readonly #options: FileOptions;
  #anchor: Anchor | null = null;
  #commits = 0;
  #syncedAtMs = performance.now();

  /** A second process that opens the file is refused: what the first keeps in memory would be wrong. */
  static open(path: string, options: FileOptions): SqliteFile {
    const anchor = readKnown(path);
    const size = sizeOf(path);
    if (size === 0 && anchor !== null && anchor.position > 0)
      throw damaged(
        path,
        `it is ${exists(path) ? "empty" : "missing"}, but ${held(options, anchor)} were stored in it`,
      );
    const file = withPlace(path, () => new SqliteFile(path, options));
    try {
      withPlace(path, () => file.#takeOver(anchor, size));
    } catch (thrown) {
      file.db.close();
      throw thrown;
    }
    return file;
  }

  private constructor(path: string, options: FileOptions) {
    this.path = path;
    this.#options = options;
    this.db = new DatabaseSync(path, { timeout: LOCK_WAIT_MS });
  }

  /** All of `work` or nothing of it; the anchor follows. `position` where the store has its own. */
  write<R>(work: () => R, position?: number): R {
    const next = position ?? this.#commits + 1;
    const result = transact(this.db, () => {
      const done = work();
      if (this.#options.positionOf === undefined) this.setState("commits", String(next));
      return done;
    });
    this.#commits = next;
    if (this.#options.synchronous === "FULL") this.#anchor?.advance(next);
    else if (performance.now() - this.#syncedAtMs > CHECKPOINT_EVERY_MS) this.#syncAll();
    return result;
  }

  state(name: string): string | null {
    const row = this.db.prepare("SELECT value, sum FROM state WHERE name = ?").get(name);
    if (row === undefined) return null;
    const value = textIn(row, "value");
    if (row["sum"] !== checksumOf(name, value))
      throw damaged(this.path, `its record of "${name}" does not match its checksum`);
    return value;
  }

  setState(name: string, value: string): void {
    this.#setState ??= this.db.prepare(
      "INSERT INTO state (name, value, sum) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value, sum = excluded.sum",
    );
    this.#setState.run(name, value, checksumOf(name, value));
  }
  #setState: ReturnType<DatabaseSync["prepare"]> | undefined;

  [Symbol.dispose](): void {
    try {
      if (this.#options.synchronous === "NORMAL" && this.#anchor !== null) this.#syncAll();
    } finally {
      this.db.close();
      this.#anchor?.[Symbol.dispose]();
    }
  }

  #takeOver(anchor: AnchorState | null, size: number): void {
    const { schema, store, synchronous, cacheMib, upgrade, positionOf } = this.#options;
    this.db.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${synchronous};
      PRAGMA wal_autocheckpoint = 1000;
      PRAGMA journal_size_limit = ${WAL_KEPT_BYTES};
      PRAGMA cache_size = -${cacheMib * 1024};
    `);
    chmodSync(this.path, 0o600);
    const version = Number(this.db.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (version > VERSION)
      throw new Fault(
        "InternalError",
        `${this.path} was written by a newer Catamaran (format ${version}, this one knows ${VERSION}); start that one`,
      );
    if (version === 0) this.#begin(anchor, { schema, upgrade, store });
    else this.#recognise(anchor);
    if (size > 0 && size <= CHECKED_BYTES) this.#checkStructure();
    this.#shrink();
    this.#commits = positionOf === undefined ? Number(this.state("commits") ?? 0) : positionOf(this);
    const generation = this.state("generation") ?? "";
    if (anchor !== null && this.#commits < anchor.position)
      throw damaged(
        this.path,
        `it ends at ${this.#commits}, but ${held(this.#options, anchor)} were acknowledged: the newest are missing (its write-ahead log was removed or cut, or an older copy was put in its place)`,
      );
    this.#anchor = Anchor.write(anchorFile(this.path), { generation, position: this.#commits });
  }

  /** A new file, or one of before checksums. The anchor is there first: a kill in between leaves an anchor of nothing. */
  #begin(
    anchor: AnchorState | null,
    { schema, upgrade, store }: Pick<FileOptions, "schema" | "upgrade" | "store">,
  ): void {
    const isOld = this.db.prepare("SELECT name FROM sqlite_schema LIMIT 1").get() !== undefined;
    if (anchor !== null && (isOld || anchor.position > 0))
      throw damaged(
        this.path,
        `it is not the file that held ${held(this.#options, anchor)}: it has no mark of this platform in it`,
      );
    const generation = anchor?.generation ?? randomBytes(8).toString("hex");
    if (anchor === null && !isOld) Anchor.write(anchorFile(this.path), { generation, position: 0 })[Symbol.dispose]();
    transact(this.db, () => {
      this.db.exec(STATE);
      if (isOld) upgrade(this.db);
      this.db.exec(schema);
      this.setState("store", store);
      this.setState("generation", generation);
      this.db.exec(`PRAGMA user_version = ${VERSION}`);
    });
  }

  #recognise(anchor: AnchorState | null): void {
    const store = this.state("store");
    if (store !== this.#options.store)
      throw damaged(this.path, `it holds ${store ?? "something else"}, not the ${this.#options.store}`);
    if (anchor === null)
      throw damaged(this.path, `${anchorFile(this.path)}, which says how much must be in it, is missing`);
    if (this.state("generation") !== anchor.generation)
      throw damaged(this.path, `it is the file of another instance, or of this one before a repair`);
  }

  /** Before anybody is served: rewriting a file holds the event loop for as long as it takes. */
  #shrink(): void {
    const pragma = (name: string): number => Number(this.db.prepare(`PRAGMA ${name}`).get()?.[name]);
    const [free, pages] = [pragma("freelist_count"), pragma("page_count")];
    if (free < pages / 2 || free * pragma("page_size") < SHRUNK_BYTES) return;
    try {
      this.db.exec("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // No room for the copy: it stays as it is, and works.
    }
  }

  #checkStructure(): void {
    const found = String(Object.values(this.db.prepare("PRAGMA integrity_check(1)").get() ?? {})[0]);
    if (found !== "ok") throw damaged(this.path, found.replaceAll(/\s*\n\s*/g, "; ").slice(0, 300));
  }

  /** NORMAL files: what was committed is synced, then the anchor may know of it. */
  #syncAll(): void {
    this.#syncedAtMs = performance.now();
    try {
      this.db.exec("PRAGMA wal_checkpoint(PASSIVE)");
      this.#anchor?.advance(this.#commits);
    } catch {
      // A full disk: it is tried again after the next commit.
    }
  }
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

/** The one sentence for what must not be served: which file, what is wrong with it, and how to go on. */
export function damaged(path: string, what: string): Fault {
  return new Fault(
    "InternalError",
    `${path} is damaged: ${what}. Nothing was changed. Put a sound copy in its place, or keep what is sound and see what is lost: catamaran store repair --data-dir ${dirname(path)}`,
  );
}

function held({ store }: FileOptions, { position }: AnchorState): string {
  return store === "journal" ? `revisions up to ${position}` : `${position} commits`;
}

function readKnown(path: string): AnchorState | null {
  try {
    return readAnchor(anchorFile(path));
  } catch (thrown) {
    throw damaged(path, `what is known of it cannot be read: ${reasonOf(thrown)}`);
  }
}

// https://sqlite.org/rescode.html: what says that the file is wrong, and what says that the machine refuses.
const CORRUPT = new Set([11, 26]);
const BUSY = 5;

/** SQLite's own words get the file's name, and a way on. */
export function withPlace<R>(path: string, work: () => R): R {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof CellFault) throw damaged(path, thrown.message);
    const code = (thrown as { readonly errcode?: number }).errcode;
    if (code === undefined) throw thrown;
    if (CORRUPT.has(code & 0xff)) throw damaged(path, reasonOf(thrown));
    if ((code & 0xff) === BUSY) throw new Fault("Conflict", `${path} is locked by another process`);
    throw new Fault(
      "Unavailable",
      `${path} cannot be opened: ${reasonOf(thrown)} (is ${basename(path)} a file, and may this user write it and its folder?)`,
    );
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
