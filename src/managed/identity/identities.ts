/** Who there is in the account and what rights each has: users, groups, roles, policies, instance profiles, identity providers. */
import type { Objects } from "#deck/objects.ts";
import { iamGroupKind, type IamGroupSpec } from "#kinds/catamaran/iam-group.ts";
import { iamInstanceProfileKind, type IamInstanceProfileSpec } from "#kinds/catamaran/iam-instance-profile.ts";
import { iamOidcProviderKind, type IamOidcProviderSpec } from "#kinds/catamaran/iam-oidc-provider.ts";
import { iamPolicyKind, type IamPolicySpec } from "#kinds/catamaran/iam-policy.ts";
import { iamRoleKind, type IamRoleSpec } from "#kinds/catamaran/iam-role.ts";
import { iamUserKind, type IamUserSpec } from "#kinds/catamaran/iam-user.ts";
import { MalformedPolicy, type Policy, type PolicyKind, readPolicy } from "#policy/iam/document.ts";
import type { NamedPolicy } from "#policy/iam/evaluate.ts";
import type { Principal } from "#policy/iam/principal.ts";
import { type Account, AccountObjects } from "./account-objects.ts";
import { iamArn, namedIn, uniqueId } from "./arn.ts";
import { type AwsPolicy, awsPolicies } from "./aws-policies.ts";
import type { Database } from "../database.ts";
import { KnownRoles } from "./known-roles.ts";

export type User = Account<IamUserSpec>;
export type Role = Account<IamRoleSpec>;
export type Group = Account<IamGroupSpec>;
export type ManagedPolicy = Account<IamPolicySpec>;
export type InstanceProfile = Account<IamInstanceProfileSpec>;
export type OidcProvider = Account<IamOidcProviderSpec>;

/** What a user, a role or a group has. */
interface Holder {
  readonly metadata: { readonly name: string };
  readonly spec: Pick<IamRoleSpec, "policies" | "inlinePolicies">;
}

/** What is looked at when somebody asks for something. */
export interface Rights {
  readonly identity: readonly NamedPolicy[];
  readonly boundary: NamedPolicy | null;
}

export interface IdentitiesOptions {
  readonly objects: Objects;
  readonly database: Database;
  readonly accountId: string;
}

/** What a policy that cannot be read, or is not there, allows. */
const NOTHING: Policy = { statements: [] };

export class Identities implements Disposable {
  readonly accountId: string;
  readonly knownRoles: KnownRoles;
  readonly users: AccountObjects<IamUserSpec>;
  readonly roles: AccountObjects<IamRoleSpec>;
  readonly groups: AccountObjects<IamGroupSpec>;
  readonly policies: AccountObjects<IamPolicySpec>;
  readonly profiles: AccountObjects<IamInstanceProfileSpec>;
  readonly providers: AccountObjects<IamOidcProviderSpec>;
  /** By the object that has them: a change makes another object. */
  readonly #inline = new WeakMap<Holder, readonly NamedPolicy[]>();
  readonly #managed = new WeakMap<ManagedPolicy, Policy>();
  readonly #trust = new WeakMap<Role, Policy>();
  readonly #ofAws = new Map<string, Policy>();

  static async open({ objects, database, accountId }: IdentitiesOptions): Promise<Identities> {
    const opened = new Identities(objects, accountId, await KnownRoles.open(database));
    const { users, roles, groups, policies, profiles, providers } = opened;
    await Promise.all([users, roles, groups, policies, profiles, providers].map(({ synced }) => synced));
    return opened;
  }

  private constructor(objects: Objects, accountId: string, knownRoles: KnownRoles) {
    this.accountId = accountId;
    this.knownRoles = knownRoles;
    this.users = new AccountObjects(objects, iamUserKind, {
      key: ({ spec }) => (spec.accessKeys ?? []).map(({ id }) => id),
      group: ({ spec }) => spec.groups ?? [],
      policy: attachedTo,
      boundary: boundaryOf,
    });
    this.roles = new AccountObjects(objects, iamRoleKind, { policy: attachedTo, boundary: boundaryOf });
    this.groups = new AccountObjects(objects, iamGroupKind, { policy: attachedTo });
    this.policies = new AccountObjects(objects, iamPolicyKind);
    this.profiles = new AccountObjects(objects, iamInstanceProfileKind, {
      role: ({ spec }) => (spec.role === undefined ? [] : [spec.role]),
    });
    this.providers = new AccountObjects(objects, iamOidcProviderKind);
  }

  /** The role of an ARN of this account, with its path; null when there is none. */
  roleAt(arn: string): Role | null {
    const named = namedIn(arn, "role");
    const found = named === null || named.accountId !== this.accountId ? null : this.roles.find(named.name);
    return found !== null && this.roleArn(found) === arn ? found : null;
  }

  /** Of a role that there is not and never was; one that was removed is not forgotten. */
  isUnknownRole(arn: string): boolean {
    const named = namedIn(arn, "role");
    return named === null || (this.roles.find(named.name) === null && !this.knownRoles.has(named.name));
  }

  /** The ARN of one of our own as it stands: whoever names it may not know its path. */
  arnWithPath(arn: string): string {
    if (!arn.startsWith("arn:aws:iam::")) return arn;
    const [type = "", ...rest] = (arn.split(":")[5] ?? "").split("/");
    const [name = ""] = rest;
    if (rest.length !== 1) return arn;
    const found = this.#holderOf(type, name);
    return found === null ? arn : `arn:aws:iam::${this.accountId}:${type}${found.spec.path ?? "/"}${name}`;
  }

  #holderOf(type: string, name: string): { readonly spec: { readonly path?: string } } | null {
    switch (type) {
      case "role":
        return this.roles.find(name);
      case "user":
        return this.users.find(name);
      case "group":
        return this.groups.find(name);
      case "instance-profile":
        return this.profiles.find(name);
      default:
        return null;
    }
  }

  roleArn({ metadata: { name }, spec: { path = "/" } }: Role): string {
    return iamArn(this.accountId, "role", { path, name });
  }

  userArn({ metadata: { name }, spec: { path = "/" } }: User): string {
    return iamArn(this.accountId, "user", { path, name });
  }

  /** A managed policy by its ARN: one of the account, or one of AWS's. */
  policyAt(arn: string): ManagedPolicy | AwsPolicy | null {
    const named = namedIn(arn, "policy");
    if (named === null) return null;
    if (named.accountId === "aws") return awsPolicies.get(arn) ?? null;
    const found = named.accountId === this.accountId ? this.policies.find(named.name) : null;
    return found !== null && (found.spec.path ?? "/") === named.path ? found : null;
  }

  rightsOfUser(user: User): Rights {
    const groups = (user.spec.groups ?? []).flatMap((name) => this.groups.find(name) ?? []);
    return {
      identity: [user, ...groups].flatMap((holder) => this.#policiesOf(holder)),
      boundary: this.#boundaryOf(user),
    };
  }

  rightsOfRole(role: Role): Rights {
    return { identity: this.#policiesOf(role), boundary: this.#boundaryOf(role) };
  }

  rightsOfGroup(group: Group): Rights {
    return { identity: this.#policiesOf(group), boundary: null };
  }

  trustOf(role: Role): Policy {
    const known = this.#trust.get(role);
    if (known !== undefined) return known;
    const ids = new Map(Object.entries(role.spec.trusted ?? {}));
    const read = policyOf(role.spec.trustPolicy, "trust", ids);
    this.#trust.set(role, read);
    return read;
  }

  /** As a policy that is named by its ARN says now; one that is gone allows nothing. */
  managed(arn: string): NamedPolicy {
    const found = this.policyAt(arn);
    if (found === null) return { name: arn, policy: NOTHING };
    return { name: arn, policy: "document" in found ? this.#policyOfAws(found) : this.#policyOfAccount(found) };
  }

  #policyOfAws({ arn, document }: AwsPolicy): Policy {
    const known = this.#ofAws.get(arn);
    if (known !== undefined) return known;
    const read = policyOf(document, "identity");
    this.#ofAws.set(arn, read);
    return read;
  }

  #policyOfAccount(managed: ManagedPolicy): Policy {
    const known = this.#managed.get(managed);
    if (known !== undefined) return known;
    const { versions, defaultVersion } = managed.spec;
    const read = policyOf(versions.find(({ id }) => id === defaultVersion)?.document ?? "", "identity");
    this.#managed.set(managed, read);
    return read;
  }

  #policiesOf(holder: Holder): readonly NamedPolicy[] {
    const { policies = [] } = holder.spec;
    const inline = this.#inlineOf(holder);
    return policies.length === 0 ? inline : [...inline, ...policies.map((arn) => this.managed(arn))];
  }

  #inlineOf(holder: Holder): readonly NamedPolicy[] {
    const known = this.#inline.get(holder);
    if (known !== undefined) return known;
    const inline = Object.entries(holder.spec.inlinePolicies ?? {});
    const read = inline.map(([name, text]) => ({ name, policy: policyOf(text, "identity") }));
    this.#inline.set(holder, read);
    return read;
  }

  #boundaryOf({ spec: { permissionsBoundary: arn } }: User | Role): NamedPolicy | null {
    return arn === undefined ? null : this.managed(arn);
  }

  [Symbol.dispose](): void {
    for (const each of [this.users, this.roles, this.groups, this.policies, this.profiles, this.providers])
      each[Symbol.dispose]();
  }
}

function attachedTo({ spec }: { readonly spec: { readonly policies?: readonly string[] } }): readonly string[] {
  return spec.policies ?? [];
}

function boundaryOf({ spec }: { readonly spec: { readonly permissionsBoundary?: string } }): readonly string[] {
  return spec.permissionsBoundary === undefined ? [] : [spec.permissionsBoundary];
}

/** What came around the API (a manifest) may be malformed: it then allows nothing. */
function policyOf(text: string, kind: PolicyKind, ids: ReadonlyMap<string, string> = new Map()): Policy {
  try {
    return readPolicy(text, { kind, ids });
  } catch (thrown) {
    if (thrown instanceof MalformedPolicy) return NOTHING;
    throw thrown;
  }
}

export function userId({ metadata }: User): string {
  return uniqueId("AIDA", metadata.uid);
}

export function roleId({ metadata }: Role): string {
  return uniqueId("AROA", metadata.uid);
}

export function principalOfUser(identities: Identities, user: User): Principal {
  return { is: "user", accountId: identities.accountId, arn: identities.userArn(user), id: userId(user) };
}
