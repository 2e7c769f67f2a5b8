/** NetworkPolicy. What one allows is decided in policy/; the node's packet rules are made in network/. */
import type { LabelSelector } from "#base/selector.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, NONE, text } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { editedByMost } from "#kinds/roles.ts";
import { networkPolicyFaults } from "./network-policy-rules.ts";
import type { NetworkPolicy, NetworkPort } from "./network-policy-spec.ts";

export const networkPolicyKind: Kind<NetworkPolicy> = builtinKind<NetworkPolicy>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "NetworkPolicy",
  plural: "networkpolicies",
  shortNames: ["netpol"],
  scope: "Namespaced",
  roles: editedByMost,
  type: "io.k8s.api.networking.v1.NetworkPolicy",
  columns: [text("Pod-Selector", ({ spec }) => selectorText(spec.podSelector)), ageColumn],
  defaults: withDefaults,
  validate: networkPolicyFaults,
});

/** SetDefaults_NetworkPolicy: egress is governed only where it is spoken of. */
function withDefaults(policy: NetworkPolicy): NetworkPolicy {
  const { policyTypes = [], ingress, egress } = policy.spec;
  const withProtocol = (port: NetworkPort): NetworkPort => ({ ...port, protocol: port.protocol ?? "TCP" });
  return {
    ...policy,
    spec: {
      ...policy.spec,
      ...(ingress && {
        ingress: ingress.map((rule) => (rule.ports ? { ...rule, ports: rule.ports.map(withProtocol) } : rule)),
      }),
      ...(egress && {
        egress: egress.map((rule) => (rule.ports ? { ...rule, ports: rule.ports.map(withProtocol) } : rule)),
      }),
      policyTypes: policyTypes.length > 0 ? policyTypes : ["Ingress", ...((egress ?? []).length > 0 ? ["Egress"] : [])],
    },
  };
}

/** metav1.FormatLabelSelector. */
function selectorText(selector: LabelSelector = {}): string {
  const terms = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    switch (operator) {
      case "Exists":
        return key;
      case "DoesNotExist":
        return `!${key}`;
      default:
        return `${key} ${operator === "In" ? "in" : "notin"} (${values.toSorted().join(",")})`;
    }
  });
  const all = [...Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`), ...terms];
  return all.length === 0 ? NONE : all.toSorted().join(",");
}
