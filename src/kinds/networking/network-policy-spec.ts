/** The types of a network policy. */
import type { LabelSelector } from "#base/selector.ts";
import type { KubeObject } from "#kinds/object.ts";

export type NetworkPolicy = KubeObject & { readonly spec: NetworkPolicySpec };

export type NetworkPolicySpec = {
  readonly podSelector?: LabelSelector;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly { readonly from?: readonly NetworkPeer[]; readonly ports?: readonly NetworkPort[] }[];
  readonly egress?: readonly { readonly to?: readonly NetworkPeer[]; readonly ports?: readonly NetworkPort[] }[];
};

export type NetworkPeer = {
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
  readonly ipBlock?: IpBlock;
};

export type IpBlock = { readonly cidr: string; readonly except?: readonly string[] };

export type NetworkPort = {
  readonly protocol?: "TCP" | "UDP" | "SCTP";
  readonly port?: number | string;
  readonly endPort?: number;
};
