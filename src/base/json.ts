/** JSON values, their equality, and parsers that lose no digit and know where to stop. Never any schema. */
import { Fault } from "./fault.ts";
import { checkText, type JsonLimits, longInteger, mayHoldLongIntegers } from "./json-text.ts";

// ECMA-262 15th edition and "JSON.parse source text access" (stage 4, in Node since 21), which TypeScript does not know yet.
declare global {
  interface JSON {
    parse(text: string, reviver: (key: string, value: Json, context: { readonly source?: string }) => unknown): unknown;
    rawJSON(text: string): unknown;
  }
  interface BigInt {
    toJSON(this: bigint): unknown;
  }
}

/** Integers are bigints where a double would lose digits (Go's int64 has them), and only there: equal values are equal by `===`. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;
/** Go's int64. */
export type Int64 = number | bigint;

export interface JsonObject {
  readonly [key: string]: Json;
}

// Deeper documents parse but overflow the stack when written again.
const MAX_DEPTH = 512;

// JSON.stringify asks for it (ECMA-262, 25.5.2.2, step 2): such integers are printed wherever JSON is, with no replacer.
BigInt.prototype.toJSON = function toJSON(this: bigint): unknown {
  return JSON.rawJSON(String(this));
};

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Deep equality; the order of keys does not matter. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((x, i) => sameJson(x, b[i]));
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]));
}

/** Parses a client's JSON; throws BadRequest that says where it broke, that it nests too deeply, or how it breaks the limits. */
export function parseJson(text: string, limits: JsonLimits = {}): Json {
  checkText(text, { depth: MAX_DEPTH, ...limits });
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    throw new Fault("BadRequest", `the body is not valid JSON: ${(cause as Error).message}`, { cause });
  }
  if (isDeeper(value, MAX_DEPTH)) throw new Fault("BadRequest", `the body nests deeper than ${MAX_DEPTH} levels`);
  return mayHoldLongIntegers(text) ? withLongIntegers(text) : value;
}

/** Like JSON.parse, for texts of our own: integers of 64 bits keep their digits. */
export function parseExactly(text: string): unknown {
  return mayHoldLongIntegers(text) ? withLongIntegers(text) : JSON.parse(text);
}

function withLongIntegers(text: string): Json {
  return JSON.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined ? (longInteger(source) ?? value) : value,
  ) as Json;
}

export function isDeeper(value: Json, limit: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (limit === 0) return true;
  if (Array.isArray(value)) return value.some((child: Json) => isDeeper(child, limit - 1));
  // Without a list of its members, which may be many.
  for (const name in value as JsonObject) if (isDeeper((value as JsonObject)[name] ?? null, limit - 1)) return true;
  return false;
}
