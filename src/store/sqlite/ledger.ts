/** The Ledger in one SQLite file: usage gathered for a second, kept as compressed columns, read back in order of time. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { Heap } from "#base/heap.ts";
import type { Ledger, Usage, UsageWindow } from "#metering/usage.ts";
import { decodeColumns, encodeColumns } from "./columns.ts";
import { checksumOf } from "./checksum.ts";
import { damaged, SqliteFile, withPlace } from "./file.ts";
import { bytesIn, integerIn, integerOrNull, type SqliteRow } from "./row.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS batch (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, row_count INTEGER NOT NULL, columns BLOB NOT NULL, sum INTEGER NOT NULL DEFAULT 0
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
  readonly #file: SqliteFile;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #trim: StatementSync;
  readonly #span: StatementSync;
  #pending: Usage[] = [];
  #timer: NodeJS.Timeout | null = null;
  #lost = 0;
  #isClosed = false;

  static open(path: string): SqliteLedger {
    // Usage is not acknowledged to anybody: losing a second of it to a power cut is cheaper than syncing.
    return new SqliteLedger(openLedgerFile(path));
  }

  private constructor(file: SqliteFile) {
    const { db } = file;
    this.#file = file;
    this.#insert = db.prepare(
      "INSERT INTO batch (kind, from_ms, to_ms, row_count, columns, sum) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#select = db.prepare(
      "SELECT id, kind, from_ms, to_ms, row_count, columns, sum FROM batch WHERE (from_ms, id) > (?, ?) AND from_ms >= ? AND from_ms < ? AND to_ms >= ? AND kind LIKE ? ORDER BY from_ms, id LIMIT ?",
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
    const longest = integerOrNull(this.#span.get(), "longest") ?? 0;
    const waiting = new Heap<Usage>((a, b) => a.atMs < b.atMs);
    let after = { fromMs: Number.MIN_SAFE_INTEGER, id: 0 };
    for (;;) {
      const bounds = [after.fromMs, after.id, fromMs - longest, toMs, fromMs, is ?? "%", READ_BATCHES] as const;
      const batches = withPlace(this.#file.path, () => this.#select.all(...bounds).map((row) => this.#batchOf(row)));
      for (const batch of batches) {
        // Everything still to come is later than this batch's first, so what is earlier may go.
        for (let next = waiting.peek(); next !== undefined && next.atMs < batch.fromMs; next = waiting.peek())
          yield waiting.pop() as Usage;
        for (const one of batch.usage) if (one.atMs >= fromMs && one.atMs < toMs) waiting.push(one);
        after = batch;
      }
      if (batches.length < READ_BATCHES) break;
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
    this.#file[Symbol.dispose]();
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
      this.#file.write(() => {
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
    const head = [kind, Math.floor(fromMs), Math.ceil(toMs), rows.length] as const;
    this.#insert.run(...head, columns, checksumOf(head.join(" "), columns));
  }

  #batchOf(row: SqliteRow): Batch {
    const bytes = bytesIn(row, "columns");
    if (row["sum"] !== batchSum(row))
      throw damaged(
        this.#file.path,
        `batch ${String(row["id"])}, usage of "${String(row["kind"])}" from ${String(row["from_ms"])}, does not match its checksum`,
      );
    const columns: unknown = JSON.parse(inflateRawSync(bytes).toString("utf8"));
    return {
      id: integerIn(row, "id"),
      fromMs: integerIn(row, "from_ms"),
      usage: decodeColumns(columns) as readonly object[] as readonly Usage[],
    };
  }
}

export function openLedgerFile(path: string): SqliteFile {
  return SqliteFile.open(path, { store: "usage", schema: SCHEMA, synchronous: "NORMAL", cacheMib: 8, upgrade });
}

export function batchSum(row: SqliteRow): number {
  const head = [row["kind"], row["from_ms"], row["to_ms"], row["row_count"]];
  return checksumOf(head.join(" "), bytesIn(row, "columns"));
}

function upgrade(db: DatabaseSync): void {
  db.exec("ALTER TABLE batch ADD COLUMN sum INTEGER NOT NULL DEFAULT 0");
  const setSum = db.prepare("UPDATE batch SET sum = ? WHERE id = ?");
  for (const row of db.prepare("SELECT * FROM batch").all()) setSum.run(batchSum(row), integerIn(row, "id"));
}
