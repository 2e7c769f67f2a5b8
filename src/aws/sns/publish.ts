/** Publish and PublishBatch. */
import type { Topic } from "#kinds/catamaran/topic.ts";
import type { MessageAttribute } from "#managed/queue/message.ts";
import type { Kept } from "#managed/queue/order.ts";
import type { NoteDraft } from "#managed/topic/note.ts";
import { type Action, action, type Call } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { sha256Hex } from "../sign.ts";
import { jsonOf } from "./attributes.ts";
import { type MessageAttributeMap, type MessageAttributeValue, model } from "./model.gen.ts";
import { failure, invalid, topicAt, type TopicWorld } from "./world.ts";

interface Asked {
  readonly Message: string;
  readonly Subject?: string;
  readonly MessageStructure?: string;
  readonly MessageAttributes?: MessageAttributeMap;
  readonly MessageDeduplicationId?: string;
  readonly MessageGroupId?: string;
}

const TOPICS_ALONE = "publish to a topic";

export const publish: Action<TopicWorld> = action(model, "Publish", {
  resources: ({ TopicArn, TargetArn }) => [TopicArn ?? TargetArn ?? "*"],
  serves: [
    "TopicArn",
    "TargetArn",
    "Message",
    "Subject",
    "MessageStructure",
    "MessageAttributes",
    "MessageDeduplicationId",
    "MessageGroupId",
  ],
  unserved: { PhoneNumber: TOPICS_ALONE },
  run: async (world: TopicWorld, input, call) => {
    const arn = input.TopicArn ?? input.TargetArn;
    if (arn === undefined) throw invalid("TopicArn or TargetArn Reason: no value for required parameter");
    if (input.Subject === "") throw invalid("Subject");
    if (input.Message === "") throw invalid("Empty message");
    checkAttributes(input.MessageAttributes ?? {});
    if (sizeOf(input) > MAX_BYTES) throw invalid("Message too long");
    const topic = await topicAt(world, arn);
    const [kept] = await world.topics.publish(topic, [draftOf(topic, input, call)]);
    return answerOf(topic, kept);
  },
});

const MAX_ENTRIES = 10;
const ID = /^[A-Za-z0-9_-]+$/;
const MAX_ID = 80;

export const publishBatch: Action<TopicWorld> = action(model, "PublishBatch", {
  permission: "Publish",
  resources: ({ TopicArn }) => [TopicArn],
  serves: ["TopicArn", "PublishBatchRequestEntries"],
  unserved: {},
  run: async (world: TopicWorld, { TopicArn, PublishBatchRequestEntries: entries }, call) => {
    checkEntries(entries.map(({ Id }) => Id));
    const topic = await topicAt(world, TopicArn);
    for (const { Message, MessageAttributes = {} } of entries) {
      if (Message === "") throw invalid("Empty message");
      checkAttributes(MessageAttributes);
    }
    if (entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > MAX_BYTES)
      throw failure(
        "BatchRequestTooLongException",
        "The length of all the messages put together is more than the limit.",
      );
    const kept = await world.topics.publish(
      topic,
      entries.map((entry) => draftOf(topic, entry, call)),
    );
    return { Successful: entries.map(({ Id }, at) => ({ Id, ...answerOf(topic, kept[at]) })), Failed: [] };
  },
});

function checkEntries(ids: readonly string[]): void {
  if (ids.length === 0) throw failure("EmptyBatchRequestException", "The batch request doesn't contain any entries.");
  if (ids.length > MAX_ENTRIES)
    throw failure("TooManyEntriesInBatchRequestException", "The batch request contains more entries than permissible.");
  if (new Set(ids).size < ids.length)
    throw failure("BatchEntryIdsNotDistinctException", "Two or more batch entries in the request have the same Id.");
  for (const id of ids) {
    if (id.length > MAX_ID)
      throw failure("InvalidBatchEntryIdException", `The Id of a batch entry in the batch request is too long: ${id}`);
    if (!ID.test(id))
      throw failure(
        "InvalidBatchEntryIdException",
        `The Id of a batch entry in the batch request contains an impermissible character: ${id}`,
      );
  }
}

// SNS quotas: 256 KB for a message, or for all of a batch.
const MAX_BYTES = 262_144;

function sizeOf({ Message, MessageAttributes = {} }: Asked): number {
  const attributes = Object.entries(MessageAttributes).reduce(
    (sum, [name, { DataType, StringValue = "", BinaryValue }]) =>
      sum +
      Buffer.byteLength(name) +
      Buffer.byteLength(DataType) +
      Buffer.byteLength(StringValue) +
      (BinaryValue?.length ?? 0),
    0,
  );
  return Buffer.byteLength(Message) + attributes;
}

function draftOf(topic: Topic, asked: Asked, { caller }: Call): NoteDraft {
  const attributes = Object.entries(asked.MessageAttributes ?? {}).map(
    ([name, one]) => [name, attributeOf(one)] as const,
  );
  return {
    ...bodiesOf(asked),
    sender: caller.arn,
    ...(asked.Subject !== undefined && { subject: asked.Subject }),
    ...(attributes.length > 0 && { attributes: Object.fromEntries(attributes) }),
    ...groupOf(topic, asked),
  };
}

/** With the structure "json" there is a body for each protocol, and "default" for the others. */
function bodiesOf({ Message, MessageStructure }: Asked): Pick<NoteDraft, "body" | "bodies"> {
  if (MessageStructure === undefined) return { body: Message };
  if (MessageStructure !== "json") throw invalid("MessageStructure");
  const given = jsonOf(Message);
  if (given === null) throw invalid("Message Structure - JSON message body failed to parse");
  const texts = Object.entries(given).filter((one): one is [string, string] => typeof one[1] === "string");
  const bodies = Object.fromEntries(texts);
  const { default: body } = bodies;
  if (body === undefined) throw invalid("Message Structure - No default entry in JSON message body");
  return { body, bodies };
}

function groupOf(
  { spec: { fifo } }: Topic,
  { Message, MessageGroupId: group, MessageDeduplicationId: deduplication }: Asked,
): Pick<NoteDraft, "group" | "deduplication"> {
  if (fifo === undefined) {
    if (deduplication !== undefined)
      throw invalid(
        "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type",
      );
    return group === undefined ? {} : { group };
  }
  if (group === undefined || group === "") throw invalid("The MessageGroupId parameter is required for FIFO topics");
  if (deduplication !== undefined) return { group, deduplication };
  if (fifo.contentBasedDeduplication === true) return { group, deduplication: sha256Hex(Buffer.from(Message)) };
  throw invalid(
    "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
  );
}

function answerOf(
  { spec }: Topic,
  kept: Kept | undefined,
): { readonly MessageId?: string; readonly SequenceNumber?: string } {
  if (kept === undefined) return {};
  return { MessageId: kept.id, ...(spec.fifo !== undefined && { SequenceNumber: kept.sequence }) };
}

const TYPE = /^(String|Number|Binary)(\..+)?$/;
const NAME = /^(?!\.)(?!.*\.$)(?!.*\.\.)[a-zA-Z0-9_.-]+$/;
const MAX_NAME = 256;

function checkAttributes(attributes: MessageAttributeMap): void {
  for (const [name, one] of Object.entries(attributes)) {
    if (name.length > MAX_NAME) throw wrongValue("Length of message attribute name must be less than 256 bytes.");
    if (!NAME.test(name)) throw wrongValue(nameFault(name));
    checkAttribute(name, one);
  }
}

function checkAttribute(
  name: string,
  { DataType: type, StringValue: text, BinaryValue: bytes }: MessageAttributeValue,
): void {
  if (!TYPE.test(type))
    throw wrongValue(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  const kind = type.startsWith("Binary") ? "Binary" : "String";
  if ((kind === "Binary" ? text : bytes) !== undefined)
    throw wrongValue(`The message attribute '${name}' with type '${type}' must use field '${kind}'.`);
  const length = kind === "Binary" ? bytes?.length : text?.length;
  if (length === undefined || length === 0)
    throw wrongValue(
      `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${type}'.`,
    );
}

function nameFault(name: string): string {
  if (name.startsWith(".")) return "Invalid message attribute name starting with character '.' was found.";
  if (name.endsWith(".")) return "Invalid message attribute name ending with character '.' was found.";
  const odd = /[^a-zA-Z0-9_.-]/u.exec(name)?.[0];
  if (odd === undefined) return "Message attribute name can not have successive '.' character.";
  const code = (odd.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return `Invalid non-alphanumeric character '#x${code}' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.`;
}

/** A code that SNS has and its model names otherwise. */
function wrongValue(message: string): AwsError {
  return new AwsError("ParameterValueInvalid", 400, message);
}

function attributeOf({ DataType: type, StringValue = "", BinaryValue }: MessageAttributeValue): MessageAttribute {
  return { type, value: BinaryValue === undefined ? StringValue : Buffer.from(BinaryValue).toString("base64") };
}
