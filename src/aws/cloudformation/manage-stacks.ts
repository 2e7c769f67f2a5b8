/** Making, changing, protecting and removing stacks. */
import { type Action, action } from "../action.ts";
import type { Place } from "../place.ts";
import { model } from "./model.gen.ts";
import { inStackWords, invalid, stackArns, stackInput, type StackWorld } from "./world.ts";

const UNSERVED = {
  RollbackConfiguration: "leave it out: a stack rolls back when a resource fails",
  ResourceTypes: "leave it out",
  StackPolicyBody: "leave it out",
  StackPolicyURL: "leave it out",
} as const;

function stackOf({ StackName: name }: { readonly StackName: string }, place: Place): readonly string[] {
  return stackArns(place, name);
}

export const createStack: Action<StackWorld> = action(model, "CreateStack", {
  resources: stackOf,
  serves: [
    "StackName",
    "TemplateBody",
    "TemplateURL",
    "Parameters.ParameterKey",
    "Parameters.ParameterValue",
    "Parameters.UsePreviousValue",
    "DisableRollback",
    "NotificationARNs",
    "Capabilities",
    "RoleARN",
    "OnFailure",
    "Tags",
    "ClientRequestToken",
    "EnableTerminationProtection",
  ],
  unserved: {
    ...UNSERVED,
    TimeoutInMinutes: "leave it out",
    "OnFailure=DELETE": "delete the stack when it has rolled back",
    RetainExceptOnCreate: "set the DeletionPolicy RetainExceptOnCreate of the resources",
    "Parameters.ResolvedValue": "leave it out",
  },
  run: (world: StackWorld, asked, { caller }) =>
    inStackWords(async () => {
      const { OnFailure: onFailure, DisableRollback: disabled, EnableTerminationProtection: isProtected } = asked;
      if (onFailure !== undefined && disabled !== undefined)
        throw invalid("Only one of DisableRollback and OnFailure may be specified.");
      const { id } = await world.stacks.create({
        ...(await stackInput(world, asked, caller)),
        disableRollback: disabled === true || onFailure === "DO_NOTHING",
        ...(asked.ClientRequestToken !== undefined && { token: asked.ClientRequestToken }),
        ...(isProtected !== undefined && { terminationProtection: isProtected }),
      });
      return { StackId: id };
    }),
});

export const updateStack: Action<StackWorld> = action(model, "UpdateStack", {
  resources: stackOf,
  serves: [
    "StackName",
    "TemplateBody",
    "TemplateURL",
    "UsePreviousTemplate",
    "Parameters.ParameterKey",
    "Parameters.ParameterValue",
    "Parameters.UsePreviousValue",
    "Capabilities",
    "RoleARN",
    "NotificationARNs",
    "Tags",
    "DisableRollback",
    "ClientRequestToken",
  ],
  unserved: {
    ...UNSERVED,
    StackPolicyDuringUpdateBody: "leave it out",
    StackPolicyDuringUpdateURL: "leave it out",
    RetainExceptOnCreate: "set the DeletionPolicy RetainExceptOnCreate of the resources",
    "Parameters.ResolvedValue": "leave it out",
  },
  run: (world: StackWorld, asked, { caller }) =>
    inStackWords(async () => {
      if (asked.UsePreviousTemplate === true && (asked.TemplateBody ?? asked.TemplateURL) !== undefined)
        throw invalid("Only one of UsePreviousTemplate and TemplateBody or TemplateURL may be specified.");
      const { id } = await world.stacks.update({
        ...(await stackInput(world, asked, caller)),
        disableRollback: asked.DisableRollback === true,
        ...(asked.ClientRequestToken !== undefined && { token: asked.ClientRequestToken }),
      });
      return { StackId: id };
    }),
});

export const deleteStack: Action<StackWorld> = action(model, "DeleteStack", {
  resources: stackOf,
  serves: ["StackName", "ClientRequestToken"],
  unserved: {
    RetainResources: "set the DeletionPolicy Retain of the resources",
    RoleARN: "leave it out: the caller's own rights count",
    DeletionMode: "set the DeletionPolicy Retain of the resources that cannot be removed",
  },
  run: (world: StackWorld, { StackName: name, ClientRequestToken: token }) =>
    inStackWords(async () => {
      await world.stacks.remove(name, token);
      return {};
    }),
});

export const continueUpdateRollback: Action<StackWorld> = action(model, "ContinueUpdateRollback", {
  resources: stackOf,
  serves: ["StackName", "ClientRequestToken"],
  unserved: { RoleARN: "leave it out: the caller's own rights count", ResourcesToSkip: "leave it out" },
  run: (world: StackWorld, { StackName: name }) =>
    inStackWords(async () => {
      await world.stacks.continueRollback(name);
      return {};
    }),
});

export const updateTerminationProtection: Action<StackWorld> = action(model, "UpdateTerminationProtection", {
  resources: stackOf,
  serves: ["StackName", "EnableTerminationProtection"],
  unserved: {},
  run: (world: StackWorld, { StackName: name, EnableTerminationProtection: isProtected }) =>
    inStackWords(async () => ({ StackId: (await world.stacks.protect(name, isProtected)).id })),
});
