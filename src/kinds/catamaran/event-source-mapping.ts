/** EventSourceMapping: what a function is run with, read for it from a queue or from the stream of a table (Lambda API Reference, CreateEventSourceMapping). */
import { ageColumn, integer, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { flag, type Infer, list, object, optional, text, whole } from "#kinds/schema/description.ts";
import { patternFault } from "#kinds/rules/patterns.ts";
import { type Own, ownKind } from "./own-kind.ts";

/** How a stream is read: in order, from a place on, with what becomes of a batch that fails again and again. */
const ordered = object("OrderedReading", {
  /** Where the first reader begins; later ones go on where it was. */
  startingPosition: text({ enum: ["TRIM_HORIZON", "LATEST"] }),
  /** Batches at once, each of other keys. */
  parallelizationFactor: optional(whole({ min: 1, max: 10, default: 1 })),
  /** -1: as long as the records are kept. */
  maximumRetryAttempts: optional(whole({ min: -1, max: 10_000, default: -1 })),
  /** Older ones are given up; -1: none is too old. */
  maximumRecordAgeSeconds: optional(whole({ min: -1, max: 604_800, unit: "seconds", default: -1 })),
  /** A batch that failed is tried again in halves. */
  bisectOnError: optional(flag({ default: false })),
  /** The ARN of a queue or topic that is told of what was given up. */
  onFailure: optional(text()),
});

const spec = object("EventSourceMappingSpec", {
  function: text(),
  /** A version or an alias of it; absent: what is newest. */
  qualifier: optional(text()),
  /** The name of a queue in the same namespace. */
  queue: optional(text()),
  /** The name of a table in the same namespace, which has a stream. */
  table: optional(text()),
  /** Of streams. */
  ordered: optional(ordered),
  enabled: optional(flag({ default: true })),
  /** Default is 10 of a queue, 100 of a stream. */
  batchSize: optional(whole({ min: 1, max: 10_000 })),
  /** How long a batch that is not full waits for more. */
  batchWindowSeconds: optional(whole({ min: 0, max: 300, unit: "seconds", default: 0 })),
  /** Batches at once. */
  maximumConcurrency: optional(whole({ min: 2, max: 1_000 })),
  /** Patterns, as JSON texts: what matches none of them is removed from the queue unseen. Absent: everything is handed over. */
  filters: optional(list(text(), { max: 10 })),
  /** The function names the messages of a batch that failed; the others are done. Absent: all or nothing. */
  reportsBatchItemFailures: optional(flag({ default: false })),
});

const status = object("EventSourceMappingStatus", {
  state: optional(text({ enum: ["Enabled", "Disabled", "Creating"] })),
  lastProcessingResult: optional(text()),
});

export type OrderedReading = Infer<typeof ordered>;
export type EventSourceMappingSpec = Infer<typeof spec>;
export type EventSourceMappingStatus = Infer<typeof status>;
export type EventSourceMapping = Own<EventSourceMappingSpec, EventSourceMappingStatus>;

export const eventSourceMappingKind: Kind<EventSourceMapping> = ownKind({
  kind: "EventSourceMapping",
  plural: "eventsourcemappings",
  shortNames: ["esm"],
  spec,
  status,
  columns: [
    textColumn("Source", ({ spec: { queue, table } }) =>
      queue === undefined ? `table/${table ?? ""}` : `queue/${queue}`,
    ),
    textColumn("Function", (mapping) => mapping.spec.function),
    integer("Batch", (mapping) => batchSizeOf(mapping.spec)),
    textColumn("State", (mapping) => mapping.status?.state ?? "Creating"),
    textColumn("Last-Result", (mapping) => mapping.status?.lastProcessingResult ?? ""),
    ageColumn,
  ],
  rules: (desired, faults) => {
    filterRules(desired, faults);
    if (desired.queue === undefined) streamRules(desired, faults);
    else queueRules({ ...desired, queue: desired.queue }, faults);
  },
});

/** Lambda API Reference, CreateEventSourceMapping: the defaults of BatchSize. */
export function batchSizeOf({ batchSize, queue }: EventSourceMappingSpec): number {
  return batchSize ?? (queue === undefined ? 100 : 10);
}

function filterRules({ filters = [] }: EventSourceMappingSpec, faults: FieldFaults): void {
  for (const [at, filter] of filters.entries()) {
    const fault = patternFault(filter);
    if (fault !== null) faults.invalid(`spec.filters[${at}]`, filter, fault);
  }
}

function streamRules(
  { table, ordered: reading, maximumConcurrency }: EventSourceMappingSpec,
  faults: FieldFaults,
): void {
  if (table === undefined) faults.required("spec.queue", "or spec.table");
  if (reading === undefined) faults.required("spec.ordered", "where the stream is read from");
  if (maximumConcurrency !== undefined)
    faults.forbidden("spec.maximumConcurrency", "is of queues; streams have ordered.parallelizationFactor");
  const age = reading?.maximumRecordAgeSeconds ?? -1;
  if (age !== -1 && age < 60)
    faults.invalid("spec.ordered.maximumRecordAgeSeconds", age, "must be -1, or at least 60 seconds");
}

// Lambda Developer Guide, "Using Lambda with Amazon SQS": more than ten need a window, and FIFO queues have none.
const WITHOUT_WINDOW = 10;

function queueRules(
  {
    queue,
    table,
    ordered: reading,
    batchSize = 10,
    batchWindowSeconds = 0,
  }: EventSourceMappingSpec & { readonly queue: string },
  faults: FieldFaults,
): void {
  if (table !== undefined) faults.forbidden("spec.table", "a mapping has one source");
  if (reading !== undefined) faults.forbidden("spec.ordered", "is of streams");
  const isFifo = queue.endsWith(".fifo");
  if (isFifo && batchWindowSeconds > 0)
    faults.invalid("spec.batchWindowSeconds", batchWindowSeconds, "must be 0 for FIFO queues");
  if (batchSize > WITHOUT_WINDOW && isFifo)
    faults.invalid("spec.batchSize", batchSize, `must be at most ${WITHOUT_WINDOW} for FIFO queues`);
  else if (batchSize > WITHOUT_WINDOW && batchWindowSeconds < 1)
    faults.invalid(
      "spec.batchWindowSeconds",
      batchWindowSeconds,
      `must be at least 1 when batchSize is over ${WITHOUT_WINDOW}`,
    );
}
