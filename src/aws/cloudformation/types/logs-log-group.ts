/** AWS::Logs::LogGroup. */
import { ifThere, madeOrThere, tagsOf, text, type TypeOver } from "../resource.ts";

export const logsLogGroup: TypeOver = (actions) => ({
  name: "AWS::Logs::LogGroup",
  properties: ["LogGroupName", "Tags"],
  createOnly: ["LogGroupName"],
  nameProperty: "LogGroupName",
  create: async ({ properties, generatedName, stack, isAgain }) => {
    const name = text(properties, "LogGroupName") ?? generatedName;
    const tags = tagsOf(stack, properties);
    await madeOrThere(
      isAgain,
      () =>
        actions.call(stack, "logs", "CreateLogGroup", {
          logGroupName: name,
          ...(Object.keys(tags).length > 0 && { tags }),
        }),
      () => Promise.resolve({}),
    );
    return {
      physicalId: name,
      attributes: { Arn: `arn:aws:logs:${actions.region}:${actions.accountId}:log-group:${name}:*` },
    };
  },
  update: async (_asked, before) => Promise.resolve(before),
  remove: async ({ stack }, { physicalId: name }) => {
    await ifThere(() => actions.call(stack, "logs", "DeleteLogGroup", { logGroupName: name }));
  },
});
