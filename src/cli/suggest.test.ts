/** Which word is suggested for which mistake. */
import assert from "node:assert/strict";
import test from "node:test";
import { nearestWord } from "./suggest.ts";

const known = ["up", "down", "env", "status", "doctor", "demo", "compare", "completion", "image"];
const cases: readonly (readonly [word: string, expected: string | undefined])[] = [
  ["stauts", "status"],
  ["dwon", "down"],
  ["comp", "compare"],
  ["images", "image"],
  ["dmeo", "demo"],
  ["kubernetes", undefined],
  ["x", undefined],
];
for (const [word, expected] of cases)
  test(`"${word}" suggests ${expected ?? "nothing"}`, () => assert.equal(nearestWord(word, known), expected));
