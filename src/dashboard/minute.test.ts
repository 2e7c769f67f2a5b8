/** The last minute: what counts, what falls out, and that it stays small while nobody looks. */
import assert from "node:assert/strict";
import test from "node:test";
import { Minute } from "./minute.ts";

const web = "Service/default/web";

function requestAt(atMs: number, status = 200): Parameters<Minute["request"]>[0] {
  return { is: "request", atMs, backend: web, status, latencyMicros: 2_000, bytesIn: 0, bytesOut: 0 };
}

test("requests of the last minute count, older ones have fallen out", () => {
  const minute = new Minute();
  for (let second = 0; second < 120; second++) minute.request(requestAt(second * 1_000, second === 119 ? 503 : 200));
  const { requests, failed, perSecond } = minute.figures(web, 119_999);
  assert.deepEqual({ requests, failed, perSecond }, { requests: 60, failed: 1, perSecond: 1 });
  assert.equal(minute.figures(web, 300_000).requests, 0);
});

for (const [status, failed] of [
  [200, 0],
  [404, 0],
  [429, 1],
  [500, 1],
] as const)
  test(`an answer ${status} counts as ${failed} failed`, () => {
    const minute = new Minute();
    minute.request(requestAt(0, status));
    assert.equal(minute.figures(web, 0).failed, failed);
  });

test("nobody looks for an hour: a minute is held, not the hour", () => {
  const minute = new Minute();
  for (let atMs = 0; atMs < 3_600_000; atMs += 500) minute.request(requestAt(atMs));
  assert.equal(minute.sliceCount, 30);
});

test("a throttled invocation is no invocation and costs nothing", () => {
  const minute = new Minute();
  const invocation = {
    is: "invocation",
    atMs: 0,
    namespace: "default",
    functionName: "web",
    version: "$LATEST",
    requestId: "r",
    memoryMib: 128,
    initMicros: 0,
    durationMicros: 5_000,
    billedMs: 5,
    maxMemoryMib: 40,
    isCold: false,
  } as const;
  minute.invocation({ ...invocation, outcome: "throttled", billedMs: 0 });
  minute.invocation({ ...invocation, outcome: "ok" });
  const { invocations, mbMs } = minute.figures("Function/default/web", 0);
  assert.deepEqual({ invocations, mbMs }, { invocations: 1, mbMs: 640n });
});
