/** The AWS door under the real aws CLI: a function's life, its throttling, its errors, its logs; a table's life. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { zipSync } from "fflate";
import { openDoor, type TestDoor } from "./aws-door.ts";

const run = promisify(execFile);
const hasAws = await run("aws", ["--version"]).then(
  () => true,
  () => false,
);
const skip = hasAws ? false : "the aws CLI is not installed";

const CODE = `
export const handler = async (event, context) => {
  console.log("hello", event.name);
  if (event.sleepMs) await new Promise((resolve) => setTimeout(resolve, event.sleepMs));
  if (event.fail) throw new TypeError("as asked");
  return { hi: event.name ?? "nobody", function: context.functionName, memory: context.memoryLimitInMB };
};`;

let door: TestDoor;

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

// Debian's CLI is older than the variable AWS_ENDPOINT_URL.
async function aws(...words: string[]): Promise<Answer> {
  try {
    const { stdout, stderr } = await run(
      "aws",
      ["--endpoint-url", door.environment["AWS_ENDPOINT_URL"] ?? "", ...words],
      { env: { ...process.env, ...door.environment } },
    );
    return { code: 0, out: stdout.trim(), error: stderr.trim() };
  } catch (thrown) {
    const failed = thrown as { readonly code: number; readonly stdout: string; readonly stderr: string };
    return { code: failed.code, out: failed.stdout.trim(), error: failed.stderr.trim() };
  }
}

/** CLI v1 takes payloads as they are, v2 wants to be told so. */
const isV2 = hasAws && /aws-cli\/2/.test((await run("aws", ["--version"])).stdout);

async function invoke(
  name: string,
  payload: object,
  ...more: string[]
): Promise<{ readonly answer: Answer; readonly payload: string }> {
  const file = join(door.folder, `out-${Math.random()}.json`);
  const raw = isV2 ? ["--cli-binary-format", "raw-in-base64-out"] : [];
  const answer = await aws(
    "lambda",
    "invoke",
    "--function-name",
    name,
    "--payload",
    JSON.stringify(payload),
    ...raw,
    ...more,
    file,
  );
  return { answer, payload: await readFile(file, "utf8").catch(() => "") };
}

async function createFunction(name: string, code = CODE, ...more: string[]): Promise<Answer> {
  const zip = join(door.folder, `${name}.zip`);
  await writeFile(zip, zipSync({ "index.mjs": Buffer.from(code) }));
  const role = "arn:aws:iam::000000000000:role/tests";
  const created = await aws(
    "lambda",
    "create-function",
    "--function-name",
    name,
    "--runtime",
    "nodejs24.x",
    "--handler",
    "index.handler",
    "--role",
    role,
    "--zip-file",
    `fileb://${zip}`,
    ...more,
  );
  if (created.code === 0) await aws("lambda", "wait", "function-active-v2", "--function-name", name);
  return created;
}

before(async () => {
  if (hasAws) door = await openDoor();
});
after(async () => {
  if (hasAws) await door[Symbol.asyncDispose]();
});

test("create, wait, invoke, update, list and delete a function", { skip }, async () => {
  const created = JSON.parse((await createFunction("life")).out) as Readonly<Record<string, unknown>>;
  assert.deepEqual(
    [created["State"], created["FunctionArn"]],
    ["Pending", "arn:aws:lambda:us-east-1:000000000000:function:life"],
  );
  const first = await invoke("life", { name: "cat" });
  assert.deepEqual(JSON.parse(first.payload), { hi: "cat", function: "life", memory: "128" });
  await aws("lambda", "update-function-configuration", "--function-name", "life", "--memory-size", "256");
  await aws("lambda", "wait", "function-updated-v2", "--function-name", "life");
  assert.equal((JSON.parse((await invoke("life", {})).payload) as { memory: string }).memory, "256");
  const again = await createFunction("life");
  assert.match(again.error, /ResourceConflictException.*Function already exist/);
  assert.equal(
    (await aws("lambda", "list-functions", "--query", "Functions[].FunctionName", "--output", "text")).out,
    "life",
  );
  assert.equal((await aws("lambda", "delete-function", "--function-name", "life")).code, 0);
  assert.match(
    (await invoke("life", {})).answer.error,
    /ResourceNotFoundException.*Function not found: arn:aws:lambda:us-east-1:000000000000:function:life/,
  );
});

test("reserved concurrency 2: of ten slow invocations at once exactly eight are throttled", { skip }, async () => {
  await createFunction("slow", CODE, "--timeout", "20");
  await aws("lambda", "put-function-concurrency", "--function-name", "slow", "--reserved-concurrent-executions", "2");
  const answers = await Promise.all(Array.from({ length: 10 }, () => invoke("slow", { sleepMs: 9_000 })));
  const throttled = answers.filter(({ answer }) => /TooManyRequestsException.*Rate Exceeded/.test(answer.error));
  assert.equal(throttled.length, 8);
});

test("a thrown error is a function error with type, message and trace; the log tail shows it", { skip }, async () => {
  await createFunction("throws");
  const { answer, payload } = await invoke("throws", { fail: true }, "--log-type", "Tail");
  const { FunctionError, LogResult } = JSON.parse(answer.out) as {
    readonly FunctionError: string;
    readonly LogResult: string;
  };
  assert.equal(FunctionError, "Unhandled");
  const { errorType, errorMessage } = JSON.parse(payload) as {
    readonly errorType: string;
    readonly errorMessage: string;
  };
  assert.deepEqual([errorType, errorMessage], ["TypeError", "as asked"]);
  const tail = Buffer.from(LogResult, "base64").toString("utf8");
  assert.match(
    tail,
    /START RequestId: .*\n[^]*Invoke Error[^]*\nEND RequestId: .*\nREPORT RequestId: .*Billed Duration: \d+ ms/,
  );
});

test("a timeout is reported in Lambda's words", { skip }, async () => {
  await createFunction("late", CODE, "--timeout", "1");
  const { payload } = await invoke("late", { sleepMs: 5_000 });
  assert.match(
    payload,
    /"errorType":"Sandbox.Timedout","errorMessage":"RequestId: [0-9a-f-]+ Error: Task timed out after 1.00 seconds"/,
  );
});

test("logs are read by CloudWatch Logs", { skip }, async () => {
  await createFunction("talks");
  await invoke("talks", { name: "logs" });
  const { out } = await aws(
    "logs",
    "filter-log-events",
    "--log-group-name",
    "/aws/lambda/talks",
    "--filter-pattern",
    "hello",
    "--query",
    "events[].message",
    "--output",
    "text",
  );
  assert.match(out, /INFO\s+hello logs/);
});

const refusals: readonly { readonly title: string; readonly words: readonly string[]; readonly error: RegExp }[] = [
  {
    title: "a bad function name",
    words: ["lambda", "get-function", "--function-name", "not a name"],
    error: /ValidationException.*functionName/,
  },
  {
    title: "a reserved variable",
    words: [
      "lambda",
      "update-function-configuration",
      "--function-name",
      "talks",
      "--environment",
      "Variables={AWS_REGION=mars}",
    ],
    error: /InvalidParameterValueException.*reserved keys.*AWS_REGION/,
  },
  { title: "a service that is not there", words: ["sns", "list-topics"], error: /UnknownService.*no service 'sns'/ },
  {
    title: "a table under a key of KMS",
    words: [
      "dynamodb",
      "create-table",
      "--table-name",
      "sealed",
      "--attribute-definitions",
      "AttributeName=a,AttributeType=S",
      "--key-schema",
      "AttributeName=a,KeyType=HASH",
      "--billing-mode",
      "PAY_PER_REQUEST",
      "--sse-specification",
      "Enabled=true",
    ],
    error: /SSESpecification.Enabled=true is not supported by Catamaran/,
  },
  {
    title: "an unknown table",
    words: ["dynamodb", "get-item", "--table-name", "none", "--key", '{"a":{"S":"x"}}'],
    error: /ResourceNotFoundException.*Requested resource not found/,
  },
];
for (const { title, words, error } of refusals) {
  test(`refused by name: ${title}`, { skip }, async () => {
    const answer = await aws(...words);
    assert.notEqual(answer.code, 0);
    assert.match(answer.error.replaceAll("\n", " "), error);
  });
}

test("a zip that escapes its folder, a forged signature and a wrong key are refused", { skip }, async () => {
  const zip = join(door.folder, "broken.zip");
  await writeFile(zip, zipSync({ "../escaped.mjs": Buffer.from(CODE) }));
  const broken = await aws(
    "lambda",
    "create-function",
    "--function-name",
    "broken",
    "--runtime",
    "nodejs24.x",
    "--handler",
    "a.b",
    "--role",
    "arn:aws:iam::000000000000:role/tests",
    "--zip-file",
    `fileb://${zip}`,
  );
  assert.match(broken.error, /InvalidParameterValueException.*Could not unzip uploaded file/);
  assert.match((await aws("lambda", "get-function", "--function-name", "broken")).error, /ResourceNotFoundException/);
  const before = door.environment;
  door = {
    ...door,
    environment: { ...before, AWS_SECRET_ACCESS_KEY: "wrong" },
    [Symbol.asyncDispose]: door[Symbol.asyncDispose],
  };
  assert.match((await aws("lambda", "list-functions")).error, /InvalidSignatureException/);
  door = {
    ...door,
    environment: { ...before, AWS_ACCESS_KEY_ID: "AKIAOTHER" },
    [Symbol.asyncDispose]: door[Symbol.asyncDispose],
  };
  assert.match((await aws("lambda", "list-functions")).error, /UnrecognizedClientException/);
  door = { ...door, environment: before, [Symbol.asyncDispose]: door[Symbol.asyncDispose] };
});

test("a table's life: create, put, get, update, query in order, conditional failure, delete", { skip }, async () => {
  const table = ["--table-name", "scores"];
  await aws(
    "dynamodb",
    "create-table",
    ...table,
    "--attribute-definitions",
    "AttributeName=player,AttributeType=S",
    "AttributeName=round,AttributeType=N",
    "--key-schema",
    "AttributeName=player,KeyType=HASH",
    "AttributeName=round,KeyType=RANGE",
    "--billing-mode",
    "PAY_PER_REQUEST",
  );
  await aws("dynamodb", "wait", "table-exists", ...table);
  for (const round of ["10", "9", "-5", "1.5"])
    await aws("dynamodb", "put-item", ...table, "--item", `{"player":{"S":"a"},"round":{"N":"${round}"}}`);
  const key = ["--key", '{"player":{"S":"a"},"round":{"N":"10.0"}}'];
  const updated = await aws(
    "dynamodb",
    "update-item",
    ...table,
    ...key,
    "--update-expression",
    "ADD points :p",
    "--expression-attribute-values",
    '{":p":{"N":"0.1"}}',
    "--return-values",
    "UPDATED_NEW",
    "--query",
    "Attributes.points.N",
    "--output",
    "text",
  );
  assert.equal(updated.out, "0.1");
  const rounds = await aws(
    "dynamodb",
    "query",
    ...table,
    "--key-condition-expression",
    "player = :a AND round > :zero",
    "--expression-attribute-values",
    '{":a":{"S":"a"},":zero":{"N":"0"}}',
    "--query",
    "Items[].round.N",
    "--output",
    "text",
  );
  assert.equal(rounds.out, "1.5\t9\t10");
  const refused = await aws(
    "dynamodb",
    "put-item",
    ...table,
    "--item",
    '{"player":{"S":"a"},"round":{"N":"9"}}',
    "--condition-expression",
    "attribute_not_exists(player)",
  );
  assert.match(refused.error, /ConditionalCheckFailedException.*The conditional request failed/);
  await aws("dynamodb", "delete-table", ...table);
  await aws("dynamodb", "wait", "table-not-exists", ...table);
  assert.equal((await aws("dynamodb", "list-tables", "--query", "TableNames", "--output", "text")).out, "");
});
