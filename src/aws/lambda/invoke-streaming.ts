/** InvokeWithResponseStream: what a function writes goes out while it still writes, as events; a last one says how it ended. */
import { given } from "#base/given.ts";
import type { InvokeResult } from "#functions/invocation.ts";
import { PieceQueue } from "#functions/piece-queue.ts";
import { type Action, action, Answer } from "../action.ts";
import type { AccountFunctions } from "./account-functions.ts";
import { MAX_SYNC_BYTES, requestOf, run } from "./invoke.ts";
import { type InvokeWithResponseStreamResponseEvent, model } from "./model.gen.ts";
import { functionArns } from "./names.ts";

type StreamEvent = InvokeWithResponseStreamResponseEvent;

export const invokeWithResponseStream: Action<AccountFunctions> = action(model, "InvokeWithResponseStream", {
  resources: functionArns,
  // IAM knows no other name for it (Service Authorization Reference, AWS Lambda: lambda:InvokeFunction).
  permission: "InvokeFunction",
  maxBodyBytes: MAX_SYNC_BYTES,
  serves: ["FunctionName", "Qualifier", "InvocationType", "LogType", "ClientContext", "Payload"],
  unserved: { TenantId: "leave it out" },
  run: async (account: AccountFunctions, input, call) => {
    const { InvocationType: type = "RequestResponse" } = input;
    const pieces = new PieceQueue();
    const running = run(account, { ...requestOf(account, input, call), type, sink: pieces });
    const ended = running.finally(() => pieces.end());
    // A response that is streamed is answered with its first piece; one that is not, with its end.
    const head = await Promise.race([pieces.head, ended]);
    const output = {
      StatusCode: type === "DryRun" ? 204 : 200,
      ExecutedVersion: head.executedVersion,
      EventStream: events(pieces, ended),
    };
    return new Answer(output, {
      "x-amzn-RequestId": head.requestId,
      ...(head.isCold && { "X-Catamaran-Cold-Start": "1" }),
    });
  },
});

async function* events(pieces: PieceQueue, ended: Promise<InvokeResult>): AsyncGenerator<StreamEvent> {
  for await (const Payload of pieces.pieces()) yield { PayloadChunk: { Payload } };
  const { payload, functionError, logTail } = await ended;
  const isWhole = !pieces.hasBegun && functionError === undefined && payload.length > 0;
  if (isWhole) yield { PayloadChunk: { Payload: payload } };
  const error = functionError === undefined ? undefined : Buffer.from(payload).toString("utf8");
  yield {
    InvokeComplete: given({
      ErrorCode: error === undefined ? undefined : errorTypeOf(error),
      ErrorDetails: error,
      LogResult: logTail === undefined ? undefined : Buffer.from(logTail).toString("base64"),
    }),
  };
}

function errorTypeOf(body: string): string {
  try {
    const { errorType } = JSON.parse(body) as { readonly errorType?: unknown };
    return typeof errorType === "string" ? errorType : "Unhandled";
  } catch {
    // Runtimes report what they like.
    return "Unhandled";
  }
}
