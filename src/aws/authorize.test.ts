/** What a function's own credentials may do, as long as there are no policies. */
import assert from "node:assert/strict";
import test from "node:test";
import type { FunctionObject } from "#kinds/catamaran/function.ts";
import { actions as dynamodb } from "./dynamodb/service.ts";
import { actions as lambda } from "./lambda/service.ts";
import { actions as logs } from "./logs/service.ts";
import { actions as sqs } from "./sqs/service.ts";
import { actions as sts } from "./sts/service.ts";
import type { Action, Members, Need } from "./action.ts";
import { functionRights, needsOf } from "./authorize.ts";
import type { Place } from "./place.ts";
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
  ["dynamodb:GetItem", { TableName: "user" }, false],
  ["dynamodb:GetItem", { TableName: "theirs" }, false],
  ["dynamodb:BatchGetItem", {}, false],
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
  ["logs:FilterLogEvents", { logGroupName: "/aws/lambda/other" }, false],
  ["logs:DeleteLogGroup", { logGroupName: "/aws/lambda/reader" }, false],
  ["sqs:SendMessage", { QueueUrl: "http://other:1/000000000000/jobs" }, true],
  ["sqs:ReceiveMessage", { QueueUrl: "http://127.0.0.1:4566/000000000000/next" }, true],
  ["sqs:SendMessage", { QueueUrl: "http://127.0.0.1:4566/000000000000/job" }, false],
  ["sqs:DeleteQueue", { QueueUrl: "http://127.0.0.1:4566/000000000000/jobs" }, false],
  ["sqs:SendMessageBatch", { QueueUrl: "http://127.0.0.1:4566/000000000000/jobs" }, true],
];

const SERVICES: ReadonlyMap<string, readonly Action<never>[]> = new Map<string, readonly Action<never>[]>([
  ["dynamodb", dynamodb],
  ["lambda", lambda],
  ["logs", logs],
  ["sqs", sqs],
  ["sts", sts],
]);

function asked(text: string, input: Members): (place: Place) => readonly Need[] {
  const [signingName = "", name = ""] = text.split(":");
  const action = SERVICES.get(signingName)?.find(({ operation }) => operation.name === name);
  assert.ok(action, text);
  const model = { signingName, version: "", protocols: [], operations: {}, shapes: {} };
  return (place) => needsOf({ model }, action, { input, place });
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

const ROLE = "arn:aws:iam::000000000000:role/r";
const needs: readonly (readonly [asked: string, input: Members, needs: readonly string[]])[] = [
  ["sts:GetCallerIdentity", {}, []],
  ["lambda:ListFunctions", {}, ["lambda:ListFunctions on *"]],
  [
    "lambda:Invoke",
    { FunctionName: "f", Qualifier: "live" },
    ["lambda:InvokeFunction on lambda:us-east-1:function:f:live"],
  ],
  [
    "lambda:CreateFunction",
    { FunctionName: "f", Role: ROLE },
    [
      "lambda:CreateFunction on lambda:us-east-1:function:f",
      "iam:PassRole on iam::role/r iam:PassedToService=lambda.amazonaws.com",
    ],
  ],
  [
    "lambda:UpdateFunctionConfiguration",
    { FunctionName: "f" },
    ["lambda:UpdateFunctionConfiguration on lambda:us-east-1:function:f"],
  ],
  [
    "lambda:CreateEventSourceMapping",
    { FunctionName: "f" },
    ["lambda:CreateEventSourceMapping on * lambda:FunctionArn=arn:aws:lambda:us-east-1:000000000000:function:f"],
  ],
  [
    "lambda:GetEventSourceMapping",
    { UUID: "u" },
    ["lambda:GetEventSourceMapping on lambda:us-east-1:event-source-mapping:u"],
  ],
  ["dynamodb:Query", { TableName: "t", IndexName: "i" }, ["dynamodb:Query on dynamodb:us-east-1:table/t/index/i"]],
  ["dynamodb:BatchGetItem", {}, ["dynamodb:BatchGetItem on *"]],
  ["logs:DescribeLogGroups", {}, ["logs:DescribeLogGroups on logs:us-east-1:log-group::log-stream:"]],
  [
    "logs:GetLogEvents",
    { logGroupIdentifier: "arn:aws:logs:us-east-1:000000000000:log-group:g:*", logStreamName: "s" },
    ["logs:GetLogEvents on logs:us-east-1:log-group:g:log-stream:s"],
  ],
  ["sqs:GetQueueUrl", { QueueName: "q" }, ["sqs:GetQueueUrl on sqs:us-east-1:q"]],
  [
    "sqs:StartMessageMoveTask",
    { SourceArn: "arn:aws:sqs:us-east-1:000000000000:a", DestinationArn: "arn:aws:sqs:us-east-1:000000000000:b" },
    [
      "sqs:StartMessageMoveTask on sqs:us-east-1:a",
      "sqs:ReceiveMessage on sqs:us-east-1:a",
      "sqs:DeleteMessage on sqs:us-east-1:a",
      "sqs:GetQueueAttributes on sqs:us-east-1:a",
      "sqs:SendMessage on sqs:us-east-1:b",
    ],
  ],
];
for (const [text, input, expected] of needs) {
  test(`${text} ${JSON.stringify(input)} needs ${expected.join(", ") || "nothing"}`, () => {
    assert.deepEqual(asked(text, input)(PLACE).map(brief), expected);
  });
}

function brief({ permission, resource, conditions = {} }: Need): string {
  const short = resource.replace("arn:aws:", "").replace(":000000000000", "");
  return [
    `${permission} on ${short}`,
    ...Object.entries(conditions).map(([key, value]) => `${key}=${String(value)}`),
  ].join(" ");
}
