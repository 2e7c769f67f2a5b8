/** Which rules a cluster role has that gathers those of others by label (ClusterRole.aggregationRule). Pure. */
import { sameJson } from "#base/json.ts";
import { fromLabelSelector, matches } from "#base/selector.ts";
import type { ClusterRole, PolicyRule } from "./rbac.ts";

/**
 * In the order of the roles' names, each rule once, as upstream's clusterrole-aggregation-controller has them. Of roles that gather
 * themselves it takes what they are going to gather, not what is written in them now: DIFFERS from upstream, whose controller copies
 * one step at a time, and with roles that gather each other writes for ever.
 */
export function gatheredRules(role: ClusterRole, roles: readonly ClusterRole[]): readonly PolicyRule[] {
  const byName = roles.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const seen = new Set([role.metadata.name]);
  const rules: PolicyRule[] = [];
  const line = [...chosenBy(role, byName)].toReversed();
  for (let next = line.pop(); next !== undefined; next = line.pop()) {
    if (seen.has(next.metadata.name)) continue;
    seen.add(next.metadata.name);
    if (next.aggregationRule !== undefined) line.push(...[...chosenBy(next, byName)].toReversed());
    else for (const rule of next.rules ?? []) if (!rules.some((known) => sameJson(known, rule))) rules.push(rule);
  }
  return rules;
}

function chosenBy({ aggregationRule }: ClusterRole, roles: readonly ClusterRole[]): readonly ClusterRole[] {
  const selectors = (aggregationRule?.clusterRoleSelectors ?? []).map((selector) => fromLabelSelector(selector) ?? []);
  return roles.filter(({ metadata: { labels } }) => selectors.some((selector) => matches(selector, labels)));
}
