/** AWS::Events::Rule. */
import { isJsonObject, type JsonObject } from "#base/json.ts";
import type { Asked, Made } from "#managed/stack/resource-types.ts";
import {
  type Actions,
  documentText,
  ifThere,
  listIn,
  picked,
  said,
  tagPairs,
  tagsOf,
  text,
  type TypeOver,
} from "../resource.ts";

export const eventsRule: TypeOver = (actions) => ({
  name: "AWS::Events::Rule",
  properties: [
    "Description",
    "EventBusName",
    "EventPattern",
    "Name",
    "RoleArn",
    "ScheduleExpression",
    "State",
    "Tags",
    "Targets",
  ],
  createOnly: ["EventBusName", "Name"],
  nameProperty: "Name",
  create: async (asked) => put(actions, asked, text(asked.properties, "Name") ?? asked.generatedName),
  update: async (asked, { attributes, properties: before }) => {
    const name = text(attributes, "Name") ?? "";
    const kept = targetIds(asked.properties);
    const gone = targetIds(before).filter((id) => !kept.includes(id));
    const bus = picked(asked.properties, ["EventBusName"]);
    if (gone.length > 0) await actions.call(asked.stack, "events", "RemoveTargets", { Rule: name, ...bus, Ids: gone });
    return put(actions, asked, name);
  },
  remove: async ({ stack, properties }, { attributes }) => {
    const bus = picked(properties, ["EventBusName"]);
    const name = text(attributes, "Name") ?? "";
    const ids = targetIds(properties);
    if (ids.length > 0)
      await ifThere(() => actions.call(stack, "events", "RemoveTargets", { Rule: name, ...bus, Ids: ids }));
    await ifThere(() => actions.call(stack, "events", "DeleteRule", { Name: name, ...bus }));
  },
});

/** Putting a rule or a target that is there changes it. */
async function put(actions: Actions, { properties, stack }: Asked, name: string): Promise<Made> {
  const tags = tagPairs(tagsOf(stack, properties));
  const made = await actions.call(stack, "events", "PutRule", {
    Name: name,
    ...picked(properties, ["Description", "EventBusName", "RoleArn", "ScheduleExpression", "State"]),
    EventPattern: documentText(properties["EventPattern"]),
    ...(tags.length > 0 && { Tags: tags }),
  });
  const targets = listIn(properties, "Targets");
  if (targets.length > 0)
    await actions.call(stack, "events", "PutTargets", {
      Rule: name,
      ...picked(properties, ["EventBusName"]),
      Targets: targets,
    });
  return { physicalId: name, attributes: { Arn: said(made, "RuleArn"), Name: name } };
}

function targetIds(properties: JsonObject): readonly string[] {
  return listIn(properties, "Targets")
    .filter(isJsonObject)
    .map((target) => text(target, "Id") ?? "");
}
