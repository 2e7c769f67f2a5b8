/** Tags of objects and of buckets. */
import { draft, put } from "#base/dictionary.ts";
import type { Bucket } from "#kinds/catamaran/bucket.ts";
import type { StoredObject } from "#managed/bucket/stored-object.ts";
import { type Action, action, type Call } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { model, type Tag } from "./model.gen.ts";
import { checkedTags, MAX_BUCKET_TAGS, MAX_TAGS } from "./object-head.ts";
import { PAYER } from "./unserved.ts";
import {
  bucketArn,
  type BucketInput,
  bucketOf,
  type BucketWorld,
  foundObject,
  noSuchKey,
  objectArn,
  originOf,
  versionMember,
} from "./world.ts";

type Tags = Readonly<Record<string, string>>;

function readTags(set: readonly Tag[], most: number): Tags {
  const tags = draft<string>();
  for (const { Key, Value } of set) {
    if (Object.hasOwn(tags, Key))
      throw new AwsError("InvalidTag", 400, "Cannot provide multiple Tags with the same key");
    put(tags, Key, Value);
  }
  return checkedTags(tags, most);
}

function tagSet(tags: Tags): readonly Tag[] {
  const entries = Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([Key, Value]) => ({ Key, Value }));
}

interface ObjectInput extends BucketInput {
  readonly Key: string;
  readonly VersionId?: string;
}

async function objectOf(
  world: BucketWorld,
  input: ObjectInput,
): Promise<{ readonly bucket: Bucket; readonly object: StoredObject }> {
  const bucket = await bucketOf(world, input);
  const { objects } = world.buckets.contentsOf(bucket);
  return { bucket, object: foundObject(await objects.find(input.Key, input.VersionId), input.VersionId) };
}

async function retag(
  world: BucketWorld,
  input: ObjectInput,
  tags: Tags,
  call: Call,
): Promise<{ readonly VersionId?: string }> {
  const { bucket, object } = await objectOf(world, input);
  const { objects } = world.buckets.contentsOf(bucket);
  const edited = await objects.edit(input.Key, object.version, (live) => ({ ...live, tags }), {
    event: Object.keys(tags).length > 0 ? "ObjectTagging:Put" : "ObjectTagging:Delete",
    by: originOf(call),
  });
  if (edited === null) throw noSuchKey();
  return versionMember(bucket, edited.version);
}

export const getObjectTagging: Action<BucketWorld> = action(model, "GetObjectTagging", {
  serves: ["Bucket", "Key", "VersionId", "ExpectedBucketOwner"],
  unserved: { ...PAYER },
  resources: (input) => [objectArn(input)],
  run: async (world: BucketWorld, input) => {
    const { bucket, object } = await objectOf(world, input);
    return { ...versionMember(bucket, object.version), TagSet: tagSet(object.tags) };
  },
});

export const putObjectTagging: Action<BucketWorld> = action(model, "PutObjectTagging", {
  serves: ["Bucket", "Key", "VersionId", "ContentMD5", "ChecksumAlgorithm", "Tagging.TagSet", "ExpectedBucketOwner"],
  unserved: { ...PAYER },
  resources: (input) => [objectArn(input)],
  run: (world: BucketWorld, input, call) => retag(world, input, readTags(input.Tagging.TagSet, MAX_TAGS), call),
});

export const deleteObjectTagging: Action<BucketWorld> = action(model, "DeleteObjectTagging", {
  serves: ["Bucket", "Key", "VersionId", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [objectArn(input)],
  run: (world: BucketWorld, input, call) => retag(world, input, {}, call),
});

export const getBucketTagging: Action<BucketWorld> = action(model, "GetBucketTagging", {
  serves: ["Bucket", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const { tags = {} } = (await bucketOf(world, input)).spec;
    if (Object.keys(tags).length === 0) throw new AwsError("NoSuchTagSet", 404, "The TagSet does not exist");
    return { TagSet: tagSet(tags) };
  },
});

export const putBucketTagging: Action<BucketWorld> = action(model, "PutBucketTagging", {
  serves: ["Bucket", "ContentMD5", "ChecksumAlgorithm", "Tagging.TagSet", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const bucket = await bucketOf(world, input);
    const tags = readTags(input.Tagging.TagSet, MAX_BUCKET_TAGS);
    await world.buckets.change(bucket, (live) => ({ ...live, spec: { ...live.spec, tags } }));
    return {};
  },
});

export const deleteBucketTagging: Action<BucketWorld> = action(model, "DeleteBucketTagging", {
  permission: "PutBucketTagging",
  serves: ["Bucket", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const bucket = await bucketOf(world, input);
    await world.buckets.change(bucket, ({ spec: { tags: _tags, ...spec }, ...live }) => ({ ...live, spec }));
    return {};
  },
});
