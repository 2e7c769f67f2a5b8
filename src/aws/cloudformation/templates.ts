/** Templates: as a stack has them, and what CloudFormation says of one before it is used. */
import { readTemplateText } from "#managed/stack/template-text.ts";
import type { ParameterDeclaration, Template } from "#managed/stack/template.ts";
import type { Processed } from "#managed/stack/transforms.ts";
import { type Action, action } from "../action.ts";
import { model } from "./model.gen.ts";
import { inStackWords, invalid, stackArns, type StackWorld, type TemplateSource, templateText } from "./world.ts";

export const getTemplate: Action<StackWorld> = action(model, "GetTemplate", {
  resources: ({ StackName: name }, place) => (name === undefined ? ["*"] : stackArns(place, name)),
  serves: ["StackName", "ChangeSetName", "TemplateStage"],
  unserved: {},
  run: (world: StackWorld, { StackName: stackName, ChangeSetName: changeSetName, TemplateStage: stage = "Original" }) =>
    inStackWords(async () => {
      const revision = await revisionOf(world, stackName, changeSetName);
      return {
        TemplateBody: stage === "Processed" ? revision.processedText : revision.templateText,
        StagesAvailable: ["Original", "Processed"],
      };
    }),
});

async function revisionOf(world: StackWorld, stackName: string | undefined, changeSetName: string | undefined) {
  if (changeSetName !== undefined) return (await world.stacks.changeSet(changeSetName, stackName)).changeSet.revision;
  if (stackName === undefined) throw invalid("Either StackName or ChangeSetName must be specified.");
  const head = await world.stacks.get(stackName);
  const revision = await world.stacks.store.revision(head.id, "current");
  if (revision === null) throw invalid(`Stack ${head.name} has no template yet`);
  return revision;
}

interface Summary {
  readonly template: Template;
  readonly processed: Processed;
}

async function summaryOf(world: StackWorld, source: TemplateSource): Promise<Summary> {
  const text = await templateText(world, source);
  if (text === null) throw invalid("Either Template URL or Template Body must be specified.");
  return world.stacks.validate(text);
}

function capabilitiesOf({ template, processed }: Summary) {
  const iam = [...template.resources].filter(([, { type }]) => type.startsWith("AWS::IAM::"));
  const isNamed = iam.some(
    ([, { properties }]) => properties["RoleName"] !== undefined || properties["UserName"] !== undefined,
  );
  const capabilities = [
    ...(iam.length === 0 ? [] : [isNamed ? ("CAPABILITY_NAMED_IAM" as const) : ("CAPABILITY_IAM" as const)]),
    ...(processed.hasMacros ? ["CAPABILITY_AUTO_EXPAND" as const] : []),
  ];
  const types = [...new Set(iam.map(([, { type }]) => type))].join(", ");
  return {
    Capabilities: capabilities,
    ...(iam.length > 0 && { CapabilitiesReason: `The following resource(s) require capabilities: [${types}]` }),
    DeclaredTransforms: processed.transforms,
  };
}

export const validateTemplate: Action<StackWorld> = action(model, "ValidateTemplate", {
  serves: ["TemplateBody", "TemplateURL"],
  unserved: {},
  run: (world: StackWorld, source) =>
    inStackWords(async () => {
      const summary = await summaryOf(world, source);
      const { description, parameters } = summary.template;
      return {
        Parameters: [...parameters].map(([key, one]) => ({
          ParameterKey: key,
          ...(one.default !== undefined && { DefaultValue: one.default }),
          NoEcho: one.isNoEcho,
          ...(one.description !== undefined && { Description: one.description }),
        })),
        ...(description !== "" && { Description: description }),
        ...capabilitiesOf(summary),
      };
    }),
});

export const getTemplateSummary: Action<StackWorld> = action(model, "GetTemplateSummary", {
  resources: ({ StackName: name }, place) => (name === undefined ? ["*"] : stackArns(place, name)),
  serves: ["TemplateBody", "TemplateURL", "StackName"],
  unserved: {
    StackSetName: "there are no stack sets",
    CallAs: "there are no stack sets",
    TemplateSummaryConfig: "leave it out",
  },
  run: (world: StackWorld, { StackName: name, ...source }) =>
    inStackWords(async () => {
      const text =
        name === undefined
          ? await templateText(world, source)
          : (await revisionOf(world, name, undefined)).templateText;
      const summary = await summaryOf(world, { TemplateBody: text ?? "" });
      const { description, parameters, resources, metadata } = summary.template;
      return {
        Parameters: [...parameters].map(([key, one]) => declarationOf(key, one)),
        ...(description !== "" && { Description: description }),
        ResourceTypes: [...new Set([...resources.values()].map(({ type }) => type))],
        ...(hasVersion(text ?? "") && { Version: "2010-09-09" }),
        ...(Object.keys(metadata).length > 0 && { Metadata: JSON.stringify(metadata) }),
        ...capabilitiesOf(summary),
      };
    }),
});

function hasVersion(text: string): boolean {
  const value = readTemplateText(text);
  return typeof value === "object" && value !== null && "AWSTemplateFormatVersion" in value;
}

function declarationOf(key: string, one: ParameterDeclaration) {
  return {
    ParameterKey: key,
    ...(one.default !== undefined && { DefaultValue: one.default }),
    ParameterType: one.type,
    NoEcho: one.isNoEcho,
    ...(one.description !== undefined && { Description: one.description }),
    ParameterConstraints: one.allowedValues === undefined ? {} : { AllowedValues: one.allowedValues },
  };
}
