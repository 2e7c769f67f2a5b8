/** Conditional requests (RFC 9110 13; Amazon S3 User Guide, "Conditional requests"). Pure. */
import type { StoredObject } from "#managed/bucket/stored-object.ts";
import { AwsError } from "../aws-error.ts";
import { noSuchKey } from "./world.ts";

export interface ReadConditions {
  readonly IfMatch?: string;
  readonly IfNoneMatch?: string;
  /** Wall time in ms. */
  readonly IfModifiedSince?: number;
  readonly IfUnmodifiedSince?: number;
}

type Facts = Pick<StoredObject, "etag" | "modifiedAtMs">;

/** Null: the object may be given. An ETag says more than a time, so that a time beside one counts for nothing. */
export function readRefusal(object: Facts, conditions: ReadConditions): "not modified" | "failed" | null {
  const { IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince } = conditions;
  if (IfMatch !== undefined) {
    if (!names(IfMatch, object)) return "failed";
  } else if (IfUnmodifiedSince !== undefined && wholeSecond(object.modifiedAtMs) > wholeSecond(IfUnmodifiedSince))
    return "failed";
  if (IfNoneMatch !== undefined) return names(IfNoneMatch, object) ? "not modified" : null;
  return IfModifiedSince !== undefined && wholeSecond(object.modifiedAtMs) <= wholeSecond(IfModifiedSince)
    ? "not modified"
    : null;
}

/** Throws AwsError: 304 or 412. */
export function checkRead(object: Facts, conditions: ReadConditions): void {
  switch (readRefusal(object, conditions)) {
    case null:
      return;
    case "failed":
      throw preconditionFailed();
    case "not modified":
      throw new AwsError("NotModified", 304, "", {
        headers: { etag: `"${object.etag}"`, "last-modified": new Date(object.modifiedAtMs).toUTCString() },
      });
  }
}

export interface WriteConditions {
  readonly IfMatch?: string;
  readonly IfNoneMatch?: string;
}

/** Throws unless the key may be written over what is there. */
export function checkWrite(current: StoredObject | null, { IfMatch, IfNoneMatch }: WriteConditions): void {
  if (IfNoneMatch !== undefined && IfNoneMatch !== "*")
    throw new AwsError(
      "NotImplemented",
      501,
      "A header you provided implies functionality that is not implemented: If-None-Match other than *",
    );
  if (IfNoneMatch !== undefined && current !== null) throw preconditionFailed();
  if (IfMatch === undefined) return;
  if (current === null) throw noSuchKey();
  if (!names(IfMatch, current)) throw preconditionFailed();
}

export function preconditionFailed(): AwsError {
  return new AwsError("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold");
}

function names(tags: string, { etag }: Pick<StoredObject, "etag">): boolean {
  return tags.split(",").some((tag) => {
    const bare = tag.trim().replace(/^W\//, "").replaceAll('"', "");
    return bare === "*" || bare === etag;
  });
}

/** HTTP's dates have no fractions, and what a list says is compared with them. */
export function wholeSecond(ms: number): number {
  return ms - (ms % 1_000);
}
