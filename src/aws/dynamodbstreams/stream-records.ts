/** A stream record as DynamoDB Streams gives it out, and as a function of an event source mapping sees it. */
import { createHash } from "node:crypto";
import type { Json } from "#base/json.ts";
import type { Stream } from "#managed/table/derived.ts";
import type { StreamRecord } from "#managed/table/stream-record.ts";
import type { Place } from "../place.ts";
import type { Record as RecordShape } from "./model.gen.ts";

// API Reference: at least 21 digits.
const DIGITS = 20;

export function sequenceText(sequence: number): string {
  return `1${String(sequence).padStart(DIGITS, "0")}`;
}

/** Null for what is no sequence number of ours. */
export function sequenceOf(text: string): number | null {
  return /^1\d{20}$/.test(text) ? Number(text.slice(1)) : null;
}

export function shardId({ id, startedAtMs }: Stream): string {
  return `shardId-${String(startedAtMs).padStart(20, "0")}-${id.toString(16).padStart(8, "0")}`;
}

export function shownRecord(place: Place, stream: Stream, record: StreamRecord): RecordShape {
  const { sequence, name, atMs, keys, newImage, oldImage, bytes, isExpiry } = record;
  return {
    eventID: createHash("md5").update(`${stream.label} ${sequence}`).digest("hex"),
    eventName: name,
    eventVersion: "1.1",
    eventSource: "aws:dynamodb",
    awsRegion: place.region,
    dynamodb: {
      // In whole seconds, as the service rounds it.
      ApproximateCreationDateTime: Math.floor(atMs / 1_000) * 1_000,
      Keys: keys,
      ...(newImage !== undefined && { NewImage: newImage }),
      ...(oldImage !== undefined && { OldImage: oldImage }),
      SequenceNumber: sequenceText(sequence),
      SizeBytes: bytes,
      StreamViewType: stream.view,
    },
    // Developer Guide, "DynamoDB Streams and Time to Live".
    ...(isExpiry === true && { userIdentity: { Type: "Service", PrincipalId: "dynamodb.amazonaws.com" } }),
  };
}

/** Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB": the example event. */
export function eventRecord(
  place: Place,
  { arn, stream }: { readonly arn: string; readonly stream: Stream },
  record: StreamRecord,
): Json {
  const { dynamodb = {}, userIdentity, ...rest } = shownRecord(place, stream, record);
  return {
    ...rest,
    dynamodb: { ...dynamodb, ApproximateCreationDateTime: Math.floor(record.atMs / 1_000) },
    ...(userIdentity !== undefined && {
      userIdentity: { type: userIdentity.Type ?? "", principalId: userIdentity.PrincipalId ?? "" },
    }),
    eventSourceARN: arn,
  };
}
