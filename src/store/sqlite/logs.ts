/** What functions wrote, in one SQLite file: lines gathered for a second, compressed, the oldest dropped when a group grows too big. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import {
  inOrder,
  type LogPage,
  type LogScan,
  type LogStore,
  type LogStreamSummary,
  type PlacedLine,
  scanChunk,
  type StoredLine,
  streamsOf,
} from "#functions/logs.ts";
import type { LogLine } from "#functions/sandboxes.ts";
import { checksumOf } from "./checksum.ts";
import { damaged, SqliteFile, withPlace } from "./file.ts";
import { bytesIn, integerIn, textIn, type SqliteRow } from "./row.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS chunk (
    id INTEGER PRIMARY KEY, log_group TEXT NOT NULL, from_ms REAL NOT NULL, to_ms REAL NOT NULL, lines BLOB NOT NULL, sum INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX IF NOT EXISTS chunk_by_group ON chunk (log_group, id);
  CREATE TABLE IF NOT EXISTS stream (
    log_group TEXT NOT NULL, name TEXT NOT NULL, first_ms REAL NOT NULL, last_ms REAL NOT NULL, PRIMARY KEY (log_group, name)
  ) WITHOUT ROWID;
`;

const ADD_STREAM = `
  INSERT INTO stream (log_group, name, first_ms, last_ms) VALUES (?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET first_ms = min(first_ms, excluded.first_ms), last_ms = max(last_ms, excluded.last_ms)
`;

const FLUSH_EVERY_MS = 1_000;
// Compressing so many lines takes about 5 ms.
const CHUNK_LINES = 2_000;
// About half a gigabyte of text; more belongs to a real log system.
const MAX_GROUP_BYTES = 64 * 1024 * 1024;
// The sum is asked for now and then only.
const TRIM_EVERY_CHUNKS = 64;
const DEFLATE_LEVEL = 1;

// Reading a chunk takes about 5 ms, after each of which others have their turn: half a second of work for one call.
const CHUNKS_PER_SCAN = 100;

type Packed = readonly [atMs: number, stream: number, requestId: string | null, text: string];

export class SqliteLogs implements LogStore, AsyncDisposable {
  readonly #db: DatabaseSync;
  readonly #file: SqliteFile;
  readonly #insert: StatementSync;
  readonly #selectForward: StatementSync;
  readonly #selectBackward: StatementSync;
  readonly #addStream: StatementSync;
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
    const inWindow =
      "SELECT id, log_group, from_ms, to_ms, lines, sum FROM chunk WHERE log_group = ? AND to_ms >= ? AND from_ms < ?";
    this.#selectForward = db.prepare(`${inWindow} AND id >= ? ORDER BY id LIMIT 1`);
    this.#selectBackward = db.prepare(`${inWindow} AND id <= ? ORDER BY id DESC LIMIT 1`);
    this.#addStream = db.prepare(ADD_STREAM);
  }

  append(group: string, stream: string, lines: readonly LogLine[]): void {
    if (this.#isClosed) return;
    let pending = this.#pending.get(group);
    if (pending === undefined) this.#pending.set(group, (pending = []));
    for (const { atMs, requestId, text } of lines) pending.push({ atMs, requestId, text, stream });
    if (pending.length >= CHUNK_LINES) this.#write(group, pending);
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_EVERY_MS).unref();
  }

  async scan(group: string, scan: LogScan): Promise<LogPage> {
    this.#flush();
    const { limit, maxLength, direction } = scan;
    const isForward = direction === "forward";
    let lines: readonly PlacedLine[] = [];
    let length = 0;
    let next = scan.from ?? { chunk: isForward ? 0 : Number.MAX_SAFE_INTEGER, index: 0 };
    for (let chunks = 0; chunks < CHUNKS_PER_SCAN; chunks++) {
      const row = this.#chunkAt(group, scan, next.chunk);
      if (row === undefined) return { lines: inOrder(lines, scan), next, isEnd: true };
      const chunk = integerIn(row, "id");
      const rest = { ...scan, from: next, limit: limit - lines.length, maxLength: maxLength - length };
      const unpacked = withPlace(this.#file.path, () => this.#unpack(row));
      const { found, stoppedAt } = scanChunk(unpacked, { chunk }, rest);
      lines = [...lines, ...found];
      if (stoppedAt !== null) return { lines: inOrder(lines, scan), next: stoppedAt, isEnd: false };
      length += found.reduce((sum, { text }) => sum + text.length, 0);
      next = isForward ? { chunk: chunk + 1, index: 0 } : { chunk: chunk - 1, index: Number.MAX_SAFE_INTEGER };
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { lines: inOrder(lines, scan), next, isEnd: false };
  }

  #chunkAt(group: string, { direction, fromMs, toMs }: LogScan, chunk: number): SqliteRow | undefined {
    const select = direction === "forward" ? this.#selectForward : this.#selectBackward;
    return select.get(group, fromMs ?? -Infinity, toMs ?? Infinity, chunk);
  }

  async streams(group: string): Promise<readonly LogStreamSummary[]> {
    this.#flush();
    await Promise.resolve();
    return this.#db
      .prepare("SELECT name, first_ms, last_ms FROM stream WHERE log_group = ? ORDER BY name")
      .all(group)
      .map((row) => ({
        name: textIn(row, "name"),
        firstMs: integerIn(row, "first_ms"),
        lastMs: integerIn(row, "last_ms"),
      }));
  }

  async groups(): Promise<readonly string[]> {
    this.#flush();
    await Promise.resolve();
    return this.#db
      .prepare("SELECT DISTINCT log_group FROM chunk ORDER BY log_group")
      .all()
      .map((row) => textIn(row, "log_group"));
  }

  async remove(group: string): Promise<void> {
    this.#pending.delete(group);
    this.#file.write(() => {
      for (const table of ["chunk", "stream"]) this.#db.prepare(`DELETE FROM ${table} WHERE log_group = ?`).run(group);
    });
    await Promise.resolve();
  }

  async trim(group: string, beforeMs: number): Promise<void> {
    this.#flush();
    this.#file.write(() => {
      this.#db.prepare("DELETE FROM chunk WHERE log_group = ? AND to_ms < ?").run(group, beforeMs);
      this.#db.prepare("DELETE FROM stream WHERE log_group = ? AND last_ms < ?").run(group, beforeMs);
    });
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
        for (const { name, firstMs, lastMs } of streamsOf(lines)) this.#addStream.run(group, name, firstMs, lastMs);
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
    return unpack(bytesIn(row, "lines"));
  }

  #trim(group: string): void {
    this.#db
      .prepare(
        `DELETE FROM chunk WHERE log_group = ?1 AND id <= (
           SELECT max(id) FROM (SELECT id, sum(length(lines)) OVER (ORDER BY id DESC) AS bytes FROM chunk WHERE log_group = ?1) WHERE bytes > ?2
         )`,
      )
      .run(group, MAX_GROUP_BYTES);
    this.#db
      .prepare(
        "DELETE FROM stream WHERE log_group = ?1 AND last_ms < (SELECT min(from_ms) FROM chunk WHERE log_group = ?1)",
      )
      .run(group);
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
  return checksumOf(head.join(" "), bytesIn(row, "lines"));
}

function upgrade(db: DatabaseSync): void {
  db.exec("ALTER TABLE chunk ADD COLUMN sum INTEGER NOT NULL DEFAULT 0");
  const setSum = db.prepare("UPDATE chunk SET sum = ? WHERE id = ?");
  db.exec(SCHEMA);
  const addStream = db.prepare(ADD_STREAM);
  for (const row of db.prepare("SELECT * FROM chunk").all()) {
    setSum.run(chunkSum(row), integerIn(row, "id"));
    const group = textIn(row, "log_group");
    for (const { name, firstMs, lastMs } of streamsOf(unpack(bytesIn(row, "lines"))))
      addStream.run(group, name, firstMs, lastMs);
  }
}
