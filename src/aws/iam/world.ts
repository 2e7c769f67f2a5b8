/** What IAM's actions work on, how IAM says that something is not there or not right, and what several actions share. */
import { Fault } from "#base/fault.ts";
import type { Group, Identities, InstanceProfile, Role, User } from "#managed/identity/identities.ts";
import { MalformedPolicy, type PolicyKind, readPolicy } from "#policy/iam/document.ts";
import { AwsError } from "../aws-error.ts";
import type { Place } from "../place.ts";
import { errorsOf, type Failure } from "../service-error.ts";
import type { Caller } from "../sign.ts";
import { model, type ModelErrors, type tagListType } from "./model.gen.ts";

export interface IamWorld {
  readonly identities: Identities;
  /** A new id of an access key: "AKIA" and 16 letters and digits. */
  readonly newAccessKeyId: () => string;
  /** The secret that goes with an id. */
  readonly secretOf: (accessKeyId: string) => string;
}

export const failure: Failure<ModelErrors> = errorsOf(model);

/** Codes that IAM has and its model does not name. */
export function invalid(message: string): AwsError {
  return new AwsError("ValidationError", 400, message);
}

export function notThere(what: string): AwsError {
  return failure("NoSuchEntityException", `${what} cannot be found.`);
}

export function existingRole({ identities }: IamWorld, name: string): Role {
  return identities.roles.find(name) ?? orThrow(notThere(`The role with name ${name}`));
}

export function existingUser({ identities }: IamWorld, name: string): User {
  return identities.users.find(name) ?? orThrow(notThere(`The user with name ${name}`));
}

export function existingGroup({ identities }: IamWorld, name: string): Group {
  return identities.groups.find(name) ?? orThrow(notThere(`The group with name ${name}`));
}

export function existingProfile({ identities }: IamWorld, name: string): InstanceProfile {
  return identities.profiles.find(name) ?? orThrow(notThere(`Instance Profile ${name}`));
}

function orThrow(error: AwsError): never {
  throw error;
}

/** The user whose key signed, for actions that need no name then. */
export function ownName({ principal, arn }: Caller, given: string | undefined): string {
  if (given !== undefined) return given;
  if (principal?.is === "user") return arn.slice(arn.lastIndexOf("/") + 1);
  throw invalid("Must specify userName when calling with non-User credentials");
}

/** Creates, or says with IAM's sentence that there is one already. */
export async function created<T>(create: () => Promise<T>, already: string): Promise<T> {
  try {
    return await create();
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "AlreadyExists")
      throw failure("EntityAlreadyExistsException", already);
    throw thrown;
  }
}

/** Throws MalformedPolicyDocument, or LimitExceeded for more than `max` characters besides white space. */
export function checkDocument(text: string, kind: PolicyKind, { max, exceeded }: Quota): void {
  try {
    readPolicy(text, { kind });
  } catch (thrown) {
    if (thrown instanceof MalformedPolicy) throw failure("MalformedPolicyDocumentException", thrown.message);
    throw thrown;
  }
  if (sizeOf(text) > max) throw failure("LimitExceededException", exceeded);
}

export interface Quota {
  readonly max: number;
  readonly exceeded: string;
}

/** IAM does not count white space (IAM User Guide, "IAM and AWS STS quotas"). */
export function sizeOf(document: string): number {
  return document.replaceAll(/\s/g, "").length;
}

/** Documents in answers are percent-encoded (RFC 3986), as every client decodes them. */
export function encoded(document: string): string {
  return encodeURIComponent(document).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export function createdAt({ metadata }: { readonly metadata: { readonly creationTimestamp: string } }): number {
  return Date.parse(metadata.creationTimestamp);
}

type Tags = Readonly<Record<string, string>>;

export const MAX_TAGS = 50;

/** Tags of an input, over those that were there. */
export function tagged(given: tagListType, before: Tags = {}): Tags {
  const keys = given.map(({ Key: key }) => key.toLowerCase());
  if (new Set(keys).size < keys.length)
    throw failure("InvalidInputException", "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
  const kept = Object.entries(before).filter(([key]) => !keys.includes(key.toLowerCase()));
  const all = [...kept, ...given.map(({ Key: key, Value: value }) => [key, value] as const)];
  if (all.length > MAX_TAGS)
    throw failure("LimitExceededException", `The number of tags has reached the maximum limit of ${MAX_TAGS}.`);
  return Object.fromEntries(all);
}

export function tagList(tags: Tags = {}): tagListType {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** Of a thing that may have none. */
export function tagMembers(tags: Tags = {}): { readonly Tags?: tagListType } {
  return Object.keys(tags).length === 0 ? {} : { Tags: tagList(tags) };
}

interface Asked {
  readonly Marker?: string;
  readonly MaxItems?: number;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly rest: { readonly IsTruncated: boolean; readonly Marker?: string };
}

const MAX_ITEMS = 100;

/** IAM API Reference: a page has up to MaxItems things, and a Marker when there are more. */
export function pageOf<T>(all: readonly T[], { Marker: marker = "0", MaxItems: max = MAX_ITEMS }: Asked): Page<T> {
  if (!/^\d{1,9}$/.test(marker)) throw invalid("Invalid Marker.");
  const from = Number(marker);
  const end = from + max;
  return {
    items: all.slice(from, end),
    rest: end < all.length ? { IsTruncated: true, Marker: String(end) } : { IsTruncated: false },
  };
}

/** ARNs of what an input names, for policies; the judge puts the paths in that only the stored objects have. */
export function arnsOf(
  type: string,
  name: string,
  { accountId }: Pick<Place, "accountId">,
  path = "/",
): readonly string[] {
  return [`arn:aws:iam::${accountId}:${type}${path}${name}`];
}

/** Condition keys of tags that a request brings (IAM User Guide, "AWS global condition context keys"). */
export function tagKeys(tags: tagListType | undefined): Readonly<Record<string, string | readonly string[]>> {
  if (tags === undefined || tags.length === 0) return {};
  return {
    "aws:TagKeys": tags.map(({ Key: key }) => key),
    ...Object.fromEntries(tags.map(({ Key: key, Value: value }) => [`aws:RequestTag/${key}`, value])),
  };
}
