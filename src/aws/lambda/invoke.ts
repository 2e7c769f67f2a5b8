/** Invoke: RequestResponse, Event and DryRun. The hot path: no object is read or written here. */
import { Fault } from "#base/fault.ts";
import { Throttled } from "#functions/concurrency.ts";
import { RecursiveInvocation } from "#functions/lineage.ts";
import type { InvokeRequest, InvokeResult } from "#functions/invocation.ts";
import { type Action, action, Answer, type Call } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { AccountFunctions } from "./account-functions.ts";
import { type InvocationRequest, type InvocationResponse, type InvocationType, model } from "./model.gen.ts";
import { failure, functionArns, notFound, referenceOf } from "./names.ts";

export const MAX_SYNC_BYTES: number = 6 * 1024 * 1024;
const MAX_ASYNC_BYTES = 1024 * 1024;
const NOTHING = new Uint8Array();

export const invoke: Action<AccountFunctions> = action(model, "Invoke", {
  resources: functionArns,
  permission: "InvokeFunction",
  maxBodyBytes: MAX_SYNC_BYTES,
  serves: ["FunctionName", "Qualifier", "InvocationType", "LogType", "ClientContext", "Payload"],
  unserved: { DurableExecutionName: "leave it out", TenantId: "leave it out" },
  run: async (account: AccountFunctions, input, call) => {
    const { InvocationType: type = "RequestResponse" } = input;
    const result = await run(account, { ...requestOf(account, input, call), type });
    return new Answer(responseOf(result, type), headersOf(result));
  },
});

type Given = Pick<
  InvocationRequest,
  "FunctionName" | "Qualifier" | "InvocationType" | "LogType" | "ClientContext" | "Payload"
>;

/** What is asked of the engine; throws for payloads that are too large or no JSON. */
export function requestOf(account: AccountFunctions, input: Given, call: Call): Omit<InvokeRequest, "type"> {
  const { name, qualifier } = referenceOf(account, input);
  const { InvocationType: type = "RequestResponse", Payload: payload = NOTHING } = input;
  checkSize(payload, type);
  checkJson(payload);
  const clientContext = input.ClientContext === undefined ? undefined : contextOf(input.ClientContext);
  const traceId = call.headers["x-amzn-trace-id"];
  return {
    namespace: account.namespace,
    name,
    payload,
    logTail: input.LogType === "Tail",
    ...(qualifier !== undefined && { qualifier }),
    ...(clientContext !== undefined && { clientContext }),
    ...(traceId !== undefined && { traceId }),
  };
}

/** Only what has run says which version it was, and has an answer. */
function responseOf(result: InvokeResult, type: InvocationType): InvocationResponse {
  const { status, functionError, logTail, payload, executedVersion } = result;
  return {
    StatusCode: status,
    ...(functionError !== undefined && { FunctionError: functionError }),
    ...(logTail !== undefined && { LogResult: Buffer.from(logTail).toString("base64") }),
    ...(type === "RequestResponse" && { ExecutedVersion: executedVersion, Payload: payload }),
  };
}

function headersOf({ requestId, isCold, status }: InvokeResult): Readonly<Record<string, string>> {
  return {
    "x-amzn-RequestId": requestId,
    ...(status === 200 && { "content-type": "application/json" }),
    ...(isCold && { "X-Catamaran-Cold-Start": "1" }),
  };
}

/** Faults of the engine in AWS's words. */
export async function run(account: AccountFunctions, request: InvokeRequest): Promise<InvokeResult> {
  try {
    return await account.functions.invoke(request);
  } catch (thrown) {
    if (thrown instanceof Throttled)
      throw failure("TooManyRequestsException", thrown.message, { Reason: thrown.reason });
    if (thrown instanceof RecursiveInvocation) throw failure("RecursiveInvocationException", thrown.message);
    if (thrown instanceof Fault && thrown.code === "NotFound")
      throw notFound(account, request.name, request.qualifier ?? "$LATEST");
    throw thrown;
  }
}

function checkSize(payload: Uint8Array, type: string): void {
  const limit = type === "Event" ? MAX_ASYNC_BYTES : MAX_SYNC_BYTES;
  if (payload.length > limit)
    throw new AwsError(
      "RequestEntityTooLargeException",
      413,
      `${payload.length} byte payload is too large for the ${type} invocation type (limit ${limit} bytes)`,
    );
}

// Only what is sent by clients is checked: parsing six megabytes costs milliseconds, so small bodies pay next to nothing.
function checkJson(payload: Uint8Array): void {
  if (payload.length === 0) return;
  try {
    JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("utf8"));
  } catch (cause) {
    throw failure(
      "InvalidRequestContentException",
      `Could not parse request body into json: ${(cause as Error).message}`,
    );
  }
}

function contextOf(encoded: string): string {
  try {
    const text = Buffer.from(encoded, "base64").toString("utf8");
    JSON.parse(text);
    return text;
  } catch {
    throw failure("InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.");
  }
}
