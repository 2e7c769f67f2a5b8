/** JSON: equality without order of keys, a parser that knows where to stop. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseExactly, parseJson, sameJson } from "./json.ts";

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
];

for (const [title, text, code] of limits)
  test(`${title}: ${code ?? "taken"}`, () => {
    const parse = (): unknown => parseJson(text, { values: 1_000 });
    if (code === undefined) assert.deepEqual(parse(), JSON.parse(text));
    else assert.throws(parse, { code });
  });

const crowds: readonly (readonly [title: string, value: unknown, isTaken: boolean])[] = [
  ["a list of 1,100 texts", Array.from({ length: 1_100 }, () => "x".repeat(70)), true],
  ["a list of 1,101 texts", Array.from({ length: 1_101 }, () => "x".repeat(70)), false],
  [
    "a map of 1,101 members",
    Object.fromEntries(Array.from({ length: 1_101 }, (_, i) => [`k${i}`, "x".repeat(70)])),
    false,
  ],
  ["two lists of 1,060 texts", [1, 2].map(() => Array.from({ length: 1_060 }, () => "x".repeat(70))), false],
  [
    "ten lists of 1,000 texts",
    Array.from({ length: 10 }, () => Array.from({ length: 1_000 }, () => "x,".repeat(9))),
    true,
  ],
];

for (const [title, value, isTaken] of crowds)
  test(`a body whose members may crowd by 100: ${title}`, () => {
    const parse = (): unknown => parseJson(JSON.stringify(value), { crowd: 100 });
    if (isTaken) assert.deepEqual(parse(), value);
    else assert.throws(parse, { code: "RequestTooLarge", message: /100 members beyond the first 1000/ });
  });

const numbers: readonly (readonly [text: string, value: number | bigint, printed?: string])[] = [
  ["9007199254740992", 9007199254740992],
  ["-9007199254740993", -9007199254740993n],
  ["1000000000000000000", 1e18],
  ["4611686018427387904", 4611686018427387904n],
  ["9223372036854775807", 9223372036854775807n],
  ["-9223372036854775808", -9223372036854775808n],
  ["9223372036854775808", 9223372036854775808, "9223372036854776000"],
  ["92233720368547758089", 92233720368547760000, "92233720368547760000"],
  ["0.12345678901234567890", 0.12345678901234568, "0.12345678901234568"],
  ["12345678901234567e2", 1234567890123456800, "1234567890123456800"],
];

for (const [text, value, printed = text] of numbers)
  test(`the number ${text} is kept as Go keeps it`, () => {
    for (const pad of Array.from({ length: 18 }, (_, length) => " ".repeat(length))) {
      const list = parseJson(`${pad}[${text},"${text}",{"__proto__":${text}}]`);
      assert.equal(JSON.stringify(list), `[${printed},"${text}",{"__proto__":${printed}}]`);
      assert.ok(Array.isArray(list) && list[0] === value);
    }
  });

test("law: integers of 64 bits are printed as they were written, and are the same only as themselves", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      const parsed = parseJson(`{"a":${value}}`);
      assert.equal(JSON.stringify(parsed), `{"a":${value}}`);
      assert.ok(sameJson(parsed, parseExactly(`{"a":${value}}`)));
      assert.equal(sameJson(parsed, parseJson(`{"a":${value + 1n}}`)), false);
    }),
  );
});
