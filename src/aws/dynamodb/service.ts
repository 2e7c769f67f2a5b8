/** DynamoDB: the list of its actions (API version 2012-08-10). */
import { type Action, type Service, service } from "../action.ts";
import { describeContinuousBackups, describeLimits } from "./account-limits.ts";
import { type AccountTables, invalid } from "./account-tables.ts";
import { batchGetItem, batchWriteItem } from "./batches.ts";
import { createTable } from "./create-table.ts";
import { describeEndpoints } from "./describe-endpoints.ts";
import { inDynamoWords } from "./dynamodb-error.ts";
import { deleteItem, getItem, putItem, updateItem } from "./items.ts";
import { model } from "./model.gen.ts";
import { batchExecuteStatement, executeStatement, executeTransaction } from "./partiql-actions.ts";
import { query, scan } from "./reads.ts";
import { deleteTable, describeTable, listTables } from "./tables.ts";
import { listTagsOfResource, tagResource, untagResource } from "./tags.ts";
import { describeTimeToLive, updateTimeToLive } from "./time-to-live.ts";
import { transactGetItems, transactWriteItems } from "./transactions.ts";
import { updateTable } from "./update-table.ts";

export const actions: readonly Action<AccountTables>[] = [
  createTable,
  describeTable,
  describeEndpoints,
  describeLimits,
  describeContinuousBackups,
  listTables,
  updateTable,
  transactWriteItems,
  executeStatement,
  batchExecuteStatement,
  executeTransaction,
  transactGetItems,
  describeTimeToLive,
  updateTimeToLive,
  tagResource,
  untagResource,
  listTagsOfResource,
  deleteTable,
  putItem,
  getItem,
  updateItem,
  deleteItem,
  query,
  scan,
  batchGetItem,
  batchWriteItem,
];

export function dynamodbService(account: AccountTables): Service {
  return service(model, account, actions.map(inDynamoWords), {
    isCoded: true,
    errorNamespace: "com.amazonaws.dynamodb.v20120810",
    // DynamoDB Developer Guide, "Quotas": a batch of 25 items of 400 KB, and what stands around them.
    maxBodyBytes: 16 * 1024 * 1024,
    refusal: invalid,
  });
}
