/** SendMessage and SendMessageBatch. */
import type { Queue } from "#kinds/catamaran/queue.ts";
import type { Draft, MessageAttribute } from "#managed/queue/message.ts";
import type { Kept } from "#managed/queue/order.ts";
import { type Action, action, type Call } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { checkEntries } from "./batch.ts";
import { attributesMd5, contentId, md5 } from "./digests.ts";
import { model } from "./model.gen.ts";
import { failure, inSqsWords, invalid, invalidValue, missing, queueArns, queueAt, type QueueWorld } from "./world.ts";

interface Asked {
  readonly MessageBody: string;
  readonly DelaySeconds?: number;
  readonly MessageAttributes?: Readonly<Record<string, AttributeValue>>;
  readonly MessageSystemAttributes?: Readonly<Record<string, AttributeValue>>;
  readonly MessageDeduplicationId?: string;
  readonly MessageGroupId?: string;
}

interface AttributeValue {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: Uint8Array;
}

const NOT_IMPLEMENTED = "SQS itself does not implement it";

export const sendMessage: Action<QueueWorld> = action(model, "SendMessage", {
  resources: queueArns,
  serves: [
    "QueueUrl",
    "MessageBody",
    "DelaySeconds",
    "MessageAttributes.StringValue",
    "MessageAttributes.BinaryValue",
    "MessageAttributes.DataType",
    "MessageSystemAttributes.StringValue",
    "MessageSystemAttributes.BinaryValue",
    "MessageSystemAttributes.DataType",
    "MessageDeduplicationId",
    "MessageGroupId",
  ],
  unserved: {
    "MessageAttributes.StringListValues": NOT_IMPLEMENTED,
    "MessageAttributes.BinaryListValues": NOT_IMPLEMENTED,
    "MessageSystemAttributes.StringListValues": NOT_IMPLEMENTED,
    "MessageSystemAttributes.BinaryListValues": NOT_IMPLEMENTED,
  },
  run: async (world: QueueWorld, input, call) => {
    const queue = await queueAt(world, input.QueueUrl);
    const draft = draftOf(queue, input, call);
    const [kept] = await inSqsWords(() => world.queues.messagesOf(queue).send([draft]));
    return answerOf(queue, draft, kept);
  },
});

export const sendMessageBatch: Action<QueueWorld> = action(model, "SendMessageBatch", {
  permission: "SendMessage",
  resources: queueArns,
  serves: [
    "QueueUrl",
    "Entries.Id",
    "Entries.MessageBody",
    "Entries.DelaySeconds",
    "Entries.MessageAttributes.StringValue",
    "Entries.MessageAttributes.BinaryValue",
    "Entries.MessageAttributes.DataType",
    "Entries.MessageSystemAttributes.StringValue",
    "Entries.MessageSystemAttributes.BinaryValue",
    "Entries.MessageSystemAttributes.DataType",
    "Entries.MessageDeduplicationId",
    "Entries.MessageGroupId",
  ],
  unserved: {
    "Entries.MessageAttributes.StringListValues": NOT_IMPLEMENTED,
    "Entries.MessageAttributes.BinaryListValues": NOT_IMPLEMENTED,
    "Entries.MessageSystemAttributes.StringListValues": NOT_IMPLEMENTED,
    "Entries.MessageSystemAttributes.BinaryListValues": NOT_IMPLEMENTED,
  },
  run: async (world: QueueWorld, { QueueUrl: url, Entries: entries }, call) => {
    const queue = await queueAt(world, url);
    checkEntries(entries, "SendMessageBatchRequestEntry");
    checkTotal(entries);
    const sorted = entries.map((entry) => attempt(entry.Id, () => draftOf(queue, entry, call)));
    const good = sorted.flatMap((one) => ("draft" in one ? [one] : []));
    // All in one step: a FIFO queue keeps them in the order in which they stand here.
    const kept =
      good.length === 0
        ? []
        : await inSqsWords(() => world.queues.messagesOf(queue).send(good.map(({ draft }) => draft)));
    return {
      Successful: good.map(({ Id, draft }, at) => ({ Id, ...answerOf(queue, draft, kept[at]) })),
      Failed: sorted.flatMap((one) => ("failed" in one ? [one.failed] : [])),
    };
  },
});

const MAX_BATCH_BYTES = 1_048_576;

function checkTotal(entries: readonly Asked[]): void {
  const bytes = entries.reduce((sum, { MessageBody: body }) => sum + Buffer.byteLength(body), 0);
  if (bytes > MAX_BATCH_BYTES)
    throw failure(
      "BatchRequestTooLong",
      `Batch requests cannot be longer than ${MAX_BATCH_BYTES} bytes. You have sent ${bytes} bytes.`,
    );
}

type Attempt =
  | { readonly Id: string; readonly draft: Draft }
  | {
      readonly failed: {
        readonly Id: string;
        readonly SenderFault: true;
        readonly Code: string;
        readonly Message: string;
      };
    };

function attempt(Id: string, make: () => Draft): Attempt {
  try {
    return { Id, draft: make() };
  } catch (thrown) {
    if (!(thrown instanceof AwsError)) throw thrown;
    return { failed: { Id, SenderFault: true, Code: thrown.code, Message: thrown.message } };
  }
}

// XML 1.0, "Char": what SQS takes as the text of a message.
const UNPRINTABLE = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;
const MAX_ATTRIBUTES = 10;
const MAX_DELAY_SECONDS = 900;

function draftOf({ spec }: Queue, asked: Asked, { caller }: Call): Draft {
  const { MessageBody: body, DelaySeconds: delay, MessageSystemAttributes: system = {} } = asked;
  if (body === "") throw missing("MessageBody");
  if (UNPRINTABLE.test(body))
    throw failure(
      "InvalidMessageContents",
      "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
    );
  if (delay !== undefined && (delay < 0 || delay > MAX_DELAY_SECONDS))
    throw invalidValue(delay, "DelaySeconds", `DelaySeconds must be >= 0 and <= ${MAX_DELAY_SECONDS}.`);
  if (delay !== undefined && delay !== 0 && spec.fifo !== undefined)
    throw invalidValue(delay, "DelaySeconds", "The request include parameter that is not valid for this queue type.");
  const attributes = attributesIn(asked.MessageAttributes ?? {});
  const trace = system["AWSTraceHeader"];
  const unknown = Object.keys(system).find((name) => name !== "AWSTraceHeader");
  if (unknown !== undefined) throw invalid(`Message system attribute name '${unknown}' is invalid.`);
  return {
    body,
    sender: caller.arn,
    ...(Object.keys(attributes).length > 0 && { attributes }),
    ...(trace?.StringValue !== undefined && { traceHeader: trace.StringValue }),
    ...(delay !== undefined && spec.fifo === undefined && { delayMs: delay * 1_000 }),
    ...groupOf(spec, asked),
  };
}

function groupOf(
  { fifo }: Queue["spec"],
  { MessageGroupId: group, MessageDeduplicationId: deduplication, MessageBody: body }: Asked,
): Pick<Draft, "group" | "deduplication"> {
  if (fifo === undefined) {
    if (deduplication !== undefined)
      throw invalidValue(
        deduplication,
        "MessageDeduplicationId",
        "The request include parameter that is not valid for this queue type.",
      );
    return group === undefined ? {} : { group };
  }
  if (group === undefined || group === "") throw missing("MessageGroupId");
  if (deduplication !== undefined) return { group, deduplication };
  if (fifo.contentBasedDeduplication === true) return { group, deduplication: contentId(body) };
  throw invalid(
    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
  );
}

const ATTRIBUTE_NAME = /^(?!aws\.|amazon\.)(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)$/i;
const ATTRIBUTE_TYPE = /^(String|Number|Binary)(\..{1,250})?$/;

function attributesIn(given: Readonly<Record<string, AttributeValue>>): Readonly<Record<string, MessageAttribute>> {
  const names = Object.keys(given);
  if (names.length > MAX_ATTRIBUTES)
    throw invalid(`Number of message attributes [${names.length}] exceeds the allowed maximum [${MAX_ATTRIBUTES}].`);
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, attributeIn(name, value)]));
}

function attributeIn(
  name: string,
  { DataType: type, StringValue: text, BinaryValue: bytes }: AttributeValue,
): MessageAttribute {
  if (!ATTRIBUTE_NAME.test(name)) throw invalid(`The message attribute name '${name}' is invalid.`);
  if (!ATTRIBUTE_TYPE.test(type))
    throw invalid(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  const isBytes = type.startsWith("Binary");
  if (isBytes ? text !== undefined : bytes !== undefined)
    throw invalid(
      `The message attribute '${name}' with type '${isBytes ? "Binary" : "String"}' must use field '${isBytes ? "Binary" : "String"}'.`,
    );
  if (isBytes ? bytes === undefined || bytes.length === 0 : text === undefined || text === "")
    throw invalid(`Message (user) attribute '${name}' must contain a non-empty value of type '${type}'.`);
  if (type.startsWith("Number") && !Number.isFinite(Number(text)))
    throw invalid(`Can't cast the value of message (user) attribute '${name}' to a number.`);
  return { type, value: isBytes ? Buffer.from(bytes ?? []).toString("base64") : (text ?? "") };
}

function answerOf(
  { spec }: Queue,
  { body, attributes = {}, traceHeader }: Draft,
  kept: Kept | undefined,
): {
  readonly MessageId: string;
  readonly MD5OfMessageBody: string;
  readonly MD5OfMessageAttributes?: string;
  readonly MD5OfMessageSystemAttributes?: string;
  readonly SequenceNumber?: string;
} {
  const digest = attributesMd5(attributes);
  const system =
    traceHeader === undefined ? undefined : attributesMd5({ AWSTraceHeader: { type: "String", value: traceHeader } });
  return {
    MessageId: kept?.id ?? "",
    MD5OfMessageBody: md5(body),
    ...(digest !== undefined && { MD5OfMessageAttributes: digest }),
    ...(system !== undefined && { MD5OfMessageSystemAttributes: system }),
    ...(spec.fifo !== undefined && kept !== undefined && { SequenceNumber: kept.sequence }),
  };
}
