/** Pushes under kill -9: what was accepted is delivered at least once, and what is in order comes in order. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { seededRandom } from "#base/random.ts";
import { never } from "#base/stop.ts";
import { SqliteDatabase } from "#store/sqlite/database.ts";
import { outboxIn, TARGET } from "./push-worker.ts";
import { queueIn } from "./queue-worker.ts";

const KILLS = Number(process.env["KILLS"] ?? 20);
const LIFE_MS = { shortest: 20, longest: 200 };

test(`pushes are not lost over ${KILLS} kills`, { timeout: 60_000 + KILLS * 3_000 }, async (t) => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`SEED=${seed}`);
  const random = seededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), "push-crash-"));
  const file = join(folder, "messages.db");
  const accepted = new Set<string>();
  try {
    for (let life = 0; life < KILLS; life++) {
      const lifeMs = LIFE_MS.shortest + random.number() * (LIFE_MS.longest - LIFE_MS.shortest);
      await liveAndDie(file, { life: String(life).padStart(4, "0"), lifeMs }, accepted);
    }
    const delivered = await drained(file);
    const seen = new Set(delivered);
    const lost = [...accepted].filter((body) => !seen.has(body));
    assert.deepEqual(lost, [], `${lost.length} of ${accepted.size} are gone`);
    for (const lane of ["0", "2"]) {
      const first = [...new Set(delivered.filter((body) => body.startsWith(`${lane}/`)))];
      assert.deepEqual(first, first.toSorted(), `lane ${lane} is in order`);
    }
    t.diagnostic(
      `${accepted.size} accepted, ${delivered.length} delivered, ${delivered.length - seen.size} of them again`,
    );
    assert.ok(accepted.size > KILLS, "there was time to work");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

async function liveAndDie(
  file: string,
  { life, lifeMs }: { readonly life: string; readonly lifeMs: number },
  accepted: Set<string>,
): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "push-worker.ts"), file, life], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const ended = once(lines, "close");
  let isFirst = true;
  lines.on("line", (line) => {
    if (isFirst) setTimeout(() => child.kill("SIGKILL"), lifeMs);
    isFirst = false;
    // The full stop tells a whole line from a torn one.
    const [, body = "", end] = line.split(" ");
    if (end === ".") accepted.add(body);
  });
  await once(child, "exit");
  await ended;
  assert.equal(child.signalCode, "SIGKILL", "the worker lived until it was killed");
}

/** Everything that arrived, in the order of its arrival, once the last outbox has nothing more to deliver. */
async function drained(file: string): Promise<readonly string[]> {
  await using database = SqliteDatabase.open(file);
  const queue = queueIn(database, TARGET);
  {
    await using outbox = await outboxIn(database, queue, 0);
    while (outbox.backlog > 0) await pause(10);
  }
  const arrived: string[] = [];
  for (;;) {
    const received = await queue.receive({ most: 1_000, hiddenMs: 600_000, waitMs: 0, stop: never });
    if (received.length === 0) return arrived;
    arrived.push(...received.map(({ message }) => message.body));
  }
}
