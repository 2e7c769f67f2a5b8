/**
 * The sandboxes that functions need: isolated execution environments that boot a runtime and answer invocations.
 * Implemented by sandboxes/ (crun or runc, or a plain process where nothing else is possible) and by simulation.
 */
import type { Stop } from "#base/stop.ts";

/** Everything an environment needs before its INIT phase. One version of one function. */
export interface SandboxSpec {
  readonly functionName: string;
  readonly version: string;
  readonly arn: string;
  /** "nodejs24.x", "python3.11", "provided.al2023" … */
  readonly runtime: string;
  readonly handler: string;
  /** Digest of the code bundle in the code store; unpacked and read-only as /var/task. */
  readonly codeSha256: string;
  /** Digests of the packages that lie over each other as /opt, read-only, the last on top. */
  readonly layers: readonly string[];
  readonly memoryMib: number;
  readonly ephemeralStorageMib: number;
  readonly environment: Readonly<Record<string, string>>;
  /** AWS credentials of the function's role, as Lambda puts them into the environment. */
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
  };
  readonly logGroup: string;
  readonly logStream: string;
  /** The level below which a runtime leaves out what is logged, as JSON; null: text, and all of it. */
  readonly jsonLogLevel: string | null;
  /** AWS_LAMBDA_INITIALIZATION_TYPE. */
  readonly initialization: Initialization;
}

export type Initialization = "on-demand" | "provisioned-concurrency";

export interface RuntimeRequest {
  readonly requestId: string;
  readonly payload: Uint8Array;
  /** Wall time in ms after which the runtime is stopped. */
  readonly deadlineMs: number;
  readonly invokedArn: string;
  readonly traceId: string;
  /** Base64-decoded JSON of X-Amz-Client-Context. */
  readonly clientContext?: string;
  /** Takes a response that comes piece by piece; absent: it is wanted whole. */
  readonly sink?: ResponseSink;
}

/** Where a response goes while the function still writes it. */
export interface ResponseSink {
  /** Before the first piece. */
  begin(contentType: string): void;
  /** Resolves when the next is wanted: a reader that is slow slows the function. */
  write(piece: Uint8Array): Promise<void>;
}

/** How one invocation ended, in Lambda's terms. */
export type RuntimeOutcome =
  /** Its payload is empty when the request's sink has it. */
  | (Answered & { readonly is: "response"; readonly payload: Uint8Array })
  /** The handler threw or the runtime reported an error: {errorType, errorMessage, trace}. */
  | (Answered & { readonly is: "error"; readonly payload: Uint8Array; readonly errorType: string })
  /** The response is longer than MAX_RESPONSE_BYTES, or MAX_STREAMED_BYTES of a stream; nothing more of it is kept. */
  | (Answered & { readonly is: "oversized" })
  /** The environment ended under it (exit, signal, out of memory); it is gone. */
  | { readonly is: "ended"; readonly end: SandboxEnd };

interface Answered {
  readonly maxMemoryMib?: number;
  /** It has not asked for its next event yet, and may end instead: see Sandbox.idle. */
  readonly isBusy?: boolean;
}

export type SandboxEnd = EndReason & {
  /** Its peak, where somebody could still look. */
  readonly maxMemoryMib?: number;
};

type EndReason =
  | { readonly reason: "exit"; readonly exitCode: number }
  | { readonly reason: "signal"; readonly signal: string }
  | { readonly reason: "outOfMemory" }
  | { readonly reason: "stopped" };

/** INIT failed: import error, missing handler, syntax error, exit or timeout during init. */
export interface InitFailure {
  readonly errorType: string;
  /** Lambda's JSON error body. */
  readonly payload: Uint8Array;
  /** The runtime process ended instead of reporting something. */
  readonly end?: SandboxEnd;
  /** `stop` fired before INIT was done. */
  readonly isTimedOut?: true;
  readonly maxMemoryMib?: number;
  /** The platform could not make an environment at all: not the function's fault, worth trying again. */
  readonly unavailable?: string;
}

export type Started =
  | { readonly ok: true; readonly sandbox: Sandbox; readonly initMs: number; readonly fromPool: boolean }
  | { readonly ok: false; readonly failure: InitFailure; readonly initMs: number };

export interface Sandbox {
  readonly id: string;
  /** One at a time. Thaws first when frozen. Never rejects: what goes wrong is an outcome. */
  invoke(request: RuntimeRequest): Promise<RuntimeOutcome>;
  /** After an answer that came with `isBusy`: true when the runtime asks for its next event, false when it ended instead. */
  idle(): Promise<boolean>;
  /** Stops all its processes on the spot until the next invoke; costs no CPU meanwhile. */
  freeze(): Promise<void>;
  /** Kills everything in it and frees what it held. */
  kill(): Promise<void>;
  /** Resolves when it is gone, for whatever reason. */
  readonly ended: Promise<SandboxEnd>;
  /** Peak memory since the start in MiB, as REPORT prints it. */
  maxMemoryMib(): Promise<number>;
}

/** One line that a function wrote, or the platform about it. */
export interface LogLine {
  readonly atMs: number;
  readonly requestId: string | null;
  readonly text: string;
}

export interface Sandboxes {
  /** For people: "crun", "runc" or "process (not isolated)". */
  readonly driver: string;
  /** Takes a pooled environment or boots one, runs INIT, resolves when it can be invoked or INIT failed. */
  start(spec: SandboxSpec, onLog: (line: LogLine) => void, stop: Stop): Promise<Started>;
  /** Runtimes that this machine can run; others are refused by name at create. */
  runtimes(): readonly string[];
  /** True when idle environments should go earlier than their keep-alive; absent: never. */
  isShortOfMemory?(): boolean;
  /** Makes code and runtime ready on the node ahead of the first start (unpack, read-only staging, a Node of its own). */
  prepare(spec: Pick<SandboxSpec, "codeSha256" | "layers" | "runtime">): Promise<void>;
  /** Lets go of prepared code that is not among `wanted`; what runs from it goes on. Absent: nothing is held. */
  keepOnly?(wanted: ReadonlySet<string>): Promise<void>;
}
