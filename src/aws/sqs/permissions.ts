/** AddPermission and RemovePermission: statements of a queue's policy, by their labels (SQS API Reference). */
import type { QueueSpec } from "#kinds/catamaran/queue.ts";
import { type Action, action } from "../action.ts";
import { withAttributes } from "./attributes.ts";
import { model } from "./model.gen.ts";
import { arnOf, failure, invalidValue, noQueue, queueArns, queueAt, type QueueWorld } from "./world.ts";

const MAX_ACTIONS = 7;

interface Document {
  readonly Version?: string;
  readonly Id?: string;
  readonly Statement: readonly { readonly Sid?: string }[];
}

export const addPermission: Action<QueueWorld> = action(model, "AddPermission", {
  resources: queueArns,
  serves: ["QueueUrl", "Label", "AWSAccountIds", "Actions"],
  unserved: {},
  run: async (world: QueueWorld, { QueueUrl: url, Label: label, AWSAccountIds: accounts, Actions: actions }) => {
    if (actions.length > MAX_ACTIONS)
      throw failure("OverLimit", `${actions.length} Actions were found, maximum allowed is ${MAX_ACTIONS}.`);
    const queue = await queueAt(world, url);
    const resource = arnOf(world, queue.metadata.name);
    const statement = {
      Sid: label,
      Effect: "Allow",
      Principal: { AWS: accounts.map((id) => `arn:aws:iam::${id}:root`) },
      Action: actions.map((name) => `SQS:${name}`),
      Resource: resource,
    };
    await changed(world, url, (spec) => {
      const document = documentOf(spec.policy, resource);
      if (document.Statement.some(({ Sid: sid }) => sid === label))
        throw invalidValue(label, "Label", "Already exists.");
      return JSON.stringify({ ...document, Statement: [...document.Statement, statement] });
    });
    return {};
  },
});

export const removePermission: Action<QueueWorld> = action(model, "RemovePermission", {
  resources: queueArns,
  serves: ["QueueUrl", "Label"],
  unserved: {},
  run: async (world: QueueWorld, { QueueUrl: url, Label: label }) => {
    const queue = await queueAt(world, url);
    await changed(world, url, (spec) => {
      const document = documentOf(spec.policy, arnOf(world, queue.metadata.name));
      const kept = document.Statement.filter(({ Sid: sid }) => sid !== label);
      if (kept.length === document.Statement.length)
        throw invalidValue(label, "Label", "can't find label on existing policy.");
      return kept.length === 0 ? "" : JSON.stringify({ ...document, Statement: kept });
    });
    return {};
  },
});

async function changed(world: QueueWorld, url: string, decide: (spec: QueueSpec) => string): Promise<void> {
  const queue = await queueAt(world, url);
  const done = await world.queues.change(queue, (live) => ({
    ...live,
    spec: withAttributes(live.spec, { Policy: decide(live.spec) }, world),
  }));
  if (done === null) throw noQueue();
}

function documentOf(policy: string | undefined, arn: string): Document {
  if (policy === undefined) return { Version: "2008-10-17", Id: `${arn}/SQSDefaultPolicy`, Statement: [] };
  // It was read as a policy when it was set; one statement may stand without a list.
  const document = JSON.parse(policy) as Document;
  return { ...document, Statement: [document.Statement].flat() };
}
