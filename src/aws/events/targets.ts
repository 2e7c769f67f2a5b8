/** What a rule leads to: PutTargets, RemoveTargets, ListTargetsByRule. */
import { parseArn } from "#base/arn.ts";
import type { RuleTarget } from "#kinds/catamaran/rule.ts";
import { parsePath } from "#managed/bus/json-path.ts";
import { unknownPlaceholder } from "#managed/bus/transform.ts";
import { type Action, action } from "../action.ts";
import { passes } from "./manage-rules.ts";
import { model, type Target } from "./model.gen.ts";
import { busName, type BusWorld, inBusWords, invalid, pageOf, ruleArn, ruleAt } from "./world.ts";

const OTHERS = "targets are functions, queues, topics and buses";

// PutTargets: "Each rule can have up to five targets".
const MAX_TARGETS = 5;

interface Asked {
  readonly Id: string;
  readonly Arn: string;
  readonly RoleArn?: string;
  readonly Input?: string;
  readonly InputPath?: string;
  readonly InputTransformer?: {
    readonly InputPathsMap?: Readonly<Record<string, string>>;
    readonly InputTemplate: string;
  };
  readonly SqsParameters?: { readonly MessageGroupId?: string };
  readonly DeadLetterConfig?: { readonly Arn?: string };
  readonly RetryPolicy?: { readonly MaximumRetryAttempts?: number; readonly MaximumEventAgeInSeconds?: number };
}

export const putTargets: Action<BusWorld> = action(model, "PutTargets", {
  resources: ({ Rule, EventBusName }, place) => [ruleArn(place, busName(EventBusName), Rule)],
  conditions: ({ Targets }) => ({ "events:TargetArn": Targets.map(({ Arn }) => Arn) }),
  alsoNeeds: ({ Targets }) => passes(Targets.map(({ RoleArn }) => RoleArn)),
  serves: [
    "Rule",
    "EventBusName",
    "Targets.Id",
    "Targets.Arn",
    "Targets.RoleArn",
    "Targets.Input",
    "Targets.InputPath",
    "Targets.InputTransformer.InputPathsMap",
    "Targets.InputTransformer.InputTemplate",
    "Targets.SqsParameters.MessageGroupId",
    "Targets.DeadLetterConfig.Arn",
    "Targets.RetryPolicy.MaximumRetryAttempts",
    "Targets.RetryPolicy.MaximumEventAgeInSeconds",
  ],
  unserved: {
    "Targets.KinesisParameters": OTHERS,
    "Targets.RunCommandParameters": OTHERS,
    "Targets.EcsParameters": OTHERS,
    "Targets.BatchParameters": OTHERS,
    "Targets.HttpParameters": OTHERS,
    "Targets.RedshiftDataParameters": OTHERS,
    "Targets.SageMakerPipelineParameters": OTHERS,
    "Targets.AppSyncParameters": OTHERS,
  },
  run: async (world: BusWorld, { Rule: name, EventBusName, Targets }) => {
    const rule = await ruleAt(world, EventBusName, name);
    for (const target of Targets) checkTarget(world, target);
    const added = new Map(Targets.map((target) => [target.Id, targetOf(target)]));
    const kept = (rule.spec.targets ?? []).filter(({ id }) => !added.has(id));
    if (kept.length + added.size > MAX_TARGETS)
      throw invalid(`The requested resource exceeds the maximum number allowed.`);
    await inBusWords(() =>
      world.buses.changeRule(rule, (live) => {
        const others = (live.spec.targets ?? []).filter(({ id }) => !added.has(id));
        return { ...live, spec: { ...live.spec, targets: [...others, ...added.values()] } };
      }),
    );
    return { FailedEntryCount: 0, FailedEntries: [] };
  },
});

function checkTarget({ targetServices }: BusWorld, target: Asked): void {
  const { Id, Arn, Input, InputPath, InputTransformer } = target;
  const service = parseArn(Arn)?.service;
  if (service === undefined)
    throw invalid(`Parameter ${Arn} is not valid. Reason: Provided Arn is not in correct format.`);
  if (!targetServices.has(service)) throw invalid(`Targets.Arn=${Arn} is not supported by Catamaran; ${OTHERS}`);
  if ([Input, InputPath, InputTransformer].filter((one) => one !== undefined).length > 1)
    throw invalid(`Only one of Input, InputPath, or InputTransformer must be provided for target ${Id}.`);
  if (Input !== undefined && !isJson(Input)) throw invalid(`JSON syntax error in input for target ${Id}`);
  const paths = [InputPath ?? "$", ...Object.values(InputTransformer?.InputPathsMap ?? {})];
  if (paths.some((path) => parsePath(path) === null)) throw invalid(`Invalid InputPath for target ${Id}.`);
  if (InputTransformer === undefined) return;
  const unknown = unknownPlaceholder(transformerOf(InputTransformer));
  if (unknown !== null) throw invalid(`InputTemplate for target ${Id} contains invalid placeholder ${unknown}.`);
}

function targetOf(target: Asked): RuleTarget {
  const { MaximumEventAgeInSeconds: age, MaximumRetryAttempts: attempts } = target.RetryPolicy ?? {};
  const group = target.SqsParameters?.MessageGroupId;
  const letters = target.DeadLetterConfig?.Arn;
  return {
    id: target.Id,
    arn: target.Arn,
    ...(target.RoleArn !== undefined && { role: target.RoleArn }),
    ...(target.Input !== undefined && { input: target.Input }),
    ...(target.InputPath !== undefined && { inputPath: target.InputPath }),
    ...(target.InputTransformer !== undefined && { inputTransformer: transformerOf(target.InputTransformer) }),
    ...(letters !== undefined && { deadLetterQueue: letters }),
    ...(group !== undefined && { messageGroup: group }),
    ...((age !== undefined || attempts !== undefined) && {
      retry: {
        ...(age !== undefined && { maximumAgeSeconds: age }),
        ...(attempts !== undefined && { maximumAttempts: attempts }),
      },
    }),
  };
}

function transformerOf({
  InputPathsMap: paths,
  InputTemplate: template,
}: NonNullable<Asked["InputTransformer"]>): NonNullable<RuleTarget["inputTransformer"]> {
  return { template, ...(paths !== undefined && { paths }) };
}

export const removeTargets: Action<BusWorld> = action(model, "RemoveTargets", {
  resources: ({ Rule, EventBusName }, place) => [ruleArn(place, busName(EventBusName), Rule)],
  serves: ["Rule", "EventBusName", "Ids", "Force"],
  unserved: {},
  // Force is about rules that AWS's own services manage; there are none here.
  run: async (world: BusWorld, { Rule: name, EventBusName, Ids, Force: _force }) => {
    const rule = await ruleAt(world, EventBusName, name);
    await world.buses.changeRule(rule, (live) => ({
      ...live,
      spec: { ...live.spec, targets: (live.spec.targets ?? []).filter(({ id }) => !Ids.includes(id)) },
    }));
    return { FailedEntryCount: 0, FailedEntries: [] };
  },
});

export const listTargetsByRule: Action<BusWorld> = action(model, "ListTargetsByRule", {
  resources: ({ Rule, EventBusName }, place) => [ruleArn(place, busName(EventBusName), Rule)],
  serves: ["Rule", "EventBusName", "NextToken", "Limit"],
  unserved: {},
  run: async (world: BusWorld, { Rule: name, EventBusName, ...page }) => {
    const { targets = [] } = (await ruleAt(world, EventBusName, name)).spec;
    const sorted = targets.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const found = pageOf(sorted, ({ id }) => id, page);
    return { Targets: found.page.map(described), ...found.next };
  },
});

function described({ id, arn, role, retry, ...rest }: RuleTarget): Target {
  const { maximumAgeSeconds: age, maximumAttempts: attempts } = retry ?? {};
  return {
    Id: id,
    Arn: arn,
    ...(role !== undefined && { RoleArn: role }),
    ...(rest.input !== undefined && { Input: rest.input }),
    ...(rest.inputPath !== undefined && { InputPath: rest.inputPath }),
    ...(rest.inputTransformer !== undefined && {
      InputTransformer: {
        InputTemplate: rest.inputTransformer.template,
        ...(rest.inputTransformer.paths !== undefined && { InputPathsMap: rest.inputTransformer.paths }),
      },
    }),
    ...(rest.messageGroup !== undefined && { SqsParameters: { MessageGroupId: rest.messageGroup } }),
    ...(rest.deadLetterQueue !== undefined && { DeadLetterConfig: { Arn: rest.deadLetterQueue } }),
    ...(retry !== undefined && {
      RetryPolicy: {
        ...(attempts !== undefined && { MaximumRetryAttempts: attempts }),
        ...(age !== undefined && { MaximumEventAgeInSeconds: age }),
      },
    }),
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
