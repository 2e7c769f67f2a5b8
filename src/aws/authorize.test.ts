/** What a function's own credentials may do, as long as there are no policies. */
import assert from "node:assert/strict";
import test from "node:test";
import type { FunctionObject } from "#kinds/catamaran/function.ts";
import type { Members } from "./action.ts";
import { type Asked, functionRights } from "./authorize.ts";
import { AwsError } from "./aws-error.ts";
import type { Caller } from "./sign.ts";

const PLACE = { accountId: "000000000000", region: "us-east-1" };
const ROOT: Caller = { accessKeyId: "AKIA", secretAccessKey: "x", arn: "arn:aws:iam::000000000000:root" };
const FUNCTION: Caller = {
  accessKeyId: "ASIA",
  secretAccessKey: "x",
  arn: "arn:aws:sts::000000000000:assumed-role/r/reader",
  functionOf: { namespace: "default", name: "reader", uid: "1" },
};
const READER: FunctionObject = {
  metadata: { namespace: "default", name: "reader", uid: "1" },
  spec: {
    runtime: "nodejs24.x",
    handler: "a.b",
    code: { sha256: "", size: 1 },
    environment: {
      TABLE: "users",
      ORDERS: "arn:aws:dynamodb:us-east-1:000000000000:table/orders",
      LIST: "first,second",
      NEXT: "next",
      QUEUE: "http://127.0.0.1:4566/000000000000/jobs",
      OTHER_ACCOUNT: "arn:aws:dynamodb:us-east-1:111111111111:table/theirs",
    },
  },
};

const cases: readonly (readonly [asked: string, input: Members, isAllowed: boolean])[] = [
  ["sts:GetCallerIdentity", {}, true],
  ["dynamodb:GetItem", { TableName: "users" }, true],
  ["dynamodb:PutItem", { TableName: "arn:aws:dynamodb:us-east-1:000000000000:table/users" }, true],
  ["dynamodb:Query", { TableName: "orders" }, true],
  ["dynamodb:Scan", { TableName: "second" }, true],
  ["dynamodb:BatchGetItem", { RequestItems: { users: {}, orders: {} } }, true],
  ["dynamodb:BatchWriteItem", { RequestItems: { users: [], secrets: [] } }, false],
  ["dynamodb:TransactWriteItems", { TransactItems: [{ Put: { TableName: "users" } }] }, true],
  [
    "dynamodb:TransactWriteItems",
    { TransactItems: [{ Put: { TableName: "users" } }, { Delete: { TableName: "x" } }] },
    false,
  ],
  ["dynamodb:TransactWriteItems", { TransactItems: [null] }, false],
  ["dynamodb:GetItem", { TableName: "user" }, false],
  ["dynamodb:GetItem", { TableName: "theirs" }, false],
  ["dynamodb:GetItem", {}, false],
  ["dynamodb:DeleteTable", { TableName: "users" }, false],
  ["dynamodb:ListTables", {}, false],
  ["lambda:Invoke", { FunctionName: "next" }, true],
  ["lambda:Invoke", { FunctionName: "arn:aws:lambda:us-east-1:000000000000:function:next:$LATEST" }, true],
  ["lambda:Invoke", { FunctionName: "other" }, false],
  ["lambda:Invoke", { FunctionName: "reader" }, false],
  ["lambda:UpdateFunctionCode", { FunctionName: "next" }, false],
  ["lambda:CreateFunction", { FunctionName: "next" }, false],
  ["lambda:ListFunctions", {}, false],
  ["lambda:TagResource", { Resource: "arn:aws:lambda:us-east-1:000000000000:function:next" }, false],
  ["logs:FilterLogEvents", { logGroupName: "/aws/lambda/reader" }, true],
  ["logs:PutLogEvents", { logGroupName: "/aws/lambda/reader" }, true],
  ["logs:FilterLogEvents", { logGroupName: "/aws/lambda/other" }, false],
  ["logs:DeleteLogGroup", { logGroupName: "/aws/lambda/reader" }, false],
  ["sqs:SendMessage", { QueueUrl: "http://other:1/000000000000/jobs" }, true],
  ["sqs:ReceiveMessage", { QueueUrl: "http://127.0.0.1:4566/000000000000/next" }, true],
  ["sqs:SendMessage", { QueueUrl: "http://127.0.0.1:4566/000000000000/job" }, false],
  ["sqs:DeleteQueue", { QueueUrl: "http://127.0.0.1:4566/000000000000/jobs" }, false],
  ["constructor:GetItem", { TableName: "users" }, false],
];

function asked(text: string, input: Members): Asked {
  const [service = "", name = ""] = text.split(":");
  const action = { name };
  return { service, action, input };
}

for (const [text, input, isAllowed] of cases) {
  test(`a function ${isAllowed ? "may" : "may not"} ${text} ${JSON.stringify(input)}`, async () => {
    const authorize = functionRights(PLACE, async () => READER);
    if (isAllowed) return authorize(FUNCTION, asked(text, input));
    await assert.rejects(
      authorize(FUNCTION, asked(text, input)),
      (thrown) => thrown instanceof AwsError && thrown.code === "AccessDeniedException",
    );
  });
  test(`the root may ${text} ${JSON.stringify(input)}`, async () => {
    await functionRights(PLACE, async () => null)(ROOT, asked(text, input));
  });
}

test("the refusal names who, what and on what, in AWS's words", async () => {
  const authorize = functionRights(PLACE, async () => READER);
  await assert.rejects(authorize(FUNCTION, asked("lambda:UpdateFunctionCode", { FunctionName: "next" })), {
    message:
      "User: arn:aws:sts::000000000000:assumed-role/r/reader is not authorized to perform: lambda:UpdateFunctionCode on resource: arn:aws:lambda:us-east-1:000000000000:function:next because no identity-based policy allows the lambda:UpdateFunctionCode action",
  });
});

test("credentials end with the function that they were made for", async () => {
  const authorize = functionRights(PLACE, async () => null);
  await assert.rejects(authorize(FUNCTION, asked("sts:GetCallerIdentity", {})), {
    code: "UnrecognizedClientException",
  });
});
