/** The Ledger in one SQLite file: usage gathered for a second, kept as compressed columns, read back in order of time. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { Heap } from "#base/heap.ts";
import type { Ledger, Usage, UsageWindow } from "#metering/usage.ts";
import { decodeColumns, encodeColumns } from "./columns.ts";
import { openSqlite, type SqliteRow, transact } from "./sqlite-file.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS batch (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, row_count INTEGER NOT NULL, columns BLOB NOT NULL
  );
  CREATE INDEX IF NOT EXISTS batch_by_time ON batch (from_ms);
`;

const FLUSH_EVERY_MS = 1_000;
// Memory is bounded: a full batch is written at once. It takes about 10 ms.
const BATCH_ROWS = 4_000;
// Reading goes batch by batch, so that a long window neither fills memory nor holds the file.
const READ_BATCHES = 16;
// The fastest level already makes columns 10 times smaller.
const DEFLATE_LEVEL = 1;

interface Batch {
  readonly id: number;
  readonly fromMs: number;
  readonly usage: readonly Usage[];
}

export class SqliteLedger implements Ledger {
  readonly #db: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #trim: StatementSync;
  readonly #span: StatementSync;
  #pending: Usage[] = [];
  #timer: NodeJS.Timeout | null = null;
  #lost = 0;
  #isClosed = false;

  static open(file: string): SqliteLedger {
    // Usage is not acknowledged to anybody: losing a second of it to a power cut is cheaper than syncing.
    return new SqliteLedger(openSqlite(file, SCHEMA, { synchronous: "NORMAL", cacheMib: 8 }));
  }

  private constructor(db: DatabaseSync) {
    this.#db = db;
    this.#insert = db.prepare("INSERT INTO batch (kind, from_ms, to_ms, row_count, columns) VALUES (?, ?, ?, ?, ?)");
    this.#select = db.prepare(
      "SELECT id, kind, from_ms, columns FROM batch WHERE (from_ms, id) > (?, ?) AND from_ms >= ? AND from_ms < ? AND to_ms >= ? AND kind LIKE ? ORDER BY from_ms, id LIMIT ?",
    );
    this.#trim = db.prepare("DELETE FROM batch WHERE to_ms < ?");
    this.#span = db.prepare("SELECT max(to_ms - from_ms) AS longest FROM batch");
  }

  /** Usage that could not be written, since the start. */
  get lost(): number {
    return this.#lost;
  }

  append(usage: readonly Usage[]): void {
    if (this.#isClosed) return;
    for (const one of usage) this.#pending.push(one);
    if (this.#pending.length >= BATCH_ROWS) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_EVERY_MS).unref();
  }

  async *read({ fromMs, toMs }: UsageWindow, is?: Usage["is"]): AsyncGenerator<Usage> {
    this.#flush();
    // A batch may begin before the window and reach into it, by no more than the longest batch.
    const longest = (this.#span.get()?.["longest"] as number | null) ?? 0;
    const waiting = new Heap<Usage>((a, b) => a.atMs < b.atMs);
    let after = { fromMs: Number.MIN_SAFE_INTEGER, id: 0 };
    for (;;) {
      const rows = this.#select.all(after.fromMs, after.id, fromMs - longest, toMs, fromMs, is ?? "%", READ_BATCHES);
      for (const batch of rows.map(batchOf)) {
        // Everything still to come is later than this batch's first, so what is earlier may go.
        for (let next = waiting.peek(); next !== undefined && next.atMs < batch.fromMs; next = waiting.peek())
          yield waiting.pop() as Usage;
        for (const one of batch.usage) if (one.atMs >= fromMs && one.atMs < toMs) waiting.push(one);
        after = batch;
      }
      if (rows.length < READ_BATCHES) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) yield next;
  }

  async trim(beforeMs: number): Promise<void> {
    this.#flush();
    this.#trim.run(beforeMs);
    await Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    this.#db.close();
    await Promise.resolve();
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const usage = this.#pending;
    if (usage.length === 0 || this.#isClosed) return;
    this.#pending = [];
    const byKind = Map.groupBy(usage, ({ is }) => is);
    try {
      transact(this.#db, () => {
        for (const [kind, rows] of byKind) this.#write(kind, rows);
      });
    } catch {
      // A full disk must not stop invocations; how much is missing is counted and reported.
      this.#lost += usage.length;
    }
  }

  #write(kind: string, rows: readonly Usage[]): void {
    let fromMs = Infinity;
    let toMs = -Infinity;
    for (const { atMs } of rows) {
      fromMs = Math.min(fromMs, atMs);
      toMs = Math.max(toMs, atMs);
    }
    const columns = deflateRawSync(
      JSON.stringify(encodeColumns(rows as readonly object[] as readonly Readonly<Record<string, unknown>>[])),
      { level: DEFLATE_LEVEL },
    );
    this.#insert.run(kind, Math.floor(fromMs), Math.ceil(toMs), rows.length, columns);
  }
}

function batchOf(row: SqliteRow): Batch {
  const columns: unknown = JSON.parse(inflateRawSync(row["columns"] as Uint8Array).toString("utf8"));
  return {
    id: row["id"] as number,
    fromMs: row["from_ms"] as number,
    usage: decodeColumns(columns) as readonly object[] as readonly Usage[],
  };
}
