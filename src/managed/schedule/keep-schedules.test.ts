/** Schedules over memory: at their times, in their zones, within windows, once, and after a time away. */
import assert from "node:assert/strict";
import test from "node:test";
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { startKeeper } from "#deck/loop.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import { scheduleName, scheduleObjectName, type ScheduleSpec } from "#kinds/catamaran/schedule.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import type { Push } from "../push.ts";
import { scheduleKeeper } from "./keep-schedules.ts";
import { Schedules } from "./schedules.ts";

const QUEUE = "arn:aws:sqs:us-east-1:000000000000:q";
const MINUTE_MS = 60_000;

/** The sample deck's clock begins at 2026-01-02T03:04:05Z. */
async function bench() {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const objects = deck.objects("test");
  const database = new MemoryDatabase();
  const pushed: Push[] = [];
  const prepare = (all: readonly Push[]) => ({ rows: [], start: () => void pushed.push(...all) });
  const schedules = new Schedules(objects, clock);
  const keep = (): AsyncDisposable => {
    const keeper = scheduleKeeper({
      database,
      pushes: { prepare, accept: async () => {} },
      schedules,
      origin: { account: "1", region: "r" },
      scheduleArn: (schedule) => `arn:${scheduleName(schedule)}`,
      clock,
      random: seededRandom(3),
    });
    return startKeeper(keeper, objects, { clock, log: silent });
  };
  const make = (name: string, spec: Partial<ScheduleSpec> & { readonly expression: string }) =>
    schedules.create({
      apiVersion: "catamaran.dev/v1",
      kind: "Schedule",
      metadata: { name: scheduleObjectName(spec.group ?? "default", name), namespace: "default" },
      spec: { target: { arn: QUEUE, input: "<aws.scheduler.scheduled-time>" }, ...spec },
    });
  const pass = async (minutes: number): Promise<void> => {
    for (let i = 0; i < minutes; i++) {
      clock.advance(MINUTE_MS);
      await settled();
    }
  };
  const times = (): readonly string[] => pushed.map(({ payload }) => payload);
  return { clock, schedules, pushed, times, keep, make, pass };
}

async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

test("a rate runs from when it was made, a cron in its time zone, and what is disabled not at all", async () => {
  const all = await bench();
  await using _running = all.keep();
  await all.make("rate", { expression: "rate(2 minutes)" });
  await all.make("cron", { expression: "cron(8 4 * * ? *)", timeZone: "Europe/Berlin" });
  await all.make("off", { expression: "rate(1 minute)", enabled: false });
  await settled();
  await all.pass(5);
  assert.deepEqual(all.times(), ["2026-01-02T03:06:05Z", "2026-01-02T03:08:00Z", "2026-01-02T03:08:05Z"]);
});

test("once: what has run goes when it is told to", async () => {
  const all = await bench();
  await using _running = all.keep();
  await all.make("stays", { expression: "at(2026-01-02T03:05:00)", afterCompletion: "NONE" });
  await all.make("goes", { expression: "at(2026-01-02T03:05:00)", afterCompletion: "DELETE", group: "g" });
  await settled();
  await all.pass(3);
  assert.equal(all.times().length, 2);
  assert.deepEqual(all.schedules.list("default").map(scheduleName), ["stays"]);
});

test("nothing runs before the start or after the end", async () => {
  const all = await bench();
  await using _running = all.keep();
  const [start, end] = ["2026-01-02T03:06:00Z", "2026-01-02T03:07:30Z"];
  await all.make("bounded", { expression: "cron(* * * * ? *)", start, end });
  await settled();
  await all.pass(6);
  assert.deepEqual(all.times(), ["2026-01-02T03:06:00Z", "2026-01-02T03:07:00Z"]);
});

test("a flexible window puts a run off, by no more than it is long, and every time anew", async () => {
  const all = await bench();
  await using _running = all.keep();
  await all.make("flexible", { expression: "cron(0/10 * * * ? *)", flexibleMinutes: 5 });
  await settled();
  await all.pass(6);
  assert.equal(all.times().length, 0);
  await all.pass(5);
  assert.deepEqual(all.times(), ["2026-01-02T03:10:00Z"]);
});

test("after a time away the last run that was missed is made up for, unless it is too old; nothing runs twice", async () => {
  const all = await bench();
  const before = all.keep();
  await all.make("rate", { expression: "rate(2 minutes)" });
  const retry = { maximumAgeSeconds: 60, maximumAttempts: 1 };
  await all.make("strict", { expression: "at(2026-01-02T03:05:00)", target: { arn: QUEUE, input: "strict", retry } });
  await settled();
  await before[Symbol.asyncDispose]();
  all.clock.advance(9 * MINUTE_MS);
  await using _running = all.keep();
  await settled();
  assert.deepEqual(all.times(), ["2026-01-02T03:12:05Z"]);
});

test("what a target gets: an event where nothing is said, its dead letters, its group, and how long it is tried", async () => {
  const all = await bench();
  await using _running = all.keep();
  const target = {
    arn: QUEUE,
    role: "arn:role",
    deadLetterQueue: `${QUEUE}d`,
    messageGroup: "g",
    retry: { maximumAttempts: 3 },
    event: { detailType: "t", source: "s" },
  };
  await all.make("full", { expression: "rate(1 minute)", target, description: "d" });
  await settled();
  await all.pass(1);
  const [push] = all.pushed;
  const { source, resources, detail } = JSON.parse(push?.payload ?? "{}") as Record<string, unknown>;
  assert.deepEqual([source, resources, detail], ["aws.scheduler", ["arn:full"], "{}"]);
  assert.deepEqual([push?.group, push?.event, push?.retry?.retries], ["g", { source: "s", type: "t" }, 3]);
  assert.deepEqual(Object.keys(push?.deadLetter?.attributes ?? {}), ["SCHEDULE_ARN", "TARGET_ARN", "EXECUTION_ID"]);
});
