/** Versions and aliases at the door: published, listed, invoked, deleted, with AWS's answers and refusals. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { type Answer, SampleDoor } from "../sample-door.ts";

let door: SampleDoor;
const FUNCTIONS = "/2015-03-31/functions";
const ARN = "arn:aws:lambda:us-east-1:000000000000:function";
const NEW = {
  FunctionName: "f",
  Runtime: "nodejs24.x",
  Handler: "index.handler",
  Role: "arn:aws:iam::000000000000:role/r",
  Code: { ZipFile: "UEsDBA==" },
};
const STALE =
  "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id";
type Members = Readonly<Record<string, unknown>>;

before(async () => {
  door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() });
});
after(() => door[Symbol.asyncDispose]());

/** A function that is active; each test has its own. */
async function created(name: string, more: Members = {}): Promise<Answer> {
  const made = await door.lambda(`POST ${FUNCTIONS}`, { ...NEW, FunctionName: name, ...more });
  assert.equal(made.status, 201);
  await door.lambda(`POST ${FUNCTIONS}/${name}/invocations`, {});
  return made;
}

async function updated(name: string, change: Members): Promise<void> {
  assert.equal((await door.lambda(`PUT ${FUNCTIONS}/${name}/configuration`, change)).status, 200);
  await door.lambda(`POST ${FUNCTIONS}/${name}/invocations`, {});
  for (let i = 0; i < 100; i++) {
    const { json } = await door.lambda(`GET ${FUNCTIONS}/${name}/configuration`);
    if ((json as Members)["LastUpdateStatus"] === "Successful") return;
  }
  assert.fail("the update was not taken in");
}

const publish = (name: string, input: Members = {}): Promise<Answer> =>
  door.lambda(`POST ${FUNCTIONS}/${name}/versions`, input);

async function versionsOf(name: string, query = ""): Promise<readonly (readonly unknown[])[]> {
  const { json } = await door.lambda(`GET ${FUNCTIONS}/${name}/versions${query}`);
  const { Versions } = json as { readonly Versions: readonly Members[] };
  return Versions.map(({ Version, Description, State }) => [Version, Description, State]);
}

function told({ status, json }: Answer): readonly unknown[] {
  const { __type, message, Message } = json as Members;
  return [status, __type, message ?? Message];
}

function pick({ json }: Answer, ...names: readonly string[]): readonly unknown[] {
  return names.map((name) => (json as Members)[name]);
}

test("a version is what the function was: the same again while nothing changes, then the next number", async () => {
  await created("life", { Description: "none" });
  const first = await publish("life", { Description: "one" });
  assert.equal(first.status, 201);
  assert.deepEqual(pick(first, "Version", "FunctionArn", "Description", "State", "LastUpdateStatus"), [
    "1",
    `${ARN}:life:1`,
    "one",
    "Active",
    "Successful",
  ]);
  assert.deepEqual(pick(await publish("life"), "Version", "Description"), ["1", "one"]);
  await updated("life", { Description: "changed" });
  assert.deepEqual(pick(await publish("life"), "Version", "Description"), ["2", "changed"]);
  assert.deepEqual(pick(await publish("life"), "Version"), ["2"]);
  assert.deepEqual(await versionsOf("life"), [
    ["$LATEST", "changed", undefined],
    ["1", "one", undefined],
    ["2", "changed", undefined],
  ]);
  const { json } = await door.lambda(`GET ${FUNCTIONS}/life/versions?MaxItems=1`);
  const { NextMarker } = json as { readonly NextMarker: string };
  assert.deepEqual(
    (await versionsOf("life", `?Marker=${NextMarker}`)).map(([version]) => version),
    ["1", "2"],
  );
  const old = await door.lambda(`GET ${FUNCTIONS}/life/configuration?Qualifier=1`);
  assert.deepEqual(pick(old, "Description", "FunctionArn", "Version"), ["one", `${ARN}:life:1`, "1"]);
  assert.equal((await door.lambda(`DELETE ${FUNCTIONS}/life?Qualifier=1`)).status, 204);
  assert.equal((await door.lambda(`DELETE ${FUNCTIONS}/life?Qualifier=1`)).status, 204);
  assert.deepEqual(told(await door.lambda(`GET ${FUNCTIONS}/life?Qualifier=1`)), [
    404,
    "ResourceNotFoundException",
    `Function not found: ${ARN}:life:1`,
  ]);
});

test("publishing changes the revision, and asks for the one that the caller has seen and for the code", async () => {
  await created("cond");
  const { RevisionId, CodeSha256 } = (await door.lambda(`GET ${FUNCTIONS}/cond/configuration`)).json as Members;
  assert.deepEqual(told(await publish("cond", { RevisionId: "x" })), [412, "PreconditionFailedException", STALE]);
  assert.deepEqual(told(await publish("cond", { CodeSha256: "other" })), [
    400,
    "InvalidParameterValueException",
    `CodeSHA256 (other) is different from current CodeSHA256 in $LATEST (${String(CodeSha256)}). Please try again with the CodeSHA256 in $LATEST.`,
  ]);
  assert.equal((await publish("cond", { RevisionId, CodeSha256 })).status, 201);
  const after = (await door.lambda(`GET ${FUNCTIONS}/cond/configuration`)).json as Members;
  assert.notEqual(after["RevisionId"], RevisionId);
});

test("CreateFunction and UpdateFunctionCode publish what they made", async () => {
  const made = await created("pub", { Publish: true });
  assert.deepEqual(pick(made, "Version", "FunctionArn", "State"), ["1", `${ARN}:pub`, "Pending"]);
  const code = { ZipFile: "UEsDBAA=", Publish: true };
  const changed = await door.lambda(`PUT ${FUNCTIONS}/pub/code`, code);
  assert.deepEqual(pick(changed, "Version", "FunctionArn", "State"), ["2", `${ARN}:pub:2`, "Pending"]);
  const ran = await door.lambda(`POST ${FUNCTIONS}/pub/invocations?Qualifier=2`, { a: 1 });
  assert.deepEqual([ran.status, ran.headers["x-amz-executed-version"], ran.text], [200, "2", '{"a":1}']);
});

test("all versions are listed when they are asked for", async () => {
  await created("every");
  await publish("every");
  const { json } = await door.lambda(`GET ${FUNCTIONS}?FunctionVersion=ALL`);
  const all = (json as { readonly Functions: readonly Members[] }).Functions;
  assert.deepEqual(
    all.map(({ FunctionArn }) => FunctionArn).filter((arn) => String(arn).includes(":every:")),
    [`${ARN}:every:$LATEST`, `${ARN}:every:1`],
  );
});

test("an alias names a version, or two by weight; functions are read and run by it", async () => {
  await created("al", { Description: "first" });
  await publish("al");
  await updated("al", { Description: "second" });
  await publish("al");
  const aliases = `${FUNCTIONS}/al/aliases`;
  const made = await door.lambda(`POST ${aliases}`, {
    Name: "live",
    FunctionVersion: "1",
    RoutingConfig: { AdditionalVersionWeights: { 2: 1 } },
  });
  assert.equal(made.status, 201);
  assert.deepEqual(pick(made, "AliasArn", "Name", "FunctionVersion", "Description", "RoutingConfig"), [
    `${ARN}:al:live`,
    "live",
    "1",
    "",
    { AdditionalVersionWeights: { 2: 1 } },
  ]);
  const run = (): Promise<Answer> => door.lambda(`POST ${FUNCTIONS}/al/invocations?Qualifier=live`, {});
  assert.equal((await run()).headers["x-amz-executed-version"], "2");
  const read = (await door.lambda(`GET ${FUNCTIONS}/al:live`)).json as { readonly Configuration: Members };
  const { FunctionArn, Version, Description } = read.Configuration;
  assert.deepEqual([FunctionArn, Version, Description], [`${ARN}:al:live`, "1", "first"]);
  const { RevisionId } = made.json as Members;
  assert.deepEqual(told(await door.lambda(`PUT ${aliases}/live`, { RevisionId: "x" })), [
    412,
    "PreconditionFailedException",
    STALE,
  ]);
  const changed = await door.lambda(`PUT ${aliases}/live`, { RoutingConfig: {}, Description: "d", RevisionId });
  assert.deepEqual(pick(changed, "FunctionVersion", "Description", "RoutingConfig"), ["1", "d", undefined]);
  assert.notEqual((changed.json as Members)["RevisionId"], RevisionId);
  assert.equal((await run()).headers["x-amz-executed-version"], "1");
  assert.deepEqual((await door.lambda(`GET ${aliases}/live`)).json, changed.json);
  assert.deepEqual((await door.lambda(`GET ${aliases}?FunctionVersion=2`)).json, { Aliases: [] });
  assert.deepEqual((await door.lambda(`GET ${aliases}`)).json, { Aliases: [changed.json] });
  assert.deepEqual(told(await door.lambda(`DELETE ${FUNCTIONS}/al?Qualifier=1`)), [
    409,
    "ResourceConflictException",
    "Unable to delete version because the following aliases reference it: [live]",
  ]);
  assert.equal((await door.lambda(`DELETE ${aliases}/live`)).status, 204);
  assert.equal((await door.lambda(`DELETE ${aliases}/live`)).status, 204);
});

test("a function goes with its versions and aliases", async () => {
  await created("gone");
  await publish("gone");
  await door.lambda(`POST ${FUNCTIONS}/gone/aliases`, { Name: "live", FunctionVersion: "1" });
  assert.equal((await door.lambda(`DELETE ${FUNCTIONS}/gone`)).status, 204);
  await created("gone");
  assert.deepEqual(
    (await versionsOf("gone")).map(([version]) => version),
    ["$LATEST"],
  );
  assert.deepEqual((await door.lambda(`GET ${FUNCTIONS}/gone/aliases`)).json, { Aliases: [] });
});

test("an alias has a URL of its own", async () => {
  await created("web");
  await publish("web");
  const none = await door.lambda("POST /2021-10-31/functions/web/url?Qualifier=live", { AuthType: "NONE" });
  assert.deepEqual(told(none), [404, "ResourceNotFoundException", "Function does not exist"]);
  await door.lambda(`POST ${FUNCTIONS}/web/aliases`, { Name: "live", FunctionVersion: "1" });
  const made = await door.lambda("POST /2021-10-31/functions/web/url?Qualifier=live", { AuthType: "NONE" });
  assert.deepEqual(pick(made, "FunctionUrl", "FunctionArn", "AuthType"), [
    "http://gateway/_functions/default/web.live/",
    `${ARN}:web:live`,
    "NONE",
  ]);
  await door.lambda("POST /2021-10-31/functions/web/url", { AuthType: "AWS_IAM" });
  const { json } = await door.lambda("GET /2021-10-31/functions/web/urls");
  assert.deepEqual(
    (json as { readonly FunctionUrlConfigs: readonly Members[] }).FunctionUrlConfigs.map(
      ({ FunctionArn }) => FunctionArn,
    ),
    [`${ARN}:web`, `${ARN}:web:live`],
  );
  assert.equal((await door.lambda("DELETE /2021-10-31/functions/web/url?Qualifier=live")).status, 204);
  assert.equal((await door.lambda("GET /2021-10-31/functions/web/url?Qualifier=live")).status, 404);
});

const CONSTRAINT = "1 validation error detected: Value";
const WEIGHTS = "at 'routingConfig.additionalVersionWeights' failed to satisfy constraint";
const VALUES =
  "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]";
const refused: readonly (readonly [title: string, input: Members, status: number, code: string, message: string])[] = [
  [
    "two more versions",
    { RoutingConfig: { AdditionalVersionWeights: { 1: 0.8, 2: 0.1 } } },
    400,
    "InvalidParameterValueException",
    "Number of items in AdditionalVersionWeights cannot be greater than 1",
  ],
  [
    "a weight of 2",
    { RoutingConfig: { AdditionalVersionWeights: { 2: 2 } } },
    400,
    "ValidationException",
    `${CONSTRAINT} '{2=2.0}' ${WEIGHTS}: ${VALUES}`,
  ],
  [
    "the same version",
    { RoutingConfig: { AdditionalVersionWeights: { 1: 0.5 } } },
    400,
    "InvalidParameterValueException",
    "Invalid function version 1. Function version 1 is already included in routing configuration.",
  ],
  [
    "$LATEST with a second version",
    { FunctionVersion: "$LATEST", RoutingConfig: { AdditionalVersionWeights: { 1: 0.5 } } },
    400,
    "InvalidParameterValueException",
    "$LATEST is not supported for an alias pointing to more than 1 version",
  ],
  [
    "a second version $LATEST",
    { RoutingConfig: { AdditionalVersionWeights: { $LATEST: 0.5 } } },
    400,
    "ValidationException",
    `${CONSTRAINT} '{$LATEST=0.5}' ${WEIGHTS}: Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+]`,
  ],
  [
    "a version that is not there",
    { FunctionVersion: "10" },
    404,
    "ResourceNotFoundException",
    `Function not found: ${ARN}:refusing:10`,
  ],
  [
    "a second version that is not there",
    { RoutingConfig: { AdditionalVersionWeights: { 10: 0.5 } } },
    404,
    "ResourceNotFoundException",
    `Function not found: ${ARN}:refusing:10`,
  ],
  [
    "a number as a name",
    { Name: "2024" },
    400,
    "ValidationException",
    `${CONSTRAINT} '2024' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)`,
  ],
  [
    "a name that is taken",
    { Name: "taken" },
    409,
    "ResourceConflictException",
    `Alias already exists: ${ARN}:refusing:taken`,
  ],
];

test("aliases that AWS refuses are refused in its words", async (t) => {
  await created("refusing");
  await publish("refusing");
  await updated("refusing", { Description: "2" });
  await publish("refusing");
  const aliases = `${FUNCTIONS}/refusing/aliases`;
  await door.lambda(`POST ${aliases}`, { Name: "taken", FunctionVersion: "1" });
  for (const [title, input, ...expected] of refused)
    await t.test(title, async () =>
      assert.deepEqual(
        told(await door.lambda(`POST ${aliases}`, { Name: "new", FunctionVersion: "1", ...input })),
        expected,
      ),
    );
  assert.deepEqual(told(await door.lambda(`GET ${aliases}/none`)), [
    404,
    "ResourceNotFoundException",
    `Cannot find alias arn: ${ARN}:refusing:none`,
  ]);
  assert.deepEqual(told(await door.lambda(`PUT ${aliases}/none`, {})), [
    404,
    "ResourceNotFoundException",
    `Alias not found: ${ARN}:refusing:none`,
  ]);
});
