/** CreateTable, DescribeTable, ListTables and DeleteTable, as a client of the door sees them. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { SampleDoor } from "../sample-door.ts";

let door: SampleDoor;
before(async () => {
  door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() });
});
after(() => door[Symbol.asyncDispose]());

const HASH = { AttributeName: "p", KeyType: "HASH" };
const RANGE = { AttributeName: "s", KeyType: "RANGE" };
const P = { AttributeName: "p", AttributeType: "S" };
const S = { AttributeName: "s", AttributeType: "N" };
const PLAIN = { TableName: "xyz", AttributeDefinitions: [P], KeySchema: [HASH], BillingMode: "PAY_PER_REQUEST" };
const VALIDATION = "com.amazon.coral.validate#ValidationException";

test("a table is made, described and listed with what it was given", async () => {
  const created = await door.dynamodb("CreateTable", {
    TableName: "pets",
    AttributeDefinitions: [P, S],
    KeySchema: [HASH, RANGE],
    BillingMode: "PAY_PER_REQUEST",
    Tags: [{ Key: "a", Value: "b" }],
  });
  const { TableDescription } = created.json as {
    readonly TableDescription: { readonly TableId: string; readonly CreationDateTime: number };
  };
  assert.match(TableDescription.TableId, /^[0-9a-f-]{36}$/);
  const atSeconds = door.clock.now() / 1000;
  const expected = {
    AttributeDefinitions: [P, S],
    TableName: "pets",
    KeySchema: [HASH, RANGE],
    TableStatus: "CREATING",
    CreationDateTime: TableDescription.CreationDateTime,
    ProvisionedThroughput: { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
    TableSizeBytes: 0,
    ItemCount: 0,
    TableArn: "arn:aws:dynamodb:us-east-1:000000000000:table/pets",
    TableId: TableDescription.TableId,
    BillingModeSummary: {
      BillingMode: "PAY_PER_REQUEST",
      LastUpdateToPayPerRequestDateTime: TableDescription.CreationDateTime,
    },
    DeletionProtectionEnabled: false,
  };
  assert.ok(Math.abs(TableDescription.CreationDateTime - atSeconds) < 1);
  assert.deepEqual([created.status, TableDescription], [200, expected]);
  const described = await door.dynamodb("DescribeTable", { TableName: "pets" });
  assert.deepEqual(described.json, { Table: { ...expected, TableStatus: "ACTIVE" } });
  const byArn = await door.dynamodb("DescribeTable", { TableName: expected.TableArn });
  assert.deepEqual(byArn.json, described.json);
});

test("a provisioned table says its units and class, and is kept while it is protected", async () => {
  const created = await door.dynamodb("CreateTable", {
    TableName: "kept",
    AttributeDefinitions: [P],
    KeySchema: [HASH],
    ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 6 },
    TableClass: "STANDARD_INFREQUENT_ACCESS",
    DeletionProtectionEnabled: true,
  });
  const { TableDescription } = created.json as { readonly TableDescription: Readonly<Record<string, unknown>> };
  assert.deepEqual(TableDescription["ProvisionedThroughput"], {
    NumberOfDecreasesToday: 0,
    ReadCapacityUnits: 5,
    WriteCapacityUnits: 6,
  });
  assert.deepEqual(TableDescription["TableClassSummary"], { TableClass: "STANDARD_INFREQUENT_ACCESS" });
  assert.equal(TableDescription["BillingModeSummary"], undefined);
  const { status, json } = await door.dynamodb("DeleteTable", { TableName: "kept" });
  assert.equal(status, 400);
  assert.match(JSON.stringify(json), /currently protected against deletion/);
});

test("a table that is deleted says so, without schema and time, and is then gone", async () => {
  await door.dynamodb("CreateTable", { ...PLAIN, TableName: "gone" });
  const deleted = await door.dynamodb("DeleteTable", { TableName: "gone" });
  const { TableDescription } = deleted.json as { readonly TableDescription: Readonly<Record<string, unknown>> };
  assert.deepEqual(Object.keys(TableDescription).toSorted(), [
    "BillingModeSummary",
    "DeletionProtectionEnabled",
    "ItemCount",
    "ProvisionedThroughput",
    "TableArn",
    "TableId",
    "TableName",
    "TableSizeBytes",
    "TableStatus",
  ]);
  assert.equal(TableDescription["TableStatus"], "DELETING");
  assert.equal((await door.dynamodb("DescribeTable", { TableName: "gone" })).status, 400);
});

test("tables are listed by name in pages", async () => {
  const list = async (input: object): Promise<unknown> => (await door.dynamodb("ListTables", input)).json;
  assert.deepEqual(await list({}), { TableNames: ["kept", "pets"] });
  assert.deepEqual(await list({ Limit: 1 }), { TableNames: ["kept"], LastEvaluatedTableName: "kept" });
  assert.deepEqual(await list({ Limit: 1, ExclusiveStartTableName: "kept" }), { TableNames: ["pets"] });
  assert.deepEqual(await list({ ExclusiveStartTableName: "pets" }), { TableNames: [] });
});

const badNames: readonly (readonly [title: string, input: unknown, type: string, message: string])[] = [
  [
    "no name",
    {},
    VALIDATION,
    "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null",
  ],
  [
    "null",
    { TableName: null },
    VALIDATION,
    "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null",
  ],
  [
    "two letters",
    { TableName: "ab" },
    VALIDATION,
    "TableName must be at least 3 characters long and at most 255 characters long",
  ],
  [
    "spaces",
    { TableName: "a b c" },
    VALIDATION,
    "1 validation error detected: Value 'a b c' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
  ],
  [
    "a number",
    { TableName: 3 },
    "com.amazon.coral.service#SerializationException",
    "NUMBER_VALUE cannot be converted to String",
  ],
  [
    "a list",
    { TableName: ["x"] },
    "com.amazon.coral.service#SerializationException",
    "Start of list found where not expected",
  ],
  [
    "a list instead of members",
    [],
    "com.amazon.coral.service#SerializationException",
    "Start of list found where not expected",
  ],
];
for (const [title, input, type, message] of badNames)
  for (const operation of ["DescribeTable", "DeleteTable"])
    test(`${operation} refuses ${title}`, async () => {
      const { status, json } = await door.dynamodb(operation, input);
      const { __type, message: told } = json as { readonly __type: string; readonly message: string };
      assert.deepEqual([status, __type, told], [400, type, message]);
    });

for (const operation of ["DescribeTable", "DeleteTable"])
  test(`${operation}: a table that is not there is named`, async () => {
    const { status, headers, json } = await door.dynamodb(operation, { TableName: "none" });
    const { __type, message } = json as { readonly __type: string; readonly message: string };
    assert.deepEqual(
      [status, headers["content-type"], __type, message],
      [
        400,
        "application/x-amz-json-1.0",
        "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
        "Requested resource not found: Table: none not found",
      ],
    );
  });

test("a table whose name is taken is in use", async () => {
  const { status, json } = await door.dynamodb("CreateTable", { ...PLAIN, TableName: "pets" });
  const { __type, message } = json as { readonly __type: string; readonly message: string };
  assert.deepEqual(
    [status, __type, message],
    [400, "com.amazonaws.dynamodb.v20120810#ResourceInUseException", "Table already exists: pets"],
  );
});

const ONE_OR_MORE = "One or more parameter values were invalid: ";
const created: readonly (readonly [title: string, change: object, message: string])[] = [
  ["no name", { TableName: undefined }, "The parameter 'TableName' is required but was not present in the request"],
  [
    "what no enum has, all of it at once",
    { AttributeDefinitions: [{ AttributeName: "p", AttributeType: "X" }], BillingMode: "NONE" },
    "2 validation errors detected: Value 'X' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]; Value 'NONE' at 'billingMode' failed to satisfy constraint: Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]",
  ],
  [
    "three keys",
    { KeySchema: [HASH, RANGE, { ...RANGE, AttributeName: "r" }] },
    "1 validation error detected: Value '[KeySchemaElement(attributeName=p, keyType=HASH), KeySchemaElement(attributeName=s, keyType=RANGE), KeySchemaElement(attributeName=r, keyType=RANGE)]' at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2",
  ],
  [
    "neither keys nor attributes",
    { KeySchema: undefined, AttributeDefinitions: undefined },
    "2 validation errors detected: Value null at 'attributeDefinitions' failed to satisfy constraint: Member must not be null; Value null at 'keySchema' failed to satisfy constraint: Member must not be null",
  ],
  [
    "an attribute defined twice",
    { AttributeDefinitions: [P, P] },
    `${ONE_OR_MORE}Duplicate AttributeName in AttributeDefinitions: p`,
  ],
  [
    "a range key first",
    { KeySchema: [{ ...HASH, KeyType: "RANGE" }] },
    "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
  ],
  [
    "two hash keys",
    { KeySchema: [HASH, { ...RANGE, KeyType: "HASH" }], AttributeDefinitions: [P, S] },
    "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
  ],
  [
    "a key without definition",
    { KeySchema: [HASH, RANGE] },
    "Invalid KeySchema: Some index key attribute have no definition",
  ],
  [
    "one attribute as both keys",
    { KeySchema: [HASH, { ...HASH, KeyType: "RANGE" }], AttributeDefinitions: [P, S] },
    "Both the Hash Key and the Range Key element in the KeySchema have the same name",
  ],
  [
    "another attribute defined",
    { AttributeDefinitions: [S] },
    `${ONE_OR_MORE}Some index key attributes are not defined in AttributeDefinitions. Keys: [p], AttributeDefinitions: [s]`,
  ],
  [
    "a definition too many",
    { AttributeDefinitions: [P, S] },
    `${ONE_OR_MORE}Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions`,
  ],
  [
    "no units for a provisioned table",
    { BillingMode: undefined },
    `${ONE_OR_MORE}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED`,
  ],
  [
    "units for a table on demand",
    { ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } },
    `${ONE_OR_MORE}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST`,
  ],
  [
    "51 tags",
    { Tags: Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: "v" })) },
    "Too many tags: a table has at most 50",
  ],
  [
    "a tag twice",
    {
      Tags: [
        { Key: "k", Value: "v" },
        { Key: "k", Value: "w" },
      ],
    },
    `${ONE_OR_MORE}the tag keys are not unique`,
  ],
];
for (const [title, change, message] of created)
  test(`CreateTable refuses ${title}`, async () => {
    const { status, json } = await door.dynamodb("CreateTable", { ...PLAIN, ...change });
    const { __type, message: told } = json as { readonly __type: string; readonly message: string };
    assert.deepEqual([status, __type, told], [400, VALIDATION, message]);
  });

const unserved: readonly (readonly [member: string, value: unknown])[] = [
  ["SSESpecification", { Enabled: true }],
  ["WarmThroughput", { ReadUnitsPerSecond: 12_000 }],
  ["ResourcePolicy", "{}"],
  ["OnDemandThroughput", { MaxReadRequestUnits: 1 }],
];
for (const [member, value] of unserved)
  test(`CreateTable refuses ${member} by name`, async () => {
    const { status, json } = await door.dynamodb("CreateTable", { ...PLAIN, [member]: value });
    assert.equal(status, 400);
    assert.match((json as { readonly message: string }).message, new RegExp(`${member}.*Catamaran.*leave it out`, "i"));
    assert.equal((await door.dynamodb("DescribeTable", { TableName: PLAIN.TableName })).status, 400);
  });

test("what is switched off is as good as left out", async () => {
  const off = { StreamSpecification: { StreamEnabled: false }, SSESpecification: { Enabled: false } };
  const { status } = await door.dynamodb("CreateTable", { ...PLAIN, TableName: "off", ...off });
  assert.equal(status, 200);
  assert.equal((await door.dynamodb("DeleteTable", { TableName: "off" })).status, 200);
});

test("an operation that nobody has is unknown", async () => {
  const { status, json } = await door.dynamodb("Nope", {});
  assert.deepEqual(
    [status, (json as { readonly __type: string }).__type],
    [400, "com.amazon.coral.service#UnknownOperationException"],
  );
});
