/** Managed policies on roles, users and groups, and back from a policy to whoever has it. */
import { uniqueId } from "#managed/identity/arn.ts";
import { type Action, action } from "../action.ts";
import { groupHolder, type Holder, roleHolder, userHolder } from "./holders.ts";
import { type AttachedPolicy, model } from "./model.gen.ts";
import { arnsOf, failure, type IamWorld, pageOf } from "./world.ts";

export const attachRolePolicy: Action<IamWorld> = action(model, "AttachRolePolicy", {
  resources: ({ RoleName: name }, place) => arnsOf("role", name, place),
  conditions: ({ PolicyArn: arn }) => ({ "iam:PolicyARN": arn }),
  serves: ["RoleName", "PolicyArn"],
  unserved: {},
  run: async (world: IamWorld, { RoleName: name, PolicyArn: arn }) => {
    await attach(world, roleHolder(world, name), arn);
    return {};
  },
});

export const detachRolePolicy: Action<IamWorld> = action(model, "DetachRolePolicy", {
  resources: ({ RoleName: name }, place) => arnsOf("role", name, place),
  conditions: ({ PolicyArn: arn }) => ({ "iam:PolicyARN": arn }),
  serves: ["RoleName", "PolicyArn"],
  unserved: {},
  run: async (world: IamWorld, { RoleName: name, PolicyArn: arn }) => {
    await detach(roleHolder(world, name), arn);
    return {};
  },
});

export const listAttachedRolePolicies: Action<IamWorld> = action(model, "ListAttachedRolePolicies", {
  resources: ({ RoleName: name }, place) => arnsOf("role", name, place),
  serves: ["RoleName", "PathPrefix", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { RoleName: name, PathPrefix: prefix = "/", ...asked }) => {
    const { items, rest } = pageOf(attachedTo(roleHolder(world, name), prefix), asked);
    return { AttachedPolicies: items, ...rest };
  },
});

export const attachUserPolicy: Action<IamWorld> = action(model, "AttachUserPolicy", {
  resources: ({ UserName: name }, place) => arnsOf("user", name, place),
  conditions: ({ PolicyArn: arn }) => ({ "iam:PolicyARN": arn }),
  serves: ["UserName", "PolicyArn"],
  unserved: {},
  run: async (world: IamWorld, { UserName: name, PolicyArn: arn }) => {
    await attach(world, userHolder(world, name), arn);
    return {};
  },
});

export const detachUserPolicy: Action<IamWorld> = action(model, "DetachUserPolicy", {
  resources: ({ UserName: name }, place) => arnsOf("user", name, place),
  conditions: ({ PolicyArn: arn }) => ({ "iam:PolicyARN": arn }),
  serves: ["UserName", "PolicyArn"],
  unserved: {},
  run: async (world: IamWorld, { UserName: name, PolicyArn: arn }) => {
    await detach(userHolder(world, name), arn);
    return {};
  },
});

export const listAttachedUserPolicies: Action<IamWorld> = action(model, "ListAttachedUserPolicies", {
  resources: ({ UserName: name }, place) => arnsOf("user", name, place),
  serves: ["UserName", "PathPrefix", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { UserName: name, PathPrefix: prefix = "/", ...asked }) => {
    const { items, rest } = pageOf(attachedTo(userHolder(world, name), prefix), asked);
    return { AttachedPolicies: items, ...rest };
  },
});

export const attachGroupPolicy: Action<IamWorld> = action(model, "AttachGroupPolicy", {
  resources: ({ GroupName: name }, place) => arnsOf("group", name, place),
  conditions: ({ PolicyArn: arn }) => ({ "iam:PolicyARN": arn }),
  serves: ["GroupName", "PolicyArn"],
  unserved: {},
  run: async (world: IamWorld, { GroupName: name, PolicyArn: arn }) => {
    await attach(world, groupHolder(world, name), arn);
    return {};
  },
});

export const detachGroupPolicy: Action<IamWorld> = action(model, "DetachGroupPolicy", {
  resources: ({ GroupName: name }, place) => arnsOf("group", name, place),
  conditions: ({ PolicyArn: arn }) => ({ "iam:PolicyARN": arn }),
  serves: ["GroupName", "PolicyArn"],
  unserved: {},
  run: async (world: IamWorld, { GroupName: name, PolicyArn: arn }) => {
    await detach(groupHolder(world, name), arn);
    return {};
  },
});

export const listAttachedGroupPolicies: Action<IamWorld> = action(model, "ListAttachedGroupPolicies", {
  resources: ({ GroupName: name }, place) => arnsOf("group", name, place),
  serves: ["GroupName", "PathPrefix", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { GroupName: name, PathPrefix: prefix = "/", ...asked }) => {
    const { items, rest } = pageOf(attachedTo(groupHolder(world, name), prefix), asked);
    return { AttachedPolicies: items, ...rest };
  },
});

const MAX_ATTACHED = 20;
const QUOTAS = { role: "PoliciesPerRole", user: "PoliciesPerUser", group: "PoliciesPerGroup" } as const;

async function attach({ identities }: IamWorld, { type, change }: Holder, arn: string): Promise<void> {
  if (identities.policyAt(arn) === null)
    throw failure("NoSuchEntityException", `Policy ${arn} does not exist or is not attachable.`);
  await change((rights) => {
    const policies = [...(rights.policies ?? []).filter((other) => other !== arn), arn];
    if (policies.length > MAX_ATTACHED)
      throw failure("LimitExceededException", `Cannot exceed quota for ${QUOTAS[type]}: ${MAX_ATTACHED}`);
    return { ...rights, policies };
  });
}

async function detach({ policies = [], change }: Holder, arn: string): Promise<void> {
  if (!policies.includes(arn)) throw failure("NoSuchEntityException", `Policy ${arn} was not found.`);
  await change((rights) => ({ ...rights, policies: (rights.policies ?? []).filter((other) => other !== arn) }));
}

function attachedTo({ policies = [] }: Holder, prefix: string): readonly AttachedPolicy[] {
  return policies
    .filter((arn) => arn.slice(arn.indexOf("/")).startsWith(prefix))
    .map((arn) => ({ PolicyName: arn.slice(arn.lastIndexOf("/") + 1), PolicyArn: arn }));
}

export const listEntitiesForPolicy: Action<IamWorld> = action(model, "ListEntitiesForPolicy", {
  resources: ({ PolicyArn: arn }) => [arn],
  serves: ["PolicyArn", "EntityFilter", "PathPrefix", "PolicyUsageFilter", "Marker", "MaxItems"],
  unserved: {
    "EntityFilter=LocalManagedPolicy": "ask for User, Role or Group",
    "EntityFilter=AWSManagedPolicy": "ask for User, Role or Group",
  },
  run: async (world: IamWorld, input) => {
    const {
      PolicyArn: arn,
      EntityFilter: wanted,
      PathPrefix: prefix = "/",
      PolicyUsageFilter: usage,
      ...asked
    } = input;
    if (world.identities.policyAt(arn) === null) throw failure("NoSuchEntityException", `Policy ${arn} was not found.`);
    const index = usage === "PermissionsBoundary" ? "boundary" : "policy";
    const { users, roles, groups } = world.identities;
    const isWanted = (type: string): boolean => wanted === undefined || wanted === type;
    const all = [
      ...(isWanted("Role") ? roles.by(index, arn).map((one) => ({ type: "role", ...one })) : []),
      ...(isWanted("User") ? users.by(index, arn).map((one) => ({ type: "user", ...one })) : []),
      ...(isWanted("Group") && index === "policy"
        ? groups.by(index, arn).map((one) => ({ type: "group", ...one }))
        : []),
    ].filter(({ spec }) => (spec.path ?? "/").startsWith(prefix));
    const { items, rest } = pageOf(all, asked);
    const of = (type: string): typeof items => items.filter((one) => one.type === type);
    return {
      PolicyRoles: of("role").map(({ metadata: { name, uid } }) => ({ RoleName: name, RoleId: uniqueId("AROA", uid) })),
      PolicyUsers: of("user").map(({ metadata: { name, uid } }) => ({ UserName: name, UserId: uniqueId("AIDA", uid) })),
      PolicyGroups: of("group").map(({ metadata: { name, uid } }) => ({
        GroupName: name,
        GroupId: uniqueId("AGPA", uid),
      })),
      ...rest,
    };
  },
});
