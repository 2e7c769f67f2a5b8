/** Keeps buckets: what is in them goes with them, and the status says how many objects there are. */
import type { Clock } from "#base/clock.ts";
import type { ObjectKey } from "#base/key.ts";
import type { Keeper } from "#deck/controller.ts";
import type { Objects } from "#deck/objects.ts";
import { type Bucket, bucketKind } from "#kinds/catamaran/bucket.ts";
import type { Buckets } from "./buckets.ts";
import { expire } from "./expire.ts";

export interface BucketKeeping {
  readonly objects: Objects;
  readonly buckets: Buckets;
  readonly clock: Clock;
}

const FINALIZER = "catamaran.dev/bucket-objects";
const EVERY_MS = 60_000;
const DAY_MS = 86_400_000;

export function bucketKeeper({ objects, buckets, clock }: BucketKeeping): Keeper<Bucket> {
  /** Which rules were carried out on which day: they say nothing new before the next midnight. */
  const expired = new Map<ObjectKey, string>();
  const expireOnce = async (key: ObjectKey, bucket: Bucket): Promise<void> => {
    const { lifecycle = [] } = bucket.spec;
    const now = clock.now();
    const done = `${bucket.metadata.uid ?? ""} ${Math.floor(now / DAY_MS)} ${JSON.stringify(lifecycle)}`;
    if (lifecycle.length === 0 || expired.get(key) === done) return;
    await expire(buckets.contentsOf(bucket), lifecycle, now);
    expired.set(key, done);
  };
  const write = async (key: ObjectKey, decide: (live: Bucket) => Bucket | null): Promise<undefined> => {
    await objects.change(bucketKind, key, decide);
  };
  return {
    name: "catamaran-buckets",
    kind: bucketKind,
    async keep(key, bucket) {
      if (bucket === undefined) {
        expired.delete(key);
        return undefined;
      }
      const isHeld = bucket.metadata.finalizers?.includes(FINALIZER) === true;
      if (bucket.metadata.deletionTimestamp === undefined && !isHeld) return write(key, withFinalizer);
      if (bucket.metadata.deletionTimestamp === undefined) {
        await expireOnce(key, bucket);
        const count = await buckets.contentsOf(bucket).objects.count();
        if (bucket.status?.objects !== count)
          await objects.change(bucketKind, key, (live) => ({ ...live, status: { ...live.status, objects: count } }), {
            subresource: "status",
          });
        return clock.now() + EVERY_MS;
      }
      if (!isHeld) return undefined;
      await buckets.drop(bucket);
      return write(key, withoutFinalizer);
    },
  };
}

function withFinalizer(bucket: Bucket): Bucket | null {
  const { finalizers = [] } = bucket.metadata;
  return finalizers.includes(FINALIZER) ? null : withFinalizers(bucket, [...finalizers, FINALIZER]);
}

function withoutFinalizer(bucket: Bucket): Bucket | null {
  const { finalizers = [] } = bucket.metadata;
  if (!finalizers.includes(FINALIZER)) return null;
  return withFinalizers(
    bucket,
    finalizers.filter((name) => name !== FINALIZER),
  );
}

function withFinalizers(bucket: Bucket, finalizers: readonly string[]): Bucket {
  return { ...bucket, metadata: { ...bucket.metadata, finalizers } };
}
