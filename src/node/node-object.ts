/** The Node object: what the machine offers and how it is. Pure: facts in, object out. */
import { timestamp } from "#base/clock.ts";
import type { Node, NodeInfo, NodeStatus } from "#kinds/core/node.ts";
import { sinceWhen, type Told } from "#kinds/conditions.ts";
import type { Condition } from "#kinds/object.ts";
import type { ResourceList } from "#kinds/core/pod-spec.ts";
import type { PressureType } from "#pods/pressure.ts";
import type { CriImage } from "./cri-messages.ts";
import type { NodeFacts } from "./node-facts.ts";

// Kubelet's default; a /24 has no more addresses than twice that.
export const MAX_PODS = 110;
// Kubelet reports so many.
const MAX_IMAGES = 50;

export interface NodeReport {
  readonly facts: NodeFacts;
  readonly info: NodeInfo;
  /** Null while it is not listening. */
  readonly endpointPort: number | null;
  readonly images: readonly CriImage[];
  /** What keeps the runtime from working; empty when it is ready. */
  readonly faults: readonly string[];
  /** What the node is low on. */
  readonly pressures: ReadonlySet<PressureType>;
  readonly now: number;
}

export function newNode(report: NodeReport, labels: Readonly<Record<string, string>>): Node {
  const { facts, info } = report;
  const known = {
    "kubernetes.io/hostname": facts.name,
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": info.architecture,
  };
  return {
    metadata: {
      name: facts.name,
      labels: { "beta.kubernetes.io/arch": info.architecture, "beta.kubernetes.io/os": "linux", ...known, ...labels },
    },
    spec: {
      podCIDR: facts.podCidr,
      podCIDRs: [facts.podCidr],
      providerID: `catamaran://${facts.instance}/${facts.name}`,
    },
    status: nodeStatus(report, undefined),
  };
}

export function nodeStatus(report: NodeReport, live: NodeStatus | undefined): NodeStatus {
  const { facts, info, endpointPort, images, now } = report;
  // Extended resources are told by others; kubelet keeps their capacity and offers all of it.
  const { cpu: _cpu, memory: _memory, pods: _pods, ...foreign } = live?.capacity ?? {};
  return {
    capacity: { ...foreign, ...amounts(facts.capacity) },
    allocatable: { ...foreign, ...amounts(facts.allocatable) },
    conditions: conditionsOf(report, live?.conditions ?? [], now),
    addresses: [
      { type: "InternalIP", address: facts.ip },
      { type: "Hostname", address: facts.name },
    ],
    ...(endpointPort !== null && { daemonEndpoints: { kubeletEndpoint: { Port: endpointPort } } }),
    nodeInfo: info,
    images: images
      .toSorted((a, b) => (b.size ?? 0) - (a.size ?? 0))
      .slice(0, MAX_IMAGES)
      .map(({ repo_tags, repo_digests, size = 0 }) => ({ names: [...repo_digests, ...repo_tags], sizeBytes: size })),
  };
}

function amounts({ cpuMillis, memoryBytes }: NodeFacts["capacity"]): ResourceList {
  return {
    cpu: cpuMillis % 1_000 === 0 ? String(cpuMillis / 1_000) : `${cpuMillis}m`,
    memory: `${Math.floor(memoryBytes / 1_024)}Ki`,
    pods: String(MAX_PODS),
  };
}

/** Kubelet's reasons and words for each, under pressure and without. */
const PRESSURES = [
  [
    "MemoryPressure",
    ["HasInsufficientMemory", "insufficient memory available"],
    ["HasSufficientMemory", "sufficient memory available"],
  ],
  ["DiskPressure", ["HasDiskPressure", "disk pressure"], ["HasNoDiskPressure", "no disk pressure"]],
  [
    "PIDPressure",
    ["HasInsufficientPID", "insufficient PID available"],
    ["HasSufficientPID", "sufficient PID available"],
  ],
] as const;

/** The transition time changes with the status, the heartbeat with every report; other conditions are others' and kept. */
function conditionsOf(
  { faults, pressures }: NodeReport,
  live: readonly Condition[],
  now: number,
): readonly Condition[] {
  const isReady = faults.length === 0;
  const mine: readonly Told[] = [
    ...PRESSURES.map(([type, low, enough]) =>
      pressures.has(type)
        ? { type, status: "True" as const, reason: `Kubelet${low[0]}`, message: `kubelet has ${low[1]}` }
        : { type, status: "False" as const, reason: `Kubelet${enough[0]}`, message: `kubelet has ${enough[1]}` },
    ),
    isReady
      ? { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" }
      : { type: "Ready", status: "False", reason: "KubeletNotReady", message: faults.join("; ") },
  ];
  const others = live.filter(({ type }) => !mine.some((condition) => condition.type === type));
  return [...others, ...mine.map((told) => sinceWhen({ ...told, lastHeartbeatTime: timestamp(now) }, live, now))];
}
