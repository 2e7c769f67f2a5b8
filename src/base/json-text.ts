/** What can be said of a JSON text before it is parsed: how deep it nests, how many values it holds, whether it may hold large integers. */
import { Fault } from "./fault.ts";

export interface JsonLimits {
  /** How many members and elements the document may have, all together. */
  readonly values?: number;
  /** How many of them may lie beyond the first 1,000 of their map or list: each costs validation, owners and sorting. */
  readonly crowd?: number;
}

// The parser needs 200 ms for a million brackets or 200,000 members, a look at the text 5: what is small is parsed at once.
const UNSEEN_CHARACTERS = 64 * 1024;
// What honest maps and lists have at most, but for a few.
const UNCROWDED = 1_000;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const NINE = 0x39;
const ZERO = 0x30;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Whether it is JSON at all is the parser's to say. */
export function checkText(text: string, limits: JsonLimits & { readonly depth: number }): void {
  if (text.length > UNSEEN_CHARACTERS) checkExtent(text, limits);
}

/** Counts brackets and commas outside of strings. */
function checkExtent(text: string, limits: JsonLimits & { readonly depth: number }): void {
  const { depth: maxDepth, values: maxValues = Infinity, crowd: maxCrowd = Infinity } = limits;
  let depth = 0;
  let values = 1;
  let crowd = 0;
  /** The commas of each open map or list. */
  const commas = [0];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === COMMA) {
      values++;
      const count = (commas[depth] ?? 0) + 1;
      commas[depth] = count;
      if (count >= UNCROWDED) crowd++;
    } else if (code === OPEN_BRACKET || code === OPEN_BRACE) commas[++depth] = 0;
    else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--;
    if (depth > maxDepth) throw new Fault("BadRequest", `the body nests deeper than ${maxDepth} levels`);
    if (crowd > maxCrowd)
      throw new Fault(
        "RequestTooLarge",
        `the maps and lists of the body hold more than ${maxCrowd} members beyond the first ${UNCROWDED} of each`,
      );
    if (values > maxValues) throw new Fault("RequestTooLarge", `the body holds more than ${maxValues} values`);
  }
}

// A double says every integer of 15 digits.
const LONG = 16;

/** Whether 16 digits stand in a row, in a string or not. Looks at every 16th character: 0.04 µs for 1 KB of text. */
export function mayHoldLongIntegers(text: string): boolean {
  for (let at = LONG - 1; at < text.length; at += LONG) {
    let [start, end] = [at, at];
    while (isDigit(text.charCodeAt(end))) end++;
    if (end === at) continue;
    while (isDigit(text.charCodeAt(start - 1))) start--;
    if (end - start >= LONG) return true;
    at = Math.max(at, end - LONG);
  }
  return false;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

const LONG_INTEGER = /^-?\d{16,19}$/;
const MAX_INT64 = 2n ** 63n - 1n;

/** The integer that a text says, if a double would say it with other digits; Go keeps 64 bits and reads what is larger as a double. */
export function longInteger(text: string): bigint | null {
  if (!LONG_INTEGER.test(text)) return null;
  if (String(Number(text)) === text) return null;
  const value = BigInt(text);
  return value <= MAX_INT64 && value >= -MAX_INT64 - 1n ? value : null;
}

/** An integer as JSON values hold it. */
export function exactInteger(value: bigint): number | bigint {
  return longInteger(String(value)) ?? Number(value);
}

/** The closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text.charCodeAt(before - 1) === BACKSLASH) before--;
  return (at - before) % 2 === 1;
}
