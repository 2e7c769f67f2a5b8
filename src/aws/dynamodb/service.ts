/** DynamoDB: the list of its actions (API version 2012-08-10). */
import type { Action, Input, Reply, Service } from "../untyped-action.ts";
import type { Shape } from "../untyped-shape.ts";
import { batchGet, batchGetInput, batchWrite, batchWriteInput } from "./batch-actions.ts";
import { inDynamoWords } from "./dynamodb-error.ts";
import {
  deleteItem,
  deleteItemInput,
  getItem,
  getItemInput,
  putItem,
  putItemInput,
  updateItem,
  updateItemInput,
} from "./item-actions.ts";
import { query, queryInput, scan, scanInput } from "./read-actions.ts";
import {
  createTable,
  createTableInput,
  deleteTable,
  describeTable,
  listTables,
  listTablesInput,
  tableInput,
} from "./table-actions.ts";
import { type DynamoWorld, withoutNulls } from "./world.ts";

export function dynamodbService(world: DynamoWorld): Service {
  const action = (name: string, input: Shape, run: (world: DynamoWorld, input: Input) => Promise<Reply>): Action => ({
    name,
    input,
    run: (given) =>
      inDynamoWords(() => run(world, withoutNulls(given)), given["ReturnValuesOnConditionCheckFailure"] === "ALL_OLD"),
  });
  return {
    signingName: "dynamodb",
    protocol: "json-1.0",
    targetPrefix: "DynamoDB_20120810",
    isCoded: true,
    errorNamespace: "com.amazonaws.dynamodb.v20120810",
    // DynamoDB Developer Guide, "Quotas": a batch of 25 items of 400 KB, and what stands around them.
    maxBodyBytes: 16 * 1024 * 1024,
    actions: [
      action("CreateTable", createTableInput, createTable),
      action("DescribeTable", tableInput, describeTable),
      action("ListTables", listTablesInput, listTables),
      action("DeleteTable", tableInput, deleteTable),
      action("PutItem", putItemInput, putItem),
      action("GetItem", getItemInput, getItem),
      action("UpdateItem", updateItemInput, updateItem),
      action("DeleteItem", deleteItemInput, deleteItem),
      action("Query", queryInput, query),
      action("Scan", scanInput, scan),
      action("BatchGetItem", batchGetInput, batchGet),
      action("BatchWriteItem", batchWriteInput, batchWrite),
    ],
  };
}
