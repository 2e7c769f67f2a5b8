/** Tags of roles, users, policies, instance profiles and identity providers. */
import { providerName } from "#managed/identity/arn.ts";
import { type Action, action } from "../action.ts";
import { model } from "./model.gen.ts";
import { existingProvider } from "./oidc-providers.ts";
import { ownPolicy } from "./policies.ts";
import {
  arnsOf,
  existingProfile,
  existingRole,
  existingUser,
  type IamWorld,
  pageOf,
  tagged,
  tagKeys,
  tagList,
} from "./world.ts";

type Tags = Readonly<Record<string, string>>;

function without(tags: Tags = {}, keys: readonly string[]): Tags {
  const gone = new Set(keys.map((key) => key.toLowerCase()));
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key.toLowerCase())));
}

const untagging = ({ TagKeys: keys }: { readonly TagKeys: readonly string[] }) => ({ "aws:TagKeys": keys });

export const tagRole: Action<IamWorld> = action(model, "TagRole", {
  resources: ({ RoleName: name }, place) => arnsOf("role", name, place),
  conditions: ({ Tags: tags }) => tagKeys(tags),
  serves: ["RoleName", "Tags"],
  unserved: {},
  run: async (world: IamWorld, { RoleName: name, Tags: tags }) => {
    existingRole(world, name);
    await world.identities.roles.change(name, (spec) => ({ ...spec, tags: tagged(tags, spec.tags) }));
    return {};
  },
});

export const untagRole: Action<IamWorld> = action(model, "UntagRole", {
  resources: ({ RoleName: name }, place) => arnsOf("role", name, place),
  conditions: untagging,
  serves: ["RoleName", "TagKeys"],
  unserved: {},
  run: async (world: IamWorld, { RoleName: name, TagKeys: keys }) => {
    existingRole(world, name);
    await world.identities.roles.change(name, (spec) => ({ ...spec, tags: without(spec.tags, keys) }));
    return {};
  },
});

export const listRoleTags: Action<IamWorld> = action(model, "ListRoleTags", {
  resources: ({ RoleName: name }, place) => arnsOf("role", name, place),
  serves: ["RoleName", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { RoleName: name, ...asked }) => {
    const { items, rest } = pageOf(tagList(existingRole(world, name).spec.tags), asked);
    return { Tags: items, ...rest };
  },
});

export const tagUser: Action<IamWorld> = action(model, "TagUser", {
  resources: ({ UserName: name }, place) => arnsOf("user", name, place),
  conditions: ({ Tags: tags }) => tagKeys(tags),
  serves: ["UserName", "Tags"],
  unserved: {},
  run: async (world: IamWorld, { UserName: name, Tags: tags }) => {
    existingUser(world, name);
    await world.identities.users.change(name, (spec) => ({ ...spec, tags: tagged(tags, spec.tags) }));
    return {};
  },
});

export const untagUser: Action<IamWorld> = action(model, "UntagUser", {
  resources: ({ UserName: name }, place) => arnsOf("user", name, place),
  conditions: untagging,
  serves: ["UserName", "TagKeys"],
  unserved: {},
  run: async (world: IamWorld, { UserName: name, TagKeys: keys }) => {
    existingUser(world, name);
    await world.identities.users.change(name, (spec) => ({ ...spec, tags: without(spec.tags, keys) }));
    return {};
  },
});

export const listUserTags: Action<IamWorld> = action(model, "ListUserTags", {
  resources: ({ UserName: name }, place) => arnsOf("user", name, place),
  serves: ["UserName", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { UserName: name, ...asked }) => {
    const { items, rest } = pageOf(tagList(existingUser(world, name).spec.tags), asked);
    return { Tags: items, ...rest };
  },
});

export const tagInstanceProfile: Action<IamWorld> = action(model, "TagInstanceProfile", {
  resources: ({ InstanceProfileName: name }, place) => arnsOf("instance-profile", name, place),
  conditions: ({ Tags: tags }) => tagKeys(tags),
  serves: ["InstanceProfileName", "Tags"],
  unserved: {},
  run: async (world: IamWorld, { InstanceProfileName: name, Tags: tags }) => {
    existingProfile(world, name);
    await world.identities.profiles.change(name, (spec) => ({ ...spec, tags: tagged(tags, spec.tags) }));
    return {};
  },
});

export const untagInstanceProfile: Action<IamWorld> = action(model, "UntagInstanceProfile", {
  resources: ({ InstanceProfileName: name }, place) => arnsOf("instance-profile", name, place),
  conditions: untagging,
  serves: ["InstanceProfileName", "TagKeys"],
  unserved: {},
  run: async (world: IamWorld, { InstanceProfileName: name, TagKeys: keys }) => {
    existingProfile(world, name);
    await world.identities.profiles.change(name, (spec) => ({ ...spec, tags: without(spec.tags, keys) }));
    return {};
  },
});

export const listInstanceProfileTags: Action<IamWorld> = action(model, "ListInstanceProfileTags", {
  resources: ({ InstanceProfileName: name }, place) => arnsOf("instance-profile", name, place),
  serves: ["InstanceProfileName", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { InstanceProfileName: name, ...asked }) => {
    const { items, rest } = pageOf(tagList(existingProfile(world, name).spec.tags), asked);
    return { Tags: items, ...rest };
  },
});

export const tagPolicy: Action<IamWorld> = action(model, "TagPolicy", {
  resources: ({ PolicyArn: name }) => [name],
  conditions: ({ Tags: tags }) => tagKeys(tags),
  serves: ["PolicyArn", "Tags"],
  unserved: {},
  run: async (world: IamWorld, { PolicyArn: name, Tags: tags }) => {
    ownPolicy(world, name);
    await world.identities.policies.change(ownPolicy(world, name).metadata.name, (spec) => ({
      ...spec,
      tags: tagged(tags, spec.tags),
    }));
    return {};
  },
});

export const untagPolicy: Action<IamWorld> = action(model, "UntagPolicy", {
  resources: ({ PolicyArn: name }) => [name],
  conditions: untagging,
  serves: ["PolicyArn", "TagKeys"],
  unserved: {},
  run: async (world: IamWorld, { PolicyArn: name, TagKeys: keys }) => {
    ownPolicy(world, name);
    await world.identities.policies.change(ownPolicy(world, name).metadata.name, (spec) => ({
      ...spec,
      tags: without(spec.tags, keys),
    }));
    return {};
  },
});

export const listPolicyTags: Action<IamWorld> = action(model, "ListPolicyTags", {
  resources: ({ PolicyArn: name }) => [name],
  serves: ["PolicyArn", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { PolicyArn: name, ...asked }) => {
    const { items, rest } = pageOf(tagList(ownPolicy(world, name).spec.tags), asked);
    return { Tags: items, ...rest };
  },
});

export const tagOpenIDConnectProvider: Action<IamWorld> = action(model, "TagOpenIDConnectProvider", {
  resources: ({ OpenIDConnectProviderArn: name }) => [name],
  conditions: ({ Tags: tags }) => tagKeys(tags),
  serves: ["OpenIDConnectProviderArn", "Tags"],
  unserved: {},
  run: async (world: IamWorld, { OpenIDConnectProviderArn: name, Tags: tags }) => {
    existingProvider(world, name);
    await world.identities.providers.change(providerName(name), (spec) => ({ ...spec, tags: tagged(tags, spec.tags) }));
    return {};
  },
});

export const untagOpenIDConnectProvider: Action<IamWorld> = action(model, "UntagOpenIDConnectProvider", {
  resources: ({ OpenIDConnectProviderArn: name }) => [name],
  conditions: untagging,
  serves: ["OpenIDConnectProviderArn", "TagKeys"],
  unserved: {},
  run: async (world: IamWorld, { OpenIDConnectProviderArn: name, TagKeys: keys }) => {
    existingProvider(world, name);
    await world.identities.providers.change(providerName(name), (spec) => ({
      ...spec,
      tags: without(spec.tags, keys),
    }));
    return {};
  },
});

export const listOpenIDConnectProviderTags: Action<IamWorld> = action(model, "ListOpenIDConnectProviderTags", {
  resources: ({ OpenIDConnectProviderArn: name }) => [name],
  serves: ["OpenIDConnectProviderArn", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { OpenIDConnectProviderArn: name, ...asked }) => {
    const { items, rest } = pageOf(tagList(existingProvider(world, name).spec.tags), asked);
    return { Tags: items, ...rest };
  },
});
