/**
 * Measures the items of tables over the signed DynamoDB API, durable: the door here with its database on disk, raw clients in a child.
 * Usage: node bench/tables.ts [--endpoint URL], which measures another server of that API instead. About 20 seconds.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { parseArgs } from "node:util";
import { signedHeaders } from "#aws/sign.ts";
import { Histogram } from "#base/histogram.ts";
import { openDoor, ROOT } from "../tests/aws-door.ts";

const LOAD_MS = 3_000;
const LANES = 32;
const ITEMS = 1_000;

type Input = Readonly<Record<string, unknown>>;
type Ask = (operation: string, input: Input) => Promise<void>;

const { values } = parseArgs({ options: { endpoint: { type: "string" }, clients: { type: "string" } } });
if (values.clients !== undefined) await clients(new URL(values.clients));
else await measure(values.endpoint);

async function measure(endpoint: string | undefined): Promise<void> {
  await using door = endpoint === undefined ? await openDoor() : null;
  const child = fork(import.meta.filename, ["--clients", endpoint ?? door?.endpoint ?? ""]);
  await once(child, "exit");
}

async function clients(url: URL): Promise<void> {
  const ask = asker(url);
  await createTable(ask, "plain", false);
  const item = (at: number): Input => ({
    p: { S: `p${at % ITEMS}` },
    s: { N: String(Math.floor(at / ITEMS) % 10) },
    g: { S: `g${at % 100}` },
    text: { S: "x".repeat(200) },
  });
  const key = (at: number): Input => {
    const { p, s } = item(at);
    return { p, s };
  };
  await load("put an item of 230 bytes", (at) => ask("PutItem", { TableName: "plain", Item: item(at) }));
  for (let at = 0; at < ITEMS * 10; at += 25)
    await ask("BatchWriteItem", {
      RequestItems: { plain: Array.from({ length: 25 }, (_, n) => ({ PutRequest: { Item: item(at + n) } })) },
    });
  await load("get an item", (at) => ask("GetItem", { TableName: "plain", Key: key(at), ConsistentRead: true }));
  await load("query a partition of 10 items", (at) =>
    ask("Query", {
      TableName: "plain",
      KeyConditionExpression: "p = :p",
      ExpressionAttributeValues: { ":p": { S: `p${at % ITEMS}` } },
    }),
  );
  await load("transaction of two puts", (at) =>
    ask("TransactWriteItems", {
      TransactItems: [item(2 * at), item(2 * at + 1)].map((Item) => ({ Put: { TableName: "plain", Item } })),
    }),
  );
  await createTable(ask, "indexed", true);
  await load("put with a global index and a stream", (at) => ask("PutItem", { TableName: "indexed", Item: item(at) }));
}

async function createTable(ask: Ask, TableName: string, isIndexed: boolean): Promise<void> {
  await ask("CreateTable", {
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [
      { AttributeName: "p", AttributeType: "S" },
      { AttributeName: "s", AttributeType: "N" },
      ...(isIndexed ? [{ AttributeName: "g", AttributeType: "S" }] : []),
    ],
    KeySchema: [
      { AttributeName: "p", KeyType: "HASH" },
      { AttributeName: "s", KeyType: "RANGE" },
    ],
    ...(isIndexed && {
      GlobalSecondaryIndexes: [
        {
          IndexName: "byG",
          KeySchema: [{ AttributeName: "g", KeyType: "HASH" }],
          Projection: { ProjectionType: "ALL" },
        },
      ],
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
    }),
  });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
}

async function load(what: string, work: (at: number) => Promise<void>): Promise<void> {
  const times = new Histogram();
  const until = performance.now() + LOAD_MS;
  let [at, failed] = [0, 0];
  const lane = async (): Promise<void> => {
    while (performance.now() < until) {
      const before = performance.now();
      await work(at++).catch(() => failed++);
      times.record((performance.now() - before) * 1_000);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const ms = (share: number): string => (times.quantile(share) / 1_000).toFixed(1);
  const rate = Math.round((times.count * 1_000) / LOAD_MS);
  process.stdout.write(
    `${what.padEnd(40)} ${String(rate).padStart(6)}/s  p50 ${ms(0.5)} ms  p99 ${ms(0.99)} ms  ${failed} failed\n`,
  );
}

function asker(url: URL): Ask {
  const agent = new Agent({ keepAlive: true, maxSockets: LANES });
  return (operation, input) => {
    const body = Buffer.from(JSON.stringify(input));
    const headers = signedHeaders(
      {
        method: "POST",
        path: "/",
        query: "",
        headers: {
          host: url.host,
          "content-type": "application/x-amz-json-1.0",
          "x-amz-target": `DynamoDB_20120810.${operation}`,
        },
        body,
      },
      ROOT,
      { region: "us-east-1", service: "dynamodb" },
      Date.now(),
    );
    return new Promise((resolve, reject) => {
      const sent = request(url, { method: "POST", headers, agent }, (response) => {
        response.resume().on("end", () => {
          if (response.statusCode === 200) resolve();
          else reject(new Error(`${operation} answered ${response.statusCode}`));
        });
      });
      sent.on("error", reject);
      sent.end(body);
    });
  };
}
