/** What each action asks of its caller, and what the root, users, functions and sessions may. */
import assert from "node:assert/strict";
import test from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { actions as dynamodb } from "./dynamodb/service.ts";
import { actions as iam } from "./iam/service.ts";
import { actions as lambda } from "./lambda/service.ts";
import { actions as logs } from "./logs/service.ts";
import { actions as sqs } from "./sqs/service.ts";
import { actions as sts } from "./sts/service.ts";
import type { Action, Members, Need } from "./action.ts";
import { type IamMode, needsOf, type Wanted } from "./authorize.ts";
import { AwsError } from "./aws-error.ts";
import { functionCredentials } from "./credentials.ts";
import type { Place } from "./place.ts";
import { SAMPLE_ROOT, type SampleIdentities, sampleIdentities } from "./sample-identities.ts";
import type { Caller } from "./sign.ts";

const PLACE = { accountId: "000000000000", region: "us-east-1" };
const ROLE = "arn:aws:iam::000000000000:role/r";
const OF = { namespace: "default", name: "reader", uid: "1" };
const ABOUT = { now: 0, sourceIp: "127.0.0.1", headers: {} };

const SERVICES: ReadonlyMap<string, readonly Action<never>[]> = new Map<string, readonly Action<never>[]>([
  ["dynamodb", dynamodb],
  ["iam", iam],
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
  [
    "iam:AttachRolePolicy",
    { RoleName: "r", PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess" },
    ["iam:AttachRolePolicy on iam::role/r iam:PolicyARN=arn:aws:iam::aws:policy/AdministratorAccess"],
  ],
  [
    "iam:CreateRole",
    { RoleName: "r", Path: "/a/", Tags: [{ Key: "team", Value: "x" }] },
    ["iam:CreateRole on iam::role/a/r aws:TagKeys=team aws:RequestTag/team=x"],
  ],
  [
    "iam:AddRoleToInstanceProfile",
    { InstanceProfileName: "p", RoleName: "r" },
    ["iam:AddRoleToInstanceProfile on iam::instance-profile/p", "iam:PassRole on iam::role/r"],
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

const open = (mode?: IamMode): Promise<SampleIdentities> =>
  sampleIdentities({ journal: new MemoryJournal(new FakeClock(0)), database: new MemoryDatabase() }, mode);

const statement = (said: object): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Allow", Action: "*", Resource: "*", ...said } });
const LAMBDA = JSON.stringify({
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "lambda.amazonaws.com" } },
});

function caller({ rights }: SampleIdentities, roleArn: string): Caller {
  const { accessKeyId, sessionToken } = functionCredentials(SAMPLE_ROOT, roleArn, OF, 0);
  const found = rights.findCaller(accessKeyId, sessionToken, 0);
  assert.ok(found);
  return found;
}

function wants(text: string, input: Members = {}): Wanted {
  return { needs: asked(text, input), isMore: true, isOpen: false };
}

const code = async (work: Promise<void>): Promise<string> => {
  try {
    await work;
    return "";
  } catch (thrown) {
    assert.ok(thrown instanceof AwsError);
    return thrown.code;
  }
};

const GET = wants("dynamodb:GetItem", { TableName: "users" });

test("a function may what its role may, and AWS says what is missing", async () => {
  const sample = await open();
  const inlinePolicies = {
    read: statement({ Action: "dynamodb:GetItem", Resource: "arn:aws:dynamodb:*:*:table/users" }),
  };
  await sample.identities.roles.create("r", { trustPolicy: LAMBDA, inlinePolicies });
  const { authorize } = sample.rights;
  const fn = caller(sample, ROLE);
  await authorize(fn, GET, ABOUT);
  await authorize(fn, wants("sts:GetCallerIdentity"), ABOUT);
  await assert.rejects(authorize(fn, wants("lambda:UpdateFunctionCode", { FunctionName: "next" }), ABOUT), {
    code: "AccessDeniedException",
    status: 403,
    message:
      "User: arn:aws:sts::000000000000:assumed-role/r/reader is not authorized to perform: lambda:UpdateFunctionCode on resource: arn:aws:lambda:us-east-1:000000000000:function:next because no identity-based policy allows the lambda:UpdateFunctionCode action",
  });
});

const roles: readonly (readonly [
  title: string,
  mode: IamMode,
  prepare: (of: SampleIdentities) => Promise<unknown>,
  code: string,
])[] = [
  ["that never was", "enforce", async () => {}, ""],
  ["that never was, where roles must exist", "strict", async () => {}, "InvalidParameterValueException"],
  [
    "that was removed",
    "enforce",
    async ({ identities }) => identities.knownRoles.add("r"),
    "InvalidParameterValueException",
  ],
  [
    "without rights",
    "enforce",
    async ({ identities }) => identities.roles.create("r", { trustPolicy: LAMBDA }),
    "AccessDeniedException",
  ],
  [
    "without rights, softly",
    "soft",
    async ({ identities }) => identities.roles.create("r", { trustPolicy: LAMBDA }),
    "",
  ],
  [
    "that does not let Lambda in",
    "enforce",
    async ({ identities }) =>
      identities.roles.create("r", {
        trustPolicy: LAMBDA.replace("lambda.", "ec2."),
        inlinePolicies: { all: statement({}) },
      }),
    "InvalidParameterValueException",
  ],
];
for (const [title, mode, prepare, expected] of roles) {
  test(`a function with a role ${title} ${expected === "" ? "may read" : `gets ${expected}`}`, async () => {
    const sample = await open(mode);
    await prepare(sample);
    assert.equal(await code(sample.rights.authorize(caller(sample, ROLE), GET, ABOUT)), expected);
  });
}

test("credentials end with the function that they were made for", async () => {
  const { identities } = await open();
  const { rightsOf } = await import("./rights.ts");
  const { silent } = await import("#base/log.ts");
  const isLiving = async (): Promise<boolean> => false;
  const rights = rightsOf({
    identities,
    root: SAMPLE_ROOT,
    region: "us-east-1",
    mode: "enforce",
    isLiving,
    log: silent,
  });
  const fn = caller({ identities, rights }, ROLE);
  assert.equal(await code(rights.authorize(fn, GET, ABOUT)), "UnrecognizedClientException");
});

const CREATE = wants("lambda:CreateFunction", { FunctionName: "f", Role: "arn:aws:iam::000000000000:role/other" });
const passes: readonly (readonly [title: string, said: object, other: string | null, code: string])[] = [
  ["one that he may pass", {}, LAMBDA, ""],
  ["one that he may not pass", { Action: "lambda:*" }, LAMBDA, "AccessDeniedException"],
  ["one for another service", {}, LAMBDA.replace("lambda.", "ec2."), "InvalidParameterValueException"],
  ["one that there is not, which would do everything", {}, null, "InvalidParameterValueException"],
  [
    "one that he may pass elsewhere",
    { Condition: { StringEqualsIfExists: { "iam:PassedToService": "ec2.amazonaws.com" } } },
    LAMBDA,
    "AccessDeniedException",
  ],
];
for (const [title, said, other, expected] of passes) {
  test(`a session hands on ${title}: ${expected || "done"}`, async () => {
    const sample = await open();
    await sample.identities.roles.create("r", { trustPolicy: LAMBDA, inlinePolicies: { own: statement(said) } });
    if (other !== null) await sample.identities.roles.create("other", { trustPolicy: other });
    assert.equal(await code(sample.rights.authorize(caller(sample, ROLE), CREATE, ABOUT)), expected);
  });
}
