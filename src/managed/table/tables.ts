/** The table engine: items by key, conditional writes, queries and scans over a Database. Knows nothing of any wire. */
import { Fault } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import { keyOf } from "#base/key.ts";
import type { Objects, View } from "#deck/objects.ts";
import { tableKind, type Table } from "#kinds/catamaran/table.ts";
import type { Database, Row } from "../database.ts";
import { type Attribute, checkItem, type Item } from "./attribute.ts";
import { collectionOf, type Derived, type DerivedIndex, partCollection } from "./derived.ts";
import { checkFilterKeys, checkKeyUse, type Expressions } from "./expression.ts";
import { decodeItem } from "./item-bytes.ts";
import { afterPrefix, justAfter, keyOfItem, keyOfKey, type KeySchema, partitionPrefix } from "./item-key.ts";
import { type ItemChange, ItemStep, type Written } from "./item-step.ts";
import { type KeyRange, keyRange } from "./key-condition.ts";
import { eraseChange, putChange, updateChange } from "./plan-changes.ts";
import { type Page, PageBuilder, type PageOptions, queryRange, scanRange } from "./page.ts";
import { indexesOf, schemaOf } from "./secondary-index.ts";
import { TableStreams } from "./table-streams.ts";
import { type RequestToken, staleTokens, transact, type Transacted } from "./transaction.ts";
import { derivedOf, settle, type Upkeep } from "./upkeep.ts";

export interface Size {
  readonly rows: number;
  readonly bytes: number;
}

const ROWS_AT_ONCE = 256;
// So much is read and filtered within a few milliseconds; then others have their turn.
const TURN_BYTES = 256 * 1024;

export interface ItemPlace {
  readonly table: Table;
  readonly key: Uint8Array;
}

/** What a query or scan reads: a table, or one of its indexes. */
interface Source {
  readonly collection: string;
  readonly schema: KeySchema;
}

export class Tables implements Disposable {
  readonly #objects: Objects;
  readonly #upkeep: Upkeep;
  readonly #database: Database;
  readonly #view: View<Table>;
  readonly streams: TableStreams;
  #staleTokens: string | undefined;

  constructor(objects: Objects, upkeep: Upkeep) {
    this.streams = new TableStreams(upkeep);
    this.#objects = objects;
    this.#upkeep = upkeep;
    this.#database = upkeep.database;
    this.#view = objects.view(tableKind);
  }

  /** The table, or NotFound. While the view has not seen a new one yet, the source is asked. */
  async table(namespace: string, name: string): Promise<Table> {
    const key = keyOf(namespace, name);
    return present(this.#view.get(key) ?? (await this.#objects.get(tableKind, key)), name);
  }

  /** The table as it is stored: whoever has just changed it sees that. */
  async newest(namespace: string, name: string): Promise<Table> {
    return present(await this.#objects.get(tableKind, keyOf(namespace, name)), name);
  }

  list(namespace: string): readonly Table[] {
    return this.#view.list(namespace).filter((table) => table.metadata.deletionTimestamp === undefined);
  }

  /** Its indexes are there with it: whoever does not wait until it is active may query them. */
  async create(table: Table): Promise<Table> {
    schemaOf(table);
    const created = await this.#objects.create(tableKind, table);
    await settle(this.#upkeep, created);
    return created;
  }

  /** The table with other settings; new indexes are filled by the keeper. Null when it is not there or nothing was to be done. */
  change(table: Table, decide: (live: Table) => Table | null): Promise<Table | null> {
    const { name, namespace = "" } = table.metadata;
    return this.#objects.change(tableKind, keyOf(namespace, name), decide);
  }

  derived(table: Table): Promise<Derived> {
    return derivedOf(this.#database, table);
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

  count(table: Table): Promise<Size> {
    return this.#database.count(collectionOf(table));
  }

  /** By the names of its indexes. */
  async countIndexes(table: Table): Promise<ReadonlyMap<string, Size>> {
    const { indexes } = await this.derived(table);
    const count = async ({ id, index }: DerivedIndex): Promise<readonly [string, Size]> => [
      index.name,
      await this.#database.count(partCollection(table, id)),
    ];
    return new Map(await Promise.all(indexes.map(count)));
  }

  /** Of one partition of the table and its local indexes. */
  async collectionBytes(table: Table, value: Attribute): Promise<number> {
    const prefix = partitionPrefix(value);
    const to = afterPrefix(prefix);
    const range = { from: prefix, ...(to !== undefined && { to }) };
    const { indexes } = await this.derived(table);
    const local = indexes.filter(({ index }) => index.isLocal).map(({ id }) => partCollection(table, id));
    const sizes = [collectionOf(table), ...local].map((collection) => this.#database.count(collection, range));
    return (await Promise.all(sizes)).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async get(table: Table, key: unknown, expressions: Expressions): Promise<Item | null> {
    const schema = schemaOf(table);
    checkKeyUse(expressions, schema);
    const bytes = await this.#database.get(collectionOf(table), keyOfKey(checkItem(key), schema));
    return bytes === null ? null : decodeItem(bytes);
  }

  put(table: Table, item: unknown, expressions: Expressions): Promise<Written> {
    return this.#write(putChange(table, item, expressions));
  }

  erase(table: Table, key: unknown, expressions: Expressions): Promise<Written> {
    return this.#write(eraseChange(table, key, expressions));
  }

  update(table: Table, key: unknown, expressions: Expressions): Promise<Written> {
    return this.#write(updateChange(table, key, expressions));
  }

  /** All of them in one step; what one throws is thrown. */
  async writeAll(changes: readonly ItemChange[]): Promise<readonly Written[]> {
    const step = new ItemStep(changes, this.#upkeep.clock.now());
    const written = await this.#database.changeAll(step.places, (values) => {
      const done = step.outcomes(values).map((outcome) => {
        if ("thrown" in outcome) throw outcome.thrown;
        return outcome;
      });
      return { writes: step.writes(values, done), result: done };
    });
    for (const { table } of changes) this.streams.wake(table);
    return written;
  }

  /** All of them or none, with what each came to. Throws TransactionCanceled, or TokenMismatch. */
  async transact(changes: readonly ItemChange[], token: RequestToken | null): Promise<Transacted> {
    const now = this.#upkeep.clock.now();
    if (token !== null) await this.#dropTokens(now);
    const done = await transact(this.#database, { changes, now }, token);
    for (const { table } of changes) this.streams.wake(table);
    return done;
  }

  /** Once in each span of tokens. */
  async #dropTokens(now: number): Promise<void> {
    const stale = staleTokens(now);
    if (stale === this.#staleTokens) return;
    this.#staleTokens = stale;
    await this.#database.drop(stale);
  }

  /** All as they are at one moment. */
  readTogether(places: readonly ItemPlace[]): Promise<readonly (Item | null)[]> {
    const rows = places.map(({ table, key }) => ({ collection: collectionOf(table), key }));
    return this.#database.changeAll(rows, (values) => ({ writes: [], result: values.map(decoded) }));
  }

  async #write(change: ItemChange): Promise<Written> {
    const [written] = await this.writeAll([change]);
    return written ?? { before: null, after: null };
  }

  async query(table: Table, expressions: Expressions, options: PageOptions): Promise<Page> {
    const source = await this.#source(table, options.indexName);
    if (expressions.keyCondition === undefined)
      throw new Fault(
        "BadRequest",
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
      );
    checkKeyUse(expressions, source.schema);
    const range = keyRange(expressions.keyCondition, source.schema);
    if (options.mayFilterKeys !== true) checkFilterKeys(expressions, source.schema);
    return this.#page(table, { ...source, range: queryRange(range, source.schema, options) }, { expressions, options });
  }

  async scan(table: Table, expressions: Expressions, options: PageOptions): Promise<Page> {
    const source = await this.#source(table, options.indexName);
    checkKeyUse(expressions, source.schema);
    return this.#page(table, { ...source, range: scanRange(source.schema, options) }, { expressions, options });
  }

  async #source(table: Table, indexName: string | undefined): Promise<Source> {
    if (indexName === undefined) return { collection: collectionOf(table), schema: schemaOf(table) };
    const declared = indexesOf(table).find(({ name }) => name === indexName);
    if (declared === undefined)
      throw new Fault("BadRequest", `The table does not have the specified index: ${indexName}`);
    const { indexes } = await this.derived(table);
    const filled = indexes.find(({ index, isWhole }) => isWhole && sameJson(index, declared));
    if (filled === undefined)
      throw new Fault("BadRequest", `Cannot read from backfilling global secondary index: ${indexName}`);
    return { collection: partCollection(table, filled.id), schema: declared.schema };
  }

  async #page(
    table: Table,
    { collection, schema, range }: Source & { readonly range: KeyRange },
    { expressions, options }: { readonly expressions: Expressions; readonly options: PageOptions },
  ): Promise<Page> {
    const page = new PageBuilder(schema, expressions, options);
    let { from, to } = range;
    let bytes = 0;
    for (;;) {
      const limit = Math.min(ROWS_AT_ONCE, options.limit ?? ROWS_AT_ONCE);
      const isDescending = options.isDescending === true;
      const bounds = { from, ...(to === undefined ? {} : { to }), limit, isDescending };
      const rows = await this.#database.scan(collection, bounds);
      for (const row of rows) {
        const item = options.isFetched === true ? await this.#fetched(table, row) : decodeItem(row.value);
        if (item !== null && !page.take(item)) return page.done();
        bytes += row.value.length;
        if (bytes < TURN_BYTES) continue;
        bytes = 0;
        await this.#upkeep.turn();
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < limit) return page.done();
      if (isDescending) to = last.key;
      else from = justAfter(last.key);
    }
  }

  /** What an index keeps, as it is in the table; null when it went in the meantime. */
  async #fetched(table: Table, { value }: Row): Promise<Item | null> {
    return decoded(await this.#database.get(collectionOf(table), keyOfItem(decodeItem(value), schemaOf(table))));
  }

  [Symbol.dispose](): void {
    this.#view[Symbol.dispose]();
  }
}

function present(found: Table | null, name: string): Table {
  if (found === null || found.metadata.deletionTimestamp !== undefined)
    throw new Fault("NotFound", `Requested resource not found: Table: ${name} not found`);
  return found;
}

/** Where an item is, of a Key parameter. */
export function placeOf(table: Table, given: unknown): ItemPlace {
  return { table, key: keyOfKey(checkItem(given), schemaOf(table)) };
}

function decoded(bytes: Uint8Array | null): Item | null {
  return bytes === null ? null : decodeItem(bytes);
}
