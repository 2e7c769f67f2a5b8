/** Provisioned concurrency, recursion and what else is said of a function at the door, with AWS's answers and refusals. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { type Answer, SampleDoor } from "../sample-door.ts";

let door: SampleDoor;
const FUNCTIONS = "/2015-03-31/functions";
const PROVISIONED = "/2019-09-30/functions/f/provisioned-concurrency";
const ARN = "arn:aws:lambda:us-east-1:000000000000:function";
type Members = Readonly<Record<string, unknown>>;

before(async () => {
  door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() });
  await door.lambda(`POST ${FUNCTIONS}`, {
    FunctionName: "f",
    Runtime: "nodejs24.x",
    Handler: "index.handler",
    Role: "arn:aws:iam::000000000000:role/r",
    Code: { ZipFile: "UEsDBA==" },
  });
  await door.lambda(`POST ${FUNCTIONS}/f/invocations`, {});
  await door.lambda(`POST ${FUNCTIONS}/f/versions`, {});
  await door.lambda(`POST ${FUNCTIONS}/f/aliases`, { Name: "live", FunctionVersion: "1" });
});
after(() => door[Symbol.asyncDispose]());

function told({ status, json }: Answer): readonly unknown[] {
  const { __type, message, Message } = json as Members;
  return [status, __type, message ?? Message];
}

const put = (qualifier: string, count: number): Promise<Answer> =>
  door.lambda(`PUT ${PROVISIONED}?Qualifier=${qualifier}`, { ProvisionedConcurrentExecutions: count });

test("a version is provisioned at once, shown, and let go", async () => {
  const asked = await put("1", 2);
  assert.deepEqual(
    [asked.status, asked.json],
    [
      202,
      {
        RequestedProvisionedConcurrentExecutions: 2,
        AvailableProvisionedConcurrentExecutions: 0,
        AllocatedProvisionedConcurrentExecutions: 0,
        Status: "IN_PROGRESS",
        LastModified: "2026-01-02T03:04:05.000+0000",
      },
    ],
  );
  const ready = (await door.lambda(`GET ${PROVISIONED}?Qualifier=1`)).json as Members;
  assert.deepEqual([ready["Status"], ready["AvailableProvisionedConcurrentExecutions"]], ["READY", 2]);
  const listed = (await door.lambda(`GET ${PROVISIONED}?List=ALL`)).json as {
    readonly ProvisionedConcurrencyConfigs: readonly Members[];
  };
  assert.deepEqual(
    listed.ProvisionedConcurrencyConfigs.map(({ FunctionArn }) => FunctionArn),
    [`${ARN}:f:1`],
  );
  assert.deepEqual(told(await put("live", 1)), [
    409,
    "ResourceConflictException",
    "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
  ]);
  assert.equal((await door.lambda(`DELETE ${PROVISIONED}?Qualifier=1`)).status, 204);
  assert.deepEqual(told(await door.lambda(`GET ${PROVISIONED}?Qualifier=1`)), [
    404,
    "ProvisionedConcurrencyConfigNotFoundException",
    "No Provisioned Concurrency Config found for this function",
  ]);
  assert.equal((await put("live", 1)).status, 202);
  assert.deepEqual(told(await put("1", 1)), [
    409,
    "ResourceConflictException",
    "Version is pointed by a Provisioned Concurrency alias",
  ]);
  assert.equal((await door.lambda(`DELETE ${PROVISIONED}?Qualifier=live`)).status, 204);
});

const refused: readonly (readonly [qualifier: string, count: number, ...expected: unknown[]])[] = [
  [
    "$LATEST",
    1,
    400,
    "InvalidParameterValueException",
    "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
  ],
  ["10", 1, 404, "ResourceNotFoundException", `Function not found: ${ARN}:f:10`],
  ["none", 1, 404, "ResourceNotFoundException", `Cannot find alias arn: ${ARN}:f:none`],
  [
    "1",
    1001,
    400,
    "InvalidParameterValueException",
    "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [1000].",
  ],
  [
    "1",
    901,
    400,
    "InvalidParameterValueException",
    "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].",
  ],
];
for (const [qualifier, count, ...expected] of refused)
  test(`${count} provisioned for ${qualifier} are refused`, async () =>
    assert.deepEqual(told(await put(qualifier, count)), expected));

test("loops are stopped unless they are allowed", async () => {
  const recursion = "/2024-08-31/functions/f/recursion-config";
  assert.deepEqual((await door.lambda(`GET ${recursion}`)).json, { RecursiveLoop: "Terminate" });
  const trace = { "x-amzn-trace-id": "Root=1-0-0;Lineage=f:16" };
  assert.deepEqual(told(await door.lambda(`POST ${FUNCTIONS}/f/invocations`, {}, trace)).slice(0, 2), [
    400,
    "RecursiveInvocationException",
  ]);
  assert.deepEqual((await door.lambda(`PUT ${recursion}`, { RecursiveLoop: "Allow" })).json, {
    RecursiveLoop: "Allow",
  });
  assert.deepEqual((await door.lambda(`GET ${recursion}`)).json, { RecursiveLoop: "Allow" });
  assert.equal((await door.lambda(`POST ${FUNCTIONS}/f/invocations`, {}, trace)).status, 200);
});

test("a runtime is updated with the platform, and no function has code signing", async () => {
  const runtime = "/2021-07-20/functions/f/runtime-management-config";
  const auto = { UpdateRuntimeOn: "Auto", FunctionArn: `${ARN}:f` };
  assert.deepEqual((await door.lambda(`GET ${runtime}`)).json, auto);
  assert.deepEqual((await door.lambda(`PUT ${runtime}`, { UpdateRuntimeOn: "Auto" })).json, auto);
  assert.match(
    String(told(await door.lambda(`PUT ${runtime}`, { UpdateRuntimeOn: "Manual" }))[2]),
    /^UpdateRuntimeOn=Manual is not supported/,
  );
  const signing = await door.lambda("GET /2020-06-30/functions/f/code-signing-config");
  assert.deepEqual([signing.status, signing.json], [200, {}]);
});
