/** What a Queue may say, and what of it the engine makes. */
import assert from "node:assert/strict";
import test from "node:test";
import { settingsOf } from "#managed/queue/settings.ts";
import { validateObject } from "#kinds/rules/check.ts";
import { type Queue, queueKind, type QueueSpec } from "./queue.ts";

function queue(spec: QueueSpec, name = spec.fifo === undefined ? "jobs" : "jobs.fifo"): Queue {
  return { apiVersion: "catamaran.dev/v1", kind: "Queue", metadata: { name, namespace: "default", uid: "u" }, spec };
}

const faulty: readonly (readonly [title: string, spec: QueueSpec, field: string])[] = [
  ["a delay over 15 minutes", { delaySeconds: 901 }, "spec.delaySeconds"],
  ["hiding for over 12 hours", { visibilityTimeoutSeconds: 43_201 }, "spec.visibilityTimeoutSeconds"],
  ["a wait over 20 s", { receiveWaitSeconds: 21 }, "spec.receiveWaitSeconds"],
  ["keeping under a minute", { retentionSeconds: 59 }, "spec.retentionSeconds"],
  ["messages over 1 MiB", { maximumMessageBytes: 1_048_577 }, "spec.maximumMessageBytes"],
  ["no delivery at all", { redrive: { deadLetterQueue: "d", maxReceiveCount: 0 } }, "spec.redrive.maxReceiveCount"],
  [
    "itself for its letters",
    { redrive: { deadLetterQueue: "jobs", maxReceiveCount: 1 } },
    "spec.redrive.deadLetterQueue",
  ],
  [
    "another type for its letters",
    { redrive: { deadLetterQueue: "d.fifo", maxReceiveCount: 1 } },
    "spec.redrive.deadLetterQueue",
  ],
  [
    "sources that nobody asks for",
    { redriveAllow: { permission: "allowAll", sources: ["a"] } },
    "spec.redriveAllow.sources",
  ],
  ["no sources where they count", { redriveAllow: { permission: "byQueue" } }, "spec.redriveAllow.sources"],
  [
    "throughput by group without its scope",
    { fifo: { throughputLimit: "perMessageGroupId" } },
    "spec.fifo.throughputLimit",
  ],
];
for (const [title, spec, field] of faulty) {
  test(`a queue with ${title} is refused`, () => {
    assert.deepEqual(
      validateObject(queueKind, queue(spec), null).map((fault) => fault.field),
      [field],
    );
  });
}

const good: readonly QueueSpec[] = [
  {},
  { fifo: { contentBasedDeduplication: true, deduplicationScope: "queue", throughputLimit: "perQueue" } },
  { fifo: { deduplicationScope: "messageGroup", throughputLimit: "perMessageGroupId" } },
  { redrive: { deadLetterQueue: "dead", maxReceiveCount: 1_000 }, redriveAllow: { permission: "denyAll" } },
  { redriveAllow: { permission: "byQueue", sources: ["a"] } },
  { redriveAllow: { permission: "allowAll" } },
];
for (const spec of good) {
  test(`a queue may say ${JSON.stringify(spec)}`, () => {
    assert.deepEqual(validateObject(queueKind, queue(spec), null), []);
  });
}

test("the name says whether it is a FIFO queue, and that never changes", () => {
  const fields = (next: Queue, live: Queue | null): readonly string[] =>
    validateObject(queueKind, next, live).map(({ field }) => field);
  assert.deepEqual(fields(queue({}, "jobs.fifo"), null), ["metadata.name"]);
  assert.deepEqual(fields(queue({ fifo: {} }, "jobs"), null), ["metadata.name"]);
  assert.ok(fields(queue({ fifo: {} }, "jobs"), queue({}, "jobs")).includes("spec.fifo"));
  assert.deepEqual(fields(queue({}, "no spaces"), null), ["metadata.name"]);
});

test("the engine's settings are the spec's, in milliseconds", () => {
  const spec: QueueSpec = {
    fifo: { deduplicationScope: "messageGroup" },
    delaySeconds: 1,
    visibilityTimeoutSeconds: 2,
    receiveWaitSeconds: 3,
    retentionSeconds: 60,
    maximumMessageBytes: 2_048,
    redrive: { deadLetterQueue: "d.fifo", maxReceiveCount: 5 },
  };
  assert.deepEqual(settingsOf(queue(spec)), {
    isFifo: true,
    isDeduplicatedByGroup: true,
    delayMs: 1_000,
    visibilityMs: 2_000,
    waitMs: 3_000,
    retentionMs: 60_000,
    maxMessageBytes: 2_048,
    maxReceives: 5,
  });
});
