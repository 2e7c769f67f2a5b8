/** One invocation: what is asked, what comes back, and how a sandbox's outcome becomes Lambda's answer. Pure. */
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { InvocationUsage } from "#metering/usage.ts";
import { timeoutMessage } from "./report.ts";
import type { InitFailure, RuntimeOutcome, SandboxEnd } from "./sandboxes.ts";

export interface InvokeRequest {
  readonly namespace: string;
  readonly name: string;
  /** A version or an alias; absent: "$LATEST". */
  readonly qualifier?: string;
  readonly payload: Uint8Array;
  readonly type: "RequestResponse" | "Event" | "DryRun";
  /** Collect the last 4 KB of the log. */
  readonly logTail?: boolean;
  /** JSON, already decoded from base64. */
  readonly clientContext?: string;
  readonly traceId?: string;
  /** Takes a response that comes piece by piece, and only of a function that streams. */
  readonly sink?: CallerSink;
}

/** Where a response goes while the function still writes it. */
export interface CallerSink {
  /** Before the first piece. */
  begin(head: ResponseHead): void;
  /** Resolves when the next is wanted. */
  write(piece: Uint8Array): Promise<void>;
}

export interface ResponseHead extends Pick<InvokeResult, "executedVersion" | "requestId" | "isCold"> {
  readonly contentType: string;
}

export interface InvokeResult {
  readonly status: 200 | 202 | 204;
  readonly payload: Uint8Array;
  /** X-Amz-Function-Error. */
  readonly functionError?: "Unhandled";
  /** Text, at most 4 KB. */
  readonly logTail?: string;
  readonly executedVersion: string;
  readonly isCold: boolean;
  readonly requestId: string;
}

// Lambda's quota for a synchronous request.
export const MAX_PAYLOAD_BYTES: number = 6 * 1024 * 1024;
// What Lambda takes of a response, and names in its error: the quota and a hundred bytes.
export const MAX_RESPONSE_BYTES: number = MAX_PAYLOAD_BYTES + 100;
// Of a response that is streamed: Lambda's quota since July 2025; it was 20 MB before.
export const MAX_STREAMED_BYTES: number = 200 * 1024 * 1024;
// Since 2025; it was 256 KB before.
export const MAX_EVENT_BYTES: number = 1024 * 1024;

/** How it ended, as the meter and the log see it. */
export type Verdict = Exclude<InvocationUsage["outcome"], "throttled">;

export interface Ended {
  readonly verdict: Verdict;
  readonly payload: Uint8Array;
  readonly functionError?: "Unhandled";
  readonly errorType?: string;
  /** Of a crash: how the runtime ended. */
  readonly reason?: string;
  /** Infinity: all that it may have. */
  readonly maxMemoryMib?: number;
}

export function endedBy(outcome: RuntimeOutcome, requestId: string): Ended {
  switch (outcome.is) {
    case "response":
      return outcome.payload.length > MAX_RESPONSE_BYTES
        ? { ...tooLarge(), ...memoryOf(outcome) }
        : { verdict: "ok", payload: outcome.payload, ...memoryOf(outcome) };
    case "oversized":
      return { ...tooLarge(), ...memoryOf(outcome) };
    case "error":
      return {
        verdict: "error",
        payload: outcome.payload,
        functionError: "Unhandled",
        errorType: outcome.errorType,
        ...memoryOf(outcome),
      };
    case "ended":
      return crashed(outcome.end, requestId);
  }
}

function memoryOf(outcome: { readonly maxMemoryMib?: number }): { readonly maxMemoryMib?: number } {
  return outcome.maxMemoryMib === undefined ? {} : { maxMemoryMib: outcome.maxMemoryMib };
}

export function timedOut(timeoutMs: number, requestId: string, outcome?: RuntimeOutcome): Ended {
  return {
    ...failed("timeout", "Sandbox.Timedout", `RequestId: ${requestId} Error: ${timeoutMessage(timeoutMs)}`),
    ...(outcome?.is === "ended" && memoryOf(outcome.end)),
  };
}

/** What the runtime reported comes as it is; what the platform saw carries the request id. */
export function initFailed(failure: InitFailure, requestId: string): Ended {
  if (failure.end !== undefined) return { ...crashed(failure.end, requestId), ...memoryOf(failure) };
  const { errorType } = failure;
  const payload = errorType === INVALID_ENTRYPOINT ? withRequestId(failure.payload, requestId) : failure.payload;
  return { verdict: "error", payload, functionError: "Unhandled", errorType, ...memoryOf(failure) };
}

// Nobody but the platform finds that there is nothing to start.
const INVALID_ENTRYPOINT = "Runtime.InvalidEntrypoint";

function withRequestId(payload: Uint8Array, requestId: string): Uint8Array {
  const body = JSON.parse(decodeUtf8(payload)) as { readonly errorMessage?: unknown };
  return encodeUtf8(
    JSON.stringify({ ...body, errorMessage: `RequestId: ${requestId} Error: ${String(body.errorMessage)}` }),
  );
}

function crashed(end: SandboxEnd, requestId: string): Ended {
  const reason = exitSentence(end);
  const { maxMemoryMib = end.reason === "outOfMemory" ? Infinity : undefined } = end;
  return {
    ...failed("crash", "Runtime.ExitError", `RequestId: ${requestId} Error: ${reason}`),
    reason,
    ...(maxMemoryMib !== undefined && { maxMemoryMib }),
  };
}

function tooLarge(): Ended {
  const message = `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`;
  return failed("error", "Function.ResponseSizeTooLarge", message);
}

function failed(verdict: Verdict, errorType: string, errorMessage: string): Ended {
  return {
    verdict,
    errorType,
    functionError: "Unhandled",
    payload: encodeUtf8(JSON.stringify({ errorType, errorMessage })),
  };
}

/** Lambda's sentence about how a runtime process ended. */
export function exitSentence(end: SandboxEnd): string {
  switch (end.reason) {
    case "exit":
      return end.exitCode === 0
        ? "Runtime exited without providing a reason"
        : `Runtime exited with error: exit status ${end.exitCode}`;
    case "signal":
      return `Runtime exited with error: signal: ${end.signal}`;
    case "outOfMemory":
    case "stopped":
      return "Runtime exited with error: signal: killed";
  }
}
