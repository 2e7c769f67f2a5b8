/** A table's states, and that each step that fails is taken again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "#base/fault.ts";
import { silent } from "#base/log.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import { type Call, failingObjects } from "#deck/failing-objects.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { startKeeper } from "#deck/loop.ts";
import { openSampleDeck, present } from "#deck/sample-deck.ts";
import { type Table, tableKind } from "#kinds/catamaran/table.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { tableKeeper } from "./table-keeper.ts";
import { collectionOf } from "./derived.ts";

const me = { manager: "test" };
const KEY = "default/orders";
const table: Table = {
  metadata: { name: "orders", namespace: "default" },
  spec: {
    keySchema: [{ attributeName: "id", keyType: "HASH" }],
    attributeDefinitions: [{ attributeName: "id", attributeType: "S" }],
  },
};

const cases: readonly (readonly [title: string, fails: (call: Call | "drop") => boolean])[] = [
  ["nothing failed", () => false],
  ["every write failed twice", (call) => call !== "drop" && call.verb === "change"],
  ["the status failed twice", (call) => call !== "drop" && call.subresource === "status"],
  ["its items could not be dropped", (call) => call === "drop"],
];

for (const [title, fails] of cases)
  test(`a table becomes ACTIVE, and goes with its items when it is deleted, although ${title}`, async () => {
    const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
    const database = new MemoryDatabase();
    const drop = database.drop.bind(database);
    let failures = 0;
    const failsNow = (call: Call | "drop"): boolean => fails(call) && failures++ % 3 < 2;
    database.drop = (collection) =>
      failsNow("drop") ? Promise.reject(new Fault("Unavailable", "the disk refuses")) : drop(collection);
    const objects = failingObjects(deck.objects("test"), failsNow);
    await using _keeping = startKeeper(tableKeeper(objects, { database, clock, turn: async () => {} }), objects, {
      clock,
      log: silent,
    });
    const later = async (): Promise<void> => {
      for (let round = 0; round < 6; round++) {
        for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
        clock.advance(10);
      }
    };
    await deck.create(tableKind, table, me);
    await later();
    const live = present(deck, tableKind, KEY);
    assert.deepEqual([live.status?.state, live.metadata.finalizers], ["ACTIVE", ["catamaran.dev/table-items"]]);
    const [collection, row] = [collectionOf(live), encodeUtf8("row")];
    await database.change(collection, [row], () => ({ writes: [{ key: row, value: row }], result: null }));
    await deck.remove(tableKind, KEY, {}, me);
    await later();
    assert.equal(deck.read(tableKind, KEY), null);
    assert.equal(await database.get(collection, row), null);
  });
