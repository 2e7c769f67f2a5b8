/** What the control process does for the other roles: its private API, over the functions engine, the ledger and the logs. */
import type { Control } from "#control/contract.ts";
import type { Functions } from "#functions/engine.ts";
import { type LogStore, newestLines } from "#functions/logs.ts";
import type { Ledger } from "#metering/usage.ts";

export interface ControlSources {
  readonly functions: Pick<Functions, "invoke" | "stats">;
  readonly ledger: Pick<Ledger, "append" | "read">;
  readonly logs: LogStore;
  readonly authorizeUrl: Control["authorizeUrl"];
  readonly rotateSecretKey: Control["rotateSecretKey"];
}

export function controlService({ functions, ledger, logs, authorizeUrl, rotateSecretKey }: ControlSources): Control {
  return {
    invoke: ({ namespace, name, qualifier, payload, traceId }) =>
      functions.invoke({
        namespace,
        name,
        payload,
        type: "RequestResponse",
        ...(qualifier !== "" && { qualifier }),
        ...(traceId !== "" && { traceId }),
      }),
    authorizeUrl,
    rotateSecretKey,
    keepUsage: async (usage) => ledger.append(usage),
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
