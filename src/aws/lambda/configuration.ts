/** Between the Function object and Lambda's FunctionConfiguration, in both directions. */
import { given } from "#base/given.ts";
import type { FunctionObject } from "#kinds/function.ts";
import type { Input } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { arnOf, type LambdaWorld } from "./world.ts";

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
    Environment:
      spec.environment === undefined || Object.keys(spec.environment).length === 0
        ? undefined
        : { Variables: spec.environment },
    TracingConfig: { Mode: "PassThrough" },
    PackageType: "Zip",
    Architectures: spec.architectures ?? ["x86_64"],
    EphemeralStorage: { Size: spec.ephemeralStorageMib ?? 512 },
    SnapStart: { ApplyOn: "None", OptimizationStatus: "Off" },
    LoggingConfig: { LogFormat: "Text", LogGroup: `/aws/lambda/${name}` },
  });
}

/** A function that the engine has not looked at yet is being created. */
function stateOf({ status }: FunctionObject): Readonly<Record<string, unknown>> {
  const isNew = status?.state === undefined;
  return {
    LastModified: status?.lastModified,
    RevisionId: status?.revisionId,
    State: status?.state ?? "Pending",
    StateReason: status?.stateReason ?? (isNew ? "The function is being created." : undefined),
    StateReasonCode: status?.stateReasonCode ?? (isNew ? "Creating" : undefined),
    LastUpdateStatus: status?.lastUpdateStatus ?? "InProgress",
    LastUpdateStatusReason: status?.lastUpdateStatusReason,
    LastUpdateStatusReasonCode: status?.lastUpdateStatusReasonCode,
  };
}

/** The part of the spec that an input sets; members that it leaves out stay as they are. */
export function specChanges(world: LambdaWorld, input: Input): Partial<Spec> {
  refuseUnsupported(input);
  const environment = (input["Environment"] as { readonly Variables?: Readonly<Record<string, string>> } | undefined)
    ?.Variables;
  if (environment !== undefined) checkEnvironment(environment);
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
    "LoggingConfig.LogFormat=JSON":
      (input["LoggingConfig"] as { readonly LogFormat?: string } | undefined)?.LogFormat === "JSON",
  };
  const refused = Object.keys(isSet).filter((name) => isSet[name]);
  if (refused.length > 0)
    throw new AwsError(
      "InvalidParameterValueException",
      400,
      `${refused.join(", ")} is not supported by Catamaran; leave it out`,
    );
}

function hasEntries(value: unknown, member: string): boolean {
  const inner = (value as Readonly<Record<string, unknown>> | undefined)?.[member];
  return inner !== undefined && inner !== "" && !(Array.isArray(inner) && inner.length === 0);
}

function checkRuntime(runtime: string, known: readonly string[]): void {
  if (known.includes(runtime)) return;
  throw new AwsError(
    "InvalidParameterValueException",
    400,
    `Value ${runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [${known.join(", ")}] or be a valid ARN`,
  );
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
      `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: ${JSON.stringify(variables).slice(0, 100)}…`,
    );
  }
}
