/** What rules say of ages, as a table; and what the keeper then does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BucketLifecycleRule } from "#kinds/catamaran/bucket.ts";
import { expirationOf, isUploadOver, midnightAfter, type Standing, verdictOf } from "./lifecycle.ts";
import type { Marker, StoredObject, Upload } from "./stored-object.ts";

const DAY = 86_400_000;
const NOW = 100 * DAY;

const object = (facts: Partial<StoredObject> = {}): StoredObject => ({
  is: "object",
  key: "logs/a",
  version: "null",
  order: "1",
  modifiedAtMs: NOW - 5 * DAY,
  size: 10,
  etag: "e",
  headers: {},
  metadata: {},
  tags: { keep: "no" },
  pieces: [],
  ...facts,
});
const marker: Marker = { is: "marker", key: "logs/a", version: "m", order: "1", modifiedAtMs: NOW - 5 * DAY };
const standing = (facts: Partial<Standing> = {}): Standing => ({
  version: object(),
  isNewest: true,
  noncurrentSinceMs: NOW - 5 * DAY,
  newerNoncurrent: 0,
  isAlone: true,
  ...facts,
});
const rule = (facts: Partial<BucketLifecycleRule>): BucketLifecycleRule => ({ id: "r", enabled: true, ...facts });

const old = { isNewest: false, isAlone: false };
const cases: readonly (readonly [
  title: string,
  rule: BucketLifecycleRule,
  standing: Standing,
  verdict: string | null,
])[] = [
  ["its days are over", rule({ expireDays: 5 }), standing(), "expire"],
  ["its days are not over", rule({ expireDays: 6 }), standing(), null],
  ["the rule is off", rule({ enabled: false, expireDays: 1 }), standing(), null],
  ["the date has come", rule({ expireAt: new Date(NOW).toISOString() }), standing(), "expire"],
  ["the date is to come", rule({ expireAt: new Date(NOW + DAY).toISOString() }), standing(), null],
  ["the key begins so", rule({ expireDays: 1, prefix: "logs/" }), standing(), "expire"],
  ["the key begins otherwise", rule({ expireDays: 1, prefix: "data/" }), standing(), null],
  ["it has the tag", rule({ expireDays: 1, tags: { keep: "no" } }), standing(), "expire"],
  ["it has another tag", rule({ expireDays: 1, tags: { keep: "yes" } }), standing(), null],
  ["it is large enough", rule({ expireDays: 1, largerThanBytes: 9, smallerThanBytes: 11 }), standing(), "expire"],
  ["it is too small", rule({ expireDays: 1, largerThanBytes: 10 }), standing(), null],
  ["it is too large", rule({ expireDays: 1, smallerThanBytes: 10 }), standing(), null],
  ["an old version is outlived", rule({ noncurrentDays: 5 }), standing(old), "remove"],
  ["an old version is young", rule({ noncurrentDays: 6 }), standing(old), null],
  [
    "as many newer ones stay",
    rule({ noncurrentDays: 1, newerNoncurrentVersions: 2 }),
    standing({ ...old, newerNoncurrent: 1 }),
    null,
  ],
  [
    "more newer ones than stay",
    rule({ noncurrentDays: 1, newerNoncurrentVersions: 2 }),
    standing({ ...old, newerNoncurrent: 2 }),
    "remove",
  ],
  ["an old version when objects expire", rule({ expireDays: 1 }), standing(old), null],
  ["a marker that hides nothing", rule({ removeLoneMarkers: true }), standing({ version: marker }), "remove"],
  [
    "a marker that hides something",
    rule({ removeLoneMarkers: true }),
    standing({ version: marker, isAlone: false }),
    null,
  ],
  ["a lone marker when objects expire", rule({ expireDays: 5 }), standing({ version: marker }), "remove"],
];
for (const [title, one, at, verdict] of cases)
  test(`${verdict ?? "nothing"}: ${title}`, () => assert.equal(verdictOf([one], at, NOW), verdict));

test("days end at midnight", () => {
  assert.equal(midnightAfter(10.5 * DAY, 1), 12 * DAY);
  assert.equal(midnightAfter(10 * DAY, 1), 11 * DAY);
  assert.deepEqual(expirationOf([rule({ expireDays: 9, id: "late" }), rule({ expireDays: 7, id: "soon" })], object()), {
    atMs: NOW + 2 * DAY,
    rule: "soon",
  });
  assert.equal(expirationOf([rule({ noncurrentDays: 1 })], object()), null);
});

test("an upload that nobody completes is over after its days", () => {
  const upload: Upload = {
    id: "u",
    key: "logs/b",
    startedAtMs: NOW - 3 * DAY,
    headers: {},
    metadata: {},
    tags: {},
    checksum: { algorithm: "CRC32", of: "whole" },
    isChecksumAsked: false,
  };
  assert.equal(isUploadOver([rule({ abortUploadDays: 3, prefix: "logs/" })], upload, NOW), true);
  assert.equal(isUploadOver([rule({ abortUploadDays: 4 })], upload, NOW), false);
  assert.equal(isUploadOver([rule({ abortUploadDays: 3, prefix: "data/" })], upload, NOW), false);
});
