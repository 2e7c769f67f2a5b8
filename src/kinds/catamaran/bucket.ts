/** Bucket: objects under keys, with S3's settings (Amazon S3 API Reference, CreateBucket and the Put… actions of a bucket). */
import { ageColumn, integer, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { bucketNameFault } from "#kinds/rules/names.ts";
import { flag, type Infer, list, map, object, optional, text, whole } from "#kinds/schema/description.ts";
import { type Own, ownKind } from "./own-kind.ts";

/** What may go on in a bucket (Amazon S3 User Guide, "Supported event types"), as far as it does. */
export const BUCKET_EVENTS = [
  "s3:ObjectCreated:*",
  "s3:ObjectCreated:Put",
  "s3:ObjectCreated:Post",
  "s3:ObjectCreated:Copy",
  "s3:ObjectCreated:CompleteMultipartUpload",
  "s3:ObjectRemoved:*",
  "s3:ObjectRemoved:Delete",
  "s3:ObjectRemoved:DeleteMarkerCreated",
  "s3:LifecycleExpiration:*",
  "s3:LifecycleExpiration:Delete",
  "s3:LifecycleExpiration:DeleteMarkerCreated",
  "s3:ObjectTagging:*",
  "s3:ObjectTagging:Put",
  "s3:ObjectTagging:Delete",
] as const;

const notification = object("BucketNotification", {
  id: text(),
  /** The ARN of a queue, a function, a topic or a bus. */
  target: text({
    pattern: /^arn:aws[a-z-]*:(sqs|lambda|sns|events):/,
    says: "must be the ARN of a queue, a function, a topic or a bus",
  }),
  events: list(text({ enum: BUCKET_EVENTS }), { min: 1 }),
  /** Of the key. */
  prefix: optional(text()),
  suffix: optional(text()),
});

const corsRule = object("BucketCorsRule", {
  id: optional(text()),
  allowedOrigins: list(text(), { min: 1 }),
  allowedMethods: list(text({ enum: ["DELETE", "GET", "HEAD", "POST", "PUT"] }), { min: 1 }),
  allowedHeaders: optional(list(text())),
  exposeHeaders: optional(list(text())),
  maxAgeSeconds: optional(whole({ min: 0 })),
});

const lifecycleRule = object("BucketLifecycleRule", {
  id: text(),
  enabled: flag(),
  prefix: optional(text()),
  tags: optional(map(text())),
  largerThanBytes: optional(whole({ min: 0 })),
  smallerThanBytes: optional(whole({ min: 1 })),
  /** After so many days, at the next midnight (UTC). */
  expireDays: optional(whole({ min: 1 })),
  /** "2027-01-01T00:00:00Z". */
  expireAt: optional(
    text({ pattern: /^\d{4}-\d\d-\d\dT00:00:00(\.000)?Z$/, says: "must be midnight UTC, as 2027-01-01T00:00:00Z" }),
  ),
  /** Markers of deletions that hide nothing any more. */
  removeLoneMarkers: optional(flag()),
  noncurrentDays: optional(whole({ min: 1 })),
  /** So many of them stay. */
  newerNoncurrentVersions: optional(whole({ min: 1, max: 100 })),
  abortUploadDays: optional(whole({ min: 1 })),
});

/** Absent: all of it, as S3 has it for new buckets. */
const publicAccess = object("BucketPublicAccess", {
  /** There are no grants to block; tools say it all the same. */
  blockAcls: optional(flag()),
  ignoreAcls: optional(flag()),
  /** A policy that lets everybody in is not taken. */
  blockPolicies: optional(flag()),
  /** One that is there already lets nobody in. */
  restrictBuckets: optional(flag()),
});

const spec = object("BucketSpec", {
  /** Absent: a version goes when another takes its place. Once there it is never absent again. */
  versioning: optional(text({ enum: ["all", "suspended"] })),
  tags: optional(map(text())),
  notifications: optional(list(notification, { key: "id", max: 100 })),
  /** All that goes on is told to the default bus. */
  tellsBus: optional(flag()),
  cors: optional(list(corsRule, { max: 100 })),
  /** Who may do what with it: a policy of IAM's language, as JSON text. */
  policy: optional(text()),
  publicAccess: optional(publicAccess),
  lifecycle: optional(list(lifecycleRule, { key: "id", max: 1_000 })),
});

/** Counted about once a minute. */
const status = object("BucketStatus", { objects: optional(whole()) });

export type BucketNotification = Infer<typeof notification>;
export type BucketCorsRule = Infer<typeof corsRule>;
export type BucketLifecycleRule = Infer<typeof lifecycleRule>;
export type BucketSpec = Infer<typeof spec>;
export type BucketStatus = Infer<typeof status>;
export type Bucket = Own<BucketSpec, BucketStatus>;

export const bucketKind: Kind<Bucket> = ownKind({
  kind: "Bucket",
  plural: "buckets",
  spec,
  status,
  checkName: bucketNameFault,
  columns: [
    textColumn("Versioning", (bucket) => bucket.spec.versioning ?? "none"),
    integer("Objects", (bucket) => bucket.status?.objects ?? 0),
    ageColumn,
  ],
  rules: ({ versioning }, faults, { live }) => {
    if (versioning === undefined && live?.spec.versioning !== undefined)
      faults.forbidden("spec.versioning", 'a bucket that has kept versions can only be "suspended"');
  },
});
