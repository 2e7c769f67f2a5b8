/** From a write to a table to a function that was run with it, over memory: order, failures, places, what is given up. */
import assert from "node:assert/strict";
import test from "node:test";
import { Fault } from "#base/fault.ts";
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { startKeeper } from "#deck/loop.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import type { Functions } from "#functions/engine.ts";
import {
  eventSourceMappingKind,
  type EventSourceMappingSpec,
  type OrderedReading,
} from "#kinds/catamaran/event-source-mapping.ts";
import type { Push } from "#managed/push.ts";
import { tableKeeper } from "#managed/table/table-keeper.ts";
import { Tables } from "#managed/table/tables.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { MappingKeeper } from "./keep-mappings.ts";
import { tableSource } from "./table-source.ts";

type Answer = (batch: readonly string[]) => string | Error;

async function bench(answer: Answer) {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const objects = deck.objects("test");
  const database = new MemoryDatabase();
  const upkeep = { database, clock, turn: async () => {} };
  const tables = new Tables(objects, upkeep);
  const keepingTables = startKeeper(tableKeeper(objects, upkeep), objects, { clock, log: silent });
  const batches: string[] = [];
  const told: Push[] = [];
  const invoke: Functions["invoke"] = async ({ payload }) => {
    const { Records } = JSON.parse(decodeUtf8(payload)) as { readonly Records: readonly { readonly is: string }[] };
    const batch = Records.map(({ is }) => is);
    batches.push(batch.join(" "));
    const said = answer(batch);
    if (said instanceof Fault) throw said;
    const common = { status: 200, executedVersion: "$LATEST", isCold: false, requestId: "r" } as const;
    if (said instanceof Error) return { ...common, payload: encodeUtf8("{}"), functionError: "Unhandled" };
    return { ...common, payload: encodeUtf8(said) };
  };
  const source = tableSource({
    tables,
    database,
    clock,
    pushes: { accept: async (pushes) => void told.push(...pushes), prepare: () => ({ rows: [], start: () => {} }) },
    recordOf: (_table, _stream, { sequence, keys }) => ({
      id: String(sequence),
      shown: { is: "S" in (keys["p"] ?? {}) ? Object.values(keys["p"] ?? {}).join() : "" },
    }),
    letterOf: ({ batch }) => ({
      payload: `${batch.because} ${batch.attempts} ${batch.records.map(({ id }) => id).join()}`,
      source: "f",
    }),
  });
  const opened = () =>
    new MappingKeeper({ objects, sources: [source], functions: { invoke } as Functions, clock, log: silent });
  let keeper = opened();
  let running = startKeeper(keeper, objects, { clock, log: silent });
  const stop = async (): Promise<void> => {
    await running[Symbol.asyncDispose]();
    const ended = keeper[Symbol.asyncDispose]();
    for (let round = 0; round < 5; round++) {
      await settled();
      clock.advance(60_000);
    }
    await ended;
  };
  await tables.create({
    apiVersion: "catamaran.dev/v1",
    kind: "Table",
    metadata: { name: "pets", namespace: "default" },
    spec: {
      keySchema: [{ attributeName: "p", keyType: "HASH" }],
      attributeDefinitions: [{ attributeName: "p", attributeType: "S" }],
      stream: { view: "NEW_IMAGE" },
    },
  });
  const random = seededRandom(3);
  return {
    clock,
    objects,
    batches,
    told,
    map: (ordered: Partial<OrderedReading> = {}, rest: Partial<EventSourceMappingSpec> = {}) =>
      objects.create(eventSourceMappingKind, {
        metadata: { name: "m", namespace: "default" },
        spec: { function: "f", table: "pets", ordered: { startingPosition: "TRIM_HORIZON", ...ordered }, ...rest },
      }),
    put: async (...keys: readonly string[]): Promise<void> => {
      const table = await tables.table("default", "pets");
      for (const key of keys) await tables.put(table, { p: { S: key }, x: { N: String(random.number()) } }, {});
    },
    restart: async (): Promise<void> => {
      await stop();
      keeper = opened();
      running = startKeeper(keeper, objects, { clock, log: silent });
    },
    state: async () => (await objects.get(eventSourceMappingKind, "default/m"))?.status,
    async [Symbol.asyncDispose]() {
      await stop();
      await keepingTables[Symbol.asyncDispose]();
    },
  };
}

/** Everything that can go on without time has gone on. */
async function settled(): Promise<void> {
  for (let i = 0; i < 60; i++) await new Promise((resolve) => setImmediate(resolve));
}

async function pass(clock: FakeClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await settled();
    clock.advance(1_000);
  }
  await settled();
}

test("what is written is handed over once, in order, in batches; from the oldest or from now on", async () => {
  await using all = await bench(() => "{}");
  await all.put("a", "b");
  await all.map({}, { batchSize: 2 });
  await pass(all.clock, 1);
  await all.put("c", "d", "e");
  await pass(all.clock, 2);
  assert.equal(all.batches.join(" "), "a b c d e");
  assert.ok(all.batches.every((batch) => batch.split(" ").length <= 2));
  all.clock.advance(10_000);
  await settled();
  assert.deepEqual(await all.state(), { state: "Enabled", lastProcessingResult: "OK" });
});

test("LATEST begins with what comes after the mapping, and a restart goes on where it was", async () => {
  await using all = await bench(() => "{}");
  await all.put("before");
  await all.map({ startingPosition: "LATEST" });
  await pass(all.clock, 1);
  await all.put("one");
  await pass(all.clock, 1);
  await all.restart();
  await all.put("two");
  await pass(all.clock, 2);
  assert.deepEqual(all.batches, ["one", "two"]);
});

test("a batch that fails is tried again, and holds up what comes after it", async () => {
  let failures = 2;
  await using all = await bench(() => (failures-- > 0 ? new Error("no") : "{}"));
  await all.put("a");
  await all.map();
  await settled();
  await all.put("b");
  await pass(all.clock, 3);
  assert.deepEqual(all.batches, ["a", "a", "a", "b"]);
});

test("the records before the one that is named as failed are done", async () => {
  let isFirst = true;
  await using all = await bench(() => {
    const answer = isFirst ? '{"batchItemFailures":[{"itemIdentifier":"2"}]}' : "{}";
    isFirst = false;
    return answer;
  });
  await all.put("a", "b", "c");
  await all.map({}, { reportsBatchItemFailures: true });
  await pass(all.clock, 2);
  assert.deepEqual(all.batches, ["a b c", "b c"]);
});

test("a poisoned record is found by halves, given up, and told of", async () => {
  await using all = await bench((batch) => (batch.includes("bad") ? new Error("no") : "{}"));
  await all.put("a", "bad", "c", "d");
  await all.map({ bisectOnError: true, maximumRetryAttempts: 1, onFailure: "arn:aws:sqs:us-east-1:000000000000:dead" });
  await pass(all.clock, 10);
  assert.deepEqual(all.batches, ["a bad c d", "a bad", "a", "bad", "bad", "c d"]);
  assert.deepEqual(
    all.told.map(({ target, payload }) => [target, payload]),
    [["arn:aws:sqs:us-east-1:000000000000:dead", "RetryAttemptsExhausted 2 2"]],
  );
});

test("records that are too old are given up", async () => {
  await using all = await bench((batch) => (batch.includes("old") ? new Error("no") : "{}"));
  await all.put("old");
  await all.map({ maximumRecordAgeSeconds: 60 });
  await pass(all.clock, 5);
  await all.put("new");
  await pass(all.clock, 90);
  assert.equal(all.batches.at(-1), "new");
  assert.ok(all.batches.slice(0, -1).every((batch) => batch === "old"));
});

test("filters leave out what is not wanted, and a function that is not there is waited for", async () => {
  let isThere = false;
  await using all = await bench(() => (isThere ? "{}" : new Fault("NotFound", "function not found")));
  await all.put("a", "b", "a");
  await all.map({}, { filters: ['{"is":["b"]}'] });
  await pass(all.clock, 3);
  isThere = true;
  await pass(all.clock, 10);
  assert.deepEqual([...new Set(all.batches)], ["b"]);
  await all.put("a");
  const { length } = all.batches;
  await pass(all.clock, 5);
  assert.equal(all.batches.length, length);
});

test("several readers hand over different keys, each in order", async () => {
  await using all = await bench(() => "{}");
  const keys = Array.from({ length: 20 }, (_, n) => `k${n}`);
  await all.put(...keys, ...keys);
  await all.map({ parallelizationFactor: 4 }, { batchSize: 3 });
  await pass(all.clock, 3);
  const handed = all.batches.join(" ").split(" ");
  assert.deepEqual(handed.toSorted(), [...keys, ...keys].toSorted());
  assert.ok(all.batches.length > 10);
});

test("a table without a stream is told of", async () => {
  await using all = await bench(() => "{}");
  await all.map({}, { table: "none" });
  await settled();
  assert.match((await all.state())?.lastProcessingResult ?? "", /the table does not exist/);
});
