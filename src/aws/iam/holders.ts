/** What has policies: a role, a user or a group, each with its own way to be found and changed. */
import type { IamRoleSpec } from "#kinds/catamaran/iam-role.ts";
import { existingGroup, existingRole, existingUser, type IamWorld } from "./world.ts";

type Rights = Pick<IamRoleSpec, "policies" | "inlinePolicies">;

export interface Holder extends Rights {
  readonly type: "role" | "user" | "group";
  readonly name: string;
  readonly change: (decide: (rights: Rights) => Rights) => Promise<unknown>;
}

export function roleHolder(world: IamWorld, name: string): Holder {
  const { spec } = existingRole(world, name);
  const change: Holder["change"] = (decide) =>
    world.identities.roles.change(name, (before) => ({ ...before, ...decide(before) }));
  return { ...rightsOf(spec), type: "role", name, change };
}

export function userHolder(world: IamWorld, name: string): Holder {
  const { spec } = existingUser(world, name);
  const change: Holder["change"] = (decide) =>
    world.identities.users.change(name, (before) => ({ ...before, ...decide(before) }));
  return { ...rightsOf(spec), type: "user", name, change };
}

export function groupHolder(world: IamWorld, name: string): Holder {
  const { spec } = existingGroup(world, name);
  const change: Holder["change"] = (decide) =>
    world.identities.groups.change(name, (before) => ({ ...before, ...decide(before) }));
  return { ...rightsOf(spec), type: "group", name, change };
}

function rightsOf({ policies = [], inlinePolicies = {} }: Rights): Required<Rights> {
  return { policies, inlinePolicies };
}
