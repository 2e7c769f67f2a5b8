/** Filter patterns on lines of a log. */
import assert from "node:assert/strict";
import test from "node:test";
import { filterOf } from "./filter-pattern.ts";

const cases: readonly (readonly [pattern: string, line: string, matches: boolean])[] = [
  ["", "anything", true],
  ["  ", "anything", true],
  ["ERROR", "an ERROR here", true],
  ["ERROR", "an error here", false],
  ["ERROR disk", "disk ERROR", true],
  ["ERROR disk", "ERROR", false],
  ["ERROR -disk", "disk ERROR", false],
  ["ERROR -disk", "net ERROR", true],
  ["?ERROR ?WARN", "a WARN", true],
  ["?ERROR ?WARN", "an INFO", false],
  ['"a b"', "x a b y", true],
  ['"a b"', "x b a y", false],
  ['-"a b"', "x a b y", false],
  ['?"a b" ?c', "c", true],
  ['"say \\"x\\""', 'they say "x"', true],
];
for (const [pattern, line, matches] of cases)
  test(`the pattern ${JSON.stringify(pattern)} ${matches ? "finds" : "passes over"} ${JSON.stringify(line)}`, () =>
    assert.equal(filterOf(pattern)(line), matches));

for (const pattern of ["{ $.level = error }", "[a, b]", "%re%", 'a"b', '"open'])
  test(`the pattern ${JSON.stringify(pattern)} is refused`, () =>
    assert.throws(() => filterOf(pattern), { code: "InvalidParameterException" }));
