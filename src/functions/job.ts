/** One invocation on its way, and what its caller gets of it. Pure. */
import type { ObjectKey } from "#base/key.ts";
import type { Deployed } from "./catalogue.ts";
import type { Fleet } from "./fleet.ts";
import type { CallerSink, Ended, InvokeRequest, InvokeResult } from "./invocation.ts";
import type { Tail } from "./logs.ts";
import type { ResponseSink } from "./sandboxes.ts";

export interface Job {
  readonly key: ObjectKey;
  readonly deployed: Deployed;
  readonly fleet: Fleet;
  readonly requestId: string;
  readonly request: InvokeRequest;
  /** X-Ray's header, with this invocation counted in its lineage. */
  readonly traceId: string;
  readonly tail: Tail | null;
}

/** The caller learns with the first piece what it otherwise learns with the result. */
export function sinkOf({ fleet, requestId }: Job, sink: CallerSink, isCold: boolean): ResponseSink {
  return {
    begin: (contentType) => sink.begin({ contentType, executedVersion: fleet.settings.version, requestId, isCold }),
    write: (piece) => sink.write(piece),
  };
}

export function resultOf(job: Job, ended: Ended, isCold: boolean): InvokeResult {
  return {
    status: 200,
    payload: ended.payload,
    ...(ended.functionError !== undefined && { functionError: ended.functionError }),
    ...(job.tail !== null && { logTail: job.tail.text() }),
    executedVersion: job.fleet.settings.version,
    isCold,
    requestId: job.requestId,
  };
}
