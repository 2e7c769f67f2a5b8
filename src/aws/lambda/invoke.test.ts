/** Invoke as a client of the door sees it: payload, heads and status of each kind of call, and what is refused before anything runs. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import type { Script } from "#functions/fakes.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { SampleDoor } from "../sample-door.ts";

let door: SampleDoor;
const ran: Parameters<Script>[0][] = [];
const FAILURE = new TextEncoder().encode('{"errorMessage":"no"}');
const script: Script = async (request, sandbox) => {
  ran.push(request);
  sandbox.onLog({ atMs: 1, requestId: request.requestId, text: "hello" });
  const isFailing = new TextDecoder().decode(request.payload) === '"fail"';
  if (isFailing) return { is: "error", payload: FAILURE, errorType: "Error", maxMemoryMib: 40 };
  return { is: "response", payload: request.payload, maxMemoryMib: 40 };
};

before(async () => {
  const memory = { journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() };
  door = await SampleDoor.open(memory, script);
  await door.lambda("POST /2015-03-31/functions", {
    FunctionName: "f",
    Runtime: "nodejs24.x",
    Handler: "index.handler",
    Role: "arn:aws:iam::000000000000:role/r",
    Code: { ZipFile: "UEsDBA==" },
  });
});
after(() => door[Symbol.asyncDispose]());

const INVOKE = "POST /2015-03-31/functions/f/invocations";

test("an answer is the function's, with its version and the request's id; the second one is warm", async () => {
  const cold = await door.lambda(INVOKE, { a: 1 });
  const warm = await door.lambda(INVOKE, { a: "é" });
  assert.deepEqual([cold.status, cold.json, warm.json], [200, { a: 1 }, { a: "é" }]);
  assert.deepEqual(
    [cold, warm].map(({ headers }) => headers["x-catamaran-cold-start"]),
    ["1", undefined],
  );
  const { headers } = warm;
  assert.deepEqual([headers["content-type"], headers["x-amz-executed-version"]], ["application/json", "$LATEST"]);
  assert.equal(headers["x-amzn-requestid"], ran.at(-1)?.requestId);
  assert.equal(headers["x-amz-log-result"], undefined);
});

test("no payload is none", async () => {
  await door.lambda(INVOKE);
  assert.equal(ran.at(-1)?.payload.length, 0);
});

test("the end of the log comes along when asked for", async () => {
  const { headers } = await door.lambda(INVOKE, {}, { "x-amz-log-type": "Tail" });
  const tail = Buffer.from(String(headers["x-amz-log-result"]), "base64").toString();
  assert.match(tail, /^START RequestId: .* Version: \$LATEST\nhello\nEND RequestId: .*\nREPORT RequestId: /);
});

test("a function that fails answers 200, and says so in a header", async () => {
  const { status, headers, text } = await door.lambda(INVOKE, '"fail"');
  assert.deepEqual([status, headers["x-amz-function-error"], text], [200, "Unhandled", '{"errorMessage":"no"}']);
});

test("an event is accepted and runs later; a dry run never does", async () => {
  const count = ran.length;
  const dry = await door.lambda(INVOKE, {}, { "x-amz-invocation-type": "DryRun" });
  assert.deepEqual([dry.status, dry.text, ran.length], [204, "", count]);
  const event = await door.lambda(INVOKE, {}, { "x-amz-invocation-type": "Event" });
  assert.deepEqual([event.status, event.text, event.headers["x-amz-executed-version"]], [202, "", undefined]);
});

test("the client's context and trace come through", async () => {
  const context = Buffer.from('{"custom":{"a":1}}').toString("base64");
  await door.lambda(INVOKE, {}, { "x-amz-client-context": context, "x-amzn-trace-id": "Root=1-2-3" });
  assert.deepEqual([ran.at(-1)?.clientContext, ran.at(-1)?.traceId], ['{"custom":{"a":1}}', "Root=1-2-3;Lineage=f:1"]);
});

test("the qualifier is in the name or beside it", async () => {
  for (const path of ["f:$LATEST", "arn:aws:lambda:us-east-1:000000000000:function:f", "f"])
    assert.equal((await door.lambda(INVOKE.replace("/f/", `/${path}/`), {})).status, 200);
  assert.equal((await door.lambda(`${INVOKE}?Qualifier=$LATEST`, {})).status, 200);
});

test("a function without concurrency is throttled, with the reason", async () => {
  await door.lambda("PUT /2017-10-31/functions/f/concurrency", { ReservedConcurrentExecutions: 0 });
  const { status, json } = await door.lambda(INVOKE, {});
  await door.lambda("DELETE /2017-10-31/functions/f/concurrency");
  const { __type, Type, Reason } = json as Readonly<Record<string, unknown>>;
  assert.deepEqual(
    [status, __type, Type, Reason],
    [429, "TooManyRequestsException", "User", "ReservedFunctionConcurrentInvocationLimitExceeded"],
  );
});

const CONTENT = "InvalidRequestContentException";
const NOT_FOUND = "ResourceNotFoundException";
const ARN = "arn:aws:lambda:us-east-1:000000000000:function";
const ONE = "1 validation error detected: ";
const refusals: readonly (readonly [
  title: string,
  request: string,
  input: unknown,
  headers: Readonly<Record<string, string>>,
  status: number,
  code: string,
  message: RegExp,
])[] = [
  ["what is no JSON", INVOKE, "{", {}, 400, CONTENT, /^Could not parse request body into json: /],
  [
    "a context that is none",
    INVOKE,
    {},
    { "x-amz-client-context": "bm8=" },
    400,
    CONTENT,
    /^Client context must be a valid Base64-encoded JSON object\.$/,
  ],
  [
    "a kind of call that there is not",
    INVOKE,
    {},
    { "x-amz-invocation-type": "Later" },
    400,
    "ValidationException",
    new RegExp(
      `^${ONE}Value 'Later' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: \\[`,
    ),
  ],
  [
    "a function that is not there, with its version",
    INVOKE.replace("/f/", "/none/"),
    {},
    {},
    404,
    NOT_FOUND,
    new RegExp(`^Function not found: ${ARN}:none:\\$LATEST$`),
  ],
  ["a version that is not there", `${INVOKE}?Qualifier=7`, {}, {}, 404, NOT_FOUND, new RegExp(`${ARN}:f:7$`)],
  [
    "an event of more than a megabyte",
    INVOKE,
    JSON.stringify("x".repeat(1024 * 1024)),
    { "x-amz-invocation-type": "Event" },
    413,
    "RequestEntityTooLargeException",
    /^1048578 byte payload is too large for the Event invocation type \(limit 1048576 bytes\)$/,
  ],
  [
    "a payload of more than six megabytes",
    INVOKE,
    JSON.stringify("x".repeat(6 * 1024 * 1024)),
    {},
    413,
    "RequestEntityTooLargeException",
    /^Request must be smaller than 6291456 bytes for the InvokeFunction operation$/,
  ],
];
for (const [title, request, input, headers, status, code, message] of refusals)
  test(`refused before anything runs: ${title}`, async () => {
    const count = ran.length;
    const answer = await door.lambda(request, input, headers);
    const { __type, message: told, Message } = answer.json as Readonly<Record<string, unknown>>;
    assert.deepEqual([answer.status, __type, ran.length], [status, code, count]);
    assert.match(String(told ?? Message), message);
  });
