/** Buckets themselves: made, found, listed, removed, and whether they keep versions. */
import { Fault } from "#base/fault.ts";
import type { Bucket } from "#kinds/catamaran/bucket.ts";
import { bucketNameFault } from "#kinds/rules/names.ts";
import type { Versioning } from "#managed/bucket/stored-object.ts";
import { type Action, action, Answer } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { errorsOf } from "../service-error.ts";
import { model } from "./model.gen.ts";
import { checkedTags, MAX_BUCKET_TAGS } from "./object-head.ts";
import { GRANTS, OPEN_ACLS } from "./unserved.ts";
import { bucketArn, bucketOf, type BucketWorld, invalidArgument, ownerOf } from "./world.ts";

const failure: ReturnType<typeof errorsOf<typeof model extends { readonly errors?: infer E } ? E : never>> =
  errorsOf(model);

const GENERAL_PURPOSE = "buckets are general purpose buckets of the region; leave it out";

export const createBucket: Action<BucketWorld> = action(model, "CreateBucket", {
  serves: [
    "ACL",
    "Bucket",
    "CreateBucketConfiguration.LocationConstraint",
    "CreateBucketConfiguration.Tags",
    "ObjectOwnership",
  ],
  unserved: {
    ...GRANTS,
    ...OPEN_ACLS,
    GrantWrite: "access is given by policies; leave it out",
    "CreateBucketConfiguration.Location": GENERAL_PURPOSE,
    "CreateBucketConfiguration.Bucket": GENERAL_PURPOSE,
    ObjectLockEnabledForBucket: "objects are not locked; leave it out",
    "ObjectOwnership=ObjectWriter": "say BucketOwnerEnforced, S3's default",
    "ObjectOwnership=BucketOwnerPreferred": "say BucketOwnerEnforced, S3's default",
    BucketNamespace: GENERAL_PURPOSE,
  },
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, { Bucket: name, CreateBucketConfiguration: configuration = {} }) => {
    if (bucketNameFault(name) !== null)
      throw new AwsError("InvalidBucketName", 400, "The specified bucket is not valid.");
    // ACL "private" and ObjectOwnership "BucketOwnerEnforced" say what is so of every bucket.
    checkPlace(world, configuration.LocationConstraint);
    const tags = Object.fromEntries((configuration.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
    const existing = await world.buckets.find(world.namespace, name);
    if (existing === null) await create(world, name, checkedTags(tags, MAX_BUCKET_TAGS));
    // In its first region S3 lets an owner create what he has; elsewhere it does not (API Reference, BucketAlreadyOwnedByYou).
    else if (world.region !== "us-east-1") throw alreadyYours();
    return { Location: `/${name}`, BucketArn: bucketArn({ Bucket: name }) };
  },
});

function checkPlace({ region }: BucketWorld, constraint: string | undefined): void {
  const asked = constraint ?? "us-east-1";
  if (asked !== region)
    throw new AwsError(
      "IllegalLocationConstraintException",
      400,
      `The ${constraint ?? "unspecified"} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    );
}

async function create(world: BucketWorld, name: string, tags: Readonly<Record<string, string>>): Promise<void> {
  try {
    await world.buckets.create({
      apiVersion: "catamaran.dev/v1",
      kind: "Bucket",
      metadata: { name, namespace: world.namespace },
      spec: { ...(Object.keys(tags).length > 0 && { tags }) },
    });
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "AlreadyExists") throw alreadyYours();
    throw thrown;
  }
}

function alreadyYours(): AwsError {
  return failure(
    "BucketAlreadyOwnedByYou",
    "Your previous request to create the named bucket succeeded and you already own it.",
  );
}

export const headBucket: Action<BucketWorld> = action(model, "HeadBucket", {
  permission: "ListBucket",
  serves: ["Bucket", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    await bucketOf(world, input);
    return { BucketArn: bucketArn(input), BucketRegion: world.region, AccessPointAlias: false };
  },
});

export const getBucketLocation: Action<BucketWorld> = action(model, "GetBucketLocation", {
  serves: ["Bucket", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    await bucketOf(world, input);
    // The first region has no name here; and the answer is the element itself, which the model does not say.
    const place = world.region === "us-east-1" ? "" : world.region;
    const body = `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${place}</LocationConstraint>`;
    return new Answer({}, { "content-type": "application/xml" }, { body });
  },
});

export const listBuckets: Action<BucketWorld> = action(model, "ListBuckets", {
  permission: "ListAllMyBuckets",
  serves: ["MaxBuckets", "ContinuationToken", "Prefix", "BucketRegion"],
  unserved: {},
  run: async (
    world: BucketWorld,
    { MaxBuckets: most, ContinuationToken: token = "", Prefix: prefix = "", BucketRegion: region },
  ) => {
    const last = Buffer.from(token, "base64url").toString();
    const all = region === undefined || region === world.region ? world.buckets.list(world.namespace) : [];
    const fitting = all.filter(({ metadata: { name } }) => name.startsWith(prefix) && name > last);
    const page = fitting.slice(0, most);
    const next = page.at(-1)?.metadata.name;
    return {
      Buckets: page.map((bucket) => ({
        Name: bucket.metadata.name,
        CreationDate: createdAtMs(bucket),
        ...(most !== undefined && { BucketRegion: world.region }),
        BucketArn: bucketArn({ Bucket: bucket.metadata.name }),
      })),
      Owner: ownerOf(world),
      ...(fitting.length > page.length &&
        next !== undefined && { ContinuationToken: Buffer.from(next).toString("base64url") }),
      ...(prefix !== "" && { Prefix: prefix }),
    };
  },
});

function createdAtMs({ metadata }: Bucket): number {
  return Date.parse(metadata.creationTimestamp ?? "") || 0;
}

export const deleteBucket: Action<BucketWorld> = action(model, "DeleteBucket", {
  serves: ["Bucket", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const bucket = await bucketOf(world, input);
    if (!(await world.buckets.removeEmpty(bucket)))
      throw new AwsError("BucketNotEmpty", 409, "The bucket you tried to delete is not empty");
    return {};
  },
});

export const getBucketVersioning: Action<BucketWorld> = action(model, "GetBucketVersioning", {
  serves: ["Bucket", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const { versioning } = (await bucketOf(world, input)).spec;
    return versioning === undefined ? {} : { Status: STATUS[versioning] };
  },
});

const STATUS: { readonly [V in Exclude<Versioning, "none">]: "Enabled" | "Suspended" } = {
  all: "Enabled",
  suspended: "Suspended",
};

export const putBucketVersioning: Action<BucketWorld> = action(model, "PutBucketVersioning", {
  serves: [
    "Bucket",
    "ContentMD5",
    "ChecksumAlgorithm",
    "VersioningConfiguration.Status",
    "VersioningConfiguration.MFADelete",
    "ExpectedBucketOwner",
  ],
  unserved: {
    MFA: "there are no devices; leave it out",
    "VersioningConfiguration.MFADelete=Enabled": "there are no devices; leave it out",
  },
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const { Status: status } = input.VersioningConfiguration;
    if (status === undefined) throw invalidArgument("The Versioning element must be specified");
    const bucket = await bucketOf(world, input);
    // MFADelete "Disabled" is what every bucket says.
    const versioning = status === "Enabled" ? "all" : "suspended";
    await world.buckets.change(bucket, (live) => ({ ...live, spec: { ...live.spec, versioning } }));
    return {};
  },
});
