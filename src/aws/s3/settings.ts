/** What is so of every bucket: its settings are read, and may be said as they are. Tools ask for all of them (Terraform's aws_s3_bucket). */
import { type Action, action } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { type Grant, model } from "./model.gen.ts";
import { PAYER } from "./unserved.ts";
import { bucketArn, bucketOf, type BucketWorld, foundObject, objectArn, ownerOf } from "./world.ts";

const BUCKET = ["Bucket", "ExpectedBucketOwner"] as const;
const AES256 = 'say "AES256"';

export const getBucketEncryption: Action<BucketWorld> = action(model, "GetBucketEncryption", {
  permission: "GetEncryptionConfiguration",
  serves: BUCKET,
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    await bucketOf(world, input);
    const byDefault = {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" as const },
      BucketKeyEnabled: false,
    };
    return { ServerSideEncryptionConfiguration: { Rules: [byDefault] } };
  },
});

export const putBucketEncryption: Action<BucketWorld> = action(model, "PutBucketEncryption", {
  permission: "PutEncryptionConfiguration",
  serves: [
    ...BUCKET,
    "ContentMD5",
    "ChecksumAlgorithm",
    "ServerSideEncryptionConfiguration.Rules.ApplyServerSideEncryptionByDefault.SSEAlgorithm",
  ],
  unserved: {
    "ServerSideEncryptionConfiguration.Rules.ApplyServerSideEncryptionByDefault.SSEAlgorithm=aws:kms": AES256,
    "ServerSideEncryptionConfiguration.Rules.ApplyServerSideEncryptionByDefault.SSEAlgorithm=aws:kms:dsse": AES256,
    "ServerSideEncryptionConfiguration.Rules.ApplyServerSideEncryptionByDefault.SSEAlgorithm=aws:fsx": AES256,
    "ServerSideEncryptionConfiguration.Rules.ApplyServerSideEncryptionByDefault.KMSMasterKeyID": AES256,
    "ServerSideEncryptionConfiguration.Rules.BucketKeyEnabled=true":
      "there are no bucket keys without KMS; leave it out",
    "ServerSideEncryptionConfiguration.Rules.BlockedEncryptionTypes": "there are no others; leave it out",
  },
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    await bucketOf(world, input);
    const rules = input.ServerSideEncryptionConfiguration.Rules;
    // SSEAlgorithm "AES256" is what every bucket does.
    if (rules.length !== 1) throw malformed();
    return {};
  },
});

export const deleteBucketEncryption: Action<BucketWorld> = action(model, "DeleteBucketEncryption", {
  permission: "PutEncryptionConfiguration",
  serves: BUCKET,
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    // Back to the default, which is what there is.
    await bucketOf(world, input);
    return {};
  },
});

export const getBucketOwnershipControls: Action<BucketWorld> = action(model, "GetBucketOwnershipControls", {
  serves: BUCKET,
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    await bucketOf(world, input);
    return { OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" as const }] } };
  },
});

export const putBucketOwnershipControls: Action<BucketWorld> = action(model, "PutBucketOwnershipControls", {
  serves: [...BUCKET, "ContentMD5", "ChecksumAlgorithm", "OwnershipControls.Rules.ObjectOwnership"],
  unserved: {
    "OwnershipControls.Rules.ObjectOwnership=ObjectWriter": "say BucketOwnerEnforced, S3's default",
    "OwnershipControls.Rules.ObjectOwnership=BucketOwnerPreferred": "say BucketOwnerEnforced, S3's default",
  },
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    await bucketOf(world, input);
    if (input.OwnershipControls.Rules.length !== 1) throw malformed();
    return {};
  },
});

function malformed(): AwsError {
  return new AwsError(
    "MalformedXML",
    400,
    "The XML you provided was not well-formed or did not validate against our published schema",
  );
}

/** Under "BucketOwnerEnforced" the owner has everything, and nobody else is named. */
function ownersGrants(world: BucketWorld): {
  readonly Owner: ReturnType<typeof ownerOf>;
  readonly Grants: readonly Grant[];
} {
  const owner = ownerOf(world);
  return { Owner: owner, Grants: [{ Grantee: { ...owner, Type: "CanonicalUser" }, Permission: "FULL_CONTROL" }] };
}

export const getBucketAcl: Action<BucketWorld> = action(model, "GetBucketAcl", {
  serves: BUCKET,
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    await bucketOf(world, input);
    return ownersGrants(world);
  },
});

export const getObjectAcl: Action<BucketWorld> = action(model, "GetObjectAcl", {
  serves: [...BUCKET, "Key", "VersionId"],
  unserved: { ...PAYER },
  resources: (input) => [objectArn(input)],
  run: async (world: BucketWorld, input) => {
    const { objects } = world.buckets.contentsOf(await bucketOf(world, input));
    foundObject(await objects.find(input.Key, input.VersionId), input.VersionId);
    return ownersGrants(world);
  },
});

export const getBucketRequestPayment: Action<BucketWorld> = action(model, "GetBucketRequestPayment", {
  serves: BUCKET,
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    await bucketOf(world, input);
    return { Payer: "BucketOwner" as const };
  },
});

export const getBucketAccelerateConfiguration: Action<BucketWorld> = action(model, "GetBucketAccelerateConfiguration", {
  permission: "GetAccelerateConfiguration",
  serves: BUCKET,
  unserved: { ...PAYER },
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    await bucketOf(world, input);
    return {};
  },
});

export const getBucketLogging: Action<BucketWorld> = action(model, "GetBucketLogging", {
  serves: BUCKET,
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    await bucketOf(world, input);
    return {};
  },
});

export const getBucketWebsite: Action<BucketWorld> = action(model, "GetBucketWebsite", {
  serves: BUCKET,
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    await bucketOf(world, input);
    throw new AwsError("NoSuchWebsiteConfiguration", 404, "The specified bucket does not have a website configuration");
  },
});

export const getBucketReplication: Action<BucketWorld> = action(model, "GetBucketReplication", {
  permission: "GetReplicationConfiguration",
  serves: BUCKET,
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    await bucketOf(world, input);
    throw new AwsError("ReplicationConfigurationNotFoundError", 404, "The replication configuration was not found");
  },
});

export const getObjectLockConfiguration: Action<BucketWorld> = action(model, "GetObjectLockConfiguration", {
  permission: "GetBucketObjectLockConfiguration",
  serves: BUCKET,
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    await bucketOf(world, input);
    throw new AwsError(
      "ObjectLockConfigurationNotFoundError",
      404,
      "Object Lock configuration does not exist for this bucket",
    );
  },
});
