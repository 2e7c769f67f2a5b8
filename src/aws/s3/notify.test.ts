/** Who is told of which change. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Bucket, BucketNotification } from "#kinds/catamaran/bucket.ts";
import { pushesOf } from "./notify.ts";

const PLACE = { accountId: "000000000000", region: "us-east-1" };
const TARGET = "arn:aws:sqs:us-east-1:000000000000:jobs";

function told(event: string, notification: Partial<BucketNotification>, tellsBus = false): readonly string[] {
  const bucket: Bucket = {
    apiVersion: "catamaran.dev/v1",
    kind: "Bucket",
    metadata: { name: "docs", namespace: "default" },
    spec: { notifications: [{ id: "n", target: TARGET, events: [], ...notification }], tellsBus },
  };
  const version = { is: "marker", key: "in/a.jpg", version: "v", order: "8999999999999999", modifiedAtMs: 0 } as const;
  return pushesOf(PLACE, bucket, { event, version, atMs: 0 }).map(({ target }) => target);
}

const happening: readonly (readonly [
  event: string,
  all: BucketNotification["events"][number],
  one: BucketNotification["events"][number],
])[] = [
  ["ObjectCreated:Put", "s3:ObjectCreated:*", "s3:ObjectCreated:Put"],
  ["ObjectCreated:Post", "s3:ObjectCreated:*", "s3:ObjectCreated:Post"],
  ["ObjectCreated:Copy", "s3:ObjectCreated:*", "s3:ObjectCreated:Copy"],
  ["ObjectCreated:CompleteMultipartUpload", "s3:ObjectCreated:*", "s3:ObjectCreated:CompleteMultipartUpload"],
  ["ObjectRemoved:Delete", "s3:ObjectRemoved:*", "s3:ObjectRemoved:Delete"],
  ["ObjectRemoved:DeleteMarkerCreated", "s3:ObjectRemoved:*", "s3:ObjectRemoved:DeleteMarkerCreated"],
  ["LifecycleExpiration:Delete", "s3:LifecycleExpiration:*", "s3:LifecycleExpiration:Delete"],
  ["LifecycleExpiration:DeleteMarkerCreated", "s3:LifecycleExpiration:*", "s3:LifecycleExpiration:DeleteMarkerCreated"],
  ["ObjectTagging:Put", "s3:ObjectTagging:*", "s3:ObjectTagging:Put"],
  ["ObjectTagging:Delete", "s3:ObjectTagging:*", "s3:ObjectTagging:Delete"],
];
for (const [event, all, one] of happening)
  test(`${event} is told to who asks for ${all} or ${one}, and to nobody else`, () => {
    assert.deepEqual(told(event, { events: [all] }), [TARGET]);
    assert.deepEqual(told(event, { events: [one] }), [TARGET]);
    const others = happening.flatMap(([other, , asked]) => (other === event ? [] : [asked]));
    assert.deepEqual(told(event, { events: others }), []);
  });

test("only of keys that begin and end so", () => {
  const events = ["s3:ObjectCreated:*"] as const;
  assert.deepEqual(told("ObjectCreated:Put", { events, prefix: "in/", suffix: ".jpg" }), [TARGET]);
  assert.deepEqual(told("ObjectCreated:Put", { events, prefix: "out/" }), []);
  assert.deepEqual(told("ObjectCreated:Put", { events, suffix: ".png" }), []);
});

test("the default bus is told all of it", () => {
  assert.deepEqual(told("ObjectTagging:Put", {}, true), ["arn:aws:events:us-east-1:000000000000:event-bus/default"]);
});
