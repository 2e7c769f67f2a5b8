/** Conditions: when their time moves, where they stand, and what counts as true. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { conditionOf, isTrueOf, sinceWhen, type Told, withCondition } from "./conditions.ts";
import type { Condition } from "./object.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const AT_NOW = "2026-01-02T03:04:05Z";
const EARLIER = "2025-12-31T00:00:00Z";

const ready: Condition = { type: "Ready", status: "True", reason: "Up", lastTransitionTime: EARLIER };
const cases: readonly { title: string; before?: readonly Condition[]; told: Told; since: string }[] = [
  { title: "new", told: { type: "Ready", status: "True" }, since: AT_NOW },
  { title: "another type", before: [ready], told: { type: "Synced", status: "True" }, since: AT_NOW },
  { title: "another status", before: [ready], told: { type: "Ready", status: "Unknown" }, since: AT_NOW },
  { title: "another reason", before: [ready], told: { type: "Ready", status: "True", reason: "Fine" }, since: EARLIER },
  {
    title: "the same, of which nobody wrote the time",
    before: [{ type: "Ready", status: "True" }],
    told: { type: "Ready", status: "True" },
    since: AT_NOW,
  },
];

for (const { title, before, told, since } of cases)
  test(`a condition is dated: ${title}`, () =>
    assert.deepEqual(sinceWhen(told, before, NOW), { ...told, lastTransitionTime: since }));

test("a condition keeps its place, and a new one comes last", () => {
  const synced: Condition = { type: "Synced", status: "False", lastTransitionTime: EARLIER };
  const types = (conditions: readonly Condition[]): readonly string[] =>
    conditions.map(({ type, status }) => `${type}=${status}`);
  assert.deepEqual(types(withCondition([ready, synced], { type: "Ready", status: "False" }, NOW)), [
    "Ready=False",
    "Synced=False",
  ]);
  assert.deepEqual(types(withCondition([synced], { type: "Ready", status: "True" }, NOW)), [
    "Synced=False",
    "Ready=True",
  ]);
  assert.deepEqual(types(withCondition(undefined, { type: "Ready", status: "True" }, NOW)), ["Ready=True"]);
});

test("only True is true", () => {
  assert.equal(isTrueOf([ready], "Ready"), true);
  assert.equal(isTrueOf([{ ...ready, status: "Unknown" }], "Ready"), false);
  assert.equal(isTrueOf([ready], "Synced"), false);
  assert.equal(isTrueOf(undefined, "Ready"), false);
  assert.equal(conditionOf([ready], "Ready"), ready);
});
