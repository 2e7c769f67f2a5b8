/**
 * How a bucket lies in its collection of the Database. Object keys are ordered by their UTF-8 bytes and never have a NUL in them:
 *
 *   o/KEY              the newest version, where that is an object     v/KEY NUL ORDER  older versions and all markers, newest first
 *   n/KEY              the order of the null version among those of v/
 *   u/KEY NUL UPLOAD   an upload in parts                             p/UPLOAD/NUMBER  a part of it
 *   l/UPLOAD           the parts of an object that came in parts
 *   k/PIECE            a piece that belongs to an object and is not kept yet
 *   x/PIECE            a piece that nothing refers to any more and that is not removed yet
 */
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { ScanOptions, Write } from "../database.ts";

export function objectRow(key: string): Uint8Array {
  return encodeUtf8(`o/${key}`);
}

export function versionRow(key: string, order: string): Uint8Array {
  return encodeUtf8(`v/${key}\0${order}`);
}

export function versionsOf(key: string): ScanOptions {
  return { from: encodeUtf8(`v/${key}\0`), to: encodeUtf8(`v/${key}\u0001`) };
}

export function nullRow(key: string): Uint8Array {
  return encodeUtf8(`n/${key}`);
}

export function uploadRow(key: string, upload: string): Uint8Array {
  return encodeUtf8(`u/${key}\0${upload}`);
}

export function partRow(upload: string, number: number): Uint8Array {
  return encodeUtf8(`p/${upload}/${String(number).padStart(5, "0")}`);
}

export function partsOf(upload: string, after = 0): ScanOptions {
  return { from: partRow(upload, after + 1), to: encodeUtf8(`p/${upload}0`) };
}

export function layoutRow(upload: string): Uint8Array {
  return encodeUtf8(`l/${upload}`);
}

/** The pieces that wait to be kept ("k") or removed ("x"). */
export function pieceRow(list: "k" | "x", id: string): Uint8Array {
  return encodeUtf8(`${list}/${id}`);
}

export function piecesIn(list: "k" | "x"): ScanOptions {
  return { from: encodeUtf8(`${list}/`), to: encodeUtf8(`${list}0`) };
}

export function pieceOfRow(key: Uint8Array): string {
  return decodeUtf8(key).slice(2);
}

/** Rows of a list ("o", "v", "u") whose key begins with a prefix, from a place in it on. */
export function keysFrom(list: "o" | "v" | "u", from: Uint8Array, prefix: string): ScanOptions {
  const start = joined(encodeUtf8(`${list}/`), from);
  const first = encodeUtf8(`${list}/${prefix}`);
  const end = prefix === "" ? encodeUtf8(`${list}0`) : after(first);
  return { from: isBefore(start, first) ? first : start, to: end };
}

/** Everything whose value names pieces: objects, versions, parts, and the parts of objects. */
export function rowsWithPieces(): readonly ScanOptions[] {
  return ["o", "v", "p", "l"].map((list) => ({ from: encodeUtf8(`${list}/`), to: encodeUtf8(`${list}0`) }));
}

/** The first bytes behind everything that begins with these; UTF-8 has no byte 255. */
export function after(bytes: Uint8Array): Uint8Array {
  return joined(bytes, new Uint8Array([255]));
}

/** The first bytes behind these alone. */
export function next(bytes: Uint8Array): Uint8Array {
  return joined(bytes, new Uint8Array([0]));
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

export function isBefore(a: Uint8Array, b: Uint8Array): boolean {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [x = 0, y = 0] = [a[at], b[at]];
    if (x !== y) return x < y;
  }
  return a.length < b.length;
}

export function put(key: Uint8Array, value: unknown): Write {
  return { key, value: encodeUtf8(JSON.stringify(value)) };
}

export function mark(key: Uint8Array): Write {
  return { key, value: new Uint8Array(0) };
}

export function erase(key: Uint8Array): Write {
  return { key, value: null };
}

/** What `put` wrote; the caller knows its shape because it knows the row. */
export function read<T>(value: Uint8Array | null | undefined): T | null {
  return value === null || value === undefined ? null : (JSON.parse(decodeUtf8(value)) as T);
}
