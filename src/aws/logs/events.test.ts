/** GetLogEvents and FilterLogEvents: pages, tokens and names of events. */
import assert from "node:assert/strict";
import test from "node:test";
import { MemoryLogs } from "#functions/logs.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { LogGroups } from "#managed/logs/log-groups.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import type { Call } from "../action.ts";
import type { Members } from "../action.ts";
import type { AccountLogs } from "./account-logs.ts";
import { filterLogEvents, getLogEvents } from "./events.ts";
import { describeLogGroups, describeLogStreams } from "./groups.ts";

const CALL: Call = {
  caller: { accessKeyId: "A", secretAccessKey: "s", arn: "arn:aws:iam::000000000000:root" },
  requestId: "r",
  region: "us-east-1",
  now: 0,
  headers: {},
};
const GROUP = "/aws/lambda/f";

function world(count: number): AccountLogs & { readonly logs: MemoryLogs } {
  const logs = new MemoryLogs();
  for (let i = 1; i <= count; i++)
    logs.append(GROUP, i % 2 === 0 ? "even" : "odd", [{ atMs: i, requestId: null, text: `line ${i}` }]);
  const groups = new LogGroups(new MemoryDatabase(), new FakeClock());
  return { logs, groups, region: "us-east-1", accountId: "000000000000" };
}

interface Events {
  readonly events: readonly { readonly timestamp: number; readonly eventId: string; readonly message: string }[];
  readonly nextForwardToken: string;
  readonly nextBackwardToken: string;
  readonly nextToken?: string;
}

async function get(of: AccountLogs, input: Members): Promise<Events> {
  return (await getLogEvents.run(
    of,
    { logGroupName: GROUP, logStreamName: "odd", ...input },
    CALL,
  )) as unknown as Events;
}

async function filter(of: AccountLogs, input: Members): Promise<Events> {
  return (await filterLogEvents.run(of, { logGroupName: GROUP, ...input }, CALL)) as unknown as Events;
}

const times = ({ events }: Events): readonly number[] => events.map(({ timestamp }) => timestamp);

test("each event is a line with the newline that ended it, in both actions", async () => {
  const of = world(2);
  for (const { events } of [await get(of, {}), await filter(of, { limit: 1 })])
    assert.deepEqual(
      events.map(({ message }) => message),
      ["line 1\n"],
    );
});

test("get: the newest first, then older pages, and the same token at the beginning", async () => {
  const of = world(10);
  const newest = await get(of, { limit: 2 });
  assert.deepEqual(times(newest), [7, 9]);
  const older = await get(of, { limit: 2, nextToken: newest.nextBackwardToken });
  assert.deepEqual(times(older), [3, 5]);
  const oldest = await get(of, { limit: 2, nextToken: older.nextBackwardToken });
  assert.deepEqual(times(oldest), [1]);
  const none = await get(of, { limit: 2, nextToken: oldest.nextBackwardToken });
  assert.deepEqual([times(none), none.nextBackwardToken], [[], oldest.nextBackwardToken]);
  assert.deepEqual(times(await get(of, { limit: 2, nextToken: oldest.nextForwardToken })), [3, 5]);
});

test("get: from the head forward, the same token at the end, and what is added later", async () => {
  const of = world(6);
  const first = await get(of, { limit: 2, startFromHead: true });
  assert.deepEqual(times(first), [1, 3]);
  const second = await get(of, { limit: 2, nextToken: first.nextForwardToken });
  assert.deepEqual(times(second), [5]);
  const end = await get(of, { nextToken: second.nextForwardToken });
  assert.deepEqual([times(end), end.nextForwardToken], [[], second.nextForwardToken]);
  of.logs.append(GROUP, "odd", [{ atMs: 7, requestId: null, text: "later" }]);
  assert.deepEqual(times(await get(of, { nextToken: end.nextForwardToken })), [7]);
});

test("get: the newest page is followed by what is added after it", async () => {
  const of = world(6);
  const { nextForwardToken } = await get(of, { limit: 1 });
  of.logs.append(GROUP, "odd", [{ atMs: 7, requestId: null, text: "later" }]);
  assert.deepEqual(times(await get(of, { nextToken: nextForwardToken })), [7]);
});

test("filter: an event has one id, whatever was asked, and every one its own", async () => {
  const of = world(8);
  const all = await filter(of, {});
  assert.equal(new Set(all.events.map(({ eventId }) => eventId)).size, 8);
  for (const input of [{ startTime: 5 }, { filterPattern: '"line 5"' }, { logStreamNames: ["odd"], startTime: 4 }]) {
    const found = (await filter(of, input)).events.find(({ timestamp }) => timestamp === 5);
    assert.equal(found?.eventId, all.events[4]?.eventId);
    assert.match(found?.eventId ?? "", /^\d{56}$/);
  }
});

test("filter: pages end with no token, and have everything once", async () => {
  const of = world(8);
  const first = await filter(of, { limit: 3, logStreamNames: ["even"] });
  assert.deepEqual(times(first), [2, 4, 6]);
  const second = await filter(of, { limit: 3, logStreamNames: ["even"], nextToken: first.nextToken });
  assert.deepEqual([times(second), second.nextToken], [[8], undefined]);
});

const refusals: readonly (readonly [title: string, input: Members, error: RegExp])[] = [
  ["a group that is not there", { logGroupName: "none" }, /The specified log group does not exist/],
  [
    "another region's group",
    { logGroupName: undefined, logGroupIdentifier: `arn:aws:logs:eu-west-1:000000000000:log-group:${GROUP}` },
    /does not exist/,
  ],
  [
    "another account's group",
    { logGroupName: undefined, logGroupIdentifier: `arn:aws:logs:us-east-1:111111111111:log-group:${GROUP}` },
    /is not authorized/,
  ],
  ["a token of ours that is none", { nextToken: "f/x" }, /nextToken is invalid/],
  ["streams by name and prefix", { logStreamNames: ["odd"], logStreamNamePrefix: "o" }, /mutually exclusive/],
];
for (const [title, input, message] of refusals)
  test(`refused: ${title}`, async () => assert.rejects(filter(world(2), input), { message }));

test("a stream that is not there is refused", async () => {
  await assert.rejects(get(world(2), { logStreamName: "none" }), {
    message: "The specified log stream does not exist.",
  });
});

interface Groups {
  readonly logGroups: readonly { readonly logGroupName: string }[];
  readonly nextToken?: string;
}

test("groups and streams come in pages", async () => {
  const of = world(2);
  for (let i = 0; i < 5; i++) of.logs.append(`g${i}`, "s", [{ atMs: 1, requestId: null, text: "x" }]);
  const groups = async (input: Members): Promise<Groups> =>
    (await describeLogGroups.run(of, { limit: 4, logGroupNamePrefix: "g", ...input }, CALL)) as unknown as Groups;
  const first = await groups({});
  assert.equal(first.logGroups.length, 4);
  const second = await groups({ nextToken: first.nextToken });
  assert.deepEqual([second.logGroups.map(({ logGroupName }) => logGroupName), second.nextToken], [["g4"], undefined]);
  const streams = (await describeLogStreams.run(
    of,
    { logGroupName: GROUP, orderBy: "LastEventTime", descending: true },
    CALL,
  )) as unknown as { readonly logStreams: readonly { readonly logStreamName: string }[] };
  assert.deepEqual(
    streams.logStreams.map(({ logStreamName }) => logStreamName),
    ["even", "odd"],
  );
});
