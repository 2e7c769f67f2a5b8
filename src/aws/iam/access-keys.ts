/** Access keys of users. Their secrets are told once, when they are made, and kept nowhere. */
import { type Action, action } from "../action.ts";
import { model } from "./model.gen.ts";
import { arnsOf, existingUser, failure, type IamWorld, notThere, ownName, pageOf } from "./world.ts";

const MAX_KEYS = 2;

const ofUser = ({ UserName: name }: { readonly UserName?: string }, place: { readonly accountId: string }) =>
  name === undefined ? ["*"] : arnsOf("user", name, place);

export const createAccessKey: Action<IamWorld> = action(model, "CreateAccessKey", {
  resources: ofUser,
  serves: ["UserName"],
  unserved: {},
  run: async (world: IamWorld, { UserName: given }, { caller, now }) => {
    const name = ownName(caller, given);
    existingUser(world, name);
    const id = world.newAccessKeyId();
    await world.identities.users.change(name, (spec) => {
      const { accessKeys = [] } = spec;
      if (accessKeys.length >= MAX_KEYS)
        throw failure("LimitExceededException", `Cannot exceed quota for AccessKeysPerUser: ${MAX_KEYS}`);
      return { ...spec, accessKeys: [...accessKeys, { id, state: "Active", createdAt: new Date(now).toISOString() }] };
    });
    return {
      AccessKey: {
        UserName: name,
        AccessKeyId: id,
        Status: "Active" as const,
        SecretAccessKey: world.secretOf(id),
        CreateDate: now,
      },
    };
  },
});

export const listAccessKeys: Action<IamWorld> = action(model, "ListAccessKeys", {
  resources: ofUser,
  serves: ["UserName", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { UserName: given, ...asked }, { caller }) => {
    const name = ownName(caller, given);
    const { items, rest } = pageOf(existingUser(world, name).spec.accessKeys ?? [], asked);
    return {
      AccessKeyMetadata: items.map(({ id, state = "Active", createdAt }) => ({
        UserName: name,
        AccessKeyId: id,
        Status: state,
        CreateDate: Date.parse(createdAt),
      })),
      ...rest,
    };
  },
});

export const updateAccessKey: Action<IamWorld> = action(model, "UpdateAccessKey", {
  resources: ofUser,
  serves: ["UserName", "AccessKeyId", "Status"],
  unserved: { "Status=Expired": "make it Inactive" },
  run: async (world: IamWorld, { UserName: given, AccessKeyId: id, Status: status }, { caller }) => {
    const name = ownName(caller, given);
    checkKey(world, name, id);
    const state = status === "Active" ? "Active" : "Inactive";
    await world.identities.users.change(name, (spec) => ({
      ...spec,
      accessKeys: (spec.accessKeys ?? []).map((key) => (key.id === id ? { ...key, state } : key)),
    }));
    return {};
  },
});

export const deleteAccessKey: Action<IamWorld> = action(model, "DeleteAccessKey", {
  resources: ofUser,
  serves: ["UserName", "AccessKeyId"],
  unserved: {},
  run: async (world: IamWorld, { UserName: given, AccessKeyId: id }, { caller }) => {
    const name = ownName(caller, given);
    checkKey(world, name, id);
    await world.identities.users.change(name, (spec) => ({
      ...spec,
      accessKeys: (spec.accessKeys ?? []).filter((key) => key.id !== id),
    }));
    return {};
  },
});

function checkKey(world: IamWorld, name: string, id: string): void {
  const { accessKeys = [] } = existingUser(world, name).spec;
  if (!accessKeys.some((key) => key.id === id)) throw notThere(`The Access Key with id ${id}`);
}
