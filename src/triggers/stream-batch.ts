/** What becomes of a batch of a stream after a function was run with it: what is done, what is tried again, what is given up. Pure. */
import type { OrderedReading } from "#kinds/catamaran/event-source-mapping.ts";
import type { Outcome } from "./batch.ts";
import type { OrderedRecord } from "./event-source.ts";

export type GivenUpBecause = "RetryAttemptsExhausted" | "MaximumRecordAgeExceeded";

/** Records that are handed over together, in their order. */
export interface Attempt {
  readonly records: readonly OrderedRecord[];
  /** That failed. */
  readonly attempts: number;
}

export interface Verdict {
  /** What is handed over next, first come first; nothing behind one of them is done before it is. */
  readonly left: readonly Attempt[];
  readonly givenUp?: { readonly records: readonly OrderedRecord[]; readonly because: GivenUpBecause };
}

/**
 * Lambda Developer Guide, "How Lambda processes records from stream and queue-based event sources": a batch is tried again until it
 * succeeds, or is too old, or was tried often enough; the first record that a function names as failed is where the next try begins;
 * a batch that is tried in halves does not count the split as a try.
 */
export function afterBatch({ records, attempts }: Attempt, outcome: Outcome, reading: OrderedReading): Verdict {
  if (outcome.is === "done") {
    const first = records.findIndex(({ id }) => outcome.failedIds.has(id));
    if (first < 0) return { left: [] };
    const left = records.slice(first);
    // Something was done: what is left has not failed as often as that.
    return first > 0 ? { left: [{ records: left, attempts: 1 }] } : again({ records: left, attempts }, reading);
  }
  return again({ records, attempts }, reading);
}

function again({ records, attempts }: Attempt, reading: OrderedReading): Verdict {
  if (reading.bisectOnError === true && records.length > 1) {
    const middle = Math.ceil(records.length / 2);
    return {
      left: [
        { records: records.slice(0, middle), attempts },
        { records: records.slice(middle), attempts },
      ],
    };
  }
  const { maximumRetryAttempts: most = -1 } = reading;
  if (most >= 0 && attempts + 1 > most) return { left: [], givenUp: { records, because: "RetryAttemptsExhausted" } };
  return { left: [{ records, attempts: attempts + 1 }] };
}

/** Records that are too old are given up before anything is tried. */
export function withoutOld({ records, attempts }: Attempt, reading: OrderedReading, now: number): Verdict {
  const { maximumRecordAgeSeconds: most = -1 } = reading;
  const isOld = ({ atMs }: OrderedRecord): boolean => most >= 0 && now - atMs > most * 1_000;
  const old = records.filter(isOld);
  const left = records.filter((record) => !isOld(record));
  return {
    left: left.length === 0 ? [] : [{ records: left, attempts }],
    ...(old.length > 0 && { givenUp: { records: old, because: "MaximumRecordAgeExceeded" as const } }),
  };
}

/** Which of several readers hands over the records of a key. */
export function laneOf(key: string, lanes: number): number {
  if (lanes === 1) return 0;
  let hash = 0;
  for (let at = 0; at < key.length; at++) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) >>> 0;
  return hash % lanes;
}
