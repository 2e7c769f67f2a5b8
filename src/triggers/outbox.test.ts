/** Pushes over memory: delivered once accepted, again after failures and restarts, in order where there is one, and dead letters at last. */
import assert from "node:assert/strict";
import test from "node:test";
import { Fault } from "#base/fault.ts";
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import type { Push } from "#managed/push.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { Outbox } from "./outbox.ts";

const QUEUE = "arn:aws:sqs:us-east-1:000000000000:q";
const LETTERS = "arn:aws:sqs:us-east-1:000000000000:letters";

function push(payload: string, more: Partial<Push> = {}): Push {
  return { target: QUEUE, payload, source: "arn:aws:sns:us-east-1:000000000000:t", ...more };
}

type Target = (push: Push, attempt: number) => Fault | null | Promise<null>;

async function bench(target: Target = () => null) {
  const clock = new FakeClock(1_000_000);
  const database = new MemoryDatabase();
  const delivered: Push[] = [];
  let attempts = 0;
  const open = async (isStarted = true): Promise<Outbox> => {
    const outbox = await Outbox.open({ database, clock, random: seededRandom(3), log: silent });
    const deliver = async (one: Push): Promise<void> => {
      const fault = await target(one, ++attempts);
      if (fault !== null) throw fault;
      delivered.push(one);
    };
    if (isStarted) outbox.start(deliver);
    return outbox;
  };
  const kept = async (): Promise<number> => (await database.count("outbox")).rows;
  const payloads = (): readonly string[] => delivered.map(({ payload }) => payload);
  return { clock, open, delivered, payloads, kept, attempts: () => attempts };
}

async function settled(): Promise<void> {
  for (let i = 0; i < 30; i++) await new Promise((resolve) => setImmediate(resolve));
}

const one = { retries: 1, phases: [{ times: 1, fromMs: 100, toMs: 100, growth: "linear" }] } as const;
const away = new Fault("Unavailable", "away");

test("what is accepted is delivered at once, and then forgotten", async () => {
  const all = await bench();
  await using outbox = await all.open();
  await outbox.accept([push("1"), push("2")]);
  await settled();
  assert.deepEqual(all.payloads(), ["1", "2"]);
  assert.deepEqual([await all.kept(), outbox.backlog], [0, 0]);
});

test("what an earlier process accepted is delivered by the next one", async () => {
  const all = await bench();
  const before = await all.open(false);
  await before.accept([push("1"), push("2", { order: "o" }), push("3", { order: "o" })]);
  assert.equal(await all.kept(), 3);
  await using outbox = await all.open();
  await settled();
  assert.deepEqual(all.payloads().toSorted(), ["1", "2", "3"]);
  assert.equal(outbox.backlog, 0);
});

test("a failure is tried again when its time has come, also by the next process", async () => {
  const all = await bench((_push, attempt) => (attempt === 1 ? away : null));
  const before = await all.open();
  await before.accept([push("1", { retry: one })]);
  await settled();
  assert.deepEqual([all.attempts(), all.payloads()], [1, []]);
  await before[Symbol.asyncDispose]();
  await using outbox = await all.open();
  await settled();
  assert.equal(all.attempts(), 1);
  all.clock.advance(100);
  await settled();
  assert.deepEqual(all.payloads(), ["1"]);
  assert.equal(outbox.backlog, 0);
});

test("what is in order waits for the first of it; the rest does not", async () => {
  const all = await bench(({ payload }, attempt) => (payload === "1" && attempt === 1 ? away : null));
  await using outbox = await all.open();
  const ordered = { order: "group", retry: one };
  await outbox.accept([push("1", ordered), push("2", ordered), push("other")]);
  await settled();
  assert.deepEqual(all.payloads(), ["other"]);
  all.clock.advance(100);
  await settled();
  assert.deepEqual(all.payloads(), ["other", "1", "2"]);
  assert.equal(outbox.backlog, 0);
});

test("after the last retry it becomes a dead letter that says why", async () => {
  const all = await bench(({ target }) => (target === QUEUE ? away : null));
  await using outbox = await all.open();
  await outbox.accept([push("1", { retry: one, deadLetter: { target: LETTERS, isExplained: true } })]);
  await settled();
  all.clock.advance(100);
  await settled();
  const [letter] = all.delivered;
  assert.deepEqual([letter?.target, letter?.payload], [LETTERS, "1"]);
  assert.deepEqual(letter?.attributes, {
    ERROR_CODE: { type: "String", value: "SDK_CLIENT_ERROR" },
    ERROR_MESSAGE: { type: "String", value: "away" },
    RETRY_ATTEMPTS: { type: "Number", value: "1" },
    EXHAUSTED_RETRY_CONDITION: { type: "String", value: "MaximumRetryAttempts" },
  });
  assert.deepEqual([outbox.backlog, await all.kept()], [0, 0]);
});

test("a target that is not there is not asked twice; without a dead letter the push is gone", async () => {
  const all = await bench(() => new Fault("NotFound", "no such queue"));
  await using outbox = await all.open();
  await outbox.accept([push("1")]);
  await settled();
  all.clock.advance(60_000);
  await settled();
  assert.deepEqual([all.attempts(), outbox.backlog, await all.kept()], [1, 0, 0]);
});

test("a target that never answers holds up nobody else", async () => {
  const never = new Promise<null>(() => {});
  const all = await bench(({ target }) => (target === QUEUE ? never : null));
  const outbox = await all.open();
  await outbox.accept(Array.from({ length: 600 }, (_, at) => push(String(at))));
  await outbox.accept([push("free", { target: LETTERS })]);
  await settled();
  assert.deepEqual([all.payloads(), all.attempts()], [["free"], 33]);
});
