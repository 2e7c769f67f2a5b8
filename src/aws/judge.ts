/** Says whether a caller may do what an action needs: brings together who he is, his policies, those of the resource, and what the request says of itself. */
import { namedIn } from "#managed/identity/arn.ts";
import {
  type Identities,
  principalOfUser,
  type Role,
  roleId,
  type User,
  userId,
} from "#managed/identity/identities.ts";
import { MalformedPolicy, type Policy, readPolicy } from "#policy/iam/document.ts";
import { evaluate, type NamedPolicy, type Policies, type Verdict } from "#policy/iam/evaluate.ts";
import type { Principal } from "#policy/iam/principal.ts";
import type { Need } from "./action.ts";
import { AwsError } from "./aws-error.ts";
import { type About, findKeyOf } from "./condition-keys.ts";
import type { Place } from "./place.ts";
import type { Caller } from "./sign.ts";

export interface JudgeOptions {
  readonly identities: Identities;
  readonly place: Place;
  /** A role that there is not may do nothing. */
  readonly isStrict: boolean;
  /** The policy that stands on a resource, by the service of the permission. */
  readonly policyOf: (permission: string, resource: string) => Promise<string | null>;
}

/** What somebody is measured by. */
interface Standing {
  readonly principal: Principal;
  readonly policies: Pick<Policies, "identity" | "boundary" | "session">;
}

export class Judge {
  readonly #options: JudgeOptions;
  readonly #standingPolicies = new PolicyTexts("resource");
  readonly #sessionPolicies = new PolicyTexts("identity");

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  /** The root, and whoever runs as a role that never was, may do everything: tutorials make up the names of their roles. */
  mayDoEverything({ principal }: Caller): boolean {
    if (principal === undefined || principal.is === "root") return true;
    return principal.is === "session" && principal.roleId === "" && this.#isUnbound(principal.roleArn);
  }

  /** Throws when the credentials are of somebody who is gone. */
  async verdict(caller: Caller, need: Need, about: About): Promise<Verdict> {
    const { place, identities, policyOf } = this.#options;
    const { principal, policies } = this.#standing(caller);
    const asked = { ...need, resource: identities.arnWithPath(need.resource) };
    const text = await policyOf(asked.permission, asked.resource);
    const resource = text === null ? null : this.#standingPolicies.named(asked.resource, text);
    const find = findKeyOf({ caller, need: asked, about, place, identities });
    const { permission: action, resource: arn } = asked;
    return evaluate({ principal, action, resource: arn, accountId: place.accountId, find }, { ...policies, resource });
  }

  /** Whether the role lets the caller in, and the caller's own policies let him take it on. */
  trusts(role: Role, caller: Caller, need: Need, about: About): Verdict {
    const { place, identities } = this.#options;
    const { principal, policies } = this.#standing(caller);
    const find = findKeyOf({ caller, need, about, place, identities });
    return this.#byTrust(role, { principal, action: need.permission, find }, policies);
  }

  /** Whether the role lets a service or somebody of an identity provider in. */
  trustsStranger(
    role: Role,
    principal: Principal,
    action: string,
    keys: Readonly<Record<string, string | readonly string[]>>,
  ): Verdict {
    const given = new Map(Object.entries(keys).map(([key, value]) => [key.toLowerCase(), value]));
    const find = (key: string): readonly string[] | undefined => {
      const value = given.get(key);
      return value === undefined ? undefined : [value].flat();
    };
    return this.#byTrust(role, { principal, action, find }, { identity: [], boundary: null, session: null });
  }

  #byTrust(
    role: Role,
    { principal, action, find }: Pick<Parameters<typeof evaluate>[0], "principal" | "action" | "find">,
    policies: Standing["policies"],
  ): Verdict {
    const { identities, place } = this.#options;
    const resource = { name: "trust", policy: identities.trustOf(role) };
    const asked = { principal, action, resource: identities.roleArn(role), accountId: place.accountId, find };
    return evaluate(asked, { ...policies, resource, isResourceDecisive: true });
  }

  #standing(caller: Caller): Standing {
    const { identities, place } = this.#options;
    const { principal } = caller;
    if (principal === undefined || principal.is === "root") return ofRoot(place.accountId);
    if (principal.is === "session") return this.#ofSession(caller, principal);
    // Nobody signed: what he may do, the policy of the resource says alone.
    if (principal.is === "anybody") return { principal, policies: { identity: [], boundary: null, session: null } };
    if (principal.is !== "user") throw noLongerValid();
    const user = this.#user(principal);
    return {
      principal: principalOfUser(identities, user),
      policies: { ...identities.rightsOfUser(user), session: null },
    };
  }

  #user(principal: Extract<Principal, { readonly is: "user" }>): User {
    const { identities } = this.#options;
    const user = identities.users.find(namedIn(principal.arn, "user")?.name ?? "");
    if (user === null || userId(user) !== principal.id) throw noLongerValid();
    return user;
  }

  #ofSession(caller: Caller, principal: Extract<Principal, { readonly is: "session" }>): Standing {
    const { identities, place } = this.#options;
    const role = identities.roleAt(principal.roleArn);
    if (principal.roleId === "" && this.#isUnbound(principal.roleArn)) return ofRoot(place.accountId);
    // Whoever takes the name of a role that is gone does not get its sessions.
    if (role === null || (principal.roleId !== "" && principal.roleId !== roleId(role))) throw noLongerValid();
    return {
      principal: { ...principal, roleId: roleId(role) },
      policies: { ...identities.rightsOfRole(role), session: this.#sessionOf(caller) },
    };
  }

  #isUnbound(roleArn: string): boolean {
    return !this.#options.isStrict && this.#options.identities.isUnknownRole(roleArn);
  }

  #sessionOf({ role: session }: Caller): readonly NamedPolicy[] | null {
    const { policies, policyArns } = session ?? {};
    if (policies === undefined && policyArns === undefined) return null;
    return [
      ...(policies ?? []).map((text) => this.#sessionPolicies.named("session", text)),
      ...(policyArns ?? []).map((arn) => this.#options.identities.managed(arn)),
    ];
  }
}

function ofRoot(accountId: string): Standing {
  const everything = readPolicy(
    JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Allow", Action: "*", Resource: "*" } }),
    { kind: "identity" },
  );
  const identity = [{ name: "root", policy: everything }];
  return { principal: { is: "root", accountId }, policies: { identity, boundary: null, session: null } };
}

export function noLongerValid(): AwsError {
  return new AwsError("UnrecognizedClientException", 403, "The security token included in the request is invalid.");
}

const MAX_TEXTS = 1_000;

/** Policies by their text, read once. */
class PolicyTexts {
  readonly #kind: "resource" | "identity";
  readonly #read = new Map<string, Policy>();

  constructor(kind: "resource" | "identity") {
    this.#kind = kind;
  }

  named(name: string, text: string): NamedPolicy {
    const known = this.#read.get(text);
    if (known !== undefined) return { name, policy: known };
    const policy = this.#policyOf(text);
    if (this.#read.size >= MAX_TEXTS) this.#read.clear();
    this.#read.set(text, policy);
    return { name, policy };
  }

  /** Engines check policies when they take them; one that cannot be read allows nothing. */
  #policyOf(text: string): Policy {
    try {
      return readPolicy(text, { kind: this.#kind });
    } catch (thrown) {
      if (thrown instanceof MalformedPolicy) return { statements: [] };
      throw thrown;
    }
  }
}
