/** PutItem, GetItem, UpdateItem and DeleteItem, and batches of them, as a client of the door sees them. */
import assert from "node:assert/strict";
import test, { after, before, beforeEach } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { SampleDoor } from "../sample-door.ts";

let door: SampleDoor;
const KEY = { p: { S: "a" }, s: { N: "1" } };
const ITEM = { ...KEY, v: { S: "x" }, n: { N: "7" } };

before(async () => {
  door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() });
  const { status } = await door.dynamodb("CreateTable", {
    TableName: "pets",
    AttributeDefinitions: [
      { AttributeName: "p", AttributeType: "S" },
      { AttributeName: "s", AttributeType: "N" },
    ],
    KeySchema: [
      { AttributeName: "p", KeyType: "HASH" },
      { AttributeName: "s", KeyType: "RANGE" },
    ],
    BillingMode: "PAY_PER_REQUEST",
  });
  assert.equal(status, 200);
});
after(() => door[Symbol.asyncDispose]());
beforeEach(() => ask("PutItem", { Item: ITEM }));

async function ask(operation: string, input: object): Promise<unknown> {
  const { json } = await door.dynamodb(operation, { TableName: "pets", ...input });
  return json;
}

const BIG = { S: "y".repeat(5_000) };
const CAPACITY = (units: number): object => ({ TableName: "pets", CapacityUnits: units });
const answers: readonly (readonly [title: string, operation: string, input: object, answer: object])[] = [
  ["an item by its key", "GetItem", { Key: KEY }, { Item: ITEM }],
  ["nothing for a key that nobody has", "GetItem", { Key: { ...KEY, s: { N: "2" } } }, {}],
  ["what is projected", "GetItem", { Key: KEY, ProjectionExpression: "v, nope" }, { Item: { v: { S: "x" } } }],
  [
    "what is projected by other names",
    "GetItem",
    { Key: KEY, ProjectionExpression: "#v", ExpressionAttributeNames: { "#v": "v" } },
    { Item: { v: { S: "x" } } },
  ],
  [
    "half a unit when eventually consistent",
    "GetItem",
    { Key: KEY, ReturnConsumedCapacity: "TOTAL" },
    { Item: ITEM, ConsumedCapacity: CAPACITY(0.5) },
  ],
  [
    "a unit when consistent, with the table's own",
    "GetItem",
    { Key: KEY, ReturnConsumedCapacity: "INDEXES", ConsistentRead: true },
    { Item: ITEM, ConsumedCapacity: { ...CAPACITY(1), Table: { CapacityUnits: 1 } } },
  ],
  ["nothing of what is new", "PutItem", { Item: ITEM }, {}],
  ["what was there before", "PutItem", { Item: KEY, ReturnValues: "ALL_OLD" }, { Attributes: ITEM }],
  [
    "a unit for each kilobyte",
    "PutItem",
    { Item: { ...KEY, BIG }, ReturnConsumedCapacity: "TOTAL" },
    { ConsumedCapacity: CAPACITY(5) },
  ],
  [
    "nothing when the condition holds",
    "PutItem",
    { Item: ITEM, ConditionExpression: "v = :x", ExpressionAttributeValues: { ":x": { S: "x" } } },
    {},
  ],
  [
    "all of what is there after an update",
    "UpdateItem",
    {
      Key: KEY,
      UpdateExpression: "SET v = :y",
      ExpressionAttributeValues: { ":y": { S: "y" } },
      ReturnValues: "ALL_NEW",
    },
    { Attributes: { ...ITEM, v: { S: "y" } } },
  ],
  [
    "what was touched, as it is",
    "UpdateItem",
    {
      Key: KEY,
      UpdateExpression: "SET n = n + :one",
      ExpressionAttributeValues: { ":one": { N: "1" } },
      ReturnValues: "UPDATED_NEW",
    },
    { Attributes: { n: { N: "8" } } },
  ],
  [
    "what was touched, as it was",
    "UpdateItem",
    {
      Key: KEY,
      UpdateExpression: "SET n = n + :one",
      ExpressionAttributeValues: { ":one": { N: "1" } },
      ReturnValues: "UPDATED_OLD",
    },
    { Attributes: { n: { N: "7" } } },
  ],
  [
    "what was there before an update",
    "UpdateItem",
    { Key: KEY, UpdateExpression: "REMOVE v", ReturnValues: "ALL_OLD", ReturnConsumedCapacity: "TOTAL" },
    { Attributes: ITEM, ConsumedCapacity: CAPACITY(1) },
  ],
  ["nothing of an update that is not asked", "UpdateItem", { Key: KEY, UpdateExpression: "REMOVE v" }, {}],
  ["what was deleted", "DeleteItem", { Key: KEY, ReturnValues: "ALL_OLD" }, { Attributes: ITEM }],
  [
    "nothing of a deletion that found none",
    "DeleteItem",
    { Key: { ...KEY, s: { N: "9" } }, ReturnValues: "ALL_OLD", ReturnItemCollectionMetrics: "SIZE" },
    {},
  ],
  [
    "members that are null as left out",
    "DeleteItem",
    { Key: KEY, ReturnValues: null, ConditionExpression: null, ExpressionAttributeNames: null },
    {},
  ],
];
for (const [title, operation, input, answer] of answers)
  test(`${operation} answers ${title}`, async () => assert.deepEqual(await ask(operation, input), answer));

const VALIDATION = "com.amazon.coral.validate#ValidationException";
const SERIALIZATION = "com.amazon.coral.service#SerializationException";
const CONDITION = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
const NOT_FOUND = "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException";
const NULL = (at: string): string => `Value null at '${at}' failed to satisfy constraint: Member must not be null`;

const refusals: readonly (readonly [title: string, operation: string, input: object, type: string, message: string])[] =
  [
    ["no item", "PutItem", {}, VALIDATION, `1 validation error detected: ${NULL("item")}`],
    [
      "nothing at all",
      "GetItem",
      { TableName: undefined },
      VALIDATION,
      `2 validation errors detected: ${NULL("tableName")}; ${NULL("key")}`,
    ],
    [
      "a table that is not there",
      "GetItem",
      { TableName: "none", Key: KEY },
      NOT_FOUND,
      "Requested resource not found",
    ],
    [
      "half a key",
      "GetItem",
      { Key: { p: { S: "a" } } },
      VALIDATION,
      "The provided key element does not match the schema",
    ],
    [
      "half a key in an item",
      "PutItem",
      { Item: { p: { S: "a" } } },
      VALIDATION,
      "One or more parameter values were invalid: Missing the key s in the item",
    ],
    [
      "a key of another type",
      "PutItem",
      { Item: { ...KEY, p: { N: "1" } } },
      VALIDATION,
      "One or more parameter values were invalid: Type mismatch for key p expected: S actual: N",
    ],
    [
      "a number that is none",
      "PutItem",
      { Item: { ...KEY, s: { N: "x" } } },
      VALIDATION,
      "The parameter cannot be converted to a numeric value: x",
    ],
    [
      "a value without a type",
      "PutItem",
      { Item: { ...KEY, v: {} } },
      VALIDATION,
      "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
    ],
    ["a value that is bare", "PutItem", { Item: { ...KEY, v: "a" } }, SERIALIZATION, "Expected null"],
    [
      "what it cannot return",
      "PutItem",
      { Item: ITEM, ReturnValues: "ALL_NEW" },
      VALIDATION,
      "ReturnValues can only be ALL_OLD or NONE",
    ],
    [
      "what it cannot return",
      "DeleteItem",
      { Key: KEY, ReturnValues: "UPDATED_NEW" },
      VALIDATION,
      "ReturnValues can only be ALL_OLD or NONE",
    ],
    [
      "what no enum has",
      "PutItem",
      { Item: ITEM, ReturnValues: "ALL" },
      VALIDATION,
      "1 validation error detected: Value 'ALL' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: [NONE, ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATED_NEW]",
    ],
    [
      "a condition that does not hold",
      "PutItem",
      { Item: ITEM, ConditionExpression: "attribute_not_exists(p)" },
      CONDITION,
      "The conditional request failed",
    ],
    [
      "names without an expression",
      "GetItem",
      { Key: KEY, ExpressionAttributeNames: { "#a": "a" } },
      VALIDATION,
      "ExpressionAttributeNames can only be specified when using expressions",
    ],
    [
      "values without an expression",
      "PutItem",
      { Item: ITEM, ExpressionAttributeValues: { ":a": { S: "a" } } },
      VALIDATION,
      "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
    ],
    [
      "values without either expression",
      "UpdateItem",
      { Key: KEY, ExpressionAttributeValues: { ":a": { S: "a" } } },
      VALIDATION,
      "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and ConditionExpression are null",
    ],
    [
      "no names at all",
      "GetItem",
      { Key: KEY, ProjectionExpression: "v", ExpressionAttributeNames: {} },
      VALIDATION,
      "ExpressionAttributeNames must not be empty",
    ],
    [
      "a value that is not given",
      "UpdateItem",
      { Key: KEY, UpdateExpression: "SET n = :n" },
      VALIDATION,
      "Invalid UpdateExpression: An expression attribute value used in expression is not defined; attribute value: :n",
    ],
    [
      "what the old parameters and expressions ask at once",
      "PutItem",
      { Item: ITEM, ConditionExpression: "v = n", Expected: { p: { Exists: false } } },
      VALIDATION,
      "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}",
    ],
  ];
for (const [title, operation, input, type, message] of refusals)
  test(`${operation} refuses ${title}`, async () => {
    const { status, json } = await door.dynamodb(operation, { TableName: "pets", ...input });
    const { __type, message: told } = json as { readonly __type: string; readonly message: string };
    assert.deepEqual([status, __type, told], [400, type, message]);
  });

test("a condition that fails answers with the item when asked to", async () => {
  const input = { Item: KEY, ConditionExpression: "attribute_not_exists(p)" };
  assert.equal(((await ask("PutItem", input)) as { readonly Item?: object }).Item, undefined);
  const failed = await ask("PutItem", { ...input, ReturnValuesOnConditionCheckFailure: "ALL_OLD" });
  assert.deepEqual((failed as { readonly Item?: object }).Item, ITEM);
});

for (const operation of ["GetItem", "PutItem", "UpdateItem", "DeleteItem"])
  test(`${operation} refuses what it does not know by name`, async () => {
    const what = operation === "PutItem" ? { Item: ITEM } : { Key: KEY };
    const { message } = (await ask(operation, { ...what, Oops: 1 })) as { readonly message: string };
    assert.equal(message, `Member 'Oops' of ${operation}Input is not known to Catamaran; leave it out`);
  });

const batch = async (operation: string, input: object): Promise<unknown> =>
  (await door.dynamodb(operation, input)).json;

test("a batch writes and deletes, and a batch reads what is there", async () => {
  const other = { p: { S: "b" }, s: { N: "2" } };
  const writes = [{ PutRequest: { Item: other } }, { DeleteRequest: { Key: KEY } }];
  assert.deepEqual(await batch("BatchWriteItem", { RequestItems: { pets: writes }, ReturnConsumedCapacity: "TOTAL" }), {
    UnprocessedItems: {},
    ConsumedCapacity: [CAPACITY(2)],
  });
  const found = await batch("BatchGetItem", { RequestItems: { pets: { Keys: [KEY, other] } } });
  assert.deepEqual(found, { Responses: { pets: [other] }, UnprocessedKeys: {} });
});

test("a batch projects, and counts what it read", async () => {
  const pets = {
    Keys: [KEY],
    ProjectionExpression: "#v",
    ExpressionAttributeNames: { "#v": "v" },
    ConsistentRead: true,
  };
  assert.deepEqual(await batch("BatchGetItem", { RequestItems: { pets }, ReturnConsumedCapacity: "INDEXES" }), {
    Responses: { pets: [{ v: { S: "x" } }] },
    UnprocessedKeys: {},
    ConsumedCapacity: [{ ...CAPACITY(1), Table: { CapacityUnits: 1 } }],
  });
});

const keys = (count: number): readonly object[] =>
  Array.from({ length: count }, (_, i) => ({ ...KEY, s: { N: `${i}` } }));
const ONE = "1 validation error detected: ";
const batches: readonly (readonly [title: string, operation: string, input: object, message: string])[] = [
  ["none", "BatchGetItem", { RequestItems: {} }, "The requestItems parameter is required for BatchGetItem"],
  ["none", "BatchWriteItem", { RequestItems: {} }, "The requestItems parameter is required for BatchWriteItem"],
  [
    "no keys",
    "BatchGetItem",
    { RequestItems: { pets: { Keys: [] } } },
    `${ONE}Value at 'RequestItems.pets.member.Keys' failed to satisfy constraint: Member must have length greater than or equal to 1`,
  ],
  [
    "a key that is null",
    "BatchGetItem",
    { RequestItems: { pets: { Keys: [null] } } },
    ONE + NULL("requestItems.pets.member.keys.1.member"),
  ],
  [
    "101 keys",
    "BatchGetItem",
    { RequestItems: { pets: { Keys: keys(101) } } },
    `${ONE}Value at 'RequestItems.pets.member.Keys' failed to satisfy constraint: Member must have length less than or equal to 100`,
  ],
  [
    "a key twice",
    "BatchGetItem",
    { RequestItems: { pets: { Keys: [KEY, KEY] } } },
    "Provided list of item keys contains duplicates",
  ],
  [
    "no writes",
    "BatchWriteItem",
    { RequestItems: { pets: [] } },
    `${ONE}Value '{pets=[0 members]}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]`,
  ],
  [
    "a write that is null",
    "BatchWriteItem",
    { RequestItems: { pets: [null] } },
    ONE + NULL("requestItems.pets.member.1.member"),
  ],
  [
    "a put of nothing",
    "BatchWriteItem",
    { RequestItems: { pets: [{ PutRequest: {} }] } },
    ONE + NULL("requestItems.pets.member.1.member.putRequest.item"),
  ],
  [
    "neither put nor delete",
    "BatchWriteItem",
    { RequestItems: { pets: [{}] } },
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
  ],
];
for (const [title, operation, input, message] of batches)
  test(`${operation} refuses ${title}`, async () => {
    const { status, json } = await door.dynamodb(operation, input);
    const { __type, message: told } = json as { readonly __type: string; readonly message: string };
    assert.deepEqual([status, __type, told], [400, VALIDATION, message]);
  });
