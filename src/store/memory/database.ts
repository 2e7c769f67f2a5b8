/** The Database in memory: for tests and simulations. Nothing survives. */
import type { Database, Decision, Place, PlacedDecision, Row, ScanOptions, Write } from "#managed/database.ts";

export class MemoryDatabase implements Database {
  /** Rows sorted by key. */
  readonly #collections = new Map<string, Row[]>();

  get(collection: string, key: Uint8Array): Promise<Uint8Array | null> {
    return Promise.resolve(this.#read(collection, key));
  }

  scan(collection: string, { from, to, limit, isDescending = false }: ScanOptions = {}): Promise<readonly Row[]> {
    const rows = this.#collections.get(collection) ?? [];
    const start = from === undefined ? 0 : placeOf(rows, from);
    const end = to === undefined ? rows.length : placeOf(rows, to);
    const found = rows.slice(start, Math.max(start, end));
    if (isDescending) found.reverse();
    return Promise.resolve(limit === undefined ? found : found.slice(0, limit));
  }

  async change<R>(
    collection: string,
    keys: readonly Uint8Array[],
    decide: (values: readonly (Uint8Array | null)[]) => Decision<R>,
  ): Promise<R> {
    // As with a disk, the answer comes in a later turn, and nothing runs between reading and writing.
    await Promise.resolve();
    const { writes, result } = decide(keys.map((key) => this.#read(collection, key)));
    for (const write of writes) this.#write(collection, write);
    return result;
  }

  async changeAll<R>(
    places: readonly Place[],
    decide: (values: readonly (Uint8Array | null)[]) => PlacedDecision<R>,
  ): Promise<R> {
    await Promise.resolve();
    const { writes, result } = decide(places.map(({ collection, key }) => this.#read(collection, key)));
    for (const write of writes) this.#write(write.collection, write);
    return result;
  }

  drop(collection: string): Promise<void> {
    this.#collections.delete(collection);
    return Promise.resolve();
  }

  async count(
    collection: string,
    range: Pick<ScanOptions, "from" | "to"> = {},
  ): Promise<{ readonly rows: number; readonly bytes: number }> {
    const rows = await this.scan(collection, range);
    return { rows: rows.length, bytes: rows.reduce((sum, { key, value }) => sum + key.length + value.length, 0) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#collections.clear();
    await Promise.resolve();
  }

  #read(collection: string, key: Uint8Array): Uint8Array | null {
    const rows = this.#collections.get(collection) ?? [];
    const row = rows[placeOf(rows, key)];
    return row !== undefined && compareBytes(row.key, key) === 0 ? row.value : null;
  }

  #write(collection: string, { key, value }: Write): void {
    const rows = this.#collections.get(collection) ?? [];
    const at = placeOf(rows, key);
    const row = rows[at];
    const isThere = row !== undefined && compareBytes(row.key, key) === 0;
    rows.splice(at, isThere ? 1 : 0, ...(value === null ? [] : [{ key, value }]));
    if (rows.length > 0) this.#collections.set(collection, rows);
  }
}

/** The index of the first row that is not before the key. */
function placeOf(rows: readonly Row[], key: Uint8Array): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareBytes((rows[middle] as Row).key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number);
  return a.length - b.length;
}
