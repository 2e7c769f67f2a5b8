/** The condition keys that every request has (IAM User Guide, "AWS global condition context keys"). Read one by one, when a policy asks for them. */
import type { Identities } from "#managed/identity/identities.ts";
import { roleId, userId } from "#managed/identity/identities.ts";
import { namedIn } from "#managed/identity/arn.ts";
import type { FindKey } from "#policy/iam/pattern.ts";
import type { Need } from "./action.ts";
import type { Place } from "./place.ts";
import type { Caller } from "./sign.ts";

/** What a request says of itself. */
export interface About {
  /** Wall time in ms. */
  readonly now: number;
  readonly sourceIp: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Facts {
  readonly caller: Caller;
  readonly need: Need;
  readonly about: About;
  readonly place: Place;
  readonly identities: Identities;
}

type Key = (facts: Facts) => string | readonly string[] | undefined;

const KEYS: ReadonlyMap<string, Key> = new Map<string, Key>([
  ["aws:currenttime", ({ about }) => new Date(about.now).toISOString()],
  ["aws:epochtime", ({ about }) => String(Math.floor(about.now / 1000))],
  ["aws:sourceip", ({ about }) => about.sourceIp],
  ["aws:securetransport", ({ about }) => String(isLoopback(about.sourceIp))],
  ["aws:useragent", ({ about }) => about.headers["user-agent"]],
  ["aws:referer", ({ about }) => about.headers["referer"]],
  ["aws:requestedregion", ({ place }) => place.region],
  ["aws:principalarn", principalArn],
  ["aws:principalaccount", ({ place }) => place.accountId],
  ["aws:principaltype", principalType],
  ["aws:principalisawsservice", () => "false"],
  ["aws:viaawsservice", () => "false"],
  ["aws:userid", callerId],
  ["aws:username", userName],
  ["aws:tokenissuetime", tokenIssueTime],
  // No second factor is known here; who signs with a key of his own has no such key (IAM User Guide, "aws:MultiFactorAuthPresent").
  ["aws:multifactorauthpresent", ({ caller }) => (caller.sessionToken === undefined ? undefined : "false")],
  ["aws:sourceidentity", ({ caller }) => caller.role?.sourceIdentity],
  ["aws:federatedprovider", ({ caller }) => caller.role?.provider],
  ["aws:resourceaccount", ({ need, place }) => need.resource.split(":", 5)[4] || place.accountId],
  ["lambda:sourcefunctionarn", sourceFunction],
]);

// DIFFERS: a door on loopback is reached by plain HTTP; what never leaves the machine counts as secure, or policies that demand TLS would refuse everybody.
function isLoopback(address: string): boolean {
  return /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(address);
}

export function findKeyOf(facts: Facts): FindKey {
  const given = lowerCased(facts.need.conditions ?? {});
  return (key) => {
    const value = given.get(key) ?? KEYS.get(key)?.(facts) ?? tagOf(key, facts);
    return value === undefined ? undefined : typeof value === "string" ? [value] : value;
  };
}

function lowerCased(conditions: NonNullable<Need["conditions"]>): ReadonlyMap<string, string | readonly string[]> {
  return new Map(Object.entries(conditions).map(([key, value]) => [key.toLowerCase(), value]));
}

function principalArn({ caller: { principal, arn } }: Facts): string {
  return principal?.is === "session" ? principal.roleArn : arn;
}

function principalType({ caller: { principal } }: Facts): string {
  if (principal?.is === "session") return "AssumedRole";
  return principal?.is === "user" ? "User" : "Account";
}

/** The unique id of a user, that of a role and the name of its session, or the account's. */
export function callerId({ caller, place, identities }: Pick<Facts, "caller" | "place" | "identities">): string {
  const { principal, role } = caller;
  if (principal?.is === "user") return principal.id;
  if (principal?.is !== "session") return place.accountId;
  const known = identities.roleAt(principal.roleArn);
  return `${known === null ? principal.roleId : roleId(known)}:${role?.name ?? ""}`;
}

function userName({ caller: { principal } }: Facts): string | undefined {
  return principal?.is === "user" ? principal.arn.slice(principal.arn.lastIndexOf("/") + 1) : undefined;
}

function tokenIssueTime({ caller: { role } }: Facts): string | undefined {
  return role === undefined ? undefined : new Date(role.issuedMs).toISOString();
}

function sourceFunction({ caller: { functionOf }, place }: Facts): string | undefined {
  if (functionOf === undefined) return undefined;
  return `arn:aws:lambda:${place.region}:${place.accountId}:function:${functionOf.name}`;
}

const PRINCIPAL_TAG = "aws:principaltag/";
const RESOURCE_TAG = /^(?:aws|iam):resourcetag\//;

function tagOf(key: string, facts: Facts): string | undefined {
  if (key === "iam:permissionsboundary") return holderAt(facts)?.permissionsBoundary;
  if (key.startsWith(PRINCIPAL_TAG)) return tagIn(principalTags(facts), key.slice(PRINCIPAL_TAG.length));
  const found = RESOURCE_TAG.exec(key);
  return found === null ? undefined : tagIn(holderAt(facts)?.tags, key.slice(found[0].length));
}

type Tags = Readonly<Record<string, string>>;

/** Names of tags know no case in conditions. */
function tagIn(tags: Tags = {}, key: string): string | undefined {
  return Object.entries(tags).find(([name]) => name.toLowerCase() === key)?.[1];
}

/** Tags of a session go before those of its role. */
function principalTags({ caller: { principal, role }, identities }: Facts): Tags {
  if (principal?.is === "session") return { ...identities.roleAt(principal.roleArn)?.spec.tags, ...role?.tags };
  if (principal?.is !== "user") return {};
  const user = identities.users.find(namedIn(principal.arn, "user")?.name ?? "");
  return user !== null && userId(user) === principal.id ? (user.spec.tags ?? {}) : {};
}

/** The user or role that IAM is asked about. */
function holderAt({ need: { resource }, identities }: Facts): {
  readonly permissionsBoundary?: string;
  readonly tags?: Tags;
} | null {
  const role = namedIn(resource, "role");
  if (role !== null) return identities.roles.find(role.name)?.spec ?? null;
  const user = namedIn(resource, "user");
  return user === null ? null : (identities.users.find(user.name)?.spec ?? null);
}
