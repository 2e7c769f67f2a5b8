/** Asynchronous invocations: what follows each attempt, and that accepted events outlive the process. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { Tasks } from "#base/tasks.ts";
import { functionKind } from "#kinds/catamaran/function.ts";
import { Functions } from "./engine.ts";
import { type AsyncEnd, type AsyncEvent, afterAttempt, backOffMs, EventQueue, MemoryEvents } from "./event-queue.ts";
import type { InvokeResult } from "./invocation.ts";
import { FakeLedger, FakeObjects, FakeSandboxes, VirtualClock } from "./fakes.ts";

const hourMs = 3_600_000;
const event: AsyncEvent = {
  id: "1",
  namespace: "default",
  name: "f",
  payload: new Uint8Array(),
  acceptedAtMs: 0,
  failures: 0,
  notBeforeMs: 0,
};

const attempts = [
  { title: "done", event, verdict: "ok", now: 5, again: null },
  { title: "first failure", event, verdict: "failed", now: 5, again: { failures: 1, notBeforeMs: 60_005 } },
  {
    title: "second failure",
    event: { ...event, failures: 1 },
    verdict: "failed",
    now: 5,
    again: { failures: 2, notBeforeMs: 120_005 },
  },
  { title: "third failure", event: { ...event, failures: 2 }, verdict: "failed", now: 5, again: null },
  { title: "too old to fail again", event, verdict: "failed", now: 6 * hourMs, again: null },
] as const;

for (const { title, event: before, verdict, now, again } of attempts) {
  test(`after an attempt: ${title}`, () => {
    const after = afterAttempt(before, verdict, now);
    assert.deepEqual(after, again === null ? null : { ...before, ...again });
  });
}

test("a function may want fewer retries, or none after a shorter time", () => {
  assert.equal(afterAttempt(event, "failed", 5, { retries: 0, maxAgeMs: 6 * hourMs }), null);
  assert.equal(afterAttempt(event, "failed", 5, { retries: 2, maxAgeMs: 60_000 }), null);
  assert.equal(afterAttempt(event, "failed", 5, { retries: 1, maxAgeMs: 61_000 })?.failures, 1);
});

const waits = [
  { throttles: 0, chance: 0, ms: 1_000 },
  { throttles: 0, chance: 0.9, ms: 1_000 },
  { throttles: 3, chance: 0, ms: 8_000 },
  { throttles: 3, chance: 0.5, ms: 6_000 },
  { throttles: 40, chance: 0, ms: 300_000 },
  { throttles: 40, chance: 0.5, ms: 225_000 },
] as const;

for (const { throttles, chance, ms } of waits)
  test(`after ${throttles} throttles in a row and by chance ${chance} a function is left alone for ${ms} ms`, () =>
    assert.equal(backOffMs(throttles, chance), ms));

const START_MS = new VirtualClock().now();

/** A queue whose function has so many slots; what runs ends when the test says so. */
function queueWith({ slots, verdicts = [] }: { slots: number; readonly verdicts?: ("ok" | "refused" | "gone")[] }) {
  const clock = new VirtualClock();
  const store = new MemoryEvents();
  const running: { readonly id: string; readonly end: () => void }[] = [];
  const started: string[] = [];
  const room = { slots };
  const run = async ({ id }: AsyncEvent): Promise<InvokeResult> => {
    started.push(id);
    const verdict = verdicts.shift() ?? "ok";
    if (verdict === "refused") throw new Fault("Unavailable", "no memory");
    if (verdict === "gone") throw new Fault("NotFound", "no such function");
    await new Promise<void>((resolve) => running.push({ id, end: resolve }));
    return { status: 200, payload: new Uint8Array(), executedVersion: "$LATEST", isCold: false, requestId: id };
  };
  const queue = new EventQueue({
    store,
    clock,
    random: { number: () => 0 },
    tasks: new Tasks(silent),
    log: silent,
    mayRun: (_event, inFlight) => inFlight < room.slots,
    run,
  });
  return { queue, clock, store, running, started, room };
}

function eventAt(id: string, acceptedAtMs: number): AsyncEvent {
  return { ...event, id, acceptedAtMs: START_MS + acceptedAtMs, notBeforeMs: START_MS + acceptedAtMs };
}

test("after a restart only what has room runs, the first accepted first, and each end lets the next in", async () => {
  const world = queueWith({ slots: 2 });
  for (const [id, at] of [
    ["c", -1],
    ["a", -3],
    ["d", 0],
    ["b", -2],
  ] as const)
    await world.store.put(eventAt(id, at));
  await world.queue.resume();
  await world.clock.advance(60_000);
  assert.deepEqual(world.started, ["a", "b"]);
  assert.equal(world.queue.backlog, 2);
  for (let i = 0; i < 4; i++) {
    world.running[i]?.end();
    await world.clock.advance(0);
  }
  assert.deepEqual(world.started, ["a", "b", "c", "d"]);
  assert.deepEqual(await world.store.load(), []);
  assert.equal(world.queue.backlog, 0);
});

test("a slot that comes free elsewhere wakes the oldest at once; nothing else does", async () => {
  const world = queueWith({ slots: 0 });
  await world.queue.accept(eventAt("late", 0));
  await world.queue.accept(eventAt("early", -1));
  await world.clock.advance(hourMs);
  assert.deepEqual(world.started, []);
  world.room.slots = 1;
  world.queue.wake(keyOf("default", "other"));
  assert.deepEqual(world.started, []);
  world.queue.wake(keyOf("default", "f"));
  assert.deepEqual(world.started, ["early"]);
  world.room.slots = 2;
  world.queue.wakeAll();
  assert.deepEqual(world.started, ["early", "late"]);
});

test("a function that refuses is left alone for a second, then two; a slot that comes free ends that", async () => {
  const world = queueWith({ slots: 1, verdicts: ["refused", "refused", "refused"] });
  await world.queue.accept(eventAt("1", 0));
  await world.clock.advance(999);
  assert.equal(world.started.length, 1);
  await world.clock.advance(1);
  assert.equal(world.started.length, 2);
  await world.clock.advance(1_999);
  assert.equal(world.started.length, 2);
  await world.clock.advance(1);
  assert.equal(world.started.length, 3);
  world.queue.wake(keyOf("default", "f"));
  assert.equal(world.started.length, 4);
  assert.equal((await world.store.load()).length, 1);
});

test("events of a function that is gone go, those without room go after six hours", async () => {
  const gone = queueWith({ slots: 1, verdicts: ["gone", "gone"] });
  await gone.queue.accept(eventAt("1", 0));
  await gone.queue.accept(eventAt("2", 0));
  await gone.clock.advance(0);
  assert.deepEqual(await gone.store.load(), []);
  const full = queueWith({ slots: 0 });
  await full.queue.accept(eventAt("1", 0));
  await full.clock.advance(6 * hourMs);
  assert.equal(full.queue.backlog, 1);
  await full.clock.advance(1);
  assert.equal(full.queue.backlog, 0);
  assert.deepEqual(await full.store.load(), []);
  assert.deepEqual(full.started, []);
});

test("a closed queue starts nothing more", async () => {
  const world = queueWith({ slots: 1 });
  await world.queue.accept(eventAt("1", 0));
  await world.queue.accept(eventAt("2", 0));
  world.queue[Symbol.dispose]();
  world.running[0]?.end();
  await world.clock.advance(hourMs);
  assert.deepEqual(world.started, ["1"]);
  assert.deepEqual(
    (await world.store.load()).map(({ id }) => id),
    ["2"],
  );
});

test("an event that was accepted before a crash runs after it", async () => {
  const store = new MemoryEvents();
  await store.put({ ...event, acceptedAtMs: 1_750_000_000_000, notBeforeMs: 1_750_000_000_000 });
  const clock = new VirtualClock();
  const objects = new FakeObjects();
  await objects.create(functionKind, {
    metadata: { name: "f", namespace: "default" },
    spec: { runtime: "nodejs24.x", handler: "index.handler", code: { sha256: "x", size: 1 } },
  });
  const seen: string[] = [];
  const sandboxes = new FakeSandboxes(async (request) => {
    seen.push(request.requestId);
    return { is: "response", payload: request.payload, maxMemoryMib: 1 };
  });
  const functions = await Functions.open({
    objects,
    sandboxes,
    ledger: new FakeLedger(),
    clock,
    random: seededRandom(1),
    log: silent,
    credentialsFor: () => ({ accessKeyId: "a", secretAccessKey: "s", sessionToken: "" }),
    events: store,
  });
  await clock.advance(10);
  assert.deepEqual(seen, ["1"]);
  assert.deepEqual(await store.load(), []);
  await functions[Symbol.asyncDispose]();
});

test("the end of an event is told before it is forgotten, and again until somebody keeps it", async () => {
  const ends: AsyncEnd[] = [];
  let isDown = true;
  const clock = new VirtualClock();
  const store = new MemoryEvents();
  const queue = new EventQueue({
    store,
    clock,
    random: { number: () => 0 },
    tasks: new Tasks(silent),
    log: silent,
    mayRun: () => true,
    run: async ({ id }) => ({
      status: 200,
      payload: new Uint8Array(),
      executedVersion: "$LATEST",
      isCold: false,
      requestId: id,
      functionError: "Unhandled",
    }),
    asynchronous: {
      rulesOf: () => ({ retries: 0, maxAgeMs: hourMs }),
      ended: async (_event, end) => {
        ends.push(end);
        if (isDown) throw new Error("the disk is full");
      },
    },
  });
  await queue.accept(eventAt("1", 0));
  await clock.advance(500);
  assert.equal((await store.load()).length, 1);
  isDown = false;
  await clock.advance(1_000);
  assert.deepEqual(await store.load(), []);
  assert.deepEqual(
    ends.map(({ condition, attempts }) => [condition, attempts]),
    [
      ["RetriesExhausted", 1],
      ["RetriesExhausted", 1],
    ],
  );
});
