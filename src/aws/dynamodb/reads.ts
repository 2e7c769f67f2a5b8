/** Query and Scan. */
import { given } from "#base/given.ts";
import type { Page, PageOptions } from "#managed/table/page.ts";
import { type Action, action } from "../action.ts";
import { validationError } from "../aws-error.ts";
import { type AccountTables, findTable, invalid, tableArns } from "./account-tables.ts";
import { consumed, queryUnits, scanUnits } from "./capacity.ts";
import { expressionsOf } from "./expressions.ts";
import { model, type QueryInput, type QueryOutput, type ScanInput } from "./model.gen.ts";

const SERVED = [
  "TableName",
  "IndexName",
  "Select",
  "Limit",
  "ConsistentRead",
  "ExclusiveStartKey",
  "FilterExpression",
  "ProjectionExpression",
  "ExpressionAttributeNames",
  "ExpressionAttributeValues",
  "ReturnConsumedCapacity",
] as const;
const OLD = { AttributesToGet: "use ProjectionExpression", ConditionalOperator: "use FilterExpression" };

export const query: Action<AccountTables> = action(model, "Query", {
  resources: tableArns,
  serves: [...SERVED, "KeyConditionExpression", "ScanIndexForward"],
  unserved: { ...OLD, KeyConditions: "use KeyConditionExpression", QueryFilter: "use FilterExpression" },
  run: async (account: AccountTables, input) => {
    // Its front end is another one than Scan's, with sentences that repeat no value.
    if ((input.Limit ?? 1) < 1) throw tooLittle("Value at 'Limit'");
    const expressions = expressionsOf(input, ["ProjectionExpression", "FilterExpression", "KeyConditionExpression"]);
    checkSelect(input);
    const table = await findTable(account, input.TableName);
    refuseIndex(input);
    const isDescending = input.ScanIndexForward === false;
    const page = await account.tables.query(table, expressions, { ...pageOptions(input), isDescending });
    return pageReply(input, page, queryUnits(page, input.ConsistentRead === true));
  },
});

export const scan: Action<AccountTables> = action(model, "Scan", {
  resources: tableArns,
  serves: [...SERVED, "Segment", "TotalSegments"],
  unserved: { ...OLD, ScanFilter: "use FilterExpression" },
  run: async (account: AccountTables, input) => {
    if ((input.Limit ?? 1) < 1) throw tooLittle(`Value '${input.Limit ?? ""}' at 'limit'`);
    const expressions = expressionsOf(input, ["ProjectionExpression", "FilterExpression"]);
    checkSelect(input);
    const options = { ...pageOptions(input), ...segmentOf(input) };
    const table = await findTable(account, input.TableName);
    refuseIndex(input);
    const page = await account.tables.scan(table, expressions, options);
    return pageReply(input, page, scanUnits(page, input.ConsistentRead === true));
  },
});

function tooLittle(what: string): Error {
  return validationError([`${what} failed to satisfy constraint: Member must have value greater than or equal to 1`]);
}

function refuseIndex({ IndexName }: Pick<QueryInput, "IndexName">): void {
  if (IndexName !== undefined) throw invalid(`The table does not have the specified index: ${IndexName}`);
}

function checkSelect({
  Select: select,
  IndexName,
  ProjectionExpression,
}: Pick<QueryInput, "Select" | "IndexName" | "ProjectionExpression">): void {
  const isProjected = ProjectionExpression !== undefined;
  if (select === "ALL_PROJECTED_ATTRIBUTES" && IndexName === undefined)
    throw invalid(
      "One or more parameter values were invalid: ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
    );
  if (select === "SPECIFIC_ATTRIBUTES" && !isProjected)
    throw invalid(
      "One or more parameter values were invalid: Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
    );
  if (select !== undefined && select !== "SPECIFIC_ATTRIBUTES" && isProjected)
    throw invalid(
      `One or more parameter values were invalid: Cannot specify the ProjectionExpression when choosing to get ${select === "COUNT" ? "only the Count" : select}`,
    );
}

function pageOptions({
  Limit: limit,
  ExclusiveStartKey: startKey,
}: Pick<QueryInput, "Limit" | "ExclusiveStartKey">): PageOptions {
  return given({ limit, startKey });
}

function segmentOf({ Segment: index, TotalSegments: of }: Pick<ScanInput, "Segment" | "TotalSegments">): PageOptions {
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

function pageReply(
  input: Pick<QueryInput, "TableName" | "Select" | "ReturnConsumedCapacity">,
  page: Page,
  units: number,
): QueryOutput {
  return {
    ...(input.Select !== "COUNT" && { Items: page.items }),
    Count: page.items.length,
    ScannedCount: page.scanned,
    ...(page.lastKey !== undefined && { LastEvaluatedKey: page.lastKey }),
    ...consumed(input, units),
  };
}
