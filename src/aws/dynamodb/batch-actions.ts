/** BatchGetItem and BatchWriteItem: many single reads or writes in one request, all checked before the first. */
import { setImmediate as turn } from "node:timers/promises";
import type { Table } from "#kinds/catamaran/table.ts";
import { itemBytes } from "#managed/table/attribute.ts";
import { project } from "#managed/table/projection.ts";
import { planErase, type PlannedWrite, planPut } from "#managed/table/tables.ts";
import type { Input, Reply } from "../untyped-action.ts";
import { validationError } from "../aws-error.ts";
import type { Shape } from "../untyped-shape.ts";
import { capacityShape, consumedByTable, readUnits, writeUnits } from "./capacity.ts";
import { invalid } from "./dynamodb-error.ts";
import { expressionsOf } from "./expressions.ts";
import { type DynamoWorld, findTable, item, legacy, names, text, values, withoutNulls } from "./world.ts";

const MAX_GETS = 100;
const MAX_WRITES = 25;
// DIFFERS: DynamoDB answers with up to 16 MB; what is left comes back as UnprocessedKeys, which clients ask for again.
const MAX_REPLY_BYTES = 4 * 1024 * 1024;

export const batchGetInput: Shape = {
  is: "structure",
  members: {
    RequestItems: {
      is: "map",
      of: {
        is: "structure",
        members: {
          ...legacy,
          Keys: { is: "list", of: item, min: 1 },
          ConsistentRead: { is: "boolean" },
          ProjectionExpression: text,
          ExpressionAttributeNames: names,
        },
        required: ["Keys"],
      },
    },
    ReturnConsumedCapacity: capacityShape,
  },
};

export const batchWriteInput: Shape = {
  is: "structure",
  members: {
    RequestItems: {
      is: "map",
      of: {
        is: "list",
        of: {
          is: "structure",
          members: {
            PutRequest: { is: "structure", members: { Item: values }, required: ["Item"] },
            DeleteRequest: { is: "structure", members: { Key: values }, required: ["Key"] },
          },
        },
      },
    },
    ReturnConsumedCapacity: capacityShape,
    ReturnItemCollectionMetrics: { is: "string", enum: ["SIZE", "NONE"] },
  },
};

interface TableGets {
  readonly name: string;
  readonly request: Input;
  readonly keys: readonly unknown[];
}

export async function batchGet(world: DynamoWorld, input: Input): Promise<Reply> {
  const gets = requestItems<Input>(input, "BatchGetItem").map(([name, given]): TableGets => {
    const request = withoutNulls(given);
    const keys = request["Keys"] as readonly unknown[];
    if (keys.length > MAX_GETS)
      throw validationError([
        `Value at 'RequestItems.${name}.member.Keys' failed to satisfy constraint: Member must have length less than or equal to ${MAX_GETS}`,
      ]);
    return { name, request, keys };
  });
  if (gets.reduce((count, { keys }) => count + keys.length, 0) > MAX_GETS)
    throw invalid("Too many items requested for the BatchGetItem call");
  const readers = [];
  for (const each of gets) readers.push(await readerOf(world, each));
  const reply = new BatchReply();
  for (const { name, request, keys, read } of readers)
    for (const key of keys) await reply.add(name, request, key, read);
  return {
    body: {
      Responses: Object.fromEntries(reply.responses),
      UnprocessedKeys: Object.fromEntries(reply.unprocessed),
      ...consumedByTable(input, reply.units),
    },
  };
}

type Read = (key: unknown) => Promise<{ readonly found: unknown; readonly bytes: number; readonly units: number }>;

/** Everything about one table that can be wrong is, before anything is read. */
async function readerOf(world: DynamoWorld, gets: TableGets): Promise<TableGets & { readonly read: Read }> {
  const expressions = expressionsOf(gets.request, ["ProjectionExpression"]);
  const table = await findTable(world, gets.name);
  refuseDuplicates(gets.keys.map((key) => planErase(table, key)));
  const { projection } = expressions;
  const isConsistent = gets.request["ConsistentRead"] === true;
  const read: Read = async (key) => {
    const found = await world.tables.get(table, key, expressions);
    const units = readUnits(found, isConsistent);
    if (found === null) return { found, bytes: 0, units };
    return { found: projection === undefined ? found : project(found, projection), bytes: itemBytes(found), units };
  };
  return { ...gets, read };
}

class BatchReply {
  readonly responses = new Map<string, unknown[]>();
  readonly unprocessed = new Map<string, Input>();
  readonly units = new Map<string, number>();
  #bytes = 0;

  /** Reads one more, unless the answer is large enough: then its key is handed back. */
  async add(name: string, request: Input, key: unknown, read: Read): Promise<void> {
    const items = this.responses.get(name) ?? [];
    this.responses.set(name, items);
    if (this.#bytes >= MAX_REPLY_BYTES) {
      const { Keys: earlier } = this.unprocessed.get(name) ?? {};
      this.unprocessed.set(name, { ...request, Keys: [...((earlier ?? []) as readonly unknown[]), key] });
      return;
    }
    const { found, bytes, units } = await read(key);
    this.#bytes += bytes;
    this.units.set(name, (this.units.get(name) ?? 0) + units);
    if (found !== null) items.push(found);
    if (bytes > LARGE_BYTES) await turn();
  }
}

// Items above this size are a few milliseconds of work each; others have their turn between them.
const LARGE_BYTES = 64 * 1024;

interface TableWrites {
  readonly name: string;
  readonly table: Table;
  readonly writes: readonly PlannedWrite[];
}

export async function batchWrite(world: DynamoWorld, input: Input): Promise<Reply> {
  const requests = requestItems<readonly Input[]>(input, "BatchWriteItem");
  for (const [name, writes] of requests) checkCount(name, writes);
  if (requests.reduce((count, [, writes]) => count + writes.length, 0) > MAX_WRITES)
    throw invalid("Too many items requested for the BatchWriteItem call");
  const planned: TableWrites[] = [];
  for (const [name, writes] of requests) planned.push(await planWrites(world, name, writes));
  const units = new Map<string, number>();
  for (const { name, table, writes } of planned) {
    const written = await world.tables.writeAll(table, writes);
    units.set(
      name,
      written.reduce((total, each) => total + writeUnits(each), 0),
    );
  }
  return { body: { UnprocessedItems: {}, ...consumedByTable(input, units) } };
}

function checkCount(name: string, writes: readonly Input[]): void {
  if (writes.length > 0 && writes.length <= MAX_WRITES) return;
  throw validationError([
    `Value '{${name}=[${writes.length} members]}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to ${MAX_WRITES}, Member must have length greater than or equal to 1]`,
  ]);
}

async function planWrites(world: DynamoWorld, name: string, requests: readonly Input[]): Promise<TableWrites> {
  const table = await findTable(world, name);
  const writes: PlannedWrite[] = [];
  for (const request of requests.map(withoutNulls)) {
    const [put, erase] = [request["PutRequest"] as Input | undefined, request["DeleteRequest"] as Input | undefined];
    if ((put === undefined) === (erase === undefined))
      throw invalid(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
      );
    const planned = put === undefined ? planErase(table, erase?.["Key"]) : planPut(table, put["Item"]);
    writes.push(planned);
    if (planned.item !== null && itemBytes(planned.item) > LARGE_BYTES) await turn();
  }
  refuseDuplicates(writes);
  return { name, table, writes };
}

function requestItems<T>(input: Input, action: string): readonly (readonly [string, T])[] {
  const requests = Object.entries((input["RequestItems"] ?? {}) as Readonly<Record<string, T>>);
  if (requests.length === 0) throw invalid(`The requestItems parameter is required for ${action}`);
  return requests;
}

function refuseDuplicates(writes: readonly PlannedWrite[]): void {
  const keys = new Set(writes.map(({ key }) => key.join()));
  if (keys.size !== writes.length) throw invalid("Provided list of item keys contains duplicates");
}
