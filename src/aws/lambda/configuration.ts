/** Between the Function object and Lambda's FunctionConfiguration, in both directions. */
import { given } from "#base/given.ts";
import { isUnsettled, isUpdating } from "#functions/lifecycle.ts";
import { settingsOf } from "#functions/settings.ts";
import { type FunctionObject, UPDATED_AT } from "#kinds/catamaran/function.ts";
import type { Configured } from "#kinds/catamaran/function-version.ts";
import { validationError } from "../aws-error.ts";
import { sha256Hex } from "../sign.ts";
import type { AccountFunctions } from "./account-functions.ts";
import type { FunctionConfiguration, UpdateFunctionConfigurationRequest } from "./model.gen.ts";
import { arnOf, invalid } from "./names.ts";
import { checkRuntime } from "./runtimes.ts";

type Spec = FunctionObject["spec"];

/** Lambda's FunctionConfiguration. */
export function configurationOf(account: AccountFunctions, fn: Configured, qualifier?: string): FunctionConfiguration {
  const { spec } = fn;
  const { name, version, logGroup } = settingsOf(fn);
  return {
    ...stateOf(fn),
    FunctionName: name,
    FunctionArn: arnOf(account, name, qualifier),
    Runtime: spec.runtime,
    ...(spec.role !== undefined && { Role: spec.role }),
    Handler: spec.handler,
    CodeSize: spec.code.size,
    Description: spec.description ?? "",
    Timeout: spec.timeoutSeconds ?? 3,
    MemorySize: spec.memoryMib ?? 128,
    CodeSha256: spec.code.sha256,
    Version: version,
    ...(spec.environment && { Environment: { Variables: spec.environment } }),
    TracingConfig: { Mode: "PassThrough" },
    PackageType: "Zip",
    Architectures: spec.architectures ?? ["x86_64"],
    EphemeralStorage: { Size: spec.ephemeralStorageMib ?? 512 },
    SnapStart: { ApplyOn: "None", OptimizationStatus: "Off" },
    LoggingConfig: { LogFormat: "Text", LogGroup: logGroup },
    RuntimeVersionConfig: { RuntimeVersionArn: `arn:aws:lambda:${account.region}::runtime:${sha256Hex(spec.runtime)}` },
  };
}

/** As lists have it: without states. */
export function listedOf(account: AccountFunctions, fn: Configured, qualifier?: string): FunctionConfiguration {
  const {
    State: _state,
    StateReason: _reason,
    StateReasonCode: _code,
    LastUpdateStatus: _update,
    LastUpdateStatusReason: _updateReason,
    LastUpdateStatusReasonCode: _updateCode,
    RuntimeVersionConfig: _runtime,
    ...listed
  } = configurationOf(account, fn, qualifier);
  return listed;
}

/** A function that the engine has not looked at yet is being created, and says nothing of updates. */
function stateOf(fn: Configured): FunctionConfiguration {
  const { status } = fn;
  const common = { LastModified: lastModified(fn), RevisionId: revisionId(fn) };
  if (status?.state === undefined || status.state === "Pending")
    return {
      ...common,
      State: "Pending",
      StateReason: "The function is being created.",
      StateReasonCode: "Creating",
    };
  const state = given({
    State: status.state,
    StateReason: status.stateReason,
    StateReasonCode: status.stateReasonCode,
  });
  if (isUpdating(fn))
    return {
      ...common,
      ...state,
      LastUpdateStatus: "InProgress",
      LastUpdateStatusReason: "The function is being created.",
      LastUpdateStatusReasonCode: "Creating",
    };
  return {
    ...common,
    ...state,
    ...given({
      LastUpdateStatus: status.lastUpdateStatus,
      LastUpdateStatusReason: status.lastUpdateStatusReason,
      LastUpdateStatusReasonCode: status.lastUpdateStatusReasonCode,
    }),
  };
}

/** Of code or configuration: "2026-11-27T02:30:00.123+0000". */
export function lastModified({ metadata, status }: Configured): string {
  return metadata.annotations?.[UPDATED_AT] ?? status?.lastModified ?? metadata.creationTimestamp ?? "";
}

export function lambdaTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "+0000");
}

/**
 * Changes with each update and again when that was taken in, with each version and with tags, as Lambda's does: nothing is stored for it,
 * so that changes by kubectl count too.
 */
export function revisionId(fn: Configured): string {
  const settled = isUnsettled(fn) ? "" : (fn.status?.lastUpdateStatus ?? "");
  const published = fn.status !== undefined && "lastVersion" in fn.status ? fn.status.lastVersion : 0;
  return idOf([fn.metadata.uid, configuredIn(fn), lastModified(fn), settled, published]);
}

/** All of a spec but what stands beside the configuration. */
function configuredIn({ spec }: Configured): object {
  const {
    url: _url,
    reservedConcurrency: _reserved,
    ...configured
  } = { url: null, reservedConcurrency: null, ...spec };
  return configured;
}

/** In the form of a UUID. */
export function idOf(what: readonly unknown[]): string {
  return sha256Hex(JSON.stringify(what)).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}

/** How a function runs: what CreateFunction and UpdateFunctionConfiguration have in common. */
export const CONFIGURATION = [
  "Role",
  "Handler",
  "Description",
  "Timeout",
  "MemorySize",
  "Runtime",
  "Environment",
  "EphemeralStorage",
  "LoggingConfig.LogGroup",
] as const;

export const UNSERVED_CONFIGURATION = {
  "VpcConfig.SubnetIds": "leave it out",
  "VpcConfig.SecurityGroupIds": "leave it out",
  "VpcConfig.Ipv6AllowedForDualStack=true": "leave it out",
  DeadLetterConfig: "leave it out",
  KMSKeyArn: "leave it out",
  Layers: "leave it out",
  FileSystemConfigs: "leave it out",
  ImageConfig: "leave it out",
  "TracingConfig.Mode=Active": "leave it out",
  "SnapStart.ApplyOn=PublishedVersions": "leave it out",
  "LoggingConfig.LogFormat=JSON": "leave it out",
  "LoggingConfig.ApplicationLogLevel": "leave it out",
  "LoggingConfig.SystemLogLevel": "leave it out",
  CapacityProviderConfig: "leave it out",
  DurableConfig: "leave it out",
} as const;

type Configuration = Pick<
  UpdateFunctionConfigurationRequest,
  "Role" | "Handler" | "Description" | "Timeout" | "MemorySize" | "Runtime" | "Environment" | "EphemeralStorage"
> & { readonly LoggingConfig?: { readonly LogGroup?: string } };

/** The part of the spec that an input sets; members that it leaves out stay as they are. */
export function specChanges(account: AccountFunctions, input: Configuration): Partial<Spec> {
  checkLimits(input);
  const { Runtime: runtime } = input;
  const environment = input.Environment?.Variables;
  if (environment !== undefined) checkEnvironment(environment);
  if (runtime !== undefined) checkRuntime(runtime, account.runtimes());
  return given({
    runtime,
    role: input.Role,
    handler: input.Handler,
    description: input.Description,
    timeoutSeconds: input.Timeout,
    memoryMib: input.MemorySize,
    ephemeralStorageMib: input.EphemeralStorage?.Size,
    environment,
    logGroup: input.LoggingConfig?.LogGroup,
  });
}

// Lambda Developer Guide, "Lambda quotas": the model has room for more than functions may have.
const MOST = { Timeout: 900, MemorySize: 10_240 } as const;

function checkLimits({ Timeout = 0, MemorySize = 0 }: Configuration): void {
  const problem = (value: number, name: string, most: number): readonly string[] =>
    value > most
      ? [
          `Value '${value}' at '${name}' failed to satisfy constraint: Member must have value less than or equal to ${most}`,
        ]
      : [];
  const problems = [
    ...problem(Timeout, "timeout", MOST.Timeout),
    ...problem(MemorySize, "memorySize", MOST.MemorySize),
  ];
  if (problems.length > 0) throw validationError(problems);
}

// Lambda's own variables cannot be set by a function's configuration (Lambda Developer Guide, "Reserved environment variables").
const RESERVED = new Set(
  "_HANDLER _X_AMZN_TRACE_ID AWS_DEFAULT_REGION AWS_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_NAME AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_LAMBDA_RUNTIME_API LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR".split(
    " ",
  ),
);
const MAX_ENVIRONMENT_BYTES = 4_096;

function checkEnvironment(variables: Readonly<Record<string, string>>): void {
  const reserved = Object.keys(variables).filter((name) => RESERVED.has(name));
  if (reserved.length > 0)
    throw invalid(
      `Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(",")}`,
    );
  const measured = JSON.stringify(variables);
  if (Buffer.byteLength(measured) > MAX_ENVIRONMENT_BYTES)
    throw invalid(
      `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: ${measured}`,
    );
}
