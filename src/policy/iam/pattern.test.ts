/** Which texts a pattern means, and that a hostile one costs no more than a search. */
import assert from "node:assert/strict";
import test from "node:test";
import { matches, patternOf } from "./pattern.ts";

const cases: readonly (readonly [pattern: string, value: string, isMatch: boolean])[] = [
  ["", "", true],
  ["", "a", false],
  ["*", "", true],
  ["*", "a:b/c", true],
  ["a*", "a", true],
  ["a*", "ba", false],
  ["*a", "ba", true],
  ["*a", "ab", false],
  ["a*a", "a", false],
  ["a*a", "aa", true],
  ["a**b", "ab", true],
  ["a*b*c", "a1b2b3c", true],
  ["a*b*c", "acb", false],
  ["a?c*e?", "abcdef", true],
  ["??", "a", false],
  ["*??", "abc", true],
  ["arn:aws:sqs:*:*:jobs-*", "arn:aws:sqs:us-east-1:1:jobs-a", true],
  // "If you use the * wildcard at the end of a resource ARN segment, it can expand to match beyond the colon boundaries."
  ["arn:aws:logs:*:*:*", "arn:aws:logs:us-east-1:1:log-group:g:log-stream:s", true],
  ["toString", "constructor", false],
];
for (const [pattern, value, isMatch] of cases) {
  test(`"${pattern}" ${isMatch ? "means" : "does not mean"} "${value}"`, () => {
    const { fixed } = patternOf(pattern, { hasWildcards: true, hasVariables: true });
    assert.ok(fixed);
    assert.equal(matches(fixed, value), isMatch);
  });
}

test("thousands of stars are one search", () => {
  const { fixed } = patternOf("*a".repeat(5_000), { hasWildcards: true, hasVariables: true });
  assert.ok(fixed);
  const from = process.cpuUsage().user;
  assert.equal(matches(fixed, `${"a".repeat(4_000)}b`), false);
  assert.ok(process.cpuUsage().user - from < 50_000);
});
