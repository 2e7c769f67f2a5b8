/** Which rules a gathering role has. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gatheredRules } from "./gathered-rules.ts";
import type { ClusterRole, PolicyRule } from "./rbac.ts";

const rule = (...resources: string[]): PolicyRule => ({ verbs: ["get"], apiGroups: [""], resources });

function role(name: string, labels: Readonly<Record<string, string>>, ...rules: readonly PolicyRule[]): ClusterRole {
  return { metadata: { name, labels }, rules };
}

const gathering: ClusterRole = {
  ...role("all", { into: "all" }, rule("old")),
  aggregationRule: {
    clusterRoleSelectors: [
      { matchLabels: { into: "all" } },
      { matchExpressions: [{ key: "tier", operator: "In", values: ["x", "y"] }] },
    ],
  },
};
const others = [
  role("b", { into: "all" }, rule("pods"), rule("nodes")),
  role("a", { tier: "y" }, rule("nodes")),
  role("c", { into: "none" }, rule("secrets")),
];

test("a role gathers what its selectors mean, by name, each rule once, itself left out", () => {
  assert.deepEqual(gatheredRules(gathering, [gathering, ...others]), [rule("nodes"), rule("pods")]);
});

const gathers = (
  name: string,
  from: string,
  labels: Readonly<Record<string, string>>,
  ...own: string[]
): ClusterRole => ({
  ...role(name, labels, ...own.map((resource) => rule(resource))),
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { into: from } }] },
});
const leaf = role("leaf", { into: "x" }, rule("pods"));
const circle = [
  gathers("x", "x", { into: "y" }, "old"),
  gathers("y", "y", { into: "z" }),
  gathers("z", "z", { into: "x" }),
];

test("what others gather is gathered with them, whatever is written in them now", () => {
  const outer = gathers("outer", "y", {});
  assert.deepEqual(gatheredRules(outer, [outer, gathers("x", "x", { into: "y" }, "old"), leaf]), [rule("pods")]);
});

test("roles that gather each other have the same rules, at once", () => {
  for (const each of circle)
    assert.deepEqual(gatheredRules(each, [...circle, leaf]), [rule("pods")], each.metadata.name);
});
