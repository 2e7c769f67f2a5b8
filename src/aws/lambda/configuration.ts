/** Lambda's FunctionConfiguration, of a function or of a version. */
import { given } from "#base/given.ts";
import { isUnsettled, isUpdating } from "#functions/lifecycle.ts";
import { type Settings, settingsOf } from "#functions/settings.ts";
import { UPDATED_AT } from "#kinds/catamaran/function.ts";
import type { Configured } from "#kinds/catamaran/function-version.ts";
import { sha256Hex } from "../sign.ts";
import type { AccountFunctions } from "./account-functions.ts";
import type { FunctionConfiguration, LoggingConfig } from "./model.gen.ts";
import { arnOf } from "./names.ts";

/** Lambda's FunctionConfiguration. */
export function configurationOf(account: AccountFunctions, fn: Configured, qualifier?: string): FunctionConfiguration {
  const { spec } = fn;
  const { name, version } = settingsOf(fn);
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
    ...(spec.deadLetterTarget && { DeadLetterConfig: { TargetArn: spec.deadLetterTarget } }),
    TracingConfig: { Mode: "PassThrough" },
    PackageType: "Zip",
    ...(spec.layers &&
      spec.layers.length > 0 && { Layers: spec.layers.map(({ arn, code }) => ({ Arn: arn, CodeSize: code.size })) }),
    Architectures: spec.architectures ?? ["x86_64"],
    EphemeralStorage: { Size: spec.ephemeralStorageMib ?? 512 },
    SnapStart: { ApplyOn: "None", OptimizationStatus: "Off" },
    LoggingConfig: loggingConfigOf(settingsOf(fn)),
    RuntimeVersionConfig: { RuntimeVersionArn: `arn:aws:lambda:${account.region}::runtime:${sha256Hex(spec.runtime)}` },
  };
}

function loggingConfigOf({ logGroup, logging }: Settings): LoggingConfig {
  const { format, applicationLevel, systemLevel } = logging;
  if (format === "Text") return { LogFormat: format, LogGroup: logGroup };
  const level = LEVELS.find((known) => known === applicationLevel) ?? "INFO";
  return { LogFormat: format, ApplicationLogLevel: level, SystemLogLevel: systemLevel, LogGroup: logGroup };
}

const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] as const;

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
