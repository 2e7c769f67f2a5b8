/** EventBridge at the door: what it answers and refuses (API Reference; recorded answers of EventBridge for the sentences). */
import assert from "node:assert/strict";
import test from "node:test";
import { seededRandom } from "#base/random.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import { Buses } from "#managed/bus/buses.ts";
import { Replays } from "#managed/bus/replays.ts";
import type { Push } from "#managed/push.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { openBareDoor } from "../bare-door.ts";
import { eventsService } from "./service.ts";
import { ruleArn } from "./world.ts";

type Members = Readonly<Record<string, unknown>>;

const PLACE = { region: "us-east-1", accountId: "000000000000" };
const ARN = "arn:aws:events:us-east-1:000000000000";
const QUEUE = "arn:aws:sqs:us-east-1:000000000000:q";

async function bench() {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const objects = deck.objects("test");
  const database = new MemoryDatabase();
  const random = seededRandom(9);
  const pushed: Push[] = [];
  const prepare = (all: readonly Push[]) => ({ rows: [], start: () => void pushed.push(...all) });
  const buses = new Buses({
    objects,
    database,
    pushes: { prepare, accept: async () => {} },
    origin: { account: PLACE.accountId, region: PLACE.region },
    ruleArn: (bus, rule) => ruleArn(PLACE, bus, rule),
    clock,
  });
  const replays = new Replays(database, clock);
  const targetServices = new Set(["sqs", "lambda", "sns", "events"]);
  const world = { ...PLACE, namespace: "default", buses, replays, newId: () => random.uuid(), targetServices };
  const service = eventsService(world);
  const door = await openBareDoor([service]);
  const ask = async (
    operation: string,
    input: Members = {},
  ): Promise<{ readonly status: number; readonly json: Members }> => {
    const headers = { "x-amz-target": `AWSEvents.${operation}`, "content-type": "application/x-amz-json-1.1" };
    const { status, body } = await door.ask({ service: "events", headers, body: JSON.stringify(input) });
    return { status, json: body.length === 0 ? {} : (JSON.parse(body.toString()) as Members) };
  };
  const policyOf = (resource: string) => service.policyOf?.(resource);
  return { ask, pushed, buses, policyOf, [Symbol.asyncDispose]: () => door[Symbol.asyncDispose]() };
}

test("a bus is made, described, listed, tagged, opened to others and removed", async () => {
  await using all = await bench();
  const Tags = [{ Key: "a", Value: "b" }];
  const made = await all.ask("CreateEventBus", { Name: "b", Description: "d", Tags });
  assert.equal(made.json["EventBusArn"], `${ARN}:event-bus/b`);
  assert.equal((await all.ask("CreateEventBus", { Name: "b" })).json["__type"], "ResourceAlreadyExistsException");
  const { json: listed } = await all.ask("ListEventBuses");
  assert.deepEqual(
    (listed["EventBuses"] as readonly Members[]).map(({ Name }) => Name),
    ["b", "default"],
  );
  const ResourceARN = `${ARN}:event-bus/b`;
  assert.deepEqual((await all.ask("ListTagsForResource", { ResourceARN })).json["Tags"], Tags);
  await all.ask("UntagResource", { ResourceARN, TagKeys: ["a"] });
  await all.ask("TagResource", { ResourceARN, Tags: [{ Key: "c", Value: "d" }] });
  await all.ask("UpdateEventBus", { Name: "b", Description: "e" });
  const statement = { EventBusName: "b", Action: "events:PutEvents", Principal: "111111111111", StatementId: "s" };
  await all.ask("PutPermission", statement);
  const { json: described } = await all.ask("DescribeEventBus", { Name: ResourceARN });
  assert.equal(described["Description"], "e");
  assert.match(String(described["Policy"]), /"Sid":"s".*arn:aws:iam::111111111111:root/);
  assert.match((await all.policyOf(ResourceARN)) ?? "", /"Sid":"s"/);
  const spec = all.buses.list("default")[0]?.spec;
  assert.deepEqual({ ...spec, policy: "" }, { description: "e", policy: "", tags: { c: "d" } });
  await all.ask("RemovePermission", { EventBusName: "b", StatementId: "s" });
  assert.equal((await all.ask("DescribeEventBus", { Name: "b" })).json["Policy"], undefined);
  await all.ask("DeleteEventBus", { Name: "b" });
  assert.equal((await all.ask("DescribeEventBus", { Name: "b" })).json["__type"], "ResourceNotFoundException");
});

test("a rule is put, described, switched, given targets and removed once it has none", async () => {
  await using all = await bench();
  const EventPattern = '{"source":["shop"]}';
  const role = "arn:aws:iam::000000000000:role/r";
  const put = await all.ask("PutRule", {
    Name: "r",
    EventPattern,
    Description: "d",
    RoleArn: role,
    Tags: [{ Key: "a", Value: "b" }],
  });
  assert.equal(put.json["RuleArn"], `${ARN}:rule/r`);
  const target = {
    Id: "1",
    Arn: QUEUE,
    RoleArn: role,
    SqsParameters: { MessageGroupId: "g" },
    DeadLetterConfig: { Arn: `${QUEUE}d` },
    RetryPolicy: { MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: 60 },
  };
  const transformed = {
    Id: "2",
    Arn: QUEUE,
    InputTransformer: { InputTemplate: '"<s>"', InputPathsMap: { s: "$.source" } },
  };
  await all.ask("PutTargets", { Rule: "r", Targets: [target, transformed] });
  assert.deepEqual((await all.ask("ListTargetsByRule", { Rule: "r" })).json["Targets"], [target, transformed]);
  assert.deepEqual((await all.ask("ListRuleNamesByTarget", { TargetArn: QUEUE })).json["RuleNames"], ["r"]);
  assert.deepEqual(all.buses.list("default").length, 1);
  await all.ask("DisableRule", { Name: "r" });
  const { json: described } = await all.ask("DescribeRule", { Name: "r" });
  assert.deepEqual(
    [
      described["State"],
      described["EventPattern"],
      described["Description"],
      described["RoleArn"],
      described["CreatedBy"],
    ],
    ["DISABLED", EventPattern, "d", role, "000000000000"],
  );
  await all.ask("PutRule", { Name: "r", EventPattern });
  assert.equal(((await all.ask("ListTargetsByRule", { Rule: "r" })).json["Targets"] as readonly unknown[]).length, 2);
  assert.match(
    String((await all.ask("DeleteRule", { Name: "r" })).json["message"]),
    /can't be deleted since it has targets/,
  );
  await all.ask("RemoveTargets", { Rule: "r", Ids: ["1", "2"] });
  await all.ask("DeleteRule", { Name: "r" });
  assert.deepEqual((await all.ask("ListRules")).json["Rules"], []);
});

test("each event is answered for itself", async () => {
  await using all = await bench();
  await all.ask("PutRule", { Name: "r", EventPattern: '{"source":["shop"]}' });
  await all.ask("PutTargets", { Rule: "r", Targets: [{ Id: "1", Arn: QUEUE, InputPath: "$.detail" }] });
  const good = { Source: "shop", DetailType: "t", Detail: '{"n":1}', Resources: ["x"], Time: 1_700_000_000 };
  const { json } = await all.ask("PutEvents", {
    Entries: [
      good,
      { ...good, Detail: "{" },
      { ...good, Source: "aws.x" },
      { Source: "s" },
      { ...good, EventBusName: "none" },
    ],
  });
  const entries = json["Entries"] as readonly Members[];
  assert.deepEqual(
    entries.map(({ EventId, ErrorCode, ErrorMessage }) =>
      EventId === undefined ? [ErrorCode, ErrorMessage] : "taken",
    ),
    [
      "taken",
      ["MalformedDetail", "Detail is malformed."],
      ["NotAuthorizedForSourceException", "Not authorized for the source."],
      ["InvalidArgument", "Parameter DetailType is not valid. Reason: DetailType is a required argument."],
      "taken",
    ],
  );
  assert.equal(json["FailedEntryCount"], 3);
  assert.deepEqual(
    all.pushed.map(({ payload }) => payload),
    ['{"n":1}'],
  );
});

test("an archive and a replay of it", async () => {
  await using all = await bench();
  const EventSourceArn = `${ARN}:event-bus/default`;
  await all.ask("CreateArchive", {
    ArchiveName: "a",
    EventSourceArn,
    RetentionDays: 3,
    Description: "d",
    EventPattern: '{"source":["s"]}',
  });
  await all.ask("UpdateArchive", { ArchiveName: "a", RetentionDays: 4 });
  const { json } = await all.ask("DescribeArchive", { ArchiveName: "a" });
  assert.deepEqual([json["RetentionDays"], json["Description"], json["State"]], [4, "d", "ENABLED"]);
  const replay = {
    ReplayName: "again",
    EventSourceArn: `${ARN}:archive/a`,
    EventStartTime: 0,
    EventEndTime: 10,
    Destination: { Arn: EventSourceArn, FilterArns: [`${ARN}:rule/r`] },
  };
  assert.equal((await all.ask("StartReplay", replay)).json["State"], "STARTING");
  assert.equal((await all.ask("StartReplay", replay)).json["__type"], "ResourceAlreadyExistsException");
  const { json: described } = await all.ask("DescribeReplay", { ReplayName: "again" });
  assert.deepEqual(described["Destination"], replay.Destination);
  assert.equal((await all.ask("CancelReplay", { ReplayName: "again" })).json["State"], "CANCELLING");
  assert.equal((await all.ask("CancelReplay", { ReplayName: "again" })).json["__type"], "IllegalStatusException");
  assert.equal(
    ((await all.ask("ListReplays", { State: "CANCELLED" })).json["Replays"] as readonly unknown[]).length,
    1,
  );
  await all.ask("DeleteArchive", { ArchiveName: "a" });
  const backwards = { ...replay, ReplayName: "b", EventStartTime: 10, EventEndTime: 5 };
  assert.equal((await all.ask("StartReplay", backwards)).status, 400);
});

test("a pattern is tried out", async () => {
  await using all = await bench();
  const event = { id: "1", account: "1", source: "s", time: "t", region: "r", "detail-type": "d", detail: { a: 1 } };
  const EventPattern = '{"detail":{"a":[1]}}';
  assert.equal(
    (await all.ask("TestEventPattern", { EventPattern, Event: JSON.stringify(event) })).json["Result"],
    true,
  );
  const bad = await all.ask("TestEventPattern", { EventPattern, Event: "{}" });
  assert.equal(bad.json["message"], "Parameter Event is not valid.");
});

const rule = { Name: "x" };
const targets = (target: Members) => ({ Rule: "r", Targets: [{ Id: "1", Arn: QUEUE, ...target }] });
const refusals: readonly (readonly [title: string, operation: string, input: Members, says: RegExp])[] = [
  [
    "a pattern that is none",
    "PutRule",
    { ...rule, EventPattern: '{"a":1}' },
    /Event pattern is not valid. Reason: "a" must be an object or an array/,
  ],
  ["neither pattern nor schedule", "PutRule", rule, /EventPattern or ScheduleExpression must be specified/],
  [
    "a schedule that is none",
    "PutRule",
    { ...rule, ScheduleExpression: "rate(1 minutes)" },
    /ScheduleExpression is not valid/,
  ],
  [
    "a bus that is not there",
    "PutRule",
    { ...rule, EventPattern: '{"a":[1]}', EventBusName: "none" },
    /Event bus none does not exist/,
  ],
  ["a rule that is not there", "DescribeRule", rule, /Rule x does not exist on EventBus default/],
  [
    "a target of another service",
    "PutTargets",
    targets({ Arn: "arn:aws:ecs:us-east-1:1:cluster/c" }),
    /is not supported by Catamaran/,
  ],
  [
    "two inputs",
    "PutTargets",
    targets({ Input: "{}", InputPath: "$" }),
    /Only one of Input, InputPath, or InputTransformer must be provided for target 1/,
  ],
  ["an input that is no JSON", "PutTargets", targets({ Input: "x" }), /JSON syntax error in input for target 1/],
  [
    "an unknown placeholder",
    "PutTargets",
    targets({ InputTransformer: { InputTemplate: '"<x>"' } }),
    /contains invalid placeholder x/,
  ],
  [
    "parameters of ECS",
    "PutTargets",
    targets({ EcsParameters: { TaskDefinitionArn: "arn" } }),
    /EcsParameters is not supported/,
  ],
  ["the default bus", "DeleteEventBus", { Name: "default" }, /Cannot delete event bus default/],
  [
    "too large events",
    "PutEvents",
    { Entries: [{ Source: "s", DetailType: "t", Detail: "x".repeat(262_145) }] },
    /over the limit/,
  ],
];
for (const [title, operation, input, says] of refusals)
  test(`${operation} refuses ${title}`, async () => {
    await using all = await bench();
    await all.ask("PutRule", { Name: "r", EventPattern: '{"a":[1]}' });
    const { status, json } = await all.ask(operation, input);
    assert.equal(status, 400);
    assert.match(String(json["message"] ?? json["Message"]), says);
  });
