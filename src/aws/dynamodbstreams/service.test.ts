/** Streams of tables as a client of the door sees them: every change once, in order, in the form that the stream declares. */
import assert from "node:assert/strict";
import test from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { SampleDoor } from "../sample-door.ts";

type Json = Readonly<Record<string, unknown>>;

interface Shown {
  readonly eventName: string;
  readonly userIdentity?: unknown;
  readonly dynamodb: {
    readonly Keys: unknown;
    readonly NewImage?: unknown;
    readonly OldImage?: unknown;
    readonly SequenceNumber: string;
  };
}

async function open(view: string) {
  const door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() });
  const checked = async (answer: Promise<{ readonly status: number; readonly json: unknown }>): Promise<Json> => {
    const { status, json } = await answer;
    assert.equal(status, 200, JSON.stringify(json));
    return json as Json;
  };
  const table = (operation: string, input: object = {}) =>
    checked(door.dynamodb(operation, { TableName: "pets", ...input }));
  const stream = (operation: string, input: object) => checked(door.streams(operation, input));
  const made = await table("CreateTable", {
    AttributeDefinitions: [{ AttributeName: "p", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "p", KeyType: "HASH" }],
    BillingMode: "PAY_PER_REQUEST",
    StreamSpecification: { StreamEnabled: true, StreamViewType: view },
  });
  const { LatestStreamArn: arn } = made["TableDescription"] as { readonly LatestStreamArn: string };
  const { StreamDescription } = (await stream("DescribeStream", { StreamArn: arn })) as {
    readonly StreamDescription: {
      readonly Shards: readonly { readonly ShardId: string }[];
      readonly StreamStatus: string;
    };
  };
  const ShardId = StreamDescription.Shards[0]?.ShardId;
  const iterator = async (type: string, SequenceNumber?: string): Promise<string> =>
    (
      await stream("GetShardIterator", {
        StreamArn: arn,
        ShardId,
        ShardIteratorType: type,
        ...(SequenceNumber !== undefined && { SequenceNumber }),
      })
    )["ShardIterator"] as string;
  const read = async (ShardIterator: string) =>
    (await stream("GetRecords", { ShardIterator })) as unknown as {
      readonly Records: readonly Shown[];
      readonly NextShardIterator?: string;
    };
  return { door, table, stream, arn, iterator, read, [Symbol.asyncDispose]: () => door[Symbol.asyncDispose]() };
}

const key = (p: string) => ({ p: { S: p } });
const item = (p: string, n: number) => ({ p: { S: p }, n: { N: String(n) } });
const images = ({ eventName, dynamodb: { NewImage, OldImage } }: Shown) => [eventName, OldImage, NewImage];

const views: readonly (readonly [view: string, images: readonly (readonly unknown[])[]])[] = [
  [
    "NEW_AND_OLD_IMAGES",
    [
      ["INSERT", undefined, item("a", 1)],
      ["MODIFY", item("a", 1), item("a", 2)],
      ["REMOVE", item("a", 2), undefined],
    ],
  ],
  [
    "NEW_IMAGE",
    [
      ["INSERT", undefined, item("a", 1)],
      ["MODIFY", undefined, item("a", 2)],
      ["REMOVE", undefined, undefined],
    ],
  ],
  [
    "OLD_IMAGE",
    [
      ["INSERT", undefined, undefined],
      ["MODIFY", item("a", 1), undefined],
      ["REMOVE", item("a", 2), undefined],
    ],
  ],
  [
    "KEYS_ONLY",
    [
      ["INSERT", undefined, undefined],
      ["MODIFY", undefined, undefined],
      ["REMOVE", undefined, undefined],
    ],
  ],
];
for (const [view, expected] of views)
  test(`a stream of ${view} has each change once, and none for a write that changes nothing`, async () => {
    await using all = await open(view);
    for (const n of [1, 2, 2]) await all.table("PutItem", { Item: item("a", n) });
    await all.table("DeleteItem", { Key: key("a") });
    await all.table("DeleteItem", { Key: key("a") });
    const { Records } = await all.read(await all.iterator("TRIM_HORIZON"));
    assert.deepEqual(Records.map(images), expected);
    assert.ok(Records.every(({ dynamodb }) => JSON.stringify(dynamodb.Keys) === JSON.stringify(key("a"))));
    const numbers = Records.map(({ dynamodb }) => dynamodb.SequenceNumber);
    assert.deepEqual(numbers, numbers.toSorted());
  });

test("a reader begins at the oldest, at the newest, at a record or after it, and goes on where it was", async () => {
  await using all = await open("NEW_IMAGE");
  const latest = await all.iterator("LATEST");
  for (const n of [1, 2, 3]) await all.table("PutItem", { Item: item("a", n) });
  const first = await all.read(await all.iterator("TRIM_HORIZON"));
  const second = first.Records[1]?.dynamodb.SequenceNumber;
  assert.equal((await all.read(latest)).Records.length, 3);
  assert.equal((await all.read(await all.iterator("AT_SEQUENCE_NUMBER", second))).Records.length, 2);
  assert.equal((await all.read(await all.iterator("AFTER_SEQUENCE_NUMBER", second))).Records.length, 1);
  const { Records, NextShardIterator = "" } = await all.read(await all.iterator("LATEST"));
  assert.deepEqual(Records, []);
  await all.table("PutItem", { Item: item("b", 1) });
  assert.deepEqual((await all.read(NextShardIterator)).Records.map(images), [["INSERT", undefined, item("b", 1)]]);
});

test("a stream that is switched off can be read to its end, and a new one is another stream", async () => {
  await using all = await open("NEW_IMAGE");
  await all.table("PutItem", { Item: item("a", 1) });
  await all.table("UpdateTable", { StreamSpecification: { StreamEnabled: false } });
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  await all.table("PutItem", { Item: item("a", 2) });
  const first = await all.read(await all.iterator("TRIM_HORIZON"));
  assert.equal(first.Records.length, 1);
  const end = await all.read(first.NextShardIterator ?? "");
  assert.deepEqual([end.Records, end.NextShardIterator], [[], undefined]);
  await all.table("UpdateTable", { StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" } });
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  const { Streams } = await all.stream("ListStreams", { TableName: "pets" });
  assert.equal((Streams as readonly unknown[]).length, 2);
});

test("what is wrong with an iterator is said in DynamoDB's words", async () => {
  await using all = await open("NEW_IMAGE");
  const iterator = await all.iterator("TRIM_HORIZON");
  const type = async (operation: string, input: object) => {
    const { json } = await all.door.streams(operation, input);
    return (json as { readonly __type: string }).__type.replace(/.*#/, "");
  };
  const shard = { StreamArn: all.arn, ShardId: "shardId-00000000000000000000-00000000", ShardIteratorType: "LATEST" };
  assert.equal(await type("GetShardIterator", shard), "ResourceNotFoundException");
  assert.equal(await type("DescribeStream", { StreamArn: `${all.arn}x` }), "ResourceNotFoundException");
  assert.equal(await type("GetRecords", { ShardIterator: "none" }), "ValidationException");
  all.door.clock.advance(16 * 60_000);
  assert.equal(await type("GetRecords", { ShardIterator: iterator }), "ExpiredIteratorException");
});

test("records are kept for a day, and a reader that is further behind is told so", async () => {
  await using all = await open("NEW_IMAGE");
  await all.table("PutItem", { Item: item("a", 1) });
  const { Records } = await all.read(await all.iterator("TRIM_HORIZON"));
  await all.table("PutItem", { Item: item("a", 2) });
  await passDay(all.door);
  assert.deepEqual((await all.read(await all.iterator("TRIM_HORIZON"))).Records, []);
  await all.table("PutItem", { Item: item("a", 3) });
  const { json } = await all.door.streams("GetShardIterator", {
    StreamArn: all.arn,
    ShardId: (
      (await all.stream("DescribeStream", { StreamArn: all.arn })) as {
        StreamDescription: { Shards: { ShardId: string }[] };
      }
    ).StreamDescription.Shards[0]?.ShardId,
    ShardIteratorType: "AFTER_SEQUENCE_NUMBER",
    SequenceNumber: Records[0]?.dynamodb.SequenceNumber,
  });
  assert.match((json as { readonly __type: string }).__type, /TrimmedDataAccessException$/);
});

async function passDay(door: SampleDoor): Promise<void> {
  door.clock.advance(25 * 3_600_000);
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
}

test("an item whose time has come goes by itself, and the stream says that the service removed it", async () => {
  await using all = await open("OLD_IMAGE");
  const seconds = Math.floor(all.door.clock.now() / 1_000);
  await all.table("PutItem", { Item: { ...key("before"), until: { N: String(seconds + 30) } } });
  await all.table("UpdateTimeToLive", { TimeToLiveSpecification: { Enabled: true, AttributeName: "until" } });
  await all.table("PutItem", { Item: { ...key("after"), until: { N: String(seconds + 40) } } });
  await all.table("PutItem", { Item: { ...key("stays"), until: { N: String(seconds + 3_000) } } });
  await all.table("PutItem", { Item: { ...key("ancient"), until: { N: "1" } } });
  await all.table("PutItem", { Item: { ...key("text"), until: { S: "1" } } });
  const latest = await all.iterator("LATEST");
  for (let second = 0; second < 60; second += 5) {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    all.door.clock.advance(5_000);
  }
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  const { Items } = await all.table("Scan");
  assert.deepEqual((Items as readonly { readonly p: { readonly S: string } }[]).map(({ p }) => p.S).toSorted(), [
    "ancient",
    "stays",
    "text",
  ]);
  const { Records } = await all.read(latest);
  assert.deepEqual(
    Records.map(({ eventName, userIdentity, dynamodb }) => [eventName, userIdentity, dynamodb.Keys]),
    ["before", "after"].map((p) => ["REMOVE", { Type: "Service", PrincipalId: "dynamodb.amazonaws.com" }, key(p)]),
  );
  assert.deepEqual(await all.table("DescribeTimeToLive"), {
    TimeToLiveDescription: { TimeToLiveStatus: "ENABLED", AttributeName: "until" },
  });
});
