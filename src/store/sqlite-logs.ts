/** What functions wrote, in one SQLite file: lines gathered for a second, compressed, the oldest dropped when a group grows too big. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { type LogFilter, type LogStore, newest, type StoredLine } from "#functions/logs.ts";
import type { LogLine } from "#functions/sandboxes.ts";
import { checksumOf } from "./checksum.ts";
import { damaged, SqliteFile, type SqliteRow } from "./sqlite-file.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS chunk (
    id INTEGER PRIMARY KEY, log_group TEXT NOT NULL, from_ms REAL NOT NULL, to_ms REAL NOT NULL, lines BLOB NOT NULL, sum INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX IF NOT EXISTS chunk_by_group ON chunk (log_group, id);
`;

const FLUSH_EVERY_MS = 1_000;
// Compressing so many lines takes about 5 ms.
const CHUNK_LINES = 2_000;
// About half a gigabyte of text; more belongs to a real log system.
const MAX_GROUP_BYTES = 64 * 1024 * 1024;
// The sum is asked for now and then only.
const TRIM_EVERY_CHUNKS = 64;
const DEFLATE_LEVEL = 1;

type Packed = readonly [atMs: number, stream: number, requestId: string | null, text: string];

export class SqliteLogs implements LogStore, AsyncDisposable {
  readonly #db: DatabaseSync;
  readonly #file: SqliteFile;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #pending = new Map<string, StoredLine[]>();
  #timer: NodeJS.Timeout | null = null;
  #chunks = 0;
  #isClosed = false;

  static open(path: string): SqliteLogs {
    // A log is nobody's acknowledged data: a power cut may take its last second.
    return new SqliteLogs(openLogsFile(path));
  }

  private constructor(file: SqliteFile) {
    const { db } = file;
    this.#file = file;
    this.#db = db;
    this.#insert = db.prepare("INSERT INTO chunk (log_group, from_ms, to_ms, lines, sum) VALUES (?, ?, ?, ?, ?)");
    this.#select = db.prepare(
      "SELECT id, log_group, from_ms, to_ms, lines, sum FROM chunk WHERE log_group = ? AND to_ms >= ? AND from_ms < ? AND id < ? ORDER BY id DESC LIMIT 1",
    );
  }

  append(group: string, stream: string, lines: readonly LogLine[]): void {
    if (this.#isClosed) return;
    let pending = this.#pending.get(group);
    if (pending === undefined) this.#pending.set(group, (pending = []));
    for (const { atMs, requestId, text } of lines) pending.push({ atMs, requestId, text, stream });
    if (pending.length >= CHUNK_LINES) this.#write(group, pending);
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_EVERY_MS).unref();
  }

  /** Newest chunks first, until there is enough. */
  async read(group: string, filter: LogFilter): Promise<readonly StoredLine[]> {
    this.#flush();
    const found: StoredLine[][] = [];
    let before = Number.MAX_SAFE_INTEGER;
    for (let count = 0; count < (filter.limit ?? Infinity);) {
      const row = this.#select.get(group, filter.fromMs ?? -Infinity, filter.toMs ?? Infinity, before);
      if (row === undefined) break;
      before = row["id"] as number;
      const kept = newest(this.#unpack(row), { ...filter });
      count += kept.length;
      found.push([...kept]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return newest(
      found
        .toReversed()
        .flat()
        .toSorted((a, b) => a.atMs - b.atMs),
      filter,
    );
  }

  async groups(): Promise<readonly string[]> {
    this.#flush();
    await Promise.resolve();
    return this.#db
      .prepare("SELECT DISTINCT log_group FROM chunk ORDER BY log_group")
      .all()
      .map((row) => row["log_group"] as string);
  }

  async remove(group: string): Promise<void> {
    this.#pending.delete(group);
    this.#db.prepare("DELETE FROM chunk WHERE log_group = ?").run(group);
    await Promise.resolve();
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#isClosed) return;
    for (const [group, lines] of this.#pending) this.#write(group, lines);
  }

  #write(group: string, lines: readonly StoredLine[]): void {
    this.#pending.delete(group);
    if (lines.length === 0) return;
    const times = lines.map(({ atMs }) => atMs);
    try {
      this.#file.write(() => {
        const head = [group, Math.min(...times), Math.max(...times)] as const;
        const packed = pack(lines);
        this.#insert.run(...head, packed, checksumOf(head.join(" "), packed));
        if (++this.#chunks % TRIM_EVERY_CHUNKS === 0) this.#trim(group);
      });
    } catch {
      // A full disk must not stop invocations.
    }
  }

  #unpack(row: SqliteRow): readonly StoredLine[] {
    if (row["sum"] !== chunkSum(row))
      throw damaged(
        this.#file.path,
        `chunk ${String(row["id"])} of "${String(row["log_group"])}" does not match its checksum`,
      );
    return unpack(row["lines"] as Uint8Array);
  }

  #trim(group: string): void {
    this.#db
      .prepare(
        `DELETE FROM chunk WHERE log_group = ?1 AND id <= (
           SELECT max(id) FROM (SELECT id, sum(length(lines)) OVER (ORDER BY id DESC) AS bytes FROM chunk WHERE log_group = ?1) WHERE bytes > ?2
         )`,
      )
      .run(group, MAX_GROUP_BYTES);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    this.#file[Symbol.dispose]();
    await Promise.resolve();
  }
}

function pack(lines: readonly StoredLine[]): Uint8Array {
  const streams = [...new Set(lines.map(({ stream }) => stream))];
  const packed = lines.map(({ atMs, stream, requestId, text }): Packed => [
    atMs,
    streams.indexOf(stream),
    requestId,
    text,
  ]);
  return deflateRawSync(JSON.stringify([streams, packed]), { level: DEFLATE_LEVEL });
}

function unpack(bytes: Uint8Array): readonly StoredLine[] {
  const [streams, packed] = JSON.parse(inflateRawSync(bytes).toString("utf8")) as readonly [
    readonly string[],
    readonly Packed[],
  ];
  return packed.map(([atMs, stream, requestId, text]) => ({ atMs, stream: streams[stream] ?? "", requestId, text }));
}

export function openLogsFile(path: string): SqliteFile {
  return SqliteFile.open(path, { store: "function-logs", schema: SCHEMA, synchronous: "NORMAL", cacheMib: 4, upgrade });
}

export function chunkSum(row: SqliteRow): number {
  const head = [row["log_group"], row["from_ms"], row["to_ms"]];
  return checksumOf(head.join(" "), row["lines"] as Uint8Array);
}

function upgrade(db: DatabaseSync): void {
  db.exec("ALTER TABLE chunk ADD COLUMN sum INTEGER NOT NULL DEFAULT 0");
  const setSum = db.prepare("UPDATE chunk SET sum = ? WHERE id = ?");
  for (const row of db.prepare("SELECT * FROM chunk").all()) setSum.run(chunkSum(row), row["id"] as number);
}
