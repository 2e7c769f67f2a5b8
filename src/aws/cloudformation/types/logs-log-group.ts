/** AWS::Logs::LogGroup. */
import type { JsonObject } from "#base/json.ts";
import type { StackPlace } from "#managed/stack/resource-types.ts";
import { type Actions, ifThere, madeOrThere, tagsOf, text, type TypeOver } from "../resource.ts";

export const logsLogGroup: TypeOver = (actions) => ({
  name: "AWS::Logs::LogGroup",
  properties: ["LogGroupName", "RetentionInDays", "Tags"],
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
    await setRetention(actions, stack, name, properties);
    return {
      physicalId: name,
      attributes: { Arn: `arn:aws:logs:${actions.region}:${actions.accountId}:log-group:${name}:*` },
    };
  },
  update: async ({ properties, stack }, before) => {
    const { physicalId: name, attributes } = before;
    await setRetention(actions, stack, name, properties);
    const tags = tagsOf(stack, properties);
    const arn = `arn:aws:logs:${actions.region}:${actions.accountId}:log-group:${name}`;
    if (Object.keys(tags).length > 0) await actions.call(stack, "logs", "TagResource", { resourceArn: arn, tags });
    return { physicalId: name, attributes };
  },
  remove: async ({ stack }, { physicalId: name }) => {
    await ifThere(() => actions.call(stack, "logs", "DeleteLogGroup", { logGroupName: name }));
  },
});

async function setRetention(actions: Actions, stack: StackPlace, name: string, properties: JsonObject): Promise<void> {
  const days = text(properties, "RetentionInDays");
  if (days === undefined) await actions.call(stack, "logs", "DeleteRetentionPolicy", { logGroupName: name });
  else await actions.call(stack, "logs", "PutRetentionPolicy", { logGroupName: name, retentionInDays: days });
}
