/** The table engine: items by key, conditional writes, queries and scans over a Database. Knows nothing of any wire. */
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import type { Objects, View } from "#deck/objects.ts";
import { tableKind, type Table } from "#kinds/catamaran/table.ts";
import type { Database, Write } from "../database.ts";
import { checkItem, type Item, itemBytes, MAX_ITEM_BYTES } from "./attribute.ts";
import { holds } from "./condition.ts";
import { checkFilterKeys, checkKeyUse, type Expressions } from "./expression.ts";
import { justAfter, keyOfItem, keyOfKey, type KeySchema, type KeyPart } from "./item-key.ts";
import { type KeyRange, keyRange } from "./key-condition.ts";
import { decodeItem, type Page, PageBuilder, type PageOptions, queryRange, scanRange } from "./page.ts";
import { tooLarge, updated } from "./update.ts";

export interface Written {
  readonly before: Item | null;
  readonly after: Item | null;
}

/** A checked write of one item without any condition. */
export interface PlannedWrite {
  readonly key: Uint8Array;
  /** null deletes. */
  readonly item: Item | null;
}

/** A condition did not hold; `item` is what was there. */
export class ConditionFailed extends Error {
  readonly item: Item | null;
  constructor(item: Item | null) {
    super("The conditional request failed");
    this.item = item;
  }
}

const ROWS_AT_ONCE = 256;
// So much is read and filtered within a few milliseconds; then others have their turn.
const TURN_BYTES = 256 * 1024;

export class Tables implements Disposable {
  readonly #objects: Objects;
  readonly #database: Database;
  readonly #turn: () => Promise<void>;
  readonly #view: View<Table>;

  /** `turn` lets everything else that waits run, in the middle of long work. */
  constructor(objects: Objects, database: Database, turn: () => Promise<void>) {
    this.#objects = objects;
    this.#database = database;
    this.#turn = turn;
    this.#view = objects.view(tableKind);
  }

  /** The table, or NotFound. While the view has not seen a new one yet, the source is asked. */
  async table(namespace: string, name: string): Promise<Table> {
    const key = keyOf(namespace, name);
    const found = this.#view.get(key) ?? (await this.#objects.get(tableKind, key));
    if (found === null || found.metadata.deletionTimestamp !== undefined)
      throw new Fault("NotFound", `Requested resource not found: Table: ${name} not found`);
    return found;
  }

  list(namespace: string): readonly Table[] {
    return this.#view.list(namespace).filter((table) => table.metadata.deletionTimestamp === undefined);
  }

  create(table: Table): Promise<Table> {
    schemaOf(table);
    return this.#objects.create(tableKind, table);
  }

  /** Marks the table for deletion; the items go when the deletion is carried out (table-keeper.ts). */
  async drop(namespace: string, name: string): Promise<Table> {
    const table = await this.table(namespace, name);
    if (table.spec.deletionProtection === true)
      throw new Fault(
        "BadRequest",
        `Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first. Table: ${name}`,
      );
    await this.#objects.remove(tableKind, keyOf(namespace, name));
    return table;
  }

  async count(table: Table): Promise<{ readonly rows: number; readonly bytes: number }> {
    return this.#database.count(collectionOf(table));
  }

  async get(table: Table, key: unknown, expressions: Expressions): Promise<Item | null> {
    const schema = schemaOf(table);
    checkKeyUse(expressions, schema);
    const bytes = await this.#database.get(collectionOf(table), keyOfKey(checkItem(key), schema));
    return bytes === null ? null : decodeItem(bytes);
  }

  put(table: Table, given: unknown, expressions: Expressions): Promise<Written> {
    const { key, item } = planPut(table, given);
    return this.#write(table, key, expressions, () => item);
  }

  erase(table: Table, given: unknown, expressions: Expressions): Promise<Written> {
    return this.#write(table, planErase(table, given).key, expressions, () => null);
  }

  /** Creates the item when it is missing, as the service does, unless the update only takes away. */
  update(table: Table, given: unknown, expressions: Expressions): Promise<Written> {
    const key = checkItem(given);
    const { update } = expressions;
    return this.#write(table, keyOfKey(key, schemaOf(table)), expressions, (before) => {
      if (update === undefined) return before ?? key;
      const after = updated(before, key, update);
      if (after !== null && itemBytes(after) > MAX_ITEM_BYTES) throw tooLarge();
      return after;
    });
  }

  /** All of them in one step. */
  writeAll(table: Table, planned: readonly PlannedWrite[]): Promise<readonly Written[]> {
    const writes: readonly Write[] = planned.map(({ key, item }) => ({ key, value: encoded(item) }));
    const keys = planned.map(({ key }) => key);
    return this.#database.change(collectionOf(table), keys, (found) => ({
      writes,
      result: planned.map(({ item }, index) => ({ before: decoded(found[index] ?? null), after: item })),
    }));
  }

  async #write(
    table: Table,
    key: Uint8Array,
    expressions: Expressions,
    next: (before: Item | null) => Item | null,
  ): Promise<Written> {
    checkKeyUse(expressions, schemaOf(table));
    return this.#database.change(collectionOf(table), [key], ([bytes = null]) => {
      const before = decoded(bytes);
      if (expressions.condition !== undefined && !holds(expressions.condition, before ?? {}))
        throw new ConditionFailed(before);
      const after = next(before);
      const writes = before === null && after === null ? [] : [{ key, value: encoded(after) }];
      return { writes, result: { before, after } };
    });
  }

  async query(table: Table, expressions: Expressions, options: PageOptions): Promise<Page> {
    const schema = schemaOf(table);
    if (expressions.keyCondition === undefined)
      throw new Fault(
        "BadRequest",
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
      );
    checkKeyUse(expressions, schema);
    const range = keyRange(expressions.keyCondition, schema);
    checkFilterKeys(expressions, schema);
    return this.#page(table, queryRange(range, schema, options), expressions, options);
  }

  async scan(table: Table, expressions: Expressions, options: PageOptions): Promise<Page> {
    const schema = schemaOf(table);
    checkKeyUse(expressions, schema);
    return this.#page(table, scanRange(schema, options), expressions, options);
  }

  async #page(table: Table, range: KeyRange, expressions: Expressions, options: PageOptions): Promise<Page> {
    const page = new PageBuilder(schemaOf(table), expressions, options);
    let { from, to } = range;
    let bytes = 0;
    for (;;) {
      const limit = Math.min(ROWS_AT_ONCE, options.limit ?? ROWS_AT_ONCE);
      const isDescending = options.isDescending === true;
      const bounds = { from, ...(to === undefined ? {} : { to }), limit, isDescending };
      const rows = await this.#database.scan(collectionOf(table), bounds);
      for (const row of rows) {
        if (!page.take(row)) return page.done();
        bytes += row.value.length;
        if (bytes < TURN_BYTES) continue;
        bytes = 0;
        await this.#turn();
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < limit) return page.done();
      if (isDescending) to = last.key;
      else from = justAfter(last.key);
    }
  }

  [Symbol.dispose](): void {
    this.#view[Symbol.dispose]();
  }
}

// By uid, so that a table that is made anew under an old name starts empty.
export function collectionOf(table: Table): string {
  return `${table.metadata.name}.${table.metadata.uid ?? ""}`;
}

export function schemaOf(table: Table): KeySchema {
  const partition = keyPart(table, "HASH");
  const sort = keyPart(table, "RANGE");
  if (partition === undefined)
    throw new Fault("BadRequest", "One or more parameter values were invalid: the key schema needs one HASH key");
  return { partition, ...(sort === undefined ? {} : { sort }) };
}

function keyPart(table: Table, keyType: "HASH" | "RANGE"): KeyPart | undefined {
  const element = table.spec.keySchema.find((candidate) => candidate.keyType === keyType);
  if (element === undefined) return undefined;
  const definition = table.spec.attributeDefinitions.find(
    (candidate) => candidate.attributeName === element.attributeName,
  );
  if (definition === undefined) {
    const names = table.spec.attributeDefinitions.map(({ attributeName }) => attributeName).join(", ");
    throw new Fault(
      "BadRequest",
      `One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [${element.attributeName}], AttributeDefinitions: [${names}]`,
    );
  }
  return { name: element.attributeName, type: definition.attributeType };
}

/** What a put is going to write; throws for an item that the table cannot have. */
export function planPut(table: Table, given: unknown): PlannedWrite & { readonly item: Item } {
  const item = checkItem(given);
  if (itemBytes(item) > MAX_ITEM_BYTES)
    throw new Fault("BadRequest", "Item size has exceeded the maximum allowed size");
  return { key: keyOfItem(item, schemaOf(table)), item };
}

export function planErase(table: Table, given: unknown): PlannedWrite {
  return { key: keyOfKey(checkItem(given), schemaOf(table)), item: null };
}

function decoded(bytes: Uint8Array | null): Item | null {
  return bytes === null ? null : decodeItem(bytes);
}

function encoded(item: Item | null): Uint8Array | null {
  return item === null ? null : encodeUtf8(JSON.stringify(item));
}
