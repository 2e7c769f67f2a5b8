/** AWS::IAM::Role. */
import { isJsonObject, type JsonObject } from "#base/json.ts";
import type { Asked, Made } from "#managed/stack/resource-types.ts";
import {
  type Actions,
  documentText,
  ifThere,
  inside,
  listIn,
  madeOrThere,
  said,
  tagPairs,
  tagsOf,
  text,
  type TypeOver,
} from "../resource.ts";

export const iamRole: TypeOver = (actions) => ({
  name: "AWS::IAM::Role",
  properties: [
    "AssumeRolePolicyDocument",
    "Description",
    "ManagedPolicyArns",
    "MaxSessionDuration",
    "Path",
    "PermissionsBoundary",
    "Policies",
    "RoleName",
    "Tags",
  ],
  createOnly: ["Path", "RoleName"],
  nameProperty: "RoleName",
  create: async (asked) => {
    const { properties, generatedName, stack, isAgain } = asked;
    const name = text(properties, "RoleName") ?? generatedName;
    const tags = tagPairs(tagsOf(stack, properties));
    const made = await madeOrThere(
      isAgain,
      () =>
        actions.call(stack, "iam", "CreateRole", {
          RoleName: name,
          AssumeRolePolicyDocument: documentText(properties["AssumeRolePolicyDocument"]),
          Path: text(properties, "Path"),
          Description: text(properties, "Description"),
          MaxSessionDuration: text(properties, "MaxSessionDuration"),
          PermissionsBoundary: text(properties, "PermissionsBoundary"),
          ...(tags.length > 0 && { Tags: tags }),
        }),
      () => actions.call(stack, "iam", "GetRole", { RoleName: name }),
    );
    await setPolicies(actions, asked, name, {});
    return madeOf(name, said(inside(made, "Role"), "Arn"), said(inside(made, "Role"), "RoleId"));
  },
  update: async (asked, { physicalId: name, attributes, properties: before }) => {
    const { properties, stack } = asked;
    await actions.call(stack, "iam", "UpdateAssumeRolePolicy", {
      RoleName: name,
      PolicyDocument: documentText(properties["AssumeRolePolicyDocument"]),
    });
    await actions.call(stack, "iam", "UpdateRole", {
      RoleName: name,
      Description: text(properties, "Description") ?? "",
      MaxSessionDuration: text(properties, "MaxSessionDuration"),
    });
    await setPolicies(actions, asked, name, before);
    return { physicalId: name, attributes };
  },
  remove: async ({ stack, properties }, { physicalId: name }) => {
    for (const policy of inlineNames(properties))
      await ifThere(() => actions.call(stack, "iam", "DeleteRolePolicy", { RoleName: name, PolicyName: policy }));
    for (const arn of listIn(properties, "ManagedPolicyArns"))
      await ifThere(() => actions.call(stack, "iam", "DetachRolePolicy", { RoleName: name, PolicyArn: arn }));
    await ifThere(() => actions.call(stack, "iam", "DeleteRole", { RoleName: name }));
  },
});

function madeOf(name: string, arn: string, id: string): Made {
  return { physicalId: name, attributes: { Arn: arn, RoleId: id } };
}

function inlineNames(properties: JsonObject): readonly string[] {
  return listIn(properties, "Policies")
    .filter(isJsonObject)
    .map((policy) => text(policy, "PolicyName") ?? "");
}

/** Those of the template, and none of those that only the template before had. */
async function setPolicies(
  actions: Actions,
  { properties, stack }: Asked,
  name: string,
  before: JsonObject,
): Promise<void> {
  for (const policy of listIn(properties, "Policies").filter(isJsonObject))
    await actions.call(stack, "iam", "PutRolePolicy", {
      RoleName: name,
      PolicyName: text(policy, "PolicyName"),
      PolicyDocument: documentText(policy["PolicyDocument"]),
    });
  for (const arn of listIn(properties, "ManagedPolicyArns"))
    await actions.call(stack, "iam", "AttachRolePolicy", { RoleName: name, PolicyArn: arn });
  const kept = inlineNames(properties);
  for (const policy of inlineNames(before).filter((one) => !kept.includes(one)))
    await ifThere(() => actions.call(stack, "iam", "DeleteRolePolicy", { RoleName: name, PolicyName: policy }));
  const attached = listIn(properties, "ManagedPolicyArns");
  for (const arn of listIn(before, "ManagedPolicyArns").filter((one) => !attached.includes(one)))
    await ifThere(() => actions.call(stack, "iam", "DetachRolePolicy", { RoleName: name, PolicyArn: arn }));
}
