/**
 * How a queue lies in its collection of the Database. Keys are text, so that their order is the order of the numbers in them:
 *
 *   m/SEQUENCE            the message                       s/SEQUENCE        its standing
 *   v/VISIBLE_AT/SEQUENCE what can be received from then on; of a FIFO group only its head
 *   g/GROUP/SEQUENCE      the messages of a FIFO group      h/GROUP           the entry under v/ that stands for the group
 *   f/VISIBLE_AT/SEQUENCE what is in flight until then; what is past was never removed and is received again
 *   d/DEDUPLICATION       what was sent under it            e/UNTIL/DEDUP…    when that may be forgotten
 */
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { ScanOptions, Write } from "../database.ts";

export type Place = Uint8Array;

export const NOTHING: Uint8Array = new Uint8Array(0);

export function messageRow(sequence: string): Place {
  return encodeUtf8(`m/${sequence}`);
}

export function standingRow(sequence: string): Place {
  return encodeUtf8(`s/${sequence}`);
}

export interface Entry {
  readonly atMs: number;
  readonly sequence: string;
}

export function entryRow({ atMs, sequence }: Entry): Place {
  return encodeUtf8(`v/${digits(atMs)}/${sequence}`);
}

export function readEntry(key: Uint8Array): Entry {
  const [, atMs = "", sequence = ""] = decodeUtf8(key).split("/");
  return { atMs: Number(atMs), sequence };
}

/** Everything that can be received at `now`. */
export function visibleRange(now: number): ScanOptions {
  return { from: encodeUtf8("v/"), to: encodeUtf8(`v/${digits(now + 1)}/`) };
}

/** Everything that cannot be received yet at `now`. */
export function hiddenRange(now: number): ScanOptions {
  return { from: encodeUtf8(`v/${digits(now + 1)}/`), to: encodeUtf8("v0") };
}

/** In flight until `visibleAtMs`. */
export function flightRow(visibleAtMs: number, sequence: string): Place {
  return encodeUtf8(`f/${digits(visibleAtMs)}/${sequence}`);
}

/** What is in flight at `now`. */
export function flightRange(now: number): ScanOptions {
  return { from: encodeUtf8(`f/${digits(now + 1)}/`), to: encodeUtf8("f0") };
}

/** Messages in the order of their sequences: from one on, up to but without another. */
export function messageRange({ from = "", to }: { readonly from?: string; readonly to?: string } = {}): ScanOptions {
  return { from: encodeUtf8(`m/${from}`), to: encodeUtf8(to === undefined ? "m0" : `m/${to}`) };
}

export function groupRow(group: string, sequence: string): Place {
  return encodeUtf8(`g/${encodeURIComponent(group)}/${sequence}`);
}

export function groupRange(group: string): ScanOptions {
  const name = encodeURIComponent(group);
  return { from: encodeUtf8(`g/${name}/`), to: encodeUtf8(`g/${name}0`) };
}

export function sequenceOfGroupRow(key: Uint8Array): string {
  const text = decodeUtf8(key);
  return text.slice(text.lastIndexOf("/") + 1);
}

export function headRow(group: string): Place {
  return encodeUtf8(`h/${encodeURIComponent(group)}`);
}

export function sentRow(deduplication: string): Place {
  return encodeUtf8(`d/${deduplication}`);
}

export function forgetRow(untilMs: number, deduplication: string): Place {
  return encodeUtf8(`e/${digits(untilMs)}/${deduplication}`);
}

export function forgettableRange(now: number): ScanOptions {
  return { from: encodeUtf8("e/"), to: encodeUtf8(`e/${digits(now)}/`) };
}

/** The deduplication that a row of `forgettableRange` is about. */
export function deduplicationOf(key: Uint8Array): string {
  const text = decodeUtf8(key);
  return text.slice(text.indexOf("/", 2) + 1);
}

export function put(key: Place, value: unknown): Write {
  return { key, value: encodeUtf8(JSON.stringify(value)) };
}

export function mark(key: Place): Write {
  return { key, value: NOTHING };
}

export function erase(key: Place): Write {
  return { key, value: null };
}

/** What `put` wrote; the caller knows its shape because it knows the row. */
export function read<T>(value: Uint8Array | null | undefined): T | null {
  return value === null || value === undefined ? null : (JSON.parse(decodeUtf8(value)) as T);
}

function digits(ms: number): string {
  return String(Math.max(0, Math.floor(ms))).padStart(13, "0");
}
