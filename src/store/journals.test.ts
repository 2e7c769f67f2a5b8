/** Both embedded journals against the suite, and what only a disk can do. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { emptyPast, type Engine, JournalFront } from "./journal-front.ts";
import { testJournal } from "./journal-suite.ts";
import { MemoryJournal } from "./memory/journal.ts";
import { SqliteJournal } from "./sqlite/journal.ts";

testJournal({ title: "MemoryJournal", open: () => Promise.resolve(new MemoryJournal(new FakeClock())) });

const folder = mkdtempSync(join(tmpdir(), "journal-"));
after(() => rmSync(folder, { recursive: true }));
const files = new WeakMap<object, string>();
let count = 0;

testJournal({
  title: "SqliteJournal",
  open: () => Promise.resolve(openAt(join(folder, `${count++}.db`))),
  reopen: async (journal) => {
    await journal[Symbol.asyncDispose]();
    return openAt(files.get(journal) ?? "");
  },
});

function openAt(file: string): SqliteJournal {
  const journal = SqliteJournal.open(file, { clock: new FakeClock() });
  files.set(journal, file);
  return journal;
}

const bytes = new Uint8Array([1, 2, 3]);

test("a file that is open is refused to a second owner", async () => {
  const file = join(folder, "owned.db");
  await using _owner = openAt(file);
  assert.throws(() => openAt(file), /locked/);
});

test("a disk that refuses: the whole batch is rejected, then read-only until a probe is written", async () => {
  const clock = new FakeClock();
  const disk = { isFull: false, probes: 0 };
  const engine: Engine = {
    commit: () => refuseIf(disk.isFull),
    probe: () => {
      disk.probes++;
      refuseIf(disk.isFull);
    },
    forget: () => {},
    close: () => {},
  };
  await using journal = new JournalFront({ engine, past: emptyPast(), clock, soon: queueMicrotask });
  await journal.append("a", bytes, "absent");
  disk.isFull = true;
  const lost = await Promise.allSettled([
    journal.append("b", bytes, "absent"),
    journal.append("b", bytes, "any"),
    journal.append("c", bytes, "absent"),
  ]);
  assert.deepEqual(
    lost.map((result) => result.status === "rejected" && (result.reason as { code: string }).code),
    ["Unavailable", "Unavailable", "Unavailable"],
  );
  assert.equal(journal.revision(), 1);
  assert.equal(await journal.get("b"), null);
  await assert.rejects(journal.append("d", bytes, "absent"), { code: "Unavailable" });
  assert.equal(disk.probes, 0, "the disk is not asked again at once");
  clock.advance(1_000);
  await assert.rejects(journal.append("d", bytes, "absent"), { code: "Unavailable" });
  assert.equal(disk.probes, 1);
  disk.isFull = false;
  clock.advance(1_000);
  assert.deepEqual(await journal.append("d", bytes, "absent"), { ok: true, revision: 2 });
});

function refuseIf(isFull: boolean): void {
  if (isFull) throw new Error("database or disk is full");
}

test("history is kept for five minutes and for ten thousand changes", async () => {
  const clock = new FakeClock();
  await using journal = new MemoryJournal(clock);
  const write = async (changes: number): Promise<void> => {
    await Promise.all(Array.from({ length: changes }, (_, i) => journal.append(`k${i % 100}`, bytes, "any")));
  };
  await write(12_000);
  clock.advance(60_000);
  assert.equal(journal.compactedRevision(), 0);
  clock.advance(5 * 60_000);
  await Promise.resolve();
  assert.equal(journal.compactedRevision(), 2_001);
});

test("history is bounded in bytes, whatever its age", async () => {
  await using journal = new MemoryJournal(new FakeClock());
  const large = new Uint8Array(1024 * 1024);
  for (let i = 0; i < 200; i++) await journal.append(`k${i % 10}`, large, "any");
  await new Promise((resolve) => setImmediate(resolve));
  const kept = journal.revision() - journal.compactedRevision();
  assert.ok(kept >= 60 && kept <= 130, `${kept} changes of 1 MiB are kept`);
  assert.equal((await journal.range("")).entries.length, 10);
});

test("a file that is mostly free is given back to the disk at its next start", async () => {
  const file = join(folder, "shrinks.db");
  const large = new Uint8Array(256 * 1024);
  {
    await using journal = openAt(file);
    for (let i = 0; i < 200; i++) await journal.append(`k${i % 4}`, large, "any");
    await journal.compact(journal.revision());
  }
  assert.ok(statSync(file).size > 40 * 1024 * 1024);
  await using journal = openAt(file);
  assert.ok(statSync(file).size < 3 * 1024 * 1024, `${statSync(file).size} bytes`);
  assert.equal((await journal.range("")).entries.length, 4);
});
