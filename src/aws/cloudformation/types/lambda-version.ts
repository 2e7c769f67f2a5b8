/** AWS::Lambda::Version. */
import { ifThere, picked, said, text, type TypeOver } from "../resource.ts";

export const lambdaVersion: TypeOver = (actions) => ({
  name: "AWS::Lambda::Version",
  properties: ["CodeSha256", "Description", "FunctionName"],
  createOnly: ["CodeSha256", "Description", "FunctionName"],
  create: async ({ properties, stack }) => {
    const made = await actions.call(
      stack,
      "lambda",
      "PublishVersion",
      picked(properties, ["CodeSha256", "Description", "FunctionName"]),
    );
    const arn = said(made, "FunctionArn");
    return { physicalId: arn, attributes: { FunctionArn: arn, Version: said(made, "Version") } };
  },
  update: async (_asked, before) => Promise.resolve(before),
  remove: async ({ stack, properties }, { attributes }) => {
    const input = { FunctionName: text(properties, "FunctionName"), Qualifier: text(attributes, "Version") };
    await ifThere(() => actions.call(stack, "lambda", "DeleteFunction", input));
  },
});
