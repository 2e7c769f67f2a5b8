/** GetObject and HeadObject: what is kept of an object, and its bytes or a range of them as they are read. */
import { parseRange } from "./range.ts";
import type { Bucket } from "#kinds/catamaran/bucket.ts";
import { expirationOf } from "#managed/bucket/lifecycle.ts";
import type { Range } from "#managed/bucket/object-bytes.ts";
import type { StoredObject } from "#managed/bucket/stored-object.ts";
import { type Action, action, Answer } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { checksumMembers } from "./checksums.ts";
import { checkRead, type ReadConditions, wholeSecond } from "./conditions.ts";
import { type GetObjectOutput, model } from "./model.gen.ts";
import { headMembers } from "./object-head.ts";
import { CUSTOMER_KEYS, PAYER } from "./unserved.ts";
import {
  type BucketInput,
  bucketOf,
  type BucketWorld,
  ENCRYPTED,
  foundObject,
  invalidRequest,
  objectArn,
  versionMember,
} from "./world.ts";

const SERVES = [
  "Bucket",
  "IfMatch",
  "IfModifiedSince",
  "IfNoneMatch",
  "IfUnmodifiedSince",
  "Key",
  "Range",
  "ResponseCacheControl",
  "ResponseContentDisposition",
  "ResponseContentEncoding",
  "ResponseContentLanguage",
  "ResponseContentType",
  "ResponseExpires",
  "VersionId",
  "PartNumber",
  "ExpectedBucketOwner",
  "ChecksumMode",
] as const;

export const getObject: Action<BucketWorld> = action(model, "GetObject", {
  serves: SERVES,
  unserved: { ...CUSTOMER_KEYS, ...PAYER },
  resources: (input) => [objectArn(input)],
  run: async (world: BucketWorld, input) => {
    const { object, bucket, part } = await asked(world, input);
    const head = headOf(bucket, object, input);
    const objects = world.buckets.contentsOf(bucket).objects;
    const { range, ...said } = part;
    const body = objects.read(object, range ?? { from: 0, to: object.size });
    return answered({ ...head, ...said, Body: body }, object, range);
  },
});

export const headObject: Action<BucketWorld> = action(model, "HeadObject", {
  permission: "GetObject",
  serves: SERVES,
  unserved: { ...CUSTOMER_KEYS, ...PAYER },
  resources: (input) => [objectArn(input)],
  run: async (world: BucketWorld, input) => {
    const { object, bucket, part } = await asked(world, input);
    const { range, ...said } = part;
    return answered({ ...headOf(bucket, object, input), ...said }, object, range);
  },
});

type ReadInput = BucketInput &
  ReadConditions & {
    readonly Key: string;
    readonly VersionId?: string;
    readonly Range?: string;
    readonly PartNumber?: number;
    readonly ChecksumMode?: string;
    readonly ResponseCacheControl?: string;
    readonly ResponseContentDisposition?: string;
    readonly ResponseContentEncoding?: string;
    readonly ResponseContentLanguage?: string;
    readonly ResponseContentType?: string;
    readonly ResponseExpires?: number;
  };

interface Found {
  readonly bucket: Bucket;
  readonly object: StoredObject;
  /** What of it was asked for. */
  readonly part: { readonly range: Range | null; readonly PartsCount?: number };
}

async function asked(world: BucketWorld, input: ReadInput): Promise<Found> {
  const bucket = await bucketOf(world, input);
  const { objects } = world.buckets.contentsOf(bucket);
  const object = foundObject(await objects.find(input.Key, input.VersionId), input.VersionId);
  checkRead(object, input);
  if (input.PartNumber === undefined) return { bucket, object, part: { range: rangeOf(object, input.Range) } };
  if (input.Range !== undefined)
    throw invalidRequest("Cannot specify both Range header and partNumber query parameter");
  const parts = await objects.parts(object);
  return { bucket, object, part: partOf(object, parts, input.PartNumber) };
}

/** An object that came whole is its own first part. */
function partOf(object: StoredObject, parts: readonly { readonly size: number }[], number: number): Found["part"] {
  const all = object.parts === undefined ? [{ size: object.size }] : parts;
  const wanted = all[number - 1];
  if (wanted === undefined) throw new AwsError("InvalidPartNumber", 416, "The requested partnumber is not satisfiable");
  const from = all.slice(0, number - 1).reduce((sum, { size }) => sum + size, 0);
  return {
    range: { from, to: from + wanted.size },
    ...(object.parts !== undefined && { PartsCount: all.length }),
  };
}

function rangeOf({ size }: StoredObject, text: string | undefined): Range | null {
  const range = text === undefined ? null : parseRange(text, size);
  if (range === "unsatisfiable")
    throw new AwsError("InvalidRange", 416, "The requested range is not satisfiable", {
      headers: { "content-range": `bytes */${size}` },
    });
  return range;
}

type Head = Omit<GetObjectOutput, "Body">;

function headOf(bucket: Bucket, object: StoredObject, input: ReadInput): Head {
  const isWhole = input.Range === undefined && input.PartNumber === undefined;
  const count = Object.keys(object.tags).length;
  return {
    AcceptRanges: "bytes",
    LastModified: wholeSecond(object.modifiedAtMs),
    ETag: `"${object.etag}"`,
    ...headMembers(object),
    ...overrides(input),
    ...expirationMember(bucket, object),
    ...ENCRYPTED,
    ...versionMember(bucket, object.version),
    ...(count > 0 && { TagCount: count }),
    // A checksum of the whole says nothing of a part of it.
    ...(input.ChecksumMode === "ENABLED" && isWhole && checksumMembers(object.checksum)),
  };
}

/** Only the newest version expires. */
function expirationMember({ spec: { lifecycle = [] } }: Bucket, object: StoredObject): Pick<Head, "Expiration"> {
  const expiration = expirationOf(lifecycle, object);
  if (expiration === null) return {};
  const { atMs, rule } = expiration;
  return { Expiration: `expiry-date="${new Date(atMs).toUTCString()}", rule-id="${encodeURIComponent(rule)}"` };
}

function overrides(input: ReadInput): Head {
  const { ResponseCacheControl, ResponseContentDisposition, ResponseContentEncoding } = input;
  const { ResponseContentLanguage, ResponseContentType, ResponseExpires } = input;
  return {
    ...(ResponseCacheControl !== undefined && { CacheControl: ResponseCacheControl }),
    ...(ResponseContentDisposition !== undefined && { ContentDisposition: ResponseContentDisposition }),
    ...(ResponseContentEncoding !== undefined && { ContentEncoding: ResponseContentEncoding }),
    ...(ResponseContentLanguage !== undefined && { ContentLanguage: ResponseContentLanguage }),
    ...(ResponseContentType !== undefined && { ContentType: ResponseContentType }),
    ...(ResponseExpires !== undefined && { Expires: new Date(ResponseExpires).toUTCString() }),
  };
}

function answered<O extends Head>(output: O, { size }: StoredObject, range: Range | null): Answer<O> {
  if (range === null) return new Answer({ ...output, ContentLength: size }, {});
  const ContentRange = `bytes ${range.from}-${Math.max(range.to - 1, 0)}/${size}`;
  return new Answer({ ...output, ContentLength: range.to - range.from, ContentRange }, {}, { status: 206 });
}
