/** Node: a machine (or what plays one) that runs pods. */
import type { FieldFault } from "#base/fault.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, NONE, text, wide } from "#kinds/columns.ts";
import { conditionOf } from "#kinds/conditions.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import type { Kind } from "#kinds/kind.ts";
import { proxyPath, statusPath } from "#kinds/subresources.ts";
import { labelValueFaults, qualifiedNameFaults } from "#kinds/rules/names.ts";
import type { Condition, KubeObject } from "#kinds/object.ts";
import type { TaintEffect } from "./placement.ts";
import type { ResourceList } from "./pod-spec.ts";

export type Node = KubeObject & {
  readonly spec?: {
    readonly podCIDR?: string;
    readonly podCIDRs?: readonly string[];
    readonly providerID?: string;
    readonly unschedulable?: boolean;
    readonly taints?: readonly Taint[];
  };
  readonly status?: NodeStatus;
};

export type Taint = {
  readonly key: string;
  readonly value?: string;
  readonly effect: TaintEffect;
  readonly timeAdded?: string;
};

export type NodeStatus = {
  readonly capacity?: ResourceList;
  readonly allocatable?: ResourceList;
  readonly conditions?: readonly Condition[];
  readonly addresses?: readonly { readonly type: string; readonly address: string }[];
  readonly daemonEndpoints?: { readonly kubeletEndpoint?: { readonly Port: number } };
  readonly nodeInfo?: NodeInfo;
  readonly images?: readonly { readonly names?: readonly string[]; readonly sizeBytes?: number }[];
};

export type NodeInfo = {
  readonly machineID: string;
  readonly systemUUID: string;
  readonly bootID: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly containerRuntimeVersion: string;
  readonly kubeletVersion: string;
  readonly kubeProxyVersion: string;
  readonly operatingSystem: string;
  readonly architecture: string;
};

const ROLE_PREFIX = "node-role.kubernetes.io/";

export const nodeKind: Kind<Node> = builtinKind<Node>({
  group: "",
  version: "v1",
  kind: "Node",
  plural: "nodes",
  shortNames: ["no"],
  scope: "Cluster",
  countsGenerations: false,
  createKeepsStatus: true,
  type: "io.k8s.api.core.v1.Node",
  subresources: [statusPath, proxyPath()],
  columns: [
    text("Status", nodeStatus),
    text("Roles", nodeRoles),
    ageColumn,
    text("Version", (node) => node.status?.nodeInfo?.kubeletVersion ?? ""),
    wide("Internal-IP", (node) => addressOf(node, "InternalIP")),
    wide("External-IP", (node) => addressOf(node, "ExternalIP")),
    wide("OS-Image", (node) => node.status?.nodeInfo?.osImage ?? "<unknown>"),
    wide("Kernel-Version", (node) => node.status?.nodeInfo?.kernelVersion ?? "<unknown>"),
    wide("Container-Runtime", (node) => node.status?.nodeInfo?.containerRuntimeVersion ?? "<unknown>"),
  ],
  validate: nodeFaults,
  selectableFields: { "spec.unschedulable": (node) => String(node.spec?.unschedulable ?? false) },
});

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

function nodeFaults({ spec }: Node): readonly FieldFault[] {
  const faults = new FieldFaults();
  const seen = new Set<string>();
  for (const [index, taint] of (spec?.taints ?? []).entries()) {
    const at = `spec.taints[${index}]`;
    faults.invalidEach(`${at}.key`, taint.key, qualifiedNameFaults(taint.key));
    faults.invalidEach(`${at}.value`, taint.value ?? "", labelValueFaults(taint.value ?? ""));
    faults.oneOf(`${at}.effect`, taint.effect, EFFECTS);
    const mark = `${taint.key}:${taint.effect}`;
    if (seen.has(mark)) faults.duplicate(at, taint);
    seen.add(mark);
  }
  return faults.found;
}

function nodeStatus(node: Node): string {
  const ready = conditionOf(node.status?.conditions, "Ready");
  const word = ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  return node.spec?.unschedulable === true ? `${word},SchedulingDisabled` : word;
}

function nodeRoles(node: Node): string {
  const roles = Object.entries(node.metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(ROLE_PREFIX)) return key.length > ROLE_PREFIX.length ? [key.slice(ROLE_PREFIX.length)] : [];
    return key === "kubernetes.io/role" && value !== "" ? [value] : [];
  });
  return roles.length === 0 ? NONE : [...new Set(roles)].toSorted().join(",");
}

function addressOf(node: Node, wanted: string): string {
  return node.status?.addresses?.find(({ type }) => type === wanted)?.address ?? NONE;
}
