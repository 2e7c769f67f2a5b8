/** JSON values, their equality and a bounded parser. Never any schema. */
import { Fault } from "./fault.ts";
import { checkText, type JsonLimits } from "./json-text.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

// Deeper documents parse but overflow the stack when written again.
const MAX_DEPTH = 512;

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
  return value;
}

export function isDeeper(value: Json, limit: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (limit === 0) return true;
  if (Array.isArray(value)) return value.some((child: Json) => isDeeper(child, limit - 1));
  // Without a list of its members, which may be many.
  for (const name in value as JsonObject) if (isDeeper((value as JsonObject)[name] ?? null, limit - 1)) return true;
  return false;
}
