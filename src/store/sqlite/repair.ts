/**
 * What of a state file is sound, and a new file of exactly that: for a person who was refused a start. Works on a copy; the damaged
 * file is set aside, never overwritten, and every record that is not kept is named.
 */
import { constants, copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from "node:sqlite";
import { reasonOf } from "#base/fault.ts";
import { anchorFile, type AnchorState, readAnchor } from "./anchor.ts";
import { checksumOf, rowChecksum } from "./checksum.ts";
import { batchSum, openLedgerFile } from "./ledger.ts";
import { collectionIn, collectionSum, openDatabaseFile, SqliteDatabase } from "./database.ts";
import { openEventsFile, SqliteEvents } from "./events.ts";
import type { SqliteFile } from "./file.ts";
import { logSum, openJournalFile, SqliteEngine } from "./journal.ts";
import { chunkSum, openLogsFile } from "./logs.ts";
import { bytesIn, CellFault, integerIn, type SqliteRow } from "./row.ts";

export interface Finding {
  readonly file: string;
  readonly state: "sound" | "damaged" | "absent" | "repaired";
  /** Sound records. */
  readonly records: number;
  readonly problem: string | null;
  /** Each record that is not sound, by name, as far as it can still be read. */
  readonly lost: readonly string[];
  /** Where the damaged file went. */
  readonly aside?: string;
}

interface Table {
  readonly name: string;
  /** Ascending and descending order by these reach around a broken page from both sides. */
  readonly order: readonly string[];
  /** Absent where another table vouches for the rows. */
  readonly sum?: (row: SqliteRow) => number;
  readonly nameOf: (row: SqliteRow) => string;
}

interface Store {
  /** Everything that a start looks at. */
  readonly open: (path: string) => SqliteFile;
  readonly verify: (path: string) => Promise<void>;
  readonly tables: readonly Table[];
  /** What sound rows add up to, written into a new file; returns what is lost beyond single rows. */
  readonly rebuild: (file: SqliteFile, found: Salvage) => readonly string[];
}

/** The rows that can be read, by table, and how far the file must have come. */
interface Salvage {
  readonly rows: ReadonlyMap<string, readonly SqliteRow[]>;
  readonly position: number;
}

const text = (row: SqliteRow, column: string): string => String(row[column]);

const STORES: Readonly<Record<string, Store>> = {
  "journal.db": {
    open: openJournalFile,
    verify: (path) => closing(openJournalFile, path, (file) => new SqliteEngine(file).load()),
    tables: [
      {
        name: "log",
        order: ["rev"],
        sum: (row) =>
          logSum([
            integerIn(row, "rev"),
            text(row, "key"),
            integerIn(row, "create_rev"),
            row["val"] as Uint8Array | null,
          ]),
        nameOf: (row) => `${text(row, "key")} at revision ${text(row, "rev")}`,
      },
      { name: "cur", order: ["key"], nameOf: (row) => text(row, "key") },
    ],
    rebuild: rebuildJournal,
  },
  "tables.db": {
    open: openDatabaseFile,
    verify: async (path) => SqliteDatabase.open(path)[Symbol.asyncDispose](),
    tables: [
      {
        name: "collections",
        order: ["id"],
        sum: (row) => collectionSum(text(row, "name"), collectionIn(row)),
        nameOf: (row) => `the record of the table ${text(row, "name")}`,
      },
      {
        name: "rows",
        order: ["collection", "key"],
        sum: (row) => rowChecksum(integerIn(row, "collection"), bytesIn(row, "key"), bytesIn(row, "value")),
        nameOf: (row) => `collection ${text(row, "collection")}, item ${latin1(row["key"])}`,
      },
    ],
    rebuild: rebuildTables,
  },
  "events.db": {
    open: openEventsFile,
    verify: async (path) => {
      await using events = SqliteEvents.open(path);
      await events.load();
    },
    tables: [
      {
        name: "event",
        order: ["id"],
        sum: (row) => checksumOf(`${text(row, "id")} ${text(row, "head")}`, bytesIn(row, "payload")),
        nameOf: (row) => `accepted invocation ${text(row, "id")}`,
      },
    ],
    rebuild: rebuildAsIs("event"),
  },
  "usage.db": {
    open: openLedgerFile,
    verify: (path) => closing(openLedgerFile, path, () => {}),
    tables: [
      {
        name: "batch",
        order: ["id"],
        sum: batchSum,
        nameOf: (row) => `usage of "${text(row, "kind")}" from ${text(row, "from_ms")} to ${text(row, "to_ms")} (ms)`,
      },
    ],
    rebuild: rebuildAsIs("batch"),
  },
  "function-logs.db": {
    open: openLogsFile,
    verify: (path) => closing(openLogsFile, path, () => {}),
    tables: [
      {
        name: "chunk",
        order: ["id"],
        sum: chunkSum,
        nameOf: (row) =>
          `log lines of ${text(row, "log_group")} from ${text(row, "from_ms")} to ${text(row, "to_ms")} (ms)`,
      },
    ],
    rebuild: rebuildAsIs("chunk"),
  },
};

export const stateFiles: readonly string[] = Object.keys(STORES);

/** Reads all of it, on a copy. The instance must be down. */
export async function checkFile(path: string): Promise<Finding> {
  const store = storeOf(path);
  const file = basename(path);
  const isKnown = existsSync(anchorFile(path));
  if (!existsSync(path) && !isKnown) return { file, state: "absent", records: 0, problem: null, lost: [] };
  const folder = copyAside(path);
  try {
    const problem = await store.verify(join(folder, file)).then(() => null, reasonOf);
    const { kept, lost } = salvage(store, join(folder, file));
    const records = [...kept.values()].reduce((sum, rows) => sum + rows.length, 0);
    const words = problem?.replaceAll(folder, dirname(path)).split(". Nothing was changed")[0] ?? null;
    const isSound = problem === null && lost.length === 0;
    return {
      file,
      state: isSound ? "sound" : "damaged",
      records,
      problem: words ?? (isSound ? null : "records do not match their checksums"),
      lost,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Does nothing to a sound file. */
export async function repairFile(path: string, now: number): Promise<Finding> {
  const checked = await checkFile(path);
  if (checked.state !== "damaged") return checked;
  const store = storeOf(path);
  const folder = copyAside(path);
  const anchor = anchorOf(path);
  const position = anchor?.position ?? 0;
  const { kept, lost, reached } = salvage(store, join(folder, checked.file), anchor?.generation);
  rmSync(folder, { recursive: true, force: true });
  const aside = setAside(path, now);
  using file = store.open(path);
  const more = store.rebuild(file, { rows: kept, position });
  const unit = checked.file === "journal.db" ? "revisions" : "commits";
  const tail = reached < position ? [`what ${unit} ${reached + 1} to ${position} wrote`] : [];
  const records = [...kept.values()].reduce((sum, rows) => sum + rows.length, 0);
  return { ...checked, state: "repaired", records, lost: [...new Set([...lost, ...more, ...tail])], aside };
}

function storeOf(path: string): Store {
  const store = STORES[basename(path)];
  if (store === undefined) throw new Error(`${path} is no state file`);
  return store;
}

async function closing(open: Store["open"], path: string, work: (file: SqliteFile) => unknown): Promise<void> {
  using file = open(path);
  await Promise.resolve(work(file));
}

function companions(path: string): readonly string[] {
  return [path, `${path}-wal`, `${path}-shm`];
}

/** Opening a file changes it (its write-ahead log is taken in): evidence is looked at in a copy. */
function copyAside(path: string): string {
  const folder = mkdtempSync(join(dirname(path), ".check-"));
  mkdirSync(join(folder, "anchors"), { mode: 0o700 });
  for (const [from, to] of [
    ...companions(path).map((file) => [file, join(folder, basename(file))] as const),
    [anchorFile(path), anchorFile(join(folder, basename(path)))] as const,
  ]) {
    try {
      copyFileSync(from, to, constants.COPYFILE_FICLONE);
    } catch {
      // Missing, or a folder: the copy then lacks it, and the check says so.
    }
  }
  return folder;
}

function setAside(path: string, now: number): string {
  const folder = join(dirname(path), "damaged", `${basename(path)}-${new Date(now).toISOString().replaceAll(":", "")}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const file of companions(path)) if (existsSync(file)) renameSync(file, join(folder, basename(file)));
  if (existsSync(anchorFile(path))) renameSync(anchorFile(path), join(folder, `${basename(path)}.anchor`));
  return folder;
}

function anchorOf(path: string): AnchorState | null {
  try {
    return readAnchor(anchorFile(path));
  } catch {
    return null; // Damaged itself: what the rows say must do.
  }
}

interface Salvaged {
  readonly kept: ReadonlyMap<string, readonly SqliteRow[]>;
  readonly lost: readonly string[];
  /** How far the file itself had come. */
  readonly reached: number;
}

/** Nothing is taken from a file of another generation: what it holds was never this store's. */
function salvage({ tables }: Store, path: string, generation?: string): Salvaged {
  const kept = new Map<string, SqliteRow[]>();
  const lost: string[] = [];
  if (!existsSync(path)) return { kept, lost, reached: 0 };
  const db = new DatabaseSync(path);
  try {
    const state = stateOf(db);
    if (generation !== undefined && (state.get("generation") ?? generation) !== generation)
      return { kept, lost, reached: 0 };
    for (const table of tables) {
      const { rows, isWhole } = readAround(db, table);
      kept.set(
        table.name,
        rows.filter((row) => isSound(table, row)),
      );
      lost.push(...rows.filter((row) => !isSound(table, row)).map((row) => table.nameOf(row)));
      if (!isWhole) lost.push(`records of "${table.name}" on pages that cannot be read`);
    }
    const revisions = kept.get("log")?.map((row) => Number(row["rev"])) ?? [];
    const marks = ["commits", "compacted"].map((name) => Number(state.get(name) ?? 0));
    return { kept, lost, reached: revisions.reduce((a, b) => Math.max(a, b), Math.max(...marks)) };
  } finally {
    db.close();
  }
}

function isSound({ sum }: Table, row: SqliteRow): boolean {
  try {
    return sum === undefined || row["sum"] === sum(row);
  } catch (thrown) {
    if (thrown instanceof CellFault) return false;
    throw thrown;
  }
}

function stateOf(db: DatabaseSync): ReadonlyMap<string, string> {
  try {
    return new Map(
      db
        .prepare("SELECT name, value FROM state")
        .all()
        .map((row) => [text(row, "name"), text(row, "value")]),
    );
  } catch {
    return new Map(); // Unreadable, or a file of before there was one.
  }
}

/** All rows up to what cannot be read, and all rows after it. */
function readAround(
  db: DatabaseSync,
  { name, order }: Table,
): { readonly rows: readonly SqliteRow[]; readonly isWhole: boolean } {
  const found = new Map<string, SqliteRow>();
  const read = (direction: string): boolean => {
    try {
      const by = order.map((column) => `${column} ${direction}`).join(", ");
      for (const row of db.prepare(`SELECT * FROM ${name} ORDER BY ${by}`).iterate())
        found.set(order.map((column) => nameOfValue(row[column])).join(" "), row);
      return true;
    } catch {
      return false; // The pages behind this one are reached from the other side.
    }
  };
  const isWhole = read("ASC") || (read("DESC"), false);
  return { rows: [...found.values()], isWhole };
}

function latin1(key: SQLOutputValue | undefined): string {
  return key instanceof Uint8Array ? Buffer.from(key).toString("latin1") : String(key);
}

function nameOfValue(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : String(value);
}

/** The newest sound state of each object that must be there; watchers start anew behind all that was ever acknowledged. */
function rebuildJournal(file: SqliteFile, { rows, position }: Salvage): readonly string[] {
  const newest = new Map<string, SqliteRow>();
  let last = position;
  for (const row of (rows.get("log") ?? []).toSorted((a, b) => Number(a["rev"]) - Number(b["rev"]))) {
    newest.set(text(row, "key"), row);
    last = Math.max(last, Number(row["rev"]));
  }
  const catalogue = new Map((rows.get("cur") ?? []).map((row) => [text(row, "key"), Number(row["rev"])]));
  const lost = [...catalogue].flatMap(([key, revision]) => {
    const found = newest.get(key);
    if (found?.["val"] === undefined || found["val"] === null) return [`${key}: gone (was at revision ${revision})`];
    const at = Number(found["rev"]);
    return at < revision ? [`${key}: back at revision ${at} (was at ${revision})`] : [];
  });
  const compacted = last + 1;
  file.write(() => {
    const log = file.db.prepare("INSERT INTO log (rev, key, create_rev, val, sum) VALUES (?, ?, ?, ?, ?)");
    const cur = file.db.prepare("INSERT INTO cur (key, rev, create_rev) VALUES (?, ?, ?)");
    for (const row of newest.values()) {
      if (row["val"] === null) continue;
      log.run(...(["rev", "key", "create_rev", "val", "sum"].map((column) => row[column]) as SQLInputValue[]));
      cur.run(...(["key", "rev", "create_rev"].map((column) => row[column]) as SQLInputValue[]));
    }
    file.setState("compacted", String(compacted));
  }, compacted);
  return lost;
}

function rebuildTables(file: SqliteFile, { rows }: Salvage): readonly string[] {
  const items = Map.groupBy(rows.get("rows") ?? [], (row) => Number(row["collection"]));
  const known = new Map((rows.get("collections") ?? []).map((row) => [Number(row["id"]), row]));
  const lost = [...items].flatMap(([id, all]) =>
    known.has(id) ? [] : [`${all.length} items of a table whose name is lost`],
  );
  file.write(() => {
    const addRow = file.db.prepare("INSERT INTO rows (collection, key, value, sum) VALUES (?, ?, ?, ?)");
    const addCollection = file.db.prepare(
      "INSERT INTO collections (id, name, row_count, byte_count, sum) VALUES (?, ?, ?, ?, ?)",
    );
    for (const [id, row] of known) {
      const all = items.get(id) ?? [];
      const size = all.reduce((sum, one) => sum + bytesIn(one, "key").length + bytesIn(one, "value").length, 0);
      const missing = Number(row["row_count"]) - all.length;
      if (missing > 0) lost.push(`${missing} items of the table ${text(row, "name")}`);
      const collection = { id, rows: all.length, bytes: size };
      addCollection.run(id, text(row, "name"), all.length, size, collectionSum(text(row, "name"), collection));
      for (const one of all) addRow.run(id, bytesIn(one, "key"), bytesIn(one, "value"), Number(one["sum"]));
    }
  });
  return lost;
}

function rebuildAsIs(table: string): Store["rebuild"] {
  return (file, { rows }) => {
    file.write(() => {
      for (const row of rows.get(table) ?? []) {
        const names = Object.keys(row);
        file.db
          .prepare(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`)
          .run(...(Object.values(row) as SQLInputValue[]));
      }
    });
    return [];
  };
}
