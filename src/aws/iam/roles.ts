/** Roles: made, read, changed and removed; who may assume them is a policy of their own. */
import type { Role } from "#managed/identity/identities.ts";
import { roleId } from "#managed/identity/identities.ts";
import { type Action, action } from "../action.ts";
import { boundaryMembers, checkBoundary } from "./boundaries.ts";
import { model, type Role as RoleMembers } from "./model.gen.ts";
import { checkTrust, trustedIn } from "./trust.ts";
import {
  arnsOf,
  created,
  createdAt,
  encoded,
  existingRole,
  failure,
  type IamWorld,
  pageOf,
  tagged,
  tagKeys,
  tagMembers,
} from "./world.ts";

const named = ({ RoleName: name }: { readonly RoleName: string }, place: { readonly accountId: string }) =>
  arnsOf("role", name, place);

export const createRole: Action<IamWorld> = action(model, "CreateRole", {
  resources: ({ RoleName: name, Path: path }, place) => arnsOf("role", name, place, path),
  conditions: ({ PermissionsBoundary: boundary, Tags: tags }) => ({
    ...(boundary !== undefined && { "iam:PermissionsBoundary": boundary }),
    ...tagKeys(tags),
  }),
  serves: [
    "Path",
    "RoleName",
    "AssumeRolePolicyDocument",
    "Description",
    "MaxSessionDuration",
    "PermissionsBoundary",
    "Tags",
  ],
  unserved: {},
  run: async (world: IamWorld, input) => {
    const { RoleName: name, AssumeRolePolicyDocument: trustPolicy, PermissionsBoundary: boundary } = input;
    checkTrust(trustPolicy);
    checkBoundary(world, boundary);
    const trusted = trustedIn(world, trustPolicy);
    const { Path: path = "/", Description: description, MaxSessionDuration: maxSessionSeconds, Tags: tags } = input;
    const role = await created(
      () =>
        world.identities.roles.create(name, {
          path,
          trustPolicy,
          trusted,
          ...(description !== undefined && { description }),
          ...(maxSessionSeconds !== undefined && { maxSessionSeconds }),
          ...(boundary !== undefined && { permissionsBoundary: boundary }),
          ...(tags !== undefined && { tags: tagged(tags) }),
        }),
      `Role with name ${name} already exists.`,
    );
    await world.identities.knownRoles.add(name);
    return { Role: { ...roleMembers(world, role), ...tagMembers(role.spec.tags) } };
  },
});

export const getRole: Action<IamWorld> = action(model, "GetRole", {
  resources: named,
  serves: ["RoleName"],
  unserved: {},
  run: async (world: IamWorld, { RoleName: name }) => {
    const role = existingRole(world, name);
    return {
      Role: { ...roleMembers(world, role), ...boundaryMembers(role), ...tagMembers(role.spec.tags), RoleLastUsed: {} },
    };
  },
});

export const listRoles: Action<IamWorld> = action(model, "ListRoles", {
  serves: ["PathPrefix", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { PathPrefix: prefix = "/", ...asked }) => {
    const all = world.identities.roles.list().filter(({ spec }) => (spec.path ?? "/").startsWith(prefix));
    const { items, rest } = pageOf(all, asked);
    return { Roles: items.map((role) => roleMembers(world, role)), ...rest };
  },
});

export const updateRole: Action<IamWorld> = action(model, "UpdateRole", {
  resources: named,
  serves: ["RoleName", "Description", "MaxSessionDuration"],
  unserved: {},
  run: async (world: IamWorld, { RoleName: name, Description: description, MaxSessionDuration: seconds }) => {
    existingRole(world, name);
    await world.identities.roles.change(name, (spec) => ({
      ...spec,
      ...(description !== undefined && { description }),
      maxSessionSeconds: seconds ?? spec.maxSessionSeconds ?? 3_600,
    }));
    return {};
  },
});

export const updateRoleDescription: Action<IamWorld> = action(model, "UpdateRoleDescription", {
  resources: named,
  serves: ["RoleName", "Description"],
  unserved: {},
  run: async (world: IamWorld, { RoleName: name, Description: description }) => {
    await world.identities.roles.change(name, (spec) => ({ ...spec, description }));
    return { Role: roleMembers(world, existingRole(world, name)) };
  },
});

export const updateAssumeRolePolicy: Action<IamWorld> = action(model, "UpdateAssumeRolePolicy", {
  resources: named,
  serves: ["RoleName", "PolicyDocument"],
  unserved: {},
  run: async (world: IamWorld, { RoleName: name, PolicyDocument: trustPolicy }) => {
    existingRole(world, name);
    checkTrust(trustPolicy);
    const trusted = trustedIn(world, trustPolicy);
    await world.identities.roles.change(name, (spec) => ({ ...spec, trustPolicy, trusted }));
    return {};
  },
});

export const deleteRole: Action<IamWorld> = action(model, "DeleteRole", {
  resources: named,
  serves: ["RoleName"],
  unserved: {},
  run: async (world: IamWorld, { RoleName: name }) => {
    const { spec } = existingRole(world, name);
    if (world.identities.profiles.by("role", name).length > 0)
      throw conflict("must remove roles from instance profile first.");
    if ((spec.policies ?? []).length > 0) throw conflict("must detach all policies first.");
    if (Object.keys(spec.inlinePolicies ?? {}).length > 0) throw conflict("must delete policies first.");
    await world.identities.roles.remove(name);
    return {};
  },
});

export function conflict(first: string): Error {
  return failure("DeleteConflictException", `Cannot delete entity, ${first}`);
}

export function roleMembers({ identities }: IamWorld, role: Role): RoleMembers {
  const { description, path = "/", trustPolicy, maxSessionSeconds = 3_600 } = role.spec;
  return {
    Path: path,
    RoleName: role.metadata.name,
    RoleId: roleId(role),
    Arn: identities.roleArn(role),
    CreateDate: createdAt(role),
    AssumeRolePolicyDocument: encoded(trustPolicy),
    ...(description !== undefined && { Description: description }),
    MaxSessionDuration: maxSessionSeconds,
  };
}
