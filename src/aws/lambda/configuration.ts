/** Between the Function object and Lambda's FunctionConfiguration, in both directions. */
import { given } from "#base/given.ts";
import { isUnsettled, isUpdating } from "#functions/lifecycle.ts";
import { settingsOf } from "#functions/settings.ts";
import { type FunctionObject, UPDATED_AT } from "#kinds/catamaran/function.ts";
import type { Input } from "../untyped-action.ts";
import { AwsError } from "../aws-error.ts";
import { sha256Hex } from "../sign.ts";
import { arnOf } from "./names.ts";
import { checkRuntime } from "./runtimes.ts";
import type { LambdaWorld } from "./world.ts";

type Spec = FunctionObject["spec"];

/** Lambda's FunctionConfiguration. */
export function configurationOf(
  world: LambdaWorld,
  fn: FunctionObject,
  qualifier?: string,
): Readonly<Record<string, unknown>> {
  const { spec } = fn;
  const name = fn.metadata.name;
  return given({
    ...stateOf(fn),
    FunctionName: name,
    FunctionArn: arnOf(world, name, qualifier),
    Runtime: spec.runtime,
    Role: spec.role,
    Handler: spec.handler,
    CodeSize: spec.code.size,
    Description: spec.description ?? "",
    Timeout: spec.timeoutSeconds ?? 3,
    MemorySize: spec.memoryMib ?? 128,
    CodeSha256: spec.code.sha256,
    Version: "$LATEST",
    Environment: spec.environment === undefined ? undefined : { Variables: spec.environment },
    TracingConfig: { Mode: "PassThrough" },
    PackageType: "Zip",
    Architectures: spec.architectures ?? ["x86_64"],
    EphemeralStorage: { Size: spec.ephemeralStorageMib ?? 512 },
    SnapStart: { ApplyOn: "None", OptimizationStatus: "Off" },
    LoggingConfig: { LogFormat: "Text", LogGroup: settingsOf(fn).logGroup },
    RuntimeVersionConfig: { RuntimeVersionArn: `arn:aws:lambda:${world.region}::runtime:${sha256Hex(spec.runtime)}` },
  });
}

/** A function that the engine has not looked at yet is being created, and says nothing of updates. */
function stateOf(fn: FunctionObject): Readonly<Record<string, unknown>> {
  const { status } = fn;
  const common = { LastModified: lastModified(fn), RevisionId: revisionId(fn) };
  if (status?.state === undefined || status.state === "Pending")
    return {
      ...common,
      State: "Pending",
      StateReason: "The function is being created.",
      StateReasonCode: "Creating",
    };
  const state = { State: status.state, StateReason: status.stateReason, StateReasonCode: status.stateReasonCode };
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
    LastUpdateStatus: status.lastUpdateStatus,
    LastUpdateStatusReason: status.lastUpdateStatusReason,
    LastUpdateStatusReasonCode: status.lastUpdateStatusReasonCode,
  };
}

/** Of code or configuration: "2026-11-27T02:30:00.123+0000". */
export function lastModified({ metadata, status }: FunctionObject): string {
  return metadata.annotations?.[UPDATED_AT] ?? status?.lastModified ?? metadata.creationTimestamp ?? "";
}

export function lambdaTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "+0000");
}

/**
 * Changes with each update and again when that was taken in, and with tags, as Lambda's does: nothing is stored for it,
 * so that changes by kubectl count too.
 */
export function revisionId(fn: FunctionObject): string {
  const { url: _url, reservedConcurrency: _reserved, ...configured } = fn.spec;
  const settled = isUnsettled(fn) ? "" : (fn.status?.lastUpdateStatus ?? "");
  const digest = sha256Hex(JSON.stringify([fn.metadata.uid, configured, lastModified(fn), settled]));
  return digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}

/** The part of the spec that an input sets; members that it leaves out stay as they are. */
export function specChanges(world: LambdaWorld, input: Input): Partial<Spec> {
  refuseUnsupported(input);
  const environment = (input["Environment"] as { readonly Variables?: Readonly<Record<string, string>> } | undefined)
    ?.Variables;
  if (environment !== undefined) checkEnvironment(environment);
  const logging = input["LoggingConfig"] as { readonly LogGroup?: string } | undefined;
  const runtime = input["Runtime"] as string | undefined;
  if (runtime !== undefined) checkRuntime(runtime, world.runtimes());
  return given({
    runtime,
    role: input["Role"] as string | undefined,
    handler: input["Handler"] as string | undefined,
    description: input["Description"] as string | undefined,
    timeoutSeconds: input["Timeout"] as number | undefined,
    memoryMib: input["MemorySize"] as number | undefined,
    ephemeralStorageMib: (input["EphemeralStorage"] as { readonly Size?: number } | undefined)?.Size,
    environment,
    logGroup: logging?.LogGroup,
  }) as Partial<Spec>;
}

function refuseUnsupported(input: Input): void {
  const isSet: Readonly<Record<string, boolean>> = {
    VpcConfig: hasEntries(input["VpcConfig"], "SubnetIds"),
    DeadLetterConfig: hasEntries(input["DeadLetterConfig"], "TargetArn"),
    KMSKeyArn: typeof input["KMSKeyArn"] === "string" && input["KMSKeyArn"] !== "",
    Layers: Array.isArray(input["Layers"]) && input["Layers"].length > 0,
    FileSystemConfigs: Array.isArray(input["FileSystemConfigs"]) && input["FileSystemConfigs"].length > 0,
    ImageConfig: input["ImageConfig"] !== undefined,
    "TracingConfig.Mode=Active": (input["TracingConfig"] as { readonly Mode?: string } | undefined)?.Mode === "Active",
    "SnapStart.ApplyOn=PublishedVersions":
      (input["SnapStart"] as { readonly ApplyOn?: string } | undefined)?.ApplyOn === "PublishedVersions",
    "LoggingConfig.LogFormat=JSON": hasEntries(input["LoggingConfig"], "LogFormat", "Text"),
    "LoggingConfig.ApplicationLogLevel": hasEntries(input["LoggingConfig"], "ApplicationLogLevel"),
    "LoggingConfig.SystemLogLevel": hasEntries(input["LoggingConfig"], "SystemLogLevel"),
  };
  const refused = Object.keys(isSet).filter((name) => isSet[name]);
  if (refused.length > 0)
    throw new AwsError(
      "InvalidParameterValueException",
      400,
      `${refused.join(", ")} is not supported by Catamaran; leave it out`,
    );
}

/** True when a member says something that is not its default. */
function hasEntries(value: unknown, member: string, byDefault: unknown = ""): boolean {
  const inner = (value as Readonly<Record<string, unknown>> | null | undefined)?.[member] ?? undefined;
  return inner !== undefined && inner !== byDefault && !(Array.isArray(inner) && inner.length === 0);
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
  if (reserved.length > 0) {
    const list = reserved.join(",");
    throw new AwsError(
      "InvalidParameterValueException",
      400,
      `Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${list}`,
    );
  }
  const bad = Object.keys(variables).find((name) => !/^[a-zA-Z]([a-zA-Z0-9_])+$/.test(name));
  if (bad !== undefined)
    throw new AwsError(
      "ValidationException",
      400,
      `1 validation error detected: Value '${bad}' at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]`,
    );
  const size = Buffer.byteLength(JSON.stringify(variables));
  if (size > MAX_ENVIRONMENT_BYTES) {
    throw new AwsError(
      "InvalidParameterValueException",
      400,
      `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: ${JSON.stringify(variables)}`,
    );
  }
}
