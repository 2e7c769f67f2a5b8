/** The leaves of Kubernetes' protobuf messages: scalars, and the types whose JSON is not their message's. */
import { Fault } from "#base/fault.ts";
import { type Json, parseExactly } from "#base/json.ts";
import { exactInteger } from "#base/json-text.ts";
import { canonicalQuantity } from "#base/quantity.ts";
import type { Schema } from "#base/schema.ts";
import { decodeUtf8Strictly, encodeUtf8 } from "#base/utf8.ts";
import { fromBase64, toBase64 } from "#kinds/schema/base64.ts";
import { textOf } from "./members.ts";
import { parseDuration, printDuration } from "./go-duration.ts";
import { DELIMITED, FIXED64, malformed, type ProtoReader, ProtoWriter, VARINT } from "./proto-wire.ts";

/** `schema` is resolved and neither an object nor a map nor a list. undefined is the zero time. */
export function readSpecial(reader: ProtoReader, schema: Schema, wire: number): Json | undefined {
  switch (schema.is) {
    case "string":
      return schema.format === "duration" ? readDuration(message(reader, wire)) : text(reader, wire);
    case "integer":
      expect(wire, VARINT);
      return jsonInteger(reader.integer());
    case "boolean":
      expect(wire, VARINT);
      return reader.integer() !== 0;
    case "number":
      expect(wire, FIXED64);
      return reader.double();
    case "bytes":
      expect(wire, DELIMITED);
      return toBase64(reader.bytes());
    case "time":
    case "microTime":
      return readTime(message(reader, wire), schema.is);
    case "quantity":
      return readQuantity(message(reader, wire));
    case "intOrString":
      return readIntOrString(message(reader, wire));
    case "any":
      return readRaw(message(reader, wire));
    case "object":
    case "list":
    case "map":
    case "ref":
      throw malformed(`a ${schema.is} is no leaf`);
  }
}

export function writeSpecial(out: ProtoWriter, number: number, value: Json, schema: Schema): void {
  switch (schema.is) {
    case "string":
      if (schema.format === "duration")
        out.tag(number, DELIMITED).delimited(
          new ProtoWriter()
            .tag(1, VARINT)
            .integer(parseDuration(textOf(value)) ?? 0n)
            .finish(),
        );
      else out.tag(number, DELIMITED).text(textOf(value));
      return;
    case "integer":
      out.tag(number, VARINT).integer(typeof value === "bigint" ? value : Math.trunc(Number(value)));
      return;
    case "boolean":
      out.tag(number, VARINT).unsigned(value === true ? 1 : 0);
      return;
    case "number":
      out.tag(number, FIXED64).double(Number(value));
      return;
    case "bytes":
      out.tag(number, DELIMITED).delimited(fromBase64(textOf(value)));
      return;
    case "time":
    case "microTime":
      out.tag(number, DELIMITED).delimited(timeBytes(textOf(value)));
      return;
    case "quantity":
      out.tag(number, DELIMITED).delimited(new ProtoWriter().tag(1, DELIMITED).text(textOf(value)).finish());
      return;
    case "intOrString":
      out.tag(number, DELIMITED).delimited(intOrStringBytes(value));
      return;
    case "any":
      out.tag(number, DELIMITED).delimited(
        new ProtoWriter()
          .tag(1, DELIMITED)
          .delimited(encodeUtf8(JSON.stringify(value)))
          .finish(),
      );
      return;
    case "object":
    case "list":
    case "map":
    case "ref":
      throw new RangeError(`a ${schema.is} is no leaf`);
  }
}

function jsonInteger(value: number | bigint): number | bigint {
  return typeof value === "bigint" ? exactInteger(value) : value;
}

function expect(wire: number, wanted: number): void {
  if (wire !== wanted) throw malformed(`wire type ${wire} stands where ${wanted} is wanted`);
}

function message(reader: ProtoReader, wire: number): ProtoReader {
  expect(wire, DELIMITED);
  return reader.message();
}

function text(reader: ProtoReader, wire: number): string {
  expect(wire, DELIMITED);
  return reader.text();
}

/** Seconds and nanoseconds since 1970; an empty message is the zero time. */
function readTime(reader: ProtoReader, form: "time" | "microTime"): string | undefined {
  if (reader.isDone) return undefined;
  let [seconds, nanos] = [0, 0];
  while (!reader.isDone) {
    const { number, type } = reader.tag();
    if (number === 1) seconds = Number(reader.integer());
    else if (number === 2) nanos = Number(reader.integer());
    else reader.skip(type);
  }
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) throw malformed("a time is out of range");
  const whole = date.toISOString().slice(0, -5);
  return form === "time" ? `${whole}Z` : `${whole}.${String(Math.trunc(nanos / 1000)).padStart(6, "0")}Z`;
}

function timeBytes(value: string): Uint8Array {
  const ms = Date.parse(value);
  if (Number.isNaN(ms)) throw new Fault("Invalid", `"${value}" is not a time`);
  const seconds = Math.floor(ms / 1000);
  const fraction = /\.(\d{1,9})/.exec(value)?.[1] ?? "";
  return new ProtoWriter()
    .tag(1, VARINT)
    .integer(seconds)
    .tag(2, VARINT)
    .unsigned(Number(fraction.padEnd(9, "0")))
    .finish();
}

function readDuration(reader: ProtoReader): string {
  let nanos = 0n;
  while (!reader.isDone) {
    const { number, type } = reader.tag();
    if (number === 1) nanos = BigInt(reader.integer());
    else reader.skip(type);
  }
  return printDuration(nanos);
}

function readQuantity(reader: ProtoReader): string {
  let value = "";
  while (!reader.isDone) {
    const { number, type } = reader.tag();
    if (number === 1) value = text(reader, type);
    else reader.skip(type);
  }
  if (value === "") return "0";
  try {
    return canonicalQuantity(value);
  } catch {
    throw malformed(`"${value}" is not a quantity`);
  }
}

function readIntOrString(reader: ProtoReader): number | string {
  let [isText, whole, word] = [false, 0, ""];
  while (!reader.isDone) {
    const { number, type } = reader.tag();
    if (number === 1) isText = reader.integer() === 1;
    else if (number === 2) whole = Number(reader.integer());
    else if (number === 3) word = text(reader, type);
    else reader.skip(type);
  }
  return isText ? word : whole;
}

function intOrStringBytes(value: Json): Uint8Array {
  const isText = typeof value === "string";
  const out = new ProtoWriter()
    .tag(1, VARINT)
    .unsigned(isText ? 1 : 0)
    .tag(2, VARINT)
    .integer(isText ? 0 : Number(value));
  return out
    .tag(3, DELIMITED)
    .text(isText ? value : "")
    .finish();
}

/** RawExtension, FieldsV1, JSON: a message whose field 1 holds the document as JSON. */
function readRaw(reader: ProtoReader): Json {
  let value: Json = null;
  while (!reader.isDone) {
    const { number, type } = reader.tag();
    if (number !== 1) {
      reader.skip(type);
      continue;
    }
    if (type !== DELIMITED) throw new Fault("Unsupported", "this field is not supported in protobuf; send JSON");
    const bytes = reader.bytes();
    value = bytes.length === 0 ? null : parseRaw(bytes);
  }
  return value;
}

function parseRaw(bytes: Uint8Array): Json {
  try {
    return parseExactly(decodeUtf8Strictly(bytes)) as Json;
  } catch (cause) {
    throw new Fault("BadRequest", "malformed protobuf: a raw document is not JSON", { cause });
  }
}
