/** How long objects, versions and uploads stay: the actions of lifecycle configurations. The rules themselves are the engine's. */
import type { BucketLifecycleRule } from "#kinds/catamaran/bucket.ts";
import { type Action, action } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { type LifecycleRule, type LifecycleRuleFilter, model, type Tag } from "./model.gen.ts";
import { bucketArn, bucketOf, type BucketWorld, invalidArgument, invalidRequest } from "./world.ts";

const NO_CLASSES = "objects stay where they are: let them expire";

export const putBucketLifecycleConfiguration: Action<BucketWorld> = action(model, "PutBucketLifecycleConfiguration", {
  permission: "PutLifecycleConfiguration",
  serves: [
    "Bucket",
    "ChecksumAlgorithm",
    "LifecycleConfiguration.Rules.Expiration",
    "LifecycleConfiguration.Rules.ID",
    "LifecycleConfiguration.Rules.Prefix",
    "LifecycleConfiguration.Rules.Filter",
    "LifecycleConfiguration.Rules.Status",
    "LifecycleConfiguration.Rules.NoncurrentVersionExpiration",
    "LifecycleConfiguration.Rules.AbortIncompleteMultipartUpload",
    "ExpectedBucketOwner",
  ],
  unserved: {
    "LifecycleConfiguration.Rules.Transitions": NO_CLASSES,
    "LifecycleConfiguration.Rules.NoncurrentVersionTransitions": NO_CLASSES,
    TransitionDefaultMinimumObjectSize: NO_CLASSES,
  },
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input, call) => {
    const bucket = await bucketOf(world, input);
    const lifecycle = (input.LifecycleConfiguration?.Rules ?? []).map((rule, at) =>
      ruleOf(rule, `${call.requestId}-${at}`),
    );
    if (lifecycle.length === 0) throw malformed();
    if (new Set(lifecycle.map(({ id }) => id)).size < lifecycle.length)
      throw invalidArgument("Rule ID must be unique. Found same ID for more than one rule");
    await world.buckets.change(bucket, (live) => ({ ...live, spec: { ...live.spec, lifecycle } }));
    return {};
  },
});

const MAX_ID = 255;
const DAY_MS = 86_400_000;

type Asked = Pick<
  LifecycleRule,
  | "AbortIncompleteMultipartUpload"
  | "Expiration"
  | "Filter"
  | "ID"
  | "NoncurrentVersionExpiration"
  | "Prefix"
  | "Status"
>;

function ruleOf(rule: Asked, id: string): BucketLifecycleRule {
  const { ID = id, Status } = rule;
  if (ID.length > MAX_ID) throw invalidArgument(`ID length should not exceed allowed limit of ${MAX_ID}`);
  const acts = { ...expirationOf(rule), ...noncurrentOf(rule), ...abortOf(rule) };
  if (Object.keys(acts).length === 0) throw invalidRequest("At least one action needs to be specified in a rule");
  return { id: ID, enabled: Status === "Enabled", ...filterOf(rule), ...acts };
}

type Acts = Partial<Omit<BucketLifecycleRule, "id" | "enabled">>;

function expirationOf({ Expiration }: Asked): Acts {
  const { Days, Date: at, ExpiredObjectDeleteMarker: lone } = Expiration ?? {};
  if ([Days, at, lone].filter((one) => one !== undefined).length > 1) throw malformed();
  if (Days !== undefined && Days < 1) throw invalidArgument("'Days' for Expiration action must be a positive integer");
  if (at !== undefined && at % DAY_MS !== 0) throw invalidArgument("'Date' must be at midnight GMT");
  return {
    ...(Days !== undefined && { expireDays: Days }),
    ...(at !== undefined && { expireAt: new Date(at).toISOString() }),
    ...(lone !== undefined && { removeLoneMarkers: lone }),
  };
}

function noncurrentOf({ NoncurrentVersionExpiration: noncurrent }: Asked): Acts {
  if (noncurrent === undefined) return {};
  const { NoncurrentDays: days = 0, NewerNoncurrentVersions: newer } = noncurrent;
  if (days < 1)
    throw invalidArgument("'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer");
  return { noncurrentDays: days, ...(newer !== undefined && { newerNoncurrentVersions: newer }) };
}

function abortOf({ AbortIncompleteMultipartUpload: abort }: Asked): Acts {
  if (abort === undefined) return {};
  const { DaysAfterInitiation: days = 0 } = abort;
  if (days < 1)
    throw invalidArgument("'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer");
  return { abortUploadDays: days };
}

type Fitting = Pick<BucketLifecycleRule, "prefix" | "tags" | "largerThanBytes" | "smallerThanBytes">;

/** "Prefix" beside "Filter" is the older form. */
function filterOf({ Prefix, Filter }: Asked): Fitting {
  if (Prefix !== undefined && Filter !== undefined) throw malformed();
  const all = Filter?.And ?? Filter ?? {};
  const { Tags = Filter?.Tag === undefined ? [] : [Filter.Tag] } = Filter?.And ?? {};
  const prefix = all.Prefix ?? Prefix ?? "";
  const { ObjectSizeGreaterThan: larger, ObjectSizeLessThan: smaller } = all;
  return {
    ...(prefix !== "" && { prefix }),
    ...(Tags.length > 0 && { tags: Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])) }),
    ...(larger !== undefined && { largerThanBytes: larger }),
    ...(smaller !== undefined && { smallerThanBytes: smaller }),
  };
}

function malformed(): AwsError {
  return new AwsError(
    "MalformedXML",
    400,
    "The XML you provided was not well-formed or did not validate against our published schema",
  );
}

export const getBucketLifecycleConfiguration: Action<BucketWorld> = action(model, "GetBucketLifecycleConfiguration", {
  permission: "GetLifecycleConfiguration",
  serves: ["Bucket", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const { lifecycle } = (await bucketOf(world, input)).spec;
    if (lifecycle === undefined)
      throw new AwsError("NoSuchLifecycleConfiguration", 404, "The lifecycle configuration does not exist");
    return { Rules: lifecycle.map(saidOf) };
  },
});

function saidOf(rule: BucketLifecycleRule): LifecycleRule {
  const { expireDays, expireAt, removeLoneMarkers, noncurrentDays, newerNoncurrentVersions, abortUploadDays } = rule;
  const expiration = {
    ...(expireDays !== undefined && { Days: expireDays }),
    ...(expireAt !== undefined && { Date: Date.parse(expireAt) }),
    ...(removeLoneMarkers === true && { ExpiredObjectDeleteMarker: true }),
  };
  return {
    ...(Object.keys(expiration).length > 0 && { Expiration: expiration }),
    ID: rule.id,
    Filter: saidFilter(rule),
    Status: rule.enabled ? "Enabled" : "Disabled",
    ...(noncurrentDays !== undefined && {
      NoncurrentVersionExpiration: {
        NoncurrentDays: noncurrentDays,
        ...(newerNoncurrentVersions !== undefined && { NewerNoncurrentVersions: newerNoncurrentVersions }),
      },
    }),
    ...(abortUploadDays !== undefined && { AbortIncompleteMultipartUpload: { DaysAfterInitiation: abortUploadDays } }),
  };
}

function saidFilter({ prefix, tags = {}, largerThanBytes, smallerThanBytes }: Fitting): LifecycleRuleFilter {
  const all: readonly Tag[] = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const sizes = {
    ...(largerThanBytes !== undefined && { ObjectSizeGreaterThan: largerThanBytes }),
    ...(smallerThanBytes !== undefined && { ObjectSizeLessThan: smallerThanBytes }),
  };
  const said = (prefix === undefined ? 0 : 1) + all.length + Object.keys(sizes).length;
  if (said === 0) return { Prefix: "" };
  const [tag] = all;
  if (said > 1)
    return { And: { ...(prefix !== undefined && { Prefix: prefix }), ...(tag && { Tags: all }), ...sizes } };
  return { ...(prefix !== undefined && { Prefix: prefix }), ...(tag && { Tag: tag }), ...sizes };
}

export const deleteBucketLifecycle: Action<BucketWorld> = action(model, "DeleteBucketLifecycle", {
  permission: "PutLifecycleConfiguration",
  serves: ["Bucket", "ExpectedBucketOwner"],
  unserved: {},
  resources: (input) => [bucketArn(input)],
  run: async (world: BucketWorld, input) => {
    const bucket = await bucketOf(world, input);
    await world.buckets.change(bucket, ({ spec: { lifecycle: _rules, ...spec }, ...live }) => ({ ...live, spec }));
    return {};
  },
});
