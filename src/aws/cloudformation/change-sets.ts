/** Plans of changes: made, shown, carried out, thrown away. */
import type { ChangeSetRecord, StackRecord } from "#managed/stack/stack-record.ts";
import { type Action, action } from "../action.ts";
import type { Place } from "../place.ts";
import { type Change, model } from "./model.gen.ts";
import { inStackWords, invalid, keptCaller, stackArns, stackInput, type StackWorld } from "./world.ts";

interface Named {
  readonly ChangeSetName: string;
  readonly StackName?: string;
}

function namedStack({ StackName: name, ChangeSetName: changeSet }: Named, place: Place): readonly string[] {
  return name === undefined ? [changeSet] : stackArns(place, name);
}

export const createChangeSet: Action<StackWorld> = action(model, "CreateChangeSet", {
  resources: ({ StackName }, place) => stackArns(place, StackName),
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
    "ChangeSetName",
    "ClientToken",
    "Description",
    "ChangeSetType",
  ],
  unserved: {
    ResourceTypes: "leave it out",
    RollbackConfiguration: "leave it out: a stack rolls back when a resource fails",
    "ChangeSetType=IMPORT": "let the stack make its resources",
    ResourcesToImport: "let the stack make its resources",
    IncludeNestedStacks: "leave it out",
    OnStackFailure: "say DisableRollback when the change set is executed, or delete the stack when it has rolled back",
    ImportExistingResources: "let the stack make its resources",
    DeploymentMode: "leave it out",
    "Parameters.ResolvedValue": "leave it out",
  },
  run: (world: StackWorld, asked, { caller }) =>
    inStackWords(async () => {
      const { stack, changeSet } = await world.stacks.createChangeSet({
        ...(await stackInput(world, asked, caller)),
        changeSet: asked.ChangeSetName,
        isCreate: asked.ChangeSetType === "CREATE",
        ...(asked.ClientToken !== undefined && { token: asked.ClientToken }),
        ...(asked.Description !== undefined && { description: asked.Description }),
      });
      return { Id: changeSet.id, StackId: stack.id };
    }),
});

export const describeChangeSet: Action<StackWorld> = action(model, "DescribeChangeSet", {
  resources: namedStack,
  serves: ["ChangeSetName", "StackName", "NextToken"],
  unserved: { IncludePropertyValues: "leave it out" },
  run: (world: StackWorld, { ChangeSetName: name, StackName: stackName, NextToken: token }) =>
    inStackWords(async () => {
      if (token !== undefined) throw invalid("NextToken: there is one page");
      const { stack, changeSet } = await world.stacks.changeSet(name, stackName);
      const { revision, changes, description } = changeSet;
      return {
        ...summaryOf(stack, changeSet),
        ...(description !== undefined && { Description: description }),
        Parameters: Object.entries(revision.parameters).map(([key, value]) => ({
          ParameterKey: key,
          ParameterValue: value,
        })),
        NotificationARNs: stack.notificationArns,
        Capabilities: revision.capabilities.filter(isCapability),
        Tags: Object.entries(revision.tags).map(([Key, Value]) => ({ Key, Value })),
        Changes: changes.map(changeOf),
      };
    }),
});

function isCapability(text: string): text is "CAPABILITY_IAM" | "CAPABILITY_NAMED_IAM" | "CAPABILITY_AUTO_EXPAND" {
  return ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"].includes(text);
}

function summaryOf(stack: StackRecord, { name, id, createdAtMs, executionStatus, status, reason }: ChangeSetRecord) {
  return {
    ChangeSetName: name,
    ChangeSetId: id,
    StackId: stack.id,
    StackName: stack.name,
    CreationTime: createdAtMs,
    ExecutionStatus: executionStatus,
    Status: status,
    ...(reason !== undefined && { StatusReason: reason }),
    IncludeNestedStacks: false,
  };
}

function changeOf({
  action: what,
  logicalId,
  physicalId,
  type,
  replacement,
  details,
}: ChangeSetRecord["changes"][number]): Change {
  return {
    Type: "Resource",
    ResourceChange: {
      Action: what,
      LogicalResourceId: logicalId,
      ...(physicalId !== undefined && { PhysicalResourceId: physicalId }),
      ResourceType: type,
      ...(replacement !== undefined && { Replacement: replacement }),
      Scope: details.length > 0 ? ["Properties"] : [],
      Details: details.map((name) => ({
        Target: {
          Attribute: "Properties",
          Name: name,
          RequiresRecreation:
            replacement === "True" ? "Always" : replacement === "Conditional" ? "Conditionally" : "Never",
        },
        Evaluation: "Static",
        ChangeSource: "DirectModification",
      })),
    },
  };
}

export const executeChangeSet: Action<StackWorld> = action(model, "ExecuteChangeSet", {
  resources: namedStack,
  serves: ["ChangeSetName", "StackName", "ClientRequestToken", "DisableRollback"],
  unserved: { RetainExceptOnCreate: "set the DeletionPolicy RetainExceptOnCreate of the resources" },
  run: (
    world: StackWorld,
    { ChangeSetName: name, StackName: stack, DisableRollback: disabled, ClientRequestToken: token },
    { caller },
  ) =>
    inStackWords(async () => {
      await world.stacks.executeChangeSet(name, stack, {
        caller: keptCaller(caller),
        disableRollback: disabled === true,
        ...(token !== undefined && { token }),
      });
      return {};
    }),
});

export const deleteChangeSet: Action<StackWorld> = action(model, "DeleteChangeSet", {
  resources: namedStack,
  serves: ["ChangeSetName", "StackName"],
  unserved: {},
  run: (world: StackWorld, { ChangeSetName: name, StackName: stack }) =>
    inStackWords(async () => {
      await world.stacks.removeChangeSet(name, stack);
      return {};
    }),
});

export const listChangeSets: Action<StackWorld> = action(model, "ListChangeSets", {
  resources: ({ StackName }, place) => stackArns(place, StackName),
  serves: ["StackName", "NextToken"],
  unserved: {},
  run: (world: StackWorld, { StackName: name, NextToken: token }) =>
    inStackWords(async () => {
      if (token !== undefined) throw invalid("NextToken: there is one page");
      const stack = await world.stacks.get(name);
      const all = await world.stacks.store.changeSets(stack.id);
      return {
        Summaries: all
          .filter(({ executionStatus }) => executionStatus !== "EXECUTE_COMPLETE")
          .map((one) => summaryOf(stack, one)),
      };
    }),
});
