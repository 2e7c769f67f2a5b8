/** What can be said of a JSON text before it is parsed: how deep it nests, how many values it holds, and integers that a double cannot. */
import { Fault } from "./fault.ts";

export interface JsonLimits {
  /** How many members and elements the document may have, all together. */
  readonly values?: number;
  /** Refuses integers that would lose digits on their way through a double. */
  readonly isExact?: boolean;
}

// The parser needs 200 ms for a million brackets or 200,000 members, a look at the text 5: what is small is parsed at once.
const UNSEEN_CHARACTERS = 64 * 1024;
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
export function checkText(
  text: string,
  { depth, values = Infinity, isExact = false }: JsonLimits & { readonly depth: number },
): void {
  if (text.length > UNSEEN_CHARACTERS) checkExtent(text, depth, values);
  if (isExact && /\d{16}/.test(text)) checkIntegers(text);
}

/** Counts brackets and commas outside of strings. */
function checkExtent(text: string, maxDepth: number, maxValues: number): void {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === COMMA) values++;
    else if (code === OPEN_BRACKET || code === OPEN_BRACE) depth++;
    else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--;
    if (depth > maxDepth) throw new Fault("BadRequest", `the body nests deeper than ${maxDepth} levels`);
    if (values > maxValues) throw new Fault("RequestTooLarge", `the body holds more than ${maxValues} values`);
  }
}

const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/y;

function checkIntegers(text: string): void {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    if (code < ZERO || code > NINE) continue;
    NUMBER.lastIndex = at;
    const number = NUMBER.exec(text)?.[0] ?? "";
    if (losesDigits(number))
      throw new Fault("BadRequest", `the integer ${number} is not supported: it has no exact double`);
    at += number.length - 1;
  }
}

/** Go keeps integers of 64 bits as they are and reads larger ones as doubles; we have doubles only. */
export function losesDigits(number: string): boolean {
  const digits = /^[-+]?(\d{16,19})$/.exec(number)?.[1];
  if (digits === undefined) return false;
  const exact = BigInt(digits);
  return exact < 1n << 63n && BigInt(Number(digits)) !== exact;
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
