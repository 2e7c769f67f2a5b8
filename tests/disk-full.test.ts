/** A disk that is full and then is not: what grows is refused by name, deletes and updates go on, nothing acknowledged is lost, it heals by itself. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { Reserve, RESERVE_BYTES } from "#store/reserve.ts";
import { SqliteDatabase } from "#store/sqlite/database.ts";
import { SqliteEvents } from "#store/sqlite/events.ts";
import { SqliteJournal } from "#store/sqlite/journal.ts";
import { until } from "./platform-stage.ts";

const skip = process.getuid?.() === 0 ? false : "needs root for a file system of its own";
const SIZE_MIB = 64;
const folder = mkdtempSync(join(tmpdir(), "disk-full-"));

before(() => {
  if (skip === false) execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE_MIB}m`, "tmpfs", folder]);
});

after(() => {
  if (skip === false) execFileSync("umount", ["--lazy", folder]);
  rmSync(folder, { recursive: true, force: true });
});

const big = new Uint8Array(50_000).fill(97);
const codeOf = (thrown: unknown): unknown => (thrown as { readonly code?: unknown }).code;

/** Whatever somebody else put on the disk, to the last byte. */
function fillDisk(): string {
  const file = join(folder, "somebody-else");
  const descriptor = openSync(file, "w");
  try {
    for (;;) writeSync(descriptor, Buffer.alloc(65_536, 1));
  } catch {
    closeSync(descriptor); // Full.
  }
  return file;
}

/** Writes numbered keys until one is refused; returns how many were acknowledged. */
async function writeUntilRefused(write: (i: number) => Promise<unknown>, from: number): Promise<number> {
  for (let i = from; ; i++) {
    try {
      await write(i);
    } catch (thrown) {
      assert.equal(codeOf(thrown), "Unavailable");
      return i;
    }
  }
}

test("disk full and back", { skip, timeout: 60_000 }, async () => {
  const room = Reserve.open(join(folder, "reserve"));
  assert.equal(statSync(join(folder, "reserve")).size, RESERVE_BYTES);
  const openAll = () => ({
    journal: SqliteJournal.open(join(folder, "journal.db"), { clock: new FakeClock(), room }),
    tables: SqliteDatabase.open(join(folder, "tables.db"), { room }),
    events: SqliteEvents.open(join(folder, "events.db"), { room }),
  });
  let { journal, tables, events } = openAll();
  const append = (i: number): Promise<unknown> => journal.append(`core/configmaps/default/c-${i}`, big, "absent");
  const put = (i: number, value: Uint8Array | null): Promise<unknown> =>
    tables.change("t", [], () => ({ writes: [{ key: Buffer.from(`k-${i}`), value }], result: null }));
  for (let i = 0; i < 20; i++) await Promise.all([append(i), put(i, big)]);

  const other = fillDisk();
  const stored = await writeUntilRefused(append, 20);
  assert.equal(room.isTight(), true, "the reserve was given up");
  await assert.rejects(append(stored), /the disk is full; deletes and what does not grow are taken/);
  await assert.rejects(put(99, big), /the disk is full/);
  await assert.rejects(
    events.put({ id: "e", payload: big } as unknown as Parameters<SqliteEvents["put"]>[0]),
    /the disk is full/,
  );

  for (let i = 0; i < 10; i++) {
    await put(i, null);
    assert.equal((await journal.append(`core/configmaps/default/c-${i}`, null, "any")).ok, true);
  }
  const smaller = await journal.append("core/configmaps/default/c-10", big.subarray(0, 100), "any");
  assert.equal(smaller.ok, true, "a status goes on");

  const check = async (): Promise<void> => {
    const { entries } = await journal.range("");
    assert.equal(entries.length, stored - 10);
    assert.equal((await tables.count("t")).rows, 10);
    assert.equal((await tables.scan("t")).length, 10);
  };
  await check();
  for (const one of [journal, tables, events]) await one[Symbol.asyncDispose]();
  ({ journal, tables, events } = openAll());
  await check();

  rmSync(other);
  await until(
    "what grows is taken again",
    () =>
      append(stored).then(
        () => true,
        () => false,
      ),
    (taken) => taken,
  );
  assert.equal(room.isTight(), false);
  assert.equal(statSync(join(folder, "reserve")).size, RESERVE_BYTES, "the reserve is held again");
  await put(99, big);
  for (const one of [journal, tables, events]) await one[Symbol.asyncDispose]();
});
