/** From events to pushes and archives over memory, and back from archives by replays; rules that run at times. */
import assert from "node:assert/strict";
import test from "node:test";
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { startKeeper } from "#deck/loop.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import { archiveKind, type ArchiveSpec } from "#kinds/catamaran/archive.ts";
import type { EventBus } from "#kinds/catamaran/event-bus.ts";
import { type RuleSpec, ruleObjectName } from "#kinds/catamaran/rule.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import type { Push } from "../push.ts";
import { ruleKeeper } from "../schedule/keep-rules.ts";
import { Buses, eventIn } from "./buses.ts";
import type { BusEvent } from "./event.ts";
import { archiveKeeper } from "./keep-archives.ts";
import { Replays } from "./replays.ts";

const QUEUE = "arn:aws:sqs:us-east-1:000000000000:q";
const OWN = { apiVersion: "catamaran.dev/v1" };

async function bench() {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const objects = deck.objects("test");
  const database = new MemoryDatabase();
  const pushed: Push[] = [];
  const prepare = (all: readonly Push[]) => ({ rows: [], start: () => void pushed.push(...all) });
  const pushes = { prepare, accept: async (all: readonly Push[]) => prepare(all).start() };
  const ruleArn = (bus: string, rule: string): string => `arn:${bus}/${rule}`;
  const buses = new Buses({ objects, database, pushes, origin: { account: "1", region: "r" }, ruleArn, clock });
  const replays = new Replays(database, clock);
  const keepers = new AsyncDisposableStack();
  const keep = () => {
    const options = { clock, log: silent };
    keepers.use(startKeeper(archiveKeeper({ objects, database, buses, replays, clock }), objects, options));
    const random = seededRandom(1);
    keepers.use(startKeeper(ruleKeeper({ database, buses, ruleArn, clock, random }), objects, options));
  };
  const rule = (name: string, spec: RuleSpec) =>
    buses.createRule({
      ...OWN,
      kind: "Rule",
      metadata: { name: ruleObjectName(spec.bus ?? "default", name), namespace: "default" },
      spec: { targets: [{ id: "1", arn: QUEUE }], ...spec },
    });
  const archive = (name: string, spec: ArchiveSpec = {}) =>
    buses.createArchive({ ...OWN, kind: "Archive", metadata: { name, namespace: "default" }, spec });
  const bus = async (name = "default"): Promise<EventBus> => {
    const found = await buses.find("default", name);
    assert.ok(found);
    return found;
  };
  const ids = (): readonly unknown[] =>
    pushed.map(({ payload }) => (JSON.parse(payload) as { readonly id?: unknown }).id);
  return { clock, objects, database, buses, replays, pushed, ids, rule, archive, bus, keep, keepers };
}

function event(id: string, more: Partial<BusEvent> = {}): BusEvent {
  return { id, source: "shop", type: "sold", timeMs: Date.UTC(2026, 10, 27), resources: [], detail: { n: 1 }, ...more };
}

async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
}

test("an event goes to the targets of every rule of its bus that wants it", async () => {
  const { buses, rule, bus, pushed } = await bench();
  await buses.createBus({ ...OWN, kind: "EventBus", metadata: { name: "b", namespace: "default" }, spec: {} });
  await rule("a", { pattern: '{"source":["shop"]}' });
  await rule("none", { pattern: '{"source":["other"]}' });
  await rule("off", { pattern: '{"source":["shop"]}', enabled: false });
  await rule("elsewhere", { bus: "b", pattern: '{"source":["shop"]}' });
  await buses.put(await bus(), [event("1")]);
  assert.deepEqual(
    pushed.map(({ target, source }) => [target, source]),
    [[QUEUE, "arn:default/a"]],
  );
  assert.deepEqual(JSON.parse(pushed[0]?.payload ?? ""), {
    version: "0",
    id: "1",
    "detail-type": "sold",
    source: "shop",
    account: "1",
    time: "2026-11-27T00:00:00Z",
    region: "r",
    resources: [],
    detail: { n: 1 },
  });
  await buses.put(await bus("b"), [event("2")]);
  assert.equal(pushed.at(-1)?.source, "arn:b/elsewhere");
});

test("a target says how long it is tried, where its dead letters go, and in which group a FIFO queue takes it", async () => {
  const { buses, rule, bus, pushed } = await bench();
  const retry = { maximumAgeSeconds: 60, maximumAttempts: 2 };
  const target = { id: "1", arn: QUEUE, deadLetterQueue: `${QUEUE}d`, messageGroup: "g", retry, role: "arn:role" };
  const made = await rule("a", { pattern: '{"source":["shop"]}', targets: [target] });
  await buses.put(await bus(), [event("1")]);
  const [push] = pushed;
  assert.deepEqual([push?.retry?.retries, push?.retry?.maxAgeMs], [2, 60_000]);
  assert.deepEqual([push?.group, push?.deduplication], ["g", `1.${made.metadata.uid ?? ""}.1`]);
  assert.deepEqual(push?.deadLetter, {
    target: `${QUEUE}d`,
    isExplained: true,
    attributes: { RULE_ARN: { type: "String", value: "arn:default/a" }, TARGET_ARN: { type: "String", value: QUEUE } },
  });
});

test("an event that came from another bus goes to no third one", async () => {
  const { buses, rule, bus, pushed } = await bench();
  const targets = [
    { id: "1", arn: "arn:aws:events:us-east-1:000000000000:event-bus/default" },
    { id: "2", arn: QUEUE },
  ];
  await rule("a", { pattern: '{"source":["shop"]}', targets });
  await buses.put(await bus(), [event("1")]);
  const forwarded = eventIn(JSON.parse(pushed[0]?.payload ?? ""));
  assert.ok(forwarded);
  await buses.put(await bus(), [forwarded]);
  assert.deepEqual(
    pushed.map(({ target }) => target),
    [targets[0]?.arn, QUEUE, QUEUE],
  );
});

test("an archive keeps what its pattern wants; a replay puts it again, once, to the rules that it names", async () => {
  const all = await bench();
  all.keep();
  await all.rule("a", { pattern: '{"source":["shop"]}' });
  await all.rule("b", { pattern: '{"replay-name":["again"]}', targets: [{ id: "1", arn: `${QUEUE}b` }] });
  await all.archive("kept", { pattern: '{"detail":{"n":[1]}}' });
  await settled();
  await all.buses.put(await all.bus(), [event("1"), event("2", { detail: { n: 2 } }), event("3")]);
  assert.deepEqual(all.ids(), ["1", "2", "3"]);
  const range = { fromMs: 0, toMs: Date.UTC(2027, 0) };
  await all.replays.start({ name: "again", archive: "default/kept", ...range, rules: ["b"] });
  await settled();
  assert.deepEqual(all.ids().slice(3), ["1", "3"]);
  assert.deepEqual([...new Set(all.pushed.slice(3).map(({ target }) => target))], [`${QUEUE}b`]);
  const replay = await all.replays.find("again");
  assert.deepEqual([replay?.state, replay?.lastMs], ["COMPLETED", Date.UTC(2026, 10, 27)]);
  await all.keepers.disposeAsync();
});

test("a replay outlives the process: the next one goes on behind the last event that was put", async () => {
  const all = await bench();
  await all.rule("a", { pattern: '{"replay-name":["again"]}' });
  const archive = await all.archive("kept");
  const events = Array.from({ length: 120 }, (_, at) => event(String(at), { timeMs: at }));
  await all.buses.put(await all.bus(), events);
  await all.replays.start({ name: "again", archive: "default/kept", fromMs: 0, toMs: 1_000 });
  await all.replays.step(archive, await all.bus(), all.buses);
  assert.equal(all.pushed.length, 50);
  const next = new Replays(all.database, all.clock);
  while (await next.step(archive, await all.bus(), all.buses));
  assert.deepEqual(
    all.ids(),
    events.map(({ id }) => id),
  );
  assert.equal(await next.cancel("again"), null);
});

test("an archive forgets what is too old, says how much it has, and takes it along", async () => {
  const all = await bench();
  all.keep();
  const archive = await all.archive("kept", { retentionDays: 1 });
  await settled();
  await all.buses.put(await all.bus(), [event("old", { timeMs: all.clock.now() - 2 * 86_400_000 }), event("new")]);
  all.clock.advance(60_000);
  await settled();
  const found = await all.objects.get(archiveKind, "default/kept");
  assert.equal(found?.status?.events, 1);
  assert.ok((found?.status?.bytes ?? 0) > 0);
  await all.buses.remove(archiveKind, archive);
  await settled();
  assert.equal(await all.objects.get(archiveKind, "default/kept"), null);
  assert.equal((await all.database.count(`archive kept.${archive.metadata.uid ?? ""}`)).rows, 0);
  await all.keepers.disposeAsync();
});

test("a rule with a schedule gets an event at its times, and after a time away for the last that was missed", async () => {
  const all = await bench();
  await all.rule("tick", { schedule: "rate(5 minutes)" });
  all.keep();
  await settled();
  assert.equal(all.pushed.length, 0);
  all.clock.advance(5 * 60_000);
  await settled();
  const [push] = all.pushed;
  const {
    time,
    source,
    resources,
    detail,
    "detail-type": type,
  } = JSON.parse(push?.payload ?? "{}") as Record<string, unknown>;
  assert.deepEqual(
    [time, source, resources, detail, type],
    ["2026-01-02T03:09:05Z", "aws.events", ["arn:default/tick"], {}, "Scheduled Event"],
  );
  await all.keepers.disposeAsync();
  all.clock.advance(17 * 60_000);
  const again = ruleKeeper({
    database: all.database,
    buses: all.buses,
    ruleArn: () => "arn",
    clock: all.clock,
    random: seededRandom(2),
  });
  await using _running = startKeeper(again, all.objects, { clock: all.clock, log: silent });
  await settled();
  assert.deepEqual(
    all.pushed.slice(1).map(({ payload }) => (JSON.parse(payload) as { readonly time: string }).time),
    ["2026-01-02T03:24:05Z"],
  );
});
