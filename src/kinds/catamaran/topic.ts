/** Topic: what is published to it goes to all who subscribed, with SNS's settings (Amazon SNS API Reference, SetTopicAttributes). */
import { ageColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { topicNameFault } from "#kinds/rules/names.ts";
import { flag, type Infer, map, object, optional, text } from "#kinds/schema/description.ts";
import { type Own, ownKind } from "./own-kind.ts";

const fifo = object("TopicFifo", {
  /** The body stands in for a deduplication id that was not given. */
  contentBasedDeduplication: optional(flag({ default: false })),
  throughputScope: optional(text({ enum: ["MessageGroup", "Topic"], default: "Topic" })),
});

const spec = object("TopicSpec", {
  /** Absent on a standard topic; a topic never changes from one to the other. */
  fifo: optional(fifo),
  displayName: optional(text()),
  /** Who may do what with it: a policy of IAM's language, as JSON text. */
  policy: optional(text()),
  /** How http(s) subscribers are tried again: SNS's DeliveryPolicy, as JSON text. */
  deliveryPolicy: optional(text()),
  /** Of the signatures in notifications: 1 is SHA-1, 2 is SHA-256. */
  signatureVersion: optional(text({ enum: ["1", "2"], default: "1" })),
  tags: optional(map(text())),
});

const status = object("TopicStatus", {});

export type TopicSpec = Infer<typeof spec>;
export type TopicStatus = Infer<typeof status>;
export type Topic = Own<TopicSpec, TopicStatus>;

export const topicKind: Kind<Topic> = ownKind({
  kind: "Topic",
  plural: "topics",
  spec,
  status,
  checkName: topicNameFault,
  columns: [
    textColumn("Type", (topic) => (topic.spec.fifo === undefined ? "standard" : "fifo")),
    textColumn("Display-Name", (topic) => topic.spec.displayName ?? ""),
    ageColumn,
  ],
  rules: ({ fifo: desired }, faults, { name, live }) => {
    const isFifo = desired !== undefined;
    if (isFifo !== name.endsWith(".fifo"))
      faults.invalid("metadata.name", name, 'must end in ".fifo" if and only if spec.fifo is there');
    if (live !== null && (live.spec.fifo !== undefined) !== isFifo)
      faults.forbidden("spec.fifo", "a topic never changes between standard and FIFO");
  },
});
