/** ExecuteStatement, BatchExecuteStatement and ExecuteTransaction: PartiQL on tables. */
import { createHash } from "node:crypto";
import { Fault } from "#base/fault.ts";
import { given } from "#base/given.ts";
import { itemBytes } from "#managed/table/attribute.ts";
import { ConditionFailed, DuplicateItem } from "#managed/table/plan-changes.ts";
import { type Action, action } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { type AccountTables, failure, invalid } from "./account-tables.ts";
import {
  consumed,
  consumedByTable,
  NO_UNITS,
  queryUnits,
  readOf,
  readUnits,
  sumOf,
  tableUnits,
  type Units,
  writeUnits,
} from "./capacity.ts";
import {
  type BatchStatementError,
  type BatchStatementRequest,
  type BatchStatementResponse,
  type ExecuteStatementOutput,
  type ItemResponse,
  model,
} from "./model.gen.ts";
import {
  changeOf,
  columnsOf,
  decodeToken,
  encodeToken,
  placeOfSelect,
  prepared,
  type Prepared,
  returnedOf,
  type Select,
  selectPage,
  statementNeeds,
  type Writing,
} from "./statements.ts";
import { planned, transactParts, unitsOf } from "./transactions.ts";

export const executeStatement: Action<AccountTables> = action(model, "ExecuteStatement", {
  resources: () => [],
  alsoNeeds: ({ Statement }, place) => statementNeeds(Statement, place),
  serves: [
    "Statement",
    "Parameters",
    "ConsistentRead",
    "NextToken",
    "ReturnConsumedCapacity",
    "Limit",
    "ReturnValuesOnConditionCheckFailure",
  ],
  unserved: {},
  run: async (account: AccountTables, input): Promise<ExecuteStatementOutput> => {
    const { name: TableName, table, statement } = await prepared(account, input.Statement, input.Parameters);
    const asked = given({ TableName, ReturnConsumedCapacity: input.ReturnConsumedCapacity });
    if (statement.is === "exists") throw invalid("EXISTS is a statement of transactions alone");
    if (statement.is !== "select") {
      const written = await account.tables.writeAll([changeOf(table, statement)]).catch(refuseDuplicate);
      const returned = written[0] === undefined ? null : returnedOf(statement, written[0]);
      const units = written.reduce((sum, each) => sumOf(sum, writeUnits(table, each)), NO_UNITS);
      return { Items: returned === null ? [] : [returned], ...consumed(asked, units) };
    }
    const isConsistent = input.ConsistentRead === true;
    const startKey = input.NextToken === undefined ? undefined : decodeToken(input.NextToken);
    const reading = { ...given({ limit: input.Limit, startKey }), isConsistent };
    const { page, index } = await selectPage(account, { table, statement }, reading);
    return {
      Items: page.items.map((item) => columnsOf(item, statement.columns)),
      ...(page.lastKey !== undefined && { LastEvaluatedKey: page.lastKey, NextToken: encodeToken(page.lastKey) }),
      ...consumed(asked, readOf(index, queryUnits(page, isConsistent))),
    };
  },
});

function refuseDuplicate(thrown: unknown): never {
  if (thrown instanceof DuplicateItem) throw failure("DuplicateItemException", thrown.message);
  throw thrown;
}

/** Each statement alone: what one comes to says nothing of the others. */
export const batchExecuteStatement: Action<AccountTables> = action(model, "BatchExecuteStatement", {
  resources: () => [],
  alsoNeeds: ({ Statements }, place) => Statements.flatMap(({ Statement }) => statementNeeds(Statement, place)),
  serves: ["Statements", "ReturnConsumedCapacity"],
  unserved: {},
  run: async (account: AccountTables, { Statements, ReturnConsumedCapacity }) => {
    const units = new Map<string, Units>();
    const Responses: BatchStatementResponse[] = [];
    for (const request of Statements) Responses.push(await responseOf(account, request, units));
    return { Responses, ...consumedByTable(ReturnConsumedCapacity, units) };
  },
});

async function responseOf(
  account: AccountTables,
  request: BatchStatementRequest,
  units: Map<string, Units>,
): Promise<BatchStatementResponse> {
  try {
    const one = await prepared(account, request.Statement, request.Parameters);
    const { item, cost } = await done(account, one, request.ConsistentRead === true);
    units.set(one.name, sumOf(units.get(one.name) ?? NO_UNITS, cost));
    return { TableName: one.name, ...(item !== null && { Item: item }) };
  } catch (thrown) {
    return { Error: errorOf(thrown, request.ReturnValuesOnConditionCheckFailure === "ALL_OLD") };
  }
}

async function done({ tables }: AccountTables, { table, statement }: Prepared, isConsistent: boolean) {
  if (statement.is === "exists") throw invalid("EXISTS is a statement of transactions alone");
  if (statement.is === "select") {
    const [item = null] = await tables.readTogether([placeOfSelect(table, statement)]);
    const cost = tableUnits(readUnits(item, isConsistent));
    return { item: item === null ? null : columnsOf(item, statement.columns), cost };
  }
  const [written = { before: null, after: null }] = await tables.writeAll([changeOf(table, statement)]);
  return { item: returnedOf(statement, written), cost: writeUnits(table, written) };
}

function errorOf(thrown: unknown, wantsOld: boolean): BatchStatementError {
  if (thrown instanceof ConditionFailed) {
    const { message, item } = thrown;
    return { Code: "ConditionalCheckFailed", Message: message, ...(wantsOld && item !== null && { Item: item }) };
  }
  if (thrown instanceof DuplicateItem) return { Code: "DuplicateItem", Message: thrown.message };
  if (thrown instanceof AwsError && thrown.code === "ResourceNotFoundException")
    return { Code: "ResourceNotFound", Message: thrown.message };
  if (thrown instanceof AwsError && thrown.code === "ValidationException")
    return { Code: "ValidationError", Message: thrown.message };
  if (thrown instanceof Fault && thrown.code === "BadRequest")
    return { Code: "ValidationError", Message: thrown.message };
  throw thrown;
}

// As of a transaction of items.
const TIMES = 2;
const MAX_READ_BYTES = 4 * 1024 * 1024;

export const executeTransaction: Action<AccountTables> = action(model, "ExecuteTransaction", {
  resources: () => [],
  alsoNeeds: ({ TransactStatements }, place) =>
    TransactStatements.flatMap(({ Statement }) => statementNeeds(Statement, place)),
  serves: ["TransactStatements", "ClientRequestToken", "ReturnConsumedCapacity"],
  unserved: {},
  run: async (account: AccountTables, input) => {
    const { TransactStatements: asked, ClientRequestToken: token, ReturnConsumedCapacity } = input;
    const statements = await Promise.all(
      asked.map(async ({ Statement, Parameters, ReturnValuesOnConditionCheckFailure: old }) => ({
        ...(await prepared(account, Statement, Parameters)),
        wantsOld: old === "ALL_OLD",
      })),
    );
    const reads = statements.flatMap((one) =>
      one.statement.is === "select" ? [{ ...one, statement: one.statement }] : [],
    );
    if (reads.length > 0 && reads.length < statements.length)
      throw invalid("Transaction cannot contain both read and write operations");
    if (reads.length > 0) return readAll(account, reads, ReturnConsumedCapacity);
    const writes = statements.flatMap((one) =>
      one.statement.is === "select" ? [] : [{ ...one, statement: one.statement satisfies Writing }],
    );
    const parts = planned(
      writes.map(({ name, wantsOld, table, statement }) => ({
        name,
        wantsOld,
        plan: () => changeOf(table, statement),
      })),
    );
    const fingerprint = createHash("sha256").update(JSON.stringify(asked)).digest("base64");
    const transacted = await transactParts(account, parts, token === undefined ? null : { token, fingerprint });
    const Responses = writes.map(({ statement }, at): ItemResponse => {
      const written = transacted.written[at];
      const item = written === undefined ? null : returnedOf(statement, written);
      return item === null ? {} : { Item: item };
    });
    return { Responses, ...consumedByTable(ReturnConsumedCapacity, unitsOf(parts, transacted)) };
  },
});

async function readAll(
  { tables }: AccountTables,
  reads: readonly (Omit<Prepared, "statement"> & { readonly statement: Select })[],
  asked: Parameters<typeof consumedByTable>[0],
) {
  const items = await tables.readTogether(reads.map(({ table, statement }) => placeOfSelect(table, statement)));
  if (items.reduce((sum, item) => sum + (item === null ? 0 : itemBytes(item)), 0) > MAX_READ_BYTES)
    throw invalid(`Transaction payload size cannot exceed ${MAX_READ_BYTES} bytes`);
  const units = new Map<string, Units>();
  const Responses = reads.map(({ name, statement }, at): ItemResponse => {
    const item = items[at] ?? null;
    units.set(name, sumOf(units.get(name) ?? NO_UNITS, tableUnits(readUnits(item, true)), TIMES));
    return item === null ? {} : { Item: columnsOf(item, statement.columns) };
  });
  return { Responses, ...consumedByTable(asked, units) };
}
