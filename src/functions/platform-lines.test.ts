/** The platform's own lines: Lambda's text, and JSON with levels. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { platformLines } from "./platform-lines.ts";

const NOW = "2026-01-02T03:04:05.678Z";
const report = { requestId: "r", durationMs: 1.23456, billedMs: 8, memoryMib: 128, maxMemoryMib: 40 };
const settings = { runtime: "nodejs24.x", version: "3", timeoutMs: 3000 };
const text = platformLines(
  { ...settings, logging: { format: "Text", systemLevel: "INFO", applicationLevel: null } },
  () => NOW,
);
const json = (systemLevel: "DEBUG" | "INFO" | "WARN"): ReturnType<typeof platformLines> =>
  platformLines({ ...settings, logging: { format: "JSON", systemLevel, applicationLevel: "INFO" } }, () => NOW);

function typesIn(lines: readonly string[]): readonly unknown[] {
  return lines.map((line) => (JSON.parse(line) as { readonly type: string }).type);
}

test("text is Lambda's", () => {
  assert.deepEqual(text.start("r"), ["START RequestId: r Version: 3"]);
  assert.deepEqual(text.end(report, null), [
    "END RequestId: r",
    "REPORT RequestId: r\tDuration: 1.23 ms\tBilled Duration: 8 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t",
  ]);
  assert.equal(text.end(report, { is: "timeout" })[0], `${NOW} r Task timed out after 3.00 seconds\n`);
  assert.equal(
    text.end(report, { is: "crash", reason: "gone", errorType: "Runtime.ExitError" })[0],
    "RequestId: r Error: gone\nRuntime.ExitError",
  );
});

test("JSON has an event a line, with its time, its type and its record", () => {
  assert.deepEqual(JSON.parse(json("INFO").start("r")[0] ?? ""), {
    time: NOW,
    type: "platform.start",
    record: { requestId: "r", version: "3" },
  });
  assert.deepEqual(JSON.parse(json("INFO").end({ ...report, initMs: 6.1 }, null)[0] ?? ""), {
    time: NOW,
    type: "platform.report",
    record: {
      requestId: "r",
      status: "success",
      metrics: { durationMs: 1.235, billedDurationMs: 8, memorySizeMB: 128, maxMemoryUsedMB: 40, initDurationMs: 6.1 },
    },
  });
});

const failed = { ...report, status: "error", errorType: "Runtime.ExitError" } as const;
const levels = [
  {
    level: "DEBUG",
    well: ["platform.runtimeDone", "platform.report"],
    badly: ["platform.runtimeDone", "platform.report"],
    start: 1,
  },
  { level: "INFO", well: ["platform.report"], badly: ["platform.runtimeDone", "platform.report"], start: 1 },
  { level: "WARN", well: [], badly: ["platform.runtimeDone", "platform.report"], start: 0 },
] as const;
for (const { level, well, badly, start } of levels)
  test(`the level ${level} keeps ${well.length} events of a run that went well`, () => {
    assert.deepEqual(typesIn(json(level).end(report, null)), well);
    assert.deepEqual(typesIn(json(level).end(failed, { is: "crash" })), badly);
    assert.equal(json(level).start("r").length, start);
    assert.equal(json(level).initStart("on-demand").length, start);
    assert.equal(json(level).initReport({ initMs: 1, status: "error" }).length, 1);
  });
