/** Which rules a cluster role has that gathers those of others by label (ClusterRole.aggregationRule). Pure. */
import { sameJson } from "#base/json.ts";
import { fromLabelSelector, matches } from "#base/selector.ts";
import type { ClusterRole, PolicyRule } from "./rbac.ts";

/** In the order of the roles' names, each rule once, as upstream's clusterrole-aggregation-controller has them. */
export function gatheredRules(role: ClusterRole, roles: readonly ClusterRole[]): readonly PolicyRule[] {
  const selectors = role.aggregationRule?.clusterRoleSelectors ?? [];
  const chosen = roles.filter(({ metadata: { name, labels } }) => {
    if (name === role.metadata.name) return false;
    return selectors.some((selector) => matches(fromLabelSelector(selector) ?? [], labels));
  });
  const rules: PolicyRule[] = [];
  for (const each of chosen.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)))
    for (const rule of each.rules ?? []) if (!rules.some((known) => sameJson(known, rule))) rules.push(rule);
  return rules;
}
