/** What a bucket's rules say of the age of its objects, versions and uploads (Amazon S3 User Guide, "Lifecycle configuration elements"). Pure. */
import type { BucketLifecycleRule } from "#kinds/catamaran/bucket.ts";
import type { StoredObject, Upload, Version } from "./stored-object.ts";

const DAY_MS = 86_400_000;

/** Ages end at midnight (UTC): the day that has begun counts whole. */
export function midnightAfter(sinceMs: number, days: number): number {
  return Math.ceil((sinceMs + days * DAY_MS) / DAY_MS) * DAY_MS;
}

/** A version among the others of its key. */
export interface Standing {
  readonly version: Version;
  readonly isNewest: boolean;
  /** When it was followed by another; of the newest of no meaning. */
  readonly noncurrentSinceMs: number;
  /** How many that are not the newest are newer than it. */
  readonly newerNoncurrent: number;
  /** There is no other version of its key. */
  readonly isAlone: boolean;
}

/** "expire": what is newest is deleted as by a client, who gets it back where versions are kept. "remove": for good. */
export function verdictOf(
  rules: readonly BucketLifecycleRule[],
  standing: Standing,
  now: number,
): "expire" | "remove" | null {
  const { version, isNewest, isAlone } = standing;
  const fitting = rules.filter((rule) => rule.enabled && fits(rule, version));
  if (!isNewest) return fitting.some((rule) => isOutlived(rule, standing, now)) ? "remove" : null;
  if (version.is === "marker") {
    // A rule that lets objects expire lets go of the markers that it leaves, too.
    const isOver = (rule: BucketLifecycleRule): boolean =>
      rule.removeLoneMarkers === true || (rule.expireDays !== undefined && expiryOf(rule, version) <= now);
    return isAlone && fitting.some(isOver) ? "remove" : null;
  }
  return fitting.some((rule) => expiryOf(rule, version) <= now) ? "expire" : null;
}

/** When the first rule lets the newest version expire; null: none does. */
export function expirationOf(
  rules: readonly BucketLifecycleRule[],
  object: StoredObject,
): { readonly atMs: number; readonly rule: string } | null {
  const [first] = rules
    .filter((rule) => rule.enabled && fits(rule, object))
    .map((rule) => ({ atMs: expiryOf(rule, object), rule: rule.id }))
    .filter(({ atMs }) => atMs < Infinity)
    .toSorted((a, b) => a.atMs - b.atMs);
  return first ?? null;
}

export function isUploadOver(
  rules: readonly BucketLifecycleRule[],
  { key, startedAtMs }: Upload,
  now: number,
): boolean {
  return rules.some(
    ({ enabled, prefix = "", abortUploadDays }) =>
      enabled &&
      key.startsWith(prefix) &&
      abortUploadDays !== undefined &&
      midnightAfter(startedAtMs, abortUploadDays) <= now,
  );
}

function expiryOf({ expireDays, expireAt }: BucketLifecycleRule, { modifiedAtMs }: Version): number {
  if (expireDays !== undefined) return midnightAfter(modifiedAtMs, expireDays);
  return expireAt === undefined ? Infinity : Date.parse(expireAt);
}

function isOutlived(rule: BucketLifecycleRule, { noncurrentSinceMs, newerNoncurrent }: Standing, now: number): boolean {
  const { noncurrentDays, newerNoncurrentVersions = 0 } = rule;
  if (noncurrentDays === undefined || newerNoncurrent < newerNoncurrentVersions) return false;
  return midnightAfter(noncurrentSinceMs, noncurrentDays) <= now;
}

/** Markers have neither tags nor size, so that a rule that asks for them is not about markers. */
function fits(
  { prefix = "", tags = {}, largerThanBytes, smallerThanBytes }: BucketLifecycleRule,
  version: Version,
): boolean {
  if (!version.key.startsWith(prefix)) return false;
  const wanted = Object.entries(tags);
  if (version.is === "marker")
    return wanted.length === 0 && largerThanBytes === undefined && smallerThanBytes === undefined;
  return (
    wanted.every(([name, value]) => Object.hasOwn(version.tags, name) && version.tags[name] === value) &&
    version.size > (largerThanBytes ?? -1) &&
    version.size < (smallerThanBytes ?? Infinity)
  );
}
