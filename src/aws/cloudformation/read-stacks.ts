/** Stacks as they are: heads, resources, events, templates, exports. */
import type { ResourceRecord, StackEvent, StackRecord } from "#managed/stack/stack-record.ts";
import { type Action, action } from "../action.ts";
import { model, type Stack, type StackResource } from "./model.gen.ts";
import { inStackWords, invalid, stackArns, type StackWorld } from "./world.ts";

/** Of heads, exports and events in one answer. */
const PAGE = 100;
const EVENTS_PAGE = 100;

interface Page<T> {
  readonly page: readonly T[];
  readonly next: { readonly NextToken?: string };
}

/** The token is the number of those that were shown. AwsError for another token. */
function pageOf<T>(all: readonly T[], token: string | undefined): Page<T> {
  const from = token === undefined ? 0 : Number(token);
  if (!Number.isInteger(from) || from < 0) throw invalid(`NextToken ${token ?? ""} is none that was given out`);
  const end = from + PAGE;
  return { page: all.slice(from, end), next: end < all.length ? { NextToken: String(end) } : {} };
}

export const describeStacks: Action<StackWorld> = action(model, "DescribeStacks", {
  resources: ({ StackName: name }, place) => (name === undefined ? ["*"] : stackArns(place, name)),
  serves: ["StackName", "NextToken"],
  unserved: {},
  run: (world: StackWorld, { StackName: name, NextToken: token }) =>
    inStackWords(async () => {
      const heads = name === undefined ? await living(world) : [await world.stacks.get(name)];
      const { page, next } = pageOf(heads, token);
      return { Stacks: page.map(stackOf), ...next };
    }),
});

async function living(world: StackWorld): Promise<readonly StackRecord[]> {
  return (await world.stacks.store.heads()).filter(({ status }) => status !== "DELETE_COMPLETE");
}

function stackOf(head: StackRecord): Stack {
  const { reason, updatedAtMs, deletedAtMs, roleArn, description } = head;
  return {
    StackId: head.id,
    StackName: head.name,
    ...(description !== "" && { Description: description }),
    Parameters: Object.entries(head.parameters).map(([key, value]) => ({ ParameterKey: key, ParameterValue: value })),
    CreationTime: head.createdAtMs,
    ...(deletedAtMs !== undefined && { DeletionTime: deletedAtMs }),
    ...(updatedAtMs !== undefined && { LastUpdatedTime: updatedAtMs }),
    StackStatus: head.status,
    ...(reason !== undefined && { StackStatusReason: reason }),
    DisableRollback: head.disableRollback,
    NotificationARNs: head.notificationArns,
    Capabilities: head.capabilities.filter(
      (one) => one === "CAPABILITY_IAM" || one === "CAPABILITY_NAMED_IAM" || one === "CAPABILITY_AUTO_EXPAND",
    ),
    Outputs: head.outputs.map(({ key, value, description: about, exportName }) => ({
      OutputKey: key,
      OutputValue: value,
      ...(about !== undefined && { Description: about }),
      ...(exportName !== undefined && { ExportName: exportName }),
    })),
    ...(roleArn !== undefined && { RoleARN: roleArn }),
    Tags: Object.entries(head.tags).map(([Key, Value]) => ({ Key, Value })),
    EnableTerminationProtection: head.terminationProtection,
    DriftInformation: { StackDriftStatus: "NOT_CHECKED" },
  };
}

export const listStacks: Action<StackWorld> = action(model, "ListStacks", {
  serves: ["NextToken", "StackStatusFilter"],
  unserved: {},
  run: (world: StackWorld, { NextToken: token, StackStatusFilter: filter = [] }) =>
    inStackWords(async () => {
      const heads = await world.stacks.store.heads();
      const asked = heads.filter(({ status }) => filter.length === 0 || filter.includes(status));
      const { page, next } = pageOf(asked, token);
      return {
        StackSummaries: page.map((head) => ({
          StackId: head.id,
          StackName: head.name,
          ...(head.description !== "" && { TemplateDescription: head.description }),
          CreationTime: head.createdAtMs,
          ...(head.updatedAtMs !== undefined && { LastUpdatedTime: head.updatedAtMs }),
          ...(head.deletedAtMs !== undefined && { DeletionTime: head.deletedAtMs }),
          StackStatus: head.status,
          ...(head.reason !== undefined && { StackStatusReason: head.reason }),
          DriftInformation: { StackDriftStatus: "NOT_CHECKED" },
        })),
        ...next,
      };
    }),
});

export const describeStackEvents: Action<StackWorld> = action(model, "DescribeStackEvents", {
  resources: ({ StackName }, place) => stackArns(place, StackName),
  serves: ["StackName", "NextToken"],
  unserved: {},
  run: (world: StackWorld, { StackName: name, NextToken: token }) =>
    inStackWords(async () => {
      const head = await world.stacks.get(name);
      const rows = await world.stacks.store.events(head.id, EVENTS_PAGE, token);
      const last = rows.at(-1);
      return {
        StackEvents: rows.map(({ event }) => eventOf(head, event)),
        ...(rows.length === EVENTS_PAGE && last !== undefined && { NextToken: last.place }),
      };
    }),
});

function eventOf(head: StackRecord, event: StackEvent) {
  const { reason, properties, token } = event;
  return {
    StackId: head.id,
    EventId: event.id,
    StackName: head.name,
    LogicalResourceId: event.logicalId,
    PhysicalResourceId: event.physicalId,
    ResourceType: event.type,
    Timestamp: event.atMs,
    ResourceStatus: event.status as never,
    ...(reason !== undefined && { ResourceStatusReason: reason }),
    ...(properties !== undefined && { ResourceProperties: JSON.stringify(properties) }),
    ...(token !== undefined && { ClientRequestToken: token }),
  };
}

export const describeStackResources: Action<StackWorld> = action(model, "DescribeStackResources", {
  resources: ({ StackName: name }, place) => (name === undefined ? ["*"] : stackArns(place, name)),
  serves: ["StackName", "LogicalResourceId", "PhysicalResourceId"],
  unserved: {},
  run: (world: StackWorld, { StackName: name, LogicalResourceId: logical, PhysicalResourceId: physical }) =>
    inStackWords(async () => {
      const head = name === undefined ? await ownerOf(world, physical ?? "") : await world.stacks.get(name);
      const all = await world.stacks.resources(head.id);
      const asked = all.filter(({ logicalId }) => logical === undefined || logicalId === logical);
      return { StackResources: asked.map((record) => resourceOf(head, record)) };
    }),
});

/** The stack that a physical resource belongs to. */
async function ownerOf(world: StackWorld, physicalId: string): Promise<StackRecord> {
  for (const head of await living(world))
    if ((await world.stacks.resources(head.id)).some((one) => one.physicalId === physicalId)) return head;
  throw invalid(`Stack for ${physicalId} does not exist`);
}

function resourceOf(head: StackRecord, record: ResourceRecord): StackResource {
  return {
    StackName: head.name,
    StackId: head.id,
    ...identityOf(record),
    Timestamp: record.changedAtMs,
    DriftInformation: { StackResourceDriftStatus: "NOT_CHECKED" },
  };
}

function identityOf({ logicalId, physicalId, type, status, reason }: ResourceRecord) {
  return {
    LogicalResourceId: logicalId,
    ...(physicalId !== undefined && { PhysicalResourceId: physicalId }),
    ResourceType: type,
    ResourceStatus: status,
    ...(reason !== undefined && { ResourceStatusReason: reason }),
  };
}

export const describeStackResource: Action<StackWorld> = action(model, "DescribeStackResource", {
  resources: ({ StackName }, place) => stackArns(place, StackName),
  serves: ["StackName", "LogicalResourceId"],
  unserved: {},
  run: (world: StackWorld, { StackName: name, LogicalResourceId: logical }) =>
    inStackWords(async () => {
      const head = await world.stacks.get(name);
      const record = (await world.stacks.resources(head.id)).find(({ logicalId }) => logicalId === logical);
      if (record === undefined) throw invalid(`Resource ${logical} does not exist for stack ${head.name}`);
      return {
        StackResourceDetail: {
          StackName: head.name,
          StackId: head.id,
          ...identityOf(record),
          LastUpdatedTimestamp: record.changedAtMs,
          DriftInformation: { StackResourceDriftStatus: "NOT_CHECKED" },
        },
      };
    }),
});

export const listStackResources: Action<StackWorld> = action(model, "ListStackResources", {
  resources: ({ StackName }, place) => stackArns(place, StackName),
  serves: ["StackName", "NextToken"],
  unserved: {},
  run: (world: StackWorld, { StackName: name, NextToken: token }) =>
    inStackWords(async () => {
      const head = await world.stacks.get(name);
      const { page, next } = pageOf(await world.stacks.resources(head.id), token);
      return {
        StackResourceSummaries: page.map((record) => ({
          ...identityOf(record),
          LastUpdatedTimestamp: record.changedAtMs,
          DriftInformation: { StackResourceDriftStatus: "NOT_CHECKED" },
        })),
        ...next,
      };
    }),
});

export const listExports: Action<StackWorld> = action(model, "ListExports", {
  serves: ["NextToken"],
  unserved: {},
  run: (world: StackWorld, { NextToken: token }) =>
    inStackWords(async () => {
      const { page, next } = pageOf([...(await world.stacks.exports())], token);
      return {
        Exports: page.map(([name, { value, stackId }]) => ({ ExportingStackId: stackId, Name: name, Value: value })),
        ...next,
      };
    }),
});

export const listImports: Action<StackWorld> = action(model, "ListImports", {
  serves: ["ExportName", "NextToken"],
  unserved: {},
  run: (world: StackWorld, { ExportName: name, NextToken: token }) =>
    inStackWords(async () => {
      const importers = await world.stacks.importers(name);
      if (importers.length === 0) throw invalid(`Export '${name}' is not imported by any stack.`);
      const { page, next } = pageOf(importers, token);
      return { Imports: page, ...next };
    }),
});
