/** Turns a key condition into the range of keys that a query reads. Pure. */
import { Fault } from "#base/fault.ts";
import { type Attribute, typeOf } from "./attribute.ts";
import type { Comparator, Condition, Operand } from "./expression-syntax.ts";
import {
  afterPrefix,
  concat,
  encodePart,
  escaped,
  justAfter,
  type KeyPart,
  type KeySchema,
  partitionPrefix,
  sortBytes,
} from "./item-key.ts";

/** Inclusive `from`, exclusive `to`. */
export interface KeyRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array | undefined;
}

/** One condition on one key attribute, turned so that the attribute stands first. */
interface KeyTerm {
  readonly name: string;
  readonly is: Comparator | "BETWEEN" | "begins_with";
  readonly values: readonly Attribute[];
}

/** One equality on the partition key, and at most one condition on the sort key, in whatever order. */
export function keyRange(condition: Condition, schema: KeySchema): KeyRange {
  const { partition, sort } = schema;
  const terms = new Map<string, KeyTerm>();
  for (const term of termsOf(condition)) {
    if (terms.has(term.name)) throw bad("KeyConditionExpressions must only contain one condition per key");
    terms.set(term.name, term);
  }
  if (terms.size > 2) throw bad("Conditions can be of length 1 or 2 only");
  const equality = terms.get(partition.name);
  if (equality === undefined) throw missed(partition);
  const onSort = sort === undefined ? undefined : terms.get(sort.name);
  if (terms.size === 2 && onSort === undefined)
    throw sort === undefined ? bad("Query key condition not supported") : missed(sort);
  if (equality.is !== "=") throw bad("Query key condition not supported");
  const prefix = partitionPrefix(valueOf(equality, partition));
  if (sort === undefined || onSort === undefined) return { from: prefix, to: afterPrefix(prefix) };
  return within(prefix, sortRange(onSort, sort, schema));
}

function missed({ name }: KeyPart): Fault {
  return bad(`Query condition missed key schema element: ${name}`);
}

function bad(message: string): Fault {
  return new Fault("BadRequest", message);
}

function termsOf(condition: Condition): readonly KeyTerm[] {
  switch (condition.is) {
    case "and":
      return [...termsOf(condition.left), ...termsOf(condition.right)];
    case "compare":
      return [comparison(condition.left, condition.comparator, condition.right)];
    case "between":
      return [
        { name: keyFirst("BETWEEN", condition.of), is: "BETWEEN", values: valuesOf(condition.low, condition.high) },
      ];
    case "beginsWith":
      return [{ name: keyFirst("begins_with", condition.of), is: "begins_with", values: valuesOf(condition.with) }];
    case "in":
    case "or":
    case "not":
      throw badOperator(condition.is.toUpperCase());
    case "exists":
      throw badOperator("attribute_exists");
    case "notExists":
      throw badOperator("attribute_not_exists");
    case "type":
      throw badOperator("attribute_type");
    case "contains":
      throw badOperator("contains");
  }
}

function badOperator(operator: string): Fault {
  return bad(`Invalid operator used in KeyConditionExpression: ${operator}`);
}

const MIRRORED: Readonly<Record<Comparator, Comparator>> = {
  "=": "=",
  "<>": "<>",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

function comparison(left: Operand, comparator: Comparator, right: Operand): KeyTerm {
  if (comparator === "<>") throw badOperator("<>");
  const [leftName, rightName] = [keyName(left), keyName(right)];
  if (leftName !== null && rightName !== null)
    throw bad("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition");
  if (leftName !== null) return { name: leftName, is: comparator, values: valuesOf(right) };
  if (rightName !== null) return { name: rightName, is: MIRRORED[comparator], values: valuesOf(left) };
  throw bad("Invalid condition in KeyConditionExpression: No key attribute specified");
}

function keyFirst(operator: string, operand: Operand): string {
  const name = keyName(operand);
  if (name !== null) return name;
  throw bad(
    `Invalid condition in KeyConditionExpression: ${operator} operator must have the key attribute as its first operand`,
  );
}

/** Null when the operand is a value. */
function keyName(operand: Operand): string | null {
  switch (operand.is) {
    case "value":
      return null;
    case "size":
      throw bad("KeyConditionExpressions cannot contain nested operations");
    case "path":
      if (operand.path.length > 1) throw bad("KeyConditionExpressions cannot have conditions on nested attributes");
      return String(operand.path[0]);
  }
}

function valuesOf(...operands: readonly Operand[]): readonly Attribute[] {
  return operands.map((operand) => {
    if (operand.is === "value") return operand.value;
    keyName(operand);
    throw bad("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition");
  });
}

function valueOf({ values }: KeyTerm, { type }: KeyPart, index = 0): Attribute {
  const value = values[index];
  if (value === undefined || typeOf(value) !== type)
    throw bad("One or more parameter values were invalid: Condition parameter type does not match schema type");
  return value;
}

/** Bounds of the sort key; `null` is open. */
interface SortRange {
  readonly from: Uint8Array | null;
  readonly to: Uint8Array | null;
}

function sortRange(term: KeyTerm, sort: KeyPart, schema: KeySchema): SortRange {
  const value = encodePart(valueOf(term, sort));
  const bytes = sortBytes(value, schema);
  const above = (sorted: Uint8Array): Uint8Array | null =>
    schema.below === undefined ? justAfter(sorted) : (afterPrefix(sorted) ?? null);
  switch (term.is) {
    case "BETWEEN":
      return { from: bytes, to: above(sortBytes(encodePart(valueOf(term, sort, 1)), schema)) };
    case "begins_with": {
      const prefix = schema.below === undefined ? value : escaped(value);
      return { from: prefix, to: afterPrefix(prefix) ?? null };
    }
    case "=":
      return { from: bytes, to: above(bytes) };
    case "<":
      return { from: null, to: bytes };
    case "<=":
      return { from: null, to: above(bytes) };
    case ">":
      return { from: above(bytes), to: null };
    case ">=":
      return { from: bytes, to: null };
    case "<>":
      throw badOperator(term.is);
  }
}

function within(prefix: Uint8Array, { from, to }: SortRange): KeyRange {
  return {
    from: from === null ? prefix : concat(prefix, from),
    to: to === null ? afterPrefix(prefix) : concat(prefix, to),
  };
}
