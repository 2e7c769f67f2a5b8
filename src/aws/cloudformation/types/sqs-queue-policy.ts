/** AWS::SQS::QueuePolicy. */
import type { Json } from "#base/json.ts";
import type { ResourceType, StackPlace } from "#managed/stack/resource-types.ts";
import { documentText, ifThere, listIn, type TypeOver } from "../resource.ts";

export const sqsQueuePolicy: TypeOver = (actions) =>
  typeOver((stack, url, policy) =>
    actions.call(stack, "sqs", "SetQueueAttributes", { QueueUrl: url, Attributes: { Policy: policy } }),
  );

/** Sets a queue's policy; "" takes it away. */
type SetPolicy = (stack: StackPlace, url: Json, policy: string) => Promise<unknown>;

const typeOver = (set: SetPolicy): ResourceType => ({
  name: "AWS::SQS::QueuePolicy",
  properties: ["PolicyDocument", "Queues"],
  createOnly: [],
  create: async ({ properties, generatedName, stack }) => {
    for (const url of listIn(properties, "Queues"))
      await set(stack, url, documentText(properties["PolicyDocument"]) ?? "");
    return { physicalId: generatedName, attributes: {} };
  },
  update: async ({ properties, stack }, { physicalId, attributes, properties: before }) => {
    const urls = listIn(properties, "Queues");
    for (const url of listIn(before, "Queues").filter((one) => !urls.includes(one)))
      await ifThere(() => set(stack, url, ""));
    for (const url of urls) await set(stack, url, documentText(properties["PolicyDocument"]) ?? "");
    return { physicalId, attributes };
  },
  remove: async ({ properties, stack }) => {
    for (const url of listIn(properties, "Queues")) await ifThere(() => set(stack, url, ""));
  },
});
