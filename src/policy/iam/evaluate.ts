/** Whether somebody may do something: the evaluation logic of IAM over every policy that has a say (IAM User Guide, "Policy evaluation logic"). */
import { holds } from "./condition.ts";
import type { Named, Policy, Statement } from "./document.ts";
import { filled, type FindKey, matches } from "./pattern.ts";
import { type Naming, namingOf, type Principal } from "./principal.ts";

/** What is asked for. */
export interface Asked {
  readonly principal: Principal;
  /** "sqs:SendMessage". */
  readonly action: string;
  /** An ARN, or "*" for what has no name. */
  readonly resource: string;
  /** Whose the resource is, where its ARN does not say: S3's have none. */
  readonly accountId: string;
  /** Condition keys. */
  readonly find: FindKey;
}

/** A policy with the name that people know it by. */
export interface NamedPolicy {
  readonly name: string;
  readonly policy: Policy;
}

export interface Policies {
  readonly identity: readonly NamedPolicy[];
  /** Null: there is none, and it limits nothing. */
  readonly boundary: NamedPolicy | null;
  /** Of the session; null: there are none, and they limit nothing. */
  readonly session: readonly NamedPolicy[] | null;
  readonly resource: NamedPolicy | null;
  /** Nobody may anything unless it says so, whatever his own policies say: trust policies of roles, policies of keys. */
  readonly isResourceDecisive?: true;
}

export type PolicyType = "identity-based" | "resource-based" | "boundary" | "session";

interface Found {
  readonly type: PolicyType;
  readonly policy: string;
  readonly statement: Statement;
}

export type Verdict =
  | { readonly is: "allowed"; readonly by: Found }
  | { readonly is: "denied"; readonly by: Found }
  /** No policy of this type allows it. */
  | { readonly is: "missing"; readonly type: PolicyType };

export function evaluate(asked: Asked, policies: Policies): Verdict {
  const denying = deniedBy(asked, policies);
  if (denying !== null) return { is: "denied", by: denying };
  const granted = grantedByResource(asked, policies.resource);
  const account = accountOf(asked.principal);
  const isOwn = account === ownerOf(asked);
  if (granted === null && (!isOwn || policies.isResourceDecisive === true)) return missing("resource-based");
  // Services and strangers have no policies of their own.
  if (granted !== null && account === null) return { is: "allowed", by: granted.found };
  // In one account whoever is named needs no other policy; a boundary limits a role, and not a user or a session that is named itself.
  if (granted !== null && isOwn && granted.naming !== "account")
    return granted.naming === "self" ? { is: "allowed", by: granted.found } : limited(asked, policies, granted.found);
  const allowing = findIn(asked, policies.identity, { type: "identity-based", isAllowed: true });
  return allowing === null ? missing("identity-based") : limited(asked, policies, allowing);
}

function missing(type: PolicyType): Verdict {
  return { is: "missing", type };
}

/** Allowed, unless a boundary or the session does not allow it as well. */
function limited(asked: Asked, { boundary, session }: Policies, by: Found): Verdict {
  if (boundary !== null && findIn(asked, [boundary], { type: "boundary", isAllowed: true }) === null)
    return missing("boundary");
  if (session !== null && findIn(asked, session, { type: "session", isAllowed: true }) === null)
    return missing("session");
  return { is: "allowed", by };
}

function deniedBy(asked: Asked, { identity, boundary, session, resource }: Policies): Found | null {
  return (
    findIn(asked, identity, { type: "identity-based", isAllowed: false }) ??
    findIn(asked, boundary === null ? [] : [boundary], { type: "boundary", isAllowed: false }) ??
    findIn(asked, session ?? [], { type: "session", isAllowed: false }) ??
    findIn(asked, resource === null ? [] : [resource], { type: "resource-based", isAllowed: false })
  );
}

interface Sought {
  readonly type: PolicyType;
  readonly isAllowed: boolean;
}

function findIn(asked: Asked, policies: readonly NamedPolicy[], { type, isAllowed }: Sought): Found | null {
  for (const { name, policy } of policies)
    for (const statement of policy.statements)
      if (statement.isAllowed === isAllowed && applies(asked, statement)) return { type, policy: name, statement };
  return null;
}

interface Granted {
  readonly found: Found;
  readonly naming: Naming;
}

const CLOSENESS: readonly Naming[] = ["self", "role", "everybody", "account"];

/** The statement that names the principal most closely. */
function grantedByResource(asked: Asked, resource: NamedPolicy | null): Granted | null {
  if (resource === null) return null;
  let best: Granted | null = null;
  for (const statement of resource.policy.statements) {
    const naming = statement.isAllowed && applies(asked, statement) ? closenessOf(statement, asked.principal) : null;
    if (naming === null || (best !== null && CLOSENESS.indexOf(best.naming) <= CLOSENESS.indexOf(naming))) continue;
    best = { found: { type: "resource-based", policy: resource.name, statement }, naming };
  }
  return best;
}

/** Whom NotPrincipal leaves in is one of everybody. */
function closenessOf({ principals }: Statement, principal: Principal): Naming | null {
  if (principals === null) return null;
  return principals.isNot ? "everybody" : namingOf(principals, principal);
}

function applies(asked: Asked, statement: Statement): boolean {
  const { principals, actions, resources, conditions, isAllowed } = statement;
  if (principals !== null && !isMeant(asked.principal, statement)) return false;
  if (!isNamed(actions, asked.action.toLowerCase(), asked.find, isAllowed)) return false;
  if (!isNamed(resources, asked.resource, asked.find, isAllowed)) return false;
  return conditions.every((condition) => holds(condition, asked.find) ?? !isAllowed);
}

/** From a denial that leaves some out, only who is named himself is left out, not all of his account. */
function isMeant(principal: Principal, { principals, isAllowed }: Statement): boolean {
  if (principals === null) return true;
  const naming = namingOf(principals, principal);
  if (!principals.isNot) return naming !== null;
  return isAllowed ? naming === null : naming === null || naming === "account";
}

/** A variable without a value matches nothing, and by that alone nothing is allowed either. */
function isNamed({ isNot, patterns }: Named, value: string, find: FindKey, isAllowed: boolean): boolean {
  let isKnown = true;
  for (const pattern of patterns) {
    const glob = filled(pattern, find);
    if (glob === null) isKnown = false;
    else if (matches(glob, value)) return !isNot;
  }
  return isNot && (isKnown || !isAllowed);
}

/** Null for who has none: services, providers of identities, anybody. */
function accountOf(principal: Principal): string | null {
  return "accountId" in principal ? principal.accountId : null;
}

function ownerOf({ resource, accountId }: Asked): string {
  const account = resource.split(":", 5)[4] ?? "";
  return account === "" ? accountId : account;
}
