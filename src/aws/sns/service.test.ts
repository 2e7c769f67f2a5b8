/** Topics at the door: what they answer, refuse and send out (Amazon SNS API Reference; recorded answers of SNS for the sentences). */
import assert from "node:assert/strict";
import { createVerify, generateKeyPairSync } from "node:crypto";
import test from "node:test";
import { seededRandom } from "#base/random.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import type { Push } from "#managed/push.ts";
import { Topics } from "#managed/topic/topics.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { openBareDoor } from "../bare-door.ts";
import { CERTIFICATE_PATH, topicLinks } from "./links.ts";
import { notifier, questioner } from "./notification.ts";
import { snsService } from "./service.ts";
import { notificationSigner } from "./signer.ts";

const PLACE = { region: "us-east-1", accountId: "000000000000" };
const TOPIC = "arn:aws:sns:us-east-1:000000000000:t";
const QUEUE = "arn:aws:sqs:us-east-1:000000000000:q";
const FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f";
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const KEY = { certificate: "CERTIFICATE", key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };

async function bench() {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock(Date.UTC(2026, 10, 27))));
  const random = seededRandom(9);
  const pushed: Push[] = [];
  const prepare = (all: readonly Push[]) => ({ rows: [], start: () => void pushed.push(...all) });
  const signer = notificationSigner(async () => KEY, "http://door/cert.pem");
  const notifying = { ...PLACE, doorUrl: "http://door", signer };
  const topics = new Topics({
    objects: deck.objects("test"),
    database: new MemoryDatabase(),
    pushes: { prepare, accept: async () => {} },
    render: notifier(notifying),
    clock,
    random,
  });
  const world = { ...PLACE, namespace: "default", topics, newId: () => random.uuid() };
  const service = snsService(world);
  const door = await openBareDoor([service]);
  const ask = async (Action: string, members: Readonly<Record<string, string>> = {}) => {
    const body = new URLSearchParams({ Action, Version: "2010-03-31", ...members }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await door.ask({ service: "sns", headers, body });
    return { status: answer.status, text: answer.body.toString() };
  };
  const links = topicLinks(world, async () => KEY.certificate);
  const question = questioner(
    notifying,
    () => "id",
    () => 0,
  );
  const policyOf = (resource: string) => service.policyOf?.(resource);
  return { ask, pushed, topics, links, question, policyOf, [Symbol.asyncDispose]: () => door[Symbol.asyncDispose]() };
}

function attribute(name: string, value: string, at = 1): Readonly<Record<string, string>> {
  return { [`Attributes.entry.${at}.key`]: name, [`Attributes.entry.${at}.value`]: value };
}

test("a topic is made once, described, listed, tagged and removed", async () => {
  await using all = await bench();
  const tag = { "Tags.member.1.Key": "a", "Tags.member.1.Value": "b" };
  for (let i = 0; i < 2; i++)
    assert.match((await all.ask("CreateTopic", { Name: "t", ...tag })).text, new RegExp(`<TopicArn>${TOPIC}<`));
  assert.match((await all.ask("ListTopics")).text, new RegExp(TOPIC));
  await all.ask("SetTopicAttributes", { TopicArn: TOPIC, AttributeName: "DisplayName", AttributeValue: "shown" });
  const described = await all.ask("GetTopicAttributes", { TopicArn: TOPIC });
  assert.match(described.text, /<key>DisplayName<\/key><value>shown</);
  assert.match((await all.ask("ListTagsForResource", { ResourceArn: TOPIC })).text, /<Key>a<\/Key><Value>b</);
  await all.ask("UntagResource", { ResourceArn: TOPIC, "TagKeys.member.1": "a" });
  assert.doesNotMatch((await all.ask("ListTagsForResource", { ResourceArn: TOPIC })).text, /<Key>/);
  const label = { TopicArn: TOPIC, Label: "l" };
  await all.ask("AddPermission", { ...label, "AWSAccountId.member.1": "1", "ActionName.member.1": "Publish" });
  assert.match((await all.ask("GetTopicAttributes", { TopicArn: TOPIC })).text, /Sid&#34;:&#34;l&#34;/);
  assert.match((await all.policyOf(TOPIC)) ?? "", /"Sid":"l"/);
  assert.equal(await all.policyOf(`${TOPIC}x`), null);
  await all.ask("RemovePermission", label);
  assert.equal((await all.ask("DeleteTopic", { TopicArn: TOPIC })).status, 200);
  assert.match(
    (await all.ask("GetTopicAttributes", { TopicArn: TOPIC })).text,
    /<Code>NotFound<.*Topic does not exist/,
  );
});

test("what attributes say stands in the objects, where a manifest would say it", async () => {
  await using all = await bench();
  const tags = { "Tags.member.1.Key": "a", "Tags.member.1.Value": "b" };
  const attributes = { DisplayName: "d", SignatureVersion: "2", Policy: "{}", DeliveryPolicy: '{"http":{}}' };
  const given = Object.entries(attributes).map(([name, value], at) => attribute(name, value, at + 1));
  await all.ask("CreateTopic", { Name: "t", ...tags, ...Object.assign({}, ...given) });
  assert.deepEqual(all.topics.list("default")[0]?.spec, {
    displayName: "d",
    signatureVersion: "2",
    policy: "{}",
    deliveryPolicy: '{"http":{}}',
    tags: { a: "b" },
  });
  const https = { TopicArn: TOPIC, Protocol: "https", Endpoint: "https://there" };
  await all.ask("Subscribe", { ...https, ...attribute("RawMessageDelivery", "true") });
  const SubscriptionArn = `${TOPIC}:${all.topics.subscriptions("default")[0]?.metadata.name ?? ""}`;
  const set = (AttributeName: string, AttributeValue: string) =>
    all.ask("SetSubscriptionAttributes", { SubscriptionArn, AttributeName, AttributeValue });
  await set("RedrivePolicy", JSON.stringify({ deadLetterTargetArn: QUEUE }));
  await set("DeliveryPolicy", "{}");
  assert.deepEqual(all.topics.subscriptions("default")[0]?.spec, {
    topic: "t",
    protocol: "https",
    endpoint: "https://there",
    rawMessageDelivery: true,
    deadLetterQueue: QUEUE,
    deliveryPolicy: "{}",
    filterPolicyScope: "MessageAttributes",
  });
});

test("a queue gets an envelope with a signature that fits, or the body alone", async () => {
  await using all = await bench();
  await all.ask("CreateTopic", { Name: "t" });
  const sqs = { TopicArn: TOPIC, Protocol: "sqs" };
  await all.ask("Subscribe", { ...sqs, Endpoint: QUEUE });
  await all.ask("Subscribe", { ...sqs, Endpoint: `${QUEUE}2`, ...attribute("RawMessageDelivery", "true") });
  await all.ask("Publish", {
    TopicArn: TOPIC,
    Message: "hello",
    Subject: "s",
    "MessageAttributes.entry.1.Name": "n",
    "MessageAttributes.entry.1.Value.DataType": "Number",
    "MessageAttributes.entry.1.Value.StringValue": "5",
  });
  const raw = all.pushed.find(({ target }) => target === `${QUEUE}2`);
  assert.deepEqual([raw?.payload, raw?.attributes], ["hello", { n: { type: "Number", value: "5" } }]);
  const envelope = JSON.parse(all.pushed.find(({ target }) => target === QUEUE)?.payload ?? "{}") as Record<
    string,
    string
  >;
  const signed = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
  const text = signed.map((name) => `${name}\n${envelope[name] ?? ""}\n`).join("");
  assert.ok(
    createVerify("RSA-SHA1")
      .update(text)
      .verify(publicKey, envelope["Signature"] ?? "", "base64"),
  );
  assert.deepEqual(
    [envelope["Type"], envelope["Message"], envelope["SignatureVersion"], envelope["MessageAttributes"]],
    ["Notification", "hello", "1", { n: { Type: "Number", Value: "5" } }],
  );
});

test("signature version 2 is SHA-256", async () => {
  await using all = await bench();
  await all.ask("CreateTopic", { Name: "t", ...attribute("SignatureVersion", "2") });
  await all.ask("Subscribe", { TopicArn: TOPIC, Protocol: "sqs", Endpoint: QUEUE });
  await all.ask("Publish", { TopicArn: TOPIC, Message: "m" });
  const envelope = JSON.parse(all.pushed[0]?.payload ?? "{}") as Record<string, string>;
  const signed = ["Message", "MessageId", "Timestamp", "TopicArn", "Type"];
  const text = signed.map((name) => `${name}\n${envelope[name] ?? ""}\n`).join("");
  assert.ok(
    createVerify("RSA-SHA256")
      .update(text)
      .verify(publicKey, envelope["Signature"] ?? "", "base64"),
  );
});

test("a function gets an event, and its dead letter is the envelope", async () => {
  await using all = await bench();
  await all.ask("CreateTopic", { Name: "t", ...attribute("DisplayName", "d") });
  const redrive = attribute("RedrivePolicy", JSON.stringify({ deadLetterTargetArn: QUEUE }));
  await all.ask("Subscribe", { TopicArn: TOPIC, Protocol: "lambda", Endpoint: FUNCTION, ...redrive });
  await all.ask("Publish", { TargetArn: TOPIC, Message: '{"default":"d","lambda":"l"}', MessageStructure: "json" });
  const [push] = all.pushed;
  const { Records } = JSON.parse(push?.payload ?? "{}") as { readonly Records: readonly Record<string, unknown>[] };
  const { EventSource, EventVersion, Sns } = Records[0] ?? {};
  assert.deepEqual([EventSource, EventVersion], ["aws:sns", "1.0"]);
  const { Message, Subject, TopicArn, MessageAttributes } = Sns as Record<string, unknown>;
  assert.deepEqual([Message, Subject, TopicArn, MessageAttributes], ["l", null, TOPIC, {}]);
  assert.equal(push?.deadLetter?.target, QUEUE);
  assert.match(push?.deadLetter?.payload ?? "", /"Type":"Notification"/);
});

test("an http subscriber confirms by its link, and is retried by the delivery policy", async () => {
  await using all = await bench();
  const policy = {
    http: { defaultHealthyRetryPolicy: { minDelayTarget: 1, maxDelayTarget: 9, numRetries: 5, numNoDelayRetries: 2 } },
  };
  await all.ask("CreateTopic", { Name: "t", ...attribute("DeliveryPolicy", JSON.stringify(policy)) });
  const http = { TopicArn: TOPIC, Protocol: "http", Endpoint: "http://there/hook" };
  assert.match((await all.ask("Subscribe", http)).text, /<SubscriptionArn>pending confirmation</);
  const [pending] = all.topics.subscriptions("default");
  assert.ok(pending);
  await all.topics.changeSubscription(
    pending,
    (live) => ({ ...live, status: { token: "abc", state: "Pending" } }),
    "status",
  );
  assert.match((await all.ask("ListSubscriptions")).text, /<SubscriptionArn>PendingConfirmation</);
  const { SubscribeURL = "" } = JSON.parse((await all.question(pending, "abc")).payload) as Record<string, string>;
  const { search } = new URL(SubscribeURL);
  const get = (path: string, query: string) => all.links({ method: "GET", path, query, headers: {} });
  assert.match((await get("/", search.slice(1)))?.body ?? "", new RegExp(`<SubscriptionArn>${TOPIC}:`));
  assert.equal((await get(CERTIFICATE_PATH, ""))?.body, "CERTIFICATE");
  assert.equal(await get("/", ""), null);
  await all.ask("Publish", { TopicArn: TOPIC, Message: "m" });
  const [push] = all.pushed;
  assert.equal(push?.headers?.["x-amz-sns-message-type"], "Notification");
  assert.deepEqual(push?.retry, {
    retries: 5,
    phases: [
      { times: 2, fromMs: 0, toMs: 0, growth: "linear" },
      { times: 3, fromMs: 1_000, toMs: 9_000, growth: "linear" },
    ],
  });
  const unsubscribe = new URLSearchParams({
    Action: "Unsubscribe",
    SubscriptionArn: `${TOPIC}:${pending.metadata.name}`,
  });
  assert.match((await get("/", unsubscribe.toString()))?.body ?? "", /UnsubscribeResponse/);
});

test("a FIFO topic answers sequence numbers, for a batch, too", async () => {
  await using all = await bench();
  const fifo = { ...attribute("FifoTopic", "true"), ...attribute("ContentBasedDeduplication", "true", 2) };
  await all.ask("CreateTopic", { Name: "t.fifo", ...fifo });
  const entry = "PublishBatchRequestEntries.member";
  const answer = await all.ask("PublishBatch", {
    TopicArn: `${TOPIC}.fifo`,
    ...Object.fromEntries(
      [1, 2].flatMap((at) => [
        [`${entry}.${at}.Id`, String(at)],
        [`${entry}.${at}.Message`, `m${at}`],
        [`${entry}.${at}.MessageGroupId`, "g"],
      ]),
    ),
  });
  assert.equal(answer.text.match(/<SequenceNumber>\d{20}</g)?.length, 2, answer.text);
});

type Refusal = readonly [title: string, action: string, members: Readonly<Record<string, string>>, says: RegExp];
const to = { TopicArn: TOPIC };
const refusals: readonly Refusal[] = [
  ["a name that is none", "CreateTopic", { Name: "a b" }, /Invalid parameter: Topic Name/],
  ["an unknown attribute", "SetTopicAttributes", { ...to, AttributeName: "x" }, /Invalid parameter: AttributeName/],
  [
    "encryption",
    "SetTopicAttributes",
    { ...to, AttributeName: "KmsMasterKeyId", AttributeValue: "k" },
    /not supported/,
  ],
  ["a topic that is not there", "Publish", { TopicArn: `${TOPIC}x`, Message: "m" }, /<Code>NotFound</],
  ["what is no ARN", "Publish", { TopicArn: "t", Message: "m" }, /An ARN must have at least 6 elements, not 1/],
  ["an empty message", "Publish", { ...to, Message: "" }, /Empty message/],
  ["a message of over 256 KB", "Publish", { ...to, Message: "x".repeat(262_145) }, /Message too long/],
  [
    "a group's id on a standard topic",
    "Publish",
    { ...to, Message: "m", MessageDeduplicationId: "d" },
    /not valid for this topic type/,
  ],
  ["a structure without default", "Publish", { ...to, Message: "{}", MessageStructure: "json" }, /No default entry/],
  ["a structure that is no JSON", "Publish", { ...to, Message: "m", MessageStructure: "json" }, /failed to parse/],
  ["a phone number", "Publish", { PhoneNumber: "+491234567", Message: "m" }, /PhoneNumber is not supported/],
  ["e-mail", "Subscribe", { ...to, Protocol: "email", Endpoint: "a@b" }, /Protocol=email is not supported/],
  [
    "an unknown protocol",
    "Subscribe",
    { ...to, Protocol: "x", Endpoint: "y" },
    /does not support this protocol string: x/,
  ],
  [
    "an address of another protocol",
    "Subscribe",
    { ...to, Protocol: "http", Endpoint: "https://x" },
    /must match the specified protocol/,
  ],
  [
    "a FIFO queue",
    "Subscribe",
    { ...to, Protocol: "sqs", Endpoint: `${QUEUE}.fifo` },
    /FIFO SQS Queues can not be subscribed/,
  ],
  [
    "a filter that is no pattern",
    "Subscribe",
    { ...to, Protocol: "sqs", Endpoint: QUEUE, ...attribute("FilterPolicy", '{"a":"b"}') },
    /FilterPolicy: &#34;a&#34; must be an object or an array/,
  ],
  [
    "six keys",
    "Subscribe",
    {
      ...to,
      Protocol: "sqs",
      Endpoint: QUEUE,
      ...attribute("FilterPolicy", JSON.stringify({ a: [1], b: [1], c: [1], d: [1], e: [1], f: [1] })),
    },
    /can not have more than 5 keys/,
  ],
  [
    "a nested filter of attributes",
    "Subscribe",
    { ...to, Protocol: "sqs", Endpoint: QUEUE, ...attribute("FilterPolicy", '{"a":{"b":[1]}}') },
    /does not support nested filter policy/,
  ],
  ["a token that nobody was given", "ConfirmSubscription", { ...to, Token: "x" }, /Invalid parameter: Token/],
  [
    "a subscription that is not there",
    "GetSubscriptionAttributes",
    { SubscriptionArn: `${TOPIC}:x` },
    /Subscription does not exist/,
  ],
  [
    "a name of an attribute",
    "Publish",
    {
      ...to,
      Message: "m",
      "MessageAttributes.entry.1.Name": "a b",
      "MessageAttributes.entry.1.Value.DataType": "String",
      "MessageAttributes.entry.1.Value.StringValue": "v",
    },
    /character &#39;#x20&#39; was found/,
  ],
];
for (const [title, action, members, says] of refusals)
  test(`${action} refuses ${title}`, async () => {
    await using all = await bench();
    await all.ask("CreateTopic", { Name: "t" });
    const answer = await all.ask(action, members);
    assert.ok(answer.status >= 400, answer.text);
    assert.match(answer.text, says);
  });
