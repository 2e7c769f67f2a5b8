/** A Queue object's settings in the units of the engine. Defaults are those of the schema, for objects that never went through it. */
import type { Queue } from "#kinds/catamaran/queue.ts";
import type { QueueSettings } from "./message-queue.ts";

const SECOND_MS = 1_000;

export function settingsOf({ spec }: Queue): QueueSettings {
  const { redrive, fifo } = spec;
  return {
    isFifo: fifo !== undefined,
    isDeduplicatedByGroup: fifo?.deduplicationScope === "messageGroup",
    delayMs: (spec.delaySeconds ?? 0) * SECOND_MS,
    visibilityMs: (spec.visibilityTimeoutSeconds ?? 30) * SECOND_MS,
    waitMs: (spec.receiveWaitSeconds ?? 0) * SECOND_MS,
    retentionMs: (spec.retentionSeconds ?? 345_600) * SECOND_MS,
    maxMessageBytes: spec.maximumMessageBytes ?? 1_048_576,
    ...(redrive !== undefined && { maxReceives: redrive.maxReceiveCount }),
  };
}
