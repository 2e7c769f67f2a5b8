/** What every Database promises, as tests: each implementation runs this suite. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Fault } from "#base/fault.ts";
import type { Database, Place, ScanOptions } from "#managed/database.ts";

export interface DatabaseUnderTest {
  readonly title: string;
  readonly open: () => Promise<Database>;
  /** Closes the database and opens it again on what it left; absent when nothing survives. */
  readonly reopen?: (database: Database) => Promise<Database>;
}

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const textOf = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString("latin1");

export function testDatabase(subject: DatabaseUnderTest): void {
  describe(subject.title, () => {
    testRows(subject);
    testScans(subject);
    testDecisions(subject);
    testSurvival(subject);
    testPlaces(subject);
    testModel(subject);
  });
}

function testRows(subject: DatabaseUnderTest): void {
  test("stores rows, and reads them back one by one", async () => {
    await using database = await subject.open();
    await put(database, { a: "1", b: "2" });
    assert.equal(textOf(await database.get("t", bytesOf("a"))), "1");
    assert.equal(await database.get("t", bytesOf("c")), null);
    assert.equal(await database.get("other", bytesOf("a")), null);
    await put(database, { a: null });
    assert.equal(await database.get("t", bytesOf("a")), null);
  });

  test("orders by unsigned bytes, a prefix before what it begins", async () => {
    await using database = await subject.open();
    await put(database, { "\u00ff": "4", b: "3", a: "1", "a\u0000": "2", "": "0" });
    assert.deepEqual(await scanned(database, {}), ["=0", "a=1", "a\u0000=2", "b=3", "\u00ff=4"]);
  });

  test("drops a collection with its rows, and lets it begin again", async () => {
    await using database = await subject.open();
    await put(database, { a: "1" });
    await database.change("kept", [], () => ({ writes: [{ key: bytesOf("k"), value: bytesOf("v") }], result: null }));
    await database.drop("t");
    assert.deepEqual(await scanned(database, {}), []);
    assert.deepEqual(await database.count("t"), { rows: 0, bytes: 0 });
    await put(database, { b: "2" });
    assert.deepEqual(await scanned(database, {}), ["b=2"]);
    assert.deepEqual(await database.count("kept"), { rows: 1, bytes: 2 });
  });
}

function testScans(subject: DatabaseUnderTest): void {
  const scans: readonly {
    readonly title: string;
    readonly options: ScanOptions;
    readonly found: readonly string[];
  }[] = [
    { title: "from is included", options: { from: bytesOf("b") }, found: ["b=2", "c=3", "d=4"] },
    { title: "to is excluded", options: { to: bytesOf("c") }, found: ["a=1", "b=2"] },
    { title: "a window", options: { from: bytesOf("b"), to: bytesOf("d") }, found: ["b=2", "c=3"] },
    { title: "bounds between rows", options: { from: bytesOf("aa"), to: bytesOf("cc") }, found: ["b=2", "c=3"] },
    { title: "a limit", options: { limit: 2 }, found: ["a=1", "b=2"] },
    { title: "backwards", options: { isDescending: true, limit: 2 }, found: ["d=4", "c=3"] },
    { title: "backwards in a window", options: { isDescending: true, to: bytesOf("c") }, found: ["b=2", "a=1"] },
    { title: "an empty window", options: { from: bytesOf("d"), to: bytesOf("a") }, found: [] },
    { title: "a limit of none", options: { limit: 0 }, found: [] },
  ];
  for (const { title, options, found } of scans) {
    test(`scans: ${title}`, async () => {
      await using database = await subject.open();
      await put(database, { d: "4", b: "2", a: "1", c: "3" });
      assert.deepEqual(await scanned(database, options), found);
    });
  }
}

function testDecisions(subject: DatabaseUnderTest): void {
  test("decides on the newest values: concurrent increments all count", async () => {
    await using database = await subject.open();
    const results = await Promise.all(Array.from({ length: 50 }, () => increment(database)));
    assert.deepEqual(
      results.toSorted((a, b) => a - b),
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
    assert.equal(textOf(await database.get("t", bytesOf("n"))), "50");
  });

  test("a decision that throws writes nothing, is rethrown, and hurts nobody else", async () => {
    await using database = await subject.open();
    const refusal = new Fault("Conflict", "no");
    const refused = database.change("t", [bytesOf("n")], () => {
      throw refusal;
    });
    const [result, after] = await Promise.allSettled([refused, increment(database)]);
    assert.equal(result.status === "rejected" && result.reason, refusal);
    assert.equal(after.status, "fulfilled");
  });

  test("writes of one decision appear together", async () => {
    await using database = await subject.open();
    await database.change("t", [], () => ({
      writes: ["a", "b", "c"].map((key) => ({ key: bytesOf(key), value: bytesOf("x") })),
      result: null,
    }));
    assert.deepEqual(await database.count("t"), { rows: 3, bytes: 6 });
  });
}

function testSurvival(subject: DatabaseUnderTest): void {
  const { reopen } = subject;
  test("comes back as it was", { skip: reopen === undefined && "nothing of this database survives" }, async () => {
    let database = await subject.open();
    await put(database, { a: "1", b: "22" });
    await put(database, { a: null });
    database = await (reopen as NonNullable<typeof reopen>)(database);
    await using _closing = database;
    assert.deepEqual(await scanned(database, {}), ["b=22"]);
    assert.deepEqual(await database.count("t"), { rows: 1, bytes: 3 });
  });
}

function testModel(subject: DatabaseUnderTest): void {
  test("behaves as a sorted map, whatever is done to it", async () => {
    const key = fc.string({ maxLength: 2, unit: fc.constantFrom("a", "b", "\u0000", "\u00ff") });
    const writes = fc.array(
      fc.record({ key, value: fc.option(fc.string({ maxLength: 3, unit: fc.constantFrom("x", "y") })) }),
      { maxLength: 5 },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(writes, { maxLength: 20 }), async (batches) => {
        await using database = await subject.open();
        const model = new Map<string, string>();
        const changes = batches.map((batch) => {
          for (const write of batch) {
            if (write.value === null) model.delete(write.key);
            else model.set(write.key, write.value);
          }
          return database.change("t", [], () => ({
            writes: batch.map((write) => ({
              key: bytesOf(write.key),
              value: write.value === null ? null : bytesOf(write.value),
            })),
            result: null,
          }));
        });
        await Promise.all(changes);
        const expected = [...model].toSorted(([a], [b]) => Buffer.compare(bytesOf(a), bytesOf(b)));
        assert.deepEqual(
          await scanned(database, {}),
          expected.map(([name, value]) => `${name}=${value}`),
        );
        const bytes = expected.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
        assert.deepEqual(await database.count("t"), { rows: expected.length, bytes });
      }),
      { numRuns: 40 },
    );
  });
}

function testPlaces(subject: DatabaseUnderTest): void {
  test("a decision over several collections writes all or nothing", async () => {
    await using database = await subject.open();
    const balance = (collection: string): Place => ({ collection, key: bytesOf("balance") });
    const move = (amount: number): Promise<void> =>
      database.changeAll([balance("a"), balance("b")], (values) => {
        const [a = 0, b = 0] = values.map((value) => Number(textOf(value) ?? "0"));
        if (a - amount < -10) throw new Fault("Conflict", "too little");
        return {
          writes: [
            { ...balance("a"), value: bytesOf(String(a - amount)) },
            { ...balance("b"), value: bytesOf(String(b + amount)) },
          ],
          result: undefined,
        };
      });
    const moves = await Promise.allSettled([4, 4, 4].map(move));
    assert.deepEqual(
      moves.map(({ status }) => status),
      ["fulfilled", "fulfilled", "rejected"],
    );
    const read = async (collection: string): Promise<string | null> =>
      textOf(await database.get(collection, bytesOf("balance")));
    assert.deepEqual([await read("a"), await read("b")], ["-8", "8"]);
    assert.equal((await database.count("b")).rows, 1);
  });

  test("rows of a range are counted", async () => {
    await using database = await subject.open();
    await put(database, { a: "1", b: "22", c: "333", d: "4444" });
    const range = { from: bytesOf("b"), to: bytesOf("d") };
    assert.deepEqual(await database.count("t", range), { rows: 2, bytes: 7 });
    assert.deepEqual(await database.count("t", { from: bytesOf("d") }), { rows: 1, bytes: 5 });
    assert.deepEqual(await database.count("none", range), { rows: 0, bytes: 0 });
  });
}

async function put(database: Database, rows: Readonly<Record<string, string | null>>): Promise<void> {
  const writes = Object.entries(rows).map(([key, value]) => ({
    key: bytesOf(key),
    value: value === null ? null : bytesOf(value),
  }));
  await database.change("t", [], () => ({ writes, result: null }));
}

function increment(database: Database): Promise<number> {
  return database.change("t", [bytesOf("n")], ([value = null]) => {
    const next = Number(textOf(value) ?? "0") + 1;
    return { writes: [{ key: bytesOf("n"), value: bytesOf(String(next)) }], result: next };
  });
}

async function scanned(database: Database, options: ScanOptions): Promise<readonly string[]> {
  const rows = await database.scan("t", options);
  return rows.map(({ key, value }) => `${textOf(key)}=${textOf(value)}`);
}
