/** Protobuf on the wire: varints, tags and length-delimited fields, bounded. Never a message type. */
import { Fault } from "#base/fault.ts";
import { decodeUtf8Strictly, encodeUtf8 } from "#base/utf8.ts";

export const VARINT = 0;
export const FIXED64 = 1;
export const DELIMITED = 2;
export const FIXED32 = 5;

export type WireType = typeof VARINT | typeof FIXED64 | typeof DELIMITED | typeof FIXED32;

const START_GROUP = 3;
const END_GROUP = 4;
// Short ASCII texts (most names) are faster read by hand than through the text decoder.
const SHORT_TEXT = 24;

/** Reads fields of one message out of a slice of bytes; throws BadRequest on anything malformed. */
export class ProtoReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start: number = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get isDone(): boolean {
    return this.#at >= this.#end;
  }

  /** The next field's number and wire type. */
  tag(): { readonly number: number; readonly type: number } {
    const tag = this.unsigned();
    const number = Math.floor(tag / 8);
    if (number === 0) throw malformed("a field has the number 0");
    return { number, type: tag % 8 };
  }

  /** A varint below 2^53. */
  unsigned(): number {
    let value = 0;
    let scale = 1;
    for (let length = 0; length < 8; length++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    throw malformed("a number is too large");
  }

  /** A varint as a signed 64-bit integer: a number when it is safe, else a bigint. */
  integer(): number | bigint {
    let low = 0;
    let scale = 1;
    for (let length = 0; length < 7; length++) {
      const byte = this.#byte();
      low += (byte & 0x7f) * scale;
      if (byte < 0x80) return low;
      scale *= 128;
    }
    let high = 0n;
    for (let shift = 0n; shift < 21n; shift += 7n) {
      const byte = this.#byte();
      high |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return safe(BigInt.asIntN(64, (high << 49n) | BigInt(low)));
    }
    throw malformed("a number is longer than 64 bits");
  }

  double(): number {
    return this.#view(8).getFloat64(0, true);
  }

  float(): number {
    return this.#view(4).getFloat32(0, true);
  }

  fixed32(): number {
    return this.#view(4).getUint32(0, true);
  }

  fixed64(): number | bigint {
    return safe(this.#view(8).getBigInt64(0, true));
  }

  bytes(): Uint8Array {
    const [start, end] = this.#slice();
    return this.#bytes.slice(start, end);
  }

  message(): ProtoReader {
    const [start, end] = this.#slice();
    return new ProtoReader(this.#bytes, start, end);
  }

  text(): string {
    const [start, end] = this.#slice();
    if (end - start <= SHORT_TEXT) {
      let text = "";
      let at = start;
      for (; at < end; at++) {
        const byte = this.#bytes[at] ?? 0;
        if (byte >= 0x80) break;
        text += String.fromCharCode(byte);
      }
      if (at === end) return text;
    }
    try {
      return decodeUtf8Strictly(this.#bytes.subarray(start, end));
    } catch (cause) {
      throw new Fault("BadRequest", "malformed protobuf: a text is not valid UTF-8", { cause });
    }
  }

  skip(type: number): void {
    switch (type) {
      case VARINT:
        this.integer();
        return;
      case FIXED64:
        this.#advance(8);
        return;
      case DELIMITED:
        this.#slice();
        return;
      case FIXED32:
        this.#advance(4);
        return;
      case START_GROUP:
      case END_GROUP:
        throw malformed("groups are not supported");
      default:
        throw malformed(`unknown wire type ${type}`);
    }
  }

  #byte(): number {
    if (this.#at >= this.#end) throw malformed("unexpected end");
    return this.#bytes[this.#at++] ?? 0;
  }

  #slice(): readonly [start: number, end: number] {
    const length = this.unsigned();
    const start = this.#at;
    this.#advance(length);
    return [start, this.#at];
  }

  #advance(length: number): void {
    if (length > this.#end - this.#at) throw malformed("unexpected end");
    this.#at += length;
  }

  #view(length: number): DataView {
    const start = this.#at;
    this.#advance(length);
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + start, length);
  }
}

function safe(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

export function malformed(why: string): Fault {
  return new Fault("BadRequest", `malformed protobuf: ${why}`);
}

/** Collects the bytes of one message. */
export class ProtoWriter {
  #bytes = new Uint8Array(64);
  #length = 0;

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  tag(number: number, type: WireType): this {
    return this.unsigned(number * 8 + type);
  }

  unsigned(value: number): this {
    let rest = value;
    this.#reserve(10);
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
    return this;
  }

  integer(value: number | bigint): this {
    if (typeof value === "number" && value >= 0 && Number.isSafeInteger(value)) return this.unsigned(value);
    let rest = BigInt.asUintN(64, BigInt(value));
    this.#reserve(10);
    while (rest >= 0x80n) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
    return this;
  }

  double(value: number): this {
    this.#reserve(8);
    new DataView(this.#bytes.buffer).setFloat64(this.#length, value, true);
    this.#length += 8;
    return this;
  }

  float(value: number): this {
    this.#reserve(4);
    new DataView(this.#bytes.buffer).setFloat32(this.#length, value, true);
    this.#length += 4;
    return this;
  }

  fixed32(value: number): this {
    this.#reserve(4);
    new DataView(this.#bytes.buffer).setUint32(this.#length, value, true);
    this.#length += 4;
    return this;
  }

  fixed64(value: bigint): this {
    this.#reserve(8);
    new DataView(this.#bytes.buffer).setBigUint64(this.#length, BigInt.asUintN(64, value), true);
    this.#length += 8;
    return this;
  }

  delimited(bytes: Uint8Array): this {
    this.unsigned(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  text(text: string): this {
    return this.delimited(encodeUtf8(text));
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
