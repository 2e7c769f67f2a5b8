/** What is kept beside a table: which parts begin, go on and end as the table declares others. */
import assert from "node:assert/strict";
import test from "node:test";
import type { GlobalIndex, Table, TableSpec } from "#kinds/catamaran/table.ts";
import { type Derived, NOTHING_DERIVED, planDerived, STREAM_RETENTION_MS } from "./derived.ts";

const NOW = Date.UTC(2026, 10, 27);
const index = (name: string, attributeName = "x"): GlobalIndex => ({
  name,
  keySchema: [{ attributeName, keyType: "HASH" }],
  projection: { type: "KEYS_ONLY" },
});

function table(spec: Partial<TableSpec>): Table {
  return {
    metadata: { name: "pets", uid: "u" },
    spec: {
      keySchema: [{ attributeName: "p", keyType: "HASH" }],
      attributeDefinitions: ["p", "x", "y"].map((attributeName) => ({ attributeName, attributeType: "S" })),
      ...spec,
    },
  };
}

const brief = ({ indexes, expiry, streams, doomed }: Derived) => [
  indexes.map(({ id, index: { name }, isWhole }) => `${id} ${name}${isWhole ? "" : " unfilled"}`),
  expiry === undefined ? null : `${expiry.id} ${expiry.attribute}`,
  streams.map(({ id, view, label, endedAtMs }) => `${id} ${view} ${label}${endedAtMs === undefined ? "" : " ended"}`),
  doomed,
];

test("nothing is kept beside a table that declares nothing", () => {
  assert.equal(planDerived(NOTHING_DERIVED, table({}), NOW), NOTHING_DERIVED);
});

test("parts begin unfilled, and stay while they are declared", () => {
  const whole = table({
    globalIndexes: [index("a"), index("b")],
    timeToLive: { attribute: "until" },
    stream: { view: "NEW_IMAGE" },
  });
  const first = planDerived(NOTHING_DERIVED, whole, NOW);
  const stream = "1 NEW_IMAGE 2026-11-27T00:00:00.000";
  assert.deepEqual(brief(first), [["2 a unfilled", "3 b unfilled"], "4 until", [stream], []]);
  assert.equal(planDerived(first, whole, NOW + 1), first);
});

test("an index with other keys is another index, and a dropped one is doomed", () => {
  const first = planDerived(NOTHING_DERIVED, table({ globalIndexes: [index("a"), index("b")] }), NOW);
  const next = planDerived(first, table({ globalIndexes: [index("b", "y")] }), NOW);
  assert.deepEqual(brief(next), [["3 b unfilled"], null, [], [1, 2]]);
});

test("what a stream has of an item is declared", () => {
  for (const view of ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"] as const)
    assert.equal(planDerived(NOTHING_DERIVED, table({ stream: { view } }), NOW).streams[0]?.view, view);
});

test("a stream with another view is another stream; one that ended is kept for a day", () => {
  const first = planDerived(NOTHING_DERIVED, table({ stream: { view: "NEW_IMAGE" } }), NOW);
  const next = planDerived(first, table({ stream: { view: "KEYS_ONLY" } }), NOW);
  const labels = ["2026-11-27T00:00:00.000", "2026-11-27T00:00:00.001"];
  assert.deepEqual(brief(next)[2], [`1 NEW_IMAGE ${labels[0]} ended`, `2 KEYS_ONLY ${labels[1]}`]);
  const day = planDerived(next, table({ stream: { view: "KEYS_ONLY" } }), NOW + STREAM_RETENTION_MS + 1);
  assert.deepEqual(brief(day), [[], null, [`2 KEYS_ONLY ${labels[1]}`], [1]]);
});
