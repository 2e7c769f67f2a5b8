/** DynamoDB over the wire: batches, capacity, compression, checksums, what needs no signature, and that no input breaks an action. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { crc32, deflateSync, gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { signedHeaders } from "#aws/sign.ts";
import { openDoor, ROOT, type TestDoor } from "./aws-door.ts";

let door: TestDoor;
before(async () => {
  door = await openDoor();
  const created = await ask("CreateTable", {
    TableName: "pets",
    AttributeDefinitions: [{ AttributeName: "p", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "p", KeyType: "HASH" }],
    BillingMode: "PAY_PER_REQUEST",
  });
  assert.equal(created.status, 200);
});
after(() => door[Symbol.asyncDispose]());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly body: Readonly<Record<string, unknown>>;
}

async function send(action: string, payload: Buffer, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const { host } = new URL(door.endpoint);
  const signed = signedHeaders(
    {
      method: "POST",
      path: "/",
      query: "",
      headers: { host, "x-amz-target": `DynamoDB_20120810.${action}` },
      body: payload,
    },
    ROOT,
    { region: "us-east-1", service: "dynamodb" },
    Date.now(),
  );
  const response = await fetch(door.endpoint, {
    method: "POST",
    body: new Uint8Array(payload),
    headers: { "accept-encoding": "identity", ...signed, ...headers },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const body = JSON.parse(bytes.toString("utf8")) as Readonly<Record<string, unknown>>;
  return { status: response.status, headers: response.headers, bytes, body };
}

function ask(action: string, input: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return send(action, Buffer.from(JSON.stringify(input)), headers);
}

const put = (p: string): object => ({ PutRequest: { Item: { p: { S: p } } } });
const batches: readonly (readonly [title: string, requests: object, message: RegExp])[] = [
  [
    "a key of another type",
    { pets: [put("a1"), { PutRequest: { Item: { p: { N: "1" } } } }] },
    /Type mismatch for key p/,
  ],
  ["a table that is missing", { pets: [put("a1")], none: [put("a1")] }, /Requested resource not found/],
  [
    "put and delete at once",
    { pets: [put("a1"), { ...put("a2"), DeleteRequest: { Key: { p: { S: "a3" } } } }] },
    /more than one/,
  ],
  ["neither put nor delete", { pets: [put("a1"), {}] }, /exactly one/],
  ["the same key twice", { pets: [put("a1"), { DeleteRequest: { Key: { p: { S: "a1" } } } }] }, /contains duplicates/],
  ["26 writes", { pets: Array.from({ length: 26 }, (_, i) => put(`a${i}`)) }, /less than or equal to 25/],
];
for (const [title, RequestItems, message] of batches) {
  test(`a batch with ${title} writes nothing`, async () => {
    const { status, body } = await ask("BatchWriteItem", { RequestItems });
    assert.equal(status, 400);
    assert.match(String(body["message"]), message);
    const found = await ask("GetItem", { TableName: "pets", Key: { p: { S: "a1" } } });
    assert.equal(found.body["Item"], undefined);
  });
}

test("batches tell what each table consumed", async () => {
  const written = await ask("BatchWriteItem", {
    RequestItems: { pets: [put("b1"), put("b2")] },
    ReturnConsumedCapacity: "INDEXES",
  });
  const capacity = { TableName: "pets", CapacityUnits: 2, Table: { CapacityUnits: 2 } };
  assert.deepEqual(written.body["ConsumedCapacity"], [capacity]);
  const keys = [{ p: { S: "b1" } }, { p: { S: "b2" } }];
  const read = await ask("BatchGetItem", {
    RequestItems: { pets: { Keys: keys, ConsistentRead: true } },
    ReturnConsumedCapacity: "INDEXES",
  });
  assert.deepEqual(read.body["ConsumedCapacity"], [capacity]);
});

test("keys that do not fit into a batch's answer come back unprocessed", async () => {
  const keys = Array.from({ length: 12 }, (_, i) => ({ p: { S: `large-${i}` } }));
  const big = { S: "x".repeat(390_000) };
  for (const key of keys) await ask("PutItem", { TableName: "pets", Item: { ...key, big } });
  const { body } = await ask("BatchGetItem", { RequestItems: { pets: { Keys: keys } } });
  const [got, left] = [body["Responses"], body["UnprocessedKeys"]] as [
    { pets: object[] },
    { pets: { Keys: object[] } },
  ];
  assert.ok(left.pets.Keys.length > 0);
  assert.equal(got.pets.length + left.pets.Keys.length, keys.length);
});

test("requests may be compressed, answers are when asked for, and each carries its checksum", async () => {
  const input = Buffer.from(
    JSON.stringify({ TableName: "pets", Item: { p: { S: "zip" }, text: { S: "y".repeat(9_000) } } }),
  );
  for (const [coding, payload] of [
    ["gzip", gzipSync(input)],
    ["deflate", deflateSync(input)],
  ] as const)
    assert.equal((await send("PutItem", payload, { "content-encoding": coding })).status, 200);
  const plain = await ask("GetItem", { TableName: "pets", Key: { p: { S: "zip" } } });
  assert.equal(plain.headers.get("x-amz-crc32"), String(crc32(plain.bytes)));
  // fetch undoes the compression and leaves the header.
  const zipped = await ask("GetItem", { TableName: "pets", Key: { p: { S: "zip" } } }, { "accept-encoding": "gzip" });
  assert.equal(zipped.headers.get("content-encoding"), "gzip");
  assert.deepEqual(zipped.body, plain.body);
});

test("a small body that unfolds beyond the limit is refused", async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, " "));
  assert.ok(gunzipSync(bomb).length > bomb.length * 100);
  assert.equal((await send("PutItem", bomb, { "content-encoding": "gzip" })).status, 413);
  assert.equal((await send("PutItem", Buffer.from("none"), { "content-encoding": "gzip" })).status, 500);
});

test("health and a browser's question need no signature; everything else does", async () => {
  const health = await fetch(door.endpoint);
  assert.match(await health.text(), /^healthy: 127\.0\.0\.1:/);
  const origin = { origin: "http://example.com" };
  const preflight = await fetch(door.endpoint, {
    method: "OPTIONS",
    headers: { ...origin, "access-control-request-method": "POST", "access-control-request-headers": "x-amz-target" },
  });
  assert.equal(preflight.headers.get("access-control-allow-headers"), "x-amz-target");
  const unsigned = await fetch(door.endpoint, { method: "POST", headers: origin });
  assert.equal(unsigned.status, 403);
  assert.equal(unsigned.headers.get("access-control-allow-origin"), "*");
  assert.equal((await fetch(`${door.endpoint}/abc`)).status, 403);
});

const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  CreateTable: ["TableName", "AttributeDefinitions", "KeySchema", "ProvisionedThroughput", "Tags", "BillingMode"],
  DescribeTable: ["TableName"],
  ListTables: ["Limit", "ExclusiveStartTableName"],
  PutItem: ["TableName", "Item", "ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues"],
  GetItem: ["TableName", "Key", "ProjectionExpression", "ExpressionAttributeNames"],
  UpdateItem: [
    "TableName",
    "Key",
    "UpdateExpression",
    "ConditionExpression",
    "ExpressionAttributeValues",
    "ReturnValues",
  ],
  DeleteItem: ["TableName", "Key", "ConditionExpression", "ExpressionAttributeValues"],
  Query: [
    "TableName",
    "KeyConditionExpression",
    "FilterExpression",
    "ExpressionAttributeValues",
    "ExclusiveStartKey",
    "Select",
  ],
  Scan: ["TableName", "FilterExpression", "Segment", "TotalSegments", "ExclusiveStartKey", "ReturnConsumedCapacity"],
  BatchGetItem: ["RequestItems"],
  BatchWriteItem: ["RequestItems"],
};

const names = fc.constantFrom("p", "a", "constructor", "__proto__", "toString", "#n", ":v", "pets", "");
const texts = fc.constantFrom(
  "pets",
  "",
  "p = :v",
  "SET a = :v",
  "REMOVE a[0], a.b",
  "size(a) < :v",
  "contains(a, :v)",
  "a, b[1]",
  "((",
  "ADD a :v",
  "begins_with(p, :v) AND NOT a IN (:v, b)",
  "a BETWEEN :v AND :v",
  "ALL_NEW",
  "TOTAL",
  "COUNT",
  "1e999",
  "-",
);
const attributes = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.record({ S: texts }),
    fc.record({ N: fc.constantFrom("1", "-0", "1e126", "x", "") }),
    fc.record({ B: fc.constantFrom("AA==", "A", "====") }),
    fc.record({ SS: fc.array(texts, { maxLength: 3 }) }),
    fc.record({ BOOL: fc.anything() }),
    fc.record({ NULL: fc.constantFrom(true, false, null) }),
    fc.record({ L: fc.array(tie("value"), { maxLength: 3 }) }),
    fc.record({ M: fc.dictionary(names, tie("value"), { maxKeys: 3 }) }),
    fc.jsonValue({ maxDepth: 2 }),
  ),
}));
const members = fc.oneof(
  texts,
  fc.jsonValue({ maxDepth: 4 }),
  fc.dictionary(names, attributes.value, { maxKeys: 3 }),
  fc.constant({ p: { S: "x" } }),
  fc.constant({ ":v": { S: "x" } }),
  fc.dictionary(
    fc.constant("pets"),
    fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.array(fc.record({ PutRequest: fc.record({ Item: fc.dictionary(names, attributes.value) }) }), {
        maxLength: 3,
      }),
      fc.record({ Keys: fc.array(fc.dictionary(names, attributes.value), { maxLength: 3 }) }),
    ),
  ),
);

test("no input makes an action fail inside", async () => {
  const inputs = fc.constantFrom(...Object.keys(ACTIONS)).chain((action) => {
    const model = Object.fromEntries(
      (ACTIONS[action] ?? []).map((name) => [
        name,
        name === "TableName" ? fc.constantFrom("pets", "x", "no-such") : members,
      ]),
    );
    return fc.record(model, { requiredKeys: [] }).map((input) => ({ action, input }));
  });
  await fc.assert(
    fc.asyncProperty(inputs, async ({ action, input }) => {
      const { status, body } = await ask(action, input);
      assert.ok(status < 500, `${String(body["__type"])}: ${JSON.stringify(input)}`);
    }),
    { numRuns: 1_500 },
  );
});
