/** SQS at the door: what each action answers, and in which words it refuses (SQS API Reference; recorded answers of SQS for the sentences). */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { queueKind } from "#kinds/catamaran/queue.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { type Answer, SampleDoor } from "../sample-door.ts";

type Members = Readonly<Record<string, unknown>>;

let door: SampleDoor;
before(async () => {
  door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() });
});
after(() => door[Symbol.asyncDispose]());

function sqs(operation: string, input: Members): Promise<Answer> {
  const headers = { "x-amz-target": `AmazonSQS.${operation}` };
  return door.send({ service: "sqs", method: "POST", path: "/", headers, input });
}

async function ok(operation: string, input: Members): Promise<Members> {
  const { status, text, json } = await sqs(operation, input);
  assert.equal(status, 200, text);
  return (json ?? {}) as Members;
}

async function made(name: string, attributes: Members = {}): Promise<string> {
  return String((await ok("CreateQueue", { QueueName: name, Attributes: attributes }))["QueueUrl"]);
}

const ARN = "arn:aws:sqs:us-east-1:000000000000:";
const redrive = (to: string, most = 1): string =>
  JSON.stringify({ deadLetterTargetArn: `${ARN}${to}`, maxReceiveCount: most });

test("a queue is made under the address that was asked, found, listed, tagged and removed", async () => {
  const url = await made("life", { VisibilityTimeout: "5" });
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/000000000000\/life$/);
  assert.equal(await made("life", { VisibilityTimeout: "5" }), url, "making it again is no error");
  assert.deepEqual(await ok("GetQueueUrl", { QueueName: "life" }), { QueueUrl: url });
  assert.deepEqual(await ok("ListQueues", { QueueNamePrefix: "li" }), { QueueUrls: [url] });
  await ok("TagQueue", { QueueUrl: url, Tags: { team: "red", cost: "1" } });
  await ok("UntagQueue", { QueueUrl: url, TagKeys: ["cost"] });
  assert.deepEqual(await ok("ListQueueTags", { QueueUrl: url }), { Tags: { team: "red" } });
  assert.deepEqual((await door.objects.get(queueKind, "default/life"))?.spec.tags, { team: "red" });
  await ok("DeleteQueue", { QueueUrl: url });
  assert.equal((await sqs("GetQueueUrl", { QueueName: "life" })).status, 400);
});

test("attributes are told as they were set, and only those that were asked for", async () => {
  await made("dead");
  const url = await made("told", { DelaySeconds: "3", RedrivePolicy: redrive("dead", 7) });
  await ok("SetQueueAttributes", { QueueUrl: url, Attributes: { MessageRetentionPeriod: "60" } });
  const names = ["DelaySeconds", "MessageRetentionPeriod", "RedrivePolicy", "QueueArn"];
  assert.deepEqual(await ok("GetQueueAttributes", { QueueUrl: url, AttributeNames: names }), {
    Attributes: {
      QueueArn: `${ARN}told`,
      MessageRetentionPeriod: "60",
      DelaySeconds: "3",
      RedrivePolicy: redrive("dead", 7),
    },
  });
  assert.deepEqual(await ok("GetQueueAttributes", { QueueUrl: url }), {});
  assert.deepEqual(await ok("ListDeadLetterSourceQueues", { QueueUrl: url.replace("told", "dead") }), {
    queueUrls: [url],
  });
});

test("a queue's policy is kept as it was set, and grows and shrinks by labels", async () => {
  const url = await made("shared");
  const policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Sid: "own", Effect: "Allow", Principal: "*", Action: "sqs:SendMessage", Resource: `${ARN}shared` }],
  });
  await ok("SetQueueAttributes", { QueueUrl: url, Attributes: { Policy: policy } });
  const asked = { QueueUrl: url, AttributeNames: ["Policy"] };
  assert.deepEqual(await ok("GetQueueAttributes", asked), { Attributes: { Policy: policy } });
  assert.equal((await door.objects.get(queueKind, "default/shared"))?.spec.policy, policy);
  const other = { QueueUrl: url, Label: "other", AWSAccountIds: ["111111111111"], Actions: ["SendMessage"] };
  await ok("AddPermission", other);
  assert.match((await sqs("AddPermission", other)).text, /Already exists/);
  assert.match(JSON.stringify(await ok("GetQueueAttributes", asked)), /arn:aws:iam::111111111111:root/);
  for (const Label of ["other", "own"]) await ok("RemovePermission", { QueueUrl: url, Label });
  assert.match((await sqs("RemovePermission", { QueueUrl: url, Label: "own" })).text, /can't find label/);
  assert.deepEqual(await ok("GetQueueAttributes", asked), {});
});

test("a message goes and comes with its digests, its attributes and what the system knows of it", async () => {
  const url = await made("mail");
  const MessageAttributes = {
    text: { DataType: "String", StringValue: "x" },
    bytes: { DataType: "Binary", BinaryValue: "AAEC" },
  };
  const sent = await ok("SendMessage", { QueueUrl: url, MessageBody: "hello", MessageAttributes });
  assert.equal(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
  const asked = { QueueUrl: url, MessageAttributeNames: ["te.*", "other"], MessageSystemAttributeNames: ["All"] };
  const { Messages } = (await ok("ReceiveMessage", asked)) as { readonly Messages: readonly Members[] };
  const [message = {}] = Messages;
  assert.equal(message["MessageId"], sent["MessageId"]);
  assert.equal(message["Body"], "hello");
  assert.deepEqual(message["MessageAttributes"], { text: MessageAttributes.text });
  assert.deepEqual(Object.keys(message["Attributes"] as Members).toSorted(), [
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "SenderId",
    "SentTimestamp",
  ]);
  const ReceiptHandle = message["ReceiptHandle"];
  await ok("ChangeMessageVisibility", { QueueUrl: url, ReceiptHandle, VisibilityTimeout: 0 });
  const again = (await ok("ReceiveMessage", { QueueUrl: url })) as { readonly Messages: readonly Members[] };
  await ok("DeleteMessage", { QueueUrl: url, ReceiptHandle: again.Messages[0]?.["ReceiptHandle"] });
  assert.deepEqual(await ok("ReceiveMessage", { QueueUrl: url }), {});
});

test("MD5 of attributes is the one that SDKs compute", async () => {
  const url = await made("digest");
  const attribute = { DataType: "String", StringValue: "some value" };
  // From the SQS Developer Guide's algorithm, computed apart: names, types and values with their lengths.
  const sent = await ok("SendMessage", { QueueUrl: url, MessageBody: "x", MessageAttributes: { name: attribute } });
  assert.equal(sent["MD5OfMessageAttributes"], "431ca9d825442d600380e5c3ec918acd");
});

test("batches answer for each entry", async () => {
  const url = await made("batch");
  const Entries = [
    { Id: "a", MessageBody: "1" },
    { Id: "b", MessageBody: "2", DelaySeconds: 901 },
    { Id: "c", MessageBody: "3" },
  ];
  const sent = (await ok("SendMessageBatch", { QueueUrl: url, Entries })) as Record<string, readonly Members[]>;
  assert.deepEqual(
    sent["Successful"]?.map(({ Id }) => Id),
    ["a", "c"],
  );
  assert.deepEqual(
    sent["Failed"]?.map(({ Id, Code }) => [Id, Code]),
    [["b", "InvalidParameterValue"]],
  );
  const { Messages } = (await ok("ReceiveMessage", { QueueUrl: url, MaxNumberOfMessages: 10 })) as {
    readonly Messages: readonly Members[];
  };
  const handles = Messages.map(({ ReceiptHandle }, at) => ({ Id: String(at), ReceiptHandle }));
  const hidden = handles.map((entry) => ({ ...entry, VisibilityTimeout: 9 }));
  await ok("ChangeMessageVisibilityBatch", { QueueUrl: url, Entries: hidden });
  const gone = await ok("DeleteMessageBatch", {
    QueueUrl: url,
    Entries: [...handles, { Id: "x", ReceiptHandle: "?" }],
  });
  assert.deepEqual(
    (gone["Failed"] as readonly Members[]).map(({ Id, Code }) => [Id, Code]),
    [["x", "ReceiptHandleIsInvalid"]],
  );
});

test("letters are carried back, and the task says so", async () => {
  const deadUrl = await made("letters");
  const url = await made("origin", { VisibilityTimeout: "0", RedrivePolicy: redrive("letters") });
  await ok("SendMessage", { QueueUrl: url, MessageBody: "bad" });
  await ok("ReceiveMessage", { QueueUrl: url });
  assert.deepEqual(await ok("ReceiveMessage", { QueueUrl: url }), {});
  const names = ["ApproximateNumberOfMessages"];
  const counted = await ok("GetQueueAttributes", { QueueUrl: deadUrl, AttributeNames: names });
  assert.deepEqual(counted["Attributes"], { ApproximateNumberOfMessages: "1" });
  const { TaskHandle } = await ok("StartMessageMoveTask", { SourceArn: `${ARN}letters` });
  const listed = (await ok("ListMessageMoveTasks", { SourceArn: `${ARN}letters` })) as {
    readonly Results: readonly Members[];
  };
  assert.deepEqual(
    listed.Results.map(({ Status }) => Status),
    ["RUNNING"],
  );
  const twice = await sqs("StartMessageMoveTask", { SourceArn: `${ARN}letters` });
  assert.match(twice.text, /Only one active task is allowed/);
  await ok("CancelMessageMoveTask", { TaskHandle });
  assert.match((await sqs("CancelMessageMoveTask", { TaskHandle })).text, /Task does not exist/);
});

const refusals: readonly (readonly [title: string, operation: string, input: Members, code: string, says: RegExp])[] = [
  [
    "a queue that is not there",
    "ReceiveMessage",
    { QueueUrl: "http://h/000000000000/no" },
    "AWS.SimpleQueueService.NonExistentQueue",
    /The specified queue does not exist/,
  ],
  [
    "a queue of another account",
    "ReceiveMessage",
    { QueueUrl: "http://h/111111111111/plain" },
    "AWS.SimpleQueueService.NonExistentQueue",
    /does not exist/,
  ],
  [
    "another value of what is there",
    "CreateQueue",
    { QueueName: "plain", Attributes: { DelaySeconds: "9" } },
    "QueueAlreadyExists",
    /different value for attribute DelaySeconds/,
  ],
  ["a name with a space", "CreateQueue", { QueueName: "a b" }, "InvalidParameterValue", /alphanumeric/],
  [
    "a FIFO queue without its ending",
    "CreateQueue",
    { QueueName: "x", Attributes: { FifoQueue: "true" } },
    "InvalidParameterValue",
    /\.fifo/,
  ],
  [
    "an attribute that there is not",
    "CreateQueue",
    { QueueName: "x", Attributes: { Colour: "red" } },
    "InvalidAttributeName",
    /Unknown Attribute Colour/,
  ],
  [
    "a value that is none",
    "CreateQueue",
    { QueueName: "x", Attributes: { DelaySeconds: "soon" } },
    "InvalidAttributeValue",
    /DelaySeconds/,
  ],
  [
    "a policy that is none",
    "CreateQueue",
    { QueueName: "x", Attributes: { Policy: "{}" } },
    "InvalidAttributeValue",
    /Policy/,
  ],
  [
    "encryption",
    "CreateQueue",
    { QueueName: "x", Attributes: { SqsManagedSseEnabled: "true" } },
    "AWS.SimpleQueueService.UnsupportedOperation",
    /SqsManagedSseEnabled/,
  ],
  [
    "letters to nowhere",
    "CreateQueue",
    { QueueName: "x", Attributes: { RedrivePolicy: redrive("nowhere") } },
    "InvalidParameterValue",
    /Dead letter target does not exist/,
  ],
  [
    "a redrive policy that is no JSON",
    "CreateQueue",
    { QueueName: "x", Attributes: { RedrivePolicy: "{" } },
    "InvalidParameterValue",
    /not a valid JSON map/,
  ],
  ["no body", "SendMessage", { QueueUrl: "plain", MessageBody: "" }, "MissingParameter", /MessageBody/],
  [
    "characters that are none",
    "SendMessage",
    { QueueUrl: "plain", MessageBody: "\u0000" },
    "InvalidMessageContents",
    /Invalid characters/,
  ],
  [
    "a deduplication id on a standard queue",
    "SendMessage",
    { QueueUrl: "plain", MessageBody: "x", MessageDeduplicationId: "1" },
    "InvalidParameterValue",
    /not valid for this queue type/,
  ],
  [
    "no group on a FIFO queue",
    "SendMessage",
    { QueueUrl: "line.fifo", MessageBody: "x" },
    "MissingParameter",
    /MessageGroupId/,
  ],
  [
    "no deduplication on a FIFO queue",
    "SendMessage",
    { QueueUrl: "line.fifo", MessageBody: "x", MessageGroupId: "g" },
    "InvalidParameterValue",
    /ContentBasedDeduplication/,
  ],
  [
    "a delay on a FIFO queue",
    "SendMessage",
    { QueueUrl: "line.fifo", MessageBody: "x", MessageGroupId: "g", DelaySeconds: 1 },
    "InvalidParameterValue",
    /not valid for this queue type/,
  ],
  [
    "an attribute of no type",
    "SendMessage",
    { QueueUrl: "plain", MessageBody: "x", MessageAttributes: { a: { DataType: "Date", StringValue: "x" } } },
    "InvalidParameterValue",
    /Binary, Number, and String/,
  ],
  [
    "a number that is none",
    "SendMessage",
    { QueueUrl: "plain", MessageBody: "x", MessageAttributes: { a: { DataType: "Number", StringValue: "x" } } },
    "InvalidParameterValue",
    /to a number/,
  ],
  [
    "eleven at once",
    "ReceiveMessage",
    { QueueUrl: "plain", MaxNumberOfMessages: 11 },
    "InvalidParameterValue",
    /Must be between 1 and 10/,
  ],
  ["a wait over 20 s", "ReceiveMessage", { QueueUrl: "plain", WaitTimeSeconds: 21 }, "InvalidParameterValue", /<= 20/],
  [
    "an empty batch",
    "SendMessageBatch",
    { QueueUrl: "plain", Entries: [] },
    "AWS.SimpleQueueService.EmptyBatchRequest",
    /at least one SendMessageBatchRequestEntry/,
  ],
  [
    "one id twice",
    "SendMessageBatch",
    {
      QueueUrl: "plain",
      Entries: [
        { Id: "a", MessageBody: "x" },
        { Id: "a", MessageBody: "x" },
      ],
    },
    "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
    /Id a repeated/,
  ],
  [
    "a handle that is none",
    "DeleteMessage",
    { QueueUrl: "plain", ReceiptHandle: "abc" },
    "ReceiptHandleIsInvalid",
    /not a valid receipt handle/,
  ],
  [
    "a message that is gone",
    "ChangeMessageVisibility",
    { QueueUrl: "plain", ReceiptHandle: "17957635591950000000.a", VisibilityTimeout: 1 },
    "InvalidParameterValue",
    /Message does not exist/,
  ],
  [
    "carrying from a queue of no letters",
    "StartMessageMoveTask",
    { SourceArn: `${ARN}plain` },
    "InvalidParameterValue",
    /configured as a Dead Letter Queue/,
  ],
];
for (const [title, operation, input, code, says] of refusals) {
  test(`${operation} refuses ${title} with ${code}`, async () => {
    await made("plain");
    await made("line.fifo", { FifoQueue: "true" });
    const { status, headers, text } = await sqs(operation, input);
    assert.equal(status, 400, text);
    assert.equal(headers["x-amzn-query-error"], `${code};Sender`);
    assert.match(text, says);
  });
}

test("a queue is purged once a minute at most", async () => {
  const url = await made("full");
  await ok("SendMessage", { QueueUrl: url, MessageBody: "x" });
  await ok("PurgeQueue", { QueueUrl: url });
  assert.deepEqual(await ok("ReceiveMessage", { QueueUrl: url }), {});
  assert.match((await sqs("PurgeQueue", { QueueUrl: url })).text, /Only one PurgeQueue/);
  door.clock.advance(60_000);
  await ok("PurgeQueue", { QueueUrl: url });
});
