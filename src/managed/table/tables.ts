/** The table engine: items by key, conditional writes, queries and scans over a Database. Knows nothing of any wire. */
import { Fault } from "#base/fault.ts";
import { type ObjectKey, keyOf } from "#base/key.ts";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { Objects, View } from "#deck/objects.ts";
import { tableKind, type Table } from "#kinds/table.ts";
import type { Database, Row } from "../database.ts";
import { checkItem, type Item, itemBytes, MAX_ITEM_BYTES } from "./attribute.ts";
import { holds } from "./condition.ts";
import type { Expressions } from "./expression.ts";
import { concat, keyOfItem, keyOfKey, type KeySchema, type KeyPart } from "./item-key.ts";
import { keyRange } from "./key-condition.ts";
import { project } from "./projection.ts";
import { applyUpdate } from "./update.ts";

export interface Written {
  readonly before: Item | null;
  readonly after: Item | null;
}

export interface Page {
  readonly items: readonly Item[];
  /** How many were read before the filter. */
  readonly scanned: number;
  readonly bytes: number;
  /** The key of the last one read, when there may be more. */
  readonly lastKey?: Item;
}

export interface PageOptions {
  readonly limit?: number;
  /** As sent: checked against the key schema. */
  readonly startKey?: unknown;
  readonly isDescending?: boolean;
  readonly segment?: { readonly index: number; readonly of: number };
}

/** A condition did not hold; `item` is what was there. */
export class ConditionFailed extends Error {
  readonly item: Item | null;
  constructor(item: Item | null) {
    super("The conditional request failed");
    this.item = item;
  }
}

const PAGE_BYTES = 1024 * 1024; // A page ends after 1 MB that was read, before the filter.
const ROWS_AT_ONCE = 256;

export class Tables implements Disposable {
  readonly #objects: Objects;
  readonly #database: Database;
  readonly #view: View<Table>;

  constructor(objects: Objects, database: Database) {
    this.#objects = objects;
    this.#database = database;
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

  /** Marks the table for deletion; the items go when the deletion is carried out (see reconcile). */
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

  async get(table: Table, key: unknown): Promise<Item | null> {
    const bytes = await this.#database.get(collectionOf(table), keyOfKey(checkItem(key), schemaOf(table)));
    return bytes === null ? null : decode(bytes);
  }

  put(table: Table, given: unknown, expressions: Expressions): Promise<Written> {
    const item = checkSize(checkItem(given));
    return this.#write(table, keyOfItem(item, schemaOf(table)), expressions, () => item);
  }

  erase(table: Table, key: unknown, expressions: Expressions): Promise<Written> {
    return this.#write(table, keyOfKey(checkItem(key), schemaOf(table)), expressions, () => null);
  }

  /** Creates the item when it is missing, as the service does. */
  update(table: Table, given: unknown, expressions: Expressions): Promise<Written> {
    const key = checkItem(given);
    const schema = schemaOf(table);
    refuseKeyUpdates(schema, expressions);
    return this.#write(table, keyOfKey(key, schema), expressions, (before) => {
      const item = before ?? key;
      return expressions.update === undefined
        ? item
        : checkSize(applyUpdate(item, expressions.update, expressions.values));
    });
  }

  #write(
    table: Table,
    key: Uint8Array,
    expressions: Expressions,
    next: (before: Item | null) => Item | null,
  ): Promise<Written> {
    return this.#database.change(collectionOf(table), [key], ([bytes = null]) => {
      const before = bytes === null ? null : decode(bytes);
      if (expressions.condition !== undefined && !holds(expressions.condition, before ?? {}, expressions.values))
        throw new ConditionFailed(before);
      const after = next(before);
      return { writes: [{ key, value: after === null ? null : encode(after) }], result: { before, after } };
    });
  }

  async query(table: Table, expressions: Expressions, options: PageOptions): Promise<Page> {
    const schema = schemaOf(table);
    if (expressions.keyCondition === undefined)
      throw new Fault(
        "BadRequest",
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
      );
    const range = keyRange(expressions.keyCondition, schema, expressions.values);
    return this.#page(table, range, expressions, options);
  }

  async scan(table: Table, expressions: Expressions, options: PageOptions): Promise<Page> {
    return this.#page(table, { from: new Uint8Array(), to: undefined }, expressions, options);
  }

  async #page(
    table: Table,
    range: { readonly from: Uint8Array; readonly to: Uint8Array | undefined },
    expressions: Expressions,
    options: PageOptions,
  ): Promise<Page> {
    const schema = schemaOf(table);
    const page = new PageBuilder(schema, expressions, options);
    let bounds = startBounds(schema, range, options);
    for (;;) {
      const rows = await this.#database.scan(collectionOf(table), {
        from: bounds.from,
        ...(bounds.to === undefined ? {} : { to: bounds.to }),
        limit: ROWS_AT_ONCE,
        isDescending: options.isDescending === true,
      });
      for (const row of rows) if (!page.take(row)) return page.done();
      const last = rows.at(-1);
      if (last === undefined || rows.length < ROWS_AT_ONCE) return page.done();
      bounds =
        options.isDescending === true
          ? { ...bounds, to: last.key }
          : { ...bounds, from: concat(last.key, Uint8Array.of(0)) };
    }
  }

  /**
   * Level-triggered upkeep of one Table object: a new one gets our finalizer and becomes ACTIVE, a deleted one loses
   * its items and then the finalizer. Called for every change of the view; may be killed at any line.
   */
  async reconcile(key: ObjectKey): Promise<void> {
    const table = await this.#objects.get(tableKind, key);
    if (table === null) return;
    const finalizers = table.metadata.finalizers ?? [];
    if (table.metadata.deletionTimestamp !== undefined) {
      if (!finalizers.includes(FINALIZER)) return;
      await this.#database.drop(collectionOf(table));
      await this.#objects.change(tableKind, key, (live) =>
        withFinalizers(
          live,
          (live.metadata.finalizers ?? []).filter((name) => name !== FINALIZER),
        ),
      );
    } else if (!finalizers.includes(FINALIZER)) {
      await this.#objects.change(tableKind, key, (live) =>
        withFinalizers(live, [...(live.metadata.finalizers ?? []), FINALIZER]),
      );
    } else if (table.status?.state !== "ACTIVE") {
      await this.#objects.change(
        tableKind,
        key,
        (live) => ({ ...live, status: { ...live.status, state: "ACTIVE" as const } }),
        { subresource: "status" },
      );
    }
  }

  /** Wakes `wake` for every table that changes, now and later. */
  onChange(wake: (key: ObjectKey) => void): Disposable {
    return this.#view.onChange((key) => wake(key));
  }

  [Symbol.dispose](): void {
    this.#view[Symbol.dispose]();
  }
}

const FINALIZER = "catamaran.dev/table-items";

function withFinalizers(table: Table, finalizers: readonly string[]): Table {
  return { ...table, metadata: { ...table.metadata, finalizers } };
}

// By uid, so that a table that is made anew under an old name starts empty.
function collectionOf(table: Table): string {
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

export function keyAttributes(item: Item, schema: KeySchema): Item {
  const parts = [schema.partition, ...(schema.sort === undefined ? [] : [schema.sort])];
  return Object.fromEntries(parts.flatMap(({ name }) => (item[name] === undefined ? [] : [[name, item[name]]])));
}

function startBounds(
  schema: KeySchema,
  range: { readonly from: Uint8Array; readonly to: Uint8Array | undefined },
  { startKey, isDescending }: PageOptions,
): { readonly from: Uint8Array; readonly to: Uint8Array | undefined } {
  if (startKey === undefined) return range;
  const start = keyOfKey(checkItem(startKey), schema);
  return isDescending === true ? { ...range, to: start } : { ...range, from: concat(start, Uint8Array.of(0)) };
}

class PageBuilder {
  readonly #schema: KeySchema;
  readonly #expressions: Expressions;
  readonly #options: PageOptions;
  readonly #items: Item[] = [];
  #scanned = 0;
  #bytes = 0;
  #last: Item | undefined;
  #isCut = false;

  constructor(schema: KeySchema, expressions: Expressions, options: PageOptions) {
    this.#schema = schema;
    this.#expressions = expressions;
    this.#options = options;
  }

  /** False when the page is full. */
  take(row: Row): boolean {
    const item = decode(row.value);
    if (!this.#isInSegment(item)) return true;
    this.#scanned++;
    this.#bytes += itemBytes(item);
    this.#last = item;
    const { filter, projection, values } = this.#expressions;
    if (filter === undefined || holds(filter, item, values))
      this.#items.push(projection === undefined ? item : project(item, projection));
    this.#isCut = this.#scanned >= (this.#options.limit ?? Infinity) || this.#bytes >= PAGE_BYTES;
    return !this.#isCut;
  }

  #isInSegment(item: Item): boolean {
    const { segment } = this.#options;
    if (segment === undefined) return true;
    return hash(JSON.stringify(item[this.#schema.partition.name])) % segment.of === segment.index;
  }

  done(): Page {
    const lastKey = this.#isCut && this.#last !== undefined ? keyAttributes(this.#last, this.#schema) : undefined;
    return {
      items: this.#items,
      scanned: this.#scanned,
      bytes: this.#bytes,
      ...(lastKey === undefined ? {} : { lastKey }),
    };
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}

function refuseKeyUpdates(schema: KeySchema, { update }: Expressions): void {
  if (update === undefined) return;
  const paths = [...update.set, ...update.add, ...update.delete].map(({ path }) => path).concat(update.remove);
  for (const { name } of [schema.partition, ...(schema.sort === undefined ? [] : [schema.sort])]) {
    if (paths.some((path) => path[0] === name))
      throw new Fault(
        "BadRequest",
        `One or more parameter values were invalid: Cannot update attribute ${name}. This attribute is part of the key`,
      );
  }
}

function checkSize(item: Item): Item {
  if (itemBytes(item) > MAX_ITEM_BYTES)
    throw new Fault("BadRequest", "Item size has exceeded the maximum allowed size");
  return item;
}

function encode(item: Item): Uint8Array {
  return encodeUtf8(JSON.stringify(item));
}

function decode(bytes: Uint8Array): Item {
  return JSON.parse(decodeUtf8(bytes)) as Item;
}
