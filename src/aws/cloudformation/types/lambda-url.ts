/** AWS::Lambda::Url. */
import { ifThere, madeOrThere, picked, said, text, type TypeOver } from "../resource.ts";

const MUTABLE = ["AuthType", "Cors", "InvokeMode"];

export const lambdaUrl: TypeOver = (actions) => ({
  name: "AWS::Lambda::Url",
  properties: [...MUTABLE, "Qualifier", "TargetFunctionArn"],
  createOnly: ["Qualifier", "TargetFunctionArn"],
  create: async ({ properties, stack, isAgain }) => {
    const of = { FunctionName: text(properties, "TargetFunctionArn"), Qualifier: text(properties, "Qualifier") };
    const made = await madeOrThere(
      isAgain,
      () => actions.call(stack, "lambda", "CreateFunctionUrlConfig", { ...of, ...picked(properties, MUTABLE) }),
      () => actions.call(stack, "lambda", "GetFunctionUrlConfig", of),
    );
    const arn = said(made, "FunctionArn");
    return { physicalId: arn, attributes: { FunctionArn: arn, FunctionUrl: said(made, "FunctionUrl") } };
  },
  update: async ({ properties, stack }, { physicalId, attributes }) => {
    const of = { FunctionName: text(properties, "TargetFunctionArn"), Qualifier: text(properties, "Qualifier") };
    await actions.call(stack, "lambda", "UpdateFunctionUrlConfig", { ...of, ...picked(properties, MUTABLE) });
    return { physicalId, attributes };
  },
  remove: async ({ stack, properties }) => {
    const of = { FunctionName: text(properties, "TargetFunctionArn"), Qualifier: text(properties, "Qualifier") };
    await ifThere(() => actions.call(stack, "lambda", "DeleteFunctionUrlConfig", of));
  },
});
