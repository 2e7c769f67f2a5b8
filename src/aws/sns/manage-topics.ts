/** Making, finding, describing and removing topics, and who may use them. */
import { parseArn } from "#base/arn.ts";
import type { Topic } from "#kinds/catamaran/topic.ts";
import { topicNameFault } from "#kinds/rules/names.ts";
import { type Action, action } from "../action.ts";
import type { Place } from "../place.ts";
import { defaultPolicy, jsonOf, topicAttributes, withTopicAttributes } from "./attributes.ts";
import { model, type TagList } from "./model.gen.ts";
import { failure, inSnsWords, invalid, pageOf, topicArn, topicAt, type TopicWorld } from "./world.ts";

function topicArns({ TopicArn }: { readonly TopicArn: string }): readonly string[] {
  return [TopicArn];
}

export const createTopic: Action<TopicWorld> = action(model, "CreateTopic", {
  resources: ({ Name }, place) => [topicArn(place, Name)],
  serves: ["Name", "Attributes", "Tags"],
  unserved: { DataProtectionPolicy: "leave it out" },
  run: async (world: TopicWorld, { Name: name, Attributes: attributes = {}, Tags = [] }) => {
    const isFifo = attributes["FifoTopic"] === "true";
    if (topicNameFault(name) !== null || name.endsWith(".fifo") !== isFifo) throw invalid("Topic Name");
    const tags = tagsOf(Tags);
    const spec = withTopicAttributes({}, attributes);
    const there = await world.topics.find(world.namespace, name);
    if (there === null)
      await inSnsWords(() =>
        world.topics.create({
          apiVersion: "catamaran.dev/v1",
          kind: "Topic",
          metadata: { name, namespace: world.namespace },
          spec: { ...spec, ...(Tags.length > 0 && { tags }) },
        }),
      );
    else checkSame(world, there, { attributes, tags });
    return { TopicArn: topicArn(world, name) };
  },
});

interface Asked {
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** Making again what is there is no error as long as nothing that is said differs. */
function checkSame(place: Place, there: Topic, { attributes, tags }: Asked): void {
  const known = topicAttributes(place, there, []);
  const wanted = topicAttributes(place, { ...there, spec: withTopicAttributes(there.spec, attributes) }, []);
  if (Object.keys(attributes).some((name) => known[name] !== wanted[name]))
    throw invalid("Attributes Reason: Topic already exists with different attributes");
  if (Object.entries(tags).some(([key, value]) => there.spec.tags?.[key] !== value))
    throw invalid("Tags Reason: Topic already exists with different tags");
}

export const deleteTopic: Action<TopicWorld> = action(model, "DeleteTopic", {
  resources: topicArns,
  serves: ["TopicArn"],
  unserved: {},
  run: async (world: TopicWorld, { TopicArn: arn }) => {
    const name = arn.slice(topicArn(world, "").length);
    if (!arn.startsWith(topicArn(world, ""))) throw invalid("TopicArn");
    const found = await world.topics.find(world.namespace, name);
    // Deleting what is gone is no error (SNS API Reference, DeleteTopic: "This action is idempotent").
    if (found !== null) await world.topics.remove(found);
    return {};
  },
});

export const listTopics: Action<TopicWorld> = action(model, "ListTopics", {
  serves: ["NextToken"],
  unserved: {},
  run: async (world: TopicWorld, { NextToken: token }) => {
    const names = world.topics.list(world.namespace).map(({ metadata }) => metadata.name);
    const { page, next } = pageOf(names, (name) => name, token);
    return { Topics: page.map((name) => ({ TopicArn: topicArn(world, name) })), ...next };
  },
});

export const getTopicAttributes: Action<TopicWorld> = action(model, "GetTopicAttributes", {
  resources: topicArns,
  serves: ["TopicArn"],
  unserved: {},
  run: async (world: TopicWorld, { TopicArn: arn }) => {
    const topic = await topicAt(world, arn);
    return { Attributes: topicAttributes(world, topic, world.topics.subscriptionsOf(topic)) };
  },
});

export const setTopicAttributes: Action<TopicWorld> = action(model, "SetTopicAttributes", {
  resources: topicArns,
  serves: ["TopicArn", "AttributeName", "AttributeValue"],
  unserved: {},
  run: async (world: TopicWorld, { TopicArn: arn, AttributeName: name, AttributeValue: value = "" }) => {
    const topic = await topicAt(world, arn);
    if (name === "FifoTopic") throw invalid("AttributeName");
    const { spec } = topic;
    withTopicAttributes(spec, { [name]: value });
    await inSnsWords(() =>
      world.topics.change(topic, (live) => ({ ...live, spec: withTopicAttributes(live.spec, { [name]: value }) })),
    );
    return {};
  },
});

// What SNS takes in AddPermission (SNS API Reference, AddPermission, ActionName).
const ACTIONS: ReadonlySet<string> = new Set([
  "GetTopicAttributes",
  "SetTopicAttributes",
  "AddPermission",
  "RemovePermission",
  "DeleteTopic",
  "Subscribe",
  "ListSubscriptionsByTopic",
  "Publish",
  "Receive",
]);

export const addPermission: Action<TopicWorld> = action(model, "AddPermission", {
  resources: topicArns,
  serves: ["TopicArn", "Label", "AWSAccountId", "ActionName"],
  unserved: {},
  run: async (world: TopicWorld, { TopicArn: arn, Label: Sid, AWSAccountId: accounts, ActionName: actions }) => {
    const topic = await topicAt(world, arn);
    if (actions.some((one) => !ACTIONS.has(one))) throw invalid("Policy statement action out of service scope!");
    const { policy, statements } = policyOf(world, topic);
    if (statements.some((one) => one["Sid"] === Sid)) throw invalid("Statement already exists");
    const statement = {
      Sid,
      Effect: "Allow",
      Principal: { AWS: oneOrAll(accounts.map((account) => `arn:aws:iam::${account}:root`)) },
      Action: oneOrAll(actions.map((one) => `SNS:${one}`)),
      Resource: arn,
    };
    await setPolicy(world, topic, { ...policy, Statement: [...statements, statement] });
    return {};
  },
});

export const removePermission: Action<TopicWorld> = action(model, "RemovePermission", {
  resources: topicArns,
  serves: ["TopicArn", "Label"],
  unserved: {},
  run: async (world: TopicWorld, { TopicArn: arn, Label: label }) => {
    const topic = await topicAt(world, arn);
    const { policy, statements } = policyOf(world, topic);
    await setPolicy(world, topic, { ...policy, Statement: statements.filter((one) => one["Sid"] !== label) });
    return {};
  },
});

type Members = Readonly<Record<string, unknown>>;

function policyOf(
  place: Place,
  { metadata, spec }: Topic,
): { readonly policy: Members; readonly statements: readonly Members[] } {
  const policy = jsonOf(spec.policy ?? defaultPolicy(place, metadata.name)) ?? {};
  const given: unknown = policy["Statement"];
  return { policy, statements: Array.isArray(given) ? (given as readonly Members[]) : [] };
}

function setPolicy(world: TopicWorld, topic: Topic, policy: Members): Promise<void> {
  const text = JSON.stringify(policy);
  return world.topics.change(topic, (live) => ({ ...live, spec: { ...live.spec, policy: text } }));
}

function oneOrAll(texts: readonly string[]): string | readonly string[] {
  const [first] = texts;
  return texts.length === 1 && first !== undefined ? first : texts;
}

function tagsOf(tags: TagList): Readonly<Record<string, string>> {
  const keys = new Set(tags.map(({ Key }) => Key));
  if (keys.size < tags.length) throw invalid("Duplicated keys are not allowed.");
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}

// SNS Developer Guide, "Amazon SNS topic tagging".
const MAX_TAGS = 50;

function resourceArns({ ResourceArn }: { readonly ResourceArn: string }): readonly string[] {
  return [ResourceArn];
}

export const listTagsForResource: Action<TopicWorld> = action(model, "ListTagsForResource", {
  resources: resourceArns,
  serves: ["ResourceArn"],
  unserved: {},
  run: async (world: TopicWorld, { ResourceArn: arn }) => {
    const { tags = {} } = (await taggedAt(world, arn)).spec;
    return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
  },
});

export const tagResource: Action<TopicWorld> = action(model, "TagResource", {
  resources: resourceArns,
  serves: ["ResourceArn", "Tags"],
  unserved: {},
  run: async (world: TopicWorld, { ResourceArn: arn, Tags }) => {
    const topic = await taggedAt(world, arn);
    const tags = tagsOf(Tags);
    if (Object.keys({ ...topic.spec.tags, ...tags }).length > MAX_TAGS)
      throw failure("TagLimitExceededException", "Could not complete request: tag quota of per resource exceeded");
    await world.topics.change(topic, (live) => ({
      ...live,
      spec: { ...live.spec, tags: { ...live.spec.tags, ...tags } },
    }));
    return {};
  },
});

export const untagResource: Action<TopicWorld> = action(model, "UntagResource", {
  resources: resourceArns,
  serves: ["ResourceArn", "TagKeys"],
  unserved: {},
  run: async (world: TopicWorld, { ResourceArn: arn, TagKeys: keys }) => {
    const topic = await taggedAt(world, arn);
    await world.topics.change(topic, (live) => {
      const kept = Object.entries(live.spec.tags ?? {}).filter(([key]) => !keys.includes(key));
      return { ...live, spec: { ...live.spec, tags: Object.fromEntries(kept) } };
    });
    return {};
  },
});

async function taggedAt(world: TopicWorld, arn: string): Promise<Topic> {
  const prefix = topicArn(world, "");
  if (parseArn(arn) === null)
    throw invalid(`ResourceArn Reason: An ARN must have at least 6 elements, not ${arn.split(":").length}`);
  const found = arn.startsWith(prefix) ? await world.topics.find(world.namespace, arn.slice(prefix.length)) : null;
  if (found === null) throw failure("ResourceNotFoundException", "Resource does not exist");
  return found;
}
