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
