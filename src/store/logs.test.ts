/** Function logs and accepted events on disk: what was written is there after a reopen, filters agree with the store in memory. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { AsyncEvent } from "#functions/event-queue.ts";
import { type LogPage, type LogScan, type LogStore, MemoryLogs, type StoredLine } from "#functions/logs.ts";
import { SqliteEvents } from "./sqlite/events.ts";
import { SqliteLogs } from "./sqlite/logs.ts";

function folder(): Disposable & { readonly file: string } {
  const made = mkdtempSync(join(tmpdir(), "ctm-logs-"));
  return { file: join(made, "x.db"), [Symbol.dispose]: () => rmSync(made, { recursive: true }) };
}

const every: LogScan = { direction: "backward", limit: 1_000_000, maxLength: 1_000_000_000, matches: () => true };
const scans: readonly (Partial<LogScan> & { readonly title: string })[] = [
  { title: "everything" },
  { title: "one stream", matches: ({ stream }) => stream === "b" },
  { title: "a window", fromMs: 10, toMs: 2500 },
  { title: "the newest three", limit: 3 },
  { title: "the newest of a stream", matches: ({ stream }) => stream === "a", limit: 5, toMs: 4000 },
];

const linesOf = async (store: LogStore, scan: Partial<LogScan>): Promise<readonly StoredLine[]> =>
  (await store.scan("/aws/lambda/f", { ...every, ...scan })).lines.map(({ atMs, requestId, text, stream }) => ({
    atMs,
    requestId,
    text,
    stream,
  }));

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
  for (const { title, ...scan } of scans) {
    const lines = await linesOf(logs, scan);
    assert.ok(lines.length > 0);
    assert.deepEqual(lines, await linesOf(memory, scan), title);
  }
  assert.deepEqual(await logs.groups(), ["/aws/lambda/f", "/aws/lambda/g"]);
  await logs.remove("/aws/lambda/g");
  assert.deepEqual((await logs.scan("/aws/lambda/g", every)).lines, []);
});

const STEP = { limit: 700, maxLength: 1_000_000 };

/** All pages of a scan, from one end to the other. */
async function pages(store: LogStore, scan: LogScan): Promise<readonly LogPage[]> {
  const all: LogPage[] = [];
  for (let from = scan.from; ; from = all.at(-1)?.next) {
    all.push(await store.scan("g", { ...scan, ...(from !== undefined && { from }) }));
    if (all.at(-1)?.isEnd === true) return all;
  }
}

test("pages of a scan have every matching line once, in both directions, and go on with what is added", async () => {
  using place = folder();
  await using logs = SqliteLogs.open(place.file);
  const memory = new MemoryLogs();
  const add = (from: number, to: number): void => {
    for (let i = from; i < to; i++)
      for (const store of [memory, logs])
        store.append("g", i % 2 === 0 ? "even" : "odd", [{ atMs: i, requestId: null, text: `line ${i}` }]);
  };
  add(0, 5_000);
  for (const store of [memory, logs]) {
    for (const direction of ["forward", "backward"] as const) {
      const found = await pages(store, { ...STEP, direction, matches: ({ stream }) => stream === "odd" });
      const lines = (direction === "forward" ? found : found.toReversed()).flatMap((page) => page.lines);
      assert.deepEqual(
        lines.map(({ atMs }) => atMs),
        Array.from({ length: 2_500 }, (_, i) => 2 * i + 1),
      );
      assert.equal(new Set(lines.map(({ at }) => JSON.stringify(at))).size, 2_500);
      const end = found.at(-1)?.next;
      const after = await store.scan("g", {
        ...STEP,
        direction,
        matches: () => true,
        ...(end !== undefined && { from: end }),
      });
      assert.deepEqual(after, { lines: [], next: end, isEnd: true });
    }
  }
  const everything: LogScan = { ...STEP, limit: 9_000, direction: "forward", matches: () => true };
  const before = await Promise.all([memory, logs].map((store) => store.scan("g", everything)));
  add(5_000, 5_003);
  for (const [index, store] of [memory, logs].entries()) {
    const from = before[index]?.next;
    const { lines } = await store.scan("g", { ...everything, ...(from !== undefined && { from }) });
    assert.deepEqual(
      lines.map(({ atMs }) => atMs),
      [5_000, 5_001, 5_002],
    );
    assert.deepEqual(await store.streams("g"), [
      { name: "even", firstMs: 0, lastMs: 5_002 },
      { name: "odd", firstMs: 1, lastMs: 5_001 },
    ]);
  }
});

test("a page ends by length too", async () => {
  const memory = new MemoryLogs();
  for (let i = 0; i < 10; i++) memory.append("g", "s", [{ atMs: i, requestId: null, text: "x".repeat(100) }]);
  const page = await memory.scan("g", { direction: "forward", matches: () => true, limit: 100, maxLength: 250 });
  assert.equal(page.lines.length, 3);
  assert.equal(page.isEnd, false);
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
