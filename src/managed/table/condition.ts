/** Evaluates parsed conditions against an item. Pure. */
import { Fault } from "#base/fault.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import {
  type Attribute,
  compareAttributes,
  decodeBase64,
  type Item,
  sameAttribute,
  setMembers,
  typeOf,
} from "./attribute.ts";
import type { Comparator, Condition, Operand, Path } from "./expression-parser.ts";

export type Values = Readonly<Record<string, Attribute>>;

/** A missing attribute makes a comparison false, as in the service; NOT of it is true. */
export function holds(condition: Condition, item: Item, values: Values): boolean {
  switch (condition.is) {
    case "compare":
      return compares(condition.comparator, read(condition.left, item, values), read(condition.right, item, values));
    case "between": {
      const value = read(condition.of, item, values);
      return (
        compares(">=", value, read(condition.low, item, values)) &&
        compares("<=", value, read(condition.high, item, values))
      );
    }
    case "in": {
      const value = read(condition.of, item, values);
      return condition.options.some((option) => compares("=", value, read(option, item, values)));
    }
    case "and":
      return holds(condition.left, item, values) && holds(condition.right, item, values);
    case "or":
      return holds(condition.left, item, values) || holds(condition.right, item, values);
    case "not":
      return !holds(condition.of, item, values);
    case "exists":
      return at(item, condition.path) !== undefined;
    case "notExists":
      return at(item, condition.path) === undefined;
    case "type":
      return hasType(read(condition.of, item, values), read(condition.with, item, values));
    case "beginsWith":
      return beginsWith(read(condition.of, item, values), read(condition.with, item, values));
    case "contains":
      return contains(read(condition.of, item, values), read(condition.with, item, values));
  }
}

/** The attribute at a path; undefined when something on the way is missing. */
export function at(item: Item, path: Path): Attribute | undefined {
  let value: Attribute | undefined = { M: item };
  for (const step of path) {
    if (value === undefined) return undefined;
    if (typeof step === "string") value = "M" in value && Object.hasOwn(value.M, step) ? value.M[step] : undefined;
    else value = "L" in value ? value.L[step] : undefined;
  }
  return value;
}

export function read(operand: Operand, item: Item, values: Values): Attribute | undefined {
  switch (operand.is) {
    case "path":
      return at(item, operand.path);
    case "value":
      return valueOf(operand.name, values);
    case "size":
      return sizeOf(at(item, operand.path));
  }
}

export function valueOf(name: string, values: Values): Attribute {
  const value = values[name];
  if (value === undefined)
    throw new Fault(
      "BadRequest",
      `Invalid expression: An expression attribute value used in expression is not defined; attribute value: ${name}`,
    );
  return value;
}

function sizeOf(value: Attribute | undefined): Attribute | undefined {
  if (value === undefined) return undefined;
  if ("S" in value) return { N: String(encodeUtf8(value.S).length) };
  if ("B" in value) return { N: String(decodeBase64(value.B).length) };
  if ("L" in value) return { N: String(value.L.length) };
  if ("M" in value) return { N: String(Object.keys(value.M).length) };
  const members = setMembers(value);
  return members === null ? undefined : { N: String(members.length) };
}

function compares(comparator: Comparator, left: Attribute | undefined, right: Attribute | undefined): boolean {
  if (comparator === "<>")
    return left === undefined || right === undefined ? left !== right : !sameAttribute(left, right);
  if (left === undefined || right === undefined) return false;
  if (comparator === "=") return sameAttribute(left, right);
  const order = compareAttributes(left, right);
  if (order === null) return false;
  switch (comparator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

function hasType(value: Attribute | undefined, wanted: Attribute | undefined): boolean {
  if (wanted === undefined || !("S" in wanted))
    throw new Fault(
      "BadRequest",
      "Invalid expression: Incorrect operand type for operator or function; operator or function: attribute_type",
    );
  return value !== undefined && typeOf(value) === wanted.S;
}

function beginsWith(value: Attribute | undefined, prefix: Attribute | undefined): boolean {
  if (value === undefined || prefix === undefined) return false;
  if ("S" in value && "S" in prefix) return value.S.startsWith(prefix.S);
  if (!("B" in value && "B" in prefix)) return false;
  const [bytes, start] = [decodeBase64(value.B), decodeBase64(prefix.B)];
  return start.every((byte, i) => bytes[i] === byte);
}

function contains(value: Attribute | undefined, part: Attribute | undefined): boolean {
  if (value === undefined || part === undefined) return false;
  if ("S" in value && "S" in part) return value.S.includes(part.S);
  if ("L" in value) return value.L.some((member) => sameAttribute(member, part));
  if ("SS" in value && "S" in part) return value.SS.includes(part.S);
  if ("NS" in value && "N" in part) return value.NS.includes(part.N);
  return "BS" in value && "B" in part && value.BS.includes(part.B);
}
