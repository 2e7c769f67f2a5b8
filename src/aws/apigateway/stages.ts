/** Stages of REST APIs: which deployment is served under which name, with its variables, settings, logs and canary. */
import { draft, drop, member, put } from "#base/dictionary.ts";
import { given } from "#base/given.ts";
import type { RestApiSpec } from "#kinds/catamaran/rest-api.ts";
import type { RestMethodSetting, RestStage } from "#kinds/catamaran/rest-api-parts.ts";
import { type Action, action } from "../action.ts";
import { type AccountRestApis, changeApi, failure, findApi, invalid, partOf, replaced } from "./account-rest-apis.ts";
import { existing } from "./deployments.ts";
import { type MethodSetting, model, type PatchOperation, type Stage } from "./model.gen.ts";
import { patched, read, refused, stepsOf } from "./patch.ts";

export const createStage: Action<AccountRestApis> = action(model, "CreateStage", {
  serves: [
    "restApiId",
    "stageName",
    "deploymentId",
    "description",
    "cacheClusterEnabled",
    "cacheClusterSize",
    "variables",
    "canarySettings.percentTraffic",
    "canarySettings.deploymentId",
    "canarySettings.stageVariableOverrides",
    "tags",
  ],
  unserved: {
    documentationVersion: "leave it out",
    "tracingEnabled=true": "traces go by X-Amzn-Trace-Id alone",
    "canarySettings.useStageCache=true": "leave it out",
  },
  run: async (account: AccountRestApis, { restApiId: id, canarySettings: canary, ...input }, { now }) => {
    await existing(account, id, input.deploymentId);
    const time = new Date(now).toISOString();
    const canarySettings = canary && { deploymentId: input.deploymentId, ...canary };
    const made: RestStage = { ...input, ...given({ canarySettings }), createdDate: time, lastUpdatedDate: time };
    await changeApi(account, id, (spec) => {
      if (spec.stages?.some(({ stageName }) => stageName === made.stageName) === true)
        throw failure("ConflictException", "Stage already exists");
      return { ...spec, stages: [...(spec.stages ?? []), made] };
    });
    return stageAnswer(made);
  },
});

export const getStage: Action<AccountRestApis> = action(model, "GetStage", {
  serves: ["restApiId", "stageName"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, stageName }) =>
    stageAnswer(stageIn((await findApi(account, id)).spec, stageName)),
});

export const getStages: Action<AccountRestApis> = action(model, "GetStages", {
  serves: ["restApiId", "deploymentId"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, deploymentId }) => {
    const { stages = [] } = (await findApi(account, id)).spec;
    const item = stages.filter((one) => deploymentId === undefined || one.deploymentId === deploymentId);
    return { item: item.map(stageAnswer) };
  },
});

export const updateStage: Action<AccountRestApis> = action(model, "UpdateStage", {
  serves: ["restApiId", "stageName", "patchOperations"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, stageName, patchOperations: operations = [] }, { now }) => {
    for (const { path, value, op } of operations)
      if (path === "/deploymentId" && op !== "copy" && value !== undefined) await existing(account, id, value);
    const { spec } = await changeApi(account, id, (before) => {
      const live = stageIn(before, stageName);
      const next = operations.reduce(patchedStage, live);
      return {
        ...before,
        stages: replaced(before.stages, live, { ...next, lastUpdatedDate: new Date(now).toISOString() }),
      };
    });
    return stageAnswer(stageIn(spec, stageName));
  },
});

export const deleteStage: Action<AccountRestApis> = action(model, "DeleteStage", {
  serves: ["restApiId", "stageName"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, stageName }) => {
    await changeApi(account, id, (spec) => ({
      ...spec,
      stages: replaced(spec.stages, stageIn(spec, stageName), null),
    }));
    return {};
  },
});

export function stageIn({ stages }: RestApiSpec, name: string): RestStage {
  return partOf(stages, ({ stageName }) => stageName === name, "Invalid stage identifier specified");
}

const PLAIN = {
  deploymentId: "text",
  description: "text",
  cacheClusterEnabled: "flag",
  cacheClusterSize: "text",
  variables: "texts",
} as const;

function patchedStage(stage: RestStage, operation: PatchOperation): RestStage {
  const { op = "replace", path = "", value = "" } = operation;
  const steps = stepsOf(path);
  const [first = ""] = steps;
  if (op === "copy") return promoted(stage, operation);
  if (Object.hasOwn(PLAIN, first)) return patched(stage, [operation], PLAIN);
  if (first === "tracingEnabled" && value !== "true") return stage;
  if (first === "accessLogSettings") return withLog(stage, operation);
  if (first === "canarySettings") return withCanary(stage, operation);
  if (steps.length === 4) return withSetting(stage, operation);
  throw refused(op, path);
}

/** The canary's deployment becomes the stage's. */
function promoted(stage: RestStage, { from = "", path = "" }: PatchOperation): RestStage {
  if (from === "/canarySettings/deploymentId" && path === "/deploymentId" && stage.canarySettings !== undefined)
    return { ...stage, deploymentId: stage.canarySettings.deploymentId };
  if (from === "/canarySettings/stageVariableOverrides" && path === "/variables")
    return { ...stage, variables: { ...stage.variables, ...stage.canarySettings?.stageVariableOverrides } };
  throw refused("copy", path);
}

function withLog(stage: RestStage, operation: PatchOperation): RestStage {
  const { accessLogSettings, ...rest } = stage;
  const { op, path = "" } = operation;
  if (op === "remove" && stepsOf(path).length === 1) return rest;
  const inner = { ...operation, path: path.slice("/accessLogSettings".length) };
  const next = patched(accessLogSettings ?? {}, [inner], { destinationArn: "text", format: "text" });
  if (next.destinationArn !== undefined && !/^arn:[^:]*:logs:[^:]*:[^:]*:log-group:\S+$/.test(next.destinationArn))
    throw invalid("Invalid ARN specified in the request: access logs go to a log group");
  if (next.format?.includes("$context.requestId") === false && !next.format.includes("$context.extendedRequestId"))
    throw invalid("Access log format must include at least one of $context.requestId, $context.extendedRequestId");
  return { ...rest, accessLogSettings: next };
}

function withCanary(stage: RestStage, operation: PatchOperation): RestStage {
  const { canarySettings, ...rest } = stage;
  const { op, path = "" } = operation;
  if (op === "remove" && stepsOf(path).length === 1) return rest;
  const inner = { ...operation, path: path.slice("/canarySettings".length) };
  const before = canarySettings ?? { deploymentId: stage.deploymentId ?? "" };
  if (stepsOf(inner.path)[0] === "useStageCache" && operation.value !== "true") return stage;
  const next = patched(before, [inner], {
    percentTraffic: "number",
    deploymentId: "text",
    stageVariableOverrides: "texts",
  });
  return { ...rest, canarySettings: next };
}

const SETTINGS: Readonly<Record<string, readonly [keyof MethodSetting, "text" | "flag" | "number"]>> = {
  "throttling/burstLimit": ["throttlingBurstLimit", "number"],
  "throttling/rateLimit": ["throttlingRateLimit", "number"],
  "logging/loglevel": ["loggingLevel", "text"],
  "logging/dataTrace": ["dataTraceEnabled", "flag"],
  "caching/enabled": ["cachingEnabled", "flag"],
  "caching/ttlInSeconds": ["cacheTtlInSeconds", "number"],
};

// What is so whether it is asked for or not; any other value is refused.
const AS_IT_IS: Readonly<Record<string, string>> = {
  "metrics/enabled": "false",
  "caching/dataEncrypted": "false",
  "caching/requireAuthorizationForCacheControl": "false",
};

/** "/~1users~1{id}/GET/throttling/rateLimit", or "/*" + "/*" for all methods. */
function withSetting(stage: RestStage, { op = "replace", path = "", value = "" }: PatchOperation): RestStage {
  const [resource = "", method = "", ...rest] = stepsOf(path);
  const word = rest.join("/");
  if (member(AS_IT_IS, word) === value) return stage;
  const known = member(SETTINGS, word);
  if (known === undefined) throw refused(op, path);
  const [name, type] = known;
  const key = `${resource.replace(/^\//, "").replaceAll("/", "~1")}/${method}`;
  const setting = draft<unknown>();
  for (const [one, before] of Object.entries(member(stage.methodSettings, key) ?? {})) put(setting, one, before);
  if (op === "remove") drop(setting, name);
  else put(setting, name, read(value, type));
  return { ...stage, methodSettings: { ...stage.methodSettings, [key]: setting as RestMethodSetting } };
}

const CACHE_SIZES = ["0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237"] as const;

function stageAnswer(stage: RestStage): Stage {
  const { createdDate, lastUpdatedDate, cacheClusterSize, methodSettings = {}, ...rest } = stage;
  return {
    cacheClusterEnabled: false,
    cacheClusterStatus: stage.cacheClusterEnabled === true ? "AVAILABLE" : "NOT_AVAILABLE",
    tracingEnabled: false,
    ...rest,
    methodSettings: Object.fromEntries(
      Object.entries(methodSettings).map(([key, setting]) => [key, { metricsEnabled: false, ...setting }]),
    ),
    ...given({
      createdDate: dateOf(createdDate),
      lastUpdatedDate: dateOf(lastUpdatedDate),
      cacheClusterSize: CACHE_SIZES.find((one) => one === cacheClusterSize),
    }),
  };
}

function dateOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}
