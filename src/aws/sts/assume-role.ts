/** AssumeRole: a role lets the caller in, whose own policies must let him take it on, too (STS API Reference). */
import { type Role } from "#managed/identity/identities.ts";
import { type Action, action, type Call, type ConditionValues } from "../action.ts";
import type { RoleSession } from "../sign.ts";
import { model, type tagListType } from "./model.gen.ts";
import { assumed, checkDuration, narrowingOf } from "./role-session.ts";
import { accessDenied, invalid, type StsWorld } from "./world.ts";

const CHAINED_SECONDS = 3_600;
const MAX_TAGS = 50;

export const assumeRole: Action<StsWorld> = action(model, "AssumeRole", {
  // Its own rule is wider than that of permissions: the role has a say, and the root may do it in any case.
  isFree: true,
  serves: [
    "RoleArn",
    "RoleSessionName",
    "PolicyArns",
    "Policy",
    "DurationSeconds",
    "Tags",
    "TransitiveTagKeys",
    "ExternalId",
    "SourceIdentity",
  ],
  unserved: {
    SerialNumber: "there are no devices of a second factor",
    TokenCode: "there are no devices of a second factor",
    ProvidedContexts: "leave it out",
  },
  run: async (world: StsWorld, input, call) => {
    const { RoleArn: arn, RoleSessionName: name, DurationSeconds: asked, SourceIdentity: identity } = input;
    const role = world.identities.roleAt(arn);
    const tags = tagsOf(input, call.caller.role);
    mustBeLetIn(world, { arn, role }, { keys: keysOf(input), permissions: permissionsOf(input) }, call);
    const narrowing = narrowingOf(world, input);
    const seconds = checkDuration(role, asked);
    if (call.caller.role !== undefined && seconds > CHAINED_SECONDS)
      throw invalid(
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
      );
    // It stays what it was when one role takes on the next.
    const sourceIdentity = call.caller.role?.sourceIdentity ?? identity;
    if (identity !== undefined && sourceIdentity !== identity)
      throw accessDenied("Source identity was already set and cannot be changed.");
    const session: RoleSession = {
      name,
      issuedMs: call.now,
      ...narrowing,
      ...tags,
      ...(sourceIdentity !== undefined && { sourceIdentity }),
    };
    return {
      ...assumed(world, { arn, role }, session, seconds),
      ...(sourceIdentity !== undefined && { SourceIdentity: sourceIdentity }),
    };
  },
});

interface Asked {
  readonly RoleSessionName: string;
  readonly DurationSeconds?: number;
  readonly Tags?: tagListType;
  readonly TransitiveTagKeys?: readonly string[];
  readonly ExternalId?: string;
  readonly SourceIdentity?: string;
}

/** IAM User Guide, "Available keys for AWS STS". */
function keysOf(input: Asked): ConditionValues {
  const { Tags: tags = [], TransitiveTagKeys: transitive, ExternalId: externalId, SourceIdentity: identity } = input;
  return {
    "sts:RoleSessionName": input.RoleSessionName,
    ...(externalId !== undefined && { "sts:ExternalId": externalId }),
    ...(identity !== undefined && { "sts:SourceIdentity": identity }),
    ...(transitive !== undefined && { "sts:TransitiveTagKeys": transitive }),
    ...(tags.length > 0 && { "aws:TagKeys": tags.map(({ Key: key }) => key) }),
    ...Object.fromEntries(tags.map(({ Key: key, Value: value }) => [`aws:RequestTag/${key}`, value])),
  };
}

function permissionsOf({ Tags: tags = [], SourceIdentity: identity }: Asked): readonly string[] {
  return [
    "sts:AssumeRole",
    ...(tags.length > 0 ? ["sts:TagSession"] : []),
    ...(identity !== undefined ? ["sts:SetSourceIdentity"] : []),
  ];
}

interface Terms {
  readonly keys: ConditionValues;
  readonly permissions: readonly string[];
}

function mustBeLetIn(
  { identities, judge, mode }: StsWorld,
  { arn, role }: { readonly arn: string; readonly role: Role | null },
  { keys, permissions }: Terms,
  call: Call,
): void {
  const { caller, now, headers, sourceIp = "" } = call;
  const isUnbound = judge.mayDoEverything(caller);
  const no = (permission: string): Error =>
    accessDenied(`User: ${caller.arn} is not authorized to perform: ${permission} on resource: ${arn}`);
  if (role === null) {
    if (isUnbound && mode !== "strict" && identities.isUnknownRole(arn)) return;
    throw no("sts:AssumeRole");
  }
  if (isUnbound || mode === "soft") return;
  for (const permission of permissions) {
    const need = { permission, resource: arn, conditions: keys };
    if (judge.trusts(role, caller, need, { now, sourceIp, headers }).is !== "allowed") throw no(permission);
  }
}

/** Those of the request, and those that the caller's session hands on. */
function tagsOf(
  { Tags: given = [], TransitiveTagKeys: keys = [] }: Asked,
  before: RoleSession | undefined,
): Pick<RoleSession, "tags" | "transitiveTags"> {
  if (given.length > MAX_TAGS) throw invalid(`The number of session tags exceeds the maximum of ${MAX_TAGS}.`);
  const { tags: old = {}, transitiveTags = [] } = before ?? {};
  const inherited = Object.fromEntries(Object.entries(old).filter(([key]) => transitiveTags.includes(key)));
  if (given.some(({ Key: key }) => transitiveTags.some((other) => other.toLowerCase() === key.toLowerCase())))
    throw invalid(
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    );
  const tags = { ...inherited, ...Object.fromEntries(given.map(({ Key: key, Value: value }) => [key, value])) };
  const all = [...transitiveTags, ...keys];
  return { ...(Object.keys(tags).length > 0 && { tags }), ...(all.length > 0 && { transitiveTags: all }) };
}
