/** Subscription: who gets what is published to a topic, and which of it (Amazon SNS API Reference, Subscribe, SetSubscriptionAttributes). */
import { ageColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { patternFault } from "#kinds/rules/patterns.ts";
import { flag, type Infer, object, optional, text } from "#kinds/schema/description.ts";
import { type Own, ownKind } from "./own-kind.ts";

const spec = object("SubscriptionSpec", {
  /** The name of a topic in the same namespace. */
  topic: text(),
  protocol: text({ enum: ["http", "https", "lambda", "sqs"] }),
  /** The ARN of a queue or function, or an address. */
  endpoint: text(),
  /** The body alone, without the envelope around it. */
  rawMessageDelivery: optional(flag({ default: false })),
  /** A pattern, as JSON text: only what matches is delivered. */
  filterPolicy: optional(text()),
  filterPolicyScope: optional(text({ enum: ["MessageAttributes", "MessageBody"], default: "MessageAttributes" })),
  /** The ARN of the queue for what could not be delivered. */
  deadLetterQueue: optional(text()),
  /** As of the topic, for this http(s) subscriber alone. */
  deliveryPolicy: optional(text()),
});

const status = object("SubscriptionStatus", {
  /** Of http(s) subscribers; the others are on this platform and need not confirm. */
  state: optional(text({ enum: ["Confirmed", "Pending"] })),
  /** What an http(s) subscriber must send back. */
  token: optional(text()),
});

export type SubscriptionSpec = Infer<typeof spec>;
export type SubscriptionStatus = Infer<typeof status>;
export type Subscription = Own<SubscriptionSpec, SubscriptionStatus>;

export const subscriptionKind: Kind<Subscription> = ownKind({
  kind: "Subscription",
  plural: "subscriptions",
  spec,
  status,
  columns: [
    textColumn("Topic", ({ spec: { topic } }) => topic),
    textColumn("Protocol", ({ spec: { protocol } }) => protocol),
    textColumn("Endpoint", ({ spec: { endpoint } }) => endpoint),
    textColumn("State", (subscription) => (isConfirmed(subscription) ? "Confirmed" : "Pending")),
    ageColumn,
  ],
  rules: (desired, faults, { live }) => {
    endpointRules(desired, faults);
    if (live !== null && live.spec.topic !== desired.topic)
      faults.forbidden("spec.topic", "a subscription stays with its topic");
    const { filterPolicy } = desired;
    const fault = filterPolicy === undefined ? null : patternFault(filterPolicy, FILTER_POLICY);
    if (fault !== null) faults.invalid("spec.filterPolicy", filterPolicy ?? "", fault);
  },
});

// Amazon SNS Developer Guide, "Filter policy constraints": 256 KB.
export const FILTER_POLICY = { maxCharacters: 262_144 };

function endpointRules({ protocol, endpoint, topic }: SubscriptionSpec, faults: FieldFaults): void {
  const prefix = protocol === "http" || protocol === "https" ? `${protocol}://` : "arn:";
  if (!endpoint.startsWith(prefix)) faults.invalid("spec.endpoint", endpoint, `must begin with "${prefix}"`);
  if (protocol === "sqs" && endpoint.endsWith(".fifo") && !topic.endsWith(".fifo"))
    faults.invalid("spec.endpoint", endpoint, "must not be a FIFO queue, because the topic is not FIFO");
}

export function needsConfirmation({ spec: { protocol } }: Subscription): boolean {
  return protocol === "http" || protocol === "https";
}

export function isConfirmed(subscription: Subscription): boolean {
  return !needsConfirmation(subscription) || subscription.status?.state === "Confirmed";
}
