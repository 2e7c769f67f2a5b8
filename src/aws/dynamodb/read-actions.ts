/** Query and Scan. */
import { type Page, type PageOptions, schemaOf } from "#managed/table/tables.ts";
import type { Input, Reply } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../shape.ts";
import {
  consumed,
  type DynamoWorld,
  expressionsOf,
  findTable,
  item,
  legacy,
  names,
  readUnits,
  tableNameShape,
  text,
  values,
} from "./world.ts";

const COMMON: Readonly<Record<string, Shape>> = {
  ...legacy,
  TableName: tableNameShape,
  IndexName: text,
  Select: { is: "string", enum: ["ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT"] },
  Limit: { is: "integer", min: 1 },
  ConsistentRead: { is: "boolean" },
  ExclusiveStartKey: item,
  FilterExpression: text,
  ProjectionExpression: text,
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: values,
  ReturnConsumedCapacity: { is: "string", enum: ["INDEXES", "TOTAL", "NONE"] },
};

export const queryInput: Shape = {
  is: "structure",
  members: { ...COMMON, KeyConditionExpression: text, ScanIndexForward: { is: "boolean" } },
  required: ["TableName"],
};

export const scanInput: Shape = {
  is: "structure",
  members: {
    ...COMMON,
    Segment: { is: "integer", min: 0, max: 999_999 },
    TotalSegments: { is: "integer", min: 1, max: 1_000_000 },
  },
  required: ["TableName"],
};

export async function query(world: DynamoWorld, input: Input): Promise<Reply> {
  refuseIndex(input);
  const table = await findTable(world, input);
  const expressions = expressionsOf(input);
  if (expressions.filter !== undefined) refuseKeysInFilter(input, schemaOf(table));
  const page = await world.tables.query(table, expressions, {
    ...pageOptions(input),
    isDescending: input["ScanIndexForward"] === false,
  });
  return pageReply(input, page);
}

export async function scan(world: DynamoWorld, input: Input): Promise<Reply> {
  refuseIndex(input);
  const table = await findTable(world, input);
  return pageReply(
    input,
    await world.tables.scan(table, expressionsOf(input), { ...pageOptions(input), ...segmentOf(input) }),
  );
}

function refuseIndex(input: Input): void {
  if (input["IndexName"] !== undefined)
    throw new AwsError(
      "ValidationException",
      400,
      `The table does not have the specified index: ${input["IndexName"] as string}`,
    );
}

function refuseKeysInFilter(input: Input, schema: ReturnType<typeof schemaOf>): void {
  const keys = [schema.partition.name, ...(schema.sort === undefined ? [] : [schema.sort.name])];
  const aliases = (input["ExpressionAttributeNames"] ?? {}) as Readonly<Record<string, string>>;
  const words = ((input["FilterExpression"] as string).match(/[#\w]+/g) ?? []).map((word) => aliases[word] ?? word);
  const key = keys.find((name) => words.includes(name));
  if (key !== undefined)
    throw new AwsError(
      "ValidationException",
      400,
      `Filter Expression can only contain non-primary key attributes: Primary key attribute: ${key}`,
    );
}

function pageOptions(input: Input): PageOptions {
  return {
    ...(input["Limit"] === undefined ? {} : { limit: input["Limit"] as number }),
    ...(input["ExclusiveStartKey"] === undefined ? {} : { startKey: input["ExclusiveStartKey"] }),
  };
}

function segmentOf(input: Input): PageOptions {
  const [index, of] = [input["Segment"] as number | undefined, input["TotalSegments"] as number | undefined];
  if (index === undefined && of === undefined) return {};
  if (index === undefined || of === undefined)
    throw new AwsError(
      "ValidationException",
      400,
      "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
    );
  if (index >= of)
    throw new AwsError(
      "ValidationException",
      400,
      `The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: ${index} is not less than TotalSegments: ${of}`,
    );
  return { segment: { index, of } };
}

function pageReply(input: Input, page: Page): Reply {
  const items = input["Select"] === "COUNT" ? {} : { Items: page.items };
  return {
    body: {
      ...items,
      Count: page.items.length,
      ScannedCount: page.scanned,
      ...(page.lastKey === undefined ? {} : { LastEvaluatedKey: page.lastKey }),
      ...consumed(input, readUnits(page.bytes, input["ConsistentRead"] === true)),
    },
  };
}
