/** Members in paths, queries and headers: texts with a type (Smithy, "HTTP bindings", serialization rules). */
import { type Draft, draft, put } from "#base/dictionary.ts";
import type { Members } from "../action.ts";
import type { TimestampFormat } from "../model.ts";
import type { AwsError } from "../aws-error.ts";
import { type Bindings, bindingsOf, type Bound, type Operation } from "../operation.ts";
import type { Member, Shape, Structure } from "../shape.ts";
import type { SignedHead } from "../sign.ts";
import { timestampOf, timestampText } from "./timestamp.ts";
import { unreadable } from "./unreadable.ts";

/** Adds the members of an input that do not stand in its body. */
export function readHead(
  head: SignedHead,
  { uri, query, header, headers }: Bindings,
  labels: Readonly<Record<string, string>>,
  into: Draft<unknown>,
): void {
  for (const { key, member } of header) {
    const text = head.headers[key];
    if (text !== undefined) put(into, member.name, fromHeader(text, member));
  }
  for (const { key, member } of headers) readPrefixed(head.headers, key, member, into);
  if (head.query !== "" && query.length > 0) readQuery(new URLSearchParams(head.query), query, into);
  for (const { key, member } of uri) {
    const text = labels[key];
    if (text !== undefined) put(into, member.name, fromText(decodeLabel(text), member, "iso8601"));
  }
}

function decodeLabel(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unreadable(`the path has a malformed percent sign in '${text}'`);
  }
}

function readPrefixed(headers: SignedHead["headers"], prefix: string, { name }: Member, into: Draft<unknown>): void {
  const values = draft<string>();
  for (const [header, value] of Object.entries(headers))
    if (header.startsWith(prefix)) put(values, header.slice(prefix.length), value);
  if (Object.keys(values).length > 0) put(into, name, values);
}

function fromHeader(text: string, member: Member): unknown {
  if (member.jsonvalue === true) return Buffer.from(text, "base64").toString("utf8");
  if (member.shape.is !== "list") return fromText(text, member, "rfc822");
  const { of } = member.shape;
  return listOf(text, of).map((one) => fromText(one, of, "rfc822"));
}

/** RFC 9110 5.6.1: parts by commas, except in quotes; an HTTP date has a comma of its own. */
function listOf(text: string, { shape, format }: Member): readonly string[] {
  const isDate = shape.is === "timestamp" && (format ?? shape.format ?? "rfc822") === "rfc822";
  const pattern = isDate ? /[^,\s][^,]*,[^,]+/g : /"(?:[^"\\]|\\.)*"|[^,\s][^,]*/g;
  return [...text.matchAll(pattern)].map(([part]) => unquoted(part.trim()));
}

function unquoted(text: string): string {
  return text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).replaceAll(/\\(.)/g, "$1") : text;
}

function readQuery(asked: URLSearchParams, members: readonly Bound[], into: Draft<unknown>): void {
  for (const { key, member } of members) {
    const value = member.shape.is === "map" ? allOf(asked, member) : queryValue(asked.getAll(key), member);
    if (value !== undefined) put(into, member.name, value);
  }
}

function queryValue(values: readonly string[], member: Member): unknown {
  const { shape } = member;
  const [last] = values.slice(-1);
  if (last === undefined) return undefined;
  return shape.is === "list"
    ? values.map((one) => fromText(one, shape.of, "iso8601"))
    : fromText(last, member, "iso8601");
}

/** A map in the query has every parameter, also those that other members name (Smithy, "httpQueryParams trait"). */
function allOf(asked: URLSearchParams, { shape }: Member): Members | undefined {
  const all = draft<unknown>();
  const isOfLists = shape.is === "map" && shape.value.shape.is === "list";
  for (const name of asked.keys()) put(all, name, isOfLists ? asked.getAll(name) : asked.get(name));
  return Object.keys(all).length === 0 ? undefined : all;
}

/** Throws SerializationException for a text that is no value of the shape. `byDefault` depends on where it stands. */
export function fromText(text: string, { shape, format }: Member, byDefault: TimestampFormat): unknown {
  switch (shape.is) {
    case "boolean":
      if (text !== "true" && text !== "false") throw notOf(text, "a Boolean");
      return text === "true";
    case "integer":
    case "long":
      if (!/^-?\d{1,16}$/.test(text)) throw notOf(text, "an Integer");
      return Number(text);
    case "float":
    case "double":
      if (!/^(-?(\d+(\.\d*)?([eE][+-]?\d+)?|Infinity)|NaN)$/.test(text)) throw notOf(text, "a Double");
      return Number(text);
    case "timestamp":
      return timestampOf(text, format ?? shape.format ?? byDefault) ?? fail(text);
    case "blob":
      return Buffer.from(text, "base64");
    case "string":
    case "list":
    case "map":
    case "structure":
    case "json":
      return text;
  }
}

function fail(text: string): never {
  throw notOf(text, "a Timestamp");
}

function notOf(text: string, wanted: string): Error {
  return unreadable(`STRING_VALUE '${text.slice(0, 256)}' can not be converted to ${wanted}`);
}

export function statusOf(output: Members, { status, response }: Operation): number {
  const said = response.statusCode === null ? undefined : output[response.statusCode.name];
  return typeof said === "number" ? said : status;
}

/** The headers of an error's shape. */
export function errorHeaders({ members }: AwsError, shape: Structure | undefined): Readonly<Record<string, string>> {
  return shape === undefined ? {} : writeHeaders(members, bindingsOf(shape));
}

/** The headers of an output. */
export function writeHeaders(
  output: Members,
  { header, headers }: Pick<Bindings, "header" | "headers">,
): Readonly<Record<string, string>> {
  const written = draft<string>();
  for (const { member } of header) {
    const value = output[member.name];
    if (value !== undefined && value !== null) put(written, member.wireName ?? member.name, toHeader(value, member));
  }
  for (const { member } of headers)
    for (const [name, value] of Object.entries((output[member.name] ?? {}) as Members))
      put(written, `${member.wireName ?? ""}${name}`, String(value));
  return written;
}

function toHeader(value: unknown, member: Member): string {
  const { shape, jsonvalue } = member;
  if (jsonvalue === true) return Buffer.from(String(value)).toString("base64");
  if (shape.is !== "list") return toText(value, member, "rfc822");
  return (value as readonly unknown[]).map((one) => quoted(toText(one, shape.of, "rfc822"), shape.of.shape)).join(", ");
}

function quoted(text: string, { is }: Shape): string {
  return is === "string" && /[",]/.test(text) ? `"${text.replaceAll(/["\\]/g, "\\$&")}"` : text;
}

export function toText(value: unknown, { shape, format }: Member, byDefault: TimestampFormat): string {
  if (shape.is === "timestamp") return timestampText(value as number, format ?? shape.format ?? byDefault);
  if (shape.is === "blob") return Buffer.from(value as Uint8Array).toString("base64");
  return String(value);
}
