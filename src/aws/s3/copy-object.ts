/** CopyObject: an object written anew from another one, with its headers, metadata and tags or with others. */
import type { Bucket } from "#kinds/catamaran/bucket.ts";
import type { StoredObject } from "#managed/bucket/stored-object.ts";
import type { Contents } from "#managed/bucket/buckets.ts";
import { type Action, action } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { algorithmNamed, checksumMembers, Counted } from "./checksums.ts";
import { checkWrite, preconditionFailed, readRefusal, wholeSecond } from "./conditions.ts";
import { type CopyObjectRequest, model } from "./model.gen.ts";
import { headKept, tagsOf } from "./object-head.ts";
import { MAX_PUT_BYTES } from "./put-object.ts";
import {
  CUSTOMER_KEYS,
  GRANTS,
  LOCKS,
  OPEN_ACLS,
  OTHER_ENCRYPTION,
  PAYER,
  SLOW_STORAGE,
  SOURCE_KEYS,
} from "./unserved.ts";
import {
  bucketOf,
  type BucketWorld,
  checkKey,
  ENCRYPTED,
  foundObject,
  invalidArgument,
  invalidRequest,
  objectArn,
  originOf,
  writtenVersion,
} from "./world.ts";

export const copyObject: Action<BucketWorld> = action(model, "CopyObject", {
  permission: "PutObject",
  serves: [
    "ACL",
    "Bucket",
    "CacheControl",
    "ChecksumAlgorithm",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "CopySource",
    "CopySourceIfMatch",
    "CopySourceIfModifiedSince",
    "CopySourceIfNoneMatch",
    "CopySourceIfUnmodifiedSince",
    "Expires",
    "IfMatch",
    "IfNoneMatch",
    "Key",
    "Metadata",
    "MetadataDirective",
    "TaggingDirective",
    "ServerSideEncryption",
    "StorageClass",
    "WebsiteRedirectLocation",
    "Tagging",
    "ExpectedBucketOwner",
    "ExpectedSourceBucketOwner",
  ],
  unserved: {
    ...GRANTS,
    ...OPEN_ACLS,
    "ACL=aws-exec-read": "access is given by policies; leave it out",
    ...CUSTOMER_KEYS,
    ...OTHER_ENCRYPTION,
    ...SLOW_STORAGE,
    ...LOCKS,
    ...PAYER,
    ...SOURCE_KEYS,
  },
  resources: (input) => [objectArn(input)],
  alsoNeeds: ({ CopySource }) => [readNeed(CopySource)],
  run: async (world: BucketWorld, input, call) => {
    const bucket = await bucketOf(world, input);
    checkKey(input.Key);
    const source = await copySource(world, input);
    const { object } = source;
    if (object.size > MAX_PUT_BYTES)
      throw invalidRequest(
        "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120",
      );
    if (isUnchanged(bucket, source, input))
      throw invalidRequest(
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
      );
    const algorithm = input.ChecksumAlgorithm ?? object.checksum?.algorithm;
    const counted = new Counted(
      source.contents.objects.read(object),
      algorithm === undefined ? undefined : algorithmNamed(algorithm),
    );
    const kept = keptOf(object, input);
    const copy = await world.buckets.contentsOf(bucket).objects.put(input.Key, {
      bytes: counted,
      describe: () => ({ etag: counted.md5.toString("hex"), checksum: counted.checksum(), ...kept }),
      allow: (current) => checkWrite(current, input),
      how: "Copy",
      by: originOf(call),
    });
    return {
      CopyObjectResult: {
        ETag: `"${copy.etag}"`,
        LastModified: wholeSecond(copy.modifiedAtMs),
        ...checksumMembers(copy.checksum),
      },
      ...ENCRYPTED,
      ...writtenVersion(bucket, copy.version),
      ...(source.bucket.spec.versioning !== undefined && { CopySourceVersionId: object.version }),
    };
  },
});

type Kept = Pick<StoredObject, "headers" | "metadata" | "tags">;

function keptOf(object: StoredObject, input: CopyObjectRequest): Kept {
  const said = headKept(input);
  const tags = input.TaggingDirective === "REPLACE" ? tagsOf(input.Tagging) : object.tags;
  if (input.MetadataDirective === "REPLACE") return { ...said, tags };
  // The storage class and the redirect are never copied.
  const { "x-amz-storage-class": _class, "x-amz-website-redirect-location": _redirect, ...headers } = object.headers;
  const { "x-amz-storage-class": storageClass, "x-amz-website-redirect-location": redirect } = said.headers;
  return {
    headers: {
      ...headers,
      ...(storageClass !== undefined && { "x-amz-storage-class": storageClass }),
      ...(redirect !== undefined && { "x-amz-website-redirect-location": redirect }),
    },
    metadata: object.metadata,
    tags,
  };
}

function isUnchanged(bucket: Bucket, source: Source, input: CopyObjectRequest): boolean {
  const isItself = source.bucket.metadata.uid === bucket.metadata.uid && source.object.key === input.Key;
  const saysMore = [input.StorageClass, input.WebsiteRedirectLocation, input.ServerSideEncryption].some(
    (value) => value !== undefined,
  );
  return isItself && source.version === undefined && input.MetadataDirective !== "REPLACE" && !saysMore;
}

export interface Source {
  readonly bucket: Bucket;
  readonly contents: Contents;
  readonly object: StoredObject;
  /** As it was asked for. */
  readonly version: string | undefined;
}

export interface SourceInput {
  readonly CopySource: string;
  readonly CopySourceIfMatch?: string;
  readonly CopySourceIfModifiedSince?: number;
  readonly CopySourceIfNoneMatch?: string;
  readonly CopySourceIfUnmodifiedSince?: number;
  readonly ExpectedSourceBucketOwner?: string;
}

/** AwsError: NoSuchKey, NoSuchBucket, PreconditionFailed. */
export async function copySource(world: BucketWorld, input: SourceInput): Promise<Source> {
  const { Bucket, Key, version } = readCopySource(input.CopySource);
  const { ExpectedSourceBucketOwner: owner } = input;
  const bucket = await bucketOf(world, { Bucket, ...(owner !== undefined && { ExpectedBucketOwner: owner }) });
  const contents = world.buckets.contentsOf(bucket);
  const found = await contents.objects.find(Key, version);
  if (found?.is === "marker" && version !== undefined)
    throw invalidRequest("The source of a copy request may not specifically refer to a delete marker by version id.");
  const object = foundObject(found, version);
  const refusal = readRefusal(object, {
    ...(input.CopySourceIfMatch !== undefined && { IfMatch: input.CopySourceIfMatch }),
    ...(input.CopySourceIfNoneMatch !== undefined && { IfNoneMatch: input.CopySourceIfNoneMatch }),
    ...(input.CopySourceIfModifiedSince !== undefined && { IfModifiedSince: input.CopySourceIfModifiedSince }),
    ...(input.CopySourceIfUnmodifiedSince !== undefined && { IfUnmodifiedSince: input.CopySourceIfUnmodifiedSince }),
  });
  if (refusal !== null) throw preconditionFailed();
  return { bucket, contents, object, version };
}

/** What a copy must be allowed to read. */
export function readNeed(source: string): { readonly permission: string; readonly resource: string } {
  const { Bucket, Key, version } = readCopySource(source);
  const permission = version === undefined ? "s3:GetObject" : "s3:GetObjectVersion";
  return { permission, resource: objectArn({ Bucket, Key }) };
}

/** "/bucket/key?versionId=…", percent-encoded, with or without the first slash. */
function readCopySource(text: string): { readonly Bucket: string; readonly Key: string; readonly version?: string } {
  const [path = "", version] = text.split("?versionId=");
  const decoded = decodedOf(path).replace(/^\//, "");
  const slash = decoded.indexOf("/");
  if (slash < 1 || slash === decoded.length - 1) throw invalidArgument("Invalid copy source object key");
  return {
    Bucket: decoded.slice(0, slash),
    Key: decoded.slice(slash + 1),
    ...(version !== undefined && { version }),
  };
}

function decodedOf(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", "%20"));
  } catch {
    throw new AwsError("InvalidArgument", 400, "Copy Source must be URL-encoded");
  }
}
