/** A small protobuf codec driven by message descriptions, as much as containerd's API needs. Knows no message itself. */
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";

export type Scalar = "string" | "bytes" | "bool" | "int";

/** One field: its number, its type, and whether it repeats or is a map from text. */
export interface MessageField {
  readonly number: number;
  readonly type: Scalar | Message;
  readonly is?: "list" | "map";
}

/** Field name to field. Integers of any width are numbers: nanoseconds lose their last digits, which nobody needs. */
export interface Message {
  readonly [name: string]: MessageField;
}

export type Fields = Readonly<Record<string, unknown>>;

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

export function encode(message: Message, fields: object): Uint8Array {
  const out = new Writer();
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const field = message[name];
    if (field === undefined) throw new RangeError(`the message has no field ${name}`);
    writeField(out, field, value);
  }
  return out.bytes();
}

function writeField(out: Writer, field: MessageField, value: unknown): void {
  if (field.is === "list") {
    for (const one of value as readonly unknown[]) writeOne(out, field, one);
  } else if (field.is === "map") {
    const entry: Message = { key: { number: 1, type: "string" }, value: { number: 2, type: field.type } };
    for (const [key, one] of Object.entries(value as Fields)) out.delimited(field.number, encode(entry, { key, value: one }));
  } else writeOne(out, field, value);
}

function writeOne(out: Writer, field: MessageField, value: unknown): void {
  switch (field.type) {
    case "string":
      return out.delimited(field.number, encodeUtf8(value as string));
    case "bytes":
      return out.delimited(field.number, value as Uint8Array);
    case "bool":
      return out.number(field.number, value === true ? 1 : 0);
    case "int":
      return out.number(field.number, value as number);
    default:
      return out.delimited(field.number, encode(field.type, value as object));
  }
}

/** Fields that were not sent are absent, except lists and maps, which are then empty. */
export function decode<T>(message: Message, bytes: Uint8Array): T {
  const byNumber = new Map(Object.entries(message).map(([name, field]) => [field.number, { name, field }]));
  const fields: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(message)) {
    if (field.is === "list") fields[name] = [];
    else if (field.is === "map") fields[name] = {};
  }
  const input = new Reader(bytes);
  while (!input.isAtEnd()) {
    const tag = input.varint();
    const known = byNumber.get(Math.floor(tag / 8));
    if (known === undefined) input.skip(tag % 8);
    else readField(input, tag % 8, known.field, { fields, name: known.name });
  }
  return fields as T;
}

function readField(input: Reader, wire: number, field: MessageField, at: { readonly fields: Record<string, unknown>; readonly name: string }): void {
  const { fields, name } = at;
  if (field.is === "map") {
    const entry = decode<{ key?: string; value?: unknown }>({ key: { number: 1, type: "string" }, value: { number: 2, type: field.type } }, input.delimited());
    (fields[name] as Record<string, unknown>)[entry.key ?? ""] = entry.value ?? "";
  } else if (field.is !== "list") fields[name] = readOne(input, field.type);
  else if (wire === BYTES && (field.type === "int" || field.type === "bool")) {
    const packed = new Reader(input.delimited());
    while (!packed.isAtEnd()) (fields[name] as unknown[]).push(readOne(packed, field.type));
  } else (fields[name] as unknown[]).push(readOne(input, field.type));
}

function readOne(input: Reader, type: Scalar | Message): unknown {
  switch (type) {
    case "string":
      return decodeUtf8(input.delimited());
    case "bytes":
      return input.delimited();
    case "bool":
      return input.varint() !== 0;
    case "int":
      return input.varint();
    default:
      return decode(type, input.delimited());
  }
}

class Writer {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  bytes(): Uint8Array {
    const [only] = this.#parts;
    if (only !== undefined && this.#parts.length === 1) return only;
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  number(field: number, value: number): void {
    this.#add(varint(BigInt(field * 8 + VARINT)));
    this.#add(varint(BigInt.asUintN(64, BigInt(Math.trunc(value)))));
  }

  delimited(field: number, value: Uint8Array): void {
    this.#add(varint(BigInt(field * 8 + BYTES)));
    this.#add(varint(BigInt(value.length)));
    this.#add(value);
  }

  #add(part: Uint8Array): void {
    this.#parts.push(part);
    this.#length += part.length;
  }
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Signed 64 bits, as a number. */
  varint(): number {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new RangeError("a protobuf message ends in the middle of a number");
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) break;
    }
    return Number(BigInt.asIntN(64, value));
  }

  delimited(): Uint8Array {
    const length = this.varint();
    const start = this.#at;
    if (length < 0 || start + length > this.#bytes.length) throw new RangeError("a protobuf message ends in the middle of a field");
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  skip(wire: number): void {
    if (wire === VARINT) this.varint();
    else if (wire === FIXED64) this.#at += 8;
    else if (wire === BYTES) this.delimited();
    else if (wire === FIXED32) this.#at += 4;
    else throw new RangeError(`unknown protobuf wire type ${wire}`);
  }
}
