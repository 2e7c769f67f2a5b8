/** EventBridge Scheduler at the door: what it answers and refuses (API Reference; recorded answers of Scheduler for the sentences). */
import assert from "node:assert/strict";
import test from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import { Schedules } from "#managed/schedule/schedules.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { openBareDoor } from "../bare-door.ts";
import { schedulerService } from "./service.ts";

type Members = Readonly<Record<string, unknown>>;

const PLACE = { region: "us-east-1", accountId: "000000000000" };
const ARN = "arn:aws:scheduler:us-east-1:000000000000";
const QUEUE = "arn:aws:sqs:us-east-1:000000000000:q";
const TARGET = { Arn: QUEUE, RoleArn: "arn:aws:iam::000000000000:role/r" };
const PLAIN = { ScheduleExpression: "rate(5 minutes)", FlexibleTimeWindow: { Mode: "OFF" }, Target: TARGET };

async function bench() {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const schedules = new Schedules(deck.objects("test"), clock);
  const world = { ...PLACE, namespace: "default", schedules, targetServices: new Set(["sqs", "events"]) };
  const door = await openBareDoor([schedulerService(world)]);
  const ask = async (asked: string, input?: Members): Promise<{ readonly status: number; readonly json: Members }> => {
    const [method = "", url = ""] = asked.split(" ");
    const [path = "", query = ""] = url.split("?");
    const body = input === undefined ? "" : JSON.stringify(input);
    const headers = { "content-type": "application/json" };
    const answer = await door.ask({ service: "scheduler", method, path, query, headers, body });
    return {
      status: answer.status,
      json: answer.body.length === 0 ? {} : (JSON.parse(answer.body.toString()) as Members),
    };
  };
  return { ask, schedules, [Symbol.asyncDispose]: () => door[Symbol.asyncDispose]() };
}

test("a schedule is made, described, replaced, listed and removed", async () => {
  await using all = await bench();
  const Target = {
    ...TARGET,
    Input: "{}",
    DeadLetterConfig: { Arn: `${QUEUE}d` },
    RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 2 },
    SqsParameters: { MessageGroupId: "g" },
  };
  const made = await all.ask("POST /schedules/s", {
    ...PLAIN,
    Target,
    ScheduleExpressionTimezone: "Europe/Berlin",
    FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 5 },
    StartDate: 1_800_000_000,
    EndDate: 1_900_000_000,
    Description: "d",
    State: "DISABLED",
    ActionAfterCompletion: "DELETE",
  });
  assert.deepEqual(made.json, { ScheduleArn: `${ARN}:schedule/default/s` });
  const { json } = await all.ask("GET /schedules/s");
  assert.deepEqual(
    { ...json, CreationDate: 0, LastModificationDate: 0 },
    {
      Arn: `${ARN}:schedule/default/s`,
      Name: "s",
      GroupName: "default",
      State: "DISABLED",
      CreationDate: 0,
      LastModificationDate: 0,
      ActionAfterCompletion: "DELETE",
      ScheduleExpression: "rate(5 minutes)",
      ScheduleExpressionTimezone: "Europe/Berlin",
      FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 5 },
      Target,
      Description: "d",
      StartDate: 1_800_000_000,
      EndDate: 1_900_000_000,
    },
  );
  await all.ask("PUT /schedules/s", PLAIN);
  const { json: replaced } = await all.ask("GET /schedules/s");
  assert.deepEqual(
    [replaced["State"], replaced["Description"], replaced["ActionAfterCompletion"]],
    ["ENABLED", undefined, "NONE"],
  );
  assert.equal(((await all.ask("GET /schedules?NamePrefix=s")).json["Schedules"] as readonly unknown[]).length, 1);
  assert.equal((await all.ask("DELETE /schedules/s")).status, 200);
  assert.equal((await all.ask("GET /schedules/s")).status, 404);
});

test("who repeats a request under his token is answered as before; who does not is in conflict", async () => {
  await using all = await bench();
  const first = await all.ask("POST /schedules/s", { ...PLAIN, ClientToken: "t" });
  assert.deepEqual(await all.ask("POST /schedules/s", { ...PLAIN, ClientToken: "t" }), first);
  const other = await all.ask("POST /schedules/s", PLAIN);
  assert.deepEqual([other.status, other.json["Message"]], [409, "Schedule s already exists."]);
});

test("a group has tags and schedules of its own, which go with it", async () => {
  await using all = await bench();
  const Tags = [{ Key: "a", Value: "b" }];
  const made = await all.ask("POST /schedule-groups/g", { Tags });
  assert.deepEqual(made.json, { ScheduleGroupArn: `${ARN}:schedule-group/g` });
  const tags = `/tags/${encodeURIComponent(`${ARN}:schedule-group/g`)}`;
  assert.deepEqual((await all.ask(`GET ${tags}`)).json["Tags"], Tags);
  await all.ask(`DELETE ${tags}?TagKeys=a`);
  await all.ask(`POST ${tags}`, { Tags: [{ Key: "c", Value: "d" }] });
  assert.deepEqual(all.schedules.groups("default").find(({ metadata }) => metadata.name === "g")?.spec.tags, {
    c: "d",
  });
  assert.equal((await all.ask("POST /schedules/s", { ...PLAIN, GroupName: "g" })).status, 200);
  assert.equal((await all.ask("GET /schedules/s?groupName=g")).status, 200);
  assert.equal((await all.ask("GET /schedules/s")).status, 404);
  assert.equal(((await all.ask("GET /schedule-groups")).json["ScheduleGroups"] as readonly unknown[]).length, 2);
  await all.ask("DELETE /schedule-groups/g");
  assert.deepEqual(all.schedules.list("default"), []);
  assert.equal((await all.ask("DELETE /schedule-groups/default")).status, 400);
});

const refusals: readonly (readonly [title: string, input: Members, says: RegExp])[] = [
  [
    "an expression",
    { ScheduleExpression: "cron(0 1 * * * *)" },
    /^Invalid Schedule Expression cron\(0 1 \* \* \* \*\)\.$/,
  ],
  ["a time zone", { ScheduleExpressionTimezone: "Mars/Olympus" }, /Invalid ScheduleExpressionTimezone/],
  [
    "a window without its length",
    { FlexibleTimeWindow: { Mode: "FLEXIBLE" } },
    /MaximumWindowInMinutes must be provided/,
  ],
  ["an end before the start", { StartDate: 10, EndDate: 5 }, /EndDate you specify must come after/],
  [
    "a target of another service",
    { Target: { ...TARGET, Arn: "arn:aws:ecs:us-east-1:1:cluster/c" } },
    /is not supported by Catamaran/,
  ],
  [
    "a bus without a name of the event",
    { Target: { ...TARGET, Arn: "arn:aws:events:us-east-1:1:event-bus/b" } },
    /EventBridgeParameters/,
  ],
  ["a group that is not there", { GroupName: "none" }, /Schedule group none does not exist/],
  ["encryption", { KmsKeyArn: "arn:aws:kms:us-east-1:000000000000:key/k" }, /KmsKeyArn is not supported/],
];
for (const [title, input, says] of refusals)
  test(`CreateSchedule refuses ${title}`, async () => {
    await using all = await bench();
    const { status, json } = await all.ask("POST /schedules/s", { ...PLAIN, ...input });
    assert.ok(status >= 400);
    assert.match(String(json["Message"] ?? json["message"]), says);
  });
