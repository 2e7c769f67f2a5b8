/** Cells by their type: what SQLite hands out of a damaged file is refused, not believed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesIn, CellFault, integerIn, integerOrNull, textIn } from "./row.ts";

const row = { count: 3, name: "a", bytes: new Uint8Array([1]), none: null };

test("a cell is what its column says", () => {
  assert.equal(integerIn(row, "count"), 3);
  assert.equal(textIn(row, "name"), "a");
  assert.deepEqual(bytesIn(row, "bytes"), new Uint8Array([1]));
  assert.equal(integerOrNull(row, "count"), 3);
  assert.equal(integerOrNull(row, "none"), null);
  assert.equal(integerOrNull(undefined, "count"), null);
});

for (const { title, read, says } of [
  { title: "text for a number", read: () => integerIn(row, "name"), says: "column name is string, not a number" },
  { title: "null for text", read: () => textIn(row, "none"), says: "column none is null, not text" },
  { title: "a number for bytes", read: () => bytesIn(row, "count"), says: "column count is number, not bytes" },
  { title: "no such column", read: () => integerIn(row, "sum"), says: "column sum is undefined, not a number" },
])
  test(`a cell of another type is refused: ${title}`, () => {
    assert.throws(read, (thrown) => thrown instanceof CellFault && thrown.message === says);
  });
