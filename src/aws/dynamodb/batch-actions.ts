/** BatchGetItem and BatchWriteItem: many single reads or writes in one request, each on its own. */
import { checkItem } from "#managed/table/attribute.ts";
import { project } from "#managed/table/projection.ts";
import type { Input, Reply } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../shape.ts";
import { keyText, noExpressions } from "./item-actions.ts";
import { type DynamoWorld, expressionsOf, findTable } from "./world.ts";

const MAX_GETS = 100;
const MAX_WRITES = 25;

export const batchGetInput: Shape = {
  is: "structure",
  members: {
    RequestItems: { is: "map", of: { is: "any" }, min: 1, max: MAX_GETS },
    ReturnConsumedCapacity: { is: "string", enum: ["INDEXES", "TOTAL", "NONE"] },
  },
  required: ["RequestItems"],
};

export const batchWriteInput: Shape = {
  is: "structure",
  members: {
    RequestItems: {
      is: "map",
      of: { is: "list", of: { is: "any" }, min: 1, max: MAX_WRITES },
      min: 1,
      max: MAX_WRITES,
    },
    ReturnConsumedCapacity: { is: "string", enum: ["INDEXES", "TOTAL", "NONE"] },
    ReturnItemCollectionMetrics: { is: "string", enum: ["SIZE", "NONE"] },
  },
  required: ["RequestItems"],
};

export async function batchGet(world: DynamoWorld, input: Input): Promise<Reply> {
  const requests = Object.entries(input["RequestItems"] as Readonly<Record<string, Input>>);
  const total = requests.reduce((count, [, request]) => count + keysOf(request).length, 0);
  if (total > MAX_GETS)
    throw new AwsError("ValidationException", 400, "Too many items requested for the BatchGetItem call");
  const responses: Record<string, unknown> = {};
  for (const [name, request] of requests) responses[name] = await getAll(world, name, request);
  return { body: { Responses: responses, UnprocessedKeys: {} } };
}

async function getAll(world: DynamoWorld, name: string, request: Input): Promise<readonly unknown[]> {
  const table = await findTable(world, { TableName: name });
  const { projection } = expressionsOf(request);
  const found = await Promise.all(keysOf(request).map((key) => world.tables.get(table, key)));
  return found.flatMap((object) =>
    object === null ? [] : [projection === undefined ? object : project(object, projection)],
  );
}

function keysOf(request: Input): readonly unknown[] {
  const keys = request["Keys"];
  if (!Array.isArray(keys) || keys.length === 0)
    throw new AwsError(
      "ValidationException",
      400,
      "1 validation error detected: Value at 'requestItems.keys' failed to satisfy constraint: Member must not be null",
    );
  return keys;
}

interface WriteRequest {
  readonly PutRequest?: { readonly Item: unknown };
  readonly DeleteRequest?: { readonly Key: unknown };
}

export async function batchWrite(world: DynamoWorld, input: Input): Promise<Reply> {
  const requests = Object.entries(input["RequestItems"] as Readonly<Record<string, readonly WriteRequest[]>>);
  const total = requests.reduce((count, [, writes]) => count + writes.length, 0);
  if (total > MAX_WRITES)
    throw new AwsError("ValidationException", 400, "Too many items requested for the BatchWriteItem call");
  for (const [name, writes] of requests) await writeAll(world, name, writes);
  return { body: { UnprocessedItems: {} } };
}

async function writeAll(world: DynamoWorld, name: string, writes: readonly WriteRequest[]): Promise<void> {
  const table = await findTable(world, { TableName: name });
  const keys = writes.map((write) => keyText(table, checkItem(write.PutRequest?.Item ?? write.DeleteRequest?.Key)));
  if (new Set(keys).size !== keys.length)
    throw new AwsError("ValidationException", 400, "Provided list of item keys contains duplicates");
  await Promise.all(
    writes.map((write) =>
      write.PutRequest === undefined
        ? world.tables.erase(table, write.DeleteRequest?.Key, noExpressions)
        : world.tables.put(table, write.PutRequest.Item, noExpressions),
    ),
  );
}
