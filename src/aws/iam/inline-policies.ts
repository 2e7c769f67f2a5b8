/** Policies that are written into a role, a user or a group. */
import { type Action, action } from "../action.ts";
import { groupHolder, type Holder, roleHolder, userHolder } from "./holders.ts";
import { model } from "./model.gen.ts";
import { arnsOf, checkDocument, encoded, failure, type IamWorld, notThere, pageOf, sizeOf } from "./world.ts";

export const putRolePolicy: Action<IamWorld> = action(model, "PutRolePolicy", {
  resources: ({ RoleName: name }, place) => arnsOf("role", name, place),
  serves: ["RoleName", "PolicyName", "PolicyDocument"],
  unserved: {},
  run: async (world: IamWorld, { RoleName: name, PolicyName: policy, PolicyDocument: document }) => {
    await put(roleHolder(world, name), policy, document);
    return {};
  },
});

export const getRolePolicy: Action<IamWorld> = action(model, "GetRolePolicy", {
  resources: ({ RoleName: name }, place) => arnsOf("role", name, place),
  serves: ["RoleName", "PolicyName"],
  unserved: {},
  run: async (world: IamWorld, { RoleName: name, PolicyName: policy }) => ({
    RoleName: name,
    PolicyName: policy,
    PolicyDocument: encoded(existing(roleHolder(world, name), policy)),
  }),
});

export const listRolePolicies: Action<IamWorld> = action(model, "ListRolePolicies", {
  resources: ({ RoleName: name }, place) => arnsOf("role", name, place),
  serves: ["RoleName", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { RoleName: name, ...asked }) => {
    const { items, rest } = pageOf(namesOf(roleHolder(world, name)), asked);
    return { PolicyNames: items, ...rest };
  },
});

export const deleteRolePolicy: Action<IamWorld> = action(model, "DeleteRolePolicy", {
  resources: ({ RoleName: name }, place) => arnsOf("role", name, place),
  serves: ["RoleName", "PolicyName"],
  unserved: {},
  run: async (world: IamWorld, { RoleName: name, PolicyName: policy }) => {
    await drop(roleHolder(world, name), policy);
    return {};
  },
});

export const putUserPolicy: Action<IamWorld> = action(model, "PutUserPolicy", {
  resources: ({ UserName: name }, place) => arnsOf("user", name, place),
  serves: ["UserName", "PolicyName", "PolicyDocument"],
  unserved: {},
  run: async (world: IamWorld, { UserName: name, PolicyName: policy, PolicyDocument: document }) => {
    await put(userHolder(world, name), policy, document);
    return {};
  },
});

export const getUserPolicy: Action<IamWorld> = action(model, "GetUserPolicy", {
  resources: ({ UserName: name }, place) => arnsOf("user", name, place),
  serves: ["UserName", "PolicyName"],
  unserved: {},
  run: async (world: IamWorld, { UserName: name, PolicyName: policy }) => ({
    UserName: name,
    PolicyName: policy,
    PolicyDocument: encoded(existing(userHolder(world, name), policy)),
  }),
});

export const listUserPolicies: Action<IamWorld> = action(model, "ListUserPolicies", {
  resources: ({ UserName: name }, place) => arnsOf("user", name, place),
  serves: ["UserName", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { UserName: name, ...asked }) => {
    const { items, rest } = pageOf(namesOf(userHolder(world, name)), asked);
    return { PolicyNames: items, ...rest };
  },
});

export const deleteUserPolicy: Action<IamWorld> = action(model, "DeleteUserPolicy", {
  resources: ({ UserName: name }, place) => arnsOf("user", name, place),
  serves: ["UserName", "PolicyName"],
  unserved: {},
  run: async (world: IamWorld, { UserName: name, PolicyName: policy }) => {
    await drop(userHolder(world, name), policy);
    return {};
  },
});

export const putGroupPolicy: Action<IamWorld> = action(model, "PutGroupPolicy", {
  resources: ({ GroupName: name }, place) => arnsOf("group", name, place),
  serves: ["GroupName", "PolicyName", "PolicyDocument"],
  unserved: {},
  run: async (world: IamWorld, { GroupName: name, PolicyName: policy, PolicyDocument: document }) => {
    await put(groupHolder(world, name), policy, document);
    return {};
  },
});

export const getGroupPolicy: Action<IamWorld> = action(model, "GetGroupPolicy", {
  resources: ({ GroupName: name }, place) => arnsOf("group", name, place),
  serves: ["GroupName", "PolicyName"],
  unserved: {},
  run: async (world: IamWorld, { GroupName: name, PolicyName: policy }) => ({
    GroupName: name,
    PolicyName: policy,
    PolicyDocument: encoded(existing(groupHolder(world, name), policy)),
  }),
});

export const listGroupPolicies: Action<IamWorld> = action(model, "ListGroupPolicies", {
  resources: ({ GroupName: name }, place) => arnsOf("group", name, place),
  serves: ["GroupName", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { GroupName: name, ...asked }) => {
    const { items, rest } = pageOf(namesOf(groupHolder(world, name)), asked);
    return { PolicyNames: items, ...rest };
  },
});

export const deleteGroupPolicy: Action<IamWorld> = action(model, "DeleteGroupPolicy", {
  resources: ({ GroupName: name }, place) => arnsOf("group", name, place),
  serves: ["GroupName", "PolicyName"],
  unserved: {},
  run: async (world: IamWorld, { GroupName: name, PolicyName: policy }) => {
    await drop(groupHolder(world, name), policy);
    return {};
  },
});

// IAM User Guide, "IAM and AWS STS quotas": of all inline policies together.
const MAX_SIZES = { role: 10_240, user: 2_048, group: 5_120 } as const;

async function put({ type, name, change }: Holder, policy: string, document: string): Promise<void> {
  const max = MAX_SIZES[type];
  const exceeded = `Maximum policy size of ${max} bytes exceeded for ${type} ${name}`;
  checkDocument(document, "identity", { max, exceeded });
  await change((rights) => {
    const inlinePolicies = { ...rights.inlinePolicies, [policy]: document };
    const size = Object.values(inlinePolicies).reduce((total, text) => total + sizeOf(text), 0);
    if (size > max) throw failure("LimitExceededException", exceeded);
    return { ...rights, inlinePolicies };
  });
}

function namesOf({ inlinePolicies = {} }: Holder): readonly string[] {
  return Object.keys(inlinePolicies).toSorted();
}

function existing({ type, inlinePolicies = {} }: Holder, policy: string): string {
  const found = Object.hasOwn(inlinePolicies, policy) ? inlinePolicies[policy] : undefined;
  if (found === undefined) throw notThere(`The ${type} policy with name ${policy}`);
  return found;
}

async function drop(holder: Holder, policy: string): Promise<void> {
  existing(holder, policy);
  await holder.change((rights) => {
    const { [policy]: _dropped, ...inlinePolicies } = rights.inlinePolicies ?? {};
    return { ...rights, inlinePolicies };
  });
}
