/** The engine against scripted sandboxes and a clock that moves when told: throttles, deadlines, freezing, keep-alive, retries. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "#base/fault.ts";
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { encodeUtf8, decodeUtf8 } from "#base/utf8.ts";
import { functionKind, type FunctionObject, type FunctionSpec } from "#kinds/catamaran/function.ts";
import { type FunctionAlias, functionAliasKind } from "#kinds/catamaran/function-alias.ts";
import {
  type FunctionVersion,
  functionVersionKind,
  type FunctionVersionSpec,
} from "#kinds/catamaran/function-version.ts";
import { Throttled } from "./concurrency.ts";
import { Functions, type FunctionsOptions } from "./engine.ts";
import { FakeLedger, FakeObjects, FakeSandboxes, settle, VirtualClock, type Script } from "./fakes.ts";
import type { InvokeRequest, InvokeResult } from "./invocation.ts";
import { MemoryLogs, newestLines } from "./logs.ts";
import type { Started } from "./sandboxes.ts";

const echo: Script = async (request) => ({ is: "response", payload: request.payload, maxMemoryMib: 40 });
const ask: InvokeRequest = { namespace: "default", name: "f", payload: encodeUtf8("{}"), type: "RequestResponse" };

function functionObject(spec: Partial<FunctionSpec> = {}, name = "f"): FunctionObject {
  return {
    metadata: { name, namespace: "default" },
    spec: { runtime: "nodejs24.x", handler: "index.handler", code: { sha256: "abc", size: 1 }, ...spec },
  };
}

async function opened(
  script: Script,
  more: {
    readonly spec?: Partial<FunctionSpec>;
    readonly sandboxes?: FakeSandboxes;
    readonly options?: Partial<FunctionsOptions>;
  } = {},
) {
  const clock = new VirtualClock();
  const objects = new FakeObjects();
  const ledger = new FakeLedger();
  const sandboxes = more.sandboxes ?? new FakeSandboxes(script);
  await objects.create(functionKind, functionObject(more.spec));
  const functions = await Functions.open({
    objects,
    sandboxes,
    ledger,
    clock,
    random: seededRandom(7),
    log: silent,
    credentialsFor: () => ({ accessKeyId: "a", secretAccessKey: "s", sessionToken: "" }),
    ...more.options,
  });
  await settle();
  return { clock, objects, ledger, sandboxes, functions };
}

function slow(clock: () => VirtualClock, ms: number): Script {
  return async (request) => {
    await clock().sleep(ms);
    return { is: "response", payload: request.payload, maxMemoryMib: 40 };
  };
}

test("a new function goes from Pending to Active and answers; the second time is warm", async () => {
  const { functions, objects, sandboxes, ledger } = await opened(echo);
  const live = await objects.get(functionKind, "default/f");
  assert.equal(live?.status?.state, "Active");
  assert.equal(live?.status?.lastUpdateStatus, "Successful");
  const first = await functions.invoke(ask);
  const second = await functions.invoke(ask);
  assert.deepEqual([first.status, first.isCold, second.isCold], [200, true, false]);
  assert.equal(decodeUtf8(second.payload), "{}");
  assert.equal(sandboxes.started.length, 1);
  assert.deepEqual(
    ledger.usage.map(
      (usage) => usage.is === "invocation" && [usage.outcome, usage.isCold, usage.initMicros, usage.billedMs],
    ),
    [
      ["ok", true, 5000, 5],
      ["ok", false, 0, 1],
    ],
  );
  await functions[Symbol.asyncDispose]();
  assert.equal(sandboxes.live.size, 0);
});

test("reserved concurrency 2 and 10 parallel slow invocations: exactly 8 throttled, with Lambda's reason", async () => {
  let clock: VirtualClock | undefined;
  const world = await opened(
    slow(() => clock as VirtualClock, 1000),
    { spec: { reservedConcurrency: 2 } },
  );
  clock = world.clock;
  const outcomes = Promise.allSettled(Array.from({ length: 10 }, () => world.functions.invoke(ask)));
  await world.clock.advance(2000);
  const refused = (await outcomes)
    .filter((outcome) => outcome.status === "rejected")
    .map((outcome) => outcome.reason as Throttled);
  assert.equal(refused.length, 8);
  assert.ok(
    refused.every(
      (fault) => fault instanceof Throttled && fault.reason === "ReservedFunctionConcurrentInvocationLimitExceeded",
    ),
  );
  assert.equal(
    world.ledger.usage.filter(
      (usage) => usage.is === "invocation" && usage.outcome === "throttled" && usage.billedMs === 0,
    ).length,
    8,
  );
  await world.functions[Symbol.asyncDispose]();
});

function versionObject(version: number, spec: Partial<FunctionVersionSpec> = {}): FunctionVersion {
  return {
    metadata: { name: `f.${version}`, namespace: "default" },
    spec: { ...functionObject().spec, function: "f", version, ...spec },
  };
}

test("versions have environments of their own, and share the function's concurrency", async () => {
  let clock: VirtualClock | undefined;
  const { functions, objects, sandboxes, ...world } = await opened(
    slow(() => clock as VirtualClock, 1000),
    { spec: { reservedConcurrency: 1 } },
  );
  clock = world.clock;
  await objects.create(functionVersionKind, versionObject(1, { memoryMib: 256 }));
  await settle();
  const first = functions.invoke({ ...ask, qualifier: "1" });
  await settle();
  await assert.rejects(functions.invoke(ask), Throttled);
  await clock.advance(1000);
  assert.equal((await first).executedVersion, "1");
  const [spec] = sandboxes.started;
  assert.deepEqual([spec?.version, spec?.memoryMib, spec?.functionName], ["1", 256, "f"]);
  assert.match(spec?.logStream ?? "", /\/\[1\][0-9a-f]{32}$/);
  assert.deepEqual(
    world.ledger.usage.map((usage) => usage.is === "invocation" && [usage.functionName, usage.version, usage.outcome]),
    [
      ["f", "$LATEST", "throttled"],
      ["f", "1", "ok"],
    ],
  );
  assert.deepEqual(
    functions.stats().map(({ name, invocations, throttles }) => [name, invocations, throttles]),
    [["f", 1, 1]],
  );
  await functions[Symbol.asyncDispose]();
});

test("an alias leads to its version, also after it was moved, and asynchronously; what is unknown is not found", async () => {
  const { functions, objects, sandboxes, clock } = await opened(echo);
  const spec = { function: "f", alias: "live", version: "1" };
  const alias: FunctionAlias = { metadata: { name: "f.live", namespace: "default" }, spec };
  for (const version of [1, 2]) await objects.create(functionVersionKind, versionObject(version));
  await objects.create(functionAliasKind, alias);
  await settle();
  const request = { ...ask, qualifier: "live" };
  assert.equal((await functions.invoke(request)).executedVersion, "1");
  await objects.change(functionAliasKind, "default/f.live", (live) => ({ ...live, spec: { ...spec, version: "2" } }));
  assert.equal((await functions.invoke(request)).executedVersion, "2");
  assert.equal((await functions.invoke({ ...request, type: "Event" })).status, 202);
  await clock.advance(1);
  assert.deepEqual(
    sandboxes.started.map(({ version }) => version),
    ["1", "2"],
  );
  for (const qualifier of ["3", "other"]) await assert.rejects(functions.invoke({ ...ask, qualifier }), /not found/);
  await objects.remove(functionKind, "default/f");
  await assert.rejects(functions.invoke(request), /not found/);
  await functions[Symbol.asyncDispose]();
});

test("provisioned environments are initialised before anybody asks, are made anew, and spill over", async () => {
  let clock: VirtualClock | undefined;
  const { functions, objects, sandboxes, ...world } = await opened(slow(() => clock as VirtualClock, 100));
  clock = world.clock;
  await objects.create(functionVersionKind, versionObject(1, { provisionedConcurrency: 2 }));
  await clock.advance(1);
  assert.deepEqual(
    sandboxes.started.map(({ version, initialization }) => [version, initialization]),
    Array.from({ length: 2 }, () => ["1", "provisioned-concurrency"]),
  );
  assert.deepEqual(functions.provisioned("default", "f", "1"), {
    requested: 2,
    allocated: 2,
    available: 2,
    failure: null,
  });
  const three = Promise.all([1, 2, 3].map(() => functions.invoke({ ...ask, qualifier: "1" })));
  await clock.advance(1000);
  assert.deepEqual(
    (await three).map(({ isCold }) => isCold),
    [false, false, true],
  );
  // The keep-alive ends the third; the provisioned ones stay, and one that dies is replaced.
  await clock.advance(11 * 60_000);
  assert.equal(sandboxes.live.size, 2);
  [...sandboxes.live][0]?.endAs({ reason: "outOfMemory" });
  await clock.advance(1);
  assert.equal(sandboxes.live.size, 2);
  await objects.change(functionVersionKind, "default/f.1", (live) => {
    const { provisionedConcurrency: _gone, ...spec } = live.spec;
    return { ...live, spec };
  });
  assert.equal(functions.provisioned("default", "f", "1")?.requested, 0);
  await clock.advance(11 * 60_000);
  assert.equal(sandboxes.live.size, 0);
  await functions[Symbol.asyncDispose]();
});

test("an alias provisions its version, and moves what it asks for", async () => {
  const { functions, objects } = await opened(echo);
  for (const version of [1, 2]) await objects.create(functionVersionKind, versionObject(version));
  const spec = { function: "f", alias: "live", version: "1", provisionedConcurrency: 1 };
  const alias: FunctionAlias = { metadata: { name: "f.live", namespace: "default" }, spec };
  await settle();
  await objects.create(functionAliasKind, alias);
  await settle();
  const available = (): readonly unknown[] =>
    ["1", "2"].map((version) => functions.provisioned("default", "f", version)?.available);
  assert.deepEqual(available(), [1, 0]);
  await objects.change(functionAliasKind, "default/f.live", (live) => ({ ...live, spec: { ...spec, version: "2" } }));
  await settle();
  assert.deepEqual(available(), [0, 1]);
  await functions[Symbol.asyncDispose]();
});

test("a chain that comes back to a function again and again is stopped, unless the function allows it", async () => {
  let traceId = "Root=1-0-0;Parent=0;Sampled=0";
  const loop: Script = async (request) => {
    traceId = request.traceId;
    return { is: "response", payload: request.payload };
  };
  const { functions, objects, clock } = await opened(loop);
  for (let i = 0; i < 16; i++) await functions.invoke({ ...ask, traceId });
  await assert.rejects(functions.invoke({ ...ask, traceId }), /recursive loop/);
  await functions.invoke({ ...ask, traceId, type: "Event" });
  await clock.advance(1);
  assert.equal(functions.backlog, 0);
  const setLoop = (recursiveLoop: "Allow" | "Terminate"): Promise<unknown> =>
    objects.change(functionKind, "default/f", (live) => ({ ...live, spec: { ...live.spec, recursiveLoop } }));
  await setLoop("Terminate");
  await assert.rejects(functions.invoke({ ...ask, traceId }), /recursive loop/);
  await setLoop("Allow");
  assert.equal((await functions.invoke({ ...ask, traceId })).status, 200);
  await functions[Symbol.asyncDispose]();
});

test("reserved concurrency 0 is off; the unreserved pool is what others left", async () => {
  const off = await opened(echo, { spec: { reservedConcurrency: 0 } });
  await assert.rejects(off.functions.invoke(ask), Throttled);
  await off.functions[Symbol.asyncDispose]();
  let clock: VirtualClock | undefined;
  const small = await opened(
    slow(() => clock as VirtualClock, 100),
    { options: { limits: { account: 3, unreservedMinimum: 1 } } },
  );
  clock = small.clock;
  await small.objects.create(functionKind, functionObject({ reservedConcurrency: 1 }, "g"));
  const outcomes = Promise.allSettled(Array.from({ length: 3 }, () => small.functions.invoke(ask)));
  await small.clock.advance(200);
  const refused = (await outcomes)
    .filter((outcome) => outcome.status === "rejected")
    .map((outcome) => (outcome.reason as Throttled).reason);
  assert.deepEqual(refused, ["ConcurrentInvocationLimitExceeded"]);
  await small.functions[Symbol.asyncDispose]();
});

test("a timeout kills only its own environment and says so in Lambda's words", async () => {
  let clock: VirtualClock | undefined;
  const script: Script = async (request, sandbox) =>
    decodeUtf8(request.payload) === "{}"
      ? echo(request, sandbox)
      : slow(() => clock as VirtualClock, 60_000)(request, sandbox);
  const world = await opened(script);
  clock = world.clock;
  await world.functions.invoke(ask);
  const late = world.functions.invoke({ ...ask, payload: encodeUtf8('"slow"'), logTail: true });
  await settle();
  const other = await world.functions.invoke(ask);
  assert.equal(other.status, 200);
  await world.clock.advance(3000);
  const result = await late;
  assert.equal(result.functionError, "Unhandled");
  assert.deepEqual(JSON.parse(decodeUtf8(result.payload)), {
    errorType: "Sandbox.Timedout",
    errorMessage: `RequestId: ${result.requestId} Error: Task timed out after 3.00 seconds`,
  });
  assert.match(result.logTail ?? "", /Duration: 3000\.00 ms\tBilled Duration: 3000 ms\t.*Status: timeout/);
  assert.equal(world.sandboxes.live.size, 1);
  await world.functions[Symbol.asyncDispose]();
});

test("an idle environment freezes after a while, is thawed by the next invocation, and goes after the keep-alive", async () => {
  const { functions, sandboxes, clock } = await opened(echo, {
    options: { idle: { freezeAfterMs: 20, keepAliveMs: 60_000 } },
  });
  await functions.invoke(ask);
  const [sandbox] = [...sandboxes.live];
  await clock.advance(15);
  assert.equal(sandbox?.isFrozen, false);
  await functions.invoke(ask);
  await clock.advance(15);
  assert.equal(sandbox?.isFrozen, false, "idle time counts from the last invocation");
  await clock.advance(10);
  assert.equal(sandbox?.isFrozen, true);
  assert.equal(functions.stats()[0]?.frozen, 1);
  await functions.invoke(ask);
  assert.equal(sandbox?.isFrozen, false);
  await clock.advance(70_000);
  assert.equal(sandboxes.live.size, 0);
  assert.equal(sandbox?.freezes, 2);
  await functions[Symbol.asyncDispose]();
});

test("a crowd of quick invocations waits for few environments; when one holds them long after all, more are started", async () => {
  let holdMs = 1;
  const world: Awaited<ReturnType<typeof opened>> = await opened(async (request, sandbox) =>
    slow(() => world.clock, holdMs)(request, sandbox),
  );
  const { functions, sandboxes, clock } = world;
  const crowd = async (size: number, ms: number): Promise<number> => {
    const all = Promise.all(Array.from({ length: size }, () => functions.invoke(ask)));
    await clock.advance(ms);
    await all;
    return sandboxes.started.length;
  };
  await crowd(1, 1);
  assert.equal(await crowd(40, 10), 4, "four to a core");
  holdMs = 1000;
  assert.equal(await crowd(10, 1100), 10);
  assert.equal(functions.stats()[0]?.running, 0);
  await functions[Symbol.asyncDispose]();
});

const ends = [
  { title: "exit 1", end: { reason: "exit", exitCode: 1 }, sentence: "Runtime exited with error: exit status 1" },
  { title: "exit 0", end: { reason: "exit", exitCode: 0 }, sentence: "Runtime exited without providing a reason" },
  { title: "out of memory", end: { reason: "outOfMemory" }, sentence: "Runtime exited with error: signal: killed" },
  {
    title: "segmentation fault",
    end: { reason: "signal", signal: "segmentation fault" },
    sentence: "Runtime exited with error: signal: segmentation fault",
  },
] as const;

for (const { title, end, sentence } of ends) {
  test(`a crash loop leaks nothing and each invocation gets Runtime.ExitError: ${title}`, async () => {
    const { functions, sandboxes, ledger } = await opened(async (_request, sandbox) => {
      sandbox.endAs(end);
      return { is: "ended", end };
    });
    for (let i = 0; i < 5; i++) {
      const result = await functions.invoke(ask);
      assert.deepEqual(JSON.parse(decodeUtf8(result.payload)), {
        errorType: "Runtime.ExitError",
        errorMessage: `RequestId: ${result.requestId} Error: ${sentence}`,
      });
    }
    assert.equal(sandboxes.live.size, 0);
    assert.ok(ledger.usage.every((usage) => usage.is === "invocation" && usage.outcome === "crash" && usage.isCold));
    await functions[Symbol.asyncDispose]();
  });
}

test("an INIT error is the answer, and the next invocation tries INIT again", async () => {
  const payload = encodeUtf8(
    '{"errorType":"Runtime.ImportModuleError","errorMessage":"Error: Cannot find module \'x\'"}',
  );
  const failed: Started = { ok: false, failure: { errorType: "Runtime.ImportModuleError", payload }, initMs: 30 };
  const sandboxes = new FakeSandboxes(echo, async () => failed);
  const { functions } = await opened(echo, { sandboxes });
  for (let i = 0; i < 2; i++) {
    const result = await functions.invoke(ask);
    assert.equal(result.functionError, "Unhandled");
    assert.equal(JSON.parse(decodeUtf8(result.payload)).errorType, "Runtime.ImportModuleError");
  }
  assert.equal(sandboxes.started.length, 2);
  await functions[Symbol.asyncDispose]();
});

test("an INIT slower than 10 s is stopped, then tried again within the function's own timeout", async () => {
  let clock: VirtualClock | undefined;
  const sandboxes = new FakeSandboxes(echo, async (_spec, stop) => {
    await new Promise<void>((resolve) => stop.addEventListener("abort", resolve));
    return {
      ok: false,
      failure: { errorType: "Sandbox.Timedout", payload: encodeUtf8("{}"), isTimedOut: true },
      initMs: 10_000,
    };
  });
  const world = await opened(echo, { sandboxes });
  clock = world.clock;
  const late = world.functions.invoke(ask);
  await clock.advance(10_000);
  assert.equal(sandboxes.started.length, 2);
  await clock.advance(3000);
  assert.match(decodeUtf8((await late).payload), /Sandbox.Timedout.*Task timed out after 3.00 seconds/);
  await world.functions[Symbol.asyncDispose]();
});

test("new code drops idle environments at once and busy ones after their invocation; a new tag drops none", async () => {
  let clock: VirtualClock | undefined;
  const world = await opened(slow(() => clock as VirtualClock, 100));
  clock = world.clock;
  const both = Promise.all([world.functions.invoke(ask), world.functions.invoke(ask)]);
  await clock.advance(100);
  await both;
  const busy = world.functions.invoke(ask);
  await settle();
  await world.objects.change(functionKind, "default/f", (live) => ({
    ...live,
    spec: { ...live.spec, tags: { a: "b" } },
  }));
  assert.equal(world.sandboxes.live.size, 2);
  await world.objects.change(functionKind, "default/f", (live) => ({
    ...live,
    spec: { ...live.spec, code: { sha256: "new", size: 1 } },
  }));
  await settle();
  assert.equal(world.sandboxes.live.size, 1);
  await clock.advance(100);
  await busy;
  await settle();
  assert.equal(world.sandboxes.live.size, 0);
  await world.functions[Symbol.asyncDispose]();
});

test("an Event is accepted with 202 and retried after one and two minutes; DryRun runs nothing", async () => {
  const seen: number[] = [];
  let clock: VirtualClock | undefined;
  const world = await opened(async () => {
    seen.push(clock?.monotonicMs() ?? -1);
    return { is: "error", errorType: "Error", payload: encodeUtf8("{}"), maxMemoryMib: 1 };
  });
  clock = world.clock;
  assert.equal((await world.functions.invoke({ ...ask, type: "DryRun" })).status, 204);
  assert.equal((await world.functions.invoke({ ...ask, type: "Event" })).status, 202);
  await clock.advance(10 * 60_000);
  assert.deepEqual(seen, [0, 60_000, 180_000]);
  assert.equal(world.functions.backlog, 0);
  await world.functions[Symbol.asyncDispose]();
});

test("events wait for a slot of their function: none is throttled", async () => {
  let clock: VirtualClock | undefined;
  const world = await opened(
    slow(() => clock as VirtualClock, 1_000),
    { spec: { reservedConcurrency: 3 } },
  );
  clock = world.clock;
  for (let i = 0; i < 12; i++) await world.functions.invoke({ ...ask, type: "Event" });
  await world.clock.advance(500);
  assert.equal(world.functions.stats()[0]?.running, 3);
  assert.equal(world.functions.backlog, 9);
  await world.clock.advance(4_000);
  assert.equal(world.functions.backlog, 0);
  assert.deepEqual(
    world.functions.stats().map(({ invocations, throttles }) => ({ invocations, throttles })),
    [{ invocations: 12, throttles: 0 }],
  );
  await world.functions[Symbol.asyncDispose]();
});

test("a log tail has START, the function's lines, END and REPORT, and the log keeps them", async () => {
  const logs = new MemoryLogs();
  const script: Script = async (request, sandbox) => {
    sandbox.onLog({ atMs: 1, requestId: request.requestId, text: "hello" });
    return { is: "response", payload: request.payload, maxMemoryMib: 40 };
  };
  const { functions } = await opened(script, { options: { logs } });
  const result: InvokeResult = await functions.invoke({ ...ask, logTail: true });
  const id = result.requestId;
  assert.equal(
    result.logTail,
    `START RequestId: ${id} Version: $LATEST\nhello\nEND RequestId: ${id}\nREPORT RequestId: ${id}\tDuration: 0.00 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\tInit Duration: 5.00 ms\t\n`,
  );
  assert.equal((await newestLines(logs, "/aws/lambda/f", 10)).length, 5);
  await functions[Symbol.asyncDispose]();
});

const refusals: readonly { readonly title: string; readonly request: InvokeRequest; readonly code: string }[] = [
  { title: "an unknown function", request: { ...ask, name: "nobody" }, code: "NotFound" },
  { title: "an unknown version", request: { ...ask, qualifier: "7" }, code: "NotFound" },
  {
    title: "more than 6 MB",
    request: { ...ask, payload: new Uint8Array(6 * 1024 * 1024 + 1) },
    code: "RequestTooLarge",
  },
  {
    title: "an event over 1 MB",
    request: { ...ask, type: "Event", payload: new Uint8Array(1024 * 1024 + 1) },
    code: "RequestTooLarge",
  },
];

for (const { title, request, code } of refusals) {
  test(`refuses ${title}`, async () => {
    const { functions } = await opened(echo);
    await assert.rejects(functions.invoke(request), (thrown) => thrown instanceof Fault && thrown.code === code);
    await functions[Symbol.asyncDispose]();
  });
}

const oversized: readonly { readonly title: string; readonly script: Script }[] = [
  { title: "in length", script: async () => ({ is: "response", payload: new Uint8Array(6_291_557) }) },
  { title: "by its sandbox's word", script: async () => ({ is: "oversized" }) },
];
for (const { title, script } of oversized) {
  test(`a response over 6,291,556 bytes is Function.ResponseSizeTooLarge: ${title}`, async () => {
    const { functions } = await opened(script);
    const result = await functions.invoke(ask);
    assert.deepEqual(JSON.parse(decodeUtf8(result.payload)), {
      errorType: "Function.ResponseSizeTooLarge",
      errorMessage: "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    });
    await functions[Symbol.asyncDispose]();
  });
}

test("a response of 6,291,556 bytes is delivered whole", async () => {
  const { functions } = await opened(async () => ({ is: "response", payload: new Uint8Array(6_291_556) }));
  assert.equal((await functions.invoke(ask)).payload.length, 6_291_556);
  await functions[Symbol.asyncDispose]();
});

const errorPayload = encodeUtf8('{"errorType":"panic","errorMessage":"oh"}');

test("a runtime that reports an error and then exits does not fail the next invocation", async () => {
  const { functions, sandboxes } = await opened(async (request, sandbox) => {
    if (decodeUtf8(request.payload) === "{}") return { is: "response", payload: request.payload };
    sandbox.whenIdle = sandbox.ended.then(() => false);
    setImmediate(() => sandbox.endAs({ reason: "exit", exitCode: 1 }));
    return { is: "error", payload: errorPayload, errorType: "panic", isBusy: true };
  });
  for (let turn = 0; turn < 3; turn++) {
    const failed = await functions.invoke({ ...ask, payload: encodeUtf8('{"panic":true}') });
    assert.equal(decodeUtf8(failed.payload), decodeUtf8(errorPayload));
    const next = await functions.invoke(ask);
    assert.deepEqual([next.functionError, next.isCold], [undefined, true]);
    sandboxes.live.forEach((sandbox) => sandbox.endAs({ reason: "stopped" }));
    await settle();
  }
  await functions[Symbol.asyncDispose]();
});

test("an environment that answered is used again once it asks for the next event, and no other is started meanwhile", async () => {
  const asks: (() => void)[] = [];
  const { functions, sandboxes } = await opened(async (request, sandbox) => {
    const asked = new Promise<boolean>((resolve) => asks.push(() => resolve(true)));
    sandbox.whenIdle = Promise.race([asked, sandbox.ended.then(() => false)]);
    return { is: "response", payload: request.payload, isBusy: true };
  });
  await functions.invoke(ask);
  const second = functions.invoke(ask);
  await settle();
  assert.equal(sandboxes.started.length, 1);
  asks.shift()?.();
  assert.equal((await second).isCold, false);
  assert.equal(sandboxes.started.length, 1);
  await functions[Symbol.asyncDispose]();
});

test("a runtime that answered and never asks for the next event is ended at its deadline", async () => {
  const { functions, sandboxes, clock } = await opened(async (request, sandbox) => {
    sandbox.whenIdle = sandbox.ended.then(() => false);
    return { is: "response", payload: request.payload, isBusy: true };
  });
  await functions.invoke(ask);
  assert.equal(sandboxes.live.size, 1);
  await clock.advance(3_000);
  assert.equal(sandboxes.live.size, 0);
  await functions[Symbol.asyncDispose]();
});

const peaks: readonly { readonly title: string; readonly script: Script; readonly expected: number }[] = [
  {
    title: "an exit that somebody saw coming",
    script: async () => ({ is: "ended", end: { reason: "exit", exitCode: 1, maxMemoryMib: 61 } }),
    expected: 61,
  },
  {
    title: "out of memory",
    script: async () => ({ is: "ended", end: { reason: "outOfMemory" } }),
    expected: 128,
  },
  {
    title: "an answer too long",
    script: async () => ({ is: "oversized", maxMemoryMib: 70 }),
    expected: 70,
  },
];
for (const { title, script, expected } of peaks) {
  test(`Max Memory Used after ${title}`, async () => {
    const { functions } = await opened(script);
    const { logTail } = await functions.invoke({ ...ask, logTail: true });
    assert.match(logTail ?? "", new RegExp(`Max Memory Used: ${expected} MB`));
    await functions[Symbol.asyncDispose]();
  });
}

test("a failed INIT is in the tail: what it printed, its report, its memory", async () => {
  const failure = { errorType: "Runtime.ImportModuleError", payload: errorPayload, maxMemoryMib: 33 };
  const sandboxes = new (class extends FakeSandboxes {
    override async start(...[, onLog]: Parameters<FakeSandboxes["start"]>): Promise<Started> {
      onLog({ atMs: 1, requestId: null, text: "printed in INIT" });
      return { ok: false, failure, initMs: 30 };
    }
  })(echo);
  const { functions } = await opened(echo, { sandboxes });
  const { logTail, requestId } = await functions.invoke({ ...ask, logTail: true });
  const lines = (logTail ?? "").trimEnd().split("\n");
  assert.match(lines[0] ?? "", /^INIT_START /);
  assert.deepEqual(lines.slice(1, 4), [
    "printed in INIT",
    "INIT_REPORT Init Duration: 30.00 ms\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError",
    `START RequestId: ${requestId} Version: $LATEST`,
  ]);
  assert.match(lines.at(-1) ?? "", /Max Memory Used: 33 MB/);
  await functions[Symbol.asyncDispose]();
});

test("what the platform could not start carries the request id", async () => {
  const payload = encodeUtf8('{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"Couldn\'t find it"}');
  const failed: Started = { ok: false, failure: { errorType: "Runtime.InvalidEntrypoint", payload }, initMs: 1 };
  const { functions } = await opened(echo, { sandboxes: new FakeSandboxes(echo, async () => failed) });
  const result = await functions.invoke(ask);
  assert.deepEqual(JSON.parse(decodeUtf8(result.payload)), {
    errorType: "Runtime.InvalidEntrypoint",
    errorMessage: `RequestId: ${result.requestId} Error: Couldn't find it`,
  });
  await functions[Symbol.asyncDispose]();
});

test("code that no function has is removed, but not while an environment runs from it", async () => {
  const kept: string[][] = [];
  const code = {
    put: () => Promise.reject(new Error("unused")),
    get: async () => null,
    unpacked: async () => "",
    merged: async () => ({ sha256: "", folder: "" }),
    unpackedBytes: async () => 0,
    keepOnly: async (wanted: ReadonlySet<string>) => void kept.push([...wanted].toSorted()),
  };
  const { functions, objects, clock } = await opened(echo, { options: { code } });
  await clock.advance(60_000);
  await functions.invoke(ask);
  const slow_ = functions.invoke(ask);
  await objects.change(functionKind, "default/f", (live) => ({
    ...live,
    spec: { ...live.spec, code: { sha256: "new", size: 1 } },
  }));
  await slow_;
  await clock.advance(60_000);
  await clock.advance(60_000);
  assert.deepEqual(kept, [["abc"], ["new"]]);
  await functions[Symbol.asyncDispose]();
});
