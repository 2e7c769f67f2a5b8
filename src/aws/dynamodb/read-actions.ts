/** Query and Scan. */
import type { Page, PageOptions } from "#managed/table/page.ts";
import type { Input, Reply } from "../untyped-action.ts";
import type { Shape } from "../untyped-shape.ts";
import { capacityShape, consumed, queryUnits, scanUnits } from "./capacity.ts";
import { invalid } from "./dynamodb-error.ts";
import { expressionsOf } from "./expressions.ts";
import { type DynamoWorld, item, legacy, names, tableNameShape, tableOf, text, values } from "./world.ts";

const COMMON: Readonly<Record<string, Shape>> = {
  ...legacy,
  TableName: tableNameShape,
  IndexName: text,
  Select: { is: "string", enum: ["SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"] },
  Limit: { is: "integer", min: 1 },
  ConsistentRead: { is: "boolean" },
  ExclusiveStartKey: item,
  FilterExpression: text,
  ProjectionExpression: text,
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: values,
  ReturnConsumedCapacity: capacityShape,
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
  const expressions = expressionsOf(input, ["ProjectionExpression", "FilterExpression", "KeyConditionExpression"]);
  checkSelect(input);
  const table = await tableOf(world, input);
  refuseIndex(input);
  const page = await world.tables.query(table, expressions, {
    ...pageOptions(input),
    isDescending: input["ScanIndexForward"] === false,
  });
  return pageReply(input, page, queryUnits(page, input["ConsistentRead"] === true));
}

export async function scan(world: DynamoWorld, input: Input): Promise<Reply> {
  const expressions = expressionsOf(input, ["ProjectionExpression", "FilterExpression"]);
  checkSelect(input);
  const options = { ...pageOptions(input), ...segmentOf(input) };
  const table = await tableOf(world, input);
  refuseIndex(input);
  const page = await world.tables.scan(table, expressions, options);
  return pageReply(input, page, scanUnits(page, input["ConsistentRead"] === true));
}

function refuseIndex(input: Input): void {
  if (input["IndexName"] !== undefined)
    throw invalid(`The table does not have the specified index: ${input["IndexName"] as string}`);
}

function checkSelect(input: Input): void {
  const select = input["Select"];
  const isProjected = input["ProjectionExpression"] !== undefined;
  if (select === "ALL_PROJECTED_ATTRIBUTES" && input["IndexName"] === undefined)
    throw invalid(
      "One or more parameter values were invalid: ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
    );
  if (select === "SPECIFIC_ATTRIBUTES" && !isProjected)
    throw invalid(
      "One or more parameter values were invalid: Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
    );
  if (select !== undefined && select !== "SPECIFIC_ATTRIBUTES" && isProjected)
    throw invalid(
      `One or more parameter values were invalid: Cannot specify the ProjectionExpression when choosing to get ${select === "COUNT" ? "only the Count" : (select as string)}`,
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
  if (of === undefined)
    throw invalid(
      "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
    );
  if (index === undefined)
    throw invalid(
      "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
    );
  if (index >= of)
    throw invalid(
      `The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: ${index} is not less than TotalSegments: ${of}`,
    );
  return { segment: { index, of } };
}

function pageReply(input: Input, page: Page, units: number): Reply {
  return {
    body: {
      ...(input["Select"] !== "COUNT" && { Items: page.items }),
      Count: page.items.length,
      ScannedCount: page.scanned,
      ...(page.lastKey !== undefined && { LastEvaluatedKey: page.lastKey }),
      ...consumed(input, units),
    },
  };
}
