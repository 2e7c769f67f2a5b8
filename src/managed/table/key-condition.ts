/** Turns a key condition into the range of keys that a query reads. Pure. */
import { Fault } from "#base/fault.ts";
import { type Attribute, compareBytes, typeOf } from "./attribute.ts";
import { type Values, valueOf } from "./condition.ts";
import type { Condition, Operand } from "./expression-parser.ts";
import { afterPrefix, concat, encodePart, type KeySchema, partitionPrefix } from "./item-key.ts";

/** Inclusive `from`, exclusive `to`. */
export interface KeyRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array | undefined;
}

/** One equality on the partition key, and at most one condition on the sort key. */
export function keyRange(condition: Condition, schema: KeySchema, values: Values): KeyRange {
  const terms = condition.is === "and" ? [condition.left, condition.right] : [condition];
  const onPartition = terms.filter((term) => nameOf(term) === schema.partition.name);
  const onSort = terms.filter((term) => nameOf(term) === schema.sort?.name);
  const [equality] = onPartition;
  if (equality === undefined)
    throw new Fault("BadRequest", `Query condition missed key schema element: ${schema.partition.name}`);
  if (onPartition.length > 1 || onSort.length > 1)
    throw new Fault("BadRequest", "KeyConditionExpressions must only contain one condition per key");
  if (onPartition.length + onSort.length < terms.length)
    throw new Fault(
      "BadRequest",
      `Query condition missed key schema element: ${schema.sort?.name ?? schema.partition.name}`,
    );
  if (equality.is !== "compare" || equality.comparator !== "=")
    throw new Fault("BadRequest", "Query key condition not supported");
  const prefix = partitionPrefix(typed(equality.right, schema.partition.type, values));
  const [sort] = onSort;
  if (sort === undefined || schema.sort === undefined) return { from: prefix, to: afterPrefix(prefix) };
  return within(prefix, sortRange(sort, schema.sort.type, values));
}

function nameOf(condition: Condition): string | undefined {
  const operand =
    "left" in condition && condition.is === "compare"
      ? condition.left
      : "of" in condition && condition.is !== "not"
        ? condition.of
        : undefined;
  if (operand === undefined || operand.is !== "path" || operand.path.length !== 1) return undefined;
  return String(operand.path[0]);
}

function typed(operand: Operand, type: "S" | "N" | "B", values: Values): Attribute {
  if (operand.is !== "value")
    throw new Fault("BadRequest", "Invalid KeyConditionExpression: the right side of a key condition must be a value");
  const value = valueOf(operand.name, values);
  if (typeOf(value) !== type)
    throw new Fault(
      "BadRequest",
      "One or more parameter values were invalid: Condition parameter type does not match schema type",
    );
  return value;
}

/** Bounds of the sort key; `null` is open. */
interface SortRange {
  readonly from: Uint8Array | null;
  readonly to: Uint8Array | null;
}

function sortRange(condition: Condition, type: "S" | "N" | "B", values: Values): SortRange {
  const bytes = (operand: Operand): Uint8Array => encodePart(typed(operand, type, values));
  switch (condition.is) {
    case "between": {
      const [low, high] = [bytes(condition.low), bytes(condition.high)];
      if (compareBytes(low, high) > 0)
        throw new Fault(
          "BadRequest",
          "Invalid KeyConditionExpression: The BETWEEN operator requires upper bound to be greater than or equal to lower bound",
        );
      return { from: low, to: justAfter(high) };
    }
    case "beginsWith": {
      if (type === "N")
        throw new Fault(
          "BadRequest",
          "Invalid KeyConditionExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        );
      const prefix = bytes(condition.with);
      return { from: prefix, to: afterPrefix(prefix) ?? null };
    }
    case "compare":
      return compared(condition.comparator, bytes(condition.right));
    case "in":
    case "and":
    case "or":
    case "not":
    case "exists":
    case "notExists":
    case "type":
    case "contains":
      throw new Fault("BadRequest", `Invalid operator used in KeyConditionExpression: ${condition.is}`);
  }
}

function compared(comparator: string, bytes: Uint8Array): SortRange {
  switch (comparator) {
    case "=":
      return { from: bytes, to: justAfter(bytes) };
    case "<":
      return { from: null, to: bytes };
    case "<=":
      return { from: null, to: justAfter(bytes) };
    case ">":
      return { from: justAfter(bytes), to: null };
    case ">=":
      return { from: bytes, to: null };
    default:
      throw new Fault("BadRequest", `Invalid operator used in KeyConditionExpression: ${comparator}`);
  }
}

function justAfter(bytes: Uint8Array): Uint8Array {
  return concat(bytes, Uint8Array.of(0));
}

function within(prefix: Uint8Array, { from, to }: SortRange): KeyRange {
  return {
    from: from === null ? prefix : concat(prefix, from),
    to: to === null ? afterPrefix(prefix) : concat(prefix, to),
  };
}
