/** The scheduler as a controller: gives each pending pod a node, the most important first, or says why there is none. */
import { keyOf, type ObjectKey } from "#base/key.ts";
import { fromLabelSelector, matches, selectorOf } from "#base/selector.ts";
import type { Controller, Plan, Seen } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { conditionOf, type Told, withCondition } from "#kinds/conditions.ts";
import { namespaceKind } from "#kinds/core/namespace.ts";
import { nodeKind } from "#kinds/core/node.ts";
import { type PersistentVolumeClaim, persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import { persistentVolumeKind } from "#kinds/core/persistent-volume.ts";
import { type Condition, keyOfObject, namespaceOf } from "#kinds/object.ts";
import { controllerOfKind } from "#kinds/owners.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { podDisruptionBudgetKind } from "#kinds/policy/pod-disruption-budget.ts";
import { replicaSetKind } from "#kinds/apps/replica-set.ts";
import { serviceKind } from "#kinds/core/service.ts";
import {
  annotationOf,
  BOUND_BY_CONTROLLER,
  claimReference,
  SELECTED_NODE,
  withAnnotation,
} from "#kinds/storage/binding.ts";
import { storageClassKind } from "#kinds/storage/storage-class.ts";
import { unschedulableMessage, waitingMessage } from "#scheduler/message.ts";
import { defaultSpreads, type Spread } from "#scheduler/needs.ts";
import { pick, type PickOptions, type Reasons } from "#scheduler/pick.ts";
import { type PodVolumes, type VolumePlan, volumesOfPod } from "#scheduler/pod-volumes.ts";
import { preempt } from "#scheduler/preempt.ts";
import { normalEvent, patchTo, patchUnchanged, remove, warningEvent } from "./changes.ts";
import { hasEnded } from "./pod-facts.ts";
import { isPending, Placements } from "./placements.ts";
import { claimsOfPod, seenStorage } from "./seen-storage.ts";

export interface BindingOptions {
  readonly strategy?: NonNullable<PickOptions["strategy"]>;
}

// Pods that found no place are looked at again after so long even if nothing relevant was seen.
const PARKED_MS = 60_000;

/** The views and what was made of them: walking all pods for each pod would be quadratic. */
interface SeenPlacements extends Seen {
  readonly placements: Placements;
}

export function bindingController(options: BindingOptions = {}): Controller<Pod, undefined, SeenPlacements> {
  const parked = (_object: unknown, { placements }: SeenPlacements): readonly ObjectKey[] => placements.parked();
  const users = ({ metadata: { namespace = "", name } }: PersistentVolumeClaim, seen: Seen): readonly ObjectKey[] =>
    seen.view(podKind).by("claim", keyOf(namespace, name)).map(keyOfObject);
  return {
    name: "default-scheduler",
    kind: podKind,
    indexes: { claim: claimsOfPod },
    watches: [
      { kind: podKind, wakes: (pod: Pod, seen) => (mayHelp(pod) ? parked(pod, seen) : []) },
      { kind: nodeKind, wakes: parked },
      { kind: namespaceKind, wakes: () => [] },
      { kind: serviceKind, wakes: () => [] },
      { kind: replicaSetKind, wakes: () => [] },
      { kind: podDisruptionBudgetKind, wakes: () => [] },
      { kind: persistentVolumeClaimKind, wakes: users },
      { kind: persistentVolumeKind, wakes: parked },
      { kind: storageClassKind, wakes: parked },
    ],
    derive: (seen) => ({ view: (kind) => seen.view(kind), placements: new Placements(seen) }),
    plan: (key, pod, seen, _memory, now) => planBinding(pod, { key, seen, placements: seen.placements, options, now }),
  };
}

/** A pod that leaves makes room, also one for which it is only kept; one that has just come may be the company that somebody waits for. */
function mayHelp(pod: Pod): boolean {
  const isNew = pod.status?.phase === "Pending" && (pod.spec.nodeName ?? "") !== "";
  const isExpected = (pod.status?.nominatedNodeName ?? "") !== "";
  return hasEnded(pod) || pod.metadata.deletionTimestamp !== undefined || isNew || isExpected;
}

interface Surroundings {
  readonly key: ObjectKey;
  readonly seen: Seen;
  readonly placements: Placements;
  readonly options: BindingOptions;
  readonly now: number;
}

function planBinding(pod: Pod | undefined, around: Surroundings): Plan {
  const { key, placements, now } = around;
  if (pod === undefined || !isPending(pod)) return { changes: [] };
  if ((pod.spec.schedulingGates ?? []).length > 0) return { changes: gated(pod, now) };
  const assumedUntilMs = placements.assumedUntil(pod, { by: key, now });
  if (assumedUntilMs !== undefined) return { changes: [], againAtMs: assumedUntilMs };
  // Whoever matters more goes first, also when the queue brought this one earlier.
  const turn = [...placements.before(pod, now), pod];
  const changes = turn.flatMap((next) => schedule(next, around));
  const heldUntilMs = claimsOfPod(pod).length === 0 ? undefined : placements.heldUntil(pod);
  const againAtMs = placements.isParked(key) ? now + PARKED_MS : heldUntilMs;
  return { changes, ...(againAtMs !== undefined && { againAtMs }) };
}

function schedule(pod: Pod, around: Surroundings): readonly Change[] {
  const { key, placements, seen, options, now } = around;
  if (placements.isParked(keyOfObject(pod))) return [];
  const namespace = namespaceOf(pod);
  const isUsedByOther = (claimName: string): boolean =>
    seen
      .view(podKind)
      .by("claim", keyOf(namespace, claimName))
      .some((other) => other.metadata.uid !== pod.metadata.uid && !hasEnded(other) && placements.hasPlace(other));
  const volumes = volumesOfPod(pod, seenStorage(seen, namespace, isUsedByOther));
  if (volumes !== null && "waitsFor" in volumes) return wait(pod, volumes.waitsFor, around);
  const faultOn = volumes === null ? {} : { faultOn: volumes.faultOn.bind(volumes) };
  const picked = pick(pod, placements.cluster, { ...options, spreads: softSpreads(pod, seen), ...faultOn });
  if (picked.node === null) return park(pod, { ...faultOn, reasons: picked.reasons }, around);
  placements.assume(pod, picked.node, { by: key, now });
  const plan = planOn(picked.node, volumes, placements);
  return plan === null ? bind(pod, picked.node, now) : prepare(plan, picked.node);
}

/** Null when every claim of the pod is bound. */
function planOn(nodeName: string, volumes: PodVolumes | null, { cluster }: Placements): VolumePlan | null {
  const node = cluster.node(nodeName)?.node;
  if (volumes === null || "waitsFor" in volumes || node === undefined) return null;
  const plan = volumes.planOn(node);
  return plan.promises.length + plan.provisions.length === 0 ? null : plan;
}

/** Upstream's PreBind: the pod keeps its place while the binder and the provisioners bring its volumes. */
function prepare({ promises, provisions }: VolumePlan, nodeName: string): readonly Change[] {
  return [
    ...promises.flatMap(({ volume, claim }) => {
      const promised = { ...volume, spec: { ...volume.spec, claimRef: claimReference(claim) } };
      return patchUnchanged(persistentVolumeKind, volume, withAnnotation(promised, BOUND_BY_CONTROLLER, "yes"));
    }),
    ...provisions
      .filter((claim) => annotationOf(claim, SELECTED_NODE) === undefined)
      .flatMap((claim) =>
        patchUnchanged(persistentVolumeClaimKind, claim, withAnnotation(claim, SELECTED_NODE, nodeName)),
      ),
  ];
}

function bind(pod: Pod, nodeName: string, now: number): readonly Change[] {
  const { name, namespace = "" } = pod.metadata;
  const { nominatedNodeName: _nominated, ...status } = pod.status ?? {};
  const conditions = withScheduled(pod, { status: "True" }, now);
  const next: Pod = { ...pod, spec: { ...pod.spec, nodeName }, status: { ...status, conditions } };
  return [
    ...patchTo(podKind, pod, next, "binding"),
    normalEvent(pod, "Scheduled", `Successfully assigned ${namespace}/${name} to ${nodeName}`),
  ];
}

/** Something must happen before a node can be looked for. */
function wait(pod: Pod, waitsFor: string, around: Surroundings): readonly Change[] {
  return told(pod, waitingMessage(around.placements.cluster.nodes.length, waitsFor), {}, around);
}

interface Unplaced {
  readonly reasons: Reasons;
  readonly faultOn?: NonNullable<PickOptions["faultOn"]>;
}

/** No node: perhaps room can be made; in any case the pod says why it waits. */
function park(pod: Pod, { reasons, faultOn }: Unplaced, around: Surroundings): readonly Change[] {
  const { cluster } = around.placements;
  const made = makeRoom(pod, around, faultOn);
  const words = unschedulableMessage(cluster.nodes.length, reasons, made.reasons);
  const message = made.note === undefined ? words : `${words.replace(/ preemption: .*$/, "")} preemption: ${made.note}`;
  const nominated = made.node === undefined ? {} : { nominatedNodeName: made.node };
  return [...told(pod, message, nominated, around), ...made.changes];
}

function told(
  pod: Pod,
  message: string,
  nominated: { readonly nominatedNodeName?: string },
  { placements, now }: Surroundings,
): readonly Change[] {
  placements.park(pod);
  const before = conditionOf(pod.status?.conditions, "PodScheduled");
  const conditions = withScheduled(pod, { status: "False", reason: "Unschedulable", message }, now);
  const status = { ...pod.status, conditions, ...nominated };
  const changed = patchTo(podKind, pod, { ...pod, status }, "status");
  return [...changed, ...(before?.message === message ? [] : [warningEvent(pod, "FailedScheduling", message)])];
}

interface Room {
  readonly reasons: Reasons;
  readonly changes: readonly Change[];
  readonly node?: string;
  readonly note?: string;
}

function makeRoom(pod: Pod, { placements, seen, now }: Surroundings, faultOn: PickOptions["faultOn"]): Room {
  const { cluster } = placements;
  const none: Reasons = new Map();
  if (pod.spec.preemptionPolicy === "Never")
    return { reasons: none, changes: [], note: "not eligible due to preemptionPolicy=Never." };
  if (isWaitingForVictims(pod, placements))
    return { reasons: none, changes: [], note: "not eligible due to terminating pod on the nominated node." };
  const budgets = seen.view(podDisruptionBudgetKind).list();
  const found = preempt(pod, cluster, { budgets, ...(faultOn && { faultOn }) });
  if (found.node === null) return { reasons: found.reasons, changes: [] };
  cluster.nominate(pod, found.node);
  return {
    reasons: none,
    node: found.node,
    changes: found.victims.flatMap((victim) => evict(victim, pod, found.node, now)),
  };
}

/** Upstream's PodEligibleToPreemptOthers: its victims have not ended yet. */
function isWaitingForVictims(pod: Pod, { cluster }: Placements): boolean {
  const nominated = cluster.node(pod.status?.nominatedNodeName ?? "");
  if (nominated === undefined) return false;
  return [...nominated.pods.values()].some(
    ({ priority, isTerminating }) => isTerminating && priority < (pod.spec.priority ?? 0),
  );
}

function evict(victim: Pod, preemptor: Pod, nodeName: string, now: number): readonly Change[] {
  const disruption: Told = {
    type: "DisruptionTarget",
    status: "True",
    reason: "PreemptionByScheduler",
    message: "default-scheduler: preempting to accommodate a higher priority pod",
  };
  const conditions = withCondition(victim.status?.conditions, disruption, now);
  return [
    ...patchTo(podKind, victim, { ...victim, status: { ...victim.status, conditions } }, "status"),
    remove(podKind, victim),
    normalEvent(victim, "Preempted", `Preempted by pod ${preemptor.metadata.uid ?? ""} on node ${nodeName}`),
  ];
}

function gated(pod: Pod, now: number): readonly Change[] {
  const message = "Scheduling is blocked due to non-empty scheduling gates";
  const conditions = withScheduled(pod, { status: "False", reason: "SchedulingGated", message }, now);
  return patchTo(podKind, pod, { ...pod, status: { ...pod.status, conditions } }, "status");
}

function withScheduled({ status }: Pod, told: Omit<Told, "type">, now: number): readonly Condition[] {
  return withCondition(status?.conditions, { type: "PodScheduled", lastProbeTime: null, ...told }, now);
}

/** Without constraints of its own a pod keeps a loose distance from its replica set's and its services' pods. */
function softSpreads(pod: Pod, seen: Seen): readonly Spread[] {
  if ((pod.spec.topologySpreadConstraints ?? []).length > 0) return [];
  const namespace = pod.metadata.namespace ?? "";
  const owner = controllerOfKind(replicaSetKind, pod);
  const set = owner && seen.view(replicaSetKind).get(keyOf(namespace, owner.name));
  const services = seen.view(serviceKind).list(namespace);
  const serving = services.filter(
    ({ spec }) =>
      Object.keys(spec.selector ?? {}).length > 0 && matches(selectorOf(spec.selector ?? {}), pod.metadata.labels),
  );
  const selector = [
    ...serving.flatMap(({ spec }) => selectorOf(spec.selector ?? {})),
    ...(fromLabelSelector(set?.spec.selector) ?? []),
  ];
  return selector.length === 0 ? [] : defaultSpreads(namespace, selector);
}
