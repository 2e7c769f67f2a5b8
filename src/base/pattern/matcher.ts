/**
 * What one value of an event may be: the entries of a pattern's arrays, read once into functions. The rules and the words of refusals
 * are those of AWS's own matcher (aws/event-ruler, JsonRuleCompiler.java). Pure.
 */
import { Fault } from "#base/fault.ts";
import { type Address, parseAddress, parseBlock } from "./address.ts";
import { type TextMatcher, wildcard } from "./wildcard.ts";

export type Value = string | number | boolean | null;
export type Matcher = (value: Value) => boolean;

/** `isAbsent`: the field may be missing. */
export interface Entries {
  readonly matches: Matcher;
  readonly mayBeAbsent: boolean;
}

/** Fault: BadRequest with the reason. */
export function entriesOf(list: readonly unknown[]): Entries {
  if (list.length === 0) throw refused("Empty arrays are not allowed");
  const exact = new Set<Value>();
  const others: Matcher[] = [];
  let mayBeAbsent = false;
  for (const entry of list) {
    if (isValue(entry)) {
      exact.add(entry);
      const address = typeof entry === "string" ? parseAddress(entry) : null;
      // One address has several texts.
      if (address !== null) others.push(ofAddress((other) => isSame(address, other)));
    } else if (isRecord(entry)) {
      const read = expression(entry);
      if (read === "absent") mayBeAbsent = true;
      else others.push(read);
    } else throw refused("Match value must be String, number, true, false, or null");
  }
  return { matches: (value) => exact.has(value) || others.some((matches) => matches(value)), mayBeAbsent };
}

type Read = (operand: unknown) => Matcher | "absent";

const EXPRESSIONS: ReadonlyMap<string, Read> = new Map<string, Read>([
  ["exactly", (operand) => ofText(equalTo(textIn(operand, "exact match pattern")))],
  ["prefix", (operand) => ofText(affix(operand, "prefix"))],
  ["suffix", (operand) => ofText(affix(operand, "suffix"))],
  ["equals-ignore-case", (operand) => ofText(equalIgnoringCase(textIn(operand, "equals-ignore-case match pattern")))],
  ["wildcard", (operand) => ofText(wildcard(textIn(operand, "wildcard match pattern")))],
  ["numeric", numeric],
  ["cidr", cidr],
  ["anything-but", anythingBut],
  ["exists", exists],
]);

function expression(entry: Readonly<Record<string, unknown>>): Matcher | "absent" {
  const [[name, operand] = [undefined], ...more] = Object.entries(entry);
  if (name === undefined) throw refused("Match expression name not found");
  const read = EXPRESSIONS.get(name);
  if (read === undefined) throw refused(`Unrecognized match type ${name}`);
  const matcher = read(operand);
  if (more.length > 0) throw refused("Only one key allowed in match expression");
  return matcher;
}

function exists(operand: unknown): Matcher | "absent" {
  if (typeof operand !== "boolean") throw refused("exists match pattern must be either true or false.");
  return operand ? () => true : "absent";
}

type Side = "prefix" | "suffix";

function affix(operand: unknown, side: Side): TextMatcher {
  if (!isRecord(operand)) return beginningOrEnd(textIn(operand, `${side} match pattern`), side);
  const [[name, inner] = ["", undefined], ...more] = Object.entries(operand);
  if (name !== "equals-ignore-case") throw refused(`Unsupported ${side} pattern: ${name}`);
  if (more.length > 0) throw refused("Only one key allowed in match expression");
  const matches = beginningOrEnd(textIn(inner, "equals-ignore-case match pattern").toLowerCase(), side);
  return (text) => matches(text.toLowerCase());
}

function beginningOrEnd(wanted: string, side: Side): TextMatcher {
  return side === "prefix" ? (text) => text.startsWith(wanted) : (text) => text.endsWith(wanted);
}

function equalTo(wanted: string): TextMatcher {
  return (text) => text === wanted;
}

function equalIgnoringCase(wanted: string): TextMatcher {
  const lower = wanted.toLowerCase();
  return (text) => text.toLowerCase() === lower;
}

const ANYTHING_BUT = "Value of anything-but must be an array or single string/number value.";

/** Whatever is not one of the operands, of any type; a field that is missing is nothing at all. */
function anythingBut(operand: unknown): Matcher {
  if (isRecord(operand)) return anythingButText(operand);
  if (!Array.isArray(operand) && typeof operand !== "string" && typeof operand !== "number")
    throw refused(ANYTHING_BUT);
  const list: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  const types = new Set(list.map((one) => typeof one));
  if ([...types].some((type) => type !== "string" && type !== "number"))
    throw refused("Inside anything but list, start|null|boolean is not supported.");
  if (types.size !== 1)
    throw refused("Inside anything but list, either all values are number or string, mixed type is not supported");
  const excluded = new Set(list);
  return (value) => !excluded.has(value);
}

interface Textual {
  readonly read: (wanted: string) => TextMatcher;
  /** What is said of an operand that is no text. */
  readonly refusal: string;
}

const AFFIX_REFUSAL = "prefix/suffix match pattern must be a string";

const TEXTS: ReadonlyMap<string, Textual> = new Map([
  ["prefix", { read: (wanted) => beginningOrEnd(wanted, "prefix"), refusal: AFFIX_REFUSAL }],
  ["suffix", { read: (wanted) => beginningOrEnd(wanted, "suffix"), refusal: AFFIX_REFUSAL }],
  [
    "equals-ignore-case",
    {
      read: equalIgnoringCase,
      refusal: "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
    },
  ],
  ["wildcard", { read: wildcard, refusal: "wildcard match pattern must be a string" }],
]);

function anythingButText(operand: Readonly<Record<string, unknown>>): Matcher {
  const [[name, given] = [undefined], ...more] = Object.entries(operand);
  if (name === undefined) throw refused("Anything-But expression name not found");
  const textual = TEXTS.get(name);
  if (textual === undefined) throw refused(`Unsupported anything-but pattern: ${name}`);
  if (more.length > 0) throw refused("Only one key allowed in match expression");
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length === 0) throw refused("Empty arrays are not allowed");
  const excluded = list.map((one) => {
    if (isRecord(one)) throw refused(ANYTHING_BUT);
    if (typeof one !== "string") throw refused(textual.refusal);
    if (one === "" && textual.refusal === AFFIX_REFUSAL) throw refused("Null prefix/suffix not allowed");
    return textual.read(one);
  });
  return (value) => typeof value !== "string" || !excluded.some((matches) => matches(value));
}

type Bound = (value: number) => boolean;

const BOUNDS: ReadonlyMap<string, (limit: number) => Bound> = new Map([
  ["=", (limit) => (value) => value === limit],
  [">", (limit) => (value) => value > limit],
  [">=", (limit) => (value) => value >= limit],
  ["<", (limit) => (value) => value < limit],
  ["<=", (limit) => (value) => value <= limit],
]);

/** ["=", 5], [">", 0], [">=", 0, "<", 5]. */
function numeric(operand: unknown): Matcher {
  if (!Array.isArray(operand)) throw refused("Value of numeric must be an array.");
  const [operator, limit, ...rest]: readonly unknown[] = operand;
  if (typeof operator !== "string")
    throw refused(`Invalid member in numeric match: ${JSON.stringify(operator) ?? "]"}`);
  const bound = BOUNDS.get(operator);
  if (bound === undefined) throw refused(`Unrecognized numeric range operator: ${operator}`);
  const low = numberIn(limit, operator === "=" ? "equals" : operator);
  const first = bound(low);
  if (rest.length === 0) return ofNumber(first);
  if (!operator.startsWith(">")) throw refused("Too many elements in numeric expression");
  const [end, top, ...more] = rest;
  if (typeof end !== "string") throw refused(`Bad value in numeric range: ${JSON.stringify(end)}`);
  if (!end.startsWith("<")) throw refused(`Bad numeric range operator: ${end}`);
  const last = BOUNDS.get(end);
  if (last === undefined) throw refused(`Bad numeric range operator: ${end}`);
  const high = numberIn(top, end);
  if (more.length > 0) throw refused("Too many terms in numeric range expression");
  if (low >= high) throw refused("Bottom must be less than top");
  const second = last(high);
  return ofNumber((value) => first(value) && second(value));
}

// What AWS's matcher can compare (event-ruler, ComparableNumber).
const GREATEST = 5_000_000_000;

function numberIn(given: unknown, operator: string): number {
  if (typeof given !== "number") throw refused(`Value of ${operator} must be numeric`);
  if (Math.abs(given) > GREATEST) throw refused(`Value must be between -5.0E9 and 5.0E9, inclusive`);
  return given;
}

function cidr(operand: unknown): Matcher {
  const block = parseBlock(textIn(operand, "prefix match pattern"));
  if (typeof block === "string") throw refused(block);
  return ofAddress(block);
}

function isSame(a: Address, b: Address): boolean {
  return a.bits === b.bits && a.value === b.value;
}

function ofText(matches: TextMatcher): Matcher {
  return (value) => typeof value === "string" && matches(value);
}

function ofNumber(matches: Bound): Matcher {
  return (value) => typeof value === "number" && matches(value);
}

function ofAddress(matches: (address: Address) => boolean): Matcher {
  return ofText((text) => {
    const address = parseAddress(text);
    return address !== null && matches(address);
  });
}

function textIn(operand: unknown, what: string): string {
  if (typeof operand !== "string") throw refused(`${what} must be a string`);
  return operand;
}

export function isValue(given: unknown): given is Value {
  return given === null || typeof given === "string" || typeof given === "number" || typeof given === "boolean";
}

export function isRecord(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === "object" && given !== null && !Array.isArray(given);
}

export function refused(reason: string): Fault {
  return new Fault("BadRequest", reason);
}
