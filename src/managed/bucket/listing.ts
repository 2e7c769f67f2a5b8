/** Pages of what is in a bucket, in the order of the keys' bytes, with what shares a prefix up to a delimiter as one. Reads alone. */
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { Database, Row } from "../database.ts";
import { after, isBefore, keysFrom, next, read } from "./rows.ts";
import type { StoredObject, Upload, Version } from "./stored-object.ts";

/** Where a page ended: behind a key, or behind everything that begins with a prefix. */
export type Place = { readonly key: string; readonly order?: string } | { readonly prefix: string };

export interface Wanted {
  readonly prefix: string;
  readonly delimiter: string;
  readonly after?: Place;
  /** Keys and prefixes together. */
  readonly most: number;
}

export interface Page<T> {
  readonly entries: readonly T[];
  /** Sorted, each once. */
  readonly prefixes: readonly string[];
  /** Absent on the last page. */
  readonly next?: Place;
}

export interface ListedVersion {
  readonly version: Version;
  readonly isNewest: boolean;
}

interface Source {
  readonly database: Database;
  readonly collection: string;
}

export function listObjects(source: Source, wanted: Wanted): Promise<Page<StoredObject>> {
  const rows = new Rows(source, "o", wanted);
  rows.seek(startOf(wanted.after));
  return pageOf(wanted, rows, async () => {
    const row = await rows.take();
    return row === null ? null : { key: row.key, place: { key: row.key }, read: () => valueOf<StoredObject>(row) };
  });
}

/** The newest version of a key first. */
export function listVersions(source: Source, wanted: Wanted): Promise<Page<ListedVersion>> {
  const newest = new Rows(source, "o", wanted);
  const older = new Rows(source, "v", wanted);
  const { after: place } = wanted;
  newest.seek(startOf(place));
  older.seek(versionStartOf(place));
  let lastKey = place !== undefined && "key" in place ? place.key : null;
  const both: Seekable = {
    seek: (from) => {
      newest.seek(from);
      older.seek(from);
    },
  };
  return pageOf(wanted, both, async () => {
    const [current, old] = [await newest.peek(), await older.peek()];
    // The current one comes before the older ones of its key.
    const isCurrent = current !== null && (old === null || !isBefore(encodeUtf8(old.key), encodeUtf8(current.key)));
    const row = await (isCurrent ? newest : older).take();
    if (row === null) return null;
    const isNewest = row.key !== lastKey;
    lastKey = row.key;
    const version = valueOf<Version>(row);
    return { key: row.key, place: { key: row.key, order: version.order }, read: () => ({ version, isNewest }) };
  });
}

/** Of a key the one that was started first comes first. */
export function listUploads(source: Source, wanted: Wanted): Promise<Page<Upload>> {
  const rows = new Rows(source, "u", wanted);
  rows.seek(versionStartOf(wanted.after));
  return pageOf(wanted, rows, async () => {
    const row = await rows.take();
    if (row === null) return null;
    return { key: row.key, place: { key: row.key, order: row.rest }, read: () => valueOf<Upload>(row) };
  });
}

interface Found<T> {
  readonly key: string;
  readonly place: Place;
  readonly read: () => T;
}

interface Seekable {
  readonly seek: (from: Uint8Array) => void;
}

async function pageOf<T>(
  { prefix, delimiter, most }: Wanted,
  rows: Seekable,
  take: () => Promise<Found<T> | null>,
): Promise<Page<T>> {
  const entries: T[] = [];
  const prefixes: string[] = [];
  let last: Place | undefined;
  for (let found = await take(); found !== null && most > 0; found = await take()) {
    const shared = sharedPrefix(found.key, prefix, delimiter);
    if (shared !== null && shared === prefixes.at(-1)) continue;
    if (entries.length + prefixes.length >= most) return { entries, prefixes, ...(last && { next: last }) };
    if (shared === null) {
      entries.push(found.read());
      last = found.place;
    } else {
      prefixes.push(shared);
      last = { prefix: shared };
      rows.seek(after(encodeUtf8(shared)));
    }
  }
  return { entries, prefixes };
}

/** Up to and with the first delimiter behind the prefix. */
function sharedPrefix(key: string, prefix: string, delimiter: string): string | null {
  if (delimiter === "") return null;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? null : key.slice(0, at + delimiter.length);
}

function startOf(place: Place | undefined): Uint8Array {
  if (place === undefined) return new Uint8Array(0);
  return "prefix" in place ? after(encodeUtf8(place.prefix)) : next(encodeUtf8(place.key));
}

/** In a list whose rows go on behind the key. Without an order: behind all of the key. */
function versionStartOf(place: Place | undefined): Uint8Array {
  if (place === undefined) return new Uint8Array(0);
  if ("prefix" in place) return after(encodeUtf8(place.prefix));
  return place.order === undefined
    ? encodeUtf8(`${place.key}\u0001`)
    : next(encodeUtf8(`${place.key}\0${place.order}`));
}

interface ListRow {
  readonly key: string;
  /** Behind the key: the order of a version, the id of an upload. */
  readonly rest: string;
  readonly value: Uint8Array;
}

function valueOf<T>({ key, value }: ListRow): T {
  const stored = read<T>(value);
  if (stored === null) throw new RangeError(`the row of ${key} is empty`);
  return stored;
}

const PAGE_ROWS = 1_000;
const FEW_ROWS = 100;

/** Walks along a list of rows, page by page; a seek within the page costs no read. */
class Rows implements Seekable {
  readonly #source: Source;
  readonly #list: "o" | "v" | "u";
  readonly #prefix: string;
  readonly #most: number;
  #from: Uint8Array = new Uint8Array(0);
  #page: readonly Row[] = [];
  #at = 0;
  #isEnd = false;

  constructor(source: Source, list: "o" | "v" | "u", { prefix, most, delimiter }: Wanted) {
    this.#source = source;
    this.#list = list;
    this.#prefix = prefix;
    // One more than is wanted tells whether there is more; behind a delimiter a page may be all one prefix.
    this.#most = Math.min(delimiter === "" ? most + 1 : Math.max(FEW_ROWS, most / 10), PAGE_ROWS);
  }

  /** Goes on at the first row that is not before `from`. */
  seek(from: Uint8Array): void {
    const start = keysFrom(this.#list, from, "").from ?? from;
    while (this.#at < this.#page.length && isBefore(this.#page[this.#at]?.key ?? start, start)) this.#at++;
    if (this.#at < this.#page.length) return;
    this.#from = from;
    this.#page = [];
    this.#at = 0;
  }

  async peek(): Promise<ListRow | null> {
    if (this.#at >= this.#page.length && !this.#isEnd) await this.#readOn();
    const row = this.#page[this.#at];
    return row === undefined ? null : listRowOf(row);
  }

  async take(): Promise<ListRow | null> {
    const row = await this.peek();
    this.#at++;
    return row;
  }

  async #readOn(): Promise<void> {
    const { database, collection } = this.#source;
    const limit = Math.ceil(this.#most);
    const last = this.#page.at(-1)?.key;
    const from = last === undefined ? this.#from : next(last).subarray(2);
    this.#page = await database.scan(collection, { ...keysFrom(this.#list, from, this.#prefix), limit });
    this.#at = 0;
    this.#isEnd = this.#page.length < limit;
  }
}

function listRowOf({ key, value }: Row): ListRow {
  const text = decodeUtf8(key).slice(2);
  const end = text.indexOf("\0");
  return { key: end < 0 ? text : text.slice(0, end), rest: end < 0 ? "" : text.slice(end + 1), value };
}
