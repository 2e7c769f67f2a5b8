/** DeleteObject and DeleteObjects. What is not there is deleted with success. */
import type { Bucket } from "#kinds/catamaran/bucket.ts";
import type { Origin, Removal } from "#managed/bucket/stored-objects.ts";
import { type Action, action } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { checkWrite } from "./conditions.ts";
import { type DeletedObject, type Error as ObjectError, model, type ObjectIdentifier } from "./model.gen.ts";
import { PAYER } from "./unserved.ts";
import { bucketOf, type BucketWorld, checkKey, objectArn, originOf } from "./world.ts";

const NO_MFA = "there are no devices; leave it out";
const BY_ETAG = "name the object by IfMatch";

export const deleteObject: Action<BucketWorld> = action(model, "DeleteObject", {
  // Nothing is retained that BypassGovernanceRetention would have to get round.
  serves: ["Bucket", "Key", "VersionId", "BypassGovernanceRetention", "ExpectedBucketOwner", "IfMatch"],
  unserved: {
    MFA: NO_MFA,
    ...PAYER,
    IfMatchLastModifiedTime: BY_ETAG,
    IfMatchSize: BY_ETAG,
  },
  resources: (input) => (input.VersionId === undefined ? [objectArn(input)] : []),
  alsoNeeds: (input) =>
    input.VersionId === undefined ? [] : [{ permission: "s3:DeleteObjectVersion", resource: objectArn(input) }],
  run: async (world: BucketWorld, input, call) => {
    const bucket = await bucketOf(world, input);
    const { Key, VersionId, IfMatch } = input;
    const removal = await remove(
      world,
      bucket,
      {
        Key,
        ...(VersionId && { VersionId }),
        ...(IfMatch && { ETag: IfMatch }),
      },
      originOf(call),
    );
    const { DeleteMarker, VersionId: version, DeleteMarkerVersionId } = deletedOf(bucket, Key, removal);
    const said = DeleteMarkerVersionId ?? version;
    return { ...(DeleteMarker && { DeleteMarker }), ...(said !== undefined && { VersionId: said }) };
  },
});

/** Amazon S3 API Reference, DeleteObjects: up to 1,000 keys. */
const MAX_KEYS = 1_000;
// 1,000 keys of 1,024 bytes, each byte a reference of XML.
const MAX_BODY_BYTES = 8 * 1024 * 1024;

export const deleteObjects: Action<BucketWorld> = action(model, "DeleteObjects", {
  maxBodyBytes: MAX_BODY_BYTES,
  permission: "DeleteObject",
  serves: [
    "Bucket",
    "Delete.Objects.Key",
    "Delete.Objects.VersionId",
    "Delete.Objects.ETag",
    "Delete.Quiet",
    "BypassGovernanceRetention",
    "ExpectedBucketOwner",
    "ChecksumAlgorithm",
  ],
  unserved: {
    "Delete.Objects.LastModifiedTime": BY_ETAG,
    "Delete.Objects.Size": BY_ETAG,
    MFA: NO_MFA,
    ...PAYER,
  },
  resources: ({ Bucket, Delete }) =>
    Delete.Objects.filter(({ VersionId }) => VersionId === undefined).map(({ Key }) => objectArn({ Bucket, Key })),
  alsoNeeds: ({ Bucket, Delete }) =>
    Delete.Objects.filter(({ VersionId }) => VersionId !== undefined).map(({ Key }) => ({
      permission: "s3:DeleteObjectVersion",
      resource: objectArn({ Bucket, Key }),
    })),
  run: async (world: BucketWorld, input, call) => {
    const bucket = await bucketOf(world, input);
    const { Objects, Quiet = false } = input.Delete;
    if (Objects.length === 0 || Objects.length > MAX_KEYS)
      throw new AwsError(
        "MalformedXML",
        400,
        "The XML you provided was not well-formed or did not validate against our published schema",
      );
    const deleted: DeletedObject[] = [];
    const failed: ObjectError[] = [];
    for (const one of Objects) {
      try {
        deleted.push(deletedOf(bucket, one.Key, await remove(world, bucket, one, originOf(call)), one.VersionId));
      } catch (thrown) {
        if (!(thrown instanceof AwsError)) throw thrown;
        failed.push({
          ...(one.VersionId && { VersionId: one.VersionId }),
          Key: one.Key,
          Code: thrown.code,
          Message: thrown.message,
        });
      }
    }
    return { ...(!Quiet && { Deleted: deleted }), ...(failed.length > 0 && { Errors: failed }) };
  },
});

async function remove(
  world: BucketWorld,
  bucket: Bucket,
  { Key, VersionId, ETag }: ObjectIdentifier,
  by: Origin,
): Promise<Removal> {
  checkKey(Key);
  return world.buckets.contentsOf(bucket).objects.remove(Key, {
    by,
    ...(VersionId !== undefined && { version: VersionId }),
    ...(ETag !== undefined && { allow: (current) => checkWrite(current, { IfMatch: ETag }) }),
  });
}

function deletedOf(bucket: Bucket, Key: string, { gone, marker }: Removal, asked?: string): DeletedObject {
  if (bucket.spec.versioning === undefined) return { Key, ...(asked !== undefined && { VersionId: asked }) };
  if (marker !== null) return { Key, DeleteMarker: true, DeleteMarkerVersionId: marker.version };
  const version = gone?.version ?? asked;
  if (gone?.is === "marker")
    return { Key, DeleteMarker: true, DeleteMarkerVersionId: gone.version, VersionId: gone.version };
  return { Key, ...(version !== undefined && { VersionId: version }) };
}
