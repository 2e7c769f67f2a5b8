/** The Parameter Store at the door: what it answers and refuses (Systems Manager API Reference). */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test from "node:test";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { PARAMETERS, Parameters } from "#managed/parameters/parameters.ts";
import { SealedDatabase } from "#managed/sealed-database.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { KeySealing } from "#store/sealing.ts";
import { openBareDoor } from "../bare-door.ts";
import { ssmService } from "./service.ts";

type Members = Readonly<Record<string, unknown>>;

const PLACE = { region: "us-east-1", accountId: "000000000000" };

async function bench() {
  const database = new MemoryDatabase();
  const keys = [{ id: 1, bytes: randomBytes(32) }];
  const sealing = new KeySealing(keys, () => true, "test");
  const sealed = new SealedDatabase(database, sealing);
  const clock = new FakeClock();
  const parameters = new Parameters(sealed, clock);
  const door = await openBareDoor([ssmService({ ...PLACE, parameters })]);
  const ask = async (operation: string, input: Members = {}): Promise<Members> => {
    const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": `AmazonSSM.${operation}` };
    const answer = await door.ask({ service: "ssm", headers, body: JSON.stringify(input) });
    return JSON.parse(answer.body.toString()) as Members;
  };
  const put = (Name: string, Value: string, more: Members = {}): Promise<Members> =>
    ask("PutParameter", { Name, Value, Type: "String", ...more });
  return { ask, put, database, sealed, sealing, keys, [Symbol.asyncDispose]: () => door[Symbol.asyncDispose]() };
}

const names = (answer: Members): readonly unknown[] =>
  (answer["Parameters"] as readonly Members[]).map(({ Name }) => Name);
const codeOf = ({ __type }: Members): unknown => __type;

test("a parameter has versions, by number and by label, and its history", async () => {
  await using all = await bench();
  assert.deepEqual(await all.put("/a/b", "1"), { Version: 1, Tier: "Standard" });
  assert.equal(codeOf(await all.put("/a/b", "2")), "ParameterAlreadyExists");
  assert.deepEqual(await all.put("/a/b", "2", { Overwrite: true }), { Version: 2, Tier: "Standard" });
  const labelled = await all.ask("LabelParameterVersion", {
    Name: "/a/b",
    ParameterVersion: 1,
    Labels: ["prod", "1x"],
  });
  assert.deepEqual(labelled, { InvalidLabels: ["1x"], ParameterVersion: 1 });
  for (const [name, value] of [
    ["/a/b", "2"],
    ["/a/b:1", "1"],
    ["/a/b:prod", "1"],
    ["arn:aws:ssm:us-east-1:000000000000:parameter/a/b:2", "2"],
  ]) {
    const { Parameter } = (await all.ask("GetParameter", { Name: name })) as { readonly Parameter: Members };
    assert.equal(Parameter["Value"], value, name);
  }
  assert.equal(codeOf(await all.ask("GetParameter", { Name: "/a/b:3" })), "ParameterVersionNotFound");
  const history = await all.ask("GetParameterHistory", { Name: "/a/b", MaxResults: 1 });
  assert.deepEqual((history["Parameters"] as readonly Members[])[0]?.["Labels"], ["prod"]);
  const rest = await all.ask("GetParameterHistory", { Name: "/a/b", NextToken: history["NextToken"] });
  assert.deepEqual(
    (rest["Parameters"] as readonly Members[]).map(({ Value }) => Value),
    ["2"],
  );
  await all.ask("DeleteParameter", { Name: "/a/b" });
  assert.equal(codeOf(await all.ask("GetParameter", { Name: "/a/b" })), "ParameterNotFound");
  assert.equal((await all.database.scan(PARAMETERS)).length, 0);
});

test("the oldest of more than 100 versions goes, unless it has a label", async () => {
  await using all = await bench();
  for (let at = 1; at <= 101; at += 1) await all.put("n", String(at), { Overwrite: true });
  assert.equal(codeOf(await all.ask("GetParameter", { Name: "n:1" })), "ParameterVersionNotFound");
  await all.ask("LabelParameterVersion", { Name: "n", ParameterVersion: 2, Labels: ["kept"] });
  assert.equal(codeOf(await all.put("n", "102", { Overwrite: true })), "ParameterMaxVersionLimitExceeded");
});

test("paths are one level or all below, and filters keep what they say", async () => {
  await using all = await bench();
  await all.put("/x/a", "1", { Tags: [{ Key: "team", Value: "t" }] });
  await all.put("/x/b/c", "2", { Type: "StringList" });
  await all.put("/xy", "3");
  const byPath = (more: Members): Promise<Members> => all.ask("GetParametersByPath", { Path: "/x", ...more });
  assert.deepEqual(names(await byPath({})), ["/x/a"]);
  assert.deepEqual(names(await byPath({ Recursive: true })), ["/x/a", "/x/b/c"]);
  const first = await byPath({ Recursive: true, MaxResults: 1 });
  assert.deepEqual(names(await byPath({ Recursive: true, NextToken: first["NextToken"] })), ["/x/b/c"]);
  const described = async (Key: string, Values: readonly string[], Option?: string): Promise<readonly unknown[]> =>
    names(await all.ask("DescribeParameters", { ParameterFilters: [{ Key, Values, Option }] }));
  assert.deepEqual(await described("Name", ["/x"], "BeginsWith"), ["/x/a", "/x/b/c", "/xy"]);
  assert.deepEqual(await described("Type", ["StringList"]), ["/x/b/c"]);
  assert.deepEqual(await described("tag:team", ["t"]), ["/x/a"]);
  assert.deepEqual(await described("Path", ["/x"], "Recursive"), ["/x/a", "/x/b/c"]);
});

test("many are read at once, and those that are not there are named", async () => {
  await using all = await bench();
  await all.put("a", "1");
  const answer = await all.ask("GetParameters", { Names: ["a", "b"] });
  assert.deepEqual([names(answer), answer["InvalidParameters"]], [["a"], ["b"]]);
});

const refused: readonly (readonly [string, Members, string])[] = [
  ["a name without its first slash", { Name: "a/b" }, "ValidationException"],
  ["a reserved name", { Name: "/aws/x" }, "ValidationException"],
  ["16 levels", { Name: "/1".repeat(16) }, "HierarchyLevelLimitExceededException"],
  ["no type", { Type: undefined }, "ValidationException"],
  ["4097 bytes in the standard tier", { Value: "x".repeat(4_097) }, "ValidationException"],
  ["a value that is not of its pattern", { AllowedPattern: "\\d+" }, "ParameterPatternMismatchException"],
  ["a pattern that is none", { AllowedPattern: "(" }, "InvalidAllowedPatternException"],
  ["SecureString, by name", { Type: "SecureString" }, "ValidationException"],
  ["policies, by name", { Policies: "[]" }, "ValidationException"],
];
for (const [title, more, code] of refused)
  test(`PutParameter refuses ${title}`, async () => {
    await using all = await bench();
    assert.equal(codeOf(await all.put("p", "v", more)), code);
  });

test("values lie sealed, and are sealed anew by the newest key", async () => {
  await using all = await bench();
  await all.put("p", "the-secret");
  const texts = async (): Promise<string> =>
    (await all.database.scan(PARAMETERS)).map(({ value }) => decodeUtf8(value)).join("");
  assert.doesNotMatch(await texts(), /the-secret/);
  const newest = { id: 2, bytes: randomBytes(32) };
  all.sealing.use([...all.keys, newest]);
  assert.equal(await all.sealed.reseal([PARAMETERS]), 2);
  all.sealing.use([newest]);
  assert.equal(((await all.ask("GetParameter", { Name: "p" }))["Parameter"] as Members)["Value"], "the-secret");
  const [row] = await all.database.scan(PARAMETERS);
  await assert.rejects(
    all.sealed.change(PARAMETERS, [encodeUtf8("moved")], () => ({
      writes: [],
      result: all.sealing.open("elsewhere", row?.value ?? new Uint8Array()),
    })),
    /is not what key 2/,
  );
});

test("a filter by labels gives the versions that have them", async () => {
  await using all = await bench();
  await all.put("/l/a", "1");
  await all.ask("LabelParameterVersion", { Name: "/l/a", Labels: ["prod"] });
  await all.put("/l/a", "2", { Overwrite: true });
  const ParameterFilters = [{ Key: "Label", Values: ["none", "prod"] }];
  const { Parameters } = await all.ask("GetParametersByPath", { Path: "/l", ParameterFilters });
  assert.deepEqual(
    (Parameters as readonly Members[]).map(({ Value }) => Value),
    ["1"],
  );
});
