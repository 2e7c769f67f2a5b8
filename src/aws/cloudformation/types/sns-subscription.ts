/** AWS::SNS::Subscription. */
import type { JsonObject } from "#base/json.ts";
import { documentText, ifThere, picked, said, type TypeOver } from "../resource.ts";

const ATTRIBUTES = ["DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"];
const CREATE_ONLY = ["Endpoint", "Protocol", "TopicArn"];

export const snsSubscription: TypeOver = (actions) => ({
  name: "AWS::SNS::Subscription",
  properties: [...ATTRIBUTES, ...CREATE_ONLY],
  createOnly: CREATE_ONLY,
  create: async ({ properties, stack }) => {
    const made = await actions.call(stack, "sns", "Subscribe", {
      ...picked(properties, CREATE_ONLY),
      Attributes: attributesOf(properties),
      ReturnSubscriptionArn: true,
    });
    const arn = said(made, "SubscriptionArn");
    return { physicalId: arn, attributes: { Arn: arn } };
  },
  update: async ({ properties, stack }, { physicalId: arn, attributes }) => {
    for (const [name, value] of Object.entries(attributesOf(properties)))
      await actions.call(stack, "sns", "SetSubscriptionAttributes", {
        SubscriptionArn: arn,
        AttributeName: name,
        AttributeValue: value,
      });
    return { physicalId: arn, attributes };
  },
  remove: async ({ stack }, { physicalId: arn }) => {
    await ifThere(() => actions.call(stack, "sns", "Unsubscribe", { SubscriptionArn: arn }));
  },
});

function attributesOf(properties: JsonObject): JsonObject {
  const given = Object.entries(picked(properties, ATTRIBUTES));
  return Object.fromEntries(given.map(([name, value]) => [name, documentText(value) ?? ""]));
}
