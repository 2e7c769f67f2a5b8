/** How a function shall run, as an input says it: checked, and as the part of the spec that it changes. */
import { parseArn } from "#base/arn.ts";
import { given } from "#base/given.ts";
import type { FunctionSpec } from "#kinds/catamaran/function.ts";
import { validationError } from "../aws-error.ts";
import type { AccountFunctions } from "./account-functions.ts";
import { layersOf } from "./function-layers.ts";
import type { LoggingConfig, UpdateFunctionConfigurationRequest } from "./model.gen.ts";
import { invalid } from "./names.ts";
import { checkRuntime } from "./runtimes.ts";

/** What CreateFunction and UpdateFunctionConfiguration have in common. */
export const CONFIGURATION = [
  "Role",
  "Handler",
  "Description",
  "Timeout",
  "MemorySize",
  "Runtime",
  "Environment",
  "EphemeralStorage",
  "Layers",
  "LoggingConfig",
  "DeadLetterConfig.TargetArn",
] as const;

export const UNSERVED_CONFIGURATION = {
  "VpcConfig.SubnetIds": "leave it out",
  "VpcConfig.SecurityGroupIds": "leave it out",
  "VpcConfig.Ipv6AllowedForDualStack=true": "leave it out",
  KMSKeyArn: "leave it out",
  FileSystemConfigs: "leave it out",
  ImageConfig: "leave it out",
  "TracingConfig.Mode=Active": "leave it out",
  "SnapStart.ApplyOn=PublishedVersions": "leave it out",
  CapacityProviderConfig: "leave it out",
  DurableConfig: "leave it out",
} as const;

type Configuration = Pick<
  UpdateFunctionConfigurationRequest,
  | "Role"
  | "Handler"
  | "Description"
  | "Timeout"
  | "MemorySize"
  | "Runtime"
  | "Environment"
  | "EphemeralStorage"
  | "Layers"
  | "DeadLetterConfig"
  | "LoggingConfig"
>;

/** The part of the spec that an input sets; members that it leaves out stay as they are. */
export async function specChanges(
  account: AccountFunctions,
  input: Configuration,
  before: FunctionSpec | null,
): Promise<Partial<FunctionSpec>> {
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
    layers: input.Layers === undefined ? undefined : await layersOf(account, input.Layers),
    logGroup: input.LoggingConfig?.LogGroup,
    logging: loggingOf(input.LoggingConfig, before?.logging),
    deadLetterTarget: deadLetterTargetOf(input),
  });
}

type Log = NonNullable<FunctionSpec["logging"]>;

/** What is not said stays; text has no levels. */
function loggingOf(said: LoggingConfig | undefined, before: Log | undefined): Log | undefined {
  if (said === undefined) return undefined;
  const format = said.LogFormat ?? before?.format ?? "Text";
  const levels = given({
    applicationLevel: said.ApplicationLogLevel ?? before?.applicationLevel,
    systemLevel: said.SystemLogLevel ?? before?.systemLevel,
  });
  if (format === "JSON") return { format, ...levels };
  if (said.ApplicationLogLevel !== undefined || said.SystemLogLevel !== undefined)
    throw invalid("To set ApplicationLogLevel or SystemLogLevel, LogFormat must be JSON.");
  return { format };
}

/** An empty text takes it away. */
function deadLetterTargetOf({ DeadLetterConfig: config }: Configuration): string | undefined {
  const arn = config?.TargetArn;
  if (arn === undefined || arn === "") return arn;
  const service = parseArn(arn)?.service;
  if (service !== "sqs" && service !== "sns") throw invalid(`The provided dead letter target ${arn} is not supported.`);
  return arn;
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
