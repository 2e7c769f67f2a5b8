/** The SQLite journal under kill -9: whatever was acknowledged is there afterwards, in order, and nothing is damaged. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { seededRandom } from "#base/random.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { SqliteJournal } from "#store/sqlite/journal.ts";

// Even: the lanes share them. KILLS=1000 makes it long.
const KILLS = Number(process.env["KILLS"] ?? 60);
// Long enough for a few hundred commits, short enough that 200 lives fit into half a minute.
const LIFE_MS = { shortest: 10, longest: 120 };
// A fresh file now and then, so that opening a new one is killed as well.
const LIVES_PER_FILE = 20;
const PARALLEL = 2;

/** What one writer process told us before it died: the last acknowledged revision and number of each of its keys. */
interface Acknowledged {
  readonly revision: number;
  readonly number: number;
}

test(`loses nothing that was acknowledged over ${KILLS} kills`, { timeout: 60_000 + KILLS * 3_000 }, async (t) => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`SEED=${seed}`);
  const folder = mkdtempSync(join(tmpdir(), "journal-crash-"));
  const totals = { kills: 0, acknowledged: 0, present: 0 };
  try {
    const lanes = Array.from({ length: PARALLEL }, async (_, lane) => {
      const random = seededRandom(seed + lane);
      for (let life = 0; life < KILLS / PARALLEL; life++) {
        const file = join(folder, `${lane}-${Math.floor(life / LIVES_PER_FILE)}.db`);
        const acknowledged = await liveAndDie(
          file,
          LIFE_MS.shortest + random.number() * (LIFE_MS.longest - LIFE_MS.shortest),
        );
        totals.kills++;
        totals.acknowledged += acknowledged.count;
        totals.present += await check(file, acknowledged.last);
      }
    });
    await Promise.all(lanes);
  } finally {
    rmSync(folder, { recursive: true });
  }
  t.diagnostic(
    `${totals.kills} kills, ${totals.acknowledged} acknowledged writes, ${totals.present} more were durable without having been acknowledged, 0 lost`,
  );
  assert.equal(totals.kills, KILLS);
  assert.ok(totals.acknowledged > KILLS, "the writers had time to write");
});

/** Starts a writer, lets it write for a while after its first answer, kills it, and returns what it had acknowledged. */
async function liveAndDie(
  file: string,
  lifeMs: number,
): Promise<{ readonly last: ReadonlyMap<string, Acknowledged>; readonly count: number }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "journal-writer.ts"), file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const last = new Map<string, Acknowledged>();
  let count = 0;
  const lines = createInterface({ input: child.stdout });
  const ended = once(lines, "close");
  lines.on("line", (line) => {
    const [key = "", revision, number] = line.split(" ");
    // A torn last line has no third part: the write was acknowledged inside, but nobody heard of it.
    if (!line.endsWith(".")) return;
    if (count++ === 0) setTimeout(() => kill(child), lifeMs);
    last.set(key, { revision: Number(revision), number: Number.parseInt(number ?? "", 10) });
  });
  await once(child, "exit");
  await ended;
  assert.equal(child.signalCode, "SIGKILL", "the writer lived until it was killed");
  return { last, count };
}

function kill(child: ChildProcess): void {
  child.kill("SIGKILL");
}

/** Returns how many writes are there that nobody was told of; throws for anything lost, reordered or damaged. */
async function check(file: string, acknowledged: ReadonlyMap<string, Acknowledged>): Promise<number> {
  await using journal = SqliteJournal.open(file, { clock: new FakeClock() });
  let present = 0;
  for (const [key, { revision, number }] of acknowledged) {
    const entry = await journal.get(key);
    assert.ok(entry !== null, `${key} was acknowledged at ${revision} and is gone`);
    const stored = numberOf(entry.bytes);
    assert.ok(
      stored >= number && entry.revision >= revision,
      `${key}: acknowledged ${number} at ${revision}, found ${stored} at ${entry.revision}`,
    );
    if (stored === number) assert.equal(entry.revision, revision);
    else present += stored - number;
  }
  checkHistory(journal);
  await journal[Symbol.asyncDispose]();
  const db = new DatabaseSync(file);
  assert.deepEqual({ ...db.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
  db.close();
  return present;
}

/** Revisions without holes, and each key's numbers one after the other. */
function checkHistory(journal: SqliteJournal): void {
  const numbers = new Map<string, number>();
  let expected = journal.compactedRevision() + 1;
  journal.follow(journal.compactedRevision(), (changes) => {
    for (const change of changes) {
      assert.equal(change.revision, expected++);
      if (change.type === "delete") continue;
      const number = numberOf(change.bytes);
      const before = numbers.get(change.key);
      if (before !== undefined) assert.equal(number, before + 1, `${change.key} is out of order at ${change.revision}`);
      numbers.set(change.key, number);
    }
  });
  assert.equal(expected, journal.revision() + 1);
}

function numberOf(bytes: Uint8Array): number {
  return (JSON.parse(Buffer.from(bytes).toString()) as { readonly number: number }).number;
}
