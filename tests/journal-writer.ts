/** A process for journal-crash.test.ts to kill: 16 writers count up their keys and print each number once it is acknowledged. */
import { writeSync } from "node:fs";
import { SqliteJournal } from "#store/sqlite/journal.ts";
import { FakeClock } from "#deck/fake-clock.ts";

const WRITERS = 16;
// Compaction is killed in the middle as well.
const COMPACT_EVERY = 400;
const [, , file = ""] = process.argv;

const journal = SqliteJournal.open(file, { clock: new FakeClock() });
await Promise.all(Array.from({ length: WRITERS }, (_, i) => countUp(`core/pods/default/pod-${i}`)));

async function countUp(key: string): Promise<never> {
  const live = await journal.get(key);
  let revision = live?.revision;
  let number =
    live === null ? 0 : (JSON.parse(Buffer.from(live.bytes).toString()) as { readonly number: number }).number;
  for (;;) {
    number++;
    const filler = "x".repeat(100 + ((number * 997) % 4_000));
    const appended = await journal.append(key, Buffer.from(JSON.stringify({ number, filler })), revision ?? "absent");
    if (!appended.ok) throw new Error(`${key} has one writer and lost a race`);
    revision = appended.revision;
    // Synchronous, so that the line is out before anything else happens; the dot says that it is whole.
    writeSync(1, `${key} ${revision} ${number}.\n`);
    if (revision % COMPACT_EVERY === 0) await journal.compact(revision - COMPACT_EVERY / 2);
  }
}
