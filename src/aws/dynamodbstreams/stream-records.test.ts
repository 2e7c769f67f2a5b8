/** A stream record as functions get it (Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB": the example event). */
import assert from "node:assert/strict";
import test from "node:test";
import type { Stream } from "#managed/table/derived.ts";
import { eventRecord, sequenceOf, sequenceText } from "./stream-records.ts";

const PLACE = { region: "us-east-1", accountId: "000000000000" };
const stream: Stream = { id: 1, label: "2026-11-27T00:00:00.000", view: "NEW_IMAGE", startedAtMs: 1 };
const arn = "arn:aws:dynamodb:us-east-1:000000000000:table/pets/stream/2026-11-27T00:00:00.000";
const keys = { p: { S: "a" } };

test("an event has the members of the guide, with times in whole seconds", () => {
  const record = { sequence: 7, name: "INSERT", atMs: 1_700_000_000_900, keys, newImage: keys, bytes: 4 } as const;
  const event = eventRecord(PLACE, { arn, stream }, record) as Readonly<Record<string, unknown>>;
  const { eventID, ...rest } = event;
  assert.match(String(eventID), /^[0-9a-f]{32}$/);
  assert.deepEqual(rest, {
    eventName: "INSERT",
    eventVersion: "1.1",
    eventSource: "aws:dynamodb",
    awsRegion: "us-east-1",
    dynamodb: {
      ApproximateCreationDateTime: 1_700_000_000,
      Keys: keys,
      NewImage: keys,
      SequenceNumber: "100000000000000000007",
      SizeBytes: 4,
      StreamViewType: "NEW_IMAGE",
    },
    eventSourceARN: arn,
  });
});

test("what the service removed by itself says so", () => {
  const event = eventRecord(
    PLACE,
    { arn, stream },
    { sequence: 8, name: "REMOVE", atMs: 0, keys, bytes: 2, isExpiry: true },
  ) as Readonly<Record<string, unknown>>;
  assert.deepEqual(event["userIdentity"], { type: "Service", principalId: "dynamodb.amazonaws.com" });
});

test("sequence numbers are texts of 21 digits in the order of the records", () => {
  assert.deepEqual([sequenceOf(sequenceText(12)), sequenceOf("12"), sequenceOf("x")], [12, null, null]);
  assert.ok(sequenceText(9) < sequenceText(10));
});
