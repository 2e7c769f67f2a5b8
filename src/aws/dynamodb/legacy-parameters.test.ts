/** The parameters that expressions replaced: what each does, and what is wrong with them. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { SampleDoor } from "../sample-door.ts";

let door: SampleDoor;
before(async () => {
  door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() });
  await ask("CreateTable", {
    AttributeDefinitions: ["p", "s"].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
    KeySchema: [
      { AttributeName: "p", KeyType: "HASH" },
      { AttributeName: "s", KeyType: "RANGE" },
    ],
    BillingMode: "PAY_PER_REQUEST",
  });
  for (const [s, n] of [
    ["a1", 1],
    ["a2", 2],
    ["b1", 3],
  ] as const)
    await ask("PutItem", { Item: { ...key(s), n: { N: String(n) }, t: { S: `word ${s}` } } });
});
after(() => door[Symbol.asyncDispose]());

const key = (s: string) => ({ p: { S: "x" }, s: { S: s } });

async function ask(operation: string, input: object): Promise<Readonly<Record<string, unknown>>> {
  const { json } = await door.dynamodb(operation, { TableName: "old", ...input });
  return json as Readonly<Record<string, unknown>>;
}

const N = (n: number) => ({ N: String(n) });
const is = (ComparisonOperator: string, ...AttributeValueList: readonly object[]) => ({
  ComparisonOperator,
  ...(AttributeValueList.length > 0 && { AttributeValueList }),
});

const filters: readonly (readonly [filter: object, found: readonly string[], operator?: "AND" | "OR"])[] = [
  [{ n: is("EQ", N(2)) }, ["a2"]],
  [{ n: is("NE", N(2)) }, ["a1", "b1"]],
  [{ n: is("GT", N(1)) }, ["a2", "b1"]],
  [{ n: is("GE", N(2)) }, ["a2", "b1"]],
  [{ n: is("LT", N(2)) }, ["a1"]],
  [{ n: is("LE", N(2)) }, ["a1", "a2"]],
  [{ n: is("IN", N(1), N(3)) }, ["a1", "b1"]],
  [{ n: is("BETWEEN", N(2), N(3)) }, ["a2", "b1"]],
  [{ t: is("BEGINS_WITH", { S: "word a" }) }, ["a1", "a2"]],
  [{ t: is("CONTAINS", { S: "b1" }) }, ["b1"]],
  [{ t: is("NOT_CONTAINS", { S: "b1" }) }, ["a1", "a2"]],
  [{ none: is("NOT_CONTAINS", { S: "b1" }) }, []],
  [{ none: is("NULL") }, ["a1", "a2", "b1"]],
  [{ n: is("NOT_NULL") }, ["a1", "a2", "b1"]],
  [{ n: is("EQ", N(1)), t: is("CONTAINS", { S: "b1" }) }, []],
  [{ n: is("EQ", N(1)), t: is("CONTAINS", { S: "b1" }) }, ["a1", "b1"], "OR"],
];
for (const [ScanFilter, found, ConditionalOperator] of filters)
  test(`ScanFilter ${JSON.stringify(ScanFilter)} ${ConditionalOperator ?? "alone"} finds ${found.join()}`, async () => {
    const input = { ScanFilter, AttributesToGet: ["s"], ...(ConditionalOperator && { ConditionalOperator }) };
    const { Items } = await ask("Scan", input);
    assert.deepEqual(
      Items,
      found.map((s) => ({ s: { S: s } })),
    );
  });

test("KeyConditions and QueryFilter make a query", async () => {
  const KeyConditions = { p: is("EQ", { S: "x" }), s: is("BEGINS_WITH", { S: "a" }) };
  const { Items } = await ask("Query", { KeyConditions, QueryFilter: { n: is("GT", N(1)) }, AttributesToGet: ["s"] });
  assert.deepEqual(Items, [{ s: { S: "a2" } }]);
  const { message } = await ask("Query", { KeyConditions: { p: is("NE", { S: "x" }) } });
  assert.equal(message, "Attempted conditional constraint is not an indexable operation");
});

test("Expected guards a write", async () => {
  const put = (Expected: object, rest: object = {}) =>
    ask("PutItem", { Item: { ...key("e"), n: N(1) }, Expected, ...rest });
  const failed = "The conditional request failed";
  assert.equal((await put({ n: { Exists: false } }))["message"], undefined);
  assert.equal((await put({ n: { Exists: false } }))["message"], failed);
  assert.equal((await put({ n: { Value: N(2) } }))["message"], failed);
  assert.equal((await put({ n: { ComparisonOperator: "GE", AttributeValueList: [N(1)] } }))["message"], undefined);
  const both = { n: { Value: N(2) }, p: { Value: { S: "x" } } };
  assert.equal((await put(both, { ConditionalOperator: "OR" }))["message"], undefined);
  assert.equal((await put(both, { ConditionalOperator: "AND" }))["message"], failed);
  await ask("DeleteItem", { Key: key("e"), Expected: { n: { Value: N(1) } } });
});

test("AttributeUpdates put, add and delete", async () => {
  const update = (AttributeUpdates: object) =>
    ask("UpdateItem", { Key: key("u"), AttributeUpdates, ReturnValues: "UPDATED_NEW" });
  const { Attributes: first } = await update({
    n: { Value: N(1) },
    list: { Value: { L: [N(1)] } },
    set: { Value: { SS: ["a", "b"] }, Action: "PUT" },
  });
  assert.deepEqual(first, { n: N(1), list: { L: [N(1)] }, set: { SS: ["a", "b"] } });
  const { Attributes: second } = await update({
    n: { Value: N(2), Action: "ADD" },
    list: { Value: { L: [N(2)] }, Action: "ADD" },
    set: { Value: { SS: ["a"] }, Action: "DELETE" },
  });
  assert.deepEqual(second, { n: N(3), list: { L: [N(1), N(2)] }, set: { SS: ["b"] } });
  await update({ n: { Action: "DELETE" } });
  const { Item } = await ask("GetItem", { Key: key("u"), AttributesToGet: ["n", "set"] });
  assert.deepEqual(Item, { set: { SS: ["b"] } });
  await ask("DeleteItem", { Key: key("u") });
});

const ONE_OR_MORE = "One or more parameter values were invalid: ";
const wrong: readonly (readonly [operation: string, input: object, message: string])[] = [
  [
    "Scan",
    { ScanFilter: { n: is("EQ") } },
    `${ONE_OR_MORE}Invalid number of argument(s) for the EQ ComparisonOperator`,
  ],
  [
    "Scan",
    { ScanFilter: { n: is("IN", N(1), { S: "1" }) } },
    `${ONE_OR_MORE}AttributeValues inside AttributeValueList must be of same type`,
  ],
  [
    "Scan",
    { ScanFilter: { n: is("BEGINS_WITH", N(1)) } },
    `${ONE_OR_MORE}ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type`,
  ],
  [
    "Scan",
    { ScanFilter: { n: is("BETWEEN", N(2), N(1)) } },
    "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
  ],
  [
    "PutItem",
    { Item: key("w"), Expected: { n: {} } },
    `${ONE_OR_MORE}Value must be provided when Exists is null for Attribute: n`,
  ],
  [
    "PutItem",
    { Item: key("w"), Expected: { n: { Exists: true, ComparisonOperator: "NULL" } } },
    `${ONE_OR_MORE}Exists and ComparisonOperator cannot be used together for Attribute: n`,
  ],
  [
    "UpdateItem",
    { Key: key("w"), AttributeUpdates: { n: { Action: "PUT" } } },
    `${ONE_OR_MORE}Only DELETE action is allowed when no attribute value is specified`,
  ],
  [
    "UpdateItem",
    { Key: key("w"), AttributeUpdates: { n: { Action: "ADD", Value: { S: "1" } } } },
    `${ONE_OR_MORE}ADD action is not supported for the type S`,
  ],
  ["GetItem", { Key: key("w"), AttributesToGet: ["a", "a"] }, `${ONE_OR_MORE}Duplicate value in attribute name: a`],
  [
    "PutItem",
    { Item: key("w"), ConditionalOperator: "OR" },
    "ConditionalOperator cannot be used without Filter or Expected",
  ],
  [
    "GetItem",
    { Key: key("w"), AttributesToGet: ["a"], ProjectionExpression: "b" },
    "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}",
  ],
];
for (const [operation, input, message] of wrong)
  test(`${operation} refuses ${JSON.stringify(input)}`, async () => {
    assert.equal((await ask(operation, input))["message"], message);
  });
