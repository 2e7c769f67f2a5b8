/** Tables under kill -9: transactions are whole, indexes say what their table says, and streams have every change once, in order. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { seededRandom } from "#base/random.ts";
import { type Item, itemBytes } from "#managed/table/attribute.ts";
import { collectionOf, type DerivedIndex, partCollection } from "#managed/table/derived.ts";
import { decodeItem } from "#managed/table/item-bytes.ts";
import { keyOfItem } from "#managed/table/item-key.ts";
import { indexKey, kept, schemaOf } from "#managed/table/secondary-index.ts";
import { decodeRecord } from "#managed/table/stream-record.ts";
import { settle } from "#managed/table/upkeep.ts";
import { SqliteDatabase } from "#store/sqlite/database.ts";
import { ACCOUNTS, MONEY_OF_EACH, tableOf, upkeepOf } from "./table-worker.ts";

const KILLS = Number(process.env["KILLS"] ?? 20);
const LIFE_MS = { shortest: 10, longest: 150 };

test(`tables keep their word over ${KILLS} kills`, { timeout: 60_000 + KILLS * 3_000 }, async (t) => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`SEED=${seed}`);
  const random = seededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), "table-crash-"));
  const file = join(folder, "tables.db");
  const done = new Set<string>();
  try {
    for (let life = 0; life < KILLS; life++) {
      const lifeMs = LIFE_MS.shortest + random.number() * (LIFE_MS.longest - LIFE_MS.shortest);
      await liveAndDie(file, { life, lifeMs }, done);
    }
    const { items, records } = await checked(file, done);
    t.diagnostic(`${done.size} transactions acknowledged, ${items} items, ${records} records`);
    assert.ok(done.size > KILLS, "there was time to work");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

async function liveAndDie(
  file: string,
  { life, lifeMs }: { readonly life: number; readonly lifeMs: number },
  done: Set<string>,
): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "table-worker.ts"), file, String(life)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const ended = once(lines, "close");
  let isFirst = true;
  lines.on("line", (line) => {
    if (isFirst) setTimeout(() => child.kill("SIGKILL"), lifeMs);
    isFirst = false;
    const [what, id = "", end] = line.split(" ");
    if (what === "done" && end === ".") done.add(id);
  });
  await once(child, "exit");
  await ended;
  assert.equal(child.signalCode, "SIGKILL", "the worker lived until it was killed");
}

async function checked(file: string, done: ReadonlySet<string>) {
  await using database = SqliteDatabase.open(file);
  const table = tableOf(1);
  const { indexes, streams } = await settle(upkeepOf(database), table);
  const items = new Map<string, Item>();
  for (const { key, value } of await database.scan(collectionOf(table))) items.set(key.join(), decodeItem(value));
  const money = [...items.values()].reduce((sum, { n }) => sum + (n !== undefined && "N" in n ? Number(n.N) : 0), 0);
  assert.equal(money, ACCOUNTS * MONEY_OF_EACH, "no money was made or lost");
  for (const id of done) {
    const key = keyOfItem({ p: { S: "transfer" }, s: { S: id } }, schemaOf(table));
    assert.ok(items.has(key.join()), `the transfer ${id} was acknowledged`);
  }
  assert.deepEqual(indexes.map(({ index }) => index.name).toSorted(), ["byGroup", "byMoney", "late"]);
  for (const one of indexes) await checkIndex(database, one, [...items.values()]);
  const [stream] = streams;
  assert.ok(stream !== undefined && streams.length === 1, "the stream lasted");
  const records = (await database.scan(partCollection(table, stream.id))).map(({ key, value }) =>
    decodeRecord(key, value),
  );
  const replayed = new Map<string, Item>();
  for (const [at, { sequence, keys, newImage, oldImage }] of records.entries()) {
    assert.equal(sequence, at + 1, "no number is left out");
    const key = keyOfItem(keys, schemaOf(table)).join();
    assert.deepEqual(oldImage, replayed.get(key), "a record says what was there before it");
    if (newImage === undefined) replayed.delete(key);
    else replayed.set(key, newImage);
  }
  assert.deepEqual(replayed, items, "the records make the table");
  assert.ok([...items.values()].every((item) => itemBytes(item) > 0));
  return { items: items.size, records: records.length };
}

async function checkIndex(
  database: SqliteDatabase,
  { id, index, isWhole }: DerivedIndex,
  items: readonly Item[],
): Promise<void> {
  assert.ok(isWhole, `${index.name} is filled`);
  const expected = new Map(
    items.flatMap((item): (readonly [string, Item])[] => {
      const key = indexKey(index, item);
      return key === null ? [] : [[key.join(), kept(index, item)]];
    }),
  );
  const rows = await database.scan(partCollection(tableOf(1), id));
  const found = new Map(rows.map(({ key, value }) => [key.join(), decodeItem(value)]));
  assert.deepEqual(found, expected, `${index.name} says what the table says`);
}
