/**
 * Measures topics and buses of a running instance (catamaran up first) through the signed door: publications and events a second, durable, until
 * a queue has each of them. Usage: eval "$(npx catamaran env)"; node bench/messages.ts
 */
import { Agent, request } from "node:http";
import { signedHeaders } from "#aws/sign.ts";

const LANES = 16;
const LOAD_MS = 5_000;
const BATCH = 10;
const { AWS_ENDPOINT_URL = "", AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "" } = process.env;
const door = new URL(AWS_ENDPOINT_URL);
const agent = new Agent({ keepAlive: true, maxSockets: LANES });

interface Asked {
  readonly service: string;
  /** Of the JSON protocols; absent: a form. */
  readonly target?: string;
  readonly body: string;
}

function ask({ service, target, body }: Asked): Promise<string> {
  const bytes = Buffer.from(body);
  const type = target === undefined ? "application/x-www-form-urlencoded" : "application/x-amz-json-1.1";
  const plain = {
    host: door.host,
    "content-type": type,
    "content-length": String(bytes.length),
    ...(target !== undefined && { "x-amz-target": target }),
  };
  const key = { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY };
  const unsigned = { method: "POST", path: "/", query: "", headers: plain, body: bytes };
  const headers = signedHeaders(unsigned, key, { region: "us-east-1", service }, Date.now());
  return new Promise((resolve, reject) => {
    const sent = request(door, { method: "POST", headers, agent }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      response.on("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${service}: ${response.statusCode} ${text}`));
      });
    });
    sent.on("error", reject);
    sent.end(bytes);
  });
}

const form = (members: Readonly<Record<string, string>>): string =>
  new URLSearchParams({ Version: "2010-03-31", ...members }).toString();
const sns = (members: Readonly<Record<string, string>>): Promise<string> =>
  ask({ service: "sns", body: form(members) });
const events = (operation: string, input: object): Promise<string> =>
  ask({ service: "events", target: `AWSEvents.${operation}`, body: JSON.stringify(input) });
const sqs = (operation: string, input: object): Promise<string> =>
  ask({ service: "sqs", target: `AmazonSQS.${operation}`, body: JSON.stringify(input) });

async function queued(queue: string): Promise<number> {
  const AttributeNames = ["ApproximateNumberOfMessages"];
  const answer = JSON.parse(await sqs("GetQueueAttributes", { QueueUrl: queue, AttributeNames })) as {
    readonly Attributes: { readonly ApproximateNumberOfMessages: string };
  };
  return Number(answer.Attributes.ApproximateNumberOfMessages);
}

/** So many at once for a while; then until the queue has them all. */
async function measure(title: string, queue: string, each: number, send: () => Promise<string>): Promise<void> {
  await sqs("CreateQueue", { QueueName: queue });
  const started = performance.now();
  let sent = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() - started < LOAD_MS) {
      await send();
      sent += each;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const taken = performance.now() - started;
  while ((await queued(queue)) < sent) await new Promise((resolve) => setTimeout(resolve, 50));
  const all = performance.now() - started;
  const rate = (ms: number): string => Math.round((sent / ms) * 1_000).toLocaleString("en-US");
  process.stdout.write(`| ${title} | ${rate(taken)} | ${rate(all)} |\n`);
}

const arn = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;
process.stdout.write("| what | accepted a second | in the queue a second |\n| --- | --- | --- |\n");

for (const RawMessageDelivery of ["true", "false"]) {
  const name = `bench-topic-${RawMessageDelivery}`;
  await sns({ Action: "CreateTopic", Name: name });
  const TopicArn = `arn:aws:sns:us-east-1:000000000000:${name}`;
  const raw = { "Attributes.entry.1.key": "RawMessageDelivery", "Attributes.entry.1.value": RawMessageDelivery };
  await sns({ Action: "Subscribe", TopicArn, Protocol: "sqs", Endpoint: arn(name), ...raw });
  const title = RawMessageDelivery === "true" ? "Publish, raw" : "Publish, signed envelope";
  await measure(title, name, 1, () => sns({ Action: "Publish", TopicArn, Message: "x".repeat(100) }));
}

await events("PutRule", { Name: "bench", EventPattern: '{"source":["bench"]}' });
const entry = { Source: "bench", DetailType: "t", Detail: JSON.stringify({ text: "x".repeat(100) }) };
for (const [title, count] of [
  ["PutEvents, one", 1],
  ["PutEvents, ten", BATCH],
] as const) {
  const name = `bench-bus-${count}`;
  await events("PutTargets", { Rule: "bench", Targets: [{ Id: "1", Arn: arn(name) }] });
  const Entries = Array.from({ length: count }, () => entry);
  await measure(title, name, count, () => events("PutEvents", { Entries }));
}
agent.destroy();
