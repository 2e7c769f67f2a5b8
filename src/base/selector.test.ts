/** Tables for label and field selectors. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromLabelSelector, matches, parseFieldSelector, parseSelector } from "./selector.ts";

const labels = { app: "web", tier: "front", release: "3" };

const cases: readonly (readonly [selector: string, isMatch: boolean])[] = [
  ["", true],
  ["app=web", true],
  ["app==web", true],
  ["app = web", true],
  ["app!=web", false],
  ["missing!=web", true],
  ["app=web,tier=back", false],
  ["tier in (front, back)", true],
  ["tier notin (front)", false],
  ["missing notin (front)", true],
  ["app", true],
  ["!app", false],
  ["!missing", true],
  ["release>2", true],
  ["release<3", false],
  ["app in (web),tier,!gone", true],
  ["app=", false],
];

for (const [selector, isMatch] of cases) {
  test(`"${selector}" ${isMatch ? "selects" : "leaves"} the labels`, () =>
    assert.equal(matches(parseSelector(selector), labels), isMatch));
}

for (const bad of ["app in web", "=x", "a b", "app>x"]) {
  test(`refuses the selector "${bad}"`, () => assert.throws(() => parseSelector(bad), { code: "BadRequest" }));
}

test("the object form: a missing selector selects nothing, an empty one everything", () => {
  assert.equal(fromLabelSelector(undefined), null);
  assert.deepEqual(fromLabelSelector({}), []);
  const selector = fromLabelSelector({
    matchLabels: { app: "web" },
    matchExpressions: [{ key: "gone", operator: "DoesNotExist" }],
  });
  assert.equal(matches(selector ?? [], labels), true);
});

test("field selectors are equalities of paths", () => {
  assert.deepEqual(parseFieldSelector("metadata.name=a,status.phase!=Running"), [
    { key: "metadata.name", operator: "In", values: ["a"] },
    { key: "status.phase", operator: "NotIn", values: ["Running"] },
  ]);
  assert.throws(() => parseFieldSelector("metadata.name"), { code: "BadRequest" });
});
