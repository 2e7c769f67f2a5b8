/** Cluster roles that gather the rules of others by label (ClusterRole.aggregationRule). */
import { sameJson, type Json } from "#base/json.ts";
import { fromLabelSelector, matches } from "#base/selector.ts";
import { type Controller, watching } from "#deck/controller.ts";
import type { Kind } from "#kinds/kind.ts";
import { keyOfObject } from "#kinds/object.ts";
import { type ClusterRole, clusterRoleKind, type PolicyRule } from "#kinds/rbac/rbac.ts";

export const aggregateRoles: Controller<ClusterRole> = {
  name: "clusterrole-aggregation-controller",
  kind: clusterRoleKind,
  watches: [
    watching({
      kind: clusterRoleKind,
      wakes: (_changed, seen) => seen.view(clusterRoleKind).list().filter(isGathered).map(keyOfObject),
    }),
  ],
  plan: (key, role, seen) => {
    if (role === undefined || !isGathered(role)) return { changes: [] };
    const rules = gatheredRules(role, seen.view(clusterRoleKind).list());
    if (sameJson(rules, role.rules ?? [])) return { changes: [] };
    const patch = { rules } as unknown as Json;
    return { changes: [{ verb: "patch", kind: clusterRoleKind as Kind, key, patch }] };
  },
};

function isGathered({ aggregationRule }: ClusterRole): boolean {
  return aggregationRule !== undefined;
}

/** In the order of the roles' names, each rule once. */
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
