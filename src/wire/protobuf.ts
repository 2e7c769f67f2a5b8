/** A small generic protobuf codec: messages as plain objects, by a descriptor. Kubernetes' bodies have a codec of their own. */
import { draft, put } from "#base/dictionary.ts";
import {
  DELIMITED,
  FIXED32,
  FIXED64,
  malformed,
  ProtoReader,
  ProtoWriter,
  VARINT,
  type WireType,
} from "./proto-wire.ts";

type ProtoType =
  | "string"
  | "bytes"
  | "bool"
  | "int32"
  | "int64"
  | "uint32"
  | "uint64"
  | "sint32"
  | "sint64"
  | "double"
  | "float"
  | "fixed32"
  | "fixed64"
  | "message";

interface FieldDescriptor {
  readonly name: string;
  readonly type: ProtoType;
  readonly repeated?: true;
  /** A map: its keys' type; `type` and `message` are those of the values. */
  readonly mapKey?: "string" | "int32" | "int64" | "uint32" | "uint64" | "bool";
  /** Of type "message"; a function, because messages may hold themselves. */
  readonly message?: () => Descriptor;
}

export interface Descriptor {
  /** By field number. */
  readonly fields: Readonly<Record<number, FieldDescriptor>>;
}

/** 64-bit integers are numbers when safe, else bigints. Maps are Maps. Absent fields are absent. */
type ProtoValue =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | ProtoMessage
  | readonly ProtoValue[]
  | ReadonlyMap<string | number | bigint | boolean, ProtoValue>;

export interface ProtoMessage {
  readonly [name: string]: ProtoValue;
}

// Deeper messages would overflow the stack; no honest message nests like that.
const MAX_DEPTH = 100;

/** Unknown fields are skipped; throws BadRequest for malformed bytes or more than `maxBytes`. */
export function decodeMessage(
  descriptor: Descriptor,
  bytes: Uint8Array,
  maxBytes: number = Number.MAX_SAFE_INTEGER,
): ProtoMessage {
  if (bytes.length > maxBytes) throw malformed(`the message is larger than ${maxBytes} bytes`);
  return readMessage(descriptor, new ProtoReader(bytes), 0);
}

export function encodeMessage(descriptor: Descriptor, message: ProtoMessage): Uint8Array {
  const out = new ProtoWriter();
  for (const [number, field] of Object.entries(descriptor.fields)) {
    const value = message[field.name];
    if (value !== undefined) writeField(out, Number(number), field, value);
  }
  return out.finish();
}

function readMessage(descriptor: Descriptor, reader: ProtoReader, depth: number): ProtoMessage {
  if (depth > MAX_DEPTH) throw malformed("it nests too deeply");
  const message = draft<ProtoValue>();
  while (!reader.isDone) {
    const { number, type } = reader.tag();
    const field = descriptor.fields[number];
    if (field === undefined) reader.skip(type);
    else readField(reader, field, { type, depth, message });
  }
  return message;
}

interface Reading {
  readonly type: number;
  readonly depth: number;
  readonly message: Record<string, ProtoValue>;
}

function readField(reader: ProtoReader, field: FieldDescriptor, { type, depth, message }: Reading): void {
  const { name } = field;
  if (field.mapKey !== undefined) {
    const map = (message[name] ?? new Map()) as Map<string | number | bigint | boolean, ProtoValue>;
    const entry = readMessage(entryOf(field, field.mapKey), reader.message(), depth + 1);
    map.set((entry["key"] ?? zeroOf(field.mapKey)) as string, entry["value"] ?? zeroOf(field.type));
    put(message, name, map);
    return;
  }
  if (field.repeated === undefined) {
    put(message, name, readValue(reader, field, type, depth));
    return;
  }
  const list = (message[name] ?? []) as ProtoValue[];
  put(message, name, list);
  const wanted = wireTypeOf(field.type);
  if (type === DELIMITED && wanted !== DELIMITED) {
    const packed = reader.message();
    while (!packed.isDone) list.push(readValue(packed, field, wanted, depth));
  } else list.push(readValue(reader, field, type, depth));
}

function readValue(reader: ProtoReader, field: FieldDescriptor, type: number, depth: number): ProtoValue {
  if (type !== wireTypeOf(field.type)) throw malformed(`field ${field.name} has wire type ${type}`);
  switch (field.type) {
    case "string":
      return reader.text();
    case "bytes":
      return reader.bytes();
    case "bool":
      return reader.integer() !== 0;
    case "int32":
      return Number(BigInt.asIntN(32, BigInt(reader.integer())));
    case "uint32":
      return Number(BigInt.asUintN(32, BigInt(reader.integer())));
    case "int64":
      return reader.integer();
    case "uint64":
      return unsigned(reader.integer());
    case "sint32":
    case "sint64":
      return unZigZag(unsigned(reader.integer()));
    case "double":
      return reader.double();
    case "float":
      return reader.float();
    case "fixed32":
      return reader.fixed32();
    case "fixed64":
      return unsigned(reader.fixed64());
    case "message":
      return readMessage(messageOf(field), reader.message(), depth + 1);
  }
}

function writeField(out: ProtoWriter, number: number, field: FieldDescriptor, value: ProtoValue): void {
  if (value instanceof Map && field.mapKey !== undefined) {
    const entry = entryOf(field, field.mapKey);
    for (const [key, child] of value as ReadonlyMap<string, ProtoValue>)
      out.tag(number, DELIMITED).delimited(encodeMessage(entry, { key, value: child }));
  } else if (field.repeated === true)
    for (const element of value as readonly ProtoValue[]) writeValue(out, number, field, element);
  else writeValue(out, number, field, value);
}

function writeValue(out: ProtoWriter, number: number, field: FieldDescriptor, value: ProtoValue): void {
  out.tag(number, wireTypeOf(field.type));
  switch (field.type) {
    case "string":
      out.text(value as string);
      return;
    case "bytes":
      out.delimited(value as Uint8Array);
      return;
    case "bool":
      out.unsigned(value === true ? 1 : 0);
      return;
    case "int32":
    case "int64":
    case "uint32":
    case "uint64":
      out.integer(value as number);
      return;
    case "sint32":
    case "sint64":
      out.integer(zigZag(BigInt(value as number)));
      return;
    case "double":
      out.double(value as number);
      return;
    case "float":
      out.float(value as number);
      return;
    case "fixed32":
      out.fixed32(value as number);
      return;
    case "fixed64":
      out.fixed64(BigInt(value as number));
      return;
    case "message":
      out.delimited(encodeMessage(messageOf(field), value as ProtoMessage));
  }
}

function wireTypeOf(type: ProtoType): WireType {
  switch (type) {
    case "string":
    case "bytes":
    case "message":
      return DELIMITED;
    case "double":
    case "fixed64":
      return FIXED64;
    case "float":
    case "fixed32":
      return FIXED32;
    case "bool":
    case "int32":
    case "int64":
    case "uint32":
    case "uint64":
    case "sint32":
    case "sint64":
      return VARINT;
  }
}

function entryOf(field: FieldDescriptor, key: NonNullable<FieldDescriptor["mapKey"]>): Descriptor {
  const value =
    field.message === undefined
      ? { name: "value", type: field.type }
      : { name: "value", type: field.type, message: field.message };
  return { fields: { 1: { name: "key", type: key }, 2: value } };
}

function messageOf(field: FieldDescriptor): Descriptor {
  if (field.message === undefined) throw new RangeError(`the descriptor of ${field.name} lacks its message`);
  return field.message();
}

function zeroOf(type: ProtoType): ProtoValue {
  if (type === "string") return "";
  if (type === "bytes") return new Uint8Array(0);
  if (type === "bool") return false;
  return type === "message" ? {} : 0;
}

function unsigned(value: number | bigint): number | bigint {
  return value < 0 ? BigInt.asUintN(64, BigInt(value)) : value;
}

function zigZag(value: bigint): bigint {
  return BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
}

function unZigZag(value: number | bigint): number | bigint {
  const wide = BigInt(value);
  const plain = BigInt.asIntN(64, (wide >> 1n) ^ -(wide & 1n));
  const number = Number(plain);
  return Number.isSafeInteger(number) ? number : plain;
}
