/** What the control process does for the other roles: its private API, over the functions engine, the ledger and the logs. */
import { Fault } from "#base/fault.ts";
import type { Control, Invocation } from "#control/contract.ts";
import type { Functions } from "#functions/engine.ts";
import type { InvokeRequest, InvokeResult } from "#functions/invocation.ts";
import { type LogStore, newestLines } from "#functions/logs.ts";
import { PieceQueue } from "#functions/piece-queue.ts";
import type { KeyUsage } from "#managed/api/key-usage.ts";
import type { Ledger } from "#metering/usage.ts";

export interface ControlSources {
  readonly functions: Pick<Functions, "invoke" | "stats">;
  readonly ledger: Pick<Ledger, "append" | "read">;
  readonly logs: LogStore;
  readonly authorizeUrl: Control["authorizeUrl"];
  readonly rotateSecretKey: Control["rotateSecretKey"];
  readonly keepLoad: Control["keepLoad"];
  readonly keyUsage: Pick<KeyUsage, "add" | "read">;
}

export function controlService({
  functions,
  ledger,
  logs,
  authorizeUrl,
  rotateSecretKey,
  keepLoad,
  keyUsage,
}: ControlSources): Control {
  return {
    invoke: (invocation) => functions.invoke(requestOf(invocation)),
    invokeStreaming: async (invocation) => {
      const queue = new PieceQueue();
      const ended = functions.invoke({ ...requestOf(invocation), sink: queue }).finally(() => queue.end());
      const first = await Promise.race([queue.head, ended]);
      const contentType = "contentType" in first ? first.contentType : null;
      const { requestId, isCold } = first;
      const failed = "functionError" in first ? first.functionError : undefined;
      const error = failed === undefined ? {} : { functionError: failed };
      return { contentType, requestId, isCold, ...error, pieces: piecesOf(queue, ended) };
    },
    authorizeUrl,
    rotateSecretKey,
    keepLoad,
    keepUsage: async (usage) => ledger.append(usage),
    keepKeyUsage: (uses) => keyUsage.add(uses),
    readKeyUsage: () => keyUsage.read(),
    writeLogs: async (lines) => {
      for (const [group, ofGroup] of Map.groupBy(lines, (line) => line.group))
        for (const [stream, ofStream] of Map.groupBy(ofGroup, (line) => line.stream))
          logs.append(
            group,
            stream,
            ofStream.map(({ atMs, text }) => ({ atMs, requestId: null, text })),
          );
    },
    readUsage: (window, is) => ledger.read(window, is),
    readLogs: async function* (group, limit) {
      for (const { atMs, stream, text } of await newestLines(logs, group, limit)) yield { atMs, stream, text };
    },
    readFunctions: async function* () {
      yield* functions.stats();
    },
  };
}

function requestOf({ namespace, name, qualifier, payload, traceId, isEvent }: Invocation): InvokeRequest {
  return {
    namespace,
    name,
    payload,
    type: isEvent === true ? "Event" : "RequestResponse",
    ...(qualifier !== "" && { qualifier }),
    ...(traceId !== "" && { traceId }),
  };
}

async function* piecesOf(queue: PieceQueue, ended: Promise<InvokeResult>): AsyncGenerator<Uint8Array> {
  yield* queue.pieces();
  const { payload, functionError } = await ended;
  if (!queue.hasBegun) yield payload;
  else if (functionError !== undefined) throw new Fault("InternalError", "the function broke its response off");
}
