/** Evaluates parsed conditions against an item. Pure. */
import { encodeUtf8 } from "#base/utf8.ts";
import { type Attribute, compareAttributes, type Item, own, sameAttribute, setMembers, typeOf } from "./attribute.ts";
import { base64Bytes, decodeBase64 } from "./base64.ts";
import type { Path } from "./document-path.ts";
import type { Comparator, Condition, Operand } from "./expression-syntax.ts";
import { Effort } from "./effort.ts";
import { includesSequence, includesText, isLong } from "./sequence.ts";

/** A missing attribute makes a comparison false, as in the service; NOT of it is true. Throws BadRequest for too much work. */
export function holds(condition: Condition, item: Item, effort: Effort = new Effort()): boolean {
  switch (condition.is) {
    case "compare": {
      const [left, right] = [read(condition.left, item), read(condition.right, item)];
      effort.look(left);
      return compares(condition.comparator, left, right);
    }
    case "between": {
      const value = read(condition.of, item);
      return compares(">=", value, read(condition.low, item)) && compares("<=", value, read(condition.high, item));
    }
    case "in": {
      const value = read(condition.of, item);
      return condition.options.some((option) => {
        effort.look(value);
        return compares("=", value, read(option, item));
      });
    }
    case "and":
      return holds(condition.left, item, effort) && holds(condition.right, item, effort);
    case "or":
      return holds(condition.left, item, effort) || holds(condition.right, item, effort);
    case "not":
      return !holds(condition.of, item, effort);
    case "exists":
      return at(item, condition.path) !== undefined;
    case "notExists":
      return at(item, condition.path) === undefined;
    case "type":
      return isOfType(read(condition.of, item), condition.type);
    case "beginsWith":
      return beginsWith(read(condition.of, item), read(condition.with, item));
    case "contains":
      return contains(read(condition.of, item), read(condition.with, item), effort);
  }
}

/** The attribute at a path; undefined when something on the way is missing. */
export function at(item: Item, path: Path): Attribute | undefined {
  let value: Attribute | undefined = { M: item };
  for (const step of path) {
    if (value === undefined) return undefined;
    if (typeof step === "string") value = "M" in value ? own(value.M, step) : undefined;
    else value = "L" in value ? value.L[step] : undefined;
  }
  return value;
}

export function read(operand: Operand, item: Item): Attribute | undefined {
  switch (operand.is) {
    case "path":
      return at(item, operand.path);
    case "value":
      return operand.value;
    case "size":
      return sizeOf(read(operand.of, item));
  }
}

function sizeOf(value: Attribute | undefined): Attribute | undefined {
  if (value === undefined) return undefined;
  if ("S" in value) return { N: String(encodeUtf8(value.S).length) };
  if ("B" in value) return { N: String(base64Bytes(value.B)) };
  if ("L" in value) return { N: String(value.L.length) };
  if ("M" in value) return { N: String(Object.keys(value.M).length) };
  const members = setMembers(value);
  return members === null ? undefined : { N: String(members.length) };
}

function compares(comparator: Comparator, left: Attribute | undefined, right: Attribute | undefined): boolean {
  // Two that are missing are not equal either.
  if (comparator === "<>") return left === undefined || right === undefined || !sameAttribute(left, right);
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

function isOfType(value: Attribute | undefined, type: string): boolean {
  return value !== undefined && typeOf(value) === type;
}

function beginsWith(value: Attribute | undefined, prefix: Attribute | undefined): boolean {
  if (value === undefined || prefix === undefined) return false;
  if ("S" in value && "S" in prefix) return value.S.startsWith(prefix.S);
  if (!("B" in value && "B" in prefix)) return false;
  const [bytes, start] = [decodeBase64(value.B), decodeBase64(prefix.B)];
  return start.every((byte, i) => bytes[i] === byte);
}

function contains(value: Attribute | undefined, part: Attribute | undefined, effort: Effort): boolean {
  if (value === undefined || part === undefined) return false;
  effort.look(value, "S" in part && isLong(part.S));
  if ("S" in value && "S" in part) return includesText(value.S, part.S);
  if ("B" in value && "B" in part) return includesSequence(decodeBase64(value.B), decodeBase64(part.B));
  if ("L" in value) return value.L.some((member) => sameAttribute(member, part));
  if ("SS" in value && "S" in part) return value.SS.includes(part.S);
  if ("NS" in value && "N" in part) return value.NS.includes(part.N);
  return "BS" in value && "B" in part && value.BS.includes(part.B);
}
