/**
 * What the platform writes into a function's log about itself: Lambda's lines, or events in JSON with levels (Lambda Developer Guide,
 * "Configuring advanced logging controls", "System log level event mapping"). Pure.
 */
import {
  endLine,
  initReportLine,
  initStartLine,
  type Report,
  reportLine,
  startLine,
  timeoutMessage,
} from "./report.ts";
import type { Settings } from "./settings.ts";

/** Each of its lines; none where the level leaves an event out. */
export interface PlatformLines {
  readonly initStart: (initialization: string) => readonly string[];
  readonly initReport: (init: InitReport) => readonly string[];
  readonly start: (requestId: string) => readonly string[];
  readonly end: (report: Report, failure: Failure | null) => readonly string[];
}

export interface InitReport {
  readonly initMs: number;
  readonly status: "timeout" | "error";
  readonly errorType?: string;
}

/** What the platform saw, where the runtime could not say it. */
export interface Failure {
  readonly is: "timeout" | "crash";
  /** Of a crash. */
  readonly reason?: string;
  readonly errorType?: string;
}

type Described = Pick<Settings, "runtime" | "version" | "timeoutMs" | "logging">;

/** `now` is the time as ISO 8601; asked only for lines that have it, for it takes longer than all the rest. */
export function platformLines(settings: Described, now: () => string): PlatformLines {
  return settings.logging.format === "JSON" ? jsonLines(settings, now) : textLines(settings, now);
}

function textLines({ runtime, version, timeoutMs }: Described, now: () => string): PlatformLines {
  const whyLine = (requestId: string, { is, reason = "Runtime exited", errorType = "" }: Failure): string =>
    is === "timeout"
      ? `${now()} ${requestId} ${timeoutMessage(timeoutMs)}\n`
      : `RequestId: ${requestId} Error: ${reason}\n${errorType}`;
  return {
    initStart: () => [initStartLine(runtime)],
    initReport: ({ initMs, status, errorType }) => [initReportLine(initMs, status, errorType)],
    start: (requestId) => [startLine(requestId, version)],
    end: (report, failure) => [
      ...(failure === null ? [] : [whyLine(report.requestId, failure)]),
      endLine(report.requestId),
      reportLine(report),
    ],
  };
}

const LEVELS = ["DEBUG", "INFO", "WARN"] as const;
type Level = (typeof LEVELS)[number];

function jsonLines({ runtime, version, logging }: Described, now: () => string): PlatformLines {
  const least = LEVELS.indexOf(logging.systemLevel);
  const event = (level: Level, type: string, record: object): readonly string[] =>
    LEVELS.indexOf(level) < least ? [] : [JSON.stringify({ time: now(), type: `platform.${type}`, record })];
  const phase = { initializationType: "on-demand", phase: "init" };
  return {
    initStart: (initializationType) =>
      event("INFO", "initStart", {
        ...phase,
        initializationType,
        runtimeVersion: `${runtime.replace(/\.x$/, "")}.catamaran`,
        runtimeVersionArn: `arn:aws:lambda:::runtime:${runtime}`,
      }),
    initReport: ({ initMs, status, errorType }) =>
      event("WARN", "initReport", {
        ...phase,
        status,
        ...(errorType !== undefined && { errorType }),
        metrics: { durationMs: rounded(initMs) },
      }),
    start: (requestId) => event("INFO", "start", { requestId, version }),
    end: (report, failure) => [
      ...event(failure === null && report.status === undefined ? "DEBUG" : "WARN", "runtimeDone", {
        ...endOf(report),
        metrics: { durationMs: rounded(report.durationMs) },
      }),
      ...event(report.status === undefined ? "INFO" : "WARN", "report", {
        ...endOf(report),
        metrics: metricsOf(report),
      }),
    ],
  };
}

function endOf({ requestId, status, errorType }: Report): object {
  return { requestId, status: status ?? "success", ...(errorType !== undefined && { errorType }) };
}

function metricsOf({ durationMs, billedMs, memoryMib, maxMemoryMib, initMs }: Report): object {
  return {
    durationMs: rounded(durationMs),
    billedDurationMs: billedMs,
    memorySizeMB: memoryMib,
    maxMemoryUsedMB: maxMemoryMib,
    ...(initMs !== undefined && { initDurationMs: rounded(initMs) }),
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
