/** AWS::SSM::Parameter. */
import { ifThere, picked, tagPairs, tagsOf, text, type TypeOver } from "../resource.ts";

const SET = ["Type", "Value", "Description", "AllowedPattern", "Tier", "DataType"];

export const ssmParameter: TypeOver = (actions) => ({
  name: "AWS::SSM::Parameter",
  properties: ["Name", ...SET, "Tags"],
  createOnly: ["Name", "Type"],
  nameProperty: "Name",
  create: async ({ properties, generatedName, stack, isAgain }) => {
    const name = text(properties, "Name") ?? generatedName;
    const asked = { Name: name, ...picked(properties, SET) };
    // Made before, by a process that ended: put again without its tags, which never go with an overwrite.
    if (isAgain && (await ifThere(() => actions.call(stack, "ssm", "GetParameter", { Name: name }))) !== null)
      await actions.call(stack, "ssm", "PutParameter", { ...asked, Overwrite: true });
    else await actions.call(stack, "ssm", "PutParameter", { ...asked, Tags: tagPairs(tagsOf(stack, properties)) });
    return made(name, text(properties, "Type"), text(properties, "Value"));
  },
  update: async ({ properties, stack }, before) => {
    const { physicalId: name } = before;
    const parameter = { ResourceType: "Parameter", ResourceId: name };
    await actions.call(stack, "ssm", "PutParameter", { Name: name, ...picked(properties, SET), Overwrite: true });
    const tags = tagsOf(stack, properties);
    const gone = Object.keys(tagsOf(stack, before.properties)).filter((key) => !(key in tags));
    if (gone.length > 0) await actions.call(stack, "ssm", "RemoveTagsFromResource", { ...parameter, TagKeys: gone });
    await actions.call(stack, "ssm", "AddTagsToResource", { ...parameter, Tags: tagPairs(tags) });
    return made(name, text(properties, "Type"), text(properties, "Value"));
  },
  remove: async ({ stack }, { physicalId: name }) => {
    await ifThere(() => actions.call(stack, "ssm", "DeleteParameter", { Name: name }));
  },
});

function made(name: string, type = "", value = ""): Awaited<ReturnType<ReturnType<TypeOver>["create"]>> {
  return { physicalId: name, attributes: { Type: type, Value: value } };
}
