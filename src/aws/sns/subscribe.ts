/** Who subscribes to a topic, confirms, changes and ends it. */
import { parseArn } from "#base/arn.ts";
import {
  isConfirmed,
  needsConfirmation,
  type Subscription,
  type SubscriptionSpec,
} from "#kinds/catamaran/subscription.ts";
import { type Action, action } from "../action.ts";
import type { Place } from "../place.ts";
import { subscriptionAttributes, withSubscriptionAttributes } from "./attributes.ts";
import { model, type Subscription as Listed } from "./model.gen.ts";
import { failure, inSnsWords, invalid, pageOf, subscriptionArn, subscriptionAt, topicArn, topicAt } from "./world.ts";
import type { TopicWorld } from "./world.ts";

const PENDING = "pending confirmation";
const OTHERS: ReadonlySet<string> = new Set(["application", "email", "email-json", "firehose", "sms"]);

export const subscribe: Action<TopicWorld> = action(model, "Subscribe", {
  resources: ({ TopicArn }) => [TopicArn],
  conditions: ({ Protocol, Endpoint }) => ({
    "sns:Protocol": [Protocol],
    ...(Endpoint !== undefined && { "sns:Endpoint": [Endpoint] }),
  }),
  serves: ["TopicArn", "Protocol", "Endpoint", "Attributes", "ReturnSubscriptionArn"],
  unserved: {},
  run: async (
    world: TopicWorld,
    { TopicArn, Protocol, Endpoint, Attributes = {}, ReturnSubscriptionArn: isArnWanted },
  ) => {
    const topic = await topicAt(world, TopicArn);
    const given = specOf(topic.metadata.name, Protocol, Endpoint);
    const spec = withSubscriptionAttributes(given, Attributes);
    const twin = world.topics
      .subscriptionsOf(topic)
      .find((one) => one.spec.endpoint === spec.endpoint && one.spec.protocol === spec.protocol);
    if (twin !== undefined) checkSame(world, twin, Attributes);
    const subscription =
      twin ??
      (await inSnsWords(() =>
        world.topics.subscribe(topic, {
          apiVersion: "catamaran.dev/v1",
          kind: "Subscription",
          metadata: { name: world.newId(), namespace: world.namespace },
          spec,
        }),
      ));
    const isTold = isConfirmed(subscription) || isArnWanted === true;
    return { SubscriptionArn: isTold ? subscriptionArn(world, subscription) : PENDING };
  },
});

function specOf(topic: string, protocol: string, endpoint: string | undefined): SubscriptionSpec {
  if (OTHERS.has(protocol))
    throw invalid(
      `Protocol=${protocol} is not supported by Catamaran; subscribe a queue, a function or an http(s) address`,
    );
  if (protocol !== "http" && protocol !== "https" && protocol !== "lambda" && protocol !== "sqs")
    throw invalid(`Amazon SNS does not support this protocol string: ${protocol}`);
  if (endpoint === undefined || endpoint === "") throw invalid("Endpoint");
  const spec: SubscriptionSpec = { topic, protocol, endpoint };
  const fault = endpointFault(spec);
  if (fault !== null) throw invalid(fault);
  return spec;
}

function endpointFault({ topic, protocol, endpoint }: SubscriptionSpec): string | null {
  const isFifo = topic.endsWith(".fifo");
  switch (protocol) {
    case "http":
    case "https":
      if (!endpoint.startsWith(`${protocol}://`)) return "Endpoint must match the specified protocol";
      break;
    case "lambda":
      if (!/^arn:aws[a-z-]*:lambda:.*:function:/.test(endpoint)) return "Lambda endpoint ARN";
      break;
    case "sqs":
      if (parseArn(endpoint)?.service !== "sqs") return "SQS endpoint ARN";
      if (!endpoint.endsWith(".fifo") || isFifo) return null;
      return "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics";
  }
  return isFifo ? "Invalid parameter: Endpoint Reason: Please use FIFO SQS queue" : null;
}

function checkSame(place: Place, there: Subscription, asked: Readonly<Record<string, string>>): void {
  const known = subscriptionAttributes(place, there);
  const wanted = subscriptionAttributes(place, { ...there, spec: withSubscriptionAttributes(there.spec, asked) });
  if (Object.keys(asked).some((name) => known[name] !== wanted[name]))
    throw invalid("Attributes Reason: Subscription already exists with different attributes");
}

export const confirmSubscription: Action<TopicWorld> = action(model, "ConfirmSubscription", {
  resources: ({ TopicArn }) => [TopicArn],
  serves: ["TopicArn", "Token"],
  unserved: { "AuthenticateOnUnsubscribe=true": "leave it out: who has the link of a subscription may end it" },
  run: async (world: TopicWorld, { TopicArn, Token }) => ({
    SubscriptionArn: subscriptionArn(world, await confirm(world, TopicArn, Token)),
  }),
});

/** Who has the token was asked at the address that subscribed. AwsError: InvalidParameter. */
export async function confirm(world: TopicWorld, arn: string, token: string): Promise<Subscription> {
  if (parseArn(arn)?.service !== "sns") throw invalid("Topic");
  const found = world.topics
    .subscriptions(world.namespace)
    .find((one) => needsConfirmation(one) && one.status?.token === token && topicArn(world, one.spec.topic) === arn);
  if (found === undefined) throw invalid("Token");
  if (!isConfirmed(found))
    await world.topics.changeSubscription(
      found,
      (live) => ({ ...live, status: { ...live.status, state: "Confirmed" } }),
      "status",
    );
  return found;
}

export const unsubscribe: Action<TopicWorld> = action(model, "Unsubscribe", {
  resources: ({ SubscriptionArn }) => [SubscriptionArn],
  serves: ["SubscriptionArn"],
  unserved: {},
  run: async (world: TopicWorld, { SubscriptionArn: arn }) => {
    const found = await subscriptionAt(world, arn);
    if (found !== null) await world.topics.unsubscribe(found);
    return {};
  },
});

export const listSubscriptions: Action<TopicWorld> = action(model, "ListSubscriptions", {
  serves: ["NextToken"],
  unserved: {},
  run: async (world: TopicWorld, { NextToken: token }) =>
    answerOf(world, world.topics.subscriptions(world.namespace), token),
});

export const listSubscriptionsByTopic: Action<TopicWorld> = action(model, "ListSubscriptionsByTopic", {
  resources: ({ TopicArn }) => [TopicArn],
  serves: ["TopicArn", "NextToken"],
  unserved: {},
  run: async (world: TopicWorld, { TopicArn, NextToken: token }) =>
    answerOf(world, world.topics.subscriptionsOf(await topicAt(world, TopicArn)), token),
});

function answerOf(
  world: TopicWorld,
  all: readonly Subscription[],
  token: string | undefined,
): { readonly Subscriptions: readonly Listed[]; readonly NextToken?: string } {
  const { page, next } = pageOf(all, ({ metadata }) => metadata.name, token);
  const Subscriptions = page.map((one) => ({
    SubscriptionArn: isConfirmed(one) ? subscriptionArn(world, one) : "PendingConfirmation",
    Owner: world.accountId,
    Protocol: one.spec.protocol,
    Endpoint: one.spec.endpoint,
    TopicArn: topicArn(world, one.spec.topic),
  }));
  return { Subscriptions, ...next };
}

export const getSubscriptionAttributes: Action<TopicWorld> = action(model, "GetSubscriptionAttributes", {
  resources: ({ SubscriptionArn }) => [SubscriptionArn],
  serves: ["SubscriptionArn"],
  unserved: {},
  run: async (world: TopicWorld, { SubscriptionArn: arn }) => ({
    Attributes: subscriptionAttributes(world, await thereAt(world, arn)),
  }),
});

export const setSubscriptionAttributes: Action<TopicWorld> = action(model, "SetSubscriptionAttributes", {
  resources: ({ SubscriptionArn }) => [SubscriptionArn],
  serves: ["SubscriptionArn", "AttributeName", "AttributeValue"],
  unserved: {},
  run: async (world: TopicWorld, { SubscriptionArn: arn, AttributeName: name, AttributeValue: value = "" }) => {
    const subscription = await thereAt(world, arn);
    withSubscriptionAttributes(subscription.spec, { [name]: value });
    await inSnsWords(() =>
      world.topics.changeSubscription(subscription, (live) => ({
        ...live,
        spec: withSubscriptionAttributes(live.spec, { [name]: value }),
      })),
    );
    return {};
  },
});

async function thereAt(world: TopicWorld, arn: string): Promise<Subscription> {
  const found = await subscriptionAt(world, arn);
  if (found === null) throw failure("NotFoundException", "Subscription does not exist");
  return found;
}
