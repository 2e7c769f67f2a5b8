/** Instance profiles: how templates of EC2 hand a role to a machine. */
import { iamArn, uniqueId } from "#managed/identity/arn.ts";
import type { InstanceProfile } from "#managed/identity/identities.ts";
import { type Action, action } from "../action.ts";
import { type InstanceProfile as ProfileMembers, model } from "./model.gen.ts";
import { conflict, roleMembers } from "./roles.ts";
import {
  arnsOf,
  created,
  createdAt,
  existingProfile,
  existingRole,
  failure,
  type IamWorld,
  notThere,
  pageOf,
  tagged,
  tagKeys,
  tagMembers,
} from "./world.ts";

const named = (
  { InstanceProfileName: name }: { readonly InstanceProfileName: string },
  place: { readonly accountId: string },
) => arnsOf("instance-profile", name, place);

export const createInstanceProfile: Action<IamWorld> = action(model, "CreateInstanceProfile", {
  resources: ({ InstanceProfileName: name, Path: path }, place) => arnsOf("instance-profile", name, place, path),
  conditions: ({ Tags: tags }) => tagKeys(tags),
  serves: ["InstanceProfileName", "Path", "Tags"],
  unserved: {},
  run: async (world: IamWorld, { InstanceProfileName: name, Path: path = "/", Tags: tags }) => {
    const profile = await created(
      () => world.identities.profiles.create(name, { path, ...(tags !== undefined && { tags: tagged(tags) }) }),
      `Instance Profile ${name} already exists.`,
    );
    return { InstanceProfile: members(world, profile) };
  },
});

export const getInstanceProfile: Action<IamWorld> = action(model, "GetInstanceProfile", {
  resources: named,
  serves: ["InstanceProfileName"],
  unserved: {},
  run: async (world: IamWorld, { InstanceProfileName: name }) => ({
    InstanceProfile: members(world, existingProfile(world, name)),
  }),
});

export const listInstanceProfiles: Action<IamWorld> = action(model, "ListInstanceProfiles", {
  serves: ["PathPrefix", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { PathPrefix: prefix = "/", ...asked }) => {
    const all = world.identities.profiles.list().filter(({ spec }) => (spec.path ?? "/").startsWith(prefix));
    const { items, rest } = pageOf(all, asked);
    return { InstanceProfiles: items.map((profile) => members(world, profile)), ...rest };
  },
});

export const listInstanceProfilesForRole: Action<IamWorld> = action(model, "ListInstanceProfilesForRole", {
  resources: ({ RoleName: name }, place) => arnsOf("role", name, place),
  serves: ["RoleName", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { RoleName: name, ...asked }) => {
    existingRole(world, name);
    const { items, rest } = pageOf(world.identities.profiles.by("role", name), asked);
    return { InstanceProfiles: items.map((profile) => members(world, profile)), ...rest };
  },
});

/** Whoever puts a role on a machine hands it on (IAM User Guide, "Grant a user permissions to pass a role to an AWS service"). */
export const addRoleToInstanceProfile: Action<IamWorld> = action(model, "AddRoleToInstanceProfile", {
  resources: named,
  alsoNeeds: ({ RoleName: name }, place) =>
    arnsOf("role", name, place).map((resource) => ({ permission: "iam:PassRole", resource })),
  serves: ["InstanceProfileName", "RoleName"],
  unserved: {},
  run: async (world: IamWorld, { InstanceProfileName: name, RoleName: role }) => {
    existingRole(world, role);
    if (existingProfile(world, name).spec.role !== undefined)
      throw failure("LimitExceededException", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
    await world.identities.profiles.change(name, (spec) => ({ ...spec, role }));
    return {};
  },
});

export const removeRoleFromInstanceProfile: Action<IamWorld> = action(model, "RemoveRoleFromInstanceProfile", {
  resources: named,
  serves: ["InstanceProfileName", "RoleName"],
  unserved: {},
  run: async (world: IamWorld, { InstanceProfileName: name, RoleName: role }) => {
    if (existingProfile(world, name).spec.role !== role) throw notThere(`The role with name ${role}`);
    await world.identities.profiles.change(name, ({ role: _dropped, ...spec }) => spec);
    return {};
  },
});

export const deleteInstanceProfile: Action<IamWorld> = action(model, "DeleteInstanceProfile", {
  resources: named,
  serves: ["InstanceProfileName"],
  unserved: {},
  run: async (world: IamWorld, { InstanceProfileName: name }) => {
    if (existingProfile(world, name).spec.role !== undefined)
      throw conflict("must remove roles from instance profile first.");
    await world.identities.profiles.remove(name);
    return {};
  },
});

function members(world: IamWorld, profile: InstanceProfile): ProfileMembers {
  const { metadata, spec } = profile;
  const path = spec.path ?? "/";
  const role = spec.role === undefined ? null : world.identities.roles.find(spec.role);
  return {
    Path: path,
    InstanceProfileName: metadata.name,
    InstanceProfileId: uniqueId("AIPA", metadata.uid),
    Arn: iamArn(world.identities.accountId, "instance-profile", { path, name: metadata.name }),
    CreateDate: createdAt(profile),
    Roles: role === null ? [] : [roleMembers(world, role)],
    ...tagMembers(spec.tags),
  };
}
