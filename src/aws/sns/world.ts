/** What the SNS actions work on, how topics and subscriptions are named outside, and the errors about them. */
import { parseArn } from "#base/arn.ts";
import { Fault } from "#base/fault.ts";
import type { Subscription } from "#kinds/catamaran/subscription.ts";
import type { Topic } from "#kinds/catamaran/topic.ts";
import type { Topics } from "#managed/topic/topics.ts";
import type { AwsError } from "../aws-error.ts";
import type { Place } from "../place.ts";
import { errorsOf } from "../service-error.ts";
import { model } from "./model.gen.ts";

export interface TopicWorld extends Place {
  readonly topics: Topics;
  readonly namespace: string;
  readonly newId: () => string;
}

export const failure: ReturnType<typeof errorsOf<typeof model extends { readonly errors?: infer E } ? E : never>> =
  errorsOf(model);

export function topicArn({ region, accountId }: Place, name: string): string {
  return `arn:aws:sns:${region}:${accountId}:${name}`;
}

export function subscriptionArn(place: Place, { metadata, spec }: Subscription): string {
  return `${topicArn(place, spec.topic)}:${metadata.name}`;
}

export function invalid(message: string): AwsError {
  return failure("InvalidParameterException", `Invalid parameter: ${message}`);
}

/** AwsError: InvalidParameter for what is no ARN of a topic, NotFound. */
export async function topicAt(world: TopicWorld, arn: string): Promise<Topic> {
  const parsed = parseArn(arn);
  if (parsed === null || parsed.service !== "sns")
    throw invalid(`TopicArn Reason: An ARN must have at least 6 elements, not ${arn.split(":").length}`);
  if (parsed.region !== world.region) throw invalid("TopicArn");
  const found = parsed.accountId === world.accountId ? await world.topics.find(world.namespace, parsed.resource) : null;
  if (found === null) throw failure("NotFoundException", "Topic does not exist");
  return found;
}

/** Null for a subscription that is not there. AwsError: InvalidParameter for what is no ARN of one. */
export async function subscriptionAt(world: TopicWorld, arn: string): Promise<Subscription | null> {
  const parts = arn.split(":");
  if (parts.length < 6)
    throw invalid(`SubscriptionArn Reason: An ARN must have at least 6 elements, not ${parts.length}`);
  const [topic, id] = (parseArn(arn)?.resource ?? "").split(":");
  if (topic === undefined || id === undefined) throw invalid("SubscriptionId");
  const found = await world.topics.findSubscription(world.namespace, id);
  return found === null || subscriptionArn(world, found) !== arn ? null : found;
}

/** What the kinds' own rules say against a topic or a subscription. */
export async function inSnsWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Fault && (thrown.code === "Invalid" || thrown.code === "BadRequest"))
      throw invalid(thrown.message);
    throw thrown;
  }
}

const PAGE = 100;

/** Of names in order; the token is the last of the page before. */
export function pageOf<T>(
  all: readonly T[],
  nameOf: (one: T) => string,
  token: string | undefined,
): { readonly page: readonly T[]; readonly next: { readonly NextToken?: string } } {
  const after = token === undefined ? "" : Buffer.from(token, "base64url").toString();
  const left = all.filter((one) => nameOf(one) > after);
  const page = left.slice(0, PAGE);
  const last = page.at(-1);
  const isMore = last !== undefined && left.length > page.length;
  return { page, next: isMore ? { NextToken: Buffer.from(nameOf(last)).toString("base64url") } : {} };
}
