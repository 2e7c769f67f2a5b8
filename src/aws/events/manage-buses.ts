/** Making, describing and removing buses, and who may put events onto them. */
import type { EventBus } from "#kinds/catamaran/event-bus.ts";
import { eventBusKind } from "#kinds/catamaran/event-bus.ts";
import { DEFAULT_BUS } from "#kinds/catamaran/rule.ts";
import { busNameFault } from "#kinds/rules/names.ts";
import { type Action, action } from "../action.ts";
import { type EventBus as Listed, model, type TagList } from "./model.gen.ts";
import {
  busArn,
  busAt,
  busName,
  type BusWorld,
  createdMs,
  failure,
  inBusWords,
  invalid,
  pageOf,
  taggedAt,
} from "./world.ts";

const NOT_YET = "leave it out";

export const createEventBus: Action<BusWorld> = action(model, "CreateEventBus", {
  resources: ({ Name }, place) => [busArn(place, Name)],
  serves: ["Name", "Description", "Tags"],
  unserved: {
    EventSourceName: "there are no partners here",
    KmsKeyIdentifier: NOT_YET,
    DeadLetterConfig: "set it on the targets",
    LogConfig: NOT_YET,
  },
  run: async (world: BusWorld, { Name: name, Description: description, Tags = [] }) => {
    if (busNameFault(name) !== null)
      throw invalid(
        `1 validation error detected: Value '${name}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [/\\.\\-_A-Za-z0-9]+`,
      );
    if ((await world.buses.find(world.namespace, name)) !== null)
      throw failure("ResourceAlreadyExistsException", `Event bus ${name} already exists.`);
    const bus: EventBus = {
      apiVersion: "catamaran.dev/v1",
      kind: "EventBus",
      metadata: { name, namespace: world.namespace },
      spec: { ...(description !== undefined && { description }), ...(Tags.length > 0 && { tags: tagsOf(Tags) }) },
    };
    await inBusWords(() => world.buses.createBus(bus));
    return { EventBusArn: busArn(world, name), ...(description !== undefined && { Description: description }) };
  },
});

export const updateEventBus: Action<BusWorld> = action(model, "UpdateEventBus", {
  resources: ({ Name }, place) => [busArn(place, busName(Name))],
  serves: ["Name", "Description"],
  unserved: { KmsKeyIdentifier: NOT_YET, DeadLetterConfig: "set it on the targets", LogConfig: NOT_YET },
  run: async (world: BusWorld, { Name, Description: description }) => {
    const bus = await busAt(world, Name);
    await world.buses.changeBus(bus, (live) => ({
      ...live,
      spec: { ...live.spec, ...(description !== undefined && { description }) },
    }));
    const { name } = bus.metadata;
    return { Arn: busArn(world, name), Name: name, ...(description !== undefined && { Description: description }) };
  },
});

export const deleteEventBus: Action<BusWorld> = action(model, "DeleteEventBus", {
  resources: ({ Name }, place) => [busArn(place, busName(Name))],
  serves: ["Name"],
  unserved: {},
  run: async (world: BusWorld, { Name }) => {
    const name = busName(Name);
    if (name === DEFAULT_BUS) throw invalid("Cannot delete event bus default.");
    const bus = await world.buses.find(world.namespace, name);
    if (bus === null) return {};
    if (world.buses.rulesOf(bus).length > 0) throw invalid(`Event bus can't be deleted since it has rules.`);
    await world.buses.remove(eventBusKind, bus);
    return {};
  },
});

export const describeEventBus: Action<BusWorld> = action(model, "DescribeEventBus", {
  resources: ({ Name }, place) => [busArn(place, busName(Name))],
  serves: ["Name"],
  unserved: {},
  run: async (world: BusWorld, { Name }) => described(world, await busAt(world, Name)),
});

export const listEventBuses: Action<BusWorld> = action(model, "ListEventBuses", {
  serves: ["NamePrefix", "NextToken", "Limit"],
  unserved: {},
  run: async (world: BusWorld, { NamePrefix: prefix = "", ...page }) => {
    const all = world.buses.list(world.namespace).filter(({ metadata }) => metadata.name.startsWith(prefix));
    const found = pageOf(all, ({ metadata }) => metadata.name, page);
    return { EventBuses: found.page.map((bus) => described(world, bus)), ...found.next };
  },
});

function described(world: BusWorld, bus: EventBus): Listed {
  const { description, policy } = bus.spec;
  const { name } = bus.metadata;
  return {
    Name: name,
    Arn: busArn(world, name),
    ...(description !== undefined && { Description: description }),
    ...(policy !== undefined && { Policy: policy }),
    ...(bus.metadata.uid !== undefined && { CreationTime: createdMs(bus), LastModifiedTime: createdMs(bus) }),
  };
}

export const putPermission: Action<BusWorld> = action(model, "PutPermission", {
  resources: ({ EventBusName }, place) => [busArn(place, busName(EventBusName))],
  serves: [
    "EventBusName",
    "Action",
    "Principal",
    "StatementId",
    "Condition.Type",
    "Condition.Key",
    "Condition.Value",
    "Policy",
  ],
  unserved: {},
  run: async (world: BusWorld, input) => {
    const {
      Action: action = "",
      Principal: principal = "",
      StatementId: Sid,
      Condition: condition,
      Policy: policy,
    } = input;
    const bus = await busAt(world, input.EventBusName);
    if (policy !== undefined) {
      if (!isJson(policy)) throw failure("InvalidEventPatternException", "Policy is not valid JSON.");
      await world.buses.changeBus(bus, (live) => ({ ...live, spec: { ...live.spec, policy } }));
      return {};
    }
    if (Sid === undefined) throw invalid("Parameter StatementId is required.");
    const statement = {
      Sid,
      Effect: "Allow",
      Principal: principal === "*" ? "*" : { AWS: `arn:aws:iam::${principal}:root` },
      Action: action,
      Resource: busArn(world, bus.metadata.name),
      ...(condition !== undefined && { Condition: { [condition.Type]: { [condition.Key]: condition.Value } } }),
    };
    await setStatements(world, bus, (before) => [...before.filter((one) => one["Sid"] !== Sid), statement]);
    return {};
  },
});

export const removePermission: Action<BusWorld> = action(model, "RemovePermission", {
  resources: ({ EventBusName }, place) => [busArn(place, busName(EventBusName))],
  serves: ["StatementId", "RemoveAllPermissions", "EventBusName"],
  unserved: {},
  run: async (world: BusWorld, { StatementId: Sid, RemoveAllPermissions: isAll, EventBusName }) => {
    const bus = await busAt(world, EventBusName);
    if (isAll !== true && Sid === undefined) throw invalid("Parameter StatementId is required.");
    if (isAll !== true && !statementsOf(bus).some((one) => one["Sid"] === Sid))
      throw failure("ResourceNotFoundException", "Statement with the provided id does not exist.");
    await setStatements(world, bus, (before) => (isAll === true ? [] : before.filter((one) => one["Sid"] !== Sid)));
    return {};
  },
});

type Members = Readonly<Record<string, unknown>>;

function statementsOf({ spec }: EventBus): readonly Members[] {
  const policy = JSON.parse(spec.policy ?? "{}") as { readonly Statement?: readonly Members[] };
  return policy.Statement ?? [];
}

/** A policy without statements is none. */
function setStatements(
  world: BusWorld,
  bus: EventBus,
  decide: (before: readonly Members[]) => readonly Members[],
): Promise<void> {
  return world.buses.changeBus(bus, (live) => {
    const { policy: _policy, ...rest } = live.spec;
    const Statement = decide(statementsOf(live));
    const policy = JSON.stringify({ Version: "2012-10-17", Statement });
    return { ...live, spec: Statement.length === 0 ? rest : { ...rest, policy } };
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export function tagsOf(tags: TagList): Readonly<Record<string, string>> {
  const keys = new Set(tags.map(({ Key }) => Key));
  if (keys.size < tags.length) throw invalid("Invalid parameter: Duplicated keys are not allowed.");
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}

function resourceArns({ ResourceARN }: { readonly ResourceARN: string }): readonly string[] {
  return [ResourceARN];
}

export const listTagsForResource: Action<BusWorld> = action(model, "ListTagsForResource", {
  resources: resourceArns,
  serves: ["ResourceARN"],
  unserved: {},
  run: async (world: BusWorld, { ResourceARN }) => {
    const { tags = {} } = (await taggedAt(world, ResourceARN)).object.spec;
    return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
  },
});

export const tagResource: Action<BusWorld> = action(model, "TagResource", {
  resources: resourceArns,
  serves: ["ResourceARN", "Tags"],
  unserved: {},
  run: async (world: BusWorld, { ResourceARN, Tags }) => {
    const tags = tagsOf(Tags);
    await changeTags(world, ResourceARN, (before) => ({ ...before, ...tags }));
    return {};
  },
});

export const untagResource: Action<BusWorld> = action(model, "UntagResource", {
  resources: resourceArns,
  serves: ["ResourceARN", "TagKeys"],
  unserved: {},
  run: async (world: BusWorld, { ResourceARN, TagKeys: keys }) => {
    await changeTags(world, ResourceARN, (before) =>
      Object.fromEntries(Object.entries(before).filter(([key]) => !keys.includes(key))),
    );
    return {};
  },
});

type Tags = Readonly<Record<string, string>>;

async function changeTags(world: BusWorld, arn: string, decide: (before: Tags) => Tags): Promise<void> {
  const found = await taggedAt(world, arn);
  switch (found.is) {
    case "bus":
      return world.buses.changeBus(found.object, (live) => withTags(live, decide));
    case "rule":
      return world.buses.changeRule(found.object, (live) => withTags(live, decide));
  }
}

function withTags<T extends { readonly spec: { readonly tags?: Tags } }>(live: T, decide: (before: Tags) => Tags): T {
  return { ...live, spec: { ...live.spec, tags: decide(live.spec.tags ?? {}) } };
}
