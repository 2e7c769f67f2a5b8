/** Node lifecycle: a node whose lease grows old is Unknown and tainted, its pods lose their readiness and, in time, their place. */
import { timestamp } from "#base/clock.ts";
import type { ObjectKey } from "#base/key.ts";
import { type Controller, type Plan, type Seen, watching } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { conditionOf, isTrueOf, sinceWhen, withCondition } from "#kinds/conditions.ts";
import { leaseKind } from "#kinds/core/lease.ts";
import { type Node, nodeKind, type Taint } from "#kinds/core/node.ts";
import type { Condition } from "#kinds/object.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { normalEvent, patchTo } from "./changes.ts";
import { type Heartbeat, lastHeard, nextHeartbeat, signOf } from "./heartbeats.ts";
import { hasEnded, isReady, nodeOfPod, readySinceMs } from "./pod-facts.ts";
import { taintEvictions } from "./taint-eviction.ts";
import { evictionPace, EvictionTurns, zoneOf } from "./zone-disruption.ts";

const LEASE_NAMESPACE = "kube-node-lease";
// Upstream's node-monitor-grace-period since 1.32: five missed renewals of the lease.
const GRACE_MS = 50_000;
// Its node-startup-grace-period, for a node that never said how it is.
const STARTUP_GRACE_MS = 60_000;
// Its node-monitor-period: how often a node is looked at though nothing changed.
const MONITOR_MS = 5_000;
// A node that lives renews its lease within this time: after a pause of ours nobody is evicted before.
const RENEWAL_MS = 10_000;
const NOT_READY = "node.kubernetes.io/not-ready";
const UNREACHABLE = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";
const PRESSURES: Readonly<Record<string, string>> = {
  MemoryPressure: "node.kubernetes.io/memory-pressure",
  DiskPressure: "node.kubernetes.io/disk-pressure",
  PIDPressure: "node.kubernetes.io/pid-pressure",
};
const OWN_TAINTS: ReadonlySet<string> = new Set([NOT_READY, UNREACHABLE, UNSCHEDULABLE, ...Object.values(PRESSURES)]);

/** The views, and whose turn it is to lose its pods: decided for one node while another's taint is not written yet. */
interface SeenTurns extends Seen {
  readonly turns: EvictionTurns;
}

export const nodeLifecycleController: Controller<Node, Heartbeat, SeenTurns> = {
  name: "node-controller",
  kind: nodeKind,
  watches: [
    watching({
      kind: leaseKind,
      wakes: ({ metadata }) => (metadata.namespace === LEASE_NAMESPACE ? [`/${metadata.name}`] : []),
    }),
    watching({
      kind: podKind,
      indexes: { node: nodeOfPod },
      wakes: wakesOfPod,
    }),
  ],
  derive: (seen) => ({ view: (kind) => seen.view(kind), turns: new EvictionTurns() }),
  plan,
};

/** Only a node in trouble looks at its pods. */
function wakesOfPod({ spec }: Pod, seen: Seen): readonly ObjectKey[] {
  const key = `/${spec.nodeName ?? ""}`;
  const taints = seen.view(nodeKind).get(key)?.spec?.taints ?? [];
  return taints.some(({ effect }) => effect === "NoExecute") ? [key] : [];
}

function plan(
  _key: ObjectKey,
  node: Node | undefined,
  seen: SeenTurns,
  memory: Heartbeat | undefined,
  now: number,
): Plan<Heartbeat> {
  if (node === undefined) return { changes: [] };
  const lease = seen.view(leaseKind).get(`${LEASE_NAMESPACE}/${node.metadata.name}`);
  const graceMs = ready(node) === undefined ? STARTUP_GRACE_MS : GRACE_MS;
  const heartbeat = nextHeartbeat(memory, signOf(node, lease), now);
  const silentAtMs = lastHeard(heartbeat) + graceMs;
  const judged = now > silentAtMs ? silenced(node, now) : node;
  const tainted = withTaints(judged, now, mayLosePods(judged, seen, now));
  const pods = seen.view(podKind).by("node", node.metadata.name);
  const evictions = taintEvictions(tainted, pods, { now, notBeforeMs: heartbeat.awakeSinceMs + RENEWAL_MS });
  return {
    changes: [
      ...patchTo(nodeKind, node, { ...node, ...(judged.status && { status: judged.status }) }, "status"),
      ...patchTo(nodeKind, node, { ...node, ...(tainted.spec && { spec: tainted.spec }) }),
      ...lostReadiness(node, judged),
      ...(readyStatus(judged) === "True" ? [] : pods.flatMap((pod) => unreadied(pod, judged, now))),
      ...evictions.changes,
    ],
    memory: heartbeat,
    againAtMs: Math.min(now + MONITOR_MS, evictions.againAtMs ?? Infinity),
  };
}

function ready(node: Node): Condition | undefined {
  return conditionOf(node.status?.conditions, "Ready");
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
    const known = conditionOf(before, type);
    if (known?.status === "Unknown") return known;
    const words =
      known === undefined
        ? { reason: "NodeStatusNeverUpdated", message: "Kubelet never posted node status." }
        : { reason: "NodeStatusUnknown", message: "Kubelet stopped posting node status." };
    const heard = known?.lastHeartbeatTime !== undefined && { lastHeartbeatTime: known.lastHeartbeatTime };
    return sinceWhen({ ...heard, type, status: "Unknown", ...words }, before, now);
  });
  return { ...node, status: { ...node.status, conditions: [...others, ...unknown] } };
}

/** Whether the node's pods may go: at the pace of its zone, and not while every node is lost. */
function mayLosePods(node: Node, seen: SeenTurns, now: number): boolean {
  const { status } = ready(node) ?? {};
  if (status === "True" || status === undefined) return false;
  const zone = zoneOf(node);
  const others = seen
    .view(nodeKind)
    .list()
    .filter(({ metadata }) => metadata.name !== node.metadata.name);
  const everyMs = evictionPace([...others, node], zone);
  if (everyMs === "suspended") return false;
  if (node.spec?.taints?.some(isForLostNodes) === true) return true;
  return seen.turns.take({ zone, node: node.metadata.name }, everyMs, now);
}

function isForLostNodes({ key, effect }: Taint): boolean {
  return effect === "NoExecute" && (key === NOT_READY || key === UNREACHABLE);
}

function withTaints(node: Node, now: number, losesPods: boolean): Node {
  const before = node.spec?.taints ?? [];
  const wanted = wantedTaints(node).filter((taint) => losesPods || !isForLostNodes(taint));
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
  const pressures = Object.entries(PRESSURES).filter(([type]) => isTrueOf(node.status?.conditions, type));
  return [
    ...readinessTaints(node),
    ...(node.spec?.unschedulable === true ? [{ key: UNSCHEDULABLE, effect: "NoSchedule" as const }] : []),
    ...pressures.map(([, taint]) => ({ key: taint, effect: "NoSchedule" as const })),
  ];
}

/** A node that has not said yet how it is takes nobody, as upstream's admission of nodes has it, but loses nobody either. */
function readinessTaints(node: Node): readonly Taint[] {
  const status = ready(node)?.status;
  if (status === "True") return [];
  if (status === undefined) return [{ key: NOT_READY, effect: "NoSchedule" }];
  const key = status === "False" ? NOT_READY : UNREACHABLE;
  return [
    { key, effect: "NoSchedule" },
    { key, effect: "NoExecute" },
  ];
}

function lostReadiness(before: Node, after: Node): readonly Change[] {
  if (ready(before)?.status !== "True" || readyStatus(after) === "True") return [];
  return [normalEvent(before, "NodeNotReady", `Node ${before.metadata.name} status is now: NodeNotReady`)];
}

/**
 * No traffic to pods of which nobody hears any more. What an agent has said since the node was lost is believed, in the same second too:
 * times are whole seconds, and the two would contradict each other until it is over.
 */
function unreadied(pod: Pod, node: Node, now: number): readonly Change[] {
  const lostAtMs = Date.parse(ready(node)?.lastTransitionTime ?? "") || now;
  if (hasEnded(pod) || !isReady(pod) || (readySinceMs(pod) ?? 0) >= lostAtMs) return [];
  const was = conditionOf(pod.status?.conditions, "Ready");
  const conditions = withCondition(pod.status?.conditions, { ...was, type: "Ready", status: "False" }, now);
  return patchTo(podKind, pod, { ...pod, status: { ...pod.status, conditions } }, "status");
}
