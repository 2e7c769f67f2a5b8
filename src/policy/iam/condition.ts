/** Conditions of a statement: one operator on one key with the values that it may have (IAM User Guide, "IAM JSON policy elements: Condition operators"). */
import { filled, type FindKey, type Glob, matches, type Pattern, patternOf, textOf } from "./pattern.ts";
import { arnParts, isInRange, numberOf, timeOf } from "./values.ts";

export interface Condition {
  readonly operator: Operator;
  /** Of keys with several values: each of them, or one of them, must be right. */
  readonly each: "ForAllValues" | "ForAnyValue" | null;
  readonly isIfExists: boolean;
  /** In lower case: names of keys know no case. */
  readonly key: string;
  readonly values: readonly Value[];
}

/** ARNs are compared part by part; every other value is one pattern. */
type Value = readonly Pattern[];

interface Operator {
  /** True when it must not match. */
  readonly isNegated: boolean;
  readonly compare: Compare;
}

interface Compare {
  readonly of: "text" | "glob" | "arn" | "literal" | "null";
  readonly fits: (given: string, wanted: readonly Glob[]) => boolean;
}

function byText(fits: (given: string, wanted: string) => boolean): Compare {
  return { of: "text", fits: (given, [wanted]) => wanted !== undefined && fits(given, textOf(wanted)) };
}

function byValue<T>(read: (text: string) => T | null, fits: (given: T, wanted: T) => boolean): Compare {
  const compare = byText((given, wanted) => {
    const [a, b] = [read(given), read(wanted)];
    return a !== null && b !== null && fits(a, b);
  });
  return { ...compare, of: "literal" };
}

const sameText = byText((given, wanted) => given === wanted);
const sameTextInAnyCase = byText((given, wanted) => given.toLowerCase() === wanted.toLowerCase());
const likeText: Compare = {
  of: "glob",
  fits: (given, [wanted]) => wanted !== undefined && matches(wanted, given),
};
const likeArn: Compare = {
  of: "arn",
  fits: (given, wanted) => {
    const [first, ...more] = wanted;
    if (first !== undefined && more.length === 0) return matches(first, given);
    return arnParts(given)?.every((part, index) => matches(wanted[index] ?? [], part)) ?? false;
  },
};
const inRange: Compare = { ...byText(isInRange), of: "literal" };
const isNull: Compare = { ...sameTextInAnyCase, of: "null" };

const NUMBERS: ReadonlyMap<string, (a: number, b: number) => boolean> = new Map([
  ["Equals", (a, b) => a === b],
  ["LessThan", (a, b) => a < b],
  ["LessThanEquals", (a, b) => a <= b],
  ["GreaterThan", (a, b) => a > b],
  ["GreaterThanEquals", (a, b) => a >= b],
]);

const POSITIVE: readonly (readonly [name: string, compare: Compare])[] = [
  ["StringEquals", sameText],
  ["StringEqualsIgnoreCase", sameTextInAnyCase],
  ["StringLike", likeText],
  ["Bool", { ...sameTextInAnyCase, of: "literal" }],
  ["BinaryEquals", { ...sameText, of: "literal" }],
  ["IpAddress", inRange],
  ["ArnEquals", likeArn],
  ["ArnLike", likeArn],
  ["Null", isNull],
  ...[...NUMBERS].map(([name, fits]) => [`Numeric${name}`, byValue(numberOf, fits)] as const),
  ...[...NUMBERS].map(([name, fits]) => [`Date${name}`, byValue(timeOf, fits)] as const),
];

const NEGATED: readonly (readonly [name: string, of: string])[] = [
  ["StringNotEquals", "StringEquals"],
  ["StringNotEqualsIgnoreCase", "StringEqualsIgnoreCase"],
  ["StringNotLike", "StringLike"],
  ["NotIpAddress", "IpAddress"],
  ["ArnNotEquals", "ArnEquals"],
  ["ArnNotLike", "ArnLike"],
  ["NumericNotEquals", "NumericEquals"],
  ["DateNotEquals", "DateEquals"],
];

// Their names know no case, as those of keys.
const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ...POSITIVE.map(([name, compare]) => [name.toLowerCase(), { isNegated: false, compare }] as const),
  ...NEGATED.map(([name, of]) => [name.toLowerCase(), { isNegated: true, compare: compareOf(of) }] as const),
]);

function compareOf(name: string): Compare {
  const found = POSITIVE.find(([known]) => known === name);
  if (found === undefined) throw new RangeError(`there is no operator ${name}`);
  return found[1];
}

/** "ForAnyValue:StringLikeIfExists" and what it says of a key; null: there is no such operator, or it cannot read a value. */
export function conditionOf(
  said: string,
  key: string,
  { values, hasVariables }: { readonly values: readonly string[]; readonly hasVariables: boolean },
): Condition | null {
  const [, each = null, name = "", ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/i.exec(said) ?? [];
  const operator = OPERATORS.get(name.toLowerCase());
  if (operator === undefined || (operator.compare.of === "null" && ifExists !== undefined)) return null;
  return {
    operator,
    each: each === null ? null : each.toLowerCase() === "forallvalues" ? "ForAllValues" : "ForAnyValue",
    isIfExists: ifExists !== undefined,
    key: key.toLowerCase(),
    values: values.map((value) => valueOf(value, operator.compare, hasVariables)),
  };
}

/** Variables stand in texts and ARNs alone. */
function valueOf(text: string, { of }: Compare, hasVariables: boolean): Value {
  switch (of) {
    case "text":
      return [patternOf(text, { hasWildcards: false, hasVariables })];
    case "glob":
      return [patternOf(text, { hasWildcards: true, hasVariables })];
    case "arn": {
      // A variable may be all of an ARN, as "*" is.
      const parts = arnParts(text) ?? (/^(\*|\$\{[^{}]*\})$/.test(text) ? [text] : []);
      return parts.map((part) => patternOf(part, { hasWildcards: true, hasVariables }));
    }
    case "literal":
    case "null":
      return [patternOf(text, { hasWildcards: false, hasVariables: false })];
  }
}

/** Null when a variable in it has no value: then a statement that allows does not hold, and one that denies is not kept from it. */
export function holds(condition: Condition, find: FindKey): boolean | null {
  const { operator, each, isIfExists, key, values } = condition;
  const given = find(key) ?? [];
  if (operator.compare.of === "null") {
    const isAbsent = String(given.length === 0);
    return values.some(([value]) => value?.fixed?.[0]?.text.toLowerCase() === isAbsent);
  }
  if (given.length === 0) return isIfExists || each === "ForAllValues" || (operator.isNegated && each === null);
  const wanted = values.map((value) => filledParts(value, find));
  const known = wanted.filter((value) => value !== null);
  const isRight = (one: string): boolean =>
    known.some((value) => operator.compare.fits(one, value)) !== operator.isNegated;
  const isEach = each === "ForAllValues" || (each === null && operator.isNegated);
  const isMet = isEach ? given.every(isRight) : given.some(isRight);
  return isMet && operator.isNegated && known.length < wanted.length ? null : isMet;
}

function filledParts(value: Value, find: FindKey): readonly Glob[] | null {
  const parts: Glob[] = [];
  for (const pattern of value) {
    const part = filled(pattern, find);
    if (part === null) return null;
    parts.push(part);
  }
  return parts;
}
