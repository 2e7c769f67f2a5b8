/** EventSourceMapping: what a function is run with, read for it from a queue (Lambda API Reference, CreateEventSourceMapping). */
import { ageColumn, integer, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { flag, type Infer, list, object, optional, text, whole } from "#kinds/schema/description.ts";
import { patternFault } from "#kinds/rules/patterns.ts";
import { type Own, ownKind } from "./own-kind.ts";

const spec = object("EventSourceMappingSpec", {
  function: text(),
  /** The name of a queue in the same namespace. */
  queue: text(),
  enabled: optional(flag({ default: true })),
  batchSize: optional(whole({ min: 1, max: 10_000, default: 10 })),
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
    textColumn("Queue", (mapping) => mapping.spec.queue),
    textColumn("Function", (mapping) => mapping.spec.function),
    integer("Batch", (mapping) => mapping.spec.batchSize ?? 10),
    textColumn("State", (mapping) => mapping.status?.state ?? "Creating"),
    textColumn("Last-Result", (mapping) => mapping.status?.lastProcessingResult ?? ""),
    ageColumn,
  ],
  rules: batchRules,
});

// Lambda Developer Guide, "Using Lambda with Amazon SQS": more than ten need a window, and FIFO queues have none.
const WITHOUT_WINDOW = 10;

function batchRules(
  { queue, batchSize = 10, batchWindowSeconds = 0, filters = [] }: EventSourceMappingSpec,
  faults: FieldFaults,
): void {
  for (const [at, filter] of filters.entries()) {
    const fault = patternFault(filter);
    if (fault !== null) faults.invalid(`spec.filters[${at}]`, filter, fault);
  }
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
