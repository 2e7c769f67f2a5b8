/** BatchGetItem and BatchWriteItem: many single reads or writes in one request, all checked before the first. */
import { setImmediate as turn } from "node:timers/promises";
import type { Table } from "#kinds/catamaran/table.ts";
import { type Item, itemBytes } from "#managed/table/attribute.ts";
import { project } from "#managed/table/projection.ts";
import type { ItemChange } from "#managed/table/item-step.ts";
import { eraseChange, putChange } from "#managed/table/plan-changes.ts";
import { placeOf } from "#managed/table/tables.ts";
import { type Action, action } from "../action.ts";
import { validationError } from "../aws-error.ts";
import { type AccountTables, arnNamed, findTable, invalid } from "./account-tables.ts";
import { consumedByTable, NO_UNITS, readUnits, sumOf, tableUnits, type Units, writeUnits } from "./capacity.ts";
import { expressionsOf } from "./expressions.ts";
import { collectionsOf } from "./item-collections.ts";
import { type ItemCollectionMetrics, type Key, type KeysAndAttributes, model, type WriteRequest } from "./model.gen.ts";

const MAX_GETS = 100;
const MAX_WRITES = 25;
// DIFFERS: DynamoDB answers with up to 16 MB; what is left comes back as UnprocessedKeys, which clients ask for again.
const MAX_REPLY_BYTES = 4 * 1024 * 1024;

interface TableGets {
  readonly name: string;
  readonly request: KeysAndAttributes;
}

export const batchGetItem: Action<AccountTables> = action(model, "BatchGetItem", {
  resources: ({ RequestItems }, place) => Object.keys(RequestItems ?? {}).map((name) => arnNamed(place, name)),
  serves: ["RequestItems", "ReturnConsumedCapacity"],
  unserved: {},
  run: async (account: AccountTables, { RequestItems, ReturnConsumedCapacity }) => {
    const gets = tablesOf(RequestItems, "BatchGetItem").map(([name, request]): TableGets => ({ name, request }));
    for (const { name, request } of gets) checkKeys(name, request.Keys);
    if (gets.reduce((count, { request }) => count + request.Keys.length, 0) > MAX_GETS)
      throw invalid("Too many items requested for the BatchGetItem call");
    const readers = [];
    for (const each of gets) readers.push(await readerOf(account, each));
    const reply = new BatchReply();
    for (const { name, request, read } of readers)
      for (const key of request.Keys) await reply.add(name, request, key, read);
    return {
      Responses: Object.fromEntries(reply.responses),
      UnprocessedKeys: Object.fromEntries(reply.unprocessed),
      ...consumedByTable(ReturnConsumedCapacity, reply.units),
    };
  },
});

function checkKeys(name: string, { length }: readonly Key[]): void {
  if (length > 0 && length <= MAX_GETS) return;
  const bound = length === 0 ? "greater than or equal to 1" : `less than or equal to ${MAX_GETS}`;
  throw validationError([
    `Value at 'RequestItems.${name}.member.Keys' failed to satisfy constraint: Member must have length ${bound}`,
  ]);
}

type Read = (key: Key) => Promise<{ readonly found: Item | null; readonly bytes: number; readonly units: number }>;

/** Everything about one table that can be wrong is, before anything is read. */
async function readerOf(account: AccountTables, gets: TableGets): Promise<TableGets & { readonly read: Read }> {
  const expressions = expressionsOf(gets.request, ["ProjectionExpression"]);
  const table = await findTable(account, gets.name);
  refuseDuplicates(gets.request.Keys.map((key) => placeOf(table, key)));
  const { projection } = expressions;
  const isConsistent = gets.request.ConsistentRead === true;
  const read: Read = async (key) => {
    const found = await account.tables.get(table, key, expressions);
    const units = readUnits(found, isConsistent);
    if (found === null) return { found, bytes: 0, units };
    return { found: projection === undefined ? found : project(found, projection), bytes: itemBytes(found), units };
  };
  return { ...gets, read };
}

class BatchReply {
  readonly responses = new Map<string, Item[]>();
  readonly unprocessed = new Map<string, KeysAndAttributes>();
  readonly units = new Map<string, Units>();
  #bytes = 0;

  /** Reads one more, unless the answer is large enough: then its key is handed back. */
  async add(name: string, request: KeysAndAttributes, key: Key, read: Read): Promise<void> {
    const items = this.responses.get(name) ?? [];
    this.responses.set(name, items);
    if (this.#bytes >= MAX_REPLY_BYTES) {
      const { Keys: earlier = [] } = this.unprocessed.get(name) ?? {};
      this.unprocessed.set(name, { ...request, Keys: [...earlier, key] });
      return;
    }
    const { found, bytes, units } = await read(key);
    this.#bytes += bytes;
    this.units.set(name, sumOf(this.units.get(name) ?? NO_UNITS, tableUnits(units)));
    if (found !== null) items.push(found);
    if (bytes > LARGE_BYTES) await turn();
  }
}

// Items above this size are a few milliseconds of work each; others have their turn between them.
const LARGE_BYTES = 64 * 1024;

interface TableWrites {
  readonly name: string;
  readonly table: Table;
  readonly writes: readonly ItemChange[];
}

export const batchWriteItem: Action<AccountTables> = action(model, "BatchWriteItem", {
  resources: ({ RequestItems }, place) => Object.keys(RequestItems ?? {}).map((name) => arnNamed(place, name)),
  serves: ["RequestItems", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics"],
  unserved: {},
  run: async (account: AccountTables, { RequestItems, ReturnConsumedCapacity, ReturnItemCollectionMetrics }) => {
    const requests = tablesOf(RequestItems, "BatchWriteItem");
    for (const [name, writes] of requests) checkCount(name, writes);
    if (requests.reduce((count, [, writes]) => count + writes.length, 0) > MAX_WRITES)
      throw invalid("Too many items requested for the BatchWriteItem call");
    const planned: TableWrites[] = [];
    for (const [name, writes] of requests) planned.push(await planWrites(account, name, writes));
    const units = new Map<string, Units>();
    const metrics = new Map<string, readonly ItemCollectionMetrics[]>();
    for (const { name, table, writes } of planned) {
      const written = await account.tables.writeAll(writes);
      const sum = written.reduce((total, each) => sumOf(total, writeUnits(table, each)), NO_UNITS);
      units.set(name, sum);
      const collections = await collectionsOf(account, table, { asked: ReturnItemCollectionMetrics, written });
      if (collections.length > 0) metrics.set(name, collections);
    }
    return {
      UnprocessedItems: {},
      ...(metrics.size > 0 && { ItemCollectionMetrics: Object.fromEntries(metrics) }),
      ...consumedByTable(ReturnConsumedCapacity, units),
    };
  },
});

function checkCount(name: string, { length }: readonly WriteRequest[]): void {
  if (length > 0 && length <= MAX_WRITES) return;
  throw validationError([
    `Value '{${name}=[${length} members]}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to ${MAX_WRITES}, Member must have length greater than or equal to 1]`,
  ]);
}

async function planWrites(
  account: AccountTables,
  name: string,
  requests: readonly WriteRequest[],
): Promise<TableWrites> {
  const table = await findTable(account, name);
  const writes: ItemChange[] = [];
  for (const { PutRequest: put, DeleteRequest: erase } of requests) {
    if ((put === undefined) === (erase === undefined))
      throw invalid(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
      );
    if (put === undefined) {
      writes.push(eraseChange(table, erase?.Key));
      continue;
    }
    const change = putChange(table, put.Item);
    writes.push(change);
    if (itemBytes(change.item) > LARGE_BYTES) await turn();
  }
  refuseDuplicates(writes);
  return { name, table, writes };
}

function tablesOf<T>(
  items: Readonly<Record<string, T>> | undefined,
  operation: string,
): readonly (readonly [string, T])[] {
  const requests = Object.entries(items ?? {});
  if (requests.length === 0) throw invalid(`The requestItems parameter is required for ${operation}`);
  return requests;
}

function refuseDuplicates(writes: readonly { readonly key: Uint8Array }[]): void {
  const keys = new Set(writes.map(({ key }) => key.join()));
  if (keys.size !== writes.length) throw invalid("Provided list of item keys contains duplicates");
}
