/** Transactions as a client of the door sees them: all or nothing, reasons in order, tokens that make a request happen once. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { SampleDoor } from "../sample-door.ts";

let door: SampleDoor;
before(async () => {
  door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() });
  for (const TableName of ["one", "two"])
    await door.dynamodb("CreateTable", {
      TableName,
      AttributeDefinitions: [{ AttributeName: "p", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "p", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
    });
});
after(() => door[Symbol.asyncDispose]());

const put = (TableName: string, p: string, rest: object = {}) => ({
  Put: { TableName, Item: { p: { S: p }, n: { N: "1" } }, ...rest },
});
const add = (TableName: string, p: string) => ({
  Update: {
    TableName,
    Key: { p: { S: p } },
    UpdateExpression: "ADD n :n",
    ExpressionAttributeValues: { ":n": { N: "1" } },
  },
});
const NEW = { ConditionExpression: "attribute_not_exists(p)" };

interface Told {
  readonly __type?: string;
  readonly message?: string;
  readonly Message?: string;
  readonly CancellationReasons?: readonly Readonly<Record<string, unknown>>[];
}

async function transact(TransactItems: readonly object[], rest: object = {}) {
  const { status, json } = await door.dynamodb("TransactWriteItems", { TransactItems, ...rest });
  return { status, ...(json as Told), json };
}

async function numbers(...keys: readonly (readonly [table: string, p: string])[]): Promise<readonly unknown[]> {
  const { json } = await door.dynamodb("TransactGetItems", {
    TransactItems: keys.map(([TableName, p]) => ({
      Get: { TableName, Key: { p: { S: p } }, ProjectionExpression: "n" },
    })),
  });
  const { Responses } = json as {
    readonly Responses: readonly { readonly Item?: { readonly n: { readonly N: string } } }[];
  };
  return Responses.map(({ Item }) => Item?.n.N);
}

test("parts over several tables happen together", async () => {
  const { status, json } = await transact([put("one", "a"), put("two", "a"), add("one", "b")], {
    ReturnConsumedCapacity: "TOTAL",
  });
  assert.equal(status, 200);
  assert.deepEqual(json, {
    ConsumedCapacity: [
      { TableName: "one", CapacityUnits: 4 },
      { TableName: "two", CapacityUnits: 2 },
    ],
  });
  assert.deepEqual(await numbers(["one", "a"], ["two", "a"], ["one", "b"], ["two", "none"]), [
    "1",
    "1",
    "1",
    undefined,
  ]);
});

test("one that fails cancels all, and each has its reason", async () => {
  await transact([put("one", "there")]);
  const cancelled = await transact([
    put("two", "new"),
    put("one", "there", { ...NEW, ReturnValuesOnConditionCheckFailure: "ALL_OLD" }),
    { ConditionCheck: { TableName: "one", Key: { p: { S: "none" } }, ConditionExpression: "attribute_exists(p)" } },
    { Delete: { TableName: "one", Key: { p: { S: "a" } } } },
  ]);
  assert.equal(cancelled.status, 400);
  assert.match(cancelled.__type ?? "", /#TransactionCanceledException$/);
  assert.equal(
    cancelled.Message,
    "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, ConditionalCheckFailed, None]",
  );
  const Message = "The conditional request failed";
  assert.deepEqual(cancelled.CancellationReasons, [
    { Code: "None" },
    { Code: "ConditionalCheckFailed", Message, Item: { p: { S: "there" }, n: { N: "1" } } },
    { Code: "ConditionalCheckFailed", Message },
    { Code: "None" },
  ]);
  assert.deepEqual(await numbers(["two", "new"]), [undefined]);
});

test("a part that its table cannot have is a reason; a wrong expression or table is a wrong request", async () => {
  const wrongKey = { Put: { TableName: "one", Item: { p: { N: "1" } } } };
  const { CancellationReasons = [] } = await transact([put("one", "x"), wrongKey, wrongKey]);
  assert.deepEqual(
    CancellationReasons.map(({ Code }) => Code),
    ["None", "ValidationError", "None"],
  );
  const wrong: readonly (readonly [parts: readonly object[], type: RegExp, message: RegExp])[] = [
    [[put("one", "x"), add("one", "x")], /ValidationException$/, /cannot include multiple operations on one item/],
    [[{}], /ValidationException$/, /can only contain one of Check, Put, Update or Delete/],
    [[put("one", "x", { ConditionExpression: "attribute_exists(#p)" })], /ValidationException$/, /#p/],
    [[put("none", "x")], /ResourceNotFoundException$/, /Requested resource not found/],
    [[], /ValidationException$/, /transactItems.*greater than or equal to 1/],
    [Array.from({ length: 101 }, (_, n) => put("one", String(n))), /ValidationException$/, /less than or equal to 100/],
    [
      Array.from({ length: 45 }, (_, n) => ({
        Put: { TableName: "one", Item: { p: { S: String(n) }, x: { S: "x".repeat(100_000) } } },
      })),
      /ValidationException$/,
      /size cannot exceed/,
    ],
  ];
  for (const [parts, type, message] of wrong) {
    const { __type = "", message: lower, Message } = await transact(parts);
    assert.match(__type, type);
    assert.match(lower ?? Message ?? "", message);
  }
});

test("a request with the token of one that was done is not done again, for ten minutes", async () => {
  const ClientRequestToken = "once";
  for (let time = 0; time < 2; time++) await transact([add("one", "counted")], { ClientRequestToken });
  assert.deepEqual(await numbers(["one", "counted"]), ["1"]);
  const other = await transact([add("two", "counted")], { ClientRequestToken });
  assert.match(other.__type ?? "", /IdempotentParameterMismatchException$/);
  door.clock.advance(9 * 60_000);
  await transact([add("one", "counted")], { ClientRequestToken });
  assert.deepEqual(await numbers(["one", "counted"]), ["1"]);
  door.clock.advance(10 * 60_000);
  await transact([add("one", "counted")], { ClientRequestToken });
  assert.deepEqual(await numbers(["one", "counted"]), ["2"]);
});

test("a request that was cancelled may be made again with its token", async () => {
  const ClientRequestToken = "again";
  const parts = [put("one", "once-there", { ConditionExpression: "attribute_exists(p)" })];
  assert.equal((await transact(parts, { ClientRequestToken })).status, 400);
  await transact([put("one", "once-there")]);
  assert.equal((await transact(parts, { ClientRequestToken })).status, 200);
});
