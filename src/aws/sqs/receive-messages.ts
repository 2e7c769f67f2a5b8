/** Receiving, removing, hiding. */
import type { MessageAttribute, Received } from "#managed/queue/message.ts";
import { never } from "#base/stop.ts";
import { type Action, action } from "../action.ts";
import { checkEntries, eachEntry } from "./batch.ts";
import { attributesMd5, isBinary, md5 } from "./digests.ts";
import { type Message, type MessageAttributeValue, model } from "./model.gen.ts";
import { failure, inSqsWords, invalidValue, queueArns, queueAt, type QueueWorld, systemAttributes } from "./world.ts";

export const receiveMessage: Action<QueueWorld> = action(model, "ReceiveMessage", {
  resources: queueArns,
  serves: [
    "QueueUrl",
    "AttributeNames",
    "MessageSystemAttributeNames",
    "MessageAttributeNames",
    "MaxNumberOfMessages",
    "VisibilityTimeout",
    "WaitTimeSeconds",
  ],
  unserved: { ReceiveRequestAttemptId: "leave it out" },
  run: async (world: QueueWorld, input) => {
    const { MaxNumberOfMessages: most = 1, VisibilityTimeout: hidden, WaitTimeSeconds: wait } = input;
    const queue = await queueAt(world, input.QueueUrl);
    if (most < 1 || most > 10)
      throw invalidValue(most, "MaxNumberOfMessages", "Must be between 1 and 10, if provided.");
    checkSeconds(wait, "WaitTimeSeconds", 20);
    checkSeconds(hidden, "VisibilityTimeout", MAX_HIDDEN_SECONDS);
    const received = await world.queues.messagesOf(queue).receive({
      most,
      stop: never,
      ...(hidden !== undefined && { hiddenMs: hidden * 1_000 }),
      ...(wait !== undefined && { waitMs: wait * 1_000 }),
    });
    if (received.length === 0) return {};
    const system = new Set<string>([...(input.AttributeNames ?? []), ...(input.MessageSystemAttributeNames ?? [])]);
    const wanted = input.MessageAttributeNames ?? [];
    return { Messages: received.map((one) => messageOf(world, one, system, wanted)) };
  },
});

// SQS Developer Guide, "Amazon SQS visibility timeout": twelve hours.
const MAX_HIDDEN_SECONDS = 43_200;

function checkSeconds(value: number | undefined, name: string, most: number): void {
  if (value !== undefined && (value < 0 || value > most))
    throw invalidValue(value, name, `Must be >= 0 and <= ${most}, if provided.`);
}

function messageOf(
  world: QueueWorld,
  received: Received,
  system: ReadonlySet<string>,
  wanted: readonly string[],
): Message {
  const { message, ticket } = received;
  const attributes = Object.fromEntries(
    Object.entries(message.attributes ?? {}).filter(([name]) => wanted.some((pattern) => isNamed(name, pattern))),
  );
  const digest = attributesMd5(attributes);
  const told = Object.entries(systemAttributes(world, received)).filter(
    ([name]) => system.has("All") || system.has(name),
  );
  return {
    MessageId: message.id,
    ReceiptHandle: ticket,
    MD5OfBody: md5(message.body),
    Body: message.body,
    ...(told.length > 0 && { Attributes: Object.fromEntries(told) }),
    ...(digest !== undefined && {
      MD5OfMessageAttributes: digest,
      MessageAttributes: Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, valueOf(value)])),
    }),
  };
}

/** "All" and ".*" are all; "foo.*" is everything that begins so. */
function isNamed(name: string, pattern: string): boolean {
  if (pattern === "All" || pattern === ".*") return true;
  return pattern.endsWith(".*") ? name.startsWith(pattern.slice(0, -2)) : name === pattern;
}

function valueOf(attribute: MessageAttribute): MessageAttributeValue {
  const { type, value } = attribute;
  if (isBinary(attribute)) return { BinaryValue: Buffer.from(value, "base64"), DataType: type };
  return { StringValue: value, DataType: type };
}

export const deleteMessage: Action<QueueWorld> = action(model, "DeleteMessage", {
  resources: queueArns,
  serves: ["QueueUrl", "ReceiptHandle"],
  unserved: {},
  run: async (world: QueueWorld, { QueueUrl: url, ReceiptHandle: handle }) => {
    await remove(world, url, handle);
    return {};
  },
});

export const deleteMessageBatch: Action<QueueWorld> = action(model, "DeleteMessageBatch", {
  permission: "DeleteMessage",
  resources: queueArns,
  serves: ["QueueUrl", "Entries.Id", "Entries.ReceiptHandle"],
  unserved: {},
  run: async (world: QueueWorld, { QueueUrl: url, Entries: entries }) => {
    await queueAt(world, url);
    checkEntries(entries, "DeleteMessageBatchRequestEntry");
    return eachEntry(entries, async ({ Id, ReceiptHandle: handle }) => {
      await remove(world, url, handle);
      return { Id };
    });
  },
});

async function remove(world: QueueWorld, url: string, handle: string): Promise<void> {
  const queue = await queueAt(world, url);
  const [isDone] = await inSqsWords(() => world.queues.messagesOf(queue).remove([handle]));
  // Of a standard queue an older handle is no error, it removes nothing (SQS API Reference, DeleteMessage).
  if (isDone === false && queue.spec.fifo !== undefined)
    throw invalidValue(handle, "ReceiptHandle", "The receipt handle has expired.");
}

export const changeMessageVisibility: Action<QueueWorld> = action(model, "ChangeMessageVisibility", {
  resources: queueArns,
  serves: ["QueueUrl", "ReceiptHandle", "VisibilityTimeout"],
  unserved: {},
  run: async (world: QueueWorld, { QueueUrl: url, ReceiptHandle: handle, VisibilityTimeout: seconds }) => {
    await hide(world, url, handle, seconds);
    return {};
  },
});

export const changeMessageVisibilityBatch: Action<QueueWorld> = action(model, "ChangeMessageVisibilityBatch", {
  permission: "ChangeMessageVisibility",
  resources: queueArns,
  serves: ["QueueUrl", "Entries.Id", "Entries.ReceiptHandle", "Entries.VisibilityTimeout"],
  unserved: {},
  run: async (world: QueueWorld, { QueueUrl: url, Entries: entries }) => {
    await queueAt(world, url);
    checkEntries(entries, "ChangeMessageVisibilityBatchRequestEntry");
    return eachEntry(entries, async ({ Id, ReceiptHandle: handle, VisibilityTimeout: seconds = 0 }) => {
      await hide(world, url, handle, seconds);
      return { Id };
    });
  },
});

async function hide(world: QueueWorld, url: string, ticket: string, seconds: number): Promise<void> {
  const queue = await queueAt(world, url);
  if (seconds < 0 || seconds > MAX_HIDDEN_SECONDS)
    throw invalidValue(
      seconds,
      "VisibilityTimeout",
      `VisibilityTimeout must be an integer between 0 and ${MAX_HIDDEN_SECONDS}`,
    );
  const messages = world.queues.messagesOf(queue);
  const [done] = await inSqsWords(() => messages.hide([{ ticket, hiddenMs: seconds * 1_000 }]));
  if (done === "gone")
    throw invalidValue(
      ticket,
      "ReceiptHandle",
      "Message does not exist or is not available for visibility timeout change.",
    );
  if (done === "not in flight") throw failure("MessageNotInflight", "The message referred to isn't in flight.");
}
