/** What a bucket holds: objects with their versions and the markers of deletions. Their bytes are elsewhere (object-bytes.ts). */
import type { Piece } from "./object-bytes.ts";

/** How many versions of a key a bucket keeps. A bucket that has kept all never forgets that it did. */
export type Versioning = "none" | "all" | "suspended";

/** The version of everything that is written while versions are not kept. */
export const NULL_VERSION = "null";

export interface Checksum {
  /** "CRC32", "SHA256". */
  readonly algorithm: string;
  /** In base64. */
  readonly value: string;
  /** Of the whole, or made of those of the parts. */
  readonly of: "whole" | "parts";
}

/** A part of an object that came in parts. */
export interface Part extends Piece {
  readonly number: number;
  readonly etag: string;
  readonly checksum?: Checksum;
  readonly modifiedAtMs: number;
}

/** An object that is being put together of parts, and what will be said of it. */
export interface Upload extends Omit<Described, "etag" | "checksum"> {
  readonly id: string;
  readonly key: string;
  readonly startedAtMs: number;
  readonly checksum: Omit<Checksum, "value">;
  /** The client asked for the checksum, so that it knows those of its parts. */
  readonly isChecksumAsked: boolean;
}

/** What whoever writes an object says of it. */
export interface Described {
  /** Without quotes. */
  readonly etag: string;
  readonly checksum?: Checksum;
  /** Headers that are given back as they came: "content-type". */
  readonly headers: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

interface Versioned {
  readonly key: string;
  readonly version: string;
  /** Less than that of every older version of the key. */
  readonly order: string;
  readonly modifiedAtMs: number;
}

export interface StoredObject extends Versioned, Described {
  readonly is: "object";
  readonly size: number;
  /** Of an object that came whole. */
  readonly pieces: readonly Piece[];
  /** Where the parts of an object are written down that came in parts, and how many. */
  readonly parts?: { readonly at: string; readonly count: number };
}

/** Says that the key was deleted at that time. */
export interface Marker extends Versioned {
  readonly is: "marker";
}

export type Version = StoredObject | Marker;

/** Numbers that shrink, so that the newest version comes first, even when the clock stands still or goes back. */
export class Orders {
  #last = 0;

  /** Less than `than`, which is that of the newest version so far. */
  next(now: number, than?: string): string {
    this.#last = Math.max(now * COUNT, this.#last + 1);
    const order = TOP - this.#last;
    const least = than === undefined ? order : Math.min(order, Number(than) - 1);
    return String(least).padStart(DIGITS, "0");
  }
}

// A thousand versions in a millisecond; 9e15 is the largest power of ten that a number counts exactly.
const COUNT = 1_000;
const TOP = 9_000_000_000_000_000;
const DIGITS = 16;

/** The order stands in the version's name, so that a version is found by it. */
export function versionName(order: string, nonce: string): string {
  return `${order}${nonce.replaceAll("-", "").slice(0, DIGITS)}`;
}

/** Null for what names no version that was ever given. */
export function orderInName(version: string): string | null {
  return /^\d{16}[0-9a-f]{16}$/.test(version) ? version.slice(0, DIGITS) : null;
}
