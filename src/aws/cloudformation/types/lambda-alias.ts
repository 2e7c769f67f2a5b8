/** AWS::Lambda::Alias. */
import { ifThere, madeOrThere, picked, said, text, type TypeOver } from "../resource.ts";

const MUTABLE = ["Description", "FunctionVersion", "RoutingConfig"];

export const lambdaAlias: TypeOver = (actions) => ({
  name: "AWS::Lambda::Alias",
  properties: [...MUTABLE, "FunctionName", "Name"],
  createOnly: ["FunctionName", "Name"],
  nameProperty: "Name",
  create: async ({ properties, stack, isAgain }) => {
    const of = picked(properties, ["FunctionName", "Name"]);
    const made = await madeOrThere(
      isAgain,
      () => actions.call(stack, "lambda", "CreateAlias", { ...of, ...picked(properties, MUTABLE) }),
      () => actions.call(stack, "lambda", "GetAlias", of),
    );
    const arn = said(made, "AliasArn");
    return { physicalId: arn, attributes: { AliasArn: arn } };
  },
  update: async ({ properties, stack }, { physicalId, attributes }) => {
    const of = picked(properties, ["FunctionName", "Name"]);
    await actions.call(stack, "lambda", "UpdateAlias", { ...of, ...picked(properties, MUTABLE) });
    return { physicalId, attributes };
  },
  remove: async ({ properties, stack }) => {
    const of = { FunctionName: text(properties, "FunctionName"), Name: text(properties, "Name") };
    await ifThere(() => actions.call(stack, "lambda", "DeleteAlias", of));
  },
});
