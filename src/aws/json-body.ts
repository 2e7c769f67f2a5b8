/** JSON bodies within limits of work: counted before they are parsed, and long texts cut out of them. Never any schema. */
import type { Json } from "#base/json.ts";
import { decodeUtf8Strictly } from "#base/utf8.ts";
import { AwsError } from "./aws-error.ts";

/** A JSON value in which long texts may have been left as the bytes between their quotes. */
export type CutJson = Json | Uint8Array | readonly CutJson[] | { readonly [key: string]: CutJson };

// Parsing takes about 0.2 microseconds a value and 1.4 for each new name of a member: these hold the process for 50 ms at most.
// DIFFERS: DynamoDB takes as many values in a request as fit into 16 MB; here 250,000, and 40,000 members.
const MAX_VALUES = 250_000;
const MAX_NAMES = 40_000;
const MAX_DEPTH = 256;
// Parsing so much takes 40 ms. Without a package no request is larger (the largest is DynamoDB's, 16 MB).
// DIFFERS: a package whose base64 is escaped ("\/", as PHP writes it) may have 12 MB instead of 50.
const MAX_REST_BYTES = 16 * 1024 * 1024;
// Parsing so little is faster than counting it first.
const SMALL_BYTES = 32 * 1024;
// A package is one text of megabytes; nothing else in a request is so long.
const LONG_BYTES = 256 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING = 0x5b;
const CLOSING = 0x5d;
// What each byte is outside of texts; braces are brackets, and 0 is nothing that counts.
const MARKS = new Uint8Array(256);
for (const mark of [QUOTE, COMMA, COLON, OPENING, CLOSING]) MARKS[mark] = mark;
MARKS[0x7b] = OPENING;
MARKS[0x7d] = CLOSING;

/** Throws SerializationException for what is no JSON, and for more values or levels than a request needs. */
export function parseJsonBody(bytes: Uint8Array): Json {
  if (bytes.length > SMALL_BYTES) countValues(bytes);
  return parsed(textOf(bytes)) as Json;
}

/** As parseJsonBody, but texts of more than 256 KB stay bytes: the base64 of a package is never copied into a string. */
export function parseCutting(bytes: Uint8Array): CutJson {
  if (bytes.length <= SMALL_BYTES) return parseJsonBody(bytes);
  const cuts = countValues(bytes);
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const [index, { start, end }] of cuts.entries()) {
    pieces.push(bytes.subarray(from, start), Buffer.from(`\\u0000cut:${index}`));
    from = end;
  }
  pieces.push(bytes.subarray(from));
  return parsed(textOf(Buffer.concat(pieces)), (value) => {
    const index = typeof value === "string" && value.startsWith("\0cut:") ? Number(value.slice(5)) : -1;
    const cut = cuts[index];
    return cut === undefined ? value : bytes.subarray(cut.start, cut.end);
  });
}

interface Cut {
  readonly start: number;
  readonly end: number;
}

/** Refuses too many values and levels; returns where the long texts without escapes stand, without their quotes. */
function countValues(bytes: Uint8Array): readonly Cut[] {
  const cuts: Cut[] = [];
  let [values, names, depth, cutBytes] = [1, 0, 0, 0];
  for (let at = 0; at < bytes.length; at++) {
    const mark = MARKS[bytes[at] as number];
    if (at - cutBytes > MAX_REST_BYTES) break;
    if (mark === 0) continue;
    if (mark === QUOTE) {
      const start = at + 1;
      at = endOfText(bytes, start);
      if (at - start <= LONG_BYTES || bytes.subarray(start, at).includes(BACKSLASH)) continue;
      cuts.push({ start, end: at });
      cutBytes += at - start;
    } else if (mark === COMMA) values++;
    else if (mark === COLON) names++;
    else if (mark === OPENING) {
      values++;
      depth++;
    } else depth--;
    if (values > MAX_VALUES || names > MAX_NAMES)
      throw unreadable(`the body has more than ${MAX_VALUES} values or ${MAX_NAMES} members`);
    if (depth > MAX_DEPTH) throw unreadable(`the body nests deeper than ${MAX_DEPTH} levels`);
  }
  if (bytes.length - cutBytes > MAX_REST_BYTES)
    throw unreadable(`the body has more than ${MAX_REST_BYTES} bytes beside long texts without escapes`);
  return cuts;
}

/** The place of the closing quote; the end of the body when there is none, which the parser then says. */
function endOfText(bytes: Uint8Array, start: number): number {
  const first = bytes.indexOf(QUOTE, start);
  if (first < 0) return bytes.length;
  if (bytes[first - 1] !== BACKSLASH) return first;
  for (let at = start; at < bytes.length; at++) {
    if (bytes[at] === BACKSLASH) at++;
    else if (bytes[at] === QUOTE) return at;
  }
  return bytes.length;
}

function textOf(bytes: Uint8Array): string {
  try {
    return decodeUtf8Strictly(bytes);
  } catch {
    throw unreadable("the body is not UTF-8");
  }
}

function parsed(text: string, revive?: (value: CutJson) => CutJson): CutJson {
  let value: CutJson;
  try {
    value = JSON.parse(text, revive === undefined ? undefined : (_key, inner: CutJson) => revive(inner)) as CutJson;
  } catch (cause) {
    // The place is enough; lines are of no use in what a program wrote.
    throw unreadable((cause as Error).message.replace(/ at position (\d+).*$/s, " at $1"));
  }
  if (isDeeper(value, MAX_DEPTH)) throw unreadable(`the body nests deeper than ${MAX_DEPTH} levels`);
  return value;
}

function isDeeper(value: CutJson, limit: number): boolean {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  if (limit === 0) return true;
  return Object.values(value).some((child: CutJson) => isDeeper(child, limit - 1));
}

function unreadable(why: string): AwsError {
  return new AwsError("SerializationException", 400, `Could not parse request body into json: ${why}`);
}
