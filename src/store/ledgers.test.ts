/** The ledger: what goes in comes out, in order of time, for any window. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { InvocationUsage, RequestUsage, Usage, UsageWindow } from "#metering/usage.ts";
import { SqliteLedger } from "./sqlite/ledger.ts";

const folder = mkdtempSync(join(tmpdir(), "ledger-"));
after(() => rmSync(folder, { recursive: true }));

const always: UsageWindow = { fromMs: 0, toMs: 10_000_000 };

function invocation(atMs: number): InvocationUsage {
  return {
    is: "invocation",
    atMs,
    namespace: "default",
    functionName: "read-user",
    version: "$LATEST",
    requestId: `id-${atMs}`,
    memoryMib: 128,
    initMicros: 0,
    durationMicros: 1234,
    billedMs: 2,
    maxMemoryMib: 40,
    outcome: "ok",
    isCold: false,
  };
}

function request(atMs: number): RequestUsage {
  return {
    is: "request",
    atMs,
    backend: "Service/default/web",
    status: 200,
    latencyMicros: 900,
    bytesIn: 10,
    bytesOut: 20,
  };
}

async function readAll(ledger: SqliteLedger, window: UsageWindow, is?: Usage["is"]): Promise<readonly Usage[]> {
  const usage: Usage[] = [];
  for await (const one of ledger.read(window, is)) usage.push(one);
  return usage;
}

test("gives back every field of every kind, what was just appended included", async () => {
  await using ledger = SqliteLedger.open(join(folder, "fields.db"));
  ledger.append([invocation(5), request(7)]);
  assert.deepEqual(await readAll(ledger, always), [invocation(5), request(7)]);
  assert.deepEqual(await readAll(ledger, always, "request"), [request(7)]);
});

test("reads in order of time across batches that overlap", async () => {
  await using ledger = SqliteLedger.open(join(folder, "order.db"));
  for (const times of [[30, 10], [20, 5, 40], [15], [1, 100]]) {
    ledger.append(times.map(request));
    await readAll(ledger, always);
  }
  const times = (await readAll(ledger, always)).map(({ atMs }) => atMs);
  assert.deepEqual(times, [1, 5, 10, 15, 20, 30, 40, 100]);
});

test("a window includes its start and excludes its end, and cuts batches", async () => {
  await using ledger = SqliteLedger.open(join(folder, "window.db"));
  ledger.append([1, 2, 3, 4, 5].map(request));
  assert.deepEqual(
    (await readAll(ledger, { fromMs: 2, toMs: 4 })).map(({ atMs }) => atMs),
    [2, 3],
  );
});

test("trims what is older, survives closing, and stays small", async () => {
  const file = join(folder, "long.db");
  const ledger = SqliteLedger.open(file);
  for (let second = 0; second < 50; second++)
    ledger.append(Array.from({ length: 1_000 }, (_, i) => invocation(second * 1_000 + i)));
  await ledger[Symbol.asyncDispose]();
  await using again = SqliteLedger.open(file);
  assert.equal((await readAll(again, always)).length, 50_000);
  assert.ok(statSync(file).size < 50_000 * 20, `${statSync(file).size} bytes for 50,000 invocations`);
  await again.trim(40_000);
  const kept = await readAll(again, always);
  assert.equal(kept.at(-1)?.atMs, 49_999);
  assert.ok(kept.length >= 10_000 && kept.length < 14_001, `${kept.length} kept`);
});
