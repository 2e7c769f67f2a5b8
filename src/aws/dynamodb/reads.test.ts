/** Query and Scan: what they find, their pages and segments, and what they refuse. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { SampleDoor } from "../sample-door.ts";

let door: SampleDoor;
const item = (p: string, s: number): object => ({ p: { S: p }, s: { N: `${s}` }, v: { S: `${p}${s}` } });
const key = (p: string, s: number): object => ({ p: { S: p }, s: { N: `${s}` } });

before(async () => {
  door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() });
  await door.dynamodb("CreateTable", {
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
  for (const p of ["a", "b"])
    for (const s of [1, 2, 3])
      assert.equal((await door.dynamodb("PutItem", { TableName: "pets", Item: item(p, s) })).status, 200);
});
after(() => door[Symbol.asyncDispose]());

const ask = async (operation: string, input: object): Promise<unknown> =>
  (await door.dynamodb(operation, { TableName: "pets", ...input })).json;
const OF_A = { KeyConditionExpression: "p = :p", ExpressionAttributeValues: { ":p": { S: "a" } } };
const ALL_OF_A = [item("a", 1), item("a", 2), item("a", 3)];

const queries: readonly (readonly [title: string, input: object, answer: object])[] = [
  ["everything of a partition, in order", OF_A, { Items: ALL_OF_A, Count: 3, ScannedCount: 3 }],
  ["backward", { ...OF_A, ScanIndexForward: false }, { Items: ALL_OF_A.toReversed(), Count: 3, ScannedCount: 3 }],
  ["only how many", { ...OF_A, Select: "COUNT" }, { Count: 3, ScannedCount: 3 }],
  [
    "a page and where the next begins",
    { ...OF_A, Limit: 2 },
    { Items: ALL_OF_A.slice(0, 2), Count: 2, ScannedCount: 2, LastEvaluatedKey: key("a", 2) },
  ],
  [
    "the next page",
    { ...OF_A, Limit: 2, ExclusiveStartKey: key("a", 2) },
    { Items: ALL_OF_A.slice(2), Count: 1, ScannedCount: 1 },
  ],
  [
    "what passes the filter, and how much was read",
    {
      KeyConditionExpression: "p = :p AND s > :one",
      FilterExpression: "v <> :v",
      ExpressionAttributeValues: { ":p": { S: "a" }, ":one": { N: "1" }, ":v": { S: "a2" } },
    },
    { Items: [item("a", 3)], Count: 1, ScannedCount: 2 },
  ],
  [
    "what is projected",
    { ...OF_A, Limit: 1, ProjectionExpression: "v", Select: "SPECIFIC_ATTRIBUTES" },
    { Items: [{ v: { S: "a1" } }], Count: 1, ScannedCount: 1, LastEvaluatedKey: key("a", 1) },
  ],
  [
    "what it consumed",
    { ...OF_A, Select: "COUNT", ReturnConsumedCapacity: "TOTAL" },
    { Count: 3, ScannedCount: 3, ConsumedCapacity: { TableName: "pets", CapacityUnits: 0.5 } },
  ],
];
for (const [title, input, answer] of queries)
  test(`Query answers ${title}`, async () => assert.deepEqual(await ask("Query", input), answer));

interface Scanned {
  readonly Items: readonly object[];
  readonly Count: number;
  readonly LastEvaluatedKey?: object;
}

test("a scan has everything once, in pages", async () => {
  const items: object[] = [];
  let start: object | undefined;
  do {
    const page = (await ask("Scan", { Limit: 4, ExclusiveStartKey: start })) as Scanned;
    assert.ok(page.Count <= 4);
    items.push(...page.Items);
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  assert.equal(new Set(items.map((each) => JSON.stringify(each))).size, 6);
  assert.equal(items.length, 6);
});

test("the segments of a scan have everything once together", async () => {
  const parts = [];
  for (const Segment of [0, 1, 2]) parts.push((await ask("Scan", { Segment, TotalSegments: 3 })) as Scanned);
  assert.equal(
    parts.reduce((count, { Count }) => count + Count, 0),
    6,
  );
});

test("a scan consumes a unit of four partitions at least, half when eventually consistent", async () => {
  const of = async (ConsistentRead: boolean): Promise<unknown> =>
    ((await ask("Scan", { ConsistentRead, ReturnConsumedCapacity: "TOTAL" })) as { readonly ConsumedCapacity: object })
      .ConsumedCapacity;
  assert.deepEqual(await of(false), { TableName: "pets", CapacityUnits: 2 });
  assert.deepEqual(await of(true), { TableName: "pets", CapacityUnits: 4 });
});

const ONE = "1 validation error detected: ";
const INVALID = "One or more parameter values were invalid: ";
const VALIDATION = "com.amazon.coral.validate#ValidationException";
const refusals: readonly (readonly [title: string, operation: string, input: object, message: string])[] = [
  [
    "no condition",
    "Query",
    {},
    "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
  ],
  [
    "an index that is not there",
    "Query",
    { ...OF_A, IndexName: "byX" },
    "The table does not have the specified index: byX",
  ],
  ["an index that is not there", "Scan", { IndexName: "byX" }, "The table does not have the specified index: byX"],
  [
    "a page of none, without a value",
    "Query",
    { ...OF_A, Limit: 0 },
    `${ONE}Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1`,
  ],
  [
    "a page of none, with its value",
    "Scan",
    { Limit: 0 },
    `${ONE}Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1`,
  ],
  [
    "several values at once",
    "Query",
    { ...OF_A, Select: "NOPE", ReturnConsumedCapacity: "SOME" },
    "2 validation errors detected: Value 'NOPE' at 'select' failed to satisfy constraint: Member must satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]; Value 'SOME' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum value set: [INDEXES, TOTAL, NONE]",
  ],
  [
    "projected attributes without an index",
    "Query",
    { ...OF_A, Select: "ALL_PROJECTED_ATTRIBUTES" },
    `${INVALID}ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName`,
  ],
  [
    "specific attributes that are not named",
    "Scan",
    { Select: "SPECIFIC_ATTRIBUTES" },
    `${INVALID}Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES`,
  ],
  [
    "a count of projected attributes",
    "Scan",
    { Select: "COUNT", ProjectionExpression: "v" },
    `${INVALID}Cannot specify the ProjectionExpression when choosing to get only the Count`,
  ],
  [
    "all attributes and some",
    "Scan",
    { Select: "ALL_ATTRIBUTES", ProjectionExpression: "v" },
    `${INVALID}Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES`,
  ],
  [
    "segments without a segment",
    "Scan",
    { TotalSegments: 2 },
    "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
  ],
  [
    "a segment without segments",
    "Scan",
    { Segment: 2 },
    "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
  ],
  [
    "a segment that there is not",
    "Scan",
    { Segment: 2, TotalSegments: 2 },
    "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 2 is not less than TotalSegments: 2",
  ],
  [
    "segments outside their range",
    "Scan",
    { Segment: 1_000_000, TotalSegments: 1_000_001 },
    "2 validation errors detected: Value '1000000' at 'segment' failed to satisfy constraint: Member must have value less than or equal to 999999; Value '1000001' at 'totalSegments' failed to satisfy constraint: Member must have value less than or equal to 1000000",
  ],
  [
    "no segment at all",
    "Scan",
    { Segment: -1, TotalSegments: 2 },
    `${ONE}Value '-1' at 'segment' failed to satisfy constraint: Member must have value greater than or equal to 0`,
  ],
  [
    "a start in another partition",
    "Query",
    { ...OF_A, ExclusiveStartKey: key("b", 1) },
    "The provided starting key is outside query boundaries based on provided conditions",
  ],
  [
    "a start that is no key",
    "Scan",
    { ExclusiveStartKey: { p: { S: "a" } } },
    "The provided starting key is invalid: The provided key element does not match the schema",
  ],
];
for (const [title, operation, input, message] of refusals)
  test(`${operation} refuses ${title}`, async () => {
    const { status, json } = await door.dynamodb(operation, { TableName: "pets", ...input });
    const { __type, message: told } = json as { readonly __type: string; readonly message: string };
    assert.deepEqual([status, __type, told], [400, VALIDATION, message]);
  });
