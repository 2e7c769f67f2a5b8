/** Applies a parsed update expression to an item. Pure: gives a new item. */
import { Fault } from "#base/fault.ts";
import { type Attribute, type Item, setMembers, typeOf } from "./attribute.ts";
import { at, read, type Values, valueOf } from "./condition.ts";
import { addDecimals, formatDecimal, negated, parseDecimal } from "./decimal.ts";
import type { Path, SetValue, Update } from "./expression-parser.ts";

/** All right-hand sides see the item as it was before (Developer Guide, "Update expressions"). */
export function applyUpdate(item: Item, update: Update, values: Values): Item {
  checkOverlap([...update.set, ...update.add, ...update.delete].map(({ path }) => path).concat(update.remove));
  const sets = update.set.map(({ path, value }) => ({ path, value: setValue(value, item, values) }));
  const adds = update.add.map(({ path, value }) => ({ path, value: added(at(item, path), valueOf(value, values)) }));
  let next: Item = item;
  for (const { path, value } of [...sets, ...adds]) next = put(next, path, value);
  for (const { path, value } of update.delete) next = deleted(next, path, valueOf(value, values));
  // From the highest list index down, so that removing one does not move the next.
  for (const path of update.remove.toSorted(byLastIndexDown)) next = removed(next, path);
  return next;
}

/** The top-level names that an update touches, for UPDATED_OLD and UPDATED_NEW. */
export function touchedPaths(update: Update): readonly Path[] {
  return [...update.set, ...update.add, ...update.delete].map(({ path }) => path).concat(update.remove);
}

function checkOverlap(paths: readonly Path[]): void {
  for (const [i, a] of paths.entries()) {
    for (const b of paths.slice(i + 1)) {
      const shared = Math.min(a.length, b.length);
      if (a.slice(0, shared).every((step, at) => step === b[at])) {
        throw new Fault(
          "BadRequest",
          `Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [${a.join(", ")}], path two: [${b.join(", ")}]`,
        );
      }
    }
  }
}

function setValue(value: SetValue, item: Item, values: Values): Attribute {
  switch (value.is) {
    case "path":
    case "value":
    case "size": {
      const found = read(value, item, values);
      if (found === undefined)
        throw new Fault("BadRequest", "The provided expression refers to an attribute that does not exist in the item");
      return found;
    }
    case "ifNotExists":
      return at(item, value.path) ?? setValue(value.otherwise, item, values);
    case "listAppend": {
      const [left, right] = [setValue(value.left, item, values), setValue(value.right, item, values)];
      if (!("L" in left && "L" in right)) throw wrongOperand("list_append", "L" in left ? right : left);
      return { L: [...left.L, ...right.L] };
    }
    case "plus":
    case "minus": {
      const [left, right] = [setValue(value.left, item, values), setValue(value.right, item, values)];
      if (!("N" in left && "N" in right))
        throw wrongOperand(value.is === "plus" ? "+" : "-", "N" in left ? right : left);
      const addend = parseDecimal(right.N);
      return { N: formatDecimal(addDecimals(parseDecimal(left.N), value.is === "plus" ? addend : negated(addend))) };
    }
  }
}

function wrongOperand(operator: string, value: Attribute): Fault {
  return new Fault(
    "BadRequest",
    `Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${typeOf(value)}`,
  );
}

function added(before: Attribute | undefined, addend: Attribute): Attribute {
  if ("N" in addend) {
    if (before === undefined) return addend;
    if (!("N" in before)) throw mismatch();
    return { N: formatDecimal(addDecimals(parseDecimal(before.N), parseDecimal(addend.N))) };
  }
  const more = setMembers(addend);
  if (more === null) throw wrongOperand("ADD", addend);
  if (before === undefined) return addend;
  const members = setMembers(before);
  if (members === null || typeOf(before) !== typeOf(addend)) throw mismatch();
  return { [typeOf(addend)]: [...new Set([...members, ...more])] } as unknown as Attribute;
}

function deleted(item: Item, path: Path, gone: Attribute): Item {
  const members = setMembers(gone);
  if (members === null) throw wrongOperand("DELETE", gone);
  const before = at(item, path);
  if (before === undefined) return item;
  const kept = setMembers(before)?.filter((member) => !members.includes(member));
  if (kept === undefined || typeOf(before) !== typeOf(gone)) throw mismatch();
  // A set is never empty: the attribute goes with its last member.
  return kept.length === 0 ? removed(item, path) : put(item, path, { [typeOf(before)]: kept } as unknown as Attribute);
}

function mismatch(): Fault {
  return new Fault("BadRequest", "An operand in the update expression has an incorrect data type");
}

function put(item: Item, path: Path, value: Attribute): Item {
  const changed = putAt({ M: item }, path, value);
  return "M" in changed ? changed.M : item;
}

function putAt(parent: Attribute | undefined, path: Path, value: Attribute): Attribute {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (typeof step === "string" && parent !== undefined && "M" in parent) {
    return { M: { ...parent.M, [step]: putAt(rest.length === 0 ? undefined : own(parent.M, step), rest, value) } };
  }
  if (typeof step === "number" && parent !== undefined && "L" in parent) {
    // An index beyond the end appends.
    const index = Math.min(step, parent.L.length);
    const list = [...parent.L];
    list[index] = putAt(rest.length === 0 ? undefined : parent.L[index], rest, value);
    return { L: list };
  }
  throw new Fault("BadRequest", "The document path provided in the update expression is invalid for update");
}

function own(item: Item, name: string): Attribute | undefined {
  return Object.hasOwn(item, name) ? item[name] : undefined;
}

function removed(item: Item, path: Path): Item {
  const parent = at(item, path.slice(0, -1));
  const last = path.at(-1);
  if (path.length > 1 && parent === undefined)
    throw new Fault("BadRequest", "The document path provided in the update expression is invalid for update");
  if (parent === undefined || last === undefined) return item;
  if (typeof last === "string" && "M" in parent) {
    const { [last]: _gone, ...kept } = parent.M;
    return path.length === 1 ? kept : put(item, path.slice(0, -1), { M: kept });
  }
  if (typeof last === "number" && "L" in parent)
    return put(item, path.slice(0, -1), { L: parent.L.toSpliced(last, 1) });
  return item;
}

function byLastIndexDown(a: Path, b: Path): number {
  const [x, y] = [a.at(-1), b.at(-1)];
  return typeof x === "number" && typeof y === "number" ? y - x : 0;
}
