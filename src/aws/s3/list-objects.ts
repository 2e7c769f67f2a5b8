/** ListObjects and ListObjectsV2: pages of keys, what shares a prefix up to a delimiter as one. */
import type { Place } from "#managed/bucket/listing.ts";
import type { StoredObject } from "#managed/bucket/stored-object.ts";
import { type Action, action } from "../action.ts";
import { wholeSecond } from "./conditions.ts";
import { algorithmNamed } from "./checksums.ts";
import { model, type Object as ListedObject } from "./model.gen.ts";
import { storageClassOf } from "./object-head.ts";
import { PAYER } from "./unserved.ts";
import { bucketArn, bucketOf, type BucketWorld, invalidArgument, ownerOf } from "./world.ts";

/** Amazon S3 API Reference, ListObjectsV2: "returns up to 1,000 key names". */
const MAX_KEYS = 1_000;

export function mostOf(asked: number | undefined, name = "max-keys"): number {
  if (asked !== undefined && asked < 0)
    throw invalidArgument(`Argument ${name} must be an integer between 0 and 2147483647`);
  return Math.min(asked ?? MAX_KEYS, MAX_KEYS);
}

/** Names as XML can hold them, where the client asks for that: as of a URL, but for slashes. */
export function encoder(encodingType: string | undefined): (text: string) => string {
  if (encodingType === undefined) return (text) => text;
  return (text) =>
    encodeURIComponent(text)
      .replaceAll("%2F", "/")
      .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

const NO_RESTORE = "objects can be read at once; leave it out";

export const listObjectsV2: Action<BucketWorld> = action(model, "ListObjectsV2", {
  permission: "ListBucket",
  serves: [
    "Bucket",
    "Delimiter",
    "EncodingType",
    "MaxKeys",
    "Prefix",
    "ContinuationToken",
    "FetchOwner",
    "StartAfter",
    "ExpectedBucketOwner",
  ],
  unserved: { ...PAYER, OptionalObjectAttributes: NO_RESTORE },
  resources: (input) => [bucketArn(input)],
  conditions: (input) => listConditions(input),
  run: async (world: BucketWorld, input) => {
    const bucket = await bucketOf(world, input);
    const { Prefix = "", Delimiter = "", EncodingType, ContinuationToken, StartAfter } = input;
    const most = mostOf(input.MaxKeys);
    const after =
      ContinuationToken === undefined || ContinuationToken === "" ? startOf(StartAfter) : placeOf(ContinuationToken);
    const { objects } = world.buckets.contentsOf(bucket);
    const page = await objects.list({ prefix: Prefix, delimiter: Delimiter, most, ...(after && { after }) });
    const encode = encoder(EncodingType);
    const owner = input.FetchOwner === true ? ownerOf(world) : null;
    return {
      Name: input.Bucket,
      Prefix: encode(Prefix),
      ...(Delimiter !== "" && { Delimiter: encode(Delimiter) }),
      ...(StartAfter !== undefined && { StartAfter: encode(StartAfter) }),
      ...(ContinuationToken !== undefined && { ContinuationToken }),
      ...(page.next !== undefined && { NextContinuationToken: tokenOf(page.next) }),
      KeyCount: page.entries.length + page.prefixes.length,
      MaxKeys: most,
      ...(EncodingType !== undefined && { EncodingType }),
      IsTruncated: page.next !== undefined,
      Contents: page.entries.map((object) => listed(object, encode, owner)),
      CommonPrefixes: page.prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
    };
  },
});

export const listObjects: Action<BucketWorld> = action(model, "ListObjects", {
  permission: "ListBucket",
  serves: ["Bucket", "Delimiter", "EncodingType", "Marker", "MaxKeys", "Prefix", "ExpectedBucketOwner"],
  unserved: { ...PAYER, OptionalObjectAttributes: NO_RESTORE },
  resources: (input) => [bucketArn(input)],
  conditions: (input) => listConditions(input),
  run: async (world: BucketWorld, input) => {
    const bucket = await bucketOf(world, input);
    const { Prefix = "", Delimiter = "", EncodingType, Marker = "" } = input;
    const most = mostOf(input.MaxKeys);
    const after = markerPlace(Marker, Delimiter);
    const { objects } = world.buckets.contentsOf(bucket);
    const page = await objects.list({ prefix: Prefix, delimiter: Delimiter, most, ...(after && { after }) });
    const encode = encoder(EncodingType);
    const owner = ownerOf(world);
    const { next } = page;
    return {
      Name: input.Bucket,
      // In this version alone the prefix is never encoded, and SDKs do not decode it.
      Prefix,
      Marker: encode(Marker),
      ...(Delimiter !== "" && { Delimiter: encode(Delimiter) }),
      // Without a delimiter the last key is the marker.
      ...(next !== undefined && Delimiter !== "" && { NextMarker: encode("prefix" in next ? next.prefix : next.key) }),
      MaxKeys: most,
      ...(EncodingType !== undefined && { EncodingType }),
      IsTruncated: next !== undefined,
      Contents: page.entries.map((object) => listed(object, encode, owner)),
      CommonPrefixes: page.prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
    };
  },
});

/** Condition keys of s3:ListBucket. */
function listConditions(input: {
  readonly Prefix?: string;
  readonly Delimiter?: string;
  readonly MaxKeys?: number;
}): Readonly<Record<string, string>> {
  return {
    ...(input.Prefix !== undefined && { "s3:prefix": input.Prefix }),
    ...(input.Delimiter !== undefined && { "s3:delimiter": input.Delimiter }),
    ...(input.MaxKeys !== undefined && { "s3:max-keys": String(input.MaxKeys) }),
  };
}

/** A marker that ends with the delimiter stands behind all that begins with it: a page ended with that prefix. */
export function markerPlace(marker: string, delimiter: string): Place | undefined {
  if (marker === "") return undefined;
  return delimiter !== "" && marker.endsWith(delimiter) ? { prefix: marker } : { key: marker };
}

function startOf(key: string | undefined): Place | undefined {
  return key === undefined || key === "" ? undefined : { key };
}

function tokenOf(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

function placeOf(token: string): Place {
  try {
    const { key, prefix } = Object.fromEntries(
      Object.entries(JSON.parse(Buffer.from(token, "base64url").toString()) as object),
    );
    if (typeof prefix === "string") return { prefix };
    if (typeof key === "string") return { key };
  } catch {
    // No JSON: no token of ours.
  }
  throw invalidArgument("The continuation token provided is incorrect");
}

function listed(
  object: StoredObject,
  encode: (text: string) => string,
  owner: ListedObject["Owner"] | null,
): ListedObject {
  const { key, etag, size, modifiedAtMs, checksum } = object;
  return {
    Key: encode(key),
    LastModified: wholeSecond(modifiedAtMs),
    ETag: `"${etag}"`,
    ...(checksum !== undefined && checksumListed(checksum)),
    Size: size,
    ...(owner && { Owner: owner }),
    StorageClass: storageClassOf(object),
  };
}

export function checksumListed({
  algorithm,
  of,
}: NonNullable<StoredObject["checksum"]>): Pick<ListedObject, "ChecksumAlgorithm" | "ChecksumType"> {
  return {
    ChecksumAlgorithm: [algorithmNamed(algorithm)],
    ChecksumType: of === "whole" ? "FULL_OBJECT" : "COMPOSITE",
  };
}
