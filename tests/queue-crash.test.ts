/** Queues under kill -9: what was acknowledged is delivered until it is removed, what was removed never again, and groups keep their order. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { seededRandom } from "#base/random.ts";
import { never } from "#base/stop.ts";
import { SqliteDatabase } from "#store/sqlite/database.ts";
import { queueIn, SETTINGS, WORKERS } from "./queue-worker.ts";

const KILLS = Number(process.env["KILLS"] ?? 20);
const LIFE_MS = { shortest: 20, longest: 200 };
const QUEUES = ["standard", "fifo"];

/** What the workers were told, over all lives. */
class Heard {
  readonly sent = new Set<string>();
  readonly gone = new Set<string>();
  /** Of each group of the FIFO queue the last that was removed. */
  readonly #lastGone = new Map<string, string>();
  received = 0;

  take(line: string): void {
    const [what, queue = "", body = "", end] = line.split(" ");
    if (end !== ".") return;
    const id = `${queue} ${body}`;
    const group = body.split("/")[0] ?? "";
    if (what === "sent") this.sent.add(id);
    else if (what === "gone") {
      this.gone.add(id);
      if (queue === "fifo") this.#lastGone.set(group, body);
    } else {
      this.received++;
      assert.ok(!this.gone.has(id), `${id} was removed and came again`);
      if (queue === "fifo") assert.ok((this.#lastGone.get(group) ?? "") < body, `${id} came after what follows it`);
    }
  }
}

test(`queues lose nothing over ${KILLS} kills`, { timeout: 30_000 + KILLS * 3_000 }, async (t) => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`SEED=${seed}`);
  const random = seededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), "queue-crash-"));
  const file = join(folder, "messages.db");
  const heard = new Heard();
  try {
    for (let life = 0; life < KILLS; life++) {
      const lifeMs = LIFE_MS.shortest + random.number() * (LIFE_MS.longest - LIFE_MS.shortest);
      await liveAndDie(file, { life: String(life).padStart(4, "0"), lifeMs }, heard);
    }
    const left = await drained(file);
    for (const id of left) assert.ok(!heard.gone.has(id), `${id} was removed and is still there`);
    const lost = [...heard.sent].filter((id) => !heard.gone.has(id) && !left.has(id));
    // Each worker removes one after the other: at a kill one removal of each may be durable that nobody was told of.
    const unheard = KILLS * QUEUES.length * WORKERS;
    assert.ok(lost.length <= unheard, `${lost.length} are gone: ${lost.slice(0, 5).join(", ")}`);
    t.diagnostic(
      `${heard.sent.size} acknowledged, ${heard.received} received, ${heard.gone.size} removed, ${left.size} left, ${lost.length} removed unheard`,
    );
    assert.ok(heard.gone.size > KILLS, "there was time to work");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

async function liveAndDie(
  file: string,
  { life, lifeMs }: { readonly life: string; readonly lifeMs: number },
  heard: Heard,
): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "queue-worker.ts"), file, life], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const ended = once(lines, "close");
  const failures: unknown[] = [];
  let isFirst = true;
  lines.on("line", (line) => {
    if (isFirst) setTimeout(() => child.kill("SIGKILL"), lifeMs);
    isFirst = false;
    try {
      heard.take(line);
    } catch (thrown) {
      failures.push(thrown);
    }
  });
  await once(child, "exit");
  await ended;
  assert.equal(child.signalCode, "SIGKILL", "the worker lived until it was killed");
  assert.deepEqual(failures, []);
}

/** Everything that can still be received. */
async function drained(file: string): Promise<ReadonlySet<string>> {
  await using database = SqliteDatabase.open(file);
  const left = new Set<string>();
  for (const name of QUEUES) {
    const queue = queueIn(database, name);
    for (;;) {
      const received = await queue.receive({ most: 10, waitMs: 4 * SETTINGS.visibilityMs, stop: never });
      if (received.length === 0) break;
      for (const { message } of received) left.add(`${name} ${message.body}`);
      await queue.remove(received.map(({ ticket }) => ticket));
    }
  }
  return left;
}
