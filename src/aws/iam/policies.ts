/** Managed policies and their versions: those of the account, and AWS's own to read and attach. */
import { iamArn, uniqueId } from "#managed/identity/arn.ts";
import { type AwsPolicy, awsPolicies } from "#managed/identity/aws-policies.ts";
import type { ManagedPolicy } from "#managed/identity/identities.ts";
import { type Action, action } from "../action.ts";
import { model, type Policy, type PolicyVersion } from "./model.gen.ts";
import {
  arnsOf,
  checkDocument,
  created,
  createdAt,
  encoded,
  failure,
  type IamWorld,
  invalid,
  pageOf,
  tagged,
  tagKeys,
  tagMembers,
} from "./world.ts";

const QUOTA = { max: 6_144, exceeded: "Cannot exceed quota for PolicySize: 6144" };
const MAX_VERSIONS = 5;

const itself = ({ PolicyArn: arn }: { readonly PolicyArn: string }): readonly string[] => [arn];

export const createPolicy: Action<IamWorld> = action(model, "CreatePolicy", {
  resources: ({ PolicyName: name, Path: path }, place) => arnsOf("policy", name, place, path),
  conditions: ({ Tags: tags }) => tagKeys(tags),
  serves: ["PolicyName", "Path", "PolicyDocument", "Description", "Tags"],
  unserved: {},
  run: async (world: IamWorld, input, { now }) => {
    const {
      PolicyName: name,
      Path: path = "/",
      PolicyDocument: document,
      Description: description,
      Tags: tags,
    } = input;
    checkDocument(document, "identity", QUOTA);
    const version = { id: "v1", document, createdAt: new Date(now).toISOString() };
    const policy = await created(
      () =>
        world.identities.policies.create(name, {
          path,
          versions: [version],
          defaultVersion: version.id,
          ...(description !== undefined && { description }),
          ...(tags !== undefined && { tags: tagged(tags) }),
        }),
      `A policy called ${name} already exists. Duplicate names are not allowed.`,
    );
    return { Policy: { ...members(world, policy), ...tagMembers(policy.spec.tags) } };
  },
});

export const getPolicy: Action<IamWorld> = action(model, "GetPolicy", {
  resources: itself,
  serves: ["PolicyArn"],
  unserved: {},
  run: async (world: IamWorld, { PolicyArn: arn }) => {
    const policy = existing(world, arn);
    const own =
      "spec" in policy
        ? { Description: policy.spec.description ?? "", Tags: tagMembers(policy.spec.tags).Tags ?? [] }
        : {};
    return { Policy: { ...members(world, policy), ...own } };
  },
});

export const listPolicies: Action<IamWorld> = action(model, "ListPolicies", {
  serves: ["Scope", "OnlyAttached", "PathPrefix", "PolicyUsageFilter", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, input) => {
    const {
      Scope: scope = "All",
      OnlyAttached: isAttached,
      PathPrefix: prefix = "/",
      PolicyUsageFilter: usage,
    } = input;
    const all: readonly (ManagedPolicy | AwsPolicy)[] = [
      ...(scope === "AWS" ? [] : world.identities.policies.list()),
      ...(scope === "Local" ? [] : awsPolicies.values()),
    ];
    const wanted = all
      .map((policy) => members(world, policy))
      .filter(({ Path: path = "/" }) => path.startsWith(prefix))
      .filter(({ AttachmentCount: count = 0 }) => isAttached !== true || count > 0)
      .filter(({ AttachmentCount: attached, PermissionsBoundaryUsageCount: bounds }) => {
        if (usage === undefined) return true;
        return (usage === "PermissionsBoundary" ? bounds : attached) !== 0;
      });
    const { items, rest } = pageOf(wanted, input);
    return { Policies: items, ...rest };
  },
});

export const deletePolicy: Action<IamWorld> = action(model, "DeletePolicy", {
  resources: itself,
  serves: ["PolicyArn"],
  unserved: {},
  run: async (world: IamWorld, { PolicyArn: arn }) => {
    const { metadata, spec } = ownPolicy(world, arn);
    const { attached, bounds } = usesOf(world, arn);
    if (attached + bounds > 0) throw failure("DeleteConflictException", "Cannot delete a policy attached to entities.");
    if (spec.versions.length > 1)
      throw failure(
        "DeleteConflictException",
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
      );
    await world.identities.policies.remove(metadata.name);
    return {};
  },
});

export const createPolicyVersion: Action<IamWorld> = action(model, "CreatePolicyVersion", {
  resources: itself,
  serves: ["PolicyArn", "PolicyDocument", "SetAsDefault"],
  unserved: {},
  run: async (
    world: IamWorld,
    { PolicyArn: arn, PolicyDocument: document, SetAsDefault: isDefault = false },
    { now },
  ) => {
    const { metadata } = ownPolicy(world, arn);
    checkDocument(document, "identity", QUOTA);
    const changed = await world.identities.policies.change(metadata.name, (spec) => {
      if (spec.versions.length >= MAX_VERSIONS)
        throw failure(
          "LimitExceededException",
          "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
        );
      const version = { id: nextId(spec.versions), document, createdAt: new Date(now).toISOString() };
      return {
        ...spec,
        versions: [...spec.versions, version],
        ...(isDefault && { defaultVersion: version.id }),
      };
    });
    const { spec } = changed ?? ownPolicy(world, arn);
    const { Document: _known, ...version } = versionMembers(spec, spec.versions.at(-1) ?? EMPTY);
    return { PolicyVersion: version };
  },
});

const EMPTY = { id: "", document: "", createdAt: "1970-01-01T00:00:00Z" };

/** The numbers of versions that were removed are not used again, as long as a later one is there. */
function nextId(versions: readonly { readonly id: string }[]): string {
  return `v${Math.max(0, ...versions.map(({ id }) => Number(id.slice(1)))) + 1}`;
}

export const getPolicyVersion: Action<IamWorld> = action(model, "GetPolicyVersion", {
  resources: itself,
  serves: ["PolicyArn", "VersionId"],
  unserved: {},
  run: async (world: IamWorld, { PolicyArn: arn, VersionId: id }) => {
    const found = versionsOf(existing(world, arn)).find(({ VersionId: known }) => known === id);
    if (found === undefined) throw noVersion(arn, id);
    return { PolicyVersion: found };
  },
});

export const listPolicyVersions: Action<IamWorld> = action(model, "ListPolicyVersions", {
  resources: itself,
  serves: ["PolicyArn", "Marker", "MaxItems"],
  unserved: {},
  run: async (world: IamWorld, { PolicyArn: arn, ...asked }) => {
    const newestFirst = versionsOf(existing(world, arn)).toReversed();
    const { items, rest } = pageOf(newestFirst, asked);
    return { Versions: items.map(({ Document: _left, ...version }) => version), ...rest };
  },
});

export const setDefaultPolicyVersion: Action<IamWorld> = action(model, "SetDefaultPolicyVersion", {
  resources: itself,
  serves: ["PolicyArn", "VersionId"],
  unserved: {},
  run: async (world: IamWorld, { PolicyArn: arn, VersionId: id }) => {
    const { metadata, spec } = ownPolicy(world, arn);
    if (!spec.versions.some((version) => version.id === id)) throw noVersion(arn, id);
    await world.identities.policies.change(metadata.name, (before) => ({ ...before, defaultVersion: id }));
    return {};
  },
});

export const deletePolicyVersion: Action<IamWorld> = action(model, "DeletePolicyVersion", {
  resources: itself,
  serves: ["PolicyArn", "VersionId"],
  unserved: {},
  run: async (world: IamWorld, { PolicyArn: arn, VersionId: id }) => {
    const { metadata, spec } = ownPolicy(world, arn);
    if (!spec.versions.some((version) => version.id === id)) throw noVersion(arn, id);
    if (spec.defaultVersion === id)
      throw failure("DeleteConflictException", "Cannot delete the default version of a policy.");
    await world.identities.policies.change(metadata.name, (before) => ({
      ...before,
      versions: before.versions.filter((version) => version.id !== id),
    }));
    return {};
  },
});

function noVersion(arn: string, id: string): Error {
  return failure("NoSuchEntityException", `Policy ${arn} version ${id} does not exist or is not attachable.`);
}

function existing({ identities }: IamWorld, arn: string): ManagedPolicy | AwsPolicy {
  const found = identities.policyAt(arn);
  if (found === null) throw failure("NoSuchEntityException", `Policy ${arn} was not found.`);
  return found;
}

/** One that can be changed. */
export function ownPolicy(world: IamWorld, arn: string): ManagedPolicy {
  const found = existing(world, arn);
  if ("spec" in found) return found;
  throw invalid("Cannot perform the operation on an AWS managed policy.");
}

function versionMembers(
  { defaultVersion }: ManagedPolicy["spec"],
  { id, document, createdAt: made }: ManagedPolicy["spec"]["versions"][number],
): PolicyVersion {
  return {
    Document: encoded(document),
    VersionId: id,
    IsDefaultVersion: id === defaultVersion,
    CreateDate: Date.parse(made),
  };
}

/** Oldest first. */
function versionsOf(policy: ManagedPolicy | AwsPolicy): readonly PolicyVersion[] {
  if ("spec" in policy) return policy.spec.versions.map((version) => versionMembers(policy.spec, version));
  const { document, versionId, updatedAt } = policy;
  return [
    { Document: encoded(document), VersionId: versionId, IsDefaultVersion: true, CreateDate: Date.parse(updatedAt) },
  ];
}

function usesOf({ identities }: IamWorld, arn: string): { readonly attached: number; readonly bounds: number } {
  const { users, roles, groups } = identities;
  return {
    attached: [users, roles, groups].reduce((total, each) => total + each.by("policy", arn).length, 0),
    bounds: [users, roles].reduce((total, each) => total + each.by("boundary", arn).length, 0),
  };
}

function members(world: IamWorld, policy: ManagedPolicy | AwsPolicy): Policy {
  const own = "spec" in policy ? ofAccount(world, policy) : ofAws(policy);
  const { attached, bounds } = usesOf(world, own.Arn);
  return { ...own, AttachmentCount: attached, PermissionsBoundaryUsageCount: bounds, IsAttachable: true };
}

function ofAccount({ identities }: IamWorld, policy: ManagedPolicy): Policy & { readonly Arn: string } {
  const { metadata, spec } = policy;
  const path = spec.path ?? "/";
  const newest = spec.versions.at(-1)?.createdAt;
  return {
    PolicyName: metadata.name,
    PolicyId: uniqueId("ANPA", metadata.uid),
    Arn: iamArn(identities.accountId, "policy", { path, name: metadata.name }),
    Path: path,
    DefaultVersionId: spec.defaultVersion,
    CreateDate: createdAt(policy),
    UpdateDate: newest === undefined ? createdAt(policy) : Date.parse(newest),
  };
}

function ofAws({
  arn,
  name,
  path,
  versionId,
  createdAt: made,
  updatedAt,
}: AwsPolicy): Policy & { readonly Arn: string } {
  return {
    PolicyName: name,
    PolicyId: uniqueId("ANPA", hexOf(name)),
    Arn: arn,
    Path: path,
    DefaultVersionId: versionId,
    CreateDate: Date.parse(made),
    UpdateDate: Date.parse(updatedAt),
  };
}

/** Of the policies of AWS, which have no object here: by their names, so that the id stays the same. */
function hexOf(name: string): string {
  return Buffer.from(name).toString("hex").padStart(22, "0");
}
