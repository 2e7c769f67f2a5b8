/** What is told of what becomes of objects: the records of S3's event notifications, and the events of its own on the default bus. Pure but for the outbox. */
import type { Bucket, BucketNotification } from "#kinds/catamaran/bucket.ts";
import type { ObjectChange, Origin } from "#managed/bucket/stored-objects.ts";
import type { Version } from "#managed/bucket/stored-object.ts";
import type { Prepared, Push, Pushes } from "#managed/push.ts";
import type { Place } from "../place.ts";
import { bucketArn, ownerOf } from "./world.ts";

/** For the engine: pushes that are kept in the same step as the change. */
export function notifier(
  place: Place,
  pushes: Pick<Pushes, "prepare">,
): (bucket: Bucket, change: ObjectChange) => Prepared | null {
  return (bucket, change) => {
    const told = pushesOf(place, bucket, change);
    return told.length === 0 ? null : pushes.prepare(told);
  };
}

export function pushesOf(place: Place, bucket: Bucket, change: ObjectChange): readonly Push[] {
  const { notifications = [], tellsBus = false } = bucket.spec;
  const source = bucketArn({ Bucket: bucket.metadata.name });
  const told = notifications
    .filter((one) => asksFor(one, change))
    .map(({ id, target }): Push => ({
      target,
      source,
      payload: JSON.stringify({ Records: [recordOf(place, bucket, change, id)] }),
    }));
  return tellsBus ? [...told, busPush(place, bucket, change)] : told;
}

function asksFor(
  { events, prefix = "", suffix = "" }: BucketNotification,
  { event, version: { key } }: ObjectChange,
): boolean {
  if (!key.startsWith(prefix) || !key.endsWith(suffix)) return false;
  return events.some(
    (asked) => asked === `s3:${event}` || (asked.endsWith(":*") && `s3:${event}`.startsWith(asked.slice(0, -1))),
  );
}

const NOBODY: Origin = { principal: "s3.amazonaws.com", ip: "", requestId: "" };

/** Amazon S3 User Guide, "Event message structure", version 2.1. */
function recordOf(
  place: Place,
  bucket: Bucket,
  { event, version, atMs, by = NOBODY }: ObjectChange,
  id: string,
): object {
  return {
    eventVersion: "2.1",
    eventSource: "aws:s3",
    awsRegion: place.region,
    eventTime: new Date(atMs).toISOString(),
    eventName: event,
    userIdentity: { principalId: by.principal },
    requestParameters: { sourceIPAddress: by.ip },
    responseElements: { "x-amz-request-id": by.requestId, "x-amz-id-2": by.requestId },
    s3: {
      s3SchemaVersion: "1.0",
      configurationId: id,
      bucket: {
        name: bucket.metadata.name,
        ownerIdentity: { principalId: ownerOf(place).ID },
        arn: bucketArn({ Bucket: bucket.metadata.name }),
      },
      object: {
        // As forms are encoded: a blank is a plus.
        key: encodeURIComponent(version.key).replaceAll("%20", "+").replaceAll("%2F", "/"),
        ...(version.is === "object" && event.startsWith("ObjectCreated") && { size: version.size }),
        ...(version.is === "object" && { eTag: version.etag }),
        ...(bucket.spec.versioning !== undefined && { versionId: version.version }),
        sequencer: sequencerOf(version),
      },
    },
  };
}

/** Compared as text it says which of two events of a key came later. */
function sequencerOf({ order }: Version): string {
  const ORDERS_BEGIN_AT = 9_000_000_000_000_000;
  return (ORDERS_BEGIN_AT - Number(order)).toString(16).toUpperCase().padStart(16, "0");
}

const DETAILS: Readonly<
  Record<string, { readonly type: string; readonly reason?: string; readonly deletion?: string }>
> = {
  "ObjectCreated:Put": { type: "Object Created", reason: "PutObject" },
  "ObjectCreated:Post": { type: "Object Created", reason: "POST Object" },
  "ObjectCreated:Copy": { type: "Object Created", reason: "CopyObject" },
  "ObjectCreated:CompleteMultipartUpload": { type: "Object Created", reason: "CompleteMultipartUpload" },
  "ObjectRemoved:Delete": { type: "Object Deleted", reason: "DeleteObject", deletion: "Permanently Deleted" },
  "ObjectRemoved:DeleteMarkerCreated": {
    type: "Object Deleted",
    reason: "DeleteObject",
    deletion: "Delete Marker Created",
  },
  "LifecycleExpiration:Delete": {
    type: "Object Deleted",
    reason: "Lifecycle Expiration",
    deletion: "Permanently Deleted",
  },
  "LifecycleExpiration:DeleteMarkerCreated": {
    type: "Object Deleted",
    reason: "Lifecycle Expiration",
    deletion: "Delete Marker Created",
  },
  "ObjectTagging:Put": { type: "Object Tags Added" },
  "ObjectTagging:Delete": { type: "Object Tags Deleted" },
};

/** Amazon S3 User Guide, "EventBridge event message structure". */
function busPush({ accountId, region }: Place, bucket: Bucket, { event, version, by = NOBODY }: ObjectChange): Push {
  const { type = event, reason, deletion } = DETAILS[event] ?? {};
  const source = bucketArn({ Bucket: bucket.metadata.name });
  const detail = {
    version: "0",
    bucket: { name: bucket.metadata.name },
    object: {
      key: version.key,
      ...(version.is === "object" && { size: version.size, etag: version.etag }),
      ...(bucket.spec.versioning !== undefined && { "version-id": version.version }),
      sequencer: sequencerOf(version),
    },
    "request-id": by.requestId,
    requester: by === NOBODY ? by.principal : accountId,
    "source-ip-address": by.ip,
    ...(reason !== undefined && { reason }),
    ...(deletion !== undefined && { "deletion-type": deletion }),
  };
  const target = `arn:aws:events:${region}:${accountId}:event-bus/default`;
  return { target, source, payload: JSON.stringify(detail), event: { source: "aws.s3", type, resources: [source] } };
}
