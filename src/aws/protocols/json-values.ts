/** Between JSON and the values of a shape: names, bytes and times are translated, types are checked. Constraints are not. */
import { draft, put } from "#base/dictionary.ts";
import type { Members } from "../action.ts";
import type { Member, Shape, Structure } from "../shape.ts";
import { timestampOf, timestampText } from "./timestamp.ts";
import { unknownMember, unreadable, wrongType } from "./unreadable.ts";

/** Members by their names on the wire. */
export type WireMembers = ReadonlyMap<string, Member>;

// Of structures inside; the outermost have theirs from the operation's bindings.
const wired = new WeakMap<Structure, WireMembers>();

export function wireMembers(structure: Structure): WireMembers {
  const known = wired.get(structure);
  if (known !== undefined) return known;
  const members = new Map([...structure.members.values()].map((member) => [member.wireName ?? member.name, member]));
  wired.set(structure, members);
  return members;
}

/** Throws SerializationException where a value has another type, ValidationException for a member that the model does not have. */
export function fromJson(value: unknown, member: Member): unknown {
  const { shape } = member;
  switch (shape.is) {
    case "string":
      return typeof value === "string" ? value : fail(value, "String");
    case "integer":
      return Number.isSafeInteger(value) ? value : fail(value, "Integer");
    case "long":
      return Number.isSafeInteger(value) ? value : fail(value, "Long");
    case "float":
    case "double":
      return doubleOf(value);
    case "boolean":
      return typeof value === "boolean" ? value : fail(value, "Boolean");
    case "blob":
      return blobOf(value, shape);
    case "timestamp":
      return timeOf(value, member);
    case "list":
      return Array.isArray(value) ? value.map((one) => nullOr(one, shape.of)) : fail(value, "List");
    case "map":
      return isObject(value) ? mapOf(value, shape.value) : fail(value, "Map");
    case "structure":
      return structureFromJson(value, wireMembers(shape), shape.name);
    case "json":
      return value;
  }
}

/** A member that is null was not given. */
export function structureFromJson(value: unknown, members: WireMembers, owner: string): Members {
  if (!isObject(value)) throw wrongType(value, "Structure");
  const read = draft<unknown>();
  for (const name in value) {
    const inner = value[name];
    if (inner === null) continue;
    const member = members.get(name);
    if (member !== undefined) put(read, member.name, fromJson(inner, member));
    // Of structures in unions and errors, for whoever reads them without a model (Smithy, "AWS JSON 1.0", shape serialization).
    else if (name !== "__type") throw unknownMember(name, owner);
  }
  return read;
}

/** In a list or map null is a value; that it is not allowed is said with the constraints. */
function nullOr(value: unknown, member: Member): unknown {
  return value === null ? null : fromJson(value, member);
}

function mapOf(value: Readonly<Record<string, unknown>>, member: Member): Members {
  const read = draft<unknown>();
  for (const name of Object.keys(value)) put(read, name, nullOr(value[name], member));
  return read;
}

function doubleOf(value: unknown): number {
  if (typeof value === "number") return value;
  return value === "NaN" || value === "Infinity" || value === "-Infinity" ? Number(value) : fail(value, "Double");
}

function blobOf(value: unknown, { encoded }: Shape & { is: "blob" }): Uint8Array | string {
  // Long texts were left as bytes, which only a blob may be.
  if (value instanceof Uint8Array) return encoded === true ? value : bytesOf(Buffer.from(value).toString("latin1"));
  if (typeof value !== "string") return fail(value, "Blob");
  return encoded === true ? value : bytesOf(value);
}

/** Base64 as RFC 4648 4 has it. */
export function bytesOf(text: string): Uint8Array {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw unreadable("Invalid Base64 text");
  return Buffer.from(text, "base64");
}

function timeOf(value: unknown, { shape, format }: Member): number {
  const named = format ?? (shape.is === "timestamp" ? shape.format : undefined) ?? "unixTimestamp";
  if (typeof value === "number" && named === "unixTimestamp") return Math.round(value * 1_000);
  const ms = typeof value === "string" ? timestampOf(value, named) : null;
  return ms ?? fail(value, "Timestamp");
}

function fail(value: unknown, wanted: string): never {
  throw wrongType(value, wanted);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** The JSON of an output's value; members that are undefined are left out. */
export function toJson(value: unknown, member: Member): unknown {
  const { shape } = member;
  switch (shape.is) {
    case "structure":
      return structureToJson(value as Members, shape.members);
    case "list":
      return (value as readonly unknown[]).map((one) => (one === null ? null : toJson(one, shape.of)));
    case "map":
      return mapToJson(value as Members, shape.value);
    case "blob":
      return typeof value === "string" ? value : Buffer.from(value as Uint8Array).toString("base64");
    case "timestamp":
      return timeToJson(value as number, member);
    case "float":
    case "double":
      return Number.isFinite(value) ? value : String(value);
    case "string":
    case "integer":
    case "long":
    case "boolean":
    case "json":
      return value;
  }
}

/** In the order in which the action says them. */
export function structureToJson(value: Members, members: ReadonlyMap<string, Member>): Members {
  const written = draft<unknown>();
  for (const name in value) {
    const [inner, member] = [value[name], members.get(name)];
    if (member !== undefined && inner !== undefined && inner !== null)
      put(written, member.wireName ?? name, toJson(inner, member));
  }
  return written;
}

function mapToJson(value: Members, member: Member): Members {
  const written = draft<unknown>();
  for (const [name, inner] of Object.entries(value))
    if (inner !== undefined) put(written, name, inner === null ? null : toJson(inner, member));
  return written;
}

function timeToJson(ms: number, { shape, format }: Member): number | string {
  const named = format ?? (shape.is === "timestamp" ? shape.format : undefined) ?? "unixTimestamp";
  return named === "unixTimestamp" ? ms / 1_000 : timestampText(ms, named);
}
