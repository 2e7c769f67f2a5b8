/** Log groups as they are made, and lines that go when their group keeps them no longer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { silent } from "#base/log.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryLogs } from "#functions/logs.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { LogGroups } from "./log-groups.ts";
import { keepRetention, keptFromMs, trimAll } from "./retention.ts";

const DAY_MS = 86_400_000;

test("a group is made once, changed, and removed", async () => {
  const clock = new FakeClock();
  const groups = new LogGroups(new MemoryDatabase(), clock);
  await groups.create("/a", { team: "x" });
  await assert.rejects(groups.create("/a", {}), { code: "AlreadyExists" });
  await groups.change("/a", (group) => ({ ...group, retentionDays: 3 }));
  await groups.change("/b", (group) => ({ ...group, tags: { made: "by lines" } }));
  assert.deepEqual(
    (await groups.list()).map(({ name, retentionDays, tags }) => [name, retentionDays, tags]),
    [
      ["/a", 3, { team: "x" }],
      ["/b", undefined, { made: "by lines" }],
    ],
  );
  await groups.remove("/a");
  assert.equal(await groups.find("/a"), null);
});

test("lines older than their group keeps them go, and no others", async () => {
  const clock = new FakeClock();
  const groups = new LogGroups(new MemoryDatabase(), clock);
  const logs = new MemoryLogs();
  const now = 10 * DAY_MS;
  for (const group of ["/kept", "/short"])
    for (const day of [1, 6, 8, 9])
      logs.append(group, "s", [{ atMs: day * DAY_MS, requestId: null, text: `day ${day}` }]);
  await groups.change("/short", (group) => ({ ...group, retentionDays: 3 }));
  await trimAll(groups, logs, now);
  const scan = { direction: "forward", matches: () => true, limit: 100, maxLength: 1000 } as const;
  const texts = async (group: string): Promise<readonly string[]> =>
    (await logs.scan(group, scan)).lines.map(({ text }) => text);
  assert.deepEqual(await texts("/short"), ["day 8", "day 9"]);
  assert.deepEqual(await texts("/kept"), ["day 1", "day 6", "day 8", "day 9"]);
});

test("it is looked after once an hour, until it is disposed of", async () => {
  const clock = new FakeClock();
  const groups = new LogGroups(new MemoryDatabase(), clock);
  await groups.change("/a", (group) => ({ ...group, retentionDays: 1 }));
  const trimmed: string[] = [];
  const logs = { trim: (group: string) => Promise.resolve(void trimmed.push(group)) };
  {
    using _keeper = keepRetention({ groups, logs, clock, log: silent });
    for (let hour = 0; hour < 2; hour++) {
      clock.advance(3_600_001);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(trimmed, ["/a", "/a"]);
  }
  clock.advance(7_200_000);
  assert.equal(trimmed.length, 2);
});

test("a group without a number of days keeps its lines for ever", () => {
  assert.equal(keptFromMs(undefined, 5 * DAY_MS), null);
  assert.equal(keptFromMs(2, 5 * DAY_MS), 3 * DAY_MS);
});
