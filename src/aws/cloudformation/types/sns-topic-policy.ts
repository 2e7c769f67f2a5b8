/** AWS::SNS::TopicPolicy. */
import { documentText, listIn, type TypeOver } from "../resource.ts";

export const snsTopicPolicy: TypeOver = (actions) => ({
  name: "AWS::SNS::TopicPolicy",
  properties: ["PolicyDocument", "Topics"],
  // Whoever drops out keeps the policy else: a topic always has one.
  createOnly: ["Topics"],
  create: async ({ properties, generatedName, stack }) => {
    const policy = documentText(properties["PolicyDocument"]);
    for (const arn of listIn(properties, "Topics"))
      await actions.call(stack, "sns", "SetTopicAttributes", {
        TopicArn: arn,
        AttributeName: "Policy",
        AttributeValue: policy,
      });
    return { physicalId: generatedName, attributes: {} };
  },
  update: async ({ properties, stack }, before) => {
    const policy = documentText(properties["PolicyDocument"]);
    for (const arn of listIn(properties, "Topics"))
      await actions.call(stack, "sns", "SetTopicAttributes", {
        TopicArn: arn,
        AttributeName: "Policy",
        AttributeValue: policy,
      });
    return before;
  },
  // CloudFormation leaves the topic's policy, too ("AWS::SNS::TopicPolicy").
  remove: async () => Promise.resolve(),
});
