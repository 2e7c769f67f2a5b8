/** Which run is due: the next one, the last of those that were missed, none that is too old or out of its time. */
import assert from "node:assert/strict";
import test from "node:test";
import { parseExpression } from "#kinds/catamaran/schedule-expression.ts";
import { dueRun } from "./due.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
const everyMinute = parseExpression("rate(1 minute)");
const once = parseExpression("at(1970-01-01T00:10:00)");
assert.ok(everyMinute !== null && once !== null);
const base = { offsetAt: () => 0, sinceMs: 0, maxAgeMs: DAY };

const cases = [
  ["the first is to come", { ...base, expression: everyMinute }, undefined, 30_000, { is: "later", atMs: MINUTE }],
  ["it is due", { ...base, expression: everyMinute }, undefined, MINUTE, { is: "due", atMs: MINUTE }],
  ["it has run", { ...base, expression: everyMinute }, MINUTE, MINUTE + 1, { is: "later", atMs: 2 * MINUTE }],
  [
    "of three missed the last",
    { ...base, expression: everyMinute },
    MINUTE,
    4.5 * MINUTE,
    { is: "due", atMs: 4 * MINUTE },
  ],
  ["after its end", { ...base, expression: everyMinute, untilMs: 90_000 }, MINUTE, 2 * MINUTE, { is: "over" }],
  ["once, to come", { ...base, expression: once }, undefined, 0, { is: "later", atMs: 10 * MINUTE }],
  ["once, missed", { ...base, expression: once }, undefined, 60 * MINUTE, { is: "due", atMs: 10 * MINUTE }],
  ["once, missed for too long", { ...base, expression: once }, undefined, 2 * DAY, { is: "over" }],
  ["once, done", { ...base, expression: once }, 10 * MINUTE, 11 * MINUTE, { is: "over" }],
] as const;
for (const [title, timetable, last, now, wanted] of cases)
  test(title, () => assert.deepEqual(dueRun(timetable, last, now), wanted));
