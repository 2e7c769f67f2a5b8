/** Values by their schemas: members, differences that Go does not see, and values without fields. */
import assert from "node:assert/strict";
import test from "node:test";
import type { Json } from "#base/json.ts";
import type { Schema, SchemaTable } from "#base/schema.ts";
import { pathsOf } from "./field-set.ts";
import { compare, memberSchema, withoutFields } from "./typed.ts";

const text: Schema = { is: "string" };
const list: Schema = { is: "list", of: text, list: "atomic" } as Schema;
const shape = { is: "object", fields: { a: { schema: text }, list: { schema: list } } } as unknown as Schema;
const open = { ...shape, preserveUnknown: true } as Schema;
const table: SchemaTable = {
  resolve: () => {
    throw new Error("nothing refers");
  },
} as unknown as SchemaTable;

test("a member that a type does not have is unknown, unless the type keeps what it does not know", () => {
  assert.equal(memberSchema(shape, "a"), text);
  assert.equal(memberSchema(shape, "b"), undefined);
  assert.notEqual(memberSchema(open, "b"), undefined);
  assert.equal(memberSchema(shape, "toString"), undefined);
});

const same: readonly (readonly [before: Json, after: Json, isSame: boolean])[] = [
  [null, [], true],
  [[], null, true],
  [null, ["x"], false],
  [["x"], null, false],
  [["x"], ["x"], true],
];
for (const [before, after, isSame] of same)
  test(`${JSON.stringify(before)} and ${JSON.stringify(after)} are ${isSame ? "one list" : "two lists"}`, () => {
    const { changed, removed } = compare({ list: before }, { list: after }, shape, table);
    assert.equal([changed, removed].flatMap((set) => pathsOf(set)).length === 0, isSame);
  });

test("without a field an object keeps the others; one that loses all is null", () => {
  assert.deepEqual(withoutFields({ a: "1", list: ["x"] }, { "f:a": {} }, shape, table), { list: ["x"] });
  assert.equal(withoutFields({ a: "1" }, { "f:a": {} }, shape, table), null);
  assert.equal(withoutFields("text", {}, shape, table), null);
});
