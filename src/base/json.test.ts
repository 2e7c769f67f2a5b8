/** JSON: equality without order of keys, a parser that knows where to stop. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseJson, sameJson } from "./json.ts";

const pairs: readonly (readonly [a: unknown, b: unknown, isSame: boolean])[] = [
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
  [{ a: 1 }, { a: 1, b: undefined }, false],
  [[1, 2], [2, 1], false],
  [[], {}, false],
  [null, {}, false],
  [{ a: [{ b: null }] }, { a: [{ b: null }] }, true],
  [1, "1", false],
];

for (const [a, b, isSame] of pairs) {
  test(`${JSON.stringify(a)} and ${JSON.stringify(b)} are ${isSame ? "" : "not "}the same`, () =>
    assert.equal(sameJson(a, b), isSame));
}

test("what is written parses to the same", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) =>
      assert.ok(sameJson(parseJson(JSON.stringify(value)), JSON.parse(JSON.stringify(value)))),
    ),
  );
});

test("refuses what is no JSON and what nests too deeply", () => {
  assert.throws(() => parseJson("{"), { code: "BadRequest" });
  assert.throws(() => parseJson("[".repeat(600) + "]".repeat(600)), { code: "BadRequest" });
});
