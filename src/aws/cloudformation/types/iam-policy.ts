/** AWS::IAM::Policy: an inline policy of roles, users and groups. */
import type { JsonObject } from "#base/json.ts";
import type { StackPlace } from "#managed/stack/resource-types.ts";
import { type Actions, documentText, ifThere, listIn, text, type TypeOver } from "../resource.ts";

/** By the property that lists them: the actions' word for one of them. */
const HOLDERS = { Groups: "Group", Roles: "Role", Users: "User" } as const;

export const iamPolicy: TypeOver = (actions) => ({
  name: "AWS::IAM::Policy",
  properties: ["Groups", "PolicyDocument", "PolicyName", "Roles", "Users"],
  createOnly: ["PolicyName"],
  create: async ({ properties, generatedName, stack }) => {
    await put(actions, stack, properties);
    return { physicalId: generatedName, attributes: {} };
  },
  update: async ({ properties, stack }, { physicalId, attributes, properties: before }) => {
    await put(actions, stack, properties);
    await take(actions, stack, { from: before, but: properties });
    return { physicalId, attributes };
  },
  remove: async ({ properties, stack }) => take(actions, stack, { from: properties, but: {} }),
});

async function put(actions: Actions, stack: StackPlace, properties: JsonObject): Promise<void> {
  for (const [property, holder] of Object.entries(HOLDERS))
    for (const name of listIn(properties, property))
      await actions.call(stack, "iam", `Put${holder}Policy`, {
        [`${holder}Name`]: name,
        PolicyName: text(properties, "PolicyName"),
        PolicyDocument: documentText(properties["PolicyDocument"]),
      });
}

async function take(
  actions: Actions,
  stack: StackPlace,
  { from, but }: { readonly from: JsonObject; readonly but: JsonObject },
): Promise<void> {
  for (const [property, holder] of Object.entries(HOLDERS)) {
    const kept = listIn(but, property);
    for (const name of listIn(from, property).filter((one) => !kept.includes(one)))
      await ifThere(() =>
        actions.call(stack, "iam", `Delete${holder}Policy`, {
          [`${holder}Name`]: name,
          PolicyName: text(from, "PolicyName"),
        }),
      );
  }
}
