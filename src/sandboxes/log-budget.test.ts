/** What a sandbox may log: a burst, then a second's worth each second; what is dropped is told once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LogBudget } from "./log-budget.ts";

const KIB = 1024;

/** How many of `lines` pass, each of `bytes`, all at once. */
function flood(budget: LogBudget, lines: number, bytes: number, nowMs: number): number {
  let passed = 0;
  for (let i = 0; i < lines; i++) if (budget.allows(bytes, nowMs)) passed++;
  return passed;
}

test("a function that logs as people read loses nothing", () => {
  const budget = new LogBudget();
  for (let second = 0; second < 100; second++) assert.equal(flood(budget, 100, 5 * KIB, second * 1000), 100);
  assert.equal(budget.report(), null);
});

test("one line of 200 kB passes", () => assert.ok(new LogBudget().allows(200_000, 0)));

test("a flood is cut to 4 MiB at first and 1 MiB a second then, however short its lines are", () => {
  for (const bytes of [0, 100, 64 * KIB]) {
    const budget = new LogBudget();
    const passed = [0, 1, 2, 3].map((second) => flood(budget, 100_000, bytes, second * 1000));
    const cost = bytes + 64;
    assert.ok((passed[0] ?? 0) * cost <= 4 * KIB * KIB, passed.join(" "));
    for (const later of passed.slice(1)) assert.ok(later * cost <= KIB * KIB + cost && later > 0, passed.join(" "));
  }
});

test("what was dropped is told in one line, and only once", () => {
  const budget = new LogBudget();
  const passed = flood(budget, 100, 64 * KIB, 0);
  const lost = 100 - passed;
  assert.equal(
    budget.report(),
    `[catamaran] ${lost} log lines (${lost * 64 * KIB} bytes) were dropped: an environment may log 1 MiB a second`,
  );
  assert.equal(budget.report(), null);
});

test("after a flood nothing passes before a second's worth has come in", () => {
  const budget = new LogBudget();
  flood(budget, 100, 64 * KIB, 0);
  assert.deepEqual([budget.allows(10, 100), budget.allows(10, 500), budget.allows(10, 1100)], [false, false, true]);
});

test("while it is dry, what comes is only counted", () => {
  const budget = new LogBudget();
  assert.equal(budget.isDry(0), false);
  const lost = 100 - flood(budget, 100, 64 * KIB, 0);
  assert.deepEqual([budget.isDry(0), budget.isDry(500), budget.isDry(1_100)], [true, true, false]);
  budget.drop(10 * KIB, 5);
  assert.match(budget.report() ?? "", new RegExp(`${lost + 5} log lines .${(lost * 64 + 10) * KIB} bytes`));
});
