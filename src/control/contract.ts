/**
 * The private API of the control process, for the other roles of its instance and for the command line: what may be asked, and what is
 * answered. `server.ts` puts it on a unix socket, `client.ts` is the same interface on the other side.
 *
 * On the wire it is HTTP/1.1 (RFC 9112) below the path `/v1`; lists are JSON, one value a line. Roles of one instance are of one
 * release, except for the moment in which a release is replaced: then the version in the path tells them apart, and an unknown one is
 * `NotFound`. A change that an older side would misread takes a new version; a new member or path does not.
 */
import type { FaultCode } from "#base/fault.ts";
import type { RequestUsage, Usage, UsageWindow } from "#metering/usage.ts";

export const VERSION = "v1";
/** The header that carries the content type of a response that is streamed. */
export const STREAM_TYPE = "x-catamaran-stream-type";

/** What the control process does for others. Rejections are `Fault`. */
export interface Control {
  /** Runs a function and waits for it. Rejects with NotFound, RequestTooLarge, TooManyRequests or Unavailable when it did not run. */
  readonly invoke: (invocation: Invocation) => Promise<Invoked>;
  /** As `invoke`, but a response that the function streams is read while it is written. */
  readonly invokeStreaming: (invocation: Invocation) => Promise<Streamed>;
  /** Who signed a request to a function's URL or an API's route that asks for it, and whether the rules let the caller in. */
  readonly authorizeUrl: (request: UrlRequest) => Promise<UrlVerdict>;
  /** Resolves when the usage is in the ledger. */
  readonly keepUsage: (usage: readonly RequestUsage[]) => Promise<void>;
  /** What goes to Services through the edge. Resolves to the NAMESPACE/NAME of those that an autoscaler wakes when they have no pod. */
  readonly keepLoad: (loads: readonly ServiceLoad[]) => Promise<readonly string[]>;
  /** Resolves when the uses of API keys are added to what is known. */
  readonly keepKeyUsage: (usage: readonly KeyUsage[]) => Promise<void>;
  /** All that is known of the use of API keys. */
  readonly readKeyUsage: () => AsyncIterable<KeyUsage>;
  /** Resolves when the lines are in the log store. */
  readonly writeLogs: (lines: readonly ApiLogLine[]) => Promise<void>;
  /** In order of time; everything metered until about a second ago. */
  readonly readUsage: (window: UsageWindow, is?: Usage["is"]) => AsyncIterable<Usage>;
  /** The newest `limit` lines of a log group, the oldest of them first. */
  readonly readLogs: (group: string, limit: number) => AsyncIterable<FunctionLogLine>;
  /** A new key for the Secrets in the journal; resolves to how many records were sealed anew, once the old key is gone. */
  readonly rotateSecretKey: () => Promise<number>;
  /** What each function does right now. */
  readonly readFunctions: () => AsyncIterable<FunctionFigures>;
}

export interface Invocation {
  readonly namespace: string;
  readonly name: string;
  /** A version, an alias, or empty for what is newest. */
  readonly qualifier: string;
  readonly payload: Uint8Array;
  /** It is kept and run for itself; the answer says only that it is kept. */
  readonly isEvent?: true;
  /** X-Amzn-Trace-Id, so that the function's trace is the request's; empty for none. */
  readonly traceId: string;
}

export interface Invoked {
  readonly payload: Uint8Array;
  /** As in the function's log. */
  readonly requestId: string;
  /** As Lambda's X-Amz-Function-Error: "Unhandled" or "Handled". */
  readonly functionError?: string;
  /** An environment was made for it. */
  readonly isCold: boolean;
}

export interface Streamed extends Omit<Invoked, "payload"> {
  /** Of a stream, as the function says; null: the response came whole. */
  readonly contentType: string | null;
  /** Throws where a stream breaks off. To be read to its end, or left. */
  readonly pieces: AsyncIterable<Uint8Array>;
}

/** A request as the client sent it: a signature is over what was sent, not over what we make of it. */
export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Lower-case names; several values joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  /** Lower-case hexadecimal SHA-256 of the body. */
  readonly bodySha256: string;
}

/** To a function's URL, or to the route of an API: "arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH". */
export type UrlRequest = SignedRequest &
  (
    | { readonly namespace: string; readonly name: string }
    | { readonly methodArn: string; readonly permission?: "execute-api:ManageConnections" }
  );

export type UrlVerdict =
  | { readonly is: "allowed"; readonly caller: IamCaller }
  /** `code` goes into x-amzn-errortype. */
  | { readonly is: "refused"; readonly status: number; readonly code: string; readonly message: string };

/** `requestContext.authorizer.iam` of a function URL's event. */
export interface IamCaller {
  readonly accessKey: string;
  readonly accountId: string;
  readonly callerId: string;
  readonly userArn: string;
  readonly userId: string;
}

/** Requests to a Service: those that came since the last report, and those that are under way or held. */
export interface ServiceLoad {
  readonly namespace: string;
  readonly name: string;
  readonly arrived: number;
  readonly open: number;
}

/** How often a key was used under a plan on a day ("2026-11-27", in UTC). */
export interface KeyUsage {
  readonly plan: string;
  readonly key: string;
  readonly day: string;
  readonly count: number;
}

/** A line of an API's access log. */
export interface ApiLogLine {
  readonly group: string;
  readonly stream: string;
  readonly atMs: number;
  readonly text: string;
}

export interface FunctionLogLine {
  readonly atMs: number;
  readonly stream: string;
  readonly text: string;
}

/** Environments that run, and that wait warm; the rest since the control process started. */
export interface FunctionFigures {
  readonly namespace: string;
  readonly name: string;
  readonly running: number;
  readonly idle: number;
  readonly frozen: number;
  readonly invocations: number;
  readonly errors: number;
  readonly throttles: number;
  readonly coldStarts: number;
  readonly durationMsP50: number;
  readonly durationMsP99: number;
}

/** Faults as they cross the socket: their status, and their message as the body. Any other is InternalError. */
export const STATUSES: readonly (readonly [FaultCode, number])[] = [
  ["BadRequest", 400],
  ["NotFound", 404],
  ["RequestTooLarge", 413],
  ["TooManyRequests", 429],
  ["InternalError", 500],
  ["Unavailable", 503],
  ["Timeout", 504],
];
