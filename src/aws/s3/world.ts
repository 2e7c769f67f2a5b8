/** What the S3 actions work on, how buckets and objects are named outside, and the errors about them (Amazon S3 API Reference, "Error responses"). */
import { createHash } from "node:crypto";
import type { Bucket } from "#kinds/catamaran/bucket.ts";
import type { Buckets } from "#managed/bucket/buckets.ts";
import type { Marker, StoredObject, Version } from "#managed/bucket/stored-object.ts";
import type { Origin } from "#managed/bucket/stored-objects.ts";
import type { Pushes } from "#managed/push.ts";
import type { Call } from "../action.ts";
import { AwsError } from "../aws-error.ts";

export interface BucketWorld {
  readonly buckets: Buckets;
  readonly accountId: string;
  readonly region: string;
  readonly namespace: string;
  /** Where what goes on in buckets is told. */
  readonly pushes: Pick<Pushes, "accept">;
}

/** On whose behalf an action works. */
export function originOf({ caller, sourceIp = "", requestId }: Call): Origin {
  return { principal: caller.arn, ip: sourceIp, requestId };
}

export interface BucketInput {
  readonly Bucket: string;
  readonly ExpectedBucketOwner?: string;
}

/** AwsError: NoSuchBucket, and AccessDenied when it is not whose the caller thinks. */
export async function bucketOf(world: BucketWorld, { Bucket, ExpectedBucketOwner }: BucketInput): Promise<Bucket> {
  const found = await world.buckets.find(world.namespace, Bucket);
  if (found === null) throw noSuchBucket();
  if (ExpectedBucketOwner !== undefined && ExpectedBucketOwner !== world.accountId) throw accessDenied();
  return found;
}

/** All objects are, as on S3. */
export const ENCRYPTED: { readonly ServerSideEncryption: "AES256" } = { ServerSideEncryption: "AES256" };

/** The canonical user: S3's own name of an account. */
export function ownerOf({ accountId }: Pick<BucketWorld, "accountId">): {
  readonly ID: string;
  readonly DisplayName: string;
} {
  return { ID: createHash("sha256").update(accountId).digest("hex"), DisplayName: accountId };
}

export function bucketArn({ Bucket }: { readonly Bucket: string }): string {
  return `arn:aws:s3:::${Bucket}`;
}

export function objectArn({ Bucket, Key }: { readonly Bucket: string; readonly Key: string }): string {
  return `arn:aws:s3:::${Bucket}/${Key}`;
}

export function noSuchBucket(): AwsError {
  return new AwsError("NoSuchBucket", 404, "The specified bucket does not exist");
}

export function noSuchKey(): AwsError {
  return new AwsError("NoSuchKey", 404, "The specified key does not exist.");
}

export function accessDenied(message = "Access Denied"): AwsError {
  return new AwsError("AccessDenied", 403, message);
}

export function invalidArgument(message: string): AwsError {
  return new AwsError("InvalidArgument", 400, message);
}

export function invalidRequest(message: string): AwsError {
  return new AwsError("InvalidRequest", 400, message);
}

const MAX_KEY_BYTES = 1_024;

/** Throws KeyTooLongError. DIFFERS: S3 takes keys with a NUL, which no listing in XML can name; here they are refused. */
export function checkKey(key: string): void {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new AwsError("KeyTooLongError", 400, "Your key is too long");
  if (key.includes("\0")) throw invalidArgument("Object key must not contain a NUL character.");
}

/** What was found, if that is an object; else the error that S3 has for it. */
export function foundObject(found: Version | null, version: string | undefined): StoredObject {
  if (found?.is === "object") return found;
  if (found?.is === "marker") throw deleted(found, version);
  if (version === undefined) throw noSuchKey();
  throw new AwsError("NoSuchVersion", 404, "The specified version does not exist.");
}

function deleted(marker: Marker, version: string | undefined): AwsError {
  const headers = { "x-amz-delete-marker": "true", "x-amz-version-id": marker.version };
  if (version === undefined) return new AwsError("NoSuchKey", 404, "The specified key does not exist.", { headers });
  return new AwsError("MethodNotAllowed", 405, "The specified method is not allowed against this resource.", {
    headers: { ...headers, allow: "DELETE", "last-modified": new Date(marker.modifiedAtMs).toUTCString() },
  });
}

/** The version of what was just written, which is told only where versions are kept. */
export function writtenVersion(bucket: Bucket, version: string): { readonly VersionId?: string } {
  return bucket.spec.versioning === "all" ? { VersionId: version } : {};
}

/** A version as outputs have it: a bucket that never kept versions says none. */
export function versionMember(bucket: Bucket, version: string): { readonly VersionId?: string } {
  return bucket.spec.versioning === undefined ? {} : { VersionId: version };
}
