/** CBOR (RFC 8949) as far as Smithy's RPC protocol needs it: read within limits, written with definite lengths. Never any schema. */
import { draft, put } from "#base/dictionary.ts";
import { decodeUtf8Strictly } from "#base/utf8.ts";
import { unreadable } from "./unreadable.ts";

export type CborValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | Seconds
  | readonly CborValue[]
  | { readonly [key: string]: CborValue };

/** Tag 1: seconds since 1970 (RFC 8949 3.4.2). */
export class Seconds {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

// As of JSON bodies: these hold the process for 50 ms at most.
const MAX_VALUES = 250_000;
const MAX_DEPTH = 256;

// Major types and simple values (RFC 8949 3.1, 3.3).
const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const TAG = 6;
const INDEFINITE = 31;
const BREAK = 0xff;
const EPOCH = 1;

/** Throws SerializationException for what is no CBOR, has more values or levels than a request needs, or more bytes than one value. */
export function decodeCbor(bytes: Uint8Array): CborValue {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (!reader.isAtEnd) throw unreadable("the body has bytes behind its CBOR value");
  return value;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #values = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(depth: number): CborValue {
    if (++this.#values > MAX_VALUES) throw unreadable(`the body has more than ${MAX_VALUES} values`);
    if (depth > MAX_DEPTH) throw unreadable(`the body nests deeper than ${MAX_DEPTH} levels`);
    const first = this.#byte();
    const [major, info] = [first >> 5, first & 0x1f];
    switch (major) {
      case UNSIGNED:
        return this.#length(info);
      case NEGATIVE:
        return -1 - this.#length(info);
      case BYTES:
        return this.#string(info, BYTES);
      case TEXT:
        return textOf(this.#string(info, TEXT));
      case ARRAY:
        return this.#array(info, depth);
      case MAP:
        return this.#map(info, depth);
      case TAG:
        return this.#tagged(this.#length(info), depth);
      default:
        return this.#simple(info);
    }
  }

  #byte(): number {
    this.#need(1);
    return this.#view.getUint8(this.#at++);
  }

  #need(count: number): void {
    if (this.#at + count > this.#bytes.length) throw unreadable("the CBOR value is cut off");
  }

  /** The number that follows the first byte. */
  #length(info: number): number {
    if (info < 24) return info;
    const size = SIZES.get(info);
    if (size === undefined) throw unreadable(`CBOR has no additional information ${info} here`);
    this.#need(size);
    const at = this.#at;
    this.#at += size;
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at);
    return size === 4 ? this.#view.getUint32(at) : Number(this.#view.getBigUint64(at));
  }

  #string(info: number, major: number): Uint8Array {
    if (info !== INDEFINITE) return this.#take(this.#length(info));
    const pieces: Uint8Array[] = [];
    for (let first = this.#byte(); first !== BREAK; first = this.#byte()) {
      if (first >> 5 !== major || (first & 0x1f) === INDEFINITE)
        throw unreadable("a CBOR string has a piece of another type");
      if (++this.#values > MAX_VALUES) throw unreadable(`the body has more than ${MAX_VALUES} values`);
      pieces.push(this.#take(this.#length(first & 0x1f)));
    }
    return Buffer.concat(pieces);
  }

  #take(count: number): Uint8Array {
    this.#need(count);
    const taken = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    return taken;
  }

  /** Whether one more follows: of `count`, or until the break. */
  #hasMore(index: number, count: number): boolean {
    if (count !== Infinity) return index < count;
    this.#need(1);
    if (this.#bytes[this.#at] !== BREAK) return true;
    this.#at++;
    return false;
  }

  #array(info: number, depth: number): readonly CborValue[] {
    const count = info === INDEFINITE ? Infinity : this.#length(info);
    const values: CborValue[] = [];
    while (this.#hasMore(values.length, count)) values.push(this.value(depth + 1));
    return values;
  }

  #map(info: number, depth: number): { readonly [key: string]: CborValue } {
    const count = info === INDEFINITE ? Infinity : this.#length(info);
    const members = draft<CborValue>();
    for (let index = 0; this.#hasMore(index, count); index++) {
      const name = this.value(depth + 1);
      if (typeof name !== "string") throw unreadable("a key of a CBOR map is no text");
      put(members, name, this.value(depth + 1));
    }
    return members;
  }

  #tagged(tag: number, depth: number): CborValue {
    const value = this.value(depth + 1);
    if (tag !== EPOCH) throw unreadable(`the CBOR tag ${tag} is not known`);
    if (typeof value !== "number") throw unreadable("a CBOR time is no number");
    return new Seconds(value);
  }

  #simple(info: number): CborValue {
    if (info === 20 || info === 21) return info === 21;
    if (info === 22 || info === 23) return null;
    const size = SIZES.get(info);
    if (size === undefined || size === 1) throw unreadable(`CBOR has no simple value ${info}`);
    this.#need(size);
    const at = this.#at;
    this.#at += size;
    if (size === 2) return this.#view.getFloat16(at);
    return size === 4 ? this.#view.getFloat32(at) : this.#view.getFloat64(at);
  }
}

const SIZES: ReadonlyMap<number, number> = new Map([
  [24, 1],
  [25, 2],
  [26, 4],
  [27, 8],
]);

function textOf(bytes: Uint8Array): string {
  try {
    return decodeUtf8Strictly(bytes);
  } catch {
    throw unreadable("a CBOR text is not UTF-8");
  }
}

export function encodeCbor(value: CborValue): Uint8Array {
  const pieces: Uint8Array[] = [];
  write(value, pieces);
  return Buffer.concat(pieces);
}

function write(value: CborValue, to: Uint8Array[]): void {
  if (value === null) to.push(Uint8Array.of(0xf6));
  else if (typeof value === "boolean") to.push(Uint8Array.of(value ? 0xf5 : 0xf4));
  else if (typeof value === "number") to.push(numberBytes(value));
  else if (typeof value === "string") {
    const bytes = Buffer.from(value);
    to.push(head(TEXT, bytes.length), bytes);
  } else if (value instanceof Uint8Array) to.push(head(BYTES, value.length), value);
  else if (value instanceof Seconds) {
    to.push(head(TAG, EPOCH));
    write(value.value, to);
  } else if (isArray(value)) {
    to.push(head(ARRAY, value.length));
    for (const one of value) write(one, to);
  } else writeMap(Object.entries(value), to);
}

function isArray(value: object): value is readonly CborValue[] {
  return Array.isArray(value);
}

function writeMap(entries: readonly (readonly [string, CborValue])[], to: Uint8Array[]): void {
  to.push(head(MAP, entries.length));
  for (const [name, inner] of entries) {
    write(name, to);
    write(inner, to);
  }
}

function numberBytes(value: number): Uint8Array {
  if (Number.isSafeInteger(value) && !Object.is(value, -0))
    return value >= 0 ? head(UNSIGNED, value) : head(NEGATIVE, -1 - value);
  const bytes = new Uint8Array(9);
  bytes[0] = 0xfb;
  new DataView(bytes.buffer).setFloat64(1, value);
  return bytes;
}

/** The first byte and the number behind it, in as few bytes as there can be. */
function head(major: number, count: number): Uint8Array {
  const type = major << 5;
  if (count < 24) return Uint8Array.of(type | count);
  if (count < 0x100) return Uint8Array.of(type | 24, count);
  if (count < 0x10000) return Uint8Array.of(type | 25, count >> 8, count & 0xff);
  const bytes = new Uint8Array(count < 0x1_0000_0000 ? 5 : 9);
  const view = new DataView(bytes.buffer);
  bytes[0] = type | (bytes.length === 5 ? 26 : 27);
  if (bytes.length === 5) view.setUint32(1, count);
  else view.setBigUint64(1, BigInt(count));
  return bytes;
}
