/** The last minute: what counts, what falls out, and that it stays small while nobody looks. */
import assert from "node:assert/strict";
import test from "node:test";
import type { InvocationUsage, RequestUsage } from "#metering/usage.ts";
import { Minute, type MinuteFigures } from "./minute.ts";

const web = "Service/default/web";

function requestAt(atMs: number, status = 200, backend = web): readonly RequestUsage[] {
  return [{ is: "request", atMs, backend, status, latencyMicros: 2_000, bytesIn: 0, bytesOut: 0 }];
}

const invocation: InvocationUsage = {
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
  outcome: "ok",
  isCold: false,
};

test("requests of the last minute count, older ones have fallen out", () => {
  const minute = new Minute();
  for (let second = 0; second < 120; second++) minute.take(requestAt(second * 1_000, second === 119 ? 503 : 200));
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
    minute.take(requestAt(0, status));
    assert.equal(minute.figures(web, 0).failed, failed);
  });

test("nobody looks for an hour: a minute is held, not the hour", () => {
  const minute = new Minute();
  for (let atMs = 0; atMs < 3_600_000; atMs += 500) minute.take(requestAt(atMs));
  assert.equal(minute.sliceCount, 30);
});

test("what went silent is forgotten when anything else is heard", () => {
  const minute = new Minute();
  for (let atMs = 0; atMs < 60_000; atMs += 2_000) minute.take(requestAt(atMs, 200, "Service/default/old"));
  minute.take(requestAt(300_000));
  assert.equal(minute.sliceCount, 1);
});

const invoked: readonly {
  readonly title: string;
  readonly usage: readonly Partial<InvocationUsage>[];
  readonly seen: Partial<MinuteFigures>;
}[] = [
  {
    title: "invocations that came by no gateway count",
    usage: [{}, {}],
    seen: { requests: 2, failed: 0, invocations: 2, coldStarts: 0, mbMs: 1_280n, perSecond: 2 / 60 },
  },
  {
    title: "a throttled invocation is a failed request, ran never and costs nothing",
    usage: [{ outcome: "throttled", billedMs: 0, durationMicros: 0 }, {}],
    seen: { requests: 2, failed: 1, invocations: 1, mbMs: 640n },
  },
  ...(["error", "timeout", "crash"] as const).map((outcome) => ({
    title: `${outcome} is failed and billed`,
    usage: [{ outcome }],
    seen: { requests: 1, failed: 1, invocations: 1, mbMs: 640n },
  })),
  {
    title: "a cold start counts, and its INIT is waited for",
    usage: [{ isCold: true, initMicros: 95_000, billedMs: 100 }],
    seen: { requests: 1, coldStarts: 1, mbMs: 12_800n },
  },
];

for (const { title, usage, seen } of invoked)
  test(`functions: ${title}`, () => {
    const minute = new Minute();
    minute.take(usage.map((different) => ({ ...invocation, ...different })));
    const figures = minute.figures("Function/default/web", 0);
    assert.deepEqual({ ...figures, ...seen }, figures);
  });

test("functions: percentiles are of INIT and duration together", () => {
  const minute = new Minute();
  for (let i = 0; i < 98; i++) minute.take([invocation]);
  for (let i = 0; i < 2; i++) minute.take([{ ...invocation, isCold: true, initMicros: 95_000 }]);
  const { latencyMsP50, latencyMsP99 } = minute.figures("Function/default/web", 0);
  assert.ok(Math.abs(latencyMsP50 - 5) < 0.5 && Math.abs(latencyMsP99 - 100) < 8, `${latencyMsP50} ${latencyMsP99}`);
});

test("functions: what the gateway reports of a function is not counted again", () => {
  const minute = new Minute();
  minute.take([invocation, ...requestAt(0, 200, "Function/default/web")]);
  assert.equal(minute.figures("Function/default/web", 0).requests, 1);
});
