/** Who may do what with a bucket by its policy, and whether that may be everybody (Amazon S3 User Guide, "Blocking public access"). */
import type { Bucket } from "#kinds/catamaran/bucket.ts";
import { MalformedPolicy, type Policy, readPolicy, type Statement } from "#policy/iam/document.ts";
import type { Pattern } from "#policy/iam/pattern.ts";
import { type Action, action, Answer } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { SignedHead } from "../sign.ts";
import { pathOf } from "./locate.ts";
import { model, type PublicAccessBlockConfiguration } from "./model.gen.ts";
import { accessDenied, bucketArn, bucketOf, type BucketWorld } from "./world.ts";

type PublicAccess = NonNullable<Bucket["spec"]["publicAccess"]>;

/** What a bucket does that was not told otherwise. */
const ALL_BLOCKED: PublicAccess = { blockAcls: true, ignoreAcls: true, blockPolicies: true, restrictBuckets: true };

function publicAccessOf({ spec }: Bucket): PublicAccess {
  return spec.publicAccess ?? ALL_BLOCKED;
}

/** The policy that stands on a bucket or an object of it. DIFFERS: where a public policy is restricted, what it gives to users of the account goes with it. */
export function policyOn(world: BucketWorld): (arn: string) => Promise<string | null> {
  return async (arn) => {
    const [name = ""] = arn.replace(/^arn:aws[a-z-]*:s3:::/, "").split("/");
    const bucket = await world.buckets.find(world.namespace, name);
    const text = bucket?.spec.policy;
    if (bucket === null || text === undefined) return null;
    return publicAccessOf(bucket).restrictBuckets === true && isPublic(policyIn(text)) ? null : text;
  };
}

/** Requests without a signature are for S3 when they name a bucket that there is. */
export function namesBucket(world: BucketWorld): (head: SignedHead) => boolean {
  return (head) => {
    const [, name = ""] = pathOf(head).split("/");
    return name !== "" && world.buckets.isThere(world.namespace, name);
  };
}

/** Throws MalformedPolicy in S3's words. */
function policyIn(text: string): Policy {
  try {
    return readPolicy(text, { kind: "resource" });
  } catch (thrown) {
    throw thrown instanceof MalformedPolicy ? malformed(thrown.message) : thrown;
  }
}

function malformed(message: string): AwsError {
  return new AwsError("MalformedPolicy", 400, message);
}

// A value of these names somebody or some place (User Guide, "The meaning of public").
const NARROWING: ReadonlySet<string> = new Set(
  (
    "aws:principalarn aws:principalaccount aws:principalorgid aws:sourcearn aws:sourceaccount aws:sourceip aws:sourcevpc aws:sourcevpce " +
    "aws:userid aws:sourceorgid s3:dataaccesspointarn s3:x-amz-server-side-encryption-aws-kms-key-id"
  ).split(" "),
);

export function isPublic({ statements }: Policy): boolean {
  return statements.some(isForEverybody);
}

function isForEverybody({ isAllowed, principals, conditions }: Statement): boolean {
  if (!isAllowed || principals === null) return false;
  if (!principals.isEverybody && !principals.isNot) return false;
  return !conditions.some(({ key }) => NARROWING.has(key.toLowerCase()));
}

export const putBucketPolicy: Action<BucketWorld> = action(model, "PutBucketPolicy", {
  serves: ["Bucket", "ContentMD5", "ChecksumAlgorithm", "Policy", "ExpectedBucketOwner"],
  unserved: { ConfirmRemoveSelfBucketAccess: "the root may always change it; leave it out" },
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const bucket = await bucketOf(world, input);
    const policy = policyIn(input.Policy);
    checkResources(policy, bucket.metadata.name);
    if (publicAccessOf(bucket).blockPolicies === true && isPublic(policy))
      throw accessDenied(
        `User is not authorized to perform: s3:PutBucketPolicy on resource: "${bucketArn(input)}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`,
      );
    await world.buckets.change(bucket, (live) => ({ ...live, spec: { ...live.spec, policy: input.Policy } }));
    return new Answer({}, {}, { status: 204 });
  },
});

/** A policy is about its own bucket and what is in it. */
function checkResources({ statements }: Policy, bucket: string): void {
  const own = bucketArn({ Bucket: bucket });
  const isOwn = (pattern: Pattern): boolean => {
    const [first] = pattern.parts;
    return first?.is !== "text" || first.text === own || first.text.startsWith(`${own}/`);
  };
  if (!statements.every(({ resources }) => resources.patterns.every(isOwn)))
    throw malformed("Policy has invalid resource");
}

export const getBucketPolicy: Action<BucketWorld> = action(model, "GetBucketPolicy", {
  serves: ["Bucket", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const { policy } = (await bucketOf(world, input)).spec;
    if (policy === undefined) throw noPolicy();
    return new Answer({ Policy: policy }, { "content-type": "application/json" });
  },
});

function noPolicy(): AwsError {
  return new AwsError("NoSuchBucketPolicy", 404, "The bucket policy does not exist");
}

export const deleteBucketPolicy: Action<BucketWorld> = action(model, "DeleteBucketPolicy", {
  serves: ["Bucket", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const bucket = await bucketOf(world, input);
    await world.buckets.change(bucket, ({ spec: { policy: _policy, ...spec }, ...live }) => ({ ...live, spec }));
    return {};
  },
});

export const getBucketPolicyStatus: Action<BucketWorld> = action(model, "GetBucketPolicyStatus", {
  serves: ["Bucket", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const { policy } = (await bucketOf(world, input)).spec;
    if (policy === undefined) throw noPolicy();
    return { PolicyStatus: { IsPublic: isPublic(policyIn(policy)) } };
  },
});

export const getPublicAccessBlock: Action<BucketWorld> = action(model, "GetPublicAccessBlock", {
  permission: "GetBucketPublicAccessBlock",
  serves: ["Bucket", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const access = publicAccessOf(await bucketOf(world, input));
    if (Object.keys(access).length === 0)
      throw new AwsError(
        "NoSuchPublicAccessBlockConfiguration",
        404,
        "The public access block configuration was not found",
      );
    return { PublicAccessBlockConfiguration: saidOf(access) };
  },
});

function saidOf(access: PublicAccess): PublicAccessBlockConfiguration {
  return {
    BlockPublicAcls: access.blockAcls === true,
    IgnorePublicAcls: access.ignoreAcls === true,
    BlockPublicPolicy: access.blockPolicies === true,
    RestrictPublicBuckets: access.restrictBuckets === true,
  };
}

export const putPublicAccessBlock: Action<BucketWorld> = action(model, "PutPublicAccessBlock", {
  permission: "PutBucketPublicAccessBlock",
  serves: ["Bucket", "ContentMD5", "ChecksumAlgorithm", "PublicAccessBlockConfiguration", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const bucket = await bucketOf(world, input);
    const asked = input.PublicAccessBlockConfiguration;
    const publicAccess: PublicAccess = {
      blockAcls: asked.BlockPublicAcls ?? false,
      ignoreAcls: asked.IgnorePublicAcls ?? false,
      blockPolicies: asked.BlockPublicPolicy ?? false,
      restrictBuckets: asked.RestrictPublicBuckets ?? false,
    };
    await world.buckets.change(bucket, (live) => ({ ...live, spec: { ...live.spec, publicAccess } }));
    return {};
  },
});

export const deletePublicAccessBlock: Action<BucketWorld> = action(model, "DeletePublicAccessBlock", {
  permission: "PutBucketPublicAccessBlock",
  serves: ["Bucket", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const bucket = await bucketOf(world, input);
    await world.buckets.change(bucket, (live) => ({ ...live, spec: { ...live.spec, publicAccess: {} } }));
    return {};
  },
});
