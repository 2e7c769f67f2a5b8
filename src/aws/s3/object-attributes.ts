/** GetObjectAttributes: as HeadObject and ListParts together, as far as each is asked for. */
import type { Part, StoredObject } from "#managed/bucket/stored-object.ts";
import { type Action, action } from "../action.ts";
import { checksumMembers } from "./checksums.ts";
import { wholeSecond } from "./conditions.ts";
import { mostOf } from "./list-objects.ts";
import { type GetObjectAttributesParts, model } from "./model.gen.ts";
import { storageClassOf } from "./object-head.ts";
import { CUSTOMER_KEYS, PAYER } from "./unserved.ts";
import { bucketOf, type BucketWorld, foundObject, objectArn, versionMember } from "./world.ts";

export const getObjectAttributes: Action<BucketWorld> = action(model, "GetObjectAttributes", {
  serves: ["Bucket", "Key", "VersionId", "MaxParts", "PartNumberMarker", "ExpectedBucketOwner", "ObjectAttributes"],
  unserved: { ...CUSTOMER_KEYS, ...PAYER },
  resources: (input) => [objectArn(input)],
  alsoNeeds: (input) => [{ permission: "s3:GetObject", resource: objectArn(input) }],
  run: async (world: BucketWorld, input) => {
    const bucket = await bucketOf(world, input);
    const { objects } = world.buckets.contentsOf(bucket);
    const object = foundObject(await objects.find(input.Key, input.VersionId), input.VersionId);
    const asks = new Set(input.ObjectAttributes);
    const hasParts = asks.has("ObjectParts") && object.parts !== undefined;
    return {
      LastModified: wholeSecond(object.modifiedAtMs),
      ...versionMember(bucket, object.version),
      // Here alone without quotes.
      ...(asks.has("ETag") && { ETag: object.etag }),
      ...(asks.has("Checksum") && { Checksum: checksumMembers(object.checksum) }),
      ...(hasParts && { ObjectParts: partsMember(object, await objects.parts(object), input) }),
      ...(asks.has("StorageClass") && { StorageClass: storageClassOf(object) }),
      ...(asks.has("ObjectSize") && { ObjectSize: object.size }),
    };
  },
});

function partsMember(
  object: StoredObject,
  parts: readonly Part[],
  { MaxParts, PartNumberMarker }: { readonly MaxParts?: number; readonly PartNumberMarker?: number },
): GetObjectAttributesParts {
  const count = { TotalPartsCount: parts.length };
  // Parts are told apart only where each has a checksum that counts.
  if (object.checksum?.of !== "parts") return count;
  const [most, after] = [mostOf(MaxParts, "max-parts"), Number(PartNumberMarker ?? 0)];
  const left = parts.map((part, at) => ({ ...part, number: at + 1 })).filter(({ number }) => number > after);
  const page = left.slice(0, most);
  return {
    ...count,
    PartNumberMarker: after,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: most,
    IsTruncated: left.length > page.length,
    Parts: page.map(({ number, size, checksum }) => {
      const { ChecksumType: _type, ...members } = checksumMembers(checksum);
      return { PartNumber: number, Size: size, ...members };
    }),
  };
}
