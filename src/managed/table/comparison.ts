/** Conditions as lists of comparisons by attribute, the form before expressions: checked, and turned into the conditions of expressions. Pure. */
import { Fault } from "#base/fault.ts";
import { type Attribute, checkAttribute, compareAttributes, typeOf } from "./attribute.ts";
import type { Condition, Operand } from "./expression-syntax.ts";

export const OPERATORS = [
  "EQ",
  "NE",
  "IN",
  "LE",
  "LT",
  "GE",
  "GT",
  "BETWEEN",
  "NOT_NULL",
  "NULL",
  "CONTAINS",
  "NOT_CONTAINS",
  "BEGINS_WITH",
] as const;
export type Operator = (typeof OPERATORS)[number];

export interface Comparison {
  readonly operator: Operator;
  /** As sent. */
  readonly values: readonly unknown[];
}

/** What an item is expected to have, before anything is written. */
export interface Expectation {
  readonly value?: unknown;
  readonly exists?: boolean;
  readonly operator?: Operator;
  readonly values?: readonly unknown[];
}

export type Joint = "and" | "or";

/** All of them, or one of them; undefined when there are none. */
export function joined(conditions: readonly Condition[], joint: Joint): Condition | undefined {
  const [first, ...rest] = conditions;
  if (first === undefined) return undefined;
  return rest.reduce((left, right): Condition => ({ is: joint, left, right }), first);
}

export function expectationCondition(name: string, expected: Expectation): Condition {
  const { value, exists, operator, values } = expected;
  if (values !== undefined && value !== undefined)
    throw wrong(`Value and AttributeValueList cannot be used together for Attribute: ${name}`);
  if (operator !== undefined) {
    if (exists !== undefined)
      throw wrong(`Exists and ComparisonOperator cannot be used together for Attribute: ${name}`);
    const needsNone = operator === "NULL" || operator === "NOT_NULL";
    if (!needsNone && values === undefined && value === undefined)
      throw wrong(
        `Value or AttributeValueList must be used with ComparisonOperator: ${operator} for Attribute: ${name}`,
      );
    return comparisonCondition(name, { operator, values: values ?? (value === undefined ? [] : [value]) });
  }
  if (values !== undefined)
    throw wrong(`AttributeValueList can only be used with a ComparisonOperator for Attribute: ${name}`);
  if (exists === false) {
    if (value !== undefined) throw wrong(`Value cannot be used when Exists is false for Attribute: ${name}`);
    return { is: "notExists", path: [name] };
  }
  if (value === undefined)
    throw wrong(`Value must be provided when Exists is ${exists ?? "null"} for Attribute: ${name}`);
  return { is: "compare", left: at(name), comparator: "=", right: valueOf(checkAttribute(value)) };
}

const SCALARS: readonly string[] = ["S", "N", "B"];
const TYPES: Readonly<Partial<Record<Operator, readonly string[]>>> = {
  LE: SCALARS,
  LT: SCALARS,
  GE: SCALARS,
  GT: SCALARS,
  BETWEEN: SCALARS,
  IN: SCALARS,
  CONTAINS: SCALARS,
  NOT_CONTAINS: SCALARS,
  BEGINS_WITH: ["S", "B"],
};

export function comparisonCondition(name: string, { operator, values: given }: Comparison): Condition {
  const values = given.map((value) => checkAttribute(value));
  if (!isCountRight(operator, values.length))
    throw wrong(`Invalid number of argument(s) for the ${operator} ComparisonOperator`);
  const [first, second] = values;
  if (first !== undefined && values.some((value) => typeOf(value) !== typeOf(first)))
    throw wrong("AttributeValues inside AttributeValueList must be of same type");
  const unfit = values.find((value) => TYPES[operator]?.includes(typeOf(value)) === false);
  if (unfit !== undefined)
    throw wrong(`ComparisonOperator ${operator} is not valid for ${typeOf(unfit)} AttributeValue type`);
  if (operator === "BETWEEN" && first !== undefined && second !== undefined && isReversed(first, second))
    throw new Fault(
      "BadRequest",
      "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
    );
  return conditionOf(name, operator, values);
}

function isReversed(low: Attribute, high: Attribute): boolean {
  return (compareAttributes(low, high) ?? 0) > 0;
}

function isCountRight(operator: Operator, count: number): boolean {
  switch (operator) {
    case "NULL":
    case "NOT_NULL":
      return count === 0;
    case "IN":
      return count > 0;
    case "BETWEEN":
      return count === 2;
    case "EQ":
    case "NE":
    case "LE":
    case "LT":
    case "GE":
    case "GT":
    case "CONTAINS":
    case "NOT_CONTAINS":
    case "BEGINS_WITH":
      return count === 1;
  }
}

const COMPARATORS = { EQ: "=", NE: "<>", LE: "<=", LT: "<", GE: ">=", GT: ">" } as const;

function conditionOf(name: string, operator: Operator, values: readonly Attribute[]): Condition {
  const left = at(name);
  const [first = { NULL: true }, second = first] = values;
  switch (operator) {
    case "NULL":
      return { is: "notExists", path: [name] };
    case "NOT_NULL":
      return { is: "exists", path: [name] };
    case "IN":
      return { is: "in", of: left, options: values.map(valueOf) };
    case "BETWEEN":
      return { is: "between", of: left, low: valueOf(first), high: valueOf(second) };
    case "CONTAINS":
      return { is: "contains", of: left, with: valueOf(first) };
    case "NOT_CONTAINS":
      // What is not there contains nothing, and does not count as without it either.
      return {
        is: "and",
        left: { is: "exists", path: [name] },
        right: { is: "not", of: { is: "contains", of: left, with: valueOf(first) } },
      };
    case "BEGINS_WITH":
      return { is: "beginsWith", of: left, with: valueOf(first) };
    case "EQ":
    case "NE":
    case "LE":
    case "LT":
    case "GE":
    case "GT":
      return { is: "compare", left, comparator: COMPARATORS[operator], right: valueOf(first) };
  }
}

function at(name: string): Operand {
  return { is: "path", path: [name] };
}

function valueOf(value: Attribute): Operand {
  return { is: "value", value };
}

function wrong(what: string): Fault {
  return new Fault("BadRequest", `One or more parameter values were invalid: ${what}`);
}
