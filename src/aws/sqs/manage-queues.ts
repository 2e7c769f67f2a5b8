/** Making, finding, describing and removing queues. */
import { Fault } from "#base/fault.ts";
import type { Queue, QueueSpec } from "#kinds/catamaran/queue.ts";
import { mayReceiveFrom } from "#managed/queue/queues.ts";
import { queueNameFault } from "#kinds/rules/names.ts";
import { type Action, action } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { attributesOf, MODIFIED_AT, unknown, withAttributes } from "./attributes.ts";
import { model } from "./model.gen.ts";
import { arnOf, failure, invalid, invalidValue, queueArns, queueAt, type QueueWorld, urlOf } from "./world.ts";

export const createQueue: Action<QueueWorld> = action(model, "CreateQueue", {
  resources: ({ QueueName }, place) => [arnOf(place, QueueName)],
  serves: ["QueueName", "Attributes", "tags"],
  unserved: {},
  run: async (world: QueueWorld, { QueueName: name, Attributes: attributes = {}, tags }, call) => {
    checkName(name, attributes);
    const there = await world.queues.find(world.namespace, name);
    const spec = withAttributes({}, attributes, world);
    if (there !== null) {
      await checkSame(world, there, attributes);
      return { QueueUrl: urlOf(world, name, call) };
    }
    await checkTarget(world, name, spec);
    const queue: Queue = {
      apiVersion: "catamaran.dev/v1",
      kind: "Queue",
      metadata: { name, namespace: world.namespace },
      spec: { ...spec, ...(tags !== undefined && { tags }) },
    };
    await inAttributeWords(() => world.queues.create(queue));
    return { QueueUrl: urlOf(world, name, call) };
  },
});

/** A dead-letter queue has to be there, and to take letters of this one. */
async function checkTarget(world: QueueWorld, name: string, { redrive }: QueueSpec): Promise<void> {
  if (redrive === undefined) return;
  const target = await world.queues.find(world.namespace, redrive.deadLetterQueue);
  const told = JSON.stringify({
    deadLetterTargetArn: arnOf(world, redrive.deadLetterQueue),
    maxReceiveCount: redrive.maxReceiveCount,
  });
  if (target === null) throw invalidValue(told, "RedrivePolicy", "Dead letter target does not exist.");
  if (!mayReceiveFrom(target, name))
    throw invalidValue(
      told,
      "RedrivePolicy",
      "Dead letter target does not take letters of this queue (RedriveAllowPolicy).",
    );
}

function checkName(name: string, { FifoQueue: fifo }: Readonly<Record<string, string>>): void {
  const isFifo = fifo === "true";
  if (queueNameFault(name) === null && name.endsWith(".fifo") === isFifo) return;
  if (isFifo)
    throw invalid(
      "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length",
    );
  throw invalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
}

/** Making again what is there is no error as long as nothing that is said differs. */
async function checkSame(world: QueueWorld, there: Queue, asked: Readonly<Record<string, string>>): Promise<void> {
  const known = attributesOf(world, { queue: there, counts: NO_COUNTS });
  const wanted = attributesOf(world, {
    queue: { ...there, spec: withAttributes(there.spec, asked, world) },
    counts: NO_COUNTS,
  });
  for (const name of Object.keys(asked))
    if (known[name] !== wanted[name])
      throw failure(
        "QueueNameExists",
        `A queue already exists with the same name and a different value for attribute ${name}`,
      );
}

const NO_COUNTS = { visible: 0, inFlight: 0, delayed: 0 };

/** What the object's own rules say against a spec: attributes that do not go together. */
async function inAttributeWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "Invalid")
      throw new AwsError("InvalidParameterValue", 400, thrown.message);
    throw thrown;
  }
}

export const getQueueUrl: Action<QueueWorld> = action(model, "GetQueueUrl", {
  resources: ({ QueueName: name, QueueOwnerAWSAccountId: accountId }, { region, ...own }) => [
    arnOf({ region, accountId: accountId ?? own.accountId }, name),
  ],
  serves: ["QueueName", "QueueOwnerAWSAccountId"],
  unserved: {},
  run: async (world: QueueWorld, { QueueName: name, QueueOwnerAWSAccountId: owner = world.accountId }, call) => {
    const { metadata } = await queueAt(world, `${owner}/${name}`);
    return { QueueUrl: urlOf(world, metadata.name, call) };
  },
});

export const listQueues: Action<QueueWorld> = action(model, "ListQueues", {
  serves: ["QueueNamePrefix", "NextToken", "MaxResults"],
  unserved: {},
  run: async (world: QueueWorld, { QueueNamePrefix: prefix = "", NextToken: token, MaxResults: most }, call) => {
    const names = world.queues.list(world.namespace).map(({ metadata }) => metadata.name);
    const page = pageOf(
      names.filter((name) => name.startsWith(prefix)),
      token,
      most,
    );
    const urls = page.names.map((name) => urlOf(world, name, call));
    return { ...(urls.length > 0 && { QueueUrls: urls }), ...page.next };
  },
});

export const listDeadLetterSourceQueues: Action<QueueWorld> = action(model, "ListDeadLetterSourceQueues", {
  resources: queueArns,
  serves: ["QueueUrl", "NextToken", "MaxResults"],
  unserved: {},
  run: async (world: QueueWorld, { QueueUrl: url, NextToken: token, MaxResults: most }, call) => {
    const queue = await queueAt(world, url);
    const names = world.queues.sourcesOf(queue).map(({ metadata }) => metadata.name);
    const page = pageOf(names, token, most);
    return { queueUrls: page.names.map((name) => urlOf(world, name, call)), ...page.next };
  },
});

// ListQueues: without MaxResults at most 1,000, and no token.
const PAGE = 1_000;

/** Names in order; the token is the last name of the page before, as text that says nothing. */
function pageOf(
  names: readonly string[],
  token: string | undefined,
  most: number | undefined,
): { readonly names: readonly string[]; readonly next: { readonly NextToken?: string } } {
  if (most !== undefined && (most < 1 || most > PAGE))
    throw invalid(
      `Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and ${PAGE}`,
    );
  const after = token === undefined ? "" : Buffer.from(token, "base64url").toString();
  const left = names.filter((name) => name > after);
  const page = left.slice(0, most ?? PAGE);
  const isMore = most !== undefined && left.length > page.length;
  return { names: page, next: isMore ? { NextToken: Buffer.from(page.at(-1) ?? "").toString("base64url") } : {} };
}

export const getQueueAttributes: Action<QueueWorld> = action(model, "GetQueueAttributes", {
  resources: queueArns,
  serves: ["QueueUrl", "AttributeNames"],
  unserved: {},
  run: async (world: QueueWorld, { QueueUrl: url, AttributeNames: names = [] }) => {
    const queue = await queueAt(world, url);
    const counts = await world.queues.messagesOf(queue).counts();
    const all = attributesOf(world, { queue, counts });
    const isAll = names.includes("All");
    const wanted = Object.entries(all).filter(([name]) => isAll || names.some((one) => one === name));
    return wanted.length === 0 ? {} : { Attributes: Object.fromEntries(wanted) };
  },
});

export const setQueueAttributes: Action<QueueWorld> = action(model, "SetQueueAttributes", {
  resources: queueArns,
  serves: ["QueueUrl", "Attributes"],
  unserved: {},
  run: async (world: QueueWorld, { QueueUrl: url, Attributes: attributes }, { now }) => {
    const queue = await queueAt(world, url);
    if (attributes["FifoQueue"] !== undefined) throw unknown("FifoQueue");
    await checkTarget(world, queue.metadata.name, withAttributes(queue.spec, attributes, world));
    await inAttributeWords(() =>
      world.queues.change(queue, (live) => ({
        ...live,
        metadata: {
          ...live.metadata,
          annotations: { ...live.metadata.annotations, [MODIFIED_AT]: String(Math.floor(now / 1_000)) },
        },
        spec: withAttributes(live.spec, attributes, world),
      })),
    );
    return {};
  },
});

export const deleteQueue: Action<QueueWorld> = action(model, "DeleteQueue", {
  resources: queueArns,
  serves: ["QueueUrl"],
  unserved: {},
  run: async (world: QueueWorld, { QueueUrl: url }) => {
    await world.queues.remove(await queueAt(world, url));
    return {};
  },
});

// PurgeQueue: the next one has to wait for a minute.
const PURGE_EVERY_MS = 60_000;

export const purgeQueue: Action<QueueWorld> = action(model, "PurgeQueue", {
  resources: queueArns,
  serves: ["QueueUrl"],
  unserved: {},
  run: async (world: QueueWorld, { QueueUrl: url }) => {
    const queue = await queueAt(world, url);
    if (!(await world.queues.messagesOf(queue).purge(PURGE_EVERY_MS)))
      throw failure(
        "PurgeQueueInProgress",
        `Only one PurgeQueue operation on ${queue.metadata.name} is allowed every 60 seconds.`,
      );
    return {};
  },
});

export const listQueueTags: Action<QueueWorld> = action(model, "ListQueueTags", {
  resources: queueArns,
  serves: ["QueueUrl"],
  unserved: {},
  run: async (world: QueueWorld, { QueueUrl: url }) => {
    const { tags = {} } = (await queueAt(world, url)).spec;
    return Object.keys(tags).length === 0 ? {} : { Tags: tags };
  },
});

// SQS Developer Guide, "Cost allocation tags".
const MAX_TAGS = 50;

export const tagQueue: Action<QueueWorld> = action(model, "TagQueue", {
  resources: queueArns,
  serves: ["QueueUrl", "Tags"],
  unserved: {},
  run: async (world: QueueWorld, { QueueUrl: url, Tags: tags }) => {
    const queue = await queueAt(world, url);
    if (Object.keys({ ...queue.spec.tags, ...tags }).length > MAX_TAGS)
      throw invalid(`Too many tags added for queue ${queue.metadata.name}.`);
    await world.queues.change(queue, ({ spec, ...live }) => ({
      ...live,
      spec: { ...spec, tags: { ...spec.tags, ...tags } },
    }));
    return {};
  },
});

export const untagQueue: Action<QueueWorld> = action(model, "UntagQueue", {
  resources: queueArns,
  serves: ["QueueUrl", "TagKeys"],
  unserved: {},
  run: async (world: QueueWorld, { QueueUrl: url, TagKeys: keys }) => {
    const queue = await queueAt(world, url);
    await world.queues.change(queue, ({ spec, ...live }) => {
      const kept = Object.entries(spec.tags ?? {}).filter(([name]) => !keys.includes(name));
      return { ...live, spec: { ...spec, tags: Object.fromEntries(kept) } };
    });
    return {};
  },
});
