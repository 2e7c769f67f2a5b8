/** What of a WHERE clause is about keys: the range that a SELECT reads, or the one item that a write is about. Pure. */
import { Fault } from "#base/fault.ts";
import { type Attribute, type Item, typeOf } from "./attribute.ts";
import type { Condition, Operand } from "./expression-syntax.ts";
import { type KeyPart, keyParts, type KeySchema } from "./item-key.ts";

export interface Split {
  /** Absent: everything is read. */
  readonly keyCondition?: Condition;
  readonly filter?: Condition;
}

/** An equality on the partition key makes a query, with one condition on the sort key; what is left filters. */
export function splitWhere(where: Condition | undefined, schema: KeySchema): Split {
  if (where === undefined) return {};
  const terms = conjuncts(where);
  const equality = terms.find((term) => equalTo(term, schema.partition) !== null);
  if (equality === undefined) return { filter: where };
  const { sort } = schema;
  const onSort = sort === undefined ? undefined : terms.find((term) => term !== equality && isKeyTerm(term, sort));
  const left = terms.filter((term) => term !== equality && term !== onSort);
  const keyCondition: Condition = onSort === undefined ? equality : { is: "and", left: equality, right: onSort };
  const filter = all(left);
  return { keyCondition, ...(filter !== undefined && { filter }) };
}

/** The whole key, by equality, and what else is asked of the item. */
export function keyOfWhere(
  where: Condition,
  schema: KeySchema,
): { readonly key: Item; readonly condition: Condition | undefined } | null {
  const terms = conjuncts(where);
  const used = new Set<Condition>();
  const key: [string, Attribute][] = [];
  for (const part of keyParts(schema)) {
    const term = terms.find((one) => !used.has(one) && equalTo(one, part) !== null);
    const value = term === undefined ? null : equalTo(term, part);
    if (term === undefined || value === null) return null;
    used.add(term);
    key.push([part.name, value]);
  }
  return { key: Object.fromEntries(key), condition: all(terms.filter((term) => !used.has(term))) };
}

/** As `keyOfWhere`, for a statement that must name one item. */
export function neededKey(where: Condition, schema: KeySchema): NonNullable<ReturnType<typeof keyOfWhere>> {
  const found = keyOfWhere(where, schema);
  if (found === null)
    throw new Fault("BadRequest", "Where clause does not contain a mandatory equality on all key attributes");
  return found;
}

function conjuncts(condition: Condition): readonly Condition[] {
  return condition.is === "and" ? [...conjuncts(condition.left), ...conjuncts(condition.right)] : [condition];
}

export function all(conditions: readonly Condition[]): Condition | undefined {
  const [first, ...rest] = conditions;
  if (first === undefined) return undefined;
  return rest.reduce((left, right): Condition => ({ is: "and", left, right }), first);
}

/** The value that a term says the key to be; null for another term, or a value of another type. */
function equalTo(term: Condition, { name, type }: KeyPart): Attribute | null {
  if (term.is !== "compare" || term.comparator !== "=") return null;
  const value = isPath(term.left, name) ? term.right : isPath(term.right, name) ? term.left : null;
  return value?.is === "value" && typeOf(value.value) === type ? value.value : null;
}

function isKeyTerm(term: Condition, { name, type }: KeyPart): boolean {
  const isFit = (operand: Operand): boolean => operand.is === "value" && typeOf(operand.value) === type;
  switch (term.is) {
    case "compare":
      return term.comparator !== "<>" && isPath(term.left, name) && isFit(term.right);
    case "between":
      return isPath(term.of, name) && isFit(term.low) && isFit(term.high);
    case "beginsWith":
      return type !== "N" && isPath(term.of, name) && isFit(term.with);
    case "in":
    case "and":
    case "or":
    case "not":
    case "exists":
    case "notExists":
    case "type":
    case "contains":
      return false;
  }
}

function isPath(operand: Operand, name: string): boolean {
  return operand.is === "path" && operand.path.length === 1 && operand.path[0] === name;
}
