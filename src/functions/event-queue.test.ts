/** Asynchronous invocations: what follows each attempt, and that accepted events outlive the process. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { functionKind } from "#kinds/catamaran/function.ts";
import { Functions } from "./engine.ts";
import { type AsyncEvent, afterAttempt, MemoryEvents } from "./event-queue.ts";
import { FakeLedger, FakeObjects, FakeSandboxes, VirtualClock } from "./fakes.ts";

const hourMs = 3_600_000;
const event: AsyncEvent = {
  id: "1",
  namespace: "default",
  name: "f",
  payload: new Uint8Array(),
  acceptedAtMs: 0,
  failures: 0,
  throttles: 0,
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
  { title: "first throttle", event, verdict: "throttled", now: 0, again: { throttles: 1, notBeforeMs: 1000 } },
  {
    title: "many throttles",
    event: { ...event, throttles: 20 },
    verdict: "throttled",
    now: hourMs,
    again: { throttles: 21, notBeforeMs: hourMs + 300_000 },
  },
  { title: "too old to wait longer", event, verdict: "throttled", now: 6 * hourMs, again: null },
] as const;

for (const { title, event: before, verdict, now, again } of attempts) {
  test(`after an attempt: ${title}`, () => {
    const after = afterAttempt(before, verdict, now);
    assert.deepEqual(after, again === null ? null : { ...before, ...again });
  });
}

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
