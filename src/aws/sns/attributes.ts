/** Attributes of topics and subscriptions as SNS names them, from and to the specs of the objects (Amazon SNS API Reference, SetTopicAttributes, SetSubscriptionAttributes). */
import { parseArn } from "#base/arn.ts";
import { isJsonObject } from "#base/json.ts";
import { isConfirmed, type Subscription, type SubscriptionSpec } from "#kinds/catamaran/subscription.ts";
import type { Topic, TopicSpec } from "#kinds/catamaran/topic.ts";
import { FILTER_POLICY } from "#kinds/catamaran/subscription.ts";
import { patternFault } from "#kinds/rules/patterns.ts";
import { AwsError } from "../aws-error.ts";
import type { Place } from "../place.ts";
import { effectivePolicy, policyFault } from "./delivery-policy.ts";
import { invalid, subscriptionArn, topicArn } from "./world.ts";

type Texts = Readonly<Record<string, string>>;
type TopicDraft = { -readonly [K in keyof TopicSpec]: TopicSpec[K] };
type SubscriptionDraft = { -readonly [K in keyof SubscriptionSpec]: SubscriptionSpec[K] };

const TOPIC: Readonly<Record<string, (spec: TopicDraft, text: string) => void>> = {
  DisplayName: (spec, text) => void (spec.displayName = text),
  Policy: (spec, text) => {
    if (jsonOf(text) === null) throw invalid("Policy failed to parse JSON.");
    spec.policy = text;
  },
  DeliveryPolicy: (spec, text) => {
    const fault = text === "" ? null : policyFault(text, "topic");
    if (fault !== null) throw invalid(fault);
    if (text === "") delete spec.deliveryPolicy;
    else spec.deliveryPolicy = text;
  },
  SignatureVersion: (spec, text) => {
    if (text !== "1" && text !== "2") throw invalid("Attributes Reason: SignatureVersion must be 1 or 2");
    spec.signatureVersion = text;
  },
  FifoTopic: (spec, text) => {
    if (text === "true") spec.fifo = { ...spec.fifo };
  },
  ContentBasedDeduplication: (spec, text) => {
    if (spec.fifo === undefined) {
      if (text === "false") return;
      throw invalid("Content-based deduplication can only be set for FIFO topics");
    }
    spec.fifo = { ...spec.fifo, contentBasedDeduplication: text === "true" };
  },
  FifoThroughputScope: (spec, text) => {
    if (spec.fifo === undefined) throw invalid("FifoThroughputScope can only be set for FIFO topics");
    if (text !== "Topic" && text !== "MessageGroup") throw invalid("FifoThroughputScope");
    spec.fifo = { ...spec.fifo, throughputScope: text };
  },
  TracingConfig: (_spec, text) => {
    if (text !== "PassThrough" && text !== "") throw unserved(`TracingConfig=${text}`);
  },
  KmsMasterKeyId: (_spec, text) => {
    if (text !== "") throw unserved("KmsMasterKeyId");
  },
};

/** The spec with these attributes set. AwsError: InvalidParameter. */
export function withTopicAttributes(spec: TopicSpec, attributes: Texts): TopicSpec {
  const draft: TopicDraft = { ...spec };
  // It makes the topic what the others of FIFO topics need.
  const names = Object.keys(attributes).toSorted((a, b) => Number(b === "FifoTopic") - Number(a === "FifoTopic"));
  for (const name of names) {
    const set = Object.hasOwn(TOPIC, name) ? TOPIC[name] : undefined;
    if (set === undefined && /Feedback|ArchivePolicy/.test(name)) throw unserved(name);
    if (set === undefined) throw invalid("AttributeName");
    set(draft, attributes[name] ?? "");
  }
  return draft;
}

function unserved(what: string): AwsError {
  return new AwsError(
    "InvalidParameter",
    400,
    `Invalid parameter: ${what} is not supported by Catamaran; leave it out`,
  );
}

/** What SNS shows of a topic that was given no policy: its owner may do everything. */
export function defaultPolicy(place: Place, name: string): string {
  const actions =
    "GetTopicAttributes SetTopicAttributes AddPermission RemovePermission DeleteTopic Subscribe ListSubscriptionsByTopic Publish";
  return JSON.stringify({
    Version: "2008-10-17",
    Id: "__default_policy_ID",
    Statement: [
      {
        Sid: "__default_statement_ID",
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: actions.split(" ").map((action) => `SNS:${action}`),
        Resource: topicArn(place, name),
        Condition: { StringEquals: { "AWS:SourceOwner": place.accountId } },
      },
    ],
  });
}

export function topicAttributes(place: Place, topic: Topic, subscriptions: readonly Subscription[]): Texts {
  const { metadata, spec } = topic;
  const confirmed = subscriptions.filter(isConfirmed).length;
  return {
    TopicArn: topicArn(place, metadata.name),
    Owner: place.accountId,
    DisplayName: spec.displayName ?? "",
    Policy: spec.policy ?? defaultPolicy(place, metadata.name),
    EffectiveDeliveryPolicy: effectivePolicy(topic),
    ...(spec.deliveryPolicy !== undefined && { DeliveryPolicy: spec.deliveryPolicy }),
    SubscriptionsConfirmed: String(confirmed),
    SubscriptionsPending: String(subscriptions.length - confirmed),
    SubscriptionsDeleted: "0",
    ...(spec.signatureVersion === "2" && { SignatureVersion: "2" }),
    ...(spec.fifo !== undefined && {
      FifoTopic: "true",
      ContentBasedDeduplication: String(spec.fifo.contentBasedDeduplication ?? false),
      FifoThroughputScope: spec.fifo.throughputScope ?? "Topic",
    }),
  };
}

const SUBSCRIPTION: Readonly<Record<string, (spec: SubscriptionDraft, text: string) => void>> = {
  RawMessageDelivery: (spec, text) => {
    const said = text.toLowerCase();
    if (said !== "true" && said !== "false")
      throw invalid(`Attributes Reason: RawMessageDelivery: Invalid value [${text}]. Must be true or false.`);
    if (spec.protocol === "lambda" && said === "true")
      throw invalid(
        "Attributes Reason: RawMessageDelivery: Delivery protocol [lambda] does not support raw message delivery.",
      );
    spec.rawMessageDelivery = said === "true";
  },
  FilterPolicyScope: (spec, text) => {
    if (text !== "MessageAttributes" && text !== "MessageBody")
      throw invalid(
        `Attributes Reason: FilterPolicyScope: Invalid value [${text}]. Please use either MessageBody or MessageAttributes`,
      );
    spec.filterPolicyScope = text;
  },
  FilterPolicy: (spec, text) => {
    if (text === "" || text === "{}") return void delete spec.filterPolicy;
    checkFilterPolicy(text, spec.filterPolicyScope ?? "MessageAttributes");
    spec.filterPolicy = text;
  },
  RedrivePolicy: (spec, text) => {
    if (text === "") return void delete spec.deadLetterQueue;
    const arn = jsonOf(text)?.["deadLetterTargetArn"];
    const parsed = typeof arn === "string" ? parseArn(arn) : null;
    if (typeof arn !== "string" || parsed === null)
      throw invalid("Attributes Reason: RedrivePolicy: deadLetterTargetArn is an invalid arn");
    if (parsed.service !== "sqs" || parsed.resource.endsWith(".fifo") !== spec.topic.endsWith(".fifo"))
      throw invalid(
        "Attributes Reason: RedrivePolicy: must use a queue of the same type as the topic as its dead-letter queue",
      );
    spec.deadLetterQueue = arn;
  },
  DeliveryPolicy: (spec, text) => {
    if (text === "") return void delete spec.deliveryPolicy;
    const fault = policyFault(text, "subscription");
    if (fault !== null) throw invalid(`Attributes Reason: ${fault}`);
    spec.deliveryPolicy = text;
  },
};

export function withSubscriptionAttributes(spec: SubscriptionSpec, attributes: Texts): SubscriptionSpec {
  const draft: SubscriptionDraft = { ...spec };
  const isScope = (name: string): number => Number(name === "FilterPolicyScope");
  for (const name of Object.keys(attributes).toSorted((a, b) => isScope(b) - isScope(a))) {
    const set = Object.hasOwn(SUBSCRIPTION, name) ? SUBSCRIPTION[name] : undefined;
    if (set === undefined && /SubscriptionRoleArn|ReplayPolicy/.test(name)) throw unserved(name);
    if (set === undefined) throw invalid("AttributeName");
    set(draft, attributes[name] ?? "");
  }
  return draft;
}

// Amazon SNS Developer Guide, "Filter policy constraints".
const MAX_KEYS = 5;
const MAX_COMBINATIONS = 150;

function checkFilterPolicy(text: string, scope: "MessageAttributes" | "MessageBody"): void {
  const policy = jsonOf(text);
  if (policy === null) throw invalid("FilterPolicy: failed to parse JSON.");
  const fault = patternFault(text, FILTER_POLICY);
  if (fault !== null) throw invalid(`FilterPolicy: ${fault}`);
  if (Object.keys(policy).length > MAX_KEYS) throw invalid("FilterPolicy: Filter policy can not have more than 5 keys");
  if (combinationsOf(policy, 1) > MAX_COMBINATIONS) throw invalid("FilterPolicy: Filter policy is too complex");
  const isNested = Object.values(policy).some(isJsonObject);
  if (scope === "MessageAttributes" && isNested)
    throw invalid("Filter policy scope MessageAttributes does not support nested filter policy");
}

/** Values of each key multiply, times how deep they lie. */
function combinationsOf(policy: Readonly<Record<string, unknown>>, depth: number): number {
  let product = 1;
  for (const [name, value] of Object.entries(policy)) {
    if (isJsonObject(value)) product *= combinationsOf(value, depth + 1);
    else if (!Array.isArray(value)) continue;
    else if (name === "$or")
      product *= value.reduce(
        (sum: number, one: unknown) => sum + (isJsonObject(one) ? combinationsOf(one, depth) : 0),
        0,
      );
    else product *= value.length * depth;
  }
  return product;
}

export function subscriptionAttributes(place: Place, subscription: Subscription): Texts {
  const { spec } = subscription;
  return {
    SubscriptionArn: subscriptionArn(place, subscription),
    TopicArn: topicArn(place, spec.topic),
    Protocol: spec.protocol,
    Endpoint: spec.endpoint,
    Owner: place.accountId,
    ConfirmationWasAuthenticated: String(subscription.status?.state === undefined),
    PendingConfirmation: String(!isConfirmed(subscription)),
    RawMessageDelivery: String(spec.rawMessageDelivery ?? false),
    SubscriptionPrincipal: `arn:aws:iam::${place.accountId}:root`,
    ...(spec.filterPolicy !== undefined && {
      FilterPolicy: spec.filterPolicy,
      FilterPolicyScope: spec.filterPolicyScope ?? "MessageAttributes",
    }),
    ...(spec.deadLetterQueue !== undefined && {
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: spec.deadLetterQueue }),
    }),
    ...(spec.deliveryPolicy !== undefined && { DeliveryPolicy: spec.deliveryPolicy }),
  };
}

export function jsonOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : null;
  } catch {
    // Said by whoever asks, with the name of the attribute.
    return null;
  }
}
