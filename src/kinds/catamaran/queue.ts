/** Queue: messages between programs, with SQS's settings (Amazon SQS API Reference, SetQueueAttributes). */
import { ageColumn, integer, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { queueNameFault } from "#kinds/rules/names.ts";
import { flag, type Infer, list, map, object, optional, text, whole } from "#kinds/schema/description.ts";
import { type Described, type Own, ownKind } from "./own-kind.ts";

const seconds = (min: number, max: number, initial: number) =>
  optional(whole({ min, max, unit: "seconds", default: initial }));

const fifo = object("QueueFifo", {
  /** The body stands in for a deduplication id that was not given. */
  contentBasedDeduplication: optional(flag({ default: false })),
  deduplicationScope: optional(text({ enum: ["messageGroup", "queue"], default: "queue" })),
  throughputLimit: optional(text({ enum: ["perMessageGroupId", "perQueue"], default: "perQueue" })),
});

const redrive = object("QueueRedrive", { deadLetterQueue: text(), maxReceiveCount: whole({ min: 1, max: 1_000 }) });

const redriveAllow = object("QueueRedriveAllow", {
  permission: optional(text({ enum: ["allowAll", "byQueue", "denyAll"], default: "allowAll" })),
  sources: optional(list(text(), { max: 10 })),
});

const spec = object("QueueSpec", {
  /** Absent on a standard queue; a queue never changes from one to the other. */
  fifo: optional(fifo),
  delaySeconds: seconds(0, 900, 0),
  visibilityTimeoutSeconds: seconds(0, 43_200, 30),
  receiveWaitSeconds: seconds(0, 20, 0),
  retentionSeconds: seconds(60, 1_209_600, 345_600),
  maximumMessageBytes: optional(whole({ min: 1_024, max: 1_048_576, unit: "bytes", default: 1_048_576 })),
  redrive: optional(redrive),
  /** Which queues may name this one as their dead-letter queue; absent: all. */
  redriveAllow: optional(redriveAllow),
  /** Who else may use it: the text of a resource policy, in IAM's words. */
  policy: optional(text()),
  tags: optional(map(text())),
});

/** Counted about once a minute. */
const status = object("QueueStatus", {
  visible: optional(whole()),
  inFlight: optional(whole()),
  delayed: optional(whole()),
});

export type QueueSpec = Infer<typeof spec>;
export type QueueStatus = Infer<typeof status>;
export type Queue = Own<QueueSpec, QueueStatus>;

export const queueKind: Kind<Queue> = ownKind({
  kind: "Queue",
  plural: "queues",
  spec,
  status,
  checkName: queueNameFault,
  columns: [
    textColumn("Type", (queue) => (queue.spec.fifo === undefined ? "standard" : "fifo")),
    integer("Visible", (queue) => queue.status?.visible ?? 0),
    integer("In-Flight", (queue) => queue.status?.inFlight ?? 0),
    integer("Delayed", (queue) => queue.status?.delayed ?? 0),
    textColumn("Dead-Letter", (queue) => queue.spec.redrive?.deadLetterQueue ?? ""),
    ageColumn,
  ],
  rules: (desired, faults, of) => {
    fifoRules(desired, faults, of);
    redriveRules(desired, faults, of);
  },
});

type Of = Described<QueueSpec, QueueStatus>;

function fifoRules(desired: QueueSpec, faults: FieldFaults, { name, live }: Of): void {
  const isFifo = desired.fifo !== undefined;
  if (isFifo !== name.endsWith(".fifo"))
    faults.invalid("metadata.name", name, 'must end in ".fifo" if and only if spec.fifo is there');
  if (live !== null && (live.spec.fifo !== undefined) !== isFifo)
    faults.forbidden("spec.fifo", "a queue never changes between standard and FIFO");
  const { throughputLimit, deduplicationScope } = desired.fifo ?? {};
  if (throughputLimit === "perMessageGroupId" && deduplicationScope !== "messageGroup")
    faults.invalid("spec.fifo.throughputLimit", throughputLimit, 'needs deduplicationScope "messageGroup"');
}

function redriveRules(desired: QueueSpec, faults: FieldFaults, { name }: Of): void {
  const target = desired.redrive?.deadLetterQueue;
  if (target !== undefined && target.endsWith(".fifo") !== (desired.fifo !== undefined))
    faults.invalid("spec.redrive.deadLetterQueue", target, "must be of the same type as the queue");
  if (target === name) faults.invalid("spec.redrive.deadLetterQueue", target, "must be another queue");
  if (desired.redriveAllow === undefined) return;
  const { permission, sources = [] } = desired.redriveAllow;
  if ((permission === "byQueue") !== sources.length > 0)
    faults.invalid(
      "spec.redriveAllow.sources",
      sources.length,
      'must name queues if and only if permission is "byQueue"',
    );
}
