/** ListParts and ListMultipartUploads. */
import type { Place } from "#managed/bucket/listing.ts";
import { type Action, action } from "../action.ts";
import { wholeSecond } from "./conditions.ts";
import { encoder, markerPlace, mostOf } from "./list-objects.ts";
import { model } from "./model.gen.ts";
import { storageClassOf } from "./object-head.ts";
import { CUSTOMER_KEYS, PAYER } from "./unserved.ts";
import { checksumTerms, partChecksum, uploadOf } from "./uploads.ts";
import { bucketArn, bucketOf, type BucketWorld, objectArn, ownerOf } from "./world.ts";

export const listParts: Action<BucketWorld> = action(model, "ListParts", {
  permission: "ListMultipartUploadParts",
  serves: ["Bucket", "Key", "MaxParts", "PartNumberMarker", "UploadId", "ExpectedBucketOwner"],
  unserved: { ...CUSTOMER_KEYS, ...PAYER },
  resources: (input) => [objectArn(input)],
  run: async (world: BucketWorld, input) => {
    const { contents, upload } = await uploadOf(world, input);
    const most = mostOf(input.MaxParts, "max-parts");
    const after = Number(input.PartNumberMarker ?? 0);
    const found = await contents.uploads.parts(upload, { after, most: most + 1 });
    const page = found.slice(0, most);
    const owner = ownerOf(world);
    return {
      Bucket: input.Bucket,
      Key: input.Key,
      UploadId: upload.id,
      PartNumberMarker: after,
      NextPartNumberMarker: page.at(-1)?.number ?? 0,
      MaxParts: most,
      IsTruncated: found.length > page.length,
      Parts: page.map((part) => ({
        PartNumber: part.number,
        LastModified: wholeSecond(part.modifiedAtMs),
        ETag: `"${part.etag}"`,
        Size: part.size,
        ...partChecksum(upload, part),
      })),
      Initiator: owner,
      Owner: owner,
      StorageClass: storageClassOf(upload),
      ...(upload.isChecksumAsked && checksumTerms(upload)),
    };
  },
});

export const listMultipartUploads: Action<BucketWorld> = action(model, "ListMultipartUploads", {
  permission: "ListBucketMultipartUploads",
  serves: [
    "Bucket",
    "Delimiter",
    "EncodingType",
    "KeyMarker",
    "MaxUploads",
    "Prefix",
    "UploadIdMarker",
    "ExpectedBucketOwner",
  ],
  unserved: { ...PAYER },
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const bucket = await bucketOf(world, input);
    const { Prefix = "", Delimiter = "", EncodingType, KeyMarker = "", UploadIdMarker = "" } = input;
    const most = mostOf(input.MaxUploads, "max-uploads");
    const after = placeAfter(KeyMarker, UploadIdMarker, Delimiter);
    const { uploads } = world.buckets.contentsOf(bucket);
    const page = await uploads.list({ prefix: Prefix, delimiter: Delimiter, most, ...(after && { after }) });
    const encode = encoder(EncodingType);
    const owner = ownerOf(world);
    const { next } = page;
    return {
      Bucket: input.Bucket,
      KeyMarker: encode(KeyMarker),
      UploadIdMarker,
      ...(next !== undefined && {
        NextKeyMarker: encode("prefix" in next ? next.prefix : next.key),
        ...("key" in next && next.order !== undefined && { NextUploadIdMarker: next.order }),
      }),
      Prefix: encode(Prefix),
      ...(Delimiter !== "" && { Delimiter: encode(Delimiter) }),
      MaxUploads: most,
      IsTruncated: next !== undefined,
      Uploads: page.entries.map((upload) => ({
        UploadId: upload.id,
        Key: encode(upload.key),
        Initiated: wholeSecond(upload.startedAtMs),
        StorageClass: storageClassOf(upload),
        Owner: owner,
        Initiator: owner,
        ...(upload.isChecksumAsked && checksumTerms(upload)),
      })),
      CommonPrefixes: page.prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
      ...(EncodingType !== undefined && { EncodingType }),
    };
  },
});

/** An upload counts only beside a key. */
function placeAfter(key: string, upload: string, delimiter: string): Place | undefined {
  return key !== "" && upload !== "" ? { key, order: upload } : markerPlace(key, delimiter);
}
