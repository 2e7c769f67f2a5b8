/** Attribute values: the ten types of a table's items, their check, size, equality and order. */
import { Fault } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import { base64Bytes, base64Problem, decodeBase64 } from "./base64.ts";
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

const TYPES = ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"] as const;
export type AttributeType = (typeof TYPES)[number];

/** JSON of another type than the attribute's own: not even a wrong value. Doors have an error of their own for it. */
export class Malformed extends Error {}

const MAX_NESTING = 32;
export const MAX_ITEM_BYTES: number = 400 * 1024;

export function typeOf(value: Attribute): AttributeType {
  return Object.keys(value)[0] as AttributeType;
}

export function isAttributeType(text: string): text is AttributeType {
  return TYPES.some((type) => type === text);
}

/** An item's own attribute; names like "constructor" are names like others. */
export function own(item: Item, name: string): Attribute | undefined {
  return Object.hasOwn(item, name) ? item[name] : undefined;
}

/** Checks what a client sent and makes it canonical (numbers). Throws BadRequest in the service's words, or Malformed. */
export function checkItem(item: unknown): Item {
  return checkMap(item, 0);
}

function checkMap(item: unknown, depth: number): Item {
  if (!isRecord(item)) throw notExpected(item, "map");
  return Object.fromEntries(
    Object.entries(item).map(([name, value]) => [checkedName(name), checkAttribute(value, depth)]),
  );
}

const MAX_NAME_BYTES = 65_535;

function checkedName(name: string): string {
  if (name === "") throw invalid("Empty attribute name");
  if (name.length > MAX_NAME_BYTES) throw invalid(`The attribute name is longer than ${MAX_NAME_BYTES} bytes`);
  return name;
}

const EMPTY = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";

export function checkAttribute(value: unknown, depth = 0): Attribute {
  if (depth > MAX_NESTING)
    throw wrong("Nesting Levels have exceeded supported limits: Attributes can be nested up to 32 levels");
  if (!isRecord(value)) throw value === null ? wrong(EMPTY) : notExpected(value, "structure");
  // What is no type of ours is no member of the service's structure, which then is empty.
  const type = TYPES.find((candidate) => Object.hasOwn(value, candidate) && value[candidate] !== null);
  if (type === undefined) throw wrong(EMPTY);
  if (TYPES.some((other) => other !== type && Object.hasOwn(value, other) && value[other] !== null))
    throw wrong(
      "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
    );
  return checkTyped(type, value[type], depth);
}

function checkTyped(type: AttributeType, inner: unknown, depth: number): Attribute {
  switch (type) {
    case "S":
      return { S: text(inner) };
    case "N":
      return { N: number(inner) };
    case "B":
      return { B: base64(inner) };
    case "BOOL":
      if (typeof inner !== "boolean") throw new Malformed(`${shownType(inner)} can not be converted to an Boolean`);
      return { BOOL: inner };
    case "NULL":
      if (typeof inner !== "boolean") throw new Malformed(`${shownType(inner)} can not be converted to an Boolean`);
      if (!inner) throw invalid("Null attribute value types must have the value of true");
      return { NULL: true };
    case "SS":
      return { SS: set(inner, text, "An string set  may not be empty") };
    case "NS":
      return { NS: set(inner, number, "An number set  may not be empty") };
    case "BS":
      return { BS: set(inner, base64, "Binary sets should not be empty") };
    case "L":
      if (!Array.isArray(inner)) throw notExpected(inner, "list");
      return { L: inner.map((member) => checkAttribute(member, depth + 1)) };
    case "M":
      return { M: checkMap(inner, depth + 1) };
  }
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new Malformed(`${shownType(value)} can not be converted to an String`);
  return value;
}

// Most numbers are these, and are as they should be.
const PLAIN = /^(?:0|-?[1-9]\d{0,14})$/;

function number(value: unknown): string {
  const given = text(value);
  return PLAIN.test(given) ? given : formatDecimal(parseDecimal(given));
}

function base64(value: unknown): string {
  if (typeof value !== "string") throw new Malformed("only base-64-encoded strings are convertible to bytes");
  const problem = base64Problem(value);
  if (problem !== null) throw new Malformed(problem);
  return value;
}

function set(value: unknown, check: (member: unknown) => string, whenEmpty: string): readonly string[] {
  if (!Array.isArray(value)) throw notExpected(value, "list");
  if (value.length === 0) throw invalid(whenEmpty);
  const members = value.map(check);
  if (new Set(members).size !== members.length)
    throw invalid(`Input collection [${members.join(", ").slice(0, SHOWN)}] contains duplicates.`);
  return members;
}

const SHOWN = 1_024; // Of a set with duplicates, which may have megabytes.

function invalid(what: string): Fault {
  return wrong(`One or more parameter values were invalid: ${what}`);
}

function wrong(message: string): Fault {
  return new Fault("BadRequest", message);
}

// The words of AWS's front end (dynalite's validations/index.js quotes them).
function notExpected(value: unknown, wanted: "map" | "list" | "structure"): Malformed {
  if (Array.isArray(value)) return new Malformed("Start of list found where not expected");
  if (isRecord(value)) return new Malformed("Start of structure or map found where not expected.");
  return new Malformed(wanted === "structure" ? "Expected null" : `Expected ${wanted} or null`);
}

function shownType(value: unknown): string {
  if (typeof value === "boolean") return `${String(value).toUpperCase()}_VALUE`;
  if (typeof value === "number") return "NUMBER_VALUE";
  if (typeof value === "string") return "STRING_VALUE";
  return Array.isArray(value) ? "Start of list" : "Start of structure or map";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The size that limits and capacity count: names and values in UTF-8 (Developer Guide, "Item sizes and formats"). */
export function itemBytes(item: Item): number {
  return Object.entries(item).reduce((total, [name, value]) => total + utf8Bytes(name) + attributeBytes(value), 0);
}

export function attributeBytes(value: Attribute): number {
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

// Significant digits two a byte, one for the exponent and one for a minus; a power of 100 begins with a whole byte.
function numberBytes(text: string): number {
  const { sign, digits, exponent } = parseDecimal(text);
  if (sign === 0) return 1;
  const isAligned = digits.length % 2 === 0 && (exponent - 1) % 2 === 0;
  return 1 + Math.ceil(digits.length / 2) + (isAligned ? 1 : 0) + (sign < 0 ? 1 : 0);
}

// Most texts are short; counting those is quicker than making their bytes.
function utf8Bytes(value: string): number {
  if (value.length > 64) return encodeUtf8(value).length;
  for (let at = 0; at < value.length; at++) if (value.charCodeAt(at) > 0x7f) return encodeUtf8(value).length;
  return value.length;
}

/** Sets are equal whatever their order, at every depth; numbers by value (they are canonical). */
export function sameAttribute(a: Attribute, b: Attribute): boolean {
  const [left, right] = [setMembers(a), setMembers(b)];
  if (left !== null && right !== null) return typeOf(a) === typeOf(b) && sameMembers(left, right);
  if ("L" in a && "L" in b) return a.L.length === b.L.length && a.L.every((member, i) => isSame(member, b.L[i]));
  if ("M" in a && "M" in b) return sameItem(a.M, b.M);
  return sameJson(a, b);
}

function sameMembers(left: readonly string[], right: readonly string[]): boolean {
  const members = new Set(right);
  return left.length === right.length && left.every((member) => members.has(member));
}

function sameItem(a: Item, b: Item): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => isSame(a[name], own(b, name)));
}

function isSame(a: Attribute | undefined, b: Attribute | undefined): boolean {
  return a !== undefined && b !== undefined && sameAttribute(a, b);
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
