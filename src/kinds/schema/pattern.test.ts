/** Patterns mean what Go means by them, and hostile ones cost no more than their text is long. */
import assert from "node:assert/strict";
import test from "node:test";
import { compilePattern } from "./pattern.ts";

const cases: readonly (readonly [source: string, text: string, occurs: boolean | null])[] = [
  ["^[a-z]+$", "abc", true],
  ["b", "abc", true],
  ["^b", "abc", false],
  ["a\\-b", "a-b", true],
  ["\\Aabc\\z", "abc", true],
  ["(?i)ABC", "abc", true],
  ["(?P<name>a)b", "ab", true],
  ["[[:alpha:]]+", "abc", true],
  ["\\p{Greek}", "λ", true],
  ["^.$", "😀", true],
  ["a$", "a\n", false],
  ["(?=a)", "a", null],
  ["(a)\\1", "aa", null],
  ["a{1001}", "a", null],
  ["(a{100}){100}", "a", null],
  ["a".repeat(5_000), "a", null],
  ["(", "", null],
];

for (const [source, text, occurs] of cases)
  test(`pattern ${source.slice(0, 30)} in ${JSON.stringify(text)}: ${occurs === null ? "no pattern" : String(occurs)}`, () => {
    assert.equal(compilePattern(source)?.occursIn(text) ?? null, occurs);
  });

// A back-tracking engine needs 4 s for 30 characters and twice as long for each more: with it this test would never end.
test("nested repetition takes time that is linear in the text", () => {
  assert.equal(compilePattern("^(a+)+$")?.occursIn(`${"a".repeat(100_000)}!`), false);
});
