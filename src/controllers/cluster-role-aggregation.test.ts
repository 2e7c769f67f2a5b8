/** Who is given the rules of others, and who is left alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClusterRole, clusterRoleKind, type PolicyRule } from "#kinds/rbac/rbac.ts";
import { clusterRoleAggregationController as controller } from "./cluster-role-aggregation.ts";
import { planOf, seenBy } from "./sample-plan.ts";

const rule = (...resources: string[]): PolicyRule => ({ verbs: ["get"], apiGroups: [""], resources });
const gathering: ClusterRole = {
  metadata: { name: "all" },
  rules: [rule("old")],
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { into: "all" } }] },
};
const gathered: ClusterRole = { metadata: { name: "a", labels: { into: "all" } }, rules: [rule("pods")] };

const cases: readonly (readonly [title: string, role: ClusterRole | string, changes: readonly unknown[]])[] = [
  [
    "a gathering role is given what its selectors mean",
    gathering,
    [{ verb: "patch", kind: clusterRoleKind, key: "/all", patch: { rules: [rule("pods")] } }],
  ],
  ["one that has them already is left alone", { ...gathering, rules: [rule("pods")] }, []],
  ["one that gathers nothing too", { ...gathered, metadata: { name: "b" } }, []],
  ["one that is gone too", "/all", []],
];
for (const [title, role, changes] of cases)
  test(`aggregation: ${title}`, () =>
    assert.deepEqual(planOf(controller, role, { there: [[clusterRoleKind, [gathered]]] }).changes, changes));

test("whatever role changes, those that gather are woken", () => {
  const seen = seenBy(controller, [[clusterRoleKind, [gathering, gathered]]]);
  assert.deepEqual(controller.watches?.[0]?.wakes(gathered, seen), ["/all"]);
});
