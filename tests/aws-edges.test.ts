/** The AWS door at its edges, over real sockets: who is not known sends in vain, what is too much is refused, what is odd is never our failure. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { after, before, test } from "node:test";
import { zipSync } from "fflate";
import { presignedUrl, signedHeaders } from "#aws/sign.ts";
import { openDoor, ROOT, type TestDoor } from "./aws-door.ts";

let door: TestDoor;
before(async () => {
  door = await openDoor();
});
after(() => door[Symbol.asyncDispose]());

interface Asked {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly target?: string;
  readonly body: Uint8Array;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function ask({ service, method, path, target, body }: Asked): Promise<Answer> {
  const { host } = new URL(door.endpoint);
  const [raw = "/", query = ""] = path.split("?");
  const unsigned = { host, ...(target !== undefined && { "x-amz-target": target }) };
  const headers = signedHeaders(
    { method, path: raw, query, headers: unsigned, body },
    ROOT,
    { region: "us-east-1", service },
    Date.now(),
  );
  const sent = httpRequest(door.endpoint + path, { method, headers: { ...headers, "content-length": body.length } });
  // Who sends on after the answer finds the connection closed.
  sent.on("error", () => {});
  sent.end(body);
  const [response] = (await once(sent, "response")) as [AsyncIterable<Buffer> & { readonly statusCode: number }];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, text: Buffer.concat(chunks).toString() };
}

const lambda = (method: string, path: string, input?: unknown): Promise<Answer> =>
  ask({ service: "lambda", method, path, body: Buffer.from(input === undefined ? "" : JSON.stringify(input)) });

const ZIP = Buffer.from(zipSync({ "index.mjs": Buffer.from("export const handler = async () => 1") })).toString(
  "base64",
);

async function createFunction(name: string): Promise<Answer> {
  return lambda("POST", "/2015-03-31/functions", {
    FunctionName: name,
    Runtime: "nodejs24.x",
    Handler: "index.handler",
    Role: "arn:aws:iam::000000000000:role/tests",
    Code: { ZipFile: ZIP },
  });
}

test("a body without a signature is never read", async () => {
  const sent = httpRequest(`${door.endpoint}/2015-03-31/functions`, {
    method: "POST",
    headers: { "content-length": 70_000_000 },
  });
  sent.on("error", () => {});
  sent.write(Buffer.alloc(1_000));
  const [response] = (await once(sent, "response")) as [{ readonly statusCode: number; readonly headers: object }];
  assert.equal(response.statusCode, 403);
  assert.match(JSON.stringify(response.headers), /"connection":"close"/);
  sent.destroy();
});

const tooMuch: readonly (readonly [title: string, asked: Asked, message: RegExp])[] = [
  [
    "a configuration of 2 MB",
    { service: "lambda", method: "PUT", path: "/2015-03-31/functions/x/configuration", body: Buffer.alloc(2_000_000) },
    /Request must be smaller than 1048576 bytes for the UpdateFunctionConfiguration operation/,
  ],
  [
    "an invocation of 7 MB",
    { service: "lambda", method: "POST", path: "/2015-03-31/functions/x/invocations", body: Buffer.alloc(7_000_000) },
    /Request must be smaller than 6291456 bytes for the InvokeFunction operation/,
  ],
  [
    "an item of 17 MB",
    {
      service: "dynamodb",
      method: "POST",
      path: "/",
      target: "DynamoDB_20120810.PutItem",
      body: Buffer.alloc(17_000_000),
    },
    /Request must be smaller than 16777216 bytes for the PutItem operation/,
  ],
];
for (const [title, asked, message] of tooMuch) {
  test(`413: ${title}`, async () => {
    const { status, text } = await ask(asked);
    assert.equal(status, 413);
    assert.match(text, /RequestEntityTooLargeException/);
    assert.match(text, message);
  });
}

test("a million numbers are counted and not parsed", async () => {
  const body = Buffer.from(`{"TableName":"t","Key":[${"1,".repeat(1_000_000)}1]}`);
  const { status, text } = await ask({
    service: "dynamodb",
    method: "POST",
    path: "/",
    target: "DynamoDB_20120810.GetItem",
    body,
  });
  assert.equal(status, 400);
  assert.match(text, /com\.amazon\.coral\.service#SerializationException.*more than 250000 values/);
});

test("what `eks get-token` presigns is answered, in XML and in JSON", async () => {
  const { host } = new URL(door.endpoint);
  const path = "/?Action=GetCallerIdentity&Version=2011-06-15";
  const options = { now: Date.now(), expiresSeconds: 60 };
  const to = { region: "us-east-1", service: "sts" };
  const url = presignedUrl({ host, path: "/" }, ROOT, to, { ...options, query: path.slice(2) });
  const xml = await fetch(url);
  assert.equal(xml.status, 200);
  assert.match(await xml.text(), /<Arn>arn:aws:iam::000000000000:root<\/Arn>/);
  const json = (await (await fetch(url, { headers: { accept: "application/json" } })).json()) as object;
  assert.match(JSON.stringify(json), /"GetCallerIdentityResult":\{"Account":"000000000000"/);
  const forged = await fetch(url.replace("GetCallerIdentity", "GetSessionToken"));
  assert.equal(forged.status, 403);
  assert.match(await forged.text(), /<Code>SignatureDoesNotMatch<\/Code>/);
});

test("a package can be fetched from where GetFunction says, and only as long as it says", async () => {
  assert.equal((await createFunction("located")).status, 201);
  const { text } = await lambda("GET", "/2015-03-31/functions/located");
  const { Code } = JSON.parse(text) as { readonly Code: { readonly Location: string } };
  const fetched = await fetch(Code.Location);
  assert.equal(Buffer.from(await fetched.arrayBuffer()).toString("base64"), ZIP);
  assert.equal((await fetch(Code.Location.replace(/X-Amz-Expires=\d+/, "X-Amz-Expires=601"))).status, 403);
});

for (const [type, status, version] of [
  ["RequestResponse", 200, "$LATEST"],
  ["Event", 202, undefined],
  ["DryRun", 204, undefined],
] as const)
  test(`an invocation as ${type} says ${version === undefined ? "no version, because none has run" : "which version ran"}`, async () => {
    await createFunction("typed");
    const { host } = new URL(door.endpoint);
    const path = "/2015-03-31/functions/typed/invocations";
    const headers = signedHeaders(
      { method: "POST", path, query: "", headers: { host, "x-amz-invocation-type": type }, body: Buffer.from("{}") },
      ROOT,
      { region: "us-east-1", service: "lambda" },
      Date.now(),
    );
    const answer = await fetch(door.endpoint + path, { method: "POST", headers, body: "{}" });
    assert.deepEqual([answer.status, answer.headers.get("x-amz-executed-version") ?? undefined], [status, version]);
  });

test("writing a function URL answers with the mode that was asked for, reading with the one that there is", async () => {
  await createFunction("with-url");
  const path = "/2021-10-31/functions/with-url/url";
  const modes: unknown[] = [];
  for (const [method, input] of [
    ["POST", { AuthType: "NONE" }],
    ["PUT", { InvokeMode: "BUFFERED" }],
    ["PUT", { AuthType: "AWS_IAM" }],
    ["GET", undefined],
  ] as const)
    modes.push((JSON.parse((await lambda(method, path, input)).text) as { readonly InvokeMode?: string }).InvokeMode);
  assert.deepEqual(modes, [undefined, "BUFFERED", undefined, "BUFFERED"]);
});

test("an ARN of another region or account touches nothing here", async () => {
  await createFunction("mine");
  for (const [place, status] of [
    ["eu-central-1:000000000000", 404],
    ["us-east-1:111111111111", 403],
  ] as const) {
    const arn = encodeURIComponent(`arn:aws:lambda:${place}:function:mine`);
    for (const [method, path] of [
      ["GET", `/2015-03-31/functions/${arn}`],
      ["DELETE", `/2015-03-31/functions/${arn}`],
      ["POST", `/2015-03-31/functions/${arn}/invocations`],
      ["GET", `/2017-03-31/tags/${arn}`],
      ["DELETE", `/2017-10-31/functions/${arn}/concurrency`],
    ] as const)
      assert.equal((await lambda(method, path)).status, status, `${method} ${path}`);
  }
  assert.equal((await lambda("GET", "/2015-03-31/functions/mine")).status, 200);
});

const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  "",
  "x".repeat(2_000),
  [],
  [null],
  [[]],
  {},
  { a: null },
  { __proto__: 1 },
];
const MEMBERS =
  "FunctionName Code Runtime Handler Role Timeout MemorySize Environment LoggingConfig Layers Tags VpcConfig TracingConfig Architectures EphemeralStorage SnapStart ReservedConcurrentExecutions AuthType Cors RevisionId TableName Key Item KeySchema AttributeDefinitions BillingMode RequestItems ExpressionAttributeValues ExpressionAttributeNames KeyConditionExpression FilterExpression Limit logGroupName logGroupIdentifier logStreamName filterPattern nextToken startTime limit".split(
    " ",
  );
const DYNAMODB =
  "CreateTable DescribeTable ListTables DeleteTable PutItem GetItem UpdateItem DeleteItem Query Scan BatchGetItem BatchWriteItem";
const LOGS = "DescribeLogGroups DescribeLogStreams FilterLogEvents GetLogEvents DeleteLogGroup";
const LAMBDA: readonly (readonly [method: string, path: string])[] = [
  ["POST", "/2015-03-31/functions"],
  ["PUT", "/2015-03-31/functions/odd/configuration"],
  ["PUT", "/2015-03-31/functions/odd/code"],
  ["PUT", "/2017-10-31/functions/odd/concurrency"],
  ["POST", "/2021-10-31/functions/odd/url"],
  ["POST", `/2017-03-31/tags/${encodeURIComponent("arn:aws:lambda:us-east-1:000000000000:function:odd")}`],
];

function requests(): readonly Asked[] {
  const json = (service: string, prefix: string) => (name: string) => ({
    service,
    method: "POST",
    path: "/",
    target: `${prefix}.${name}`,
  });
  const targets = [
    ...DYNAMODB.split(" ").map(json("dynamodb", "DynamoDB_20120810")),
    ...LOGS.split(" ").map(json("logs", "Logs_20140328")),
    ...LAMBDA.map(([method, path]) => ({ service: "lambda", method, path })),
  ];
  return targets.flatMap((target, index) =>
    MEMBERS.map((member, at) => {
      const value = ODD[(index + at) % ODD.length];
      const other = { [MEMBERS[(at + index) % MEMBERS.length] ?? ""]: ODD[at % ODD.length] };
      return { ...target, body: Buffer.from(JSON.stringify({ ...other, [member]: value })) };
    }),
  );
}

test("whatever is sent to an action, the failure is never ours", async () => {
  for (const asked of requests()) {
    const { status, text } = await ask(asked);
    assert.ok(
      status < 500,
      `${asked.target ?? asked.path} ${Buffer.from(asked.body).toString().slice(0, 300)}: ${text}`,
    );
  }
});
