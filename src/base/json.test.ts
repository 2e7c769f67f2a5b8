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

const limits: readonly (readonly [title: string, text: string, code: string | undefined])[] = [
  ["a million brackets", "[".repeat(1_000_000), "BadRequest"],
  ["brackets in strings", JSON.stringify(["[".repeat(100_000), '"[\\'.repeat(30_000)]), undefined],
  ["1,000 values", JSON.stringify([...Array.from({ length: 999 }, () => "x,".repeat(50)), 1]), undefined],
  ["1,001 values", JSON.stringify([...Array.from({ length: 1_000 }, () => "x,".repeat(50)), 1]), "RequestTooLarge"],
  ["an integer of 2^53", "[9007199254740992]", undefined],
  ["an integer of 2^53 + 1", '{"a":-9007199254740993}', "BadRequest"],
  ["the largest int64", "9223372036854775807", "BadRequest"],
  ["an integer beyond int64, which Go reads as a double", "92233720368547758089", undefined],
  ["a fraction", "0.12345678901234567890", undefined],
  ["digits in a string", '["90071992547409930001"]', undefined],
];

for (const [title, text, code] of limits)
  test(`${title}: ${code ?? "taken"}`, () => {
    const parse = (): unknown => parseJson(text, { values: 1_000, isExact: true });
    if (code === undefined) assert.deepEqual(parse(), JSON.parse(text));
    else assert.throws(parse, { code });
  });
