/** Node lifecycle: a node whose lease grows old is Unknown and tainted, its pods lose their readiness and, in time, their place. */
import { timestamp } from "#base/clock.ts";
import type { ObjectKey } from "#base/key.ts";
import { type Controller, type Plan, type Seen, watching } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { type Lease, leaseKind } from "#kinds/lease.ts";
import { type Node, nodeKind, type Taint } from "#kinds/node.ts";
import type { Condition } from "#kinds/object.ts";
import { type Pod, podKind } from "#kinds/pod.ts";
import { normalEvent, patchTo } from "./changes.ts";
import { hasEnded, isReady, readySinceMs } from "./pod-facts.ts";
import { taintEvictions } from "./taint-eviction.ts";

const LEASE_NAMESPACE = "kube-node-lease";
// Upstream's node-monitor-grace-period: four missed renewals of the lease.
const GRACE_MS = 40_000;
const NOT_READY = "node.kubernetes.io/not-ready";
const UNREACHABLE = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";
const PRESSURES: Readonly<Record<string, string>> = {
  MemoryPressure: "node.kubernetes.io/memory-pressure",
  DiskPressure: "node.kubernetes.io/disk-pressure",
  PIDPressure: "node.kubernetes.io/pid-pressure",
};
const OWN_TAINTS: ReadonlySet<string> = new Set([NOT_READY, UNREACHABLE, UNSCHEDULABLE, ...Object.values(PRESSURES)]);

export const nodeLifecycleController: Controller<Node> = {
  name: "node-controller",
  kind: nodeKind,
  watches: [
    watching({
      kind: leaseKind,
      wakes: ({ metadata }) => (metadata.namespace === LEASE_NAMESPACE ? [`/${metadata.name}`] : []),
    }),
    watching({
      kind: podKind,
      indexes: { node: ({ spec }) => (spec.nodeName ? [spec.nodeName] : []) },
      wakes: wakesOfPod,
    }),
  ],
  plan,
};

/** Only a node in trouble looks at its pods. */
function wakesOfPod({ spec }: Pod, seen: Seen): readonly ObjectKey[] {
  const key = `/${spec.nodeName ?? ""}`;
  const taints = seen.view(nodeKind).get(key)?.spec?.taints ?? [];
  return taints.some(({ effect }) => effect === "NoExecute") ? [key] : [];
}

function plan(_key: ObjectKey, node: Node | undefined, seen: Seen, now: number): Plan {
  if (node === undefined) return { changes: [] };
  const heardAtMs = lastHeard(node, seen.view(leaseKind).get(`${LEASE_NAMESPACE}/${node.metadata.name}`));
  const isSilent = now - heardAtMs > GRACE_MS;
  const judged = isSilent ? silenced(node, now) : node;
  const tainted = withTaints(judged, now);
  const pods = seen.view(podKind).by("node", node.metadata.name);
  const evictions = taintEvictions(tainted, pods, now);
  const againAtMs = Math.min(isSilent ? Infinity : heardAtMs + GRACE_MS + 1, evictions.againAtMs ?? Infinity);
  return {
    changes: [
      ...patchTo(nodeKind, node, { ...node, ...(judged.status && { status: judged.status }) }, "status"),
      ...patchTo(nodeKind, node, { ...node, ...(tainted.spec && { spec: tainted.spec }) }),
      ...lostReadiness(node, judged),
      ...(readyStatus(judged) === "True" ? [] : pods.flatMap((pod) => unreadied(pod, judged, now))),
      ...evictions.changes,
    ],
    ...(Number.isFinite(againAtMs) && { againAtMs }),
  };
}

/** The lease is the heartbeat; before there is one, the node's own condition or its registration. */
function lastHeard(node: Node, lease: Lease | undefined): number {
  const heartbeat = ready(node)?.lastHeartbeatTime;
  const times = [lease?.spec?.renewTime, heartbeat, node.metadata.creationTimestamp].map((text) =>
    Date.parse(text ?? ""),
  );
  return Math.max(0, ...times.filter((time) => !Number.isNaN(time)));
}

function ready(node: Node): Condition | undefined {
  return node.status?.conditions?.find(({ type }) => type === "Ready");
}

function readyStatus(node: Node): Condition["status"] {
  return ready(node)?.status ?? "Unknown";
}

/** Every condition that its agent kept is unknown now. */
function silenced(node: Node, now: number): Node {
  const before = node.status?.conditions ?? [];
  const types = ["Ready", ...Object.keys(PRESSURES)];
  const others = before.filter(({ type }) => !types.includes(type));
  const unknown = types.map((type): Condition => {
    const known = before.find((condition) => condition.type === type);
    if (known?.status === "Unknown") return known;
    const words =
      known === undefined
        ? { reason: "NodeStatusNeverUpdated", message: "Kubelet never posted node status." }
        : { reason: "NodeStatusUnknown", message: "Kubelet stopped posting node status." };
    return {
      ...(known?.lastHeartbeatTime !== undefined && { lastHeartbeatTime: known.lastHeartbeatTime }),
      type,
      status: "Unknown",
      ...words,
      lastTransitionTime: timestamp(now),
    };
  });
  return { ...node, status: { ...node.status, conditions: [...others, ...unknown] } };
}

function withTaints(node: Node, now: number): Node {
  const before = node.spec?.taints ?? [];
  const wanted = wantedTaints(node);
  const kept = before.filter(
    ({ key, effect }) => !OWN_TAINTS.has(key) || wanted.some((taint) => taint.key === key && taint.effect === effect),
  );
  const missing = wanted.filter(
    ({ key, effect }) => !before.some((taint) => taint.key === key && taint.effect === effect),
  );
  const taints = [...kept, ...missing.map((taint): Taint => ({ ...taint, timeAdded: timestamp(now) }))];
  const { taints: _before, ...spec } = node.spec ?? {};
  return { ...node, spec: { ...spec, ...(taints.length > 0 && { taints }) } };
}

function wantedTaints(node: Node): readonly Taint[] {
  const status = readyStatus(node);
  const key = status === "False" ? NOT_READY : UNREACHABLE;
  const pressures = Object.entries(PRESSURES).filter(([type]) =>
    node.status?.conditions?.some((condition) => condition.type === type && condition.status === "True"),
  );
  return [
    ...(status === "True"
      ? []
      : [
          { key, effect: "NoSchedule" as const },
          { key, effect: "NoExecute" as const },
        ]),
    ...(node.spec?.unschedulable === true ? [{ key: UNSCHEDULABLE, effect: "NoSchedule" as const }] : []),
    ...pressures.map(([, taint]) => ({ key: taint, effect: "NoSchedule" as const })),
  ];
}

function lostReadiness(before: Node, after: Node): readonly Change[] {
  if (ready(before)?.status !== "True" || readyStatus(after) === "True") return [];
  return [normalEvent(before, "NodeNotReady", `Node ${before.metadata.name} status is now: NodeNotReady`)];
}

/** No traffic to pods of which nobody hears any more. What an agent has said since the node was lost is believed. */
function unreadied(pod: Pod, node: Node, now: number): readonly Change[] {
  const conditions = pod.status?.conditions ?? [];
  const lostAtMs = Date.parse(ready(node)?.lastTransitionTime ?? "") || now;
  if (hasEnded(pod) || !isReady(pod) || (readySinceMs(pod) ?? 0) > lostAtMs) return [];
  const lost = conditions.map((condition) =>
    condition.type === "Ready"
      ? { ...condition, status: "False" as const, lastTransitionTime: timestamp(now) }
      : condition,
  );
  return patchTo(podKind, pod, { ...pod, status: { ...pod.status, conditions: lost } }, "status");
}
