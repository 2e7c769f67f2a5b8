/** Who is given the rules of others, and who is left alone. */
import assert from "node:assert/strict";
import { setImmediate as yieldOnce } from "node:timers/promises";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { type ClusterRole, clusterRoleKind, type PolicyRule } from "#kinds/rbac/rbac.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { clusterRoleAggregationController as controller } from "./cluster-role-aggregation.ts";
import { SampleCluster } from "./sample-cluster.ts";
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

test("roles that gather each other come to rest", async () => {
  await using cluster = await SampleCluster.open(new MemoryJournal(new FakeClock()), [controller], () => yieldOnce());
  const both = { a: "b", b: "a" };
  for (const [name, from] of Object.entries(both))
    await cluster.objects.create(clusterRoleKind, {
      metadata: { name, labels: { into: from } },
      rules: [rule(name)],
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { into: name } }] },
    });
  await cluster.objects.create(clusterRoleKind, { ...gathered, metadata: { name: "leaf", labels: { into: "a" } } });
  await cluster.settle();
  const [a, b] = cluster.list(clusterRoleKind);
  assert.deepEqual([a?.rules, b?.rules], [[rule("pods")], [rule("pods")]]);
});
