/** Cluster role aggregation: roles that gather the rules of others by label are given them. */
import { sameJson } from "#base/json.ts";
import { type Controller, watching } from "#deck/controller.ts";
import { keyOfObject } from "#kinds/object.ts";
import { gatheredRules } from "#kinds/rbac/gathered-rules.ts";
import { type ClusterRole, clusterRoleKind } from "#kinds/rbac/rbac.ts";
import { patchTo } from "./changes.ts";

export const clusterRoleAggregationController: Controller<ClusterRole> = {
  name: "clusterrole-aggregation-controller",
  kind: clusterRoleKind,
  watches: [
    watching({
      kind: clusterRoleKind,
      wakes: (_changed, seen) => seen.view(clusterRoleKind).list().filter(isGathered).map(keyOfObject),
    }),
  ],
  plan: (_key, role, seen) => {
    if (role === undefined || !isGathered(role)) return { changes: [] };
    const rules = gatheredRules(role, seen.view(clusterRoleKind).list());
    return { changes: sameJson(rules, role.rules ?? []) ? [] : patchTo(clusterRoleKind, role, { ...role, rules }) };
  },
};

function isGathered({ aggregationRule }: ClusterRole): boolean {
  return aggregationRule !== undefined;
}
