/** What hangs on a function, as a client of the door sees it: reserved concurrency, its URL, its tags. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { SampleDoor } from "../sample-door.ts";

let door: SampleDoor;
const ARN = "arn:aws:lambda:us-east-1:000000000000:function";
type Members = Readonly<Record<string, unknown>>;

before(async () => {
  door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() });
  for (const FunctionName of ["f", "g"])
    await door.lambda("POST /2015-03-31/functions", {
      FunctionName,
      Runtime: "nodejs24.x",
      Handler: "index.handler",
      Role: "arn:aws:iam::000000000000:role/r",
      Code: { ZipFile: "UEsDBA==" },
    });
});
after(() => door[Symbol.asyncDispose]());

const PUT = "PUT /2017-10-31/functions/f/concurrency";
const GET = "GET /2019-09-30/functions/f/concurrency";
const URL = "/2021-10-31/functions/f/url";
const TAGS = `/2017-03-31/tags/${ARN}:f`;

test("concurrency is reserved, read and given back", async () => {
  const put = await door.lambda(PUT, { ReservedConcurrentExecutions: 5 });
  assert.deepEqual([put.status, put.json], [200, { ReservedConcurrentExecutions: 5 }]);
  assert.deepEqual((await door.lambda(GET)).json, { ReservedConcurrentExecutions: 5 });
  const { json } = await door.lambda("GET /2015-03-31/functions/f");
  assert.deepEqual((json as Members)["Concurrency"], { ReservedConcurrentExecutions: 5 });
  const settings = (await door.lambda("GET /2016-08-19/account-settings")).json as { readonly AccountLimit: Members };
  assert.equal(settings.AccountLimit["UnreservedConcurrentExecutions"], 995);
  const deleted = await door.lambda("DELETE /2017-10-31/functions/f/concurrency");
  assert.deepEqual([deleted.status, deleted.text], [204, ""]);
  assert.deepEqual((await door.lambda(GET)).json, {});
});

test("what other functions reserved counts", async () => {
  await door.lambda("PUT /2017-10-31/functions/g/concurrency", { ReservedConcurrentExecutions: 500 });
  assert.equal((await door.lambda(PUT, { ReservedConcurrentExecutions: 401 })).status, 400);
  assert.equal((await door.lambda(PUT, { ReservedConcurrentExecutions: 400 })).status, 200);
  await door.lambda("DELETE /2017-10-31/functions/g/concurrency");
  await door.lambda("DELETE /2017-10-31/functions/f/concurrency");
});

test("a URL is made, read, changed and deleted", async () => {
  const made = await door.lambda(`POST ${URL}`, { AuthType: "NONE", Cors: { AllowOrigins: ["*"], MaxAge: 5 } });
  const url = {
    FunctionUrl: "http://gateway/_functions/default/f/",
    FunctionArn: `${ARN}:f`,
    AuthType: "NONE",
    Cors: { AllowOrigins: ["*"], MaxAge: 5 },
    CreationTime: "2026-01-02T03:04:05Z",
    LastModifiedTime: "2026-01-02T03:04:05.000+0000",
  };
  const { LastModifiedTime: _unsaid, ...created } = url;
  assert.deepEqual([made.status, made.json], [201, created]);
  assert.deepEqual((await door.lambda(`GET ${URL}`)).json, { ...url, InvokeMode: "BUFFERED" });
  const changed = await door.lambda(`PUT ${URL}`, { AuthType: "AWS_IAM", InvokeMode: "BUFFERED" });
  assert.deepEqual([changed.status, changed.json], [200, { ...url, AuthType: "AWS_IAM", InvokeMode: "BUFFERED" }]);
  const { Cors: _rules, ...plain } = url;
  assert.deepEqual((await door.lambda(`PUT ${URL}`, { Cors: {} })).json, { ...plain, AuthType: "AWS_IAM" });
  assert.equal((await door.lambda(`DELETE ${URL}`)).status, 204);
  assert.equal((await door.lambda(`GET ${URL}`)).status, 404);
});

test("there is one URL for a function", async () => {
  await door.lambda(`POST ${URL}`, { AuthType: "NONE" });
  const { status, json } = await door.lambda(`POST ${URL}`, { AuthType: "NONE" });
  const { message } = json as Members;
  assert.deepEqual(
    [status, message],
    [
      409,
      `Failed to create function url config for [functionArn = ${ARN}:f]. Error message:  FunctionUrlConfig exists for this Lambda function`,
    ],
  );
  await door.lambda(`DELETE ${URL}`);
});

test("tags are added, listed and taken away", async () => {
  const list = async (): Promise<unknown> => (await door.lambda(`GET ${TAGS}`)).json;
  assert.deepEqual(await list(), { Tags: {} });
  const added = await door.lambda(`POST ${TAGS}`, { Tags: { a: "b", c: "d" } });
  assert.deepEqual([added.status, added.text], [204, ""]);
  await door.lambda(`POST ${TAGS}`, { Tags: { c: "e" } });
  assert.deepEqual(await list(), { Tags: { a: "b", c: "e" } });
  assert.equal((await door.lambda(`DELETE ${TAGS}?tagKeys=a&tagKeys=x`)).status, 204);
  assert.deepEqual(await list(), { Tags: { c: "e" } });
});

const INVALID = "InvalidParameterValueException";
const VALIDATION = "ValidationException";
const NOT_FOUND = "ResourceNotFoundException";
const NO_URL = "The resource you requested does not exist.";
const ONE = "1 validation error detected: ";
const NULL = (at: string): string =>
  `${ONE}Value null at '${at}' failed to satisfy constraint: Member must not be null`;

const refusals: readonly (readonly [
  title: string,
  request: string,
  input: unknown,
  status: number,
  code: string,
  message: string,
])[] = [
  [
    "more than the account has",
    PUT,
    { ReservedConcurrentExecutions: 950 },
    400,
    INVALID,
    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].",
  ],
  [
    "less than nothing",
    PUT,
    { ReservedConcurrentExecutions: -1 },
    400,
    VALIDATION,
    `${ONE}Value '-1' at 'reservedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 0`,
  ],
  ["no number", PUT, {}, 400, VALIDATION, NULL("reservedConcurrentExecutions")],
  [
    "a function that is not there, with its version",
    PUT.replace("/f/", "/none/"),
    { ReservedConcurrentExecutions: 1 },
    404,
    NOT_FOUND,
    `Function not found: ${ARN}:none:$LATEST`,
  ],
  [
    "a version",
    PUT.replace("/f/", "/f:1/"),
    { ReservedConcurrentExecutions: 1 },
    400,
    INVALID,
    "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.",
  ],
  [
    "a function that is not there",
    GET.replace("/f/", "/none/"),
    undefined,
    404,
    NOT_FOUND,
    `Function not found: ${ARN}:none`,
  ],
  ["no kind of access", `POST ${URL}`, {}, 400, VALIDATION, NULL("authType")],
  [
    "a kind of access that there is not",
    `POST ${URL}`,
    { AuthType: "ALL" },
    400,
    VALIDATION,
    `${ONE}Value 'ALL' at 'authType' failed to satisfy constraint: Member must satisfy enum value set: [NONE, AWS_IAM]`,
  ],
  [
    "a function that is not there",
    "POST /2021-10-31/functions/none/url",
    { AuthType: "NONE" },
    404,
    NOT_FOUND,
    "Function does not exist",
  ],
  ["an alias", `POST ${URL}?Qualifier=live`, { AuthType: "NONE" }, 404, NOT_FOUND, "Function does not exist"],
  ["what is not there", `GET ${URL}`, undefined, 404, NOT_FOUND, NO_URL],
  ["what is not there", `DELETE ${URL}`, undefined, 404, NOT_FOUND, NO_URL],
  ["what is not there", `PUT ${URL}`, { AuthType: "NONE" }, 404, NOT_FOUND, NO_URL],
  ["no tags", `POST ${TAGS}`, {}, 400, VALIDATION, NULL("tags")],
  ["no tag", `POST ${TAGS}`, { Tags: {} }, 400, INVALID, "An error occurred and the request cannot be processed."],
  ["no keys", `DELETE ${TAGS}`, undefined, 400, VALIDATION, NULL("tagKeys")],
  [
    "too many tags",
    `POST ${TAGS}`,
    { Tags: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, "v"])) },
    400,
    INVALID,
    "Number of tags exceeds resource tag limit.",
  ],
  [
    "a version",
    `GET ${TAGS}:1`,
    undefined,
    400,
    INVALID,
    "Tags on function aliases and versions are not supported. Please specify a function ARN.",
  ],
  [
    "what else has tags, and is not there",
    "GET /2017-03-31/tags/arn:aws:lambda:us-east-1:000000000000:capacity-provider:l",
    undefined,
    404,
    NOT_FOUND,
    "Capacity provider not found: arn:aws:lambda:us-east-1:000000000000:capacity-provider:l",
  ],
];
for (const [title, request, input, status, code, message] of refusals)
  test(`${request.replace(/ .*\//, " … ")} refuses ${title}`, async () => {
    const answer = await door.lambda(request, input);
    const { __type, message: told, Message } = answer.json as Members;
    assert.deepEqual([answer.status, __type, told ?? Message], [status, code, message]);
  });

test("a version's URL and rules for pages that cannot be are refused by name", async () => {
  await door.lambda(`POST ${URL}`, { AuthType: "NONE" });
  const cases: readonly (readonly [input: object, message: RegExp])[] = [[{ Cors: { MaxAge: 86_401 } }, /maxAge/i]];
  for (const [input, message] of cases) {
    const { status, json } = await door.lambda(`PUT ${URL}`, input);
    assert.equal(status, 400);
    assert.match(String((json as Members)["message"]), message);
  }
  const { json } = await door.lambda(`PUT ${URL}?Qualifier=1`, {});
  assert.match(String((json as Members)["message"]), /^1 validation error detected: Value '1' at 'qualifier'/);
});
