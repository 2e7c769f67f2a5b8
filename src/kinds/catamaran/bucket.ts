/** Bucket: objects under keys, with S3's settings (Amazon S3 API Reference, CreateBucket and the Put… actions of a bucket). */
import { ageColumn, integer, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { bucketNameFault } from "#kinds/rules/names.ts";
import { type Infer, map, object, optional, text, whole } from "#kinds/schema/description.ts";
import { type Own, ownKind } from "./own-kind.ts";

const spec = object("BucketSpec", {
  /** Absent: a version goes when another takes its place. Once there it is never absent again. */
  versioning: optional(text({ enum: ["all", "suspended"] })),
  tags: optional(map(text())),
});

/** Counted about once a minute. */
const status = object("BucketStatus", { objects: optional(whole()) });

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
