/** Secondary indexes as a client of the door sees them: made with the table or after it, queried, paged, and always what the table says. */
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
    TableName: "orders",
    AttributeDefinitions: ["customer", "id", "day"].map(text).concat([{ AttributeName: "sum", AttributeType: "N" }]),
    KeySchema: [HASH("customer"), RANGE("id")],
    BillingMode: "PAY_PER_REQUEST",
    LocalSecondaryIndexes: [
      { IndexName: "bySum", KeySchema: [HASH("customer"), RANGE("sum")], Projection: { ProjectionType: "KEYS_ONLY" } },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: "byDay",
        KeySchema: [HASH("day"), RANGE("sum")],
        Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["note"] },
      },
    ],
  });
  for (const [customer, id, day, sum] of [
    ["ann", "1", "mon", 10],
    ["ann", "2", "tue", -5],
    ["ann", "3", "mon", 7],
    ["bob", "1", "mon", 7],
    ["bob", "2", undefined, 3],
  ] as const)
    await put({ customer, id, ...(day && { day }) }, { sum: { N: String(sum) }, note: { S: "n" }, more: { S: "m" } });
});
after(() => door[Symbol.asyncDispose]());

const HASH = (AttributeName: string) => ({ AttributeName, KeyType: "HASH" });
const RANGE = (AttributeName: string) => ({ AttributeName, KeyType: "RANGE" });
const text = (AttributeName: string) => ({ AttributeName, AttributeType: "S" });

type Item = Readonly<Record<string, Readonly<Record<string, string>>>>;

async function ask(operation: string, input: object): Promise<Readonly<Record<string, unknown>>> {
  const { status, json } = await door.dynamodb(operation, input);
  assert.equal(status, 200, JSON.stringify(json));
  return json as Readonly<Record<string, unknown>>;
}

async function refusal(operation: string, input: object): Promise<string> {
  const { status, json } = await door.dynamodb(operation, input);
  assert.equal(status, 400, JSON.stringify(json));
  return (json as { readonly message: string }).message;
}

function put(texts: Readonly<Record<string, string>>, rest: object = {}) {
  const item = Object.fromEntries(Object.entries(texts).map(([name, S]) => [name, { S }]));
  return ask("PutItem", { TableName: "orders", Item: { ...item, ...rest } });
}

const MONDAY = {
  TableName: "orders",
  IndexName: "byDay",
  KeyConditionExpression: "#day = :d",
  ExpressionAttributeNames: { "#day": "day" },
  ExpressionAttributeValues: { ":d": { S: "mon" } },
};
const ANN = {
  TableName: "orders",
  IndexName: "bySum",
  KeyConditionExpression: "customer = :c",
  ExpressionAttributeValues: { ":c": { S: "ann" } },
};
const shown = (items: unknown): readonly string[] =>
  (items as readonly Item[]).map(({ customer, id }) => `${customer?.["S"]}/${id?.["S"]}`);

test("a global index has other keys, its own order, and what it projects", async () => {
  const { Items, Count } = await ask("Query", MONDAY);
  assert.deepEqual([shown(Items), Count], [["ann/3", "bob/1", "ann/1"], 3]);
  assert.deepEqual((Items as readonly Item[]).map((item) => Object.keys(item).toSorted().join()).slice(0, 1), [
    "customer,day,id,note,sum",
  ]);
});

test("conditions on the sort key of an index hold for it alone", async () => {
  for (const [condition, values, found] of [
    ["#s = :v", ["7"], ["ann/3", "bob/1"]],
    ["#s > :v", ["7"], ["ann/1"]],
    ["#s >= :v", ["7"], ["ann/3", "bob/1", "ann/1"]],
    ["#s < :v", ["10"], ["ann/3", "bob/1"]],
    ["#s <= :v", ["7"], ["ann/3", "bob/1"]],
    ["#s BETWEEN :v AND :w", ["7", "9"], ["ann/3", "bob/1"]],
  ] as const) {
    const [v = "", w] = values;
    const { Items } = await ask("Query", {
      ...MONDAY,
      KeyConditionExpression: `#day = :d AND ${condition}`,
      ExpressionAttributeNames: { "#day": "day", "#s": "sum" },
      ExpressionAttributeValues: { ":d": { S: "mon" }, ":v": { N: v }, ...(w !== undefined && { ":w": { N: w } }) },
    });
    assert.deepEqual(shown(Items), found, condition);
  }
});

test("pages of an index go on after its keys and those of the table, in both directions", async () => {
  for (const ScanIndexForward of [true, false]) {
    const found: string[] = [];
    let start: unknown;
    do {
      const page = await ask("Query", {
        ...MONDAY,
        Limit: 1,
        ScanIndexForward,
        ...(start !== undefined && { ExclusiveStartKey: start }),
      });
      found.push(...shown(page["Items"]));
      start = page["LastEvaluatedKey"];
      if (start !== undefined)
        assert.deepEqual(Object.keys(start as object).toSorted(), ["customer", "day", "id", "sum"]);
    } while (start !== undefined);
    const forward = ["ann/3", "bob/1", "ann/1"];
    assert.deepEqual(found, ScanIndexForward ? forward : forward.toReversed());
  }
});

test("an item without the keys of an index is not in it", async () => {
  const { Items } = await ask("Scan", { TableName: "orders", IndexName: "byDay" });
  assert.deepEqual(shown(Items).toSorted(), ["ann/1", "ann/2", "ann/3", "bob/1"]);
});

test("a local index reads consistently, and fetches what it does not keep", async () => {
  const { Items } = await ask("Query", { ...ANN, ConsistentRead: true });
  assert.deepEqual(shown(Items), ["ann/2", "ann/3", "ann/1"]);
  assert.deepEqual(Object.keys((Items as readonly Item[])[0] ?? {}).toSorted(), ["customer", "id", "sum"]);
  const whole = await ask("Query", { ...ANN, Select: "ALL_ATTRIBUTES" });
  assert.equal((whole["Items"] as readonly Item[])[0]?.["more"]?.["S"], "m");
  const some = await ask("Query", { ...ANN, ProjectionExpression: "more" });
  assert.deepEqual((some["Items"] as readonly Item[])[0], { more: { S: "m" } });
});

test("what an index cannot do is refused in DynamoDB's words", async () => {
  const wrong: readonly (readonly [change: object, message: RegExp])[] = [
    [{ ConsistentRead: true }, /^Consistent reads are not supported on global secondary indexes$/],
    [{ IndexName: "none" }, /^The table does not have the specified index: none$/],
    [{ Select: "ALL_ATTRIBUTES" }, /ALL_ATTRIBUTES is not supported for global secondary index byDay/],
    [{ ProjectionExpression: "more" }, /Global secondary index byDay does not project \[more\]/],
    [{ ExclusiveStartKey: { day: { S: "mon" } } }, /starting key is invalid/],
  ];
  for (const [change, message] of wrong) assert.match(await refusal("Query", { ...MONDAY, ...change }), message);
  const item = { customer: { S: "c" }, id: { S: "9" } };
  assert.equal(
    await refusal("PutItem", { TableName: "orders", Item: { ...item, day: { N: "1" } } }),
    "One or more parameter values were invalid: Type mismatch for Index Key day Expected: S Actual: N IndexName: byDay",
  );
  assert.match(
    await refusal("UpdateItem", {
      TableName: "orders",
      Key: item,
      UpdateExpression: "SET #d = :e",
      ExpressionAttributeNames: { "#d": "day" },
      ExpressionAttributeValues: { ":e": { S: "" } },
    }),
    /secondary index key is not supported.*IndexName: byDay, IndexKey: day/,
  );
});

test("an index follows its table through updates and deletes, and says what that costs", async () => {
  const Key = { customer: { S: "eve" }, id: { S: "1" } };
  const change = (UpdateExpression: string, values?: object) =>
    ask("UpdateItem", {
      TableName: "orders",
      Key,
      UpdateExpression,
      ExpressionAttributeNames: { "#d": "day" },
      ...(values && { ExpressionAttributeValues: values }),
      ReturnConsumedCapacity: "INDEXES",
      ReturnItemCollectionMetrics: "SIZE",
    });
  const sunday = { ...MONDAY, ExpressionAttributeValues: { ":d": { S: "sun" } } };
  const made = await change("SET #d = :d, note = :s", { ":d": { S: "sun" }, ":s": { S: "x" } });
  assert.deepEqual(made["ConsumedCapacity"], {
    TableName: "orders",
    CapacityUnits: 1,
    Table: { CapacityUnits: 1 },
  });
  assert.deepEqual(made["ItemCollectionMetrics"], {
    ItemCollectionKey: { customer: { S: "eve" } },
    SizeEstimateRangeGB: [0, 1],
  });
  assert.deepEqual(shown((await ask("Query", sunday))["Items"]), []);
  const name = { ExpressionAttributeNames: { "#d": "day", "#s": "sum" } };
  await ask("UpdateItem", {
    TableName: "orders",
    Key,
    UpdateExpression: "SET #s = :n, #d = :d",
    ...name,
    ExpressionAttributeValues: { ":n": { N: "1" }, ":d": { S: "sun" } },
  });
  assert.deepEqual(shown((await ask("Query", sunday))["Items"]), ["eve/1"]);
  const moved = await change("SET #d = :d", { ":d": { S: "sat" } });
  assert.deepEqual((moved["ConsumedCapacity"] as { readonly GlobalSecondaryIndexes: object }).GlobalSecondaryIndexes, {
    byDay: { CapacityUnits: 2 },
  });
  assert.deepEqual(shown((await ask("Query", sunday))["Items"]), []);
  await ask("DeleteItem", { TableName: "orders", Key });
  const { Items } = await ask("Scan", { TableName: "orders", IndexName: "byDay" });
  assert.ok(!shown(Items).includes("eve/1"));
});

test("an index that is made later has what was there before, and goes again", async () => {
  const made = await ask("UpdateTable", {
    TableName: "orders",
    AttributeDefinitions: [text("note")],
    GlobalSecondaryIndexUpdates: [
      { Create: { IndexName: "byNote", KeySchema: [HASH("note")], Projection: { ProjectionType: "ALL" } } },
    ],
  });
  assert.equal((made["TableDescription"] as { readonly TableStatus: string }).TableStatus, "UPDATING");
  await ready("byNote", "ACTIVE");
  const { Count } = await ask("Query", {
    TableName: "orders",
    IndexName: "byNote",
    KeyConditionExpression: "note = :n",
    ExpressionAttributeValues: { ":n": { S: "n" } },
  });
  assert.equal(Count, 5);
  await ask("UpdateTable", {
    TableName: "orders",
    GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "byNote" } }],
  });
  await ready("byNote", undefined);
  assert.match(
    await refusal("Scan", { TableName: "orders", IndexName: "byNote" }),
    /does not have the specified index/,
  );
});

interface Described {
  readonly Table: {
    readonly GlobalSecondaryIndexes?: readonly { readonly IndexName: string; readonly IndexStatus: string }[];
  };
}

async function ready(name: string, status: string | undefined): Promise<void> {
  for (let round = 0; round < 100; round++) {
    const { Table } = (await ask("DescribeTable", { TableName: "orders" })) as unknown as Described;
    if (Table.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === name)?.IndexStatus === status) return;
    door.clock.advance(10);
  }
  assert.fail(`${name} did not become ${status}`);
}
