/** Every file of state, damaged in every way: it is served as it was written, or refused in a sentence. Nothing else is ever read. */
import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, test } from "node:test";
import { Fault } from "#base/fault.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { newestLines } from "#functions/logs.ts";
import type { Usage } from "#metering/usage.ts";
import { anchorFile } from "./anchor.ts";
import { SqliteLedger } from "./ledger.ts";
import { checkFile, repairFile } from "./repair.ts";
import { SqliteDatabase } from "./database.ts";
import { SqliteEvents } from "./events.ts";
import { SqliteJournal } from "./journal.ts";
import { SqliteLogs } from "./logs.ts";

// Two hundred stores are written, and nothing here is about the disk's own cache.
const root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "damage-"));
after(() => rmSync(root, { recursive: true, force: true }));

/** A store filled and read whole. `fill` goes on from where the last one ended. */
interface Subject {
  readonly name: string;
  readonly fill: (file: string, round: number, whileOpen: () => void) => Promise<void>;
  readonly read: (file: string) => Promise<readonly string[]>;
  /** Not synced with each commit: its newest may be gone without a word, as after a power cut. */
  readonly isRelaxed?: boolean;
}

const PER_ROUND = 80;
const range = (round: number): readonly number[] => Array.from({ length: PER_ROUND }, (_, i) => round * PER_ROUND + i);
const text = (i: number): Buffer => Buffer.from(`value ${i} ${"x".repeat((i * 97) % 900)}`);
const usage = (i: number): Usage => ({ is: "request", atMs: 1_000 + i, method: "GET", bytes: i }) as unknown as Usage;

const subjects: readonly Subject[] = [
  {
    name: "journal.db",
    fill: async (file, round, whileOpen) => {
      await using journal = SqliteJournal.open(file, { clock: new FakeClock() });
      for (const i of range(round)) await journal.append(`core/configmaps/default/c-${i}`, text(i), "any");
      await journal.append(`core/configmaps/default/c-${round * PER_ROUND}`, null, "any");
      whileOpen();
    },
    read: async (file) => {
      await using journal = SqliteJournal.open(file, { clock: new FakeClock() });
      const { entries, revision } = await journal.range("");
      const shown = entries.map(({ key, bytes }) => `${key} ${Buffer.from(bytes).toString("latin1")}`);
      return [`revision ${revision}`, ...shown];
    },
  },
  {
    name: "tables.db",
    fill: async (file, round, whileOpen) => {
      await using tables = SqliteDatabase.open(file);
      for (const i of range(round))
        await tables.change(`table-${i % 3}`, [], () => ({
          writes: [{ key: Buffer.from(`k-${i}`), value: text(i) }],
          result: null,
        }));
      whileOpen();
    },
    read: async (file) => {
      await using tables = SqliteDatabase.open(file);
      const names = ["table-0", "table-1", "table-2"];
      const rows = await Promise.all(names.map((name) => tables.scan(name)));
      return rows.flat().map(({ key, value }) => `${String(key)} ${Buffer.from(value).toString("latin1")}`);
    },
  },
  {
    name: "events.db",
    fill: async (file, round, whileOpen) => {
      await using events = SqliteEvents.open(file);
      for (const i of range(round)) await events.put(eventOf(i));
      whileOpen();
    },
    read: async (file) => {
      await using events = SqliteEvents.open(file);
      return (await events.load())
        .map(({ id, payload }) => `${id} ${Buffer.from(payload).toString("latin1")}`)
        .toSorted();
    },
  },
  {
    name: "usage.db",
    isRelaxed: true,
    fill: async (file, round, whileOpen) => {
      const ledger = SqliteLedger.open(file);
      for (const i of range(round)) {
        ledger.append([usage(i)]);
        if (i % 10 === 0) for await (const _one of ledger.read({ fromMs: 0, toMs: 1 }));
      }
      for await (const _one of ledger.read({ fromMs: 0, toMs: 1 }));
      whileOpen();
      await ledger[Symbol.asyncDispose]();
    },
    read: async (file) => {
      await using ledger = SqliteLedger.open(file);
      const found: string[] = [];
      for await (const one of ledger.read({ fromMs: 0, toMs: 1e9 })) found.push(String(one.atMs));
      return found;
    },
  },
  {
    name: "function-logs.db",
    isRelaxed: true,
    fill: async (file, round, whileOpen) => {
      const logs = SqliteLogs.open(file);
      for (const i of range(round)) {
        logs.append("/aws/lambda/f", "stream", [{ atMs: i, requestId: null, text: text(i).toString() }]);
        if (i % 10 === 0) await logs.groups();
      }
      await logs.groups();
      whileOpen();
      await logs[Symbol.asyncDispose]();
    },
    read: async (file) => {
      await using logs = SqliteLogs.open(file);
      return (await newestLines(logs, "/aws/lambda/f", 1_000_000)).map((line) => line.text);
    },
  },
];

function eventOf(i: number): Parameters<SqliteEvents["put"]>[0] {
  return { id: `e-${i}`, payload: text(i), function: "f" } as unknown as Parameters<SqliteEvents["put"]>[0];
}

/** Where a store stands: `file` as a kill left it, `older` a copy of before the last round, `other` one of another instance. */
interface Scene {
  readonly file: string;
  readonly older: string;
  readonly other: string;
}

interface Way {
  readonly title: string;
  readonly damage: (scene: Scene) => void;
  /** "refuse": serving it would lose or invent something for certain. */
  readonly must?: "refuse";
  /** A store that is not synced with each commit may come up with less. */
  readonly mayLose?: true;
}

const wal = (file: string): string => `${file}-wal`;
const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

function flip(file: string, at: number, mask = 0x10): void {
  const bytes = readFileSync(file);
  if (bytes.length === 0) return;
  const place = Math.min(Math.max(0, Math.floor(at)), bytes.length - 1);
  bytes[place] = (bytes[place] ?? 0) ^ mask;
  writeFileSync(file, bytes);
}

function swap(file: string, source: string): void {
  for (const end of ["", "-wal", "-shm"]) rmSync(`${file}${end}`, { force: true });
  for (const end of ["", "-wal"]) if (existsSync(`${source}${end}`)) cpSync(`${source}${end}`, `${file}${end}`);
}

/** Everything into the main file, as an orderly end does; the anchor stays. */
function settle(file: string): void {
  const db = new DatabaseSync(file);
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

const flips: readonly Way[] = [0.02, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95].flatMap((share): Way[] => [
  {
    title: `a flipped bit at ${share * 100} % of the main file`,
    damage: ({ file }) => {
      settle(file);
      flip(file, sizeOf(file) * share);
    },
  },
  {
    title: `a flipped bit at ${share * 100} % of the write-ahead log`,
    damage: ({ file }) => flip(wal(file), sizeOf(wal(file)) * share),
    mayLose: true,
  },
]);

const ways: readonly Way[] = [
  { title: "deleted", must: "refuse", damage: ({ file }) => rmSync(file) },
  {
    title: "deleted with all its companions",
    must: "refuse",
    damage: ({ file }) => ["", "-wal", "-shm"].forEach((end) => rmSync(`${file}${end}`, { force: true })),
  },
  { title: "emptied", must: "refuse", damage: ({ file }) => truncateSync(file) },
  {
    title: "emptied with its write-ahead log",
    must: "refuse",
    damage: ({ file }) => [file, wal(file)].forEach((one) => truncateSync(one)),
  },
  {
    title: "cut in the middle",
    must: "refuse",
    damage: ({ file }) => {
      settle(file);
      truncateSync(file, Math.floor(sizeOf(file) / 2));
    },
  },
  {
    title: "cut by one page",
    must: "refuse",
    damage: ({ file }) => {
      settle(file);
      truncateSync(file, sizeOf(file) - 4_096);
    },
  },
  ...[0, 17, 30, 45, 60, 101].map((at): Way => ({
    title: `a flipped bit in the header, byte ${at}`,
    damage: ({ file }) => {
      settle(file);
      flip(file, at);
    },
  })),
  ...flips,
  { title: "the write-ahead log deleted", mayLose: true, damage: ({ file }) => rmSync(wal(file)) },
  { title: "the write-ahead log emptied", mayLose: true, damage: ({ file }) => truncateSync(wal(file)) },
  {
    title: "the write-ahead log cut",
    mayLose: true,
    damage: ({ file }) => truncateSync(wal(file), Math.floor(sizeOf(wal(file)) * 0.7)),
  },
  {
    title: "garbage in the shared-memory file",
    damage: ({ file }) => writeFileSync(`${file}-shm`, Buffer.alloc(32_768, 0xa5)),
  },
  {
    title: "an older copy in its place",
    must: "refuse",
    mayLose: true,
    damage: ({ file, older }) => swap(file, older),
  },
  {
    title: "an older copy of the main file beside the newer write-ahead log",
    damage: ({ file, older }) => cpSync(older, file),
    mayLose: true,
  },
  { title: "another instance's file in its place", must: "refuse", damage: ({ file, other }) => swap(file, other) },
  {
    title: "text in its place",
    must: "refuse",
    damage: ({ file }) => {
      settle(file);
      writeFileSync(file, "hello ".repeat(2_000));
    },
  },
  {
    title: "a folder in its place",
    must: "refuse",
    damage: ({ file }) => {
      rmSync(file);
      mkdirSync(file);
    },
  },
  {
    title: "a newer format",
    must: "refuse",
    damage: ({ file }) => {
      const db = new DatabaseSync(file);
      db.exec("PRAGMA user_version = 9");
      db.close();
    },
  },
  { title: "its anchor deleted", must: "refuse", damage: ({ file }) => rmSync(anchorFile(file)) },
  { title: "its anchor emptied", must: "refuse", damage: ({ file }) => truncateSync(anchorFile(file)) },
  {
    title: "a flipped bit in one slot of its anchor",
    damage: ({ file }) => flip(anchorFile(file), 30),
    mayLose: true,
  },
];

for (const subject of subjects) {
  describe(subject.name, () => {
    const staged = stage(subject);
    for (const way of ways)
      test(`${way.title}: served as written, or refused`, async () => tryWay(subject, way, await staged));
  });
}

let count = 0;

async function tryWay(subject: Subject, way: Way, { scene, written }: Staged): Promise<void> {
  const folder = join(root, String(count++));
  cpSync(dirname(scene.file), folder, { recursive: true });
  const file = join(folder, subject.name);
  way.damage({ ...scene, file });
  let read: readonly string[];
  try {
    read = await subject.read(file);
  } catch (thrown) {
    assert.ok(thrown instanceof Fault, `not a sentence: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
    assert.ok(thrown.message.includes(subject.name), thrown.message);
    await repairs(subject, file, written);
    return;
  }
  if (subject.isRelaxed === true && way.mayLose === true) {
    assertWritten(read, written);
    return;
  }
  assert.deepEqual(read, written);
  assert.notEqual(way.must, "refuse", "served although it cannot be whole");
}

function assertWritten(read: readonly string[], written: readonly string[]): void {
  // Deleted at the end of each round: there again when the tail that deleted them is lost.
  const known = new Set([
    ...written,
    ...[0, PER_ROUND].map((i) => `core/configmaps/default/c-${i} ${text(i).toString()}`),
  ]);
  for (const one of read) assert.ok(known.has(one) || one.startsWith("revision "), `never written: ${one}`);
}

/** What is sound is kept, what is not is named, the damaged file is set aside, and the store opens again. */
async function repairs(subject: Subject, file: string, written: readonly string[]): Promise<void> {
  assert.equal((await checkFile(file)).state, "damaged");
  const finding = await repairFile(file, 0);
  assert.equal(finding.state, "repaired");
  const read = await subject.read(file);
  assertWritten(read, written);
  if (read.length < written.length) assert.ok(finding.lost.length > 0, "something was lost without a word");
  assert.equal((await checkFile(file)).state, "sound");
}

interface Staged {
  readonly scene: Scene;
  /** What the store says when nothing is wrong. */
  readonly written: readonly string[];
}

/** The folder as `kill -9` leaves it: the main file with the first round, the second one in the write-ahead log. */
async function stage(subject: Subject): Promise<Staged> {
  const folder = join(root, `of-${subject.name}`);
  const [live, copy, otherFolder] = ["live", "copy", "other"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const one of [live, copy, otherFolder]) mkdirSync(one, { recursive: true });
  const file = join(live, subject.name);
  await subject.fill(file, 0, () => {});
  cpSync(file, join(copy, subject.name));
  await subject.fill(join(otherFolder, subject.name), 0, () => {});
  const killed = join(folder, "killed");
  await subject.fill(file, 1, () => {
    mkdirSync(killed);
    cpSync(dirname(file), killed, { recursive: true });
  });
  const written = await subject.read(file);
  const scene = {
    file: join(killed, subject.name),
    older: join(copy, subject.name),
    other: join(otherFolder, subject.name),
  };
  return { scene, written };
}
