/** When expressions are due; the examples are those of the EventBridge and Scheduler user guides. */
import assert from "node:assert/strict";
import test from "node:test";
import { offsetsOf } from "#kinds/batch/cron-schedule.ts";
import { nextRun, parseExpression, scheduleFault } from "./schedule-expression.ts";

const UTC = () => 0;

function runs(text: string, from: string, count = 1, zone = "UTC"): readonly string[] {
  const expression = parseExpression(text);
  assert.ok(expression !== null, text);
  const offsetAt = offsetsOf(zone) ?? UTC;
  const found: string[] = [];
  const sinceMs = Date.parse(`${from}Z`);
  let afterMs = sinceMs;
  for (let i = 0; i < count; i++) {
    const next = nextRun(expression, { afterMs, sinceMs }, offsetAt);
    if (next === undefined) break;
    found.push(new Date(next).toISOString().slice(0, 16));
    afterMs = next;
  }
  return found;
}

const cases: readonly (readonly [text: string, from: string, wanted: readonly string[], zone?: string])[] = [
  ["cron(15 12 * * ? *)", "2026-11-27T12:15:00", ["2026-11-28T12:15"]],
  ["cron(0 18 ? * MON-FRI *)", "2026-11-27T18:00:00", ["2026-11-30T18:00"]],
  ["cron(0 8 1 * ? *)", "2026-11-27T00:00:00", ["2026-12-01T08:00", "2027-01-01T08:00"]],
  ["cron(0/15 * * * ? *)", "2026-11-27T00:00:01", ["2026-11-27T00:15", "2026-11-27T00:30"]],
  ["cron(0/5 8-17 ? * 2-6 *)", "2026-11-27T17:55:00", ["2026-11-30T08:00"]],
  ["cron(0 10 L * ? *)", "2026-02-01T00:00:00", ["2026-02-28T10:00", "2026-03-31T10:00"]],
  ["cron(0 10 15W * ? *)", "2026-08-01T00:00:00", ["2026-08-14T10:00"]],
  ["cron(0 10 1W * ? *)", "2026-08-01T11:00:00", ["2026-08-03T10:00"]],
  ["cron(0 10 LW * ? *)", "2026-05-01T00:00:00", ["2026-05-29T10:00"]],
  ["cron(15 10 ? * 6L 2026-2027)", "2026-11-01T00:00:00", ["2026-11-27T10:15", "2026-12-25T10:15"]],
  ["cron(0 9 ? * 2#1 *)", "2026-11-27T00:00:00", ["2026-12-07T09:00"]],
  ["cron(0 0 1 1 ? 2199)", "2026-11-27T00:00:00", ["2199-01-01T00:00"]],
  ["cron(0 0 30 2 ? *)", "2026-11-27T00:00:00", []],
  ["cron(30 2 * * ? *)", "2027-03-27T12:00:00", ["2027-03-29T00:30"], "Europe/Berlin"],
  ["cron(30 2 * * ? *)", "2026-10-24T12:00:00", ["2026-10-25T00:30", "2026-10-26T01:30"], "Europe/Berlin"],
  ["rate(5 minutes)", "2026-11-27T00:00:30", ["2026-11-27T00:05", "2026-11-27T00:10"]],
  ["rate(1 day)", "2026-11-27T07:00:00", ["2026-11-28T07:00"]],
  ["at(2026-12-24T18:00:00)", "2026-11-27T00:00:00", ["2026-12-24T18:00"]],
  ["at(2026-12-24T18:00:00)", "2026-11-27T00:00:00", ["2026-12-24T23:00"], "America/New_York"],
];
for (const [text, from, wanted, zone] of cases)
  test(`${text} after ${from}${zone === undefined ? "" : ` in ${zone}`}`, () =>
    assert.deepEqual(runs(text, from, Math.max(1, wanted.length), zone), wanted));

const wrong = [
  "rate(1 minutes)",
  "rate(5 minute)",
  "rate(0 minutes)",
  "rate(5 seconds)",
  "rate(5)",
  "cron(0 12 * * * *)",
  "cron(0 12 ? * ? *)",
  "cron(0 12 * * ?)",
  "cron(60 12 * * ? *)",
  "cron(0 12 32 * ? *)",
  "cron(0 12 * * ? 1969)",
  "cron(0 12 ? * 8 *)",
  "cron(0 12 ? * 2#6 *)",
  "at(2026-13-01T00:00:00)",
  "at(2026-12-01)",
  "0 12 * * ? *",
  "",
];
for (const text of wrong) test(`"${text}" is no expression`, () => assert.notEqual(scheduleFault(text), null));

test("the last time of a rate is found without counting up to it", () => {
  const expression = parseExpression("rate(1 minute)");
  assert.ok(expression);
  assert.equal(nextRun(expression, { afterMs: 1e12 + 1, sinceMs: 0 }, UTC), Math.ceil((1e12 + 1) / 60_000) * 60_000);
});
