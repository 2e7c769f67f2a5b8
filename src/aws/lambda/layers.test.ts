/** Layers and resource policies at the door: published, listed, given to functions, shared, with AWS's answers and refusals. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { type Answer, SampleDoor } from "../sample-door.ts";

let door: SampleDoor;
const FUNCTIONS = "/2015-03-31/functions";
const LAYERS = "/2018-10-31/layers";
const ARN = "arn:aws:lambda:us-east-1:000000000000";
const ZIP = "UEsDBA==";
const NEW = {
  Runtime: "nodejs24.x",
  Handler: "index.handler",
  Role: "arn:aws:iam::000000000000:role/r",
  Code: { ZipFile: ZIP },
};
type Members = Readonly<Record<string, unknown>>;

before(async () => {
  door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() });
});
after(() => door[Symbol.asyncDispose]());

function told({ status, json }: Answer): readonly unknown[] {
  const { __type, message, Message } = json as Members;
  return [status, __type, message ?? Message];
}

const publish = (layer: string, input: Members = {}): Promise<Answer> =>
  door.lambda(`POST ${LAYERS}/${layer}/versions`, { Content: { ZipFile: ZIP }, ...input });

test("a layer has versions whose numbers are never given twice", async () => {
  const runtimes = { CompatibleRuntimes: ["nodejs24.x"], CompatibleArchitectures: ["x86_64"] };
  const first = await publish("life", { Description: "one", LicenseInfo: "MIT", ...runtimes });
  assert.equal(first.status, 201);
  const { Content, CreatedDate, ...rest } = first.json as { readonly Content: Members } & Members;
  assert.deepEqual(rest, {
    LayerArn: `${ARN}:layer:life`,
    LayerVersionArn: `${ARN}:layer:life:1`,
    Version: 1,
    Description: "one",
    LicenseInfo: "MIT",
    ...runtimes,
  });
  assert.match(String(CreatedDate), /^2026-01-02T03:04:05\.000\+0000$/);
  assert.match(String(Content["Location"]), /\/_code\//);
  assert.equal(Content["CodeSize"], 4);
  await publish("life");
  const listed = async (query = ""): Promise<readonly unknown[]> => {
    const { json } = await door.lambda(`GET ${LAYERS}/life/versions${query}`);
    return (json as { readonly LayerVersions: readonly Members[] }).LayerVersions.map(({ Version }) => Version);
  };
  assert.deepEqual(await listed(), [2, 1]);
  assert.deepEqual(await listed("?CompatibleRuntime=nodejs24.x"), [1]);
  assert.deepEqual(await listed("?CompatibleArchitecture=arm64"), []);
  const byArn = await door.lambda(`GET ${LAYERS}?find=LayerVersion&Arn=${encodeURIComponent(`${ARN}:layer:life:1`)}`);
  assert.deepEqual((byArn.json as Members)["Description"], "one");
  assert.equal(((await door.lambda(`GET ${LAYERS}/life/versions/2`)).json as Members)["Version"], 2);
  for (const version of [1, 2, 2])
    assert.equal((await door.lambda(`DELETE ${LAYERS}/life/versions/${version}`)).status, 204);
  assert.deepEqual(await listed(), []);
  assert.equal(((await publish("life")).json as Members)["Version"], 3);
  const { json } = await door.lambda(`GET ${LAYERS}`);
  const [layer] = (json as { readonly Layers: readonly Members[] }).Layers;
  assert.deepEqual(layer?.["LayerArn"], `${ARN}:layer:life`);
});

test("a function has layers, and keeps them when their versions are deleted", async () => {
  await publish("kept");
  const layers = [`${ARN}:layer:kept:1`];
  await door.lambda(`POST ${FUNCTIONS}`, { ...NEW, FunctionName: "user", Layers: layers });
  assert.equal((await door.lambda(`POST ${FUNCTIONS}/user/invocations`, {})).status, 200);
  assert.equal(door.sandboxes.started.at(-1)?.layers.length, 1);
  await door.lambda(`DELETE ${LAYERS}/kept/versions/1`);
  const { json } = await door.lambda(`GET ${FUNCTIONS}/user/configuration`);
  assert.deepEqual((json as Members)["Layers"], [{ Arn: layers[0], CodeSize: 4 }]);
  const without = await door.lambda(`PUT ${FUNCTIONS}/user/configuration`, { Layers: [] });
  assert.equal((without.json as Members)["Layers"], undefined);
});

test("layers that AWS refuses are refused in its words", async (t) => {
  for (let i = 0; i < 2; i++) await publish("twice");
  const arn = (name: string): string => `${ARN}:layer:${name}`;
  const refused: readonly (readonly [layers: readonly string[], message: string])[] = [
    [
      [arn("twice:1"), arn("twice:2")],
      `Two different versions of the same layer are not allowed to be referenced in the same function. ${arn("twice:1")} and ${arn("twice:2")} are versions of the same layer.`,
    ],
    [[arn("none:1")], `Layer version ${arn("none:1")} does not exist.`],
    [
      ["arn:aws:lambda:eu-west-1:000000000000:layer:twice:1"],
      "Layers are not in the same region as the function. Layers are expected to be in region us-east-1.",
    ],
    [Array.from({ length: 6 }, (_, i) => arn(`l${i}:1`)), "Cannot reference more than 5 layers."],
  ];
  for (const [Layers, message] of refused)
    await t.test(message, async () =>
      assert.deepEqual(told(await door.lambda(`POST ${FUNCTIONS}`, { ...NEW, FunctionName: "refused", Layers })), [
        400,
        "InvalidParameterValueException",
        message,
      ]),
    );
  const missing = "The resource you requested does not exist.";
  assert.deepEqual(told(await door.lambda(`GET ${LAYERS}/none/versions/1`)), [
    404,
    "ResourceNotFoundException",
    missing,
  ]);
  assert.deepEqual(told(await door.lambda(`GET ${LAYERS}/twice/versions/0`)), [
    400,
    "InvalidParameterValueException",
    "Layer Version Cannot be less than 1",
  ]);
});

test("a version of a layer is shared by statements", async () => {
  await publish("shared");
  const policy = `${LAYERS}/shared/versions/1/policy`;
  assert.deepEqual(told(await door.lambda(`GET ${policy}`)), [
    404,
    "ResourceNotFoundException",
    "No policy is associated with the given resource.",
  ]);
  const statement = { StatementId: "s1", Action: "lambda:GetLayerVersion", Principal: "*" };
  const added = await door.lambda(`POST ${policy}`, statement);
  assert.equal(added.status, 201);
  const { Statement, RevisionId } = added.json as { readonly Statement: string; readonly RevisionId: string };
  const expected = {
    Sid: "s1",
    Effect: "Allow",
    Principal: "*",
    Action: "lambda:GetLayerVersion",
    Resource: `${ARN}:layer:shared:1`,
  };
  assert.deepEqual(JSON.parse(Statement), expected);
  const read = (await door.lambda(`GET ${policy}`)).json as { readonly Policy: string; readonly RevisionId: string };
  assert.deepEqual(JSON.parse(read.Policy), { Version: "2012-10-17", Id: "default", Statement: [expected] });
  assert.equal(read.RevisionId, RevisionId);
  assert.equal((await door.lambda(`POST ${policy}`, statement)).status, 409);
  assert.equal((await door.lambda(`POST ${policy}?RevisionId=x`, { ...statement, StatementId: "s2" })).status, 412);
  assert.deepEqual(told(await door.lambda(`DELETE ${policy}/none`)), [
    404,
    "ResourceNotFoundException",
    "Statement none is not found in resource policy.",
  ]);
  assert.equal((await door.lambda(`DELETE ${policy}/s1`)).status, 204);
  assert.equal((await door.lambda(`GET ${policy}`)).status, 404);
});

test("a function, a version and an alias have policies of their own", async () => {
  await door.lambda(`POST ${FUNCTIONS}`, { ...NEW, FunctionName: "open" });
  await door.lambda(`POST ${FUNCTIONS}/open/invocations`, {});
  const policy = `${FUNCTIONS}/open/policy`;
  const add = (input: Members, query = ""): Promise<Answer> =>
    door.lambda(`POST ${policy}${query}`, {
      StatementId: "s",
      Action: "lambda:InvokeFunction",
      Principal: "s3.amazonaws.com",
      ...input,
    });
  const { Statement } = (
    await add({ SourceArn: "arn:aws:s3:::b", SourceAccount: "000000000000", FunctionUrlAuthType: "NONE" })
  ).json as { readonly Statement: string };
  assert.deepEqual(JSON.parse(Statement), {
    Sid: "s",
    Effect: "Allow",
    Principal: { Service: "s3.amazonaws.com" },
    Action: "lambda:InvokeFunction",
    Resource: `${ARN}:function:open`,
    Condition: {
      StringEquals: { "AWS:SourceAccount": "000000000000", "lambda:FunctionUrlAuthType": "NONE" },
      ArnLike: { "AWS:SourceArn": "arn:aws:s3:::b" },
    },
  });
  const published = await door.lambda(`POST ${FUNCTIONS}/open/versions`, {});
  assert.equal(published.status, 201);
  assert.equal((await door.lambda(`GET ${policy}?Qualifier=1`)).status, 404);
  assert.equal((await add({ Principal: "111111111111" }, "?Qualifier=1")).status, 201);
  const ofVersion = (await door.lambda(`GET ${policy}?Qualifier=1`)).json as { readonly Policy: string };
  const [only] = (JSON.parse(ofVersion.Policy) as { readonly Statement: readonly Members[] }).Statement;
  assert.deepEqual(
    [only?.["Resource"], only?.["Principal"]],
    [`${ARN}:function:open:1`, { AWS: "arn:aws:iam::111111111111:root" }],
  );
  // What is granted is no part of what was published.
  assert.equal(((await door.lambda(`POST ${FUNCTIONS}/open/versions`, {})).json as Members)["Version"], "1");
  const refusals: readonly (readonly [Promise<Answer>, ...unknown[]])[] = [
    [
      add({}),
      409,
      "ResourceConflictException",
      "The statement id (s) provided already exists. Please provide a new statement id, or remove the existing statement.",
    ],
    [
      add({ StatementId: "t", Principal: "me" }),
      400,
      "InvalidParameterValueException",
      "The provided principal was invalid. Please check the principal and try again.",
    ],
    [
      add({}, "?Qualifier=$LATEST"),
      400,
      "InvalidParameterValueException",
      "We currently do not support adding policies for $LATEST.",
    ],
    [add({}, "?Qualifier=live"), 404, "ResourceNotFoundException", `Cannot find alias arn: ${ARN}:function:open:live`],
    [
      add({ StatementId: "t", RevisionId: "x" }),
      412,
      "PreconditionFailedException",
      "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id",
    ],
    [
      door.lambda(`DELETE ${FUNCTIONS}/none/policy/s`),
      404,
      "ResourceNotFoundException",
      `No policy found for: ${ARN}:function:none`,
    ],
    [
      door.lambda(`GET ${FUNCTIONS}/none/policy`),
      404,
      "ResourceNotFoundException",
      "The resource you requested does not exist.",
    ],
  ];
  for (const [answer, ...expected] of refusals) assert.deepEqual(told(await answer), expected);
  assert.equal((await door.lambda(`DELETE ${policy}/s`)).status, 204);
  assert.equal((await door.lambda(`GET ${policy}`)).status, 404);
});
