/** AWS::Lambda::Permission. */
import { ifThere, madeOrThere, picked, text, type TypeOver } from "../resource.ts";

const STATEMENT = [
  "Action",
  "EventSourceToken",
  "FunctionName",
  "FunctionUrlAuthType",
  "Principal",
  "PrincipalOrgID",
  "SourceAccount",
  "SourceArn",
];

export const lambdaPermission: TypeOver = (actions) => ({
  name: "AWS::Lambda::Permission",
  properties: [...STATEMENT, "InvokedViaFunctionUrl"],
  createOnly: [...STATEMENT, "InvokedViaFunctionUrl"],
  create: async ({ properties, generatedName, stack, isAgain }) => {
    await madeOrThere(
      isAgain,
      () =>
        actions.call(stack, "lambda", "AddPermission", {
          ...picked(properties, [...STATEMENT, "InvokedViaFunctionUrl"]),
          StatementId: generatedName,
        }),
      () => Promise.resolve({}),
    );
    return { physicalId: generatedName, attributes: { Id: generatedName } };
  },
  update: async (_asked, before) => Promise.resolve(before),
  remove: async ({ stack, properties }, { physicalId: id }) => {
    const input = { FunctionName: text(properties, "FunctionName"), StatementId: id };
    await ifThere(() => actions.call(stack, "lambda", "RemovePermission", input));
  },
});
