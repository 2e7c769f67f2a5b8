/** What a Bucket may say, and what of it the engine makes. */
import assert from "node:assert/strict";
import test from "node:test";
import { versioningOf } from "#managed/bucket/buckets.ts";
import { validateObject } from "#kinds/rules/check.ts";
import { type Bucket, bucketKind, type BucketSpec } from "./bucket.ts";

function bucket(spec: BucketSpec, name = "docs"): Bucket {
  return { apiVersion: "catamaran.dev/v1", kind: "Bucket", metadata: { name, namespace: "default", uid: "u" }, spec };
}

for (const name of ["ab", "Docs", "a..b", "-docs", "10.0.0.1", "xn--docs", "docs-s3alias"])
  test(`a bucket is not called ${name}`, () => {
    assert.deepEqual(
      validateObject(bucketKind, bucket({}, name), null).map(({ field }) => field),
      ["metadata.name"],
    );
  });

test("a bucket that has kept versions never forgets that it did", () => {
  const [none, all, suspended] = [bucket({}), bucket({ versioning: "all" }), bucket({ versioning: "suspended" })];
  const faults = (next: Bucket, live: Bucket): readonly string[] =>
    validateObject(bucketKind, next, live).map(({ field }) => field);
  assert.deepEqual(faults(all, none), []);
  assert.deepEqual(faults(suspended, all), []);
  assert.deepEqual(faults(none, suspended), ["spec.versioning"]);
  assert.deepEqual([none, all, suspended].map(versioningOf), ["none", "all", "suspended"]);
});

const faulty: readonly (readonly [title: string, spec: BucketSpec, field: string])[] = [
  [
    "a target that is no queue, function, topic or bus",
    { notifications: [{ id: "n", target: "arn:aws:s3:::docs", events: ["s3:ObjectCreated:*"] }] },
    "spec.notifications[0].target",
  ],
  [
    "two rules of one id",
    {
      lifecycle: [
        { id: "r", enabled: true, expireDays: 1 },
        { id: "r", enabled: true, expireDays: 2 },
      ],
    },
    "spec.lifecycle[1].id",
  ],
  [
    "an end that is not midnight",
    { lifecycle: [{ id: "r", enabled: true, expireAt: "2027-01-01T01:00:00Z" }] },
    "spec.lifecycle[0].expireAt",
  ],
  [
    "a page that keeps an answer for less than no time",
    { cors: [{ id: "c", allowedOrigins: ["*"], allowedMethods: ["GET"], maxAgeSeconds: -1 }] },
    "spec.cors[0].maxAgeSeconds",
  ],
];
for (const [title, spec, field] of faulty)
  test(`a bucket with ${title} is refused`, () => {
    assert.deepEqual(
      validateObject(bucketKind, bucket(spec), null).map((fault) => fault.field),
      [field],
    );
  });
