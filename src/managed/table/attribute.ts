/** Attribute values: the ten types of a table's items, their check, size, equality and order. */
import { Fault } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import { compareDecimals, formatDecimal, parseDecimal } from "./decimal.ts";

/** One of the members is there. N is decimal text, B is base64 text. */
export type Attribute =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] }
  | { readonly L: readonly Attribute[] }
  | { readonly M: Item };

export interface Item {
  readonly [name: string]: Attribute;
}

export type AttributeType = "S" | "N" | "B" | "BOOL" | "NULL" | "SS" | "NS" | "BS" | "L" | "M";

const MAX_NESTING = 32;
export const MAX_ITEM_BYTES: number = 400 * 1024;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function typeOf(value: Attribute): AttributeType {
  return Object.keys(value)[0] as AttributeType;
}

/** Checks what a client sent and makes it canonical (numbers). Throws BadRequest in the service's words. */
export function checkItem(item: unknown): Item {
  if (!isRecord(item))
    throw new Fault(
      "BadRequest",
      "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
    );
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, checkAttribute(value)]));
}

export function checkAttribute(value: unknown, depth = 0): Attribute {
  if (depth > MAX_NESTING) throw new Fault("BadRequest", "Nesting Levels have exceeded supported limits");
  if (!isRecord(value))
    throw wrong("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
  const types = Object.keys(value).filter((type) => value[type] !== null && value[type] !== undefined);
  if (types.length === 0)
    throw wrong("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
  if (types.length > 1)
    throw wrong(
      "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
    );
  const type = types[0] ?? "";
  return checkTyped(type, value[type], depth);
}

function checkTyped(type: string, inner: unknown, depth: number): Attribute {
  switch (type) {
    case "S":
      return { S: text(inner, "S") };
    case "N":
      return { N: formatDecimal(parseDecimal(text(inner, "N"))) };
    case "B":
      return { B: base64(inner) };
    case "BOOL":
      if (typeof inner !== "boolean") throw notOfType("BOOL");
      return { BOOL: inner };
    case "NULL":
      if (inner !== true)
        throw wrong(
          "One or more parameter values were invalid: Null attribute value types must have the value of true",
        );
      return { NULL: true };
    case "SS":
      return { SS: set(inner, (member) => text(member, "SS")) };
    case "NS":
      return { NS: set(inner, (member) => formatDecimal(parseDecimal(text(member, "NS")))) };
    case "BS":
      return { BS: set(inner, base64) };
    case "L":
      if (!Array.isArray(inner)) throw notOfType("L");
      return { L: inner.map((member) => checkAttribute(member, depth + 1)) };
    case "M":
      if (!isRecord(inner)) throw notOfType("M");
      return {
        M: Object.fromEntries(Object.entries(inner).map(([name, member]) => [name, checkAttribute(member, depth + 1)])),
      };
    default:
      throw wrong(`Supplied AttributeValue has an unknown datatype '${type}'`);
  }
}

function text(value: unknown, type: string): string {
  if (typeof value !== "string") throw notOfType(type);
  return value;
}

function base64(value: unknown): string {
  if (typeof value !== "string" || !BASE64.test(value)) throw notOfType("B");
  return value;
}

function set(value: unknown, check: (member: unknown) => string): readonly string[] {
  if (!Array.isArray(value)) throw notOfType("set");
  if (value.length === 0) throw wrong("One or more parameter values were invalid: a set may not be empty");
  const members = value.map(check);
  if (new Set(members).size !== members.length)
    throw wrong(
      `One or more parameter values were invalid: Input collection [${members.join(", ")}] contains duplicates.`,
    );
  return members;
}

function notOfType(type: string): Fault {
  return wrong(`the value of an attribute of type ${type} has another JSON type`);
}

function wrong(message: string): Fault {
  return new Fault("BadRequest", message);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The size that limits and capacity count: names and values in UTF-8 (Developer Guide, "Item sizes and formats"). */
export function itemBytes(item: Item): number {
  return Object.entries(item).reduce((total, [name, value]) => total + utf8Bytes(name) + attributeBytes(value), 0);
}

function attributeBytes(value: Attribute): number {
  if ("S" in value) return utf8Bytes(value.S);
  if ("N" in value) return numberBytes(value.N);
  if ("B" in value) return base64Bytes(value.B);
  if ("BOOL" in value || "NULL" in value) return 1;
  if ("SS" in value) return value.SS.reduce((total, member) => total + utf8Bytes(member), 0);
  if ("NS" in value) return value.NS.reduce((total, member) => total + numberBytes(member), 0);
  if ("BS" in value) return value.BS.reduce((total, member) => total + base64Bytes(member), 0);
  if ("L" in value) return 3 + value.L.reduce((total, member) => total + 1 + attributeBytes(member), 0);
  return (
    3 +
    Object.entries(value.M).reduce((total, [name, member]) => total + 1 + utf8Bytes(name) + attributeBytes(member), 0)
  );
}

// Two digits a byte, plus one for the sign and exponent.
function numberBytes(number: string): number {
  return Math.ceil(number.replace(/[-.]/g, "").length / 2) + 1;
}

function base64Bytes(encoded: string): number {
  return (encoded.length / 4) * 3 - (encoded.endsWith("==") ? 2 : encoded.endsWith("=") ? 1 : 0);
}

function utf8Bytes(value: string): number {
  return encodeUtf8(value).length;
}

/** Sets are equal whatever their order; numbers by value (they are canonical). */
export function sameAttribute(a: Attribute, b: Attribute): boolean {
  const [left, right] = [setMembers(a), setMembers(b)];
  if (left === null || right === null) return sameJson(a, b);
  return typeOf(a) === typeOf(b) && left.length === right.length && left.every((member) => right.includes(member));
}

export function setMembers(value: Attribute): readonly string[] | null {
  if ("SS" in value) return value.SS;
  if ("NS" in value) return value.NS;
  return "BS" in value ? value.BS : null;
}

/** Null when the two cannot be ordered: different types, or types that have no order. */
export function compareAttributes(a: Attribute, b: Attribute): number | null {
  if ("S" in a && "S" in b) return compareBytes(encodeUtf8(a.S), encodeUtf8(b.S));
  if ("N" in a && "N" in b) return compareDecimals(parseDecimal(a.N), parseDecimal(b.N));
  if ("B" in a && "B" in b) return compareBytes(decodeBase64(a.B), decodeBase64(b.B));
  return null;
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function decodeBase64(encoded: string): Uint8Array {
  const bytes = new Uint8Array(base64Bytes(encoded));
  for (let at = 0, group = 0; group < encoded.length; group += 4) {
    const bits = [0, 1, 2, 3].reduce((sum, i) => sum * 64 + Math.max(0, DIGITS.indexOf(encoded[group + i] ?? "A")), 0);
    for (let shift = 16; shift >= 0 && at < bytes.length; shift -= 8) bytes[at++] = (bits >> shift) & 0xff;
  }
  return bytes;
}
