/** AWS::SQS::Queue. */
import type { JsonObject } from "#base/json.ts";
import type { Asked, Made } from "#managed/stack/resource-types.ts";
import { type Actions, documentText, ifThere, inside, picked, said, tagsOf, text, type TypeOver } from "../resource.ts";

const ATTRIBUTES = [
  "ContentBasedDeduplication",
  "DeduplicationScope",
  "DelaySeconds",
  "FifoThroughputLimit",
  "KmsDataKeyReusePeriodSeconds",
  "KmsMasterKeyId",
  "MaximumMessageSize",
  "MessageRetentionPeriod",
  "ReceiveMessageWaitTimeSeconds",
  "RedriveAllowPolicy",
  "RedrivePolicy",
  "SqsManagedSseEnabled",
  "VisibilityTimeout",
];

export const sqsQueue: TypeOver = (actions) => ({
  name: "AWS::SQS::Queue",
  properties: [...ATTRIBUTES, "FifoQueue", "QueueName", "Tags"],
  createOnly: ["FifoQueue", "QueueName"],
  nameProperty: "QueueName",
  create: async ({ properties, generatedName, stack }) => {
    const isFifo = text(properties, "FifoQueue") === "true";
    const { QueueUrl: url } = await actions.call(stack, "sqs", "CreateQueue", {
      QueueName: text(properties, "QueueName") ?? `${generatedName}${isFifo ? ".fifo" : ""}`,
      Attributes: { ...attributesOf(properties), ...(isFifo && { FifoQueue: "true" }) },
      tags: tagsOf(stack, properties),
    });
    return madeOf(actions, stack, String(url));
  },
  update: async ({ properties, stack }, { physicalId: url }) => {
    await actions.call(stack, "sqs", "SetQueueAttributes", { QueueUrl: url, Attributes: attributesOf(properties) });
    const tags = tagsOf(stack, properties);
    if (Object.keys(tags).length > 0) await actions.call(stack, "sqs", "TagQueue", { QueueUrl: url, Tags: tags });
    return madeOf(actions, stack, url);
  },
  remove: async ({ stack }, { physicalId: url }) => {
    await ifThere(() => actions.call(stack, "sqs", "DeleteQueue", { QueueUrl: url }));
  },
});

/** The API takes them as texts, policies as JSON. */
function attributesOf(properties: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(picked(properties, ATTRIBUTES)).map(([name, value]) => [name, documentText(value) ?? ""]),
  );
}

async function madeOf(actions: Actions, stack: Asked["stack"], url: string): Promise<Made> {
  const found = await actions.call(stack, "sqs", "GetQueueAttributes", { QueueUrl: url, AttributeNames: ["QueueArn"] });
  const arn = said(inside(found, "Attributes"), "QueueArn");
  return { physicalId: url, attributes: { Arn: arn, QueueName: arn.slice(arn.lastIndexOf(":") + 1), QueueUrl: url } };
}
