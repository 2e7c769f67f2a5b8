/** What a put, an erase, an update or a check does to one item; everything that can be wrong without looking at it is said at once. Pure. */
import { Fault } from "#base/fault.ts";
import type { Table } from "#kinds/catamaran/table.ts";
import { checkItem, type Item, itemBytes, MAX_ITEM_BYTES } from "./attribute.ts";
import { holds } from "./condition.ts";
import { checkKeyUse, type Expressions } from "./expression.ts";
import { keyOfItem, keyOfKey } from "./item-key.ts";
import type { ItemChange } from "./item-step.ts";
import { checkIndexKeys, indexesOf, schemaOf } from "./secondary-index.ts";
import { tooLarge, updated } from "./update.ts";

/** A condition did not hold; `item` is what was there. */
export class ConditionFailed extends Error {
  readonly item: Item | null;
  constructor(item: Item | null) {
    super("The conditional request failed");
    this.item = item;
  }
}

/** An item of that key is there already. */
export class DuplicateItem extends Error {
  constructor() {
    super("Duplicate primary key exists in table");
  }
}

const UNCONDITIONAL: Expressions = {};

/** Items are as sent: they are checked here. */
export function putChange(
  table: Table,
  given: unknown,
  expressions: Expressions = UNCONDITIONAL,
): ItemChange & { readonly item: Item } {
  checkKeyUse(expressions, schemaOf(table));
  const item = checkItem(given);
  if (itemBytes(item) > MAX_ITEM_BYTES)
    throw new Fault("BadRequest", "Item size has exceeded the maximum allowed size");
  const key = keyOfItem(item, schemaOf(table));
  checkIndexKeys(indexesOf(table), item);
  return { table, key, item, next: guarded(expressions, () => item) };
}

/** A put that never replaces. */
export function insertChange(table: Table, given: unknown): ItemChange {
  const change = putChange(table, given);
  return {
    ...change,
    next: (before) => {
      if (before !== null) throw new DuplicateItem();
      return change.item;
    },
  };
}

export function eraseChange(table: Table, given: unknown, expressions: Expressions = UNCONDITIONAL): ItemChange {
  checkKeyUse(expressions, schemaOf(table));
  return { table, key: keyOfKey(checkItem(given), schemaOf(table)), next: guarded(expressions, () => null) };
}

/** Leaves the item as it is; the condition is the point. */
export function checkChange(table: Table, given: unknown, expressions: Expressions): ItemChange {
  checkKeyUse(expressions, schemaOf(table));
  return { table, key: keyOfKey(checkItem(given), schemaOf(table)), next: guarded(expressions, (before) => before) };
}

/** Creates the item when it is missing, as the service does, unless the update only takes away. */
export function updateChange(table: Table, given: unknown, expressions: Expressions): ItemChange {
  const item = checkItem(given);
  const key = keyOfKey(item, schemaOf(table));
  checkKeyUse(expressions, schemaOf(table));
  const { update } = expressions;
  const indexes = indexesOf(table);
  const next = guarded(expressions, (before) => {
    if (update === undefined) return before ?? item;
    const after = updated(before, item, update);
    if (after === null) return null;
    if (itemBytes(after) > MAX_ITEM_BYTES) throw tooLarge();
    checkIndexKeys(indexes, after);
    return after;
  });
  return { table, key, next };
}

function guarded({ condition }: Expressions, next: ItemChange["next"]): ItemChange["next"] {
  return (before) => {
    if (condition !== undefined && !holds(condition, before ?? {})) throw new ConditionFailed(before);
    return next(before);
  };
}
