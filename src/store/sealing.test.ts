/** What is sealed in a journal's file: nothing of it can be read there, all of it by who has the keys, and a new key takes over. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { testJournal } from "./journal-suite.ts";
import { KeySealing, type SealingKey } from "./sealing.ts";
import { SqliteJournal } from "./sqlite/journal.ts";

const folder = mkdtempSync(join(tmpdir(), "sealed-"));
after(() => rmSync(folder, { recursive: true }));

const key = (id: number): SealingKey => ({ id, bytes: new Uint8Array(32).fill(id) });
const sealingBy = (...keys: readonly SealingKey[]): KeySealing =>
  new KeySealing(keys, (path) => path.startsWith("s/"), "keys");

const clock = new FakeClock();
const places = new WeakMap<object, string>();
let count = 0;

function openAt(file: string, sealing?: KeySealing): SqliteJournal {
  const journal = SqliteJournal.open(file, { clock, ...(sealing && { sealing }) });
  places.set(journal, file);
  return journal;
}

const everything = new KeySealing([key(1)], () => true, "keys");
testJournal({
  title: "SqliteJournal, sealed",
  open: () => Promise.resolve(openAt(join(folder, `${count++}.db`), everything)),
  reopen: async (journal) => {
    await journal[Symbol.asyncDispose]();
    return openAt(places.get(journal) ?? "", everything);
  },
});

/** Whether the text is anywhere in the files of that journal. */
function isReadable(file: string, text: string): boolean {
  const names = readdirSync(folder).filter((name) => join(folder, name).startsWith(file));
  return names.some((name) => readFileSync(join(folder, name)).includes(text));
}

const WORD = "correct horse battery staple";

async function read(journal: SqliteJournal): Promise<string> {
  return decodeUtf8((await journal.get("s/one"))?.bytes ?? new Uint8Array());
}

test("what is covered cannot be read in the file, what is not can", async () => {
  const file = join(folder, "covered.db");
  await using journal = openAt(file, sealingBy(key(1)));
  await journal.append("s/one", encodeUtf8(WORD), "absent");
  await journal.append("c/one", encodeUtf8("plain words"), "absent");
  assert.equal(await read(journal), WORD);
  assert.equal(isReadable(file, WORD), false);
  assert.equal(isReadable(file, "plain words"), true);
});

test("what was stored before there were keys is sealed, and nothing of it stays behind", async () => {
  const file = join(folder, "before.db");
  const plain = openAt(file);
  await plain.append("s/one", encodeUtf8(WORD), "absent");
  await plain[Symbol.asyncDispose]();
  assert.equal(isReadable(file, WORD), true);
  await using journal = openAt(file, sealingBy(key(1)));
  assert.equal(await journal.reseal(), 1);
  assert.equal(await journal.reseal(), 0);
  assert.equal(await read(journal), WORD);
  assert.equal(isReadable(file, WORD), false);
});

test("a new key takes over: first for what is written, then for all, and then the old one is needed no more", async () => {
  const file = join(folder, "rotated.db");
  const sealing = sealingBy(key(1));
  const journal = openAt(file, sealing);
  await journal.append("s/one", encodeUtf8(WORD), "absent");
  sealing.use([key(1), key(2)]);
  await journal.append("s/two", encodeUtf8(WORD), "absent");
  assert.equal(await journal.reseal(), 1);
  await journal[Symbol.asyncDispose]();
  await using again = openAt(file, sealingBy(key(2)));
  assert.equal(await read(again), WORD);
});

test("without its key, by another's place or changed, nothing is opened", async () => {
  const file = join(folder, "lost.db");
  const journal = openAt(file, sealingBy(key(1)));
  await journal.append("s/one", encodeUtf8(WORD), "absent");
  await journal[Symbol.asyncDispose]();
  assert.throws(() => openAt(file, sealingBy(key(2))), /sealed by key 1, which keys does not hold: put that file back/);
  const sealing = sealingBy(key(1));
  const sealed = sealing.seal("s/one", encodeUtf8(WORD));
  assert.throws(() => sealing.open("s/other", sealed), /is not what key 1/);
  sealed[20] = (sealed[20] ?? 0) ^ 1;
  assert.throws(() => sealing.open("s/one", sealed), /is not what key 1/);
  assert.notDeepEqual(sealing.seal("s/one", encodeUtf8(WORD)), sealing.seal("s/one", encodeUtf8(WORD)));
});
