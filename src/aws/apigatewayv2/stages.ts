/** Stages of HTTP APIs: what is served under which name, with its variables, throttles and access log. */
import { given } from "#base/given.ts";
import type { ApiRouteSettings, ApiStage } from "#kinds/catamaran/http-api-parts.ts";
import type { HttpApiSpec } from "#kinds/catamaran/http-api.ts";
import { type Action, action } from "../action.ts";
import {
  type AccountApis,
  changeApi,
  failure,
  findApi,
  findDeployment,
  invalid,
  missing,
  pageOf,
  partOf,
  replaced,
} from "./account-apis.ts";
import { mergedTexts, stored, told } from "./members.ts";
import { type AccessLogSettings, model, type RouteSettings, type Stage } from "./model.gen.ts";

const METRICS = "metrics of an API are in the usage of its instance: catamaran top";
const EXECUTION_LOGS = "HTTP APIs have access logs alone";
const UNSERVED = {
  ClientCertificateId: "HTTP APIs have none",
  "DefaultRouteSettings.DetailedMetricsEnabled=true": METRICS,
  "RouteSettings.DetailedMetricsEnabled=true": METRICS,
  "DefaultRouteSettings.DataTraceEnabled=true": EXECUTION_LOGS,
  "RouteSettings.DataTraceEnabled=true": EXECUTION_LOGS,
  "DefaultRouteSettings.LoggingLevel": EXECUTION_LOGS,
  "RouteSettings.LoggingLevel": EXECUTION_LOGS,
} as const;

type SettingsMap = Readonly<Record<string, RouteSettings>>;

interface GivenStage {
  readonly AccessLogSettings?: AccessLogSettings;
  readonly AutoDeploy?: boolean;
  readonly DefaultRouteSettings?: RouteSettings;
  readonly DeploymentId?: string;
  readonly Description?: string;
  readonly RouteSettings?: SettingsMap;
  readonly StageVariables?: Readonly<Record<string, string>>;
}

export const createStage: Action<AccountApis> = action(model, "CreateStage", {
  serves: [
    "AccessLogSettings",
    "ApiId",
    "AutoDeploy",
    "DefaultRouteSettings.ThrottlingBurstLimit",
    "DefaultRouteSettings.ThrottlingRateLimit",
    "DefaultRouteSettings.DetailedMetricsEnabled",
    "DefaultRouteSettings.DataTraceEnabled",
    "DeploymentId",
    "Description",
    "RouteSettings.ThrottlingBurstLimit",
    "RouteSettings.ThrottlingRateLimit",
    "RouteSettings.DetailedMetricsEnabled",
    "RouteSettings.DataTraceEnabled",
    "StageName",
    "StageVariables",
    "Tags",
  ],
  unserved: UNSERVED,
  run: async (account: AccountApis, input, { now }) => {
    const { ApiId: id, StageName: stageName, Tags: tags } = input;
    await checkDeployment(account, id, input);
    const base = { stageName, createdDate: timeOf(now), ...(tags !== undefined && { tags }) };
    const stage = changedBy(base, input, now);
    await changeApi(account, id, (spec) => ({ ...spec, stages: [...withoutTwin(spec, stageName), stage] }));
    return stageOf(stage);
  },
});

function withoutTwin({ stages = [] }: HttpApiSpec, name: string): readonly ApiStage[] {
  if (stages.some(({ stageName }) => stageName === name)) throw failure("ConflictException", "Stage already exists");
  return stages;
}

/** What a stage serves is its deployment's, unless it always serves what is newest. */
async function checkDeployment(
  account: AccountApis,
  id: string,
  { AutoDeploy: auto, DeploymentId: deployment }: GivenStage,
): Promise<void> {
  if (deployment === undefined) return;
  if (auto === true) throw invalid("Deployment ID cannot be set on stage because AutoDeploy is enabled");
  if ((await findDeployment(account, id, deployment)) === null)
    throw missing("Invalid deployment identifier specified");
}

export const getStage: Action<AccountApis> = action(model, "GetStage", {
  serves: ["ApiId", "StageName"],
  unserved: {},
  run: async (account: AccountApis, { ApiId: id, StageName: name }) =>
    stageOf(stageIn((await findApi(account, id)).spec, name)),
});

export const getStages: Action<AccountApis> = action(model, "GetStages", {
  serves: ["ApiId", "MaxResults", "NextToken"],
  unserved: {},
  run: async (account: AccountApis, input) => {
    const { spec } = await findApi(account, input.ApiId);
    const page = pageOf(spec.stages ?? [], input);
    return { ...page, Items: page.Items.map(stageOf) };
  },
});

export const updateStage: Action<AccountApis> = action(model, "UpdateStage", {
  serves: [
    "AccessLogSettings",
    "ApiId",
    "AutoDeploy",
    "DefaultRouteSettings.ThrottlingBurstLimit",
    "DefaultRouteSettings.ThrottlingRateLimit",
    "DefaultRouteSettings.DetailedMetricsEnabled",
    "DefaultRouteSettings.DataTraceEnabled",
    "DeploymentId",
    "Description",
    "RouteSettings.ThrottlingBurstLimit",
    "RouteSettings.ThrottlingRateLimit",
    "RouteSettings.DetailedMetricsEnabled",
    "RouteSettings.DataTraceEnabled",
    "StageName",
    "StageVariables",
  ],
  unserved: UNSERVED,
  run: async (account: AccountApis, input, { now }) => {
    const { ApiId: id, StageName: name } = input;
    await checkDeployment(account, id, input);
    return changeStage(account, { id, name }, (live) => changedBy(live, input, now));
  },
});

export const deleteStage: Action<AccountApis> = action(model, "DeleteStage", {
  serves: ["ApiId", "StageName"],
  unserved: {},
  run: async (account: AccountApis, { ApiId: id, StageName: name }) => {
    await changeApi(account, id, (spec) => ({
      ...spec,
      stages: replaced(spec.stages ?? [], stageIn(spec, name), null),
    }));
    return {};
  },
});

export const deleteAccessLogSettings: Action<AccountApis> = action(model, "DeleteAccessLogSettings", {
  serves: ["ApiId", "StageName"],
  unserved: {},
  run: async (account: AccountApis, { ApiId: id, StageName: name }) => {
    await changeStage(account, { id, name }, ({ accessLogSettings: _gone, ...stage }) => stage);
    return {};
  },
});

export const deleteRouteSettings: Action<AccountApis> = action(model, "DeleteRouteSettings", {
  serves: ["ApiId", "StageName", "RouteKey"],
  unserved: {},
  run: async (account: AccountApis, { ApiId: id, StageName: name, RouteKey: key }) => {
    await changeStage(account, { id, name }, ({ routeSettings = {}, ...stage }) => {
      const { [key]: gone, ...rest } = routeSettings;
      if (gone === undefined) throw missing("Invalid RouteSettings key specified");
      return { ...stage, routeSettings: rest };
    });
    return {};
  },
});

async function changeStage(
  account: AccountApis,
  { id, name }: { readonly id: string; readonly name: string },
  decide: (live: ApiStage) => ApiStage,
): Promise<Stage> {
  const changed = await changeApi(account, id, (spec) => {
    const live = stageIn(spec, name);
    return { ...spec, stages: replaced(spec.stages ?? [], live, decide(live)) };
  });
  return stageOf(stageIn(changed.spec, name));
}

export function stageIn({ stages }: HttpApiSpec, name: string): ApiStage {
  return partOf(stages, ({ stageName }) => stageName === name, "Invalid stage identifier specified");
}

function changedBy(before: ApiStage, input: GivenStage, now: number): ApiStage {
  const { AccessLogSettings: log, DefaultRouteSettings: ofAll, RouteSettings: own, StageVariables: variables } = input;
  const { stageVariables: known, ...rest } = before;
  const stageVariables = mergedTexts(known, variables);
  const { autoDeploy = before.autoDeploy, ...plain } = stored(input, ["AutoDeploy", "DeploymentId", "Description"]);
  return {
    ...rest,
    ...plain,
    ...given({ autoDeploy, stageVariables }),
    ...(log !== undefined && { accessLogSettings: logOf(log) }),
    ...(ofAll !== undefined && { defaultRouteSettings: { ...before.defaultRouteSettings, ...settingsOf(ofAll) } }),
    ...(own !== undefined && { routeSettings: mergedSettings(before.routeSettings, own) }),
    lastUpdatedDate: timeOf(now),
  };
}

function mergedSettings(
  before: Readonly<Record<string, ApiRouteSettings>> = {},
  change: SettingsMap,
): Readonly<Record<string, ApiRouteSettings>> {
  const changed = Object.entries(change).map(
    ([key, settings]) => [key, { ...before[key], ...settingsOf(settings) }] as const,
  );
  return { ...before, ...Object.fromEntries(changed) };
}

function settingsOf(settings: RouteSettings): ApiRouteSettings {
  return stored(settings, ["ThrottlingBurstLimit", "ThrottlingRateLimit"]);
}

function logOf({
  DestinationArn: destinationArn,
  Format: format,
}: AccessLogSettings): NonNullable<ApiStage["accessLogSettings"]> {
  if (destinationArn === undefined || !/^arn:[^:]*:logs:[^:]*:[^:]*:log-group:\S+$/.test(destinationArn))
    throw invalid("Invalid ARN specified in the request: access logs go to a log group");
  if (
    format === undefined ||
    (!format.includes("$context.requestId") && !format.includes("$context.extendedRequestId"))
  )
    throw invalid("Access log format must include at least one of $context.requestId, $context.extendedRequestId");
  return { destinationArn, format };
}

function timeOf(now: number): string {
  return new Date(now).toISOString();
}

export function stageOf(stage: ApiStage): Stage {
  const { accessLogSettings, defaultRouteSettings, routeSettings = {}, createdDate, lastUpdatedDate, ...rest } = stage;
  return {
    AutoDeploy: false,
    StageVariables: {},
    Tags: {},
    ...told(rest),
    DefaultRouteSettings: { DetailedMetricsEnabled: false, ...told(defaultRouteSettings ?? {}) },
    RouteSettings: Object.fromEntries(Object.entries(routeSettings).map(([key, settings]) => [key, told(settings)])),
    ...given({
      AccessLogSettings: accessLogSettings && told(accessLogSettings),
      CreatedDate: dateOf(createdDate),
      LastUpdatedDate: dateOf(lastUpdatedDate),
    }),
  };
}

function dateOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}
