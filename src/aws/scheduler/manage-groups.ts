/** Groups of schedules, and their tags. */
import { parseArn } from "#base/arn.ts";
import { DEFAULT_GROUP } from "#kinds/catamaran/schedule.ts";
import type { ScheduleGroup } from "#kinds/catamaran/schedule-group.ts";
import { type Action, action } from "../action.ts";
import { model, type ScheduleGroupSummary, type TagList } from "./model.gen.ts";
import {
  createdMs,
  failure,
  groupArn,
  groupAt,
  inSchedulerWords,
  invalid,
  pageOf,
  type ScheduleWorld,
} from "./world.ts";

/** The token that a group was made under: who repeats his request is answered as before. */
const MADE_BY = "catamaran.dev/client-token";

export const createScheduleGroup: Action<ScheduleWorld> = action(model, "CreateScheduleGroup", {
  resources: ({ Name }, place) => [groupArn(place, Name)],
  serves: ["Name", "Tags", "ClientToken"],
  unserved: {},
  run: async (world: ScheduleWorld, { Name: name, Tags = [], ClientToken: token }) => {
    const there = await world.schedules.findGroup(world.namespace, name);
    const isAgain = there !== null && token !== undefined && there.metadata.annotations?.[MADE_BY] === token;
    if (there !== null && !isAgain) throw failure("ConflictException", `Schedule group ${name} already exists.`);
    if (there === null)
      await inSchedulerWords(() =>
        world.schedules.createGroup({
          apiVersion: "catamaran.dev/v1",
          kind: "ScheduleGroup",
          metadata: {
            name,
            namespace: world.namespace,
            ...(token !== undefined && { annotations: { [MADE_BY]: token } }),
          },
          spec: Tags.length > 0 ? { tags: tagsOf(Tags) } : {},
        }),
      );
    return { ScheduleGroupArn: groupArn(world, name) };
  },
});

export const getScheduleGroup: Action<ScheduleWorld> = action(model, "GetScheduleGroup", {
  resources: ({ Name }, place) => [groupArn(place, Name)],
  serves: ["Name"],
  unserved: {},
  run: async (world: ScheduleWorld, { Name }) => summaryOf(world, await groupAt(world, Name)),
});

export const deleteScheduleGroup: Action<ScheduleWorld> = action(model, "DeleteScheduleGroup", {
  resources: ({ Name }, place) => [groupArn(place, Name)],
  serves: ["Name", "ClientToken"],
  unserved: {},
  // A repeated deletion finds nothing, whatever its token.
  run: async (world: ScheduleWorld, { Name, ClientToken: _token }) => {
    if (Name === DEFAULT_GROUP) throw invalid("Cannot delete the default schedule group.");
    await world.schedules.removeGroup(await groupAt(world, Name));
    return {};
  },
});

export const listScheduleGroups: Action<ScheduleWorld> = action(model, "ListScheduleGroups", {
  serves: ["NamePrefix", "NextToken", "MaxResults"],
  unserved: {},
  run: async (world: ScheduleWorld, { NamePrefix: prefix = "", ...page }) => {
    const all = world.schedules.groups(world.namespace).filter(({ metadata }) => metadata.name.startsWith(prefix));
    const found = pageOf(all, ({ metadata }) => metadata.name, page);
    return { ScheduleGroups: found.page.map((group) => summaryOf(world, group)), ...found.next };
  },
});

function summaryOf(world: ScheduleWorld, group: ScheduleGroup): ScheduleGroupSummary {
  const { name } = group.metadata;
  const made = createdMs(group);
  return { Arn: groupArn(world, name), Name: name, State: "ACTIVE", CreationDate: made, LastModificationDate: made };
}

function tagsOf(tags: TagList): Readonly<Record<string, string>> {
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}

function groupIn(world: ScheduleWorld, arn: string): Promise<ScheduleGroup> {
  const [kind, name] = (parseArn(arn)?.resource ?? "").split("/");
  if (kind !== "schedule-group") throw invalid("Only schedule groups have tags.");
  return groupAt(world, name);
}

function resourceArns({ ResourceArn }: { readonly ResourceArn: string }): readonly string[] {
  return [ResourceArn];
}

export const listTagsForResource: Action<ScheduleWorld> = action(model, "ListTagsForResource", {
  resources: resourceArns,
  serves: ["ResourceArn"],
  unserved: {},
  run: async (world: ScheduleWorld, { ResourceArn }) => {
    const { tags = {} } = (await groupIn(world, ResourceArn)).spec;
    return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
  },
});

export const tagResource: Action<ScheduleWorld> = action(model, "TagResource", {
  resources: resourceArns,
  serves: ["ResourceArn", "Tags"],
  unserved: {},
  run: async (world: ScheduleWorld, { ResourceArn, Tags }) => {
    const tags = tagsOf(Tags);
    await world.schedules.changeGroup(await groupIn(world, ResourceArn), (live) => ({
      ...live,
      spec: { ...live.spec, tags: { ...live.spec.tags, ...tags } },
    }));
    return {};
  },
});

export const untagResource: Action<ScheduleWorld> = action(model, "UntagResource", {
  resources: resourceArns,
  serves: ["ResourceArn", "TagKeys"],
  unserved: {},
  run: async (world: ScheduleWorld, { ResourceArn, TagKeys: keys }) => {
    await world.schedules.changeGroup(await groupIn(world, ResourceArn), (live) => {
      const kept = Object.entries(live.spec.tags ?? {}).filter(([key]) => !keys.includes(key));
      return { ...live, spec: { ...live.spec, tags: Object.fromEntries(kept) } };
    });
    return {};
  },
});
