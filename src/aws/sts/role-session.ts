/** The session of a role that was assumed, whoever assumed it: how long it lasts, what narrows it, and its credentials. */
import { sessionArn } from "#managed/identity/arn.ts";
import { type Role, roleId } from "#managed/identity/identities.ts";
import { MalformedPolicy, readPolicy } from "#policy/iam/document.ts";
import type { RoleSession } from "../sign.ts";
import type { AssumedRoleUser, Credentials, policyDescriptorListType } from "./model.gen.ts";
import { credentialsFor, failure, invalid, type StsWorld } from "./world.ts";

const DEFAULT_SECONDS = 3_600;
// STS API Reference, AssumeRole: the plain text of session policies.
const MAX_POLICY_SIZE = 2_048;
const MAX_POLICY_ARNS = 10;

interface Narrowing {
  readonly Policy?: string;
  readonly PolicyArns?: policyDescriptorListType;
}

/** What of an input narrows the session. Throws MalformedPolicyDocument, PackedPolicyTooLarge. */
export function narrowingOf(
  { identities }: StsWorld,
  { Policy: policy, PolicyArns: given = [] }: Narrowing,
): Pick<RoleSession, "policies" | "policyArns"> {
  const arns = given.flatMap(({ arn }) => arn ?? []);
  if (policy !== undefined) checkPolicy(policy);
  if (arns.length > MAX_POLICY_ARNS)
    throw invalid(`The number of managed policy ARNs exceeds the maximum of ${MAX_POLICY_ARNS}.`);
  for (const arn of arns)
    if (identities.policyAt(arn) === null) throw invalid(`Policy ${arn} does not exist or is not attachable.`);
  return { ...(policy !== undefined && { policies: [policy] }), ...(arns.length > 0 && { policyArns: arns }) };
}

function checkPolicy(text: string): void {
  if (text.length > MAX_POLICY_SIZE)
    throw failure(
      "PackedPolicyTooLargeException",
      `Packed policy consumes ${Math.ceil((text.length / MAX_POLICY_SIZE) * 100)}% of allotted space, please use smaller policy.`,
    );
  try {
    readPolicy(text, { kind: "identity" });
  } catch (thrown) {
    if (thrown instanceof MalformedPolicy) throw failure("MalformedPolicyDocumentException", thrown.message);
    throw thrown;
  }
}

export function checkDuration(role: Role | null, seconds: number | undefined): number {
  const max = role?.spec.maxSessionSeconds ?? DEFAULT_SECONDS;
  if (seconds !== undefined && seconds > max)
    throw invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  return seconds ?? Math.min(DEFAULT_SECONDS, max);
}

export interface Assumed {
  readonly Credentials: Credentials;
  readonly AssumedRoleUser: AssumedRoleUser;
  readonly PackedPolicySize?: number;
}

/** `role` is null for one that does not exist, which the root may take on all the same. */
export function assumed(
  { identities, root }: StsWorld,
  { arn: roleArn, role }: { readonly arn: string; readonly role: Role | null },
  session: RoleSession,
  seconds: number,
): Assumed {
  const { accountId } = identities;
  const id = role === null ? "" : roleId(role);
  const arn = sessionArn(accountId, roleArn.slice(roleArn.lastIndexOf("/") + 1), session.name);
  const principal = { is: "session", accountId, arn, roleArn, roleId: id } as const;
  const expiresMs = session.issuedMs + seconds * 1000;
  const size = (session.policies ?? []).reduce((total, text) => total + text.length, 0);
  return {
    Credentials: credentialsFor(root, { arn, expiresMs, principal, role: session }),
    AssumedRoleUser: { AssumedRoleId: `${id}:${session.name}`, Arn: arn },
    ...(size > 0 && { PackedPolicySize: Math.ceil((size / MAX_POLICY_SIZE) * 100) }),
  };
}
