/** Query and Scan. */
import { given } from "#base/given.ts";
import type { Table } from "#kinds/catamaran/table.ts";
import type { Expressions } from "#managed/table/expression.ts";
import { conditionPaths } from "#managed/table/expression-syntax.ts";
import type { Page, PageOptions } from "#managed/table/page.ts";
import { indexesOf, type SecondaryIndex } from "#managed/table/secondary-index.ts";
import { type Action, action } from "../action.ts";
import { validationError } from "../aws-error.ts";
import { type AccountTables, findTable, invalid, tableArns } from "./account-tables.ts";
import { consumed, queryUnits, readOf, scanUnits, type Units } from "./capacity.ts";
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
  "AttributesToGet",
  "ConditionalOperator",
] as const;

export const query: Action<AccountTables> = action(model, "Query", {
  resources: tableArns,
  serves: [...SERVED, "KeyConditionExpression", "ScanIndexForward", "KeyConditions", "QueryFilter"],
  unserved: {},
  run: async (account: AccountTables, input) => {
    // Its front end is another one than Scan's, with sentences that repeat no value.
    if ((input.Limit ?? 1) < 1) throw tooLittle("Value at 'Limit'");
    const expressions = expressionsOf(input, ["ProjectionExpression", "FilterExpression", "KeyConditionExpression"]);
    checkSelect(input);
    const table = await findTable(account, input.TableName);
    const index = indexFor(table, input);
    const isDescending = input.ScanIndexForward === false;
    const options = { ...pageOptions(input), ...indexOptions(index, input, expressions), isDescending };
    const page = await account.tables.query(table, expressions, options);
    return pageReply(input, page, readOf(index, queryUnits(page, input.ConsistentRead === true)));
  },
});

export const scan: Action<AccountTables> = action(model, "Scan", {
  resources: tableArns,
  serves: [...SERVED, "Segment", "TotalSegments", "ScanFilter"],
  unserved: {},
  run: async (account: AccountTables, input) => {
    if ((input.Limit ?? 1) < 1) throw tooLittle(`Value '${input.Limit ?? ""}' at 'limit'`);
    const expressions = expressionsOf(input, ["ProjectionExpression", "FilterExpression"]);
    checkSelect(input);
    const segment = segmentOf(input);
    const table = await findTable(account, input.TableName);
    const index = indexFor(table, input);
    const options = { ...pageOptions(input), ...segment, ...indexOptions(index, input, expressions) };
    const page = await account.tables.scan(table, expressions, options);
    return pageReply(input, page, readOf(index, scanUnits(page, input.ConsistentRead === true)));
  },
});

function tooLittle(what: string): Error {
  return validationError([`${what} failed to satisfy constraint: Member must have value greater than or equal to 1`]);
}

type Reading = Pick<QueryInput, "IndexName" | "ConsistentRead" | "Select">;

/** Absent for a read of the table itself. */
function indexFor(table: Table, { IndexName: name, ConsistentRead, Select }: Reading): SecondaryIndex | undefined {
  if (name === undefined) return undefined;
  const index = indexesOf(table).find((one) => one.name === name);
  if (index === undefined) throw invalid(`The table does not have the specified index: ${name}`);
  if (!index.isLocal && ConsistentRead === true)
    throw invalid("Consistent reads are not supported on global secondary indexes");
  if (!index.isLocal && Select === "ALL_ATTRIBUTES" && index.keeps !== "all")
    throw invalid(
      `One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index ${name} because its projection type is not ALL`,
    );
  return index;
}

/** What a local index does not keep is fetched from the table; of a global one it is refused. */
function indexOptions(
  index: SecondaryIndex | undefined,
  { Select }: Reading,
  { projection, filter }: Expressions,
): PageOptions {
  if (index === undefined) return {};
  const { name, keeps } = index;
  if (keeps === "all") return { indexName: name };
  const paths = [...(projection?.paths ?? []), ...(filter === undefined ? [] : conditionPaths(filter))];
  const missing = paths.map(([first]) => String(first)).filter((attribute) => !keeps.includes(attribute));
  if (missing.length > 0 && !index.isLocal)
    throw invalid(
      `One or more parameter values were invalid: Global secondary index ${name} does not project [${[...new Set(missing)].join(", ")}]`,
    );
  return { indexName: name, isFetched: Select === "ALL_ATTRIBUTES" || missing.length > 0 };
}

function checkSelect({
  Select: select,
  IndexName,
  ProjectionExpression,
  AttributesToGet,
}: Pick<QueryInput, "Select" | "IndexName" | "ProjectionExpression" | "AttributesToGet">): void {
  const isProjected = ProjectionExpression !== undefined || AttributesToGet !== undefined;
  const how = ProjectionExpression === undefined ? "AttributesToGet" : "ProjectionExpression";
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
      `One or more parameter values were invalid: Cannot specify the ${how} when choosing to get ${select === "COUNT" ? "only the Count" : select}`,
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
  units: Units,
): QueryOutput {
  return {
    ...(input.Select !== "COUNT" && { Items: page.items }),
    Count: page.items.length,
    ScannedCount: page.scanned,
    ...(page.lastKey !== undefined && { LastEvaluatedKey: page.lastKey }),
    ...consumed(input, units),
  };
}
