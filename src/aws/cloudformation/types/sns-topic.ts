/** AWS::SNS::Topic. */
import { isJsonObject, type JsonObject } from "#base/json.ts";
import { documentText, ifThere, listIn, picked, said, tagPairs, tagsOf, text, type TypeOver } from "../resource.ts";

const ATTRIBUTES = [
  "ContentBasedDeduplication",
  "DisplayName",
  "FifoThroughputScope",
  "KmsMasterKeyId",
  "SignatureVersion",
];

export const snsTopic: TypeOver = (actions) => ({
  name: "AWS::SNS::Topic",
  properties: [...ATTRIBUTES, "FifoTopic", "Subscription", "Tags", "TopicName"],
  createOnly: ["FifoTopic", "Subscription", "TopicName"],
  nameProperty: "TopicName",
  create: async ({ properties, generatedName, stack }) => {
    const isFifo = text(properties, "FifoTopic") === "true";
    const name = text(properties, "TopicName") ?? `${generatedName}${isFifo ? ".fifo" : ""}`;
    const tags = tagPairs(tagsOf(stack, properties));
    const made = await actions.call(stack, "sns", "CreateTopic", {
      Name: name,
      Attributes: { ...attributesOf(properties), ...(isFifo && { FifoTopic: "true" }) },
      ...(tags.length > 0 && { Tags: tags }),
    });
    const arn = said(made, "TopicArn");
    for (const one of listIn(properties, "Subscription").filter(isJsonObject))
      await actions.call(stack, "sns", "Subscribe", { TopicArn: arn, ...picked(one, ["Endpoint", "Protocol"]) });
    return { physicalId: arn, attributes: { TopicArn: arn, TopicName: name } };
  },
  update: async ({ properties, stack }, { physicalId: arn, attributes }) => {
    for (const [name, value] of Object.entries(attributesOf(properties)))
      await actions.call(stack, "sns", "SetTopicAttributes", {
        TopicArn: arn,
        AttributeName: name,
        AttributeValue: value,
      });
    return { physicalId: arn, attributes };
  },
  remove: async ({ stack }, { physicalId: arn }) => {
    await ifThere(() => actions.call(stack, "sns", "DeleteTopic", { TopicArn: arn }));
  },
});

function attributesOf(properties: JsonObject): JsonObject {
  const given = Object.entries(picked(properties, ATTRIBUTES));
  return Object.fromEntries(given.map(([name, value]) => [name, documentText(value) ?? ""]));
}
