/** ListObjectVersions: all that there is of every key, newest first. */
import type { ListedVersion, Place } from "#managed/bucket/listing.ts";
import { NULL_VERSION, orderInName, type StoredObject } from "#managed/bucket/stored-object.ts";
import type { StoredObjects } from "#managed/bucket/stored-objects.ts";
import { type Action, action } from "../action.ts";
import { wholeSecond } from "./conditions.ts";
import { checksumListed, encoder, markerPlace, mostOf } from "./list-objects.ts";
import { type DeleteMarkerEntry, model, type ObjectVersion } from "./model.gen.ts";
import { PAYER } from "./unserved.ts";
import { bucketArn, bucketOf, type BucketWorld, invalidArgument, ownerOf } from "./world.ts";

export const listObjectVersions: Action<BucketWorld> = action(model, "ListObjectVersions", {
  permission: "ListBucketVersions",
  serves: [
    "Bucket",
    "Delimiter",
    "EncodingType",
    "KeyMarker",
    "MaxKeys",
    "Prefix",
    "VersionIdMarker",
    "ExpectedBucketOwner",
  ],
  unserved: { ...PAYER, OptionalObjectAttributes: "objects can be read at once; leave it out" },
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const bucket = await bucketOf(world, input);
    const { objects } = world.buckets.contentsOf(bucket);
    const { Prefix = "", Delimiter = "", EncodingType, KeyMarker = "", VersionIdMarker = "" } = input;
    const most = mostOf(input.MaxKeys);
    const after = await placeAfter(objects, { KeyMarker, VersionIdMarker, Delimiter });
    const page = await objects.listVersions({ prefix: Prefix, delimiter: Delimiter, most, ...(after && { after }) });
    const encode = encoder(EncodingType);
    const owner = ownerOf(world);
    const last = page.entries.at(-1)?.version;
    const { next } = page;
    const said = (one: ListedVersion): DeleteMarkerEntry => ({
      Key: encode(one.version.key),
      VersionId: one.version.version,
      IsLatest: one.isNewest,
      LastModified: wholeSecond(one.version.modifiedAtMs),
      Owner: owner,
    });
    return {
      Name: input.Bucket,
      Prefix: encode(Prefix),
      KeyMarker: encode(KeyMarker),
      VersionIdMarker,
      ...(next !== undefined && {
        NextKeyMarker: encode("prefix" in next ? next.prefix : next.key),
        ...("key" in next && last !== undefined && { NextVersionIdMarker: last.version }),
      }),
      ...(Delimiter !== "" && { Delimiter: encode(Delimiter) }),
      MaxKeys: most,
      ...(EncodingType !== undefined && { EncodingType }),
      IsTruncated: next !== undefined,
      Versions: page.entries.flatMap((one) =>
        one.version.is === "object" ? [{ ...objectListed(one.version), ...said(one) }] : [],
      ),
      DeleteMarkers: page.entries.filter(({ version }) => version.is === "marker").map(said),
      CommonPrefixes: page.prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
    };
  },
});

function objectListed({ etag, size, checksum }: StoredObject): ObjectVersion {
  // Of another storage class the model has no word for versions.
  return { ETag: `"${etag}"`, ...(checksum && checksumListed(checksum)), Size: size, StorageClass: "STANDARD" };
}

interface Markers {
  readonly KeyMarker: string;
  readonly VersionIdMarker: string;
  readonly Delimiter: string;
}

async function placeAfter(
  objects: StoredObjects,
  { KeyMarker: key, VersionIdMarker: version, Delimiter }: Markers,
): Promise<Place | undefined> {
  if (version === "") return markerPlace(key, Delimiter);
  if (key === "") throw invalidArgument("A version-id marker cannot be specified without a key marker.");
  if (version === NULL_VERSION) {
    // One that was deleted since the last page was behind what is left of its key, as far as anybody can know.
    const found = await objects.find(key, version);
    return found === null ? { key } : { key, order: found.order };
  }
  const order = orderInName(version);
  if (order === null) throw invalidArgument("Invalid version id specified");
  return { key, order };
}
