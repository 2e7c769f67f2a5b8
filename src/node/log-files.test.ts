/** Reading container logs: lines, pieces, tails, times, limits, rotation, following. */
import assert from "node:assert/strict";
import { appendFile, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Clock } from "#base/clock.ts";
import { never } from "#base/stop.ts";
import { lastLogText, parseLogLine, readLog, type LogOptions } from "./log-files.ts";

const root = await mkdtemp(join(tmpdir(), "ctm-logs-"));
after(() => rm(root, { recursive: true }));

const LINES = [
  "2026-01-02T03:04:05.000000001Z stdout F one",
  "2026-01-02T03:04:06.000000001Z stderr F two",
  "2026-01-02T03:04:07.000000001Z stdout P thr",
  "2026-01-02T03:04:07.000000002Z stdout F ee",
  "2026-01-02T03:04:08.000000001Z stdout F ",
];
const path = join(root, "0.log");
await writeFile(path, `${LINES.join("\n")}\n`);

const idle: Clock = {
  now: () => 0,
  monotonicMs: () => 0,
  sleep: () => Promise.resolve(),
  after: () => ({ [Symbol.dispose]: () => {} }),
};
const over = { clock: idle, stop: never, isOver: () => true };

async function text(file: string, options: LogOptions): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of readLog(file, options, over)) parts.push(part);
  return Buffer.concat(parts).toString();
}

const cases: readonly (readonly [string, LogOptions, string])[] = [
  ["everything, pieces joined", {}, "one\ntwo\nthree\n\n"],
  ["the last line", { tailLines: 1 }, "\n"],
  ["the last two lines, of which one has two pieces", { tailLines: 2 }, "three\n\n"],
  ["more lines than there are", { tailLines: 99 }, "one\ntwo\nthree\n\n"],
  ["no line", { tailLines: 0 }, ""],
  [
    "with times, once per line",
    { timestamps: true, tailLines: 2 },
    "2026-01-02T03:04:07.000000001Z three\n2026-01-02T03:04:08.000000001Z \n",
  ],
  ["since a time", { sinceMs: Date.parse("2026-01-02T03:04:07Z") }, "three\n\n"],
  ["a number of bytes", { limitBytes: 5 }, "one\nt"],
];
for (const [title, options, expected] of cases)
  test(`reads ${title}`, async () => assert.equal(await text(path, options), expected));

for (const bad of ["", "no spaces", "one two", "2026 stdout F"])
  test(`"${bad}" is no log line`, () => assert.equal(parseLogLine(Buffer.from(bad)), null));

test("long logs give the same tail as short ones", async () => {
  const long = join(root, "long.log");
  const lines = Array.from(
    { length: 5_000 },
    (_, index) => `2026-01-02T03:04:05.000000001Z stdout F ${String(index).padStart(60, "x")}`,
  );
  await writeFile(long, `${lines.join("\n")}\n`);
  for (const tailLines of [1, 700, 3_000]) {
    const found = (await text(long, { tailLines })).trimEnd().split("\n");
    assert.deepEqual([found.length, found[0]], [tailLines, String(5_000 - tailLines).padStart(60, "x")]);
  }
});

test("the end of a log as a message is bounded in lines and bytes", async () => {
  assert.equal(await lastLogText(path, { lines: 2, bytes: 100 }), "three\n\n");
  assert.equal(await lastLogText(path, { lines: 9, bytes: 4 }), "ee\n\n");
  assert.equal(await lastLogText(join(root, "none"), { lines: 9, bytes: 4 }), "");
});

test("rotated pieces are read before the file, but not for a tail", async () => {
  await writeFile(join(root, "1.log.20260101-000000"), "2026-01-01T00:00:00Z stdout F old\n");
  await writeFile(join(root, "1.log"), "2026-01-02T00:00:00Z stdout F new\n");
  assert.equal(await text(join(root, "1.log"), {}), "old\nnew\n");
  assert.equal(await text(join(root, "1.log"), { tailLines: 5 }), "new\n");
});

test("following goes on through new lines and a rotation until the container ends", async () => {
  const file = join(root, "2.log");
  await writeFile(file, "2026-01-02T00:00:00Z stdout F a\n");
  const events = [
    () => appendFile(file, "2026-01-02T00:00:01Z stdout F b\n"),
    async () => {
      await rename(file, `${file}.20260102-000000`);
      await writeFile(file, "2026-01-02T00:00:02Z stdout F c\n");
    },
  ];
  let isOver = false;
  const clock: Clock = {
    ...idle,
    sleep: async () => {
      const next = events.shift();
      if (next === undefined) isOver = true;
      else await next();
    },
  };
  const parts: string[] = [];
  for await (const part of readLog(file, { follow: true }, { clock, stop: never, isOver: () => isOver }))
    parts.push(part.toString());
  assert.deepEqual(parts, ["a\n", "b\n", "c\n"]);
});
