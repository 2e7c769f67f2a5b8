/** Groups and who is in them. */
import { iamArn, uniqueId } from "#managed/identity/arn.ts";
import type { Group } from "#managed/identity/identities.ts";
import { type Action, action } from "../action.ts";
import { type Group as GroupMembers, model } from "./model.gen.ts";
import { conflict } from "./roles.ts";
import { userMembers } from "./users.ts";
import { arnsOf, created, createdAt, existingGroup, existingUser, failure, type IamWorld, pageOf } from "./world.ts";

const named = ({ GroupName: name }: { readonly GroupName: string }, place: { readonly accountId: string }) =>
  arnsOf("group", name, place);

export const createGroup: Action<IamWorld> = action(model, "CreateGroup", {
  resources: ({ GroupName: name, Path: path }, place) => arnsOf("group", name, place, path),
  serves: ["Path", "GroupName"],
  unserved: {},
  run: async (world: IamWorld, { Path: path = "/", GroupName: name }) => {
    const create = (): Promise<Group> => world.identities.groups.create(name, { path });
    return { Group: groupMembers(world, await created(create, `Group with name ${name} already exists.`)) };
  },
});

export const getGroup: Action<IamWorld> = action(model, "GetGroup", {
  resources: named,
  serves: ["GroupName", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { GroupName: name, ...asked }) => {
    const group = existingGroup(world, name);
    const { items, rest } = pageOf(world.identities.users.by("group", name), asked);
    return { Group: groupMembers(world, group), Users: items.map((user) => userMembers(world, user)), ...rest };
  },
});

export const listGroups: Action<IamWorld> = action(model, "ListGroups", {
  serves: ["PathPrefix", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { PathPrefix: prefix = "/", ...asked }) => {
    const all = world.identities.groups.list().filter(({ spec }) => (spec.path ?? "/").startsWith(prefix));
    const { items, rest } = pageOf(all, asked);
    return { Groups: items.map((group) => groupMembers(world, group)), ...rest };
  },
});

export const listGroupsForUser: Action<IamWorld> = action(model, "ListGroupsForUser", {
  resources: ({ UserName: name }, place) => arnsOf("user", name, place),
  serves: ["UserName", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { UserName: name, ...asked }) => {
    const { groups = [] } = existingUser(world, name).spec;
    const all = groups.flatMap((group) => world.identities.groups.find(group) ?? []);
    const { items, rest } = pageOf(all, asked);
    return { Groups: items.map((group) => groupMembers(world, group)), ...rest };
  },
});

export const updateGroup: Action<IamWorld> = action(model, "UpdateGroup", {
  resources: named,
  serves: ["GroupName", "NewPath"],
  unserved: { NewGroupName: "make a group of that name" },
  run: async (world: IamWorld, { GroupName: name, NewPath: path }) => {
    existingGroup(world, name);
    if (path !== undefined) await world.identities.groups.change(name, (spec) => ({ ...spec, path }));
    return {};
  },
});

export const deleteGroup: Action<IamWorld> = action(model, "DeleteGroup", {
  resources: named,
  serves: ["GroupName"],
  unserved: {},
  run: async (world: IamWorld, { GroupName: name }) => {
    const { policies = [], inlinePolicies = {} } = existingGroup(world, name).spec;
    if (world.identities.users.by("group", name).length > 0) throw conflict("must remove users from group first.");
    if (policies.length > 0) throw conflict("must detach all policies first.");
    if (Object.keys(inlinePolicies).length > 0) throw conflict("must delete policies first.");
    await world.identities.groups.remove(name);
    return {};
  },
});

const MAX_GROUPS = 10;

export const addUserToGroup: Action<IamWorld> = action(model, "AddUserToGroup", {
  resources: named,
  serves: ["GroupName", "UserName"],
  unserved: {},
  run: async (world: IamWorld, { GroupName: group, UserName: name }) => {
    existingGroup(world, group);
    const { groups = [] } = existingUser(world, name).spec;
    if (groups.includes(group)) return {};
    if (groups.length >= MAX_GROUPS)
      throw failure("LimitExceededException", `Cannot exceed quota for GroupsPerUser: ${MAX_GROUPS}`);
    await world.identities.users.change(name, (spec) => ({
      ...spec,
      groups: [...(spec.groups ?? []).filter((other) => other !== group), group],
    }));
    return {};
  },
});

export const removeUserFromGroup: Action<IamWorld> = action(model, "RemoveUserFromGroup", {
  resources: named,
  serves: ["GroupName", "UserName"],
  unserved: {},
  run: async (world: IamWorld, { GroupName: group, UserName: name }) => {
    existingGroup(world, group);
    existingUser(world, name);
    await world.identities.users.change(name, (spec) => ({
      ...spec,
      groups: (spec.groups ?? []).filter((other) => other !== group),
    }));
    return {};
  },
});

export function groupMembers({ identities }: IamWorld, group: Group): GroupMembers {
  const { metadata, spec } = group;
  const path = spec.path ?? "/";
  return {
    Path: path,
    GroupName: metadata.name,
    GroupId: uniqueId("AGPA", metadata.uid),
    Arn: iamArn(identities.accountId, "group", { path, name: metadata.name }),
    CreateDate: createdAt(group),
  };
}
