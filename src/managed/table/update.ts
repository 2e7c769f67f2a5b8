/** Applies a parsed update expression to an item. Pure: gives a new item. */
import { Fault } from "#base/fault.ts";
import { type Attribute, attributeBytes, type Item, MAX_ITEM_BYTES, setMembers, typeOf } from "./attribute.ts";
import { at, read } from "./condition.ts";
import { addDecimals, formatDecimal, negated, parseDecimal } from "./decimal.ts";
import type { Path } from "./document-path.ts";
import { Draft } from "./draft.ts";
import type { SetValue, Update } from "./expression-syntax.ts";

/**
 * Null when the item was missing and stays so: taking away from nothing makes nothing. `key` is what a new item has.
 * All right-hand sides see the item as it was before (Developer Guide, "Update expressions").
 */
export function updated(before: Item | null, key: Item, update: Update): Item | null {
  try {
    return applied(before, key, update);
  } catch (thrown) {
    if (!(thrown instanceof Mismatch)) throw thrown;
    throw new Fault("BadRequest", update.mismatch ?? "An operand in the update expression has an incorrect data type");
  }
}

/** An operand of another type than its operation has. */
class Mismatch extends Error {}

function applied(before: Item | null, key: Item, update: Update): Item | null {
  const isTaking = update.set.length === 0 && update.add.length === 0;
  if (before === null && isTaking) return null;
  const item = before ?? key;
  const draft = new Draft(item);
  for (const { path, value } of valuesOf(item, update).toSorted((a, b) => byIndex(a.path, b.path)))
    draft.put(path, value);
  if (before === null) return draft.item;
  const emptied: Path[] = [];
  for (const { path, value } of update.delete) {
    const found = at(draft.item, path);
    if (found === undefined) continue;
    const kept = without(found, value);
    if (kept === undefined) emptied.push(path);
    else draft.put(path, kept);
  }
  // From the highest index down, so that taking one out of a list does not move the next.
  for (const path of [...update.remove, ...emptied].toSorted((a, b) => byIndex(b, a))) draft.remove(path);
  return draft.item;
}

interface Assignment {
  readonly path: Path;
  readonly value: Attribute;
}

/** What SET and ADD assign; refused as soon as it is more than an item may have, before more of it is made. */
function valuesOf(item: Item, update: Update): readonly Assignment[] {
  const assignments: Assignment[] = [];
  let bytes = 0;
  const assign = (path: Path, value: Attribute): void => {
    bytes += attributeBytes(value);
    if (bytes > MAX_ITEM_BYTES) throw tooLarge();
    assignments.push({ path, value });
  };
  for (const { path, value } of update.set) assign(path, setValue(value, item));
  for (const { path, value } of update.add) assign(path, added(at(item, path), value));
  return assignments;
}

export function tooLarge(): Fault {
  return new Fault("BadRequest", "Item size to update has exceeded the maximum allowed size");
}

/** Indexes of the same list in their order, whatever the order of the expression. */
function byIndex(a: Path, b: Path): number {
  const differs = a.findIndex((step, index) => step !== b[index]);
  const [x, y] = [a[differs], b[differs]];
  if (typeof x === "number" && typeof y === "number") return x - y;
  return String(x) < String(y) ? -1 : 1;
}

function setValue(value: SetValue, item: Item): Attribute {
  switch (value.is) {
    case "path":
    case "value":
    case "size": {
      const found = read(value, item);
      if (found === undefined)
        throw new Fault("BadRequest", "The provided expression refers to an attribute that does not exist in the item");
      return found;
    }
    case "ifNotExists":
      return at(item, value.path) ?? setValue(value.otherwise, item);
    case "listAppend": {
      const [left, right] = [setValue(value.left, item), setValue(value.right, item)];
      if (!("L" in left && "L" in right)) throw mismatch();
      return { L: [...left.L, ...right.L] };
    }
    case "plus":
    case "minus": {
      const [left, right] = [setValue(value.left, item), setValue(value.right, item)];
      if (!("N" in left && "N" in right)) throw mismatch();
      const addend = parseDecimal(right.N);
      return { N: formatDecimal(addDecimals(parseDecimal(left.N), value.is === "plus" ? addend : negated(addend))) };
    }
  }
}

function added(before: Attribute | undefined, addend: Attribute): Attribute {
  if ("N" in addend) {
    if (before === undefined) return addend;
    if (!("N" in before)) throw mismatch();
    return { N: formatDecimal(addDecimals(parseDecimal(before.N), parseDecimal(addend.N))) };
  }
  const more = setMembers(addend);
  if (more === null) throw mismatch();
  if (before === undefined) return addend;
  const members = setMembers(before);
  if (members === null || typeOf(before) !== typeOf(addend)) throw mismatch();
  return setOf(addend, [...new Set([...members, ...more])]);
}

/** Undefined when nothing is left: a set is never empty, the attribute goes with its last member. */
function without(before: Attribute, gone: Attribute): Attribute | undefined {
  const members = new Set(setMembers(gone));
  const kept = setMembers(before)?.filter((member) => !members.has(member));
  if (kept === undefined || typeOf(before) !== typeOf(gone)) throw mismatch();
  return kept.length === 0 ? undefined : setOf(gone, kept);
}

/** A set of the same type with other members. */
function setOf(like: Attribute, members: readonly string[]): Attribute {
  if ("SS" in like) return { SS: members };
  return "NS" in like ? { NS: members } : { BS: members };
}

function mismatch(): Mismatch {
  return new Mismatch();
}
