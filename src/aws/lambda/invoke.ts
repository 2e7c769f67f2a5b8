/** Invoke: RequestResponse, Event and DryRun. The hot path: no object is read or written here. */
import { Fault } from "#base/fault.ts";
import { Throttled } from "#functions/concurrency.ts";
import type { InvokeRequest, InvokeResult } from "#functions/invocation.ts";
import type { Call } from "../action.ts";
import type { Input, Reply } from "../untyped-action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../untyped-shape.ts";
import { namespacedFunctionName, notFound, qualifier, referenceOf } from "./names.ts";
import { text } from "./shapes.ts";
import type { LambdaWorld } from "./world.ts";

export const invokeInput: Shape = {
  is: "structure",
  members: {
    FunctionName: namespacedFunctionName,
    Qualifier: qualifier,
    InvocationType: { is: "string", enum: ["Event", "RequestResponse", "DryRun"] },
    LogType: { is: "string", enum: ["None", "Tail"] },
    ClientContext: text,
    TenantId: text,
    DurableExecutionName: text,
    Payload: { is: "blob" },
  },
  required: ["FunctionName"],
};

export const MAX_SYNC_BYTES: number = 6 * 1024 * 1024;
const MAX_ASYNC_BYTES = 1024 * 1024;

export async function invoke(world: LambdaWorld, input: Input, call: Call): Promise<Reply> {
  const { name, qualifier: version } = referenceOf(world, input);
  const type = (input["InvocationType"] ?? "RequestResponse") as "Event" | "RequestResponse" | "DryRun";
  const payload = input["Payload"] as Uint8Array;
  checkSize(payload, type);
  checkJson(payload);
  const clientContext = clientContextOf(input);
  const traceId = call.headers["x-amzn-trace-id"];
  const result = await run(world, {
    namespace: world.namespace,
    name,
    payload,
    type,
    logTail: input["LogType"] === "Tail",
    ...(version === undefined ? {} : { qualifier: version }),
    ...(clientContext === undefined ? {} : { clientContext }),
    ...(traceId === undefined ? {} : { traceId }),
  });
  const headers: Record<string, string> = {
    "x-amzn-RequestId": result.requestId,
    // Only what has run says which version it was.
    ...(type === "RequestResponse" && { "X-Amz-Executed-Version": result.executedVersion }),
  };
  if (result.functionError !== undefined) headers["X-Amz-Function-Error"] = result.functionError;
  if (result.logTail !== undefined) headers["X-Amz-Log-Result"] = Buffer.from(result.logTail).toString("base64");
  if (result.isCold) headers["X-Catamaran-Cold-Start"] = "1";
  if (type !== "RequestResponse") return { status: result.status, headers };
  return { status: result.status, headers: { ...headers, "content-type": "application/json" }, body: result.payload };
}

async function run(world: LambdaWorld, request: InvokeRequest): Promise<InvokeResult> {
  try {
    return await world.functions.invoke(request);
  } catch (thrown) {
    if (thrown instanceof Throttled)
      throw new AwsError("TooManyRequestsException", 429, thrown.message, { Reason: thrown.reason });
    if (thrown instanceof Fault && thrown.code === "NotFound")
      throw notFound(world, request.name, request.qualifier ?? "$LATEST");
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
    throw new AwsError(
      "InvalidRequestContentException",
      400,
      `Could not parse request body into json: ${(cause as Error).message}`,
    );
  }
}

function clientContextOf(input: Input): string | undefined {
  const encoded = input["ClientContext"] as string | undefined;
  if (encoded === undefined) return undefined;
  try {
    const text = Buffer.from(encoded, "base64").toString("utf8");
    JSON.parse(text);
    return text;
  } catch {
    throw new AwsError(
      "InvalidRequestContentException",
      400,
      "Client context must be a valid Base64-encoded JSON object.",
    );
  }
}
