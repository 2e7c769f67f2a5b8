/** CloudWatch Logs as a client of the door sees it: whole answers, and each refusal in AWS's words. Pages and tokens: events.test.ts. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { SampleDoor } from "../sample-door.ts";

let door: SampleDoor;
const GROUP = "/aws/lambda/f";
const ARN = `arn:aws:logs:us-east-1:000000000000:log-group:${GROUP}`;

before(async () => {
  door = await SampleDoor.open({ journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() });
  door.logs.append(GROUP, "one", [
    { atMs: 1, requestId: null, text: "first" },
    { atMs: 5, requestId: null, text: "second" },
  ]);
  door.logs.append(GROUP, "two", [{ atMs: 3, requestId: null, text: "other" }]);
});
after(() => door[Symbol.asyncDispose]());

const event = (timestamp: number, text: string): object => ({
  timestamp,
  message: `${text}\n`,
  ingestionTime: timestamp,
});
const stream = (logStreamName: string, first: number, last: number): object => ({
  logStreamName,
  creationTime: first,
  firstEventTimestamp: first,
  lastEventTimestamp: last,
  lastIngestionTime: last,
  storedBytes: 0,
});
const group = {
  logGroupName: GROUP,
  creationTime: 1,
  arn: `${ARN}:*`,
  logGroupArn: ARN,
  storedBytes: 0,
  metricFilterCount: 0,
  logGroupClass: "STANDARD",
};

const answers: readonly (readonly [title: string, operation: string, input: object, answer: object])[] = [
  ["all groups", "DescribeLogGroups", {}, { logGroups: [group] }],
  ["groups by a part of the name", "DescribeLogGroups", { logGroupNamePattern: "LAMBDA" }, { logGroups: [group] }],
  ["no groups of another prefix", "DescribeLogGroups", { logGroupNamePrefix: "/x" }, { logGroups: [] }],
  [
    "no groups of a class that there is not",
    "DescribeLogGroups",
    { logGroupClass: "INFREQUENT_ACCESS" },
    { logGroups: [] },
  ],
  ["groups of the class that there is", "DescribeLogGroups", { logGroupClass: "STANDARD" }, { logGroups: [group] }],
  [
    "streams by name",
    "DescribeLogStreams",
    { logGroupName: GROUP },
    { logStreams: [stream("one", 1, 5), stream("two", 3, 3)] },
  ],
  [
    "streams by their last event",
    "DescribeLogStreams",
    { logGroupIdentifier: ARN, orderBy: "LastEventTime" },
    { logStreams: [stream("two", 3, 3), stream("one", 1, 5)] },
  ],
  [
    "streams of a prefix",
    "DescribeLogStreams",
    { logGroupIdentifier: GROUP, logStreamNamePrefix: "t", descending: true },
    { logStreams: [stream("two", 3, 3)] },
  ],
  [
    "events of all streams, by time",
    "FilterLogEvents",
    { logGroupName: GROUP, endTime: 4, interleaved: true },
    {
      events: [
        { logStreamName: "one", ...event(1, "first"), eventId: `${"1".padStart(20, "0")}${"".padStart(36, "0")}` },
        {
          logStreamName: "two",
          ...event(3, "other"),
          eventId: `${"3".padStart(20, "0")}${"".padStart(20, "0")}${"2".padStart(16, "0")}`,
        },
      ],
      searchedLogStreams: [],
    },
  ],
  [
    "the events of one stream, between two places",
    "GetLogEvents",
    { logGroupName: GROUP, logStreamName: "one", startTime: 2, unmask: false },
    { events: [event(5, "second")], nextForwardToken: "f/0.2", nextBackwardToken: "b/0.0" },
  ],
];
for (const [title, operation, input, answer] of answers)
  test(`${operation} answers ${title}`, async () => {
    const { status, headers, json } = await door.log(operation, input);
    assert.deepEqual([status, headers["content-type"], json], [200, "application/x-amz-json-1.1", answer]);
  });

test("a group that is deleted is gone", async () => {
  door.logs.append("/gone", "s", [{ atMs: 1, requestId: null, text: "x" }]);
  const { status, text } = await door.log("DeleteLogGroup", { logGroupName: "/gone" });
  assert.deepEqual([status, text], [200, ""]);
  assert.equal((await door.log("DeleteLogGroup", { logGroupName: "/gone" })).status, 400);
});

const ONE = "1 validation error detected: ";
const INVALID = "InvalidParameterException";
const VALIDATION = "ValidationException";
const NO_GROUP = "The specified log group does not exist.";
const NOT_FOUND = "ResourceNotFoundException";
const EITHER = "Either logGroupName or logGroupIdentifier must be specified.";
const refusals: readonly (readonly [title: string, operation: string, input: object, code: string, message: string])[] =
  [
    ["a group that is not there", "DeleteLogGroup", { logGroupName: "none" }, NOT_FOUND, NO_GROUP],
    ["a group that is not there", "DescribeLogStreams", { logGroupName: "none" }, NOT_FOUND, NO_GROUP],
    ["no group", "DescribeLogStreams", {}, INVALID, EITHER],
    ["no group", "FilterLogEvents", {}, INVALID, EITHER],
    [
      "name and ARN",
      "FilterLogEvents",
      { logGroupName: GROUP, logGroupIdentifier: ARN },
      INVALID,
      "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
    ],
    [
      "prefix and pattern",
      "DescribeLogGroups",
      { logGroupNamePrefix: "a", logGroupNamePattern: "b" },
      INVALID,
      "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
    ],
    [
      "streams by time with a prefix",
      "DescribeLogStreams",
      { logGroupName: GROUP, orderBy: "LastEventTime", logStreamNamePrefix: "o" },
      INVALID,
      "Cannot order by LastEventTime with a logStreamNamePrefix.",
    ],
    [
      "a stream that is not there",
      "GetLogEvents",
      { logGroupName: GROUP, logStreamName: "none" },
      NOT_FOUND,
      "The specified log stream does not exist.",
    ],
    ["a token that is none", "DescribeLogGroups", { nextToken: "x" }, INVALID, "The specified nextToken is invalid."],
    [
      "no stream",
      "GetLogEvents",
      { logGroupName: GROUP },
      VALIDATION,
      `${ONE}Value null at 'logStreamName' failed to satisfy constraint: Member must not be null`,
    ],
    [
      "several at once",
      "FilterLogEvents",
      { logGroupName: "a b", startTime: -1, limit: 10_001 },
      VALIDATION,
      "3 validation errors detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+; Value '-1' at 'startTime' failed to satisfy constraint: Member must have value greater than or equal to 0; Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000",
    ],
    [
      "a page of none",
      "DescribeLogStreams",
      { logGroupName: GROUP, limit: 0 },
      VALIDATION,
      `${ONE}Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1`,
    ],
    [
      "a number for a name",
      "DeleteLogGroup",
      { logGroupName: 1 },
      "SerializationException",
      "NUMBER_VALUE cannot be converted to String",
    ],
  ];
for (const [title, operation, input, code, message] of refusals)
  test(`${operation} refuses ${title}`, async () => {
    const { status, headers, json } = await door.log(operation, input);
    const { __type, message: told } = json as { readonly __type: string; readonly message: string };
    assert.deepEqual([status, headers["x-amzn-errortype"], __type, told], [400, code, code, message]);
  });

const unserved: readonly (readonly [operation: string, member: string, value: unknown])[] = [
  ["DescribeLogGroups", "accountIdentifiers", ["111111111111"]],
  ["DescribeLogGroups", "includeLinkedAccounts", true],
  ["DescribeLogGroups", "logGroupIdentifiers", [GROUP]],
  ["FilterLogEvents", "oops", 1],
];
for (const [operation, member, value] of unserved)
  test(`${operation} refuses ${member} by name`, async () => {
    const { status, json } = await door.log(operation, { [member]: value });
    assert.equal(status, 400);
    assert.match((json as { readonly message: string }).message, new RegExp(`${member}.*Catamaran`));
  });
