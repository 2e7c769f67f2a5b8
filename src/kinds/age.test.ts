/** Durations as kubectl prints them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ageOf, humanDuration } from "./age.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const rows: readonly (readonly [ms: number, text: string])[] = [
  [-5 * SECOND, "<invalid>"],
  [-1.5 * SECOND, "0s"],
  [0, "0s"],
  [119 * SECOND, "119s"],
  [2 * MINUTE, "2m"],
  [2 * MINUTE + 5 * SECOND, "2m5s"],
  [9 * MINUTE + 59 * SECOND, "9m59s"],
  [10 * MINUTE + 30 * SECOND, "10m"],
  [179 * MINUTE, "179m"],
  [3 * HOUR + 20 * MINUTE, "3h20m"],
  [8 * HOUR + 20 * MINUTE, "8h"],
  [47 * HOUR, "47h"],
  [2 * DAY, "2d"],
  [2 * DAY + 4 * HOUR, "2d4h"],
  [8 * DAY + 4 * HOUR, "8d"],
  [729 * DAY, "729d"],
  [730 * DAY, "2y"],
  [735 * DAY, "2y5d"],
  [10 * 365 * DAY, "10y"],
];

for (const [ms, text] of rows) test(`${ms} ms are ${text}`, () => assert.equal(humanDuration(ms), text));

test("no time is <unknown>", () => {
  assert.equal(ageOf(undefined, 0), "<unknown>");
  assert.equal(ageOf(null, 0), "<unknown>");
});
