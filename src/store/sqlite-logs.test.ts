/** Function logs and accepted events on disk: what was written is there after a reopen, filters agree with the store in memory. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { AsyncEvent } from "#functions/event-queue.ts";
import { type LogFilter, MemoryLogs } from "#functions/logs.ts";
import { SqliteEvents } from "./sqlite-events.ts";
import { SqliteLogs } from "./sqlite-logs.ts";

function folder(): Disposable & { readonly file: string } {
  const made = mkdtempSync(join(tmpdir(), "ctm-logs-"));
  return { file: join(made, "x.db"), [Symbol.dispose]: () => rmSync(made, { recursive: true }) };
}

const filters: readonly (LogFilter & { readonly title: string })[] = [
  { title: "everything" },
  { title: "one stream", stream: "b" },
  { title: "a window", fromMs: 10, toMs: 2500 },
  { title: "the newest three", limit: 3 },
  { title: "the newest of a stream", stream: "a", limit: 5, toMs: 4000 },
];

test("logs are read back as the store in memory reads them, also after a reopen", async () => {
  using place = folder();
  const memory = new MemoryLogs();
  {
    await using logs = SqliteLogs.open(place.file);
    for (let i = 0; i < 5000; i++) {
      const lines = [{ atMs: i, requestId: i % 3 === 0 ? null : `r${i}`, text: `line ${i}\n"quoted"` }];
      for (const store of [memory, logs]) store.append("/aws/lambda/f", i % 2 === 0 ? "a" : "b", lines);
    }
    logs.append("/aws/lambda/g", "x", [{ atMs: 1, requestId: null, text: "other" }]);
  }
  await using logs = SqliteLogs.open(place.file);
  for (const { title, ...filter } of filters) {
    assert.deepEqual(await logs.read("/aws/lambda/f", filter), await memory.read("/aws/lambda/f", filter), title);
  }
  assert.deepEqual(await logs.groups(), ["/aws/lambda/f", "/aws/lambda/g"]);
  await logs.remove("/aws/lambda/g");
  assert.deepEqual(await logs.read("/aws/lambda/g", {}), []);
});

test("accepted events survive a reopen until they are removed", async () => {
  using place = folder();
  const event: AsyncEvent = {
    id: "1",
    namespace: "default",
    name: "f",
    payload: new Uint8Array([1, 2]),
    acceptedAtMs: 5,
    failures: 0,
    throttles: 0,
    notBeforeMs: 5,
    traceId: "t",
  };
  {
    await using events = SqliteEvents.open(place.file);
    await Promise.all([events.put(event), events.put({ ...event, id: "2" }), events.put({ ...event, failures: 1 })]);
    await events.remove("2");
  }
  await using events = SqliteEvents.open(place.file);
  assert.deepEqual(await events.load(), [{ ...event, failures: 1 }]);
});
