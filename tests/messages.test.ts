/** Topics, buses, schedules, destinations and object triggers of a whole platform, driven by the aws CLI and kubectl, and through a kill of control. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { zipSync } from "fflate";
import { cannotRun, Stage, until } from "./platform-stage.ts";

const skip = cannotRun("kubectl", "aws");
const ARN = "us-east-1:000000000000";
const ROLE = "arn:aws:iam::000000000000:role/tests";

let stage: Stage;

before(async () => {
  if (skip !== false) return;
  stage = await Stage.open("messages");
  await stage.up();
});
after(() => stage?.[Symbol.asyncDispose]());

async function aws(...words: string[]): Promise<string> {
  const { code, out, error } = await stage.aws(...words);
  assert.equal(code, 0, `${words.join(" ")}: ${error}`);
  return out.trim();
}

async function queue(name: string): Promise<{ readonly url: string; readonly arn: string }> {
  const url = await aws("sqs", "create-queue", "--queue-name", name, "--query", "QueueUrl", "--output", "text");
  return { url, arn: `arn:aws:sqs:${ARN}:${name}` };
}

/** The first message that comes. */
async function body(url: string): Promise<string> {
  const receive = ["sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "15"];
  return aws(...receive, "--query", "Messages[0].Body", "--output", "text");
}

test("a publication reaches the queue that wants it, also over a kill of control", { skip }, async () => {
  const { url, arn } = await queue("orders");
  const topic = await aws("sns", "create-topic", "--name", "orders", "--query", "TopicArn", "--output", "text");
  const attributes = JSON.stringify({ RawMessageDelivery: "true", FilterPolicy: '{"kind":["order"]}' });
  const subscribe = ["sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs", "--notification-endpoint", arn];
  await aws(...subscribe, "--attributes", attributes);
  const publish = (message: string, kind: string): Promise<string> => {
    const attribute = JSON.stringify({ kind: { DataType: "String", StringValue: kind } });
    return aws("sns", "publish", "--topic-arn", topic, "--message", message, "--message-attributes", attribute);
  };
  await publish("no", "offer");
  await publish("yes", "order");
  for (const pid of await stage.pidsOf("control")) process.kill(pid, "SIGKILL");
  await until(
    "control is back",
    () => stage.aws("sns", "list-topics"),
    ({ code }) => code === 0,
  );
  assert.equal(await body(url), "yes");
});

test(
  "an event reaches a rule's target as its template says; a schedule and a rule's dead letter reach theirs",
  { skip },
  async () => {
    const [events, letters] = [await queue("events"), await queue("letters")];
    await aws(
      "events",
      "put-rule",
      "--name",
      "large",
      "--event-pattern",
      '{"source":["shop"],"detail":{"n":[{"numeric":[">",3]}]}}',
    );
    const targets = [
      {
        Id: "1",
        Arn: events.arn,
        InputTransformer: { InputPathsMap: { n: "$.detail.n" }, InputTemplate: '"sold <n>"' },
      },
      { Id: "2", Arn: `${events.arn}-missing`, DeadLetterConfig: { Arn: letters.arn } },
    ];
    await aws("events", "put-targets", "--rule", "large", "--targets", JSON.stringify(targets));
    const entries = [3, 4].map((n) => ({ Source: "shop", DetailType: "sold", Detail: JSON.stringify({ n }) }));
    await aws("events", "put-events", "--entries", JSON.stringify(entries));
    assert.equal(await body(events.url), '"sold 4"');
    assert.match(await body(letters.url), /"source":"shop"/);
    const times = await queue("times");
    const at = new Date(Date.now() + 3_000).toISOString().slice(0, 19);
    const target = JSON.stringify({ Arn: times.arn, RoleArn: ROLE, Input: '"now"' });
    const schedule = ["scheduler", "create-schedule", "--name", "once", "--schedule-expression", `at(${at})`];
    await aws(...schedule, "--flexible-time-window", "Mode=OFF", "--target", target);
    assert.equal(await body(times.url), '"now"');
  },
);

test("a function is run with the changes of objects, and its failures reach their destination", { skip }, async () => {
  const { url, arn } = await queue("failures");
  const zip = join(stage.folder, "fn.zip");
  const code =
    "export const handler = async ({ type, object }) => { throw new Error(`${type} ${object.metadata.name}`); };";
  await writeFile(zip, zipSync({ "index.mjs": Buffer.from(code) }));
  const create = ["lambda", "create-function", "--function-name", "f", "--runtime", "nodejs24.x", "--role", ROLE];
  await aws(...create, "--handler", "index.handler", "--zip-file", `fileb://${zip}`);
  const config = [
    "lambda",
    "put-function-event-invoke-config",
    "--function-name",
    "f",
    "--maximum-retry-attempts",
    "0",
  ];
  await aws(...config, "--destination-config", JSON.stringify({ OnFailure: { Destination: arn } }));
  const trigger = join(stage.folder, "trigger.json");
  const object = {
    apiVersion: "catamaran.dev/v1",
    kind: "ObjectTrigger",
    metadata: { name: "configs" },
    spec: { apiVersion: "v1", kind: "ConfigMap", selector: "app=web", function: "f" },
  };
  await writeFile(trigger, JSON.stringify(object));
  await stage.kubectlOk("apply", "-f", trigger);
  await stage.kubectlOk("create", "configmap", "a", "--from-literal=n=1");
  await stage.kubectlOk("label", "configmap", "a", "app=web");
  assert.match(await body(url), /"condition":"RetriesExhausted".*"errorMessage":"ADDED a"/);
});
