/** Which operations of DynamoDB are served. Read by tools/gen-aws.ts. */
import type { Listed } from "../listed.ts";

export const listed: Listed = {
  service: "dynamodb",
  version: "2012-08-10",
  operations: [
    "BatchExecuteStatement",
    "BatchGetItem",
    "BatchWriteItem",
    "CreateTable",
    "DeleteItem",
    "DeleteTable",
    "DescribeContinuousBackups",
    "DescribeEndpoints",
    "DescribeLimits",
    "DescribeTable",
    "DescribeTimeToLive",
    "ExecuteStatement",
    "ExecuteTransaction",
    "GetItem",
    "ListTables",
    "ListTagsOfResource",
    "PutItem",
    "Query",
    "Scan",
    "TagResource",
    "TransactGetItems",
    "TransactWriteItems",
    "UntagResource",
    "UpdateItem",
    "UpdateTable",
    "UpdateTimeToLive",
  ],
  // The table engine reads attribute values itself, and stores them as they came.
  opaque: ["AttributeValue"],
  open: [
    // Query and Scan, and the batches, have sentences of their own.
    "PositiveIntegerObject",
    "KeyList",
    "BatchGetRequestMap",
    "BatchGetItemInput.RequestItems",
    "BatchWriteItemRequestMap",
    "WriteRequests",
    "BatchWriteItemInput.RequestItems",
    "CreateTableInput.TableName",
  ],
  order: {
    ScalarAttributeType: ["B", "N", "S"],
    Select: ["SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"],
  },
};
