/** Disruption controller: how many pods of each budget are healthy, should be, and may go (upstream's pkg/controller/disruption). */
import { keyOf, type ObjectKey } from "#base/key.ts";
import { type Controller, type Plan, type Seen, watching } from "#deck/controller.ts";
import { withCondition } from "#kinds/conditions.ts";
import { deploymentKind } from "#kinds/apps/deployment.ts";
import { replicaSetKind } from "#kinds/apps/replica-set.ts";
import { statefulSetKind } from "#kinds/apps/stateful-set.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { replicationControllerKind } from "#kinds/core/replication-controller.ts";
import type { Kind } from "#kinds/kind.ts";
import { controllerOf, type KubeObject, type OwnerReference } from "#kinds/object.ts";
import { controllerOfKind } from "#kinds/owners.ts";
import { isCovered, withAllowed } from "#kinds/policy/disruption.ts";
import {
  type DisruptionStatus,
  type PodDisruptionBudget,
  podDisruptionBudgetKind,
} from "#kinds/policy/pod-disruption-budget.ts";
import { normalEvent, patchTo, warningEvent } from "./changes.ts";
import { isReady } from "./pod-facts.ts";

// DeletionTimeout: an eviction that nobody saw carried out by then did not happen.
const DELETION_MS = 120_000;

type Scaled = KubeObject & { readonly spec: { readonly replicas?: number } };

/** What controls pods itself. */
const sets: readonly Kind<Scaled>[] = [replicaSetKind, statefulSetKind, replicationControllerKind];
const scaled: readonly Kind<Scaled>[] = [deploymentKind, ...sets];

export const disruptionController: Controller<PodDisruptionBudget> = {
  name: "disruption-controller",
  kind: podDisruptionBudgetKind,
  watches: [
    watching({ kind: podKind, wakes: budgetsOver }),
    ...scaled.map((kind) =>
      watching({ kind, wakes: ({ metadata }, seen) => budgetsIn(metadata.namespace ?? "", seen) }),
    ),
  ],
  plan: (_key, budget, seen, _memory, now) => (budget === undefined ? { changes: [] } : plan(budget, seen, now)),
};

function budgetsOver(pod: Pod, seen: Seen): readonly ObjectKey[] {
  const budgets = seen.view(podDisruptionBudgetKind).list(pod.metadata.namespace ?? "");
  return budgets.filter((budget) => isCovered(pod, budget)).map(keyOfBudget);
}

function budgetsIn(namespace: string, seen: Seen): readonly ObjectKey[] {
  return seen.view(podDisruptionBudgetKind).list(namespace).map(keyOfBudget);
}

function keyOfBudget({ metadata }: PodDisruptionBudget): ObjectKey {
  return keyOf(metadata.namespace ?? "", metadata.name);
}

function plan(budget: PodDisruptionBudget, seen: Seen, now: number): Plan {
  const pods = seen
    .view(podKind)
    .list(budget.metadata.namespace ?? "")
    .filter((pod) => isCovered(pod, budget));
  const expected = expectedOf(budget, pods, seen);
  if (typeof expected === "string") return { changes: failed(budget, expected, now) };
  const going = stillGoing(budget, pods, now);
  const status = statusOf(budget, { pods, expected, going: going.pods }, now);
  const written = patchTo(podDisruptionBudgetKind, budget, { ...budget, status }, "status");
  const told = written.length === 0 ? [] : remarksOn(budget, pods, expected);
  return {
    changes: [...written, ...told, ...going.overdue.map((pod) => notDeleted(budget, pod))],
    ...(going.againAtMs !== undefined && { againAtMs: going.againAtMs }),
  };
}

interface Expected {
  readonly pods: number;
  readonly healthy: number;
  /** Whether pods without a controller stand in the way of counting. */
  readonly hasUnmanaged: boolean;
}

/** How many pods there should be, and how many of them healthy; the sentence that says why that cannot be told. */
function expectedOf({ spec }: PodDisruptionBudget, pods: readonly Pod[], seen: Seen): Expected | string {
  const { minAvailable, maxUnavailable } = spec;
  if (maxUnavailable === undefined && typeof minAvailable !== "string")
    return { pods: minAvailable === undefined ? 0 : pods.length, healthy: minAvailable ?? 0, hasUnmanaged: false };
  const scale = scaleOver(pods, seen);
  if (typeof scale === "string") return scale;
  const healthy =
    maxUnavailable === undefined
      ? countOf(minAvailable ?? 0, scale.pods)
      : Math.max(0, scale.pods - countOf(maxUnavailable, scale.pods));
  return { ...scale, healthy };
}

/** A share of them, rounded up. */
function countOf(share: number | string, of: number): number {
  return typeof share === "number" ? share : Math.ceil((Number.parseInt(share, 10) * of) / 100);
}

/** The replicas that the pods' controllers ask for together. */
function scaleOver(pods: readonly Pod[], seen: Seen): Omit<Expected, "healthy"> | string {
  const scales = new Map<string, number>();
  const known = new Set<string>();
  for (const pod of pods) {
    const owner = controllerOf(pod);
    if (owner === undefined || known.has(owner.uid)) continue;
    const found = scaleOf(pod, owner, seen);
    if (found === undefined) return `found no controllers for pod "${pod.metadata.name}"`;
    known.add(owner.uid);
    scales.set(found.uid, found.replicas);
  }
  return {
    pods: scales.values().reduce((sum, replicas) => sum + replicas, 0),
    hasUnmanaged: pods.some((pod) => controllerOf(pod) === undefined),
  };
}

interface Scale {
  readonly uid: string;
  readonly replicas: number;
}

/** A Deployment stands for all of its sets. DIFFERS: pods that a custom resource controls by its scale are not counted by share. */
function scaleOf(pod: Pod, owner: OwnerReference, seen: Seen): Scale | undefined {
  const namespace = pod.metadata.namespace ?? "";
  const set = controllerOfKind(replicaSetKind, pod) && seen.view(replicaSetKind).get(keyOf(namespace, owner.name));
  const above = set && controllerOfKind(deploymentKind, set);
  if (above !== undefined) return replicasAt(deploymentKind, above, { namespace, seen });
  const kind = sets.find((one) => controllerOfKind(one, pod) !== undefined);
  return kind && replicasAt(kind, owner, { namespace, seen });
}

function replicasAt(
  kind: Kind<Scaled>,
  { name, uid }: OwnerReference,
  { namespace, seen }: { readonly namespace: string; readonly seen: Seen },
): Scale | undefined {
  const object = seen.view(kind).get(keyOf(namespace, name));
  return object?.metadata.uid === uid ? { uid, replicas: object.spec.replicas ?? 1 } : undefined;
}

interface Going {
  /** Let go by an eviction, and still there. */
  readonly pods: Readonly<Record<string, string>>;
  readonly overdue: readonly Pod[];
  readonly againAtMs?: number;
}

/** Upstream's buildDisruptedPodMap: what is gone, ends already or was not deleted in time is written off. */
function stillGoing({ status }: PodDisruptionBudget, pods: readonly Pod[], now: number): Going {
  const disrupted = status?.disruptedPods ?? {};
  const waiting = pods.flatMap((pod) => {
    const { name, deletionTimestamp } = pod.metadata;
    const since = Object.hasOwn(disrupted, name) ? disrupted[name] : undefined;
    if (since === undefined || deletionTimestamp !== undefined) return [];
    return [{ pod, since, untilMs: Date.parse(since) + DELETION_MS }];
  });
  const inTime = waiting.filter(({ untilMs }) => untilMs > now);
  return {
    pods: Object.fromEntries(inTime.map(({ pod, since }) => [pod.metadata.name, since])),
    overdue: waiting.filter(({ untilMs }) => untilMs <= now).map(({ pod }) => pod),
    ...(inTime.length > 0 && { againAtMs: Math.min(...inTime.map(({ untilMs }) => untilMs)) }),
  };
}

interface Counted {
  readonly pods: readonly Pod[];
  readonly expected: Expected;
  readonly going: Going["pods"];
}

function statusOf(
  { metadata, status }: PodDisruptionBudget,
  { pods, expected, going }: Counted,
  now: number,
): DisruptionStatus {
  const healthy = pods.filter(
    (pod) => pod.metadata.deletionTimestamp === undefined && !Object.hasOwn(going, pod.metadata.name) && isReady(pod),
  ).length;
  // Without any pod nothing may go: the first pods may be there before they are counted.
  const allowed = expected.pods <= 0 ? 0 : Math.max(0, healthy - expected.healthy);
  const { conditions } = status ?? {};
  return withAllowed(
    {
      observedGeneration: metadata.generation ?? 0,
      ...(Object.keys(going).length > 0 && { disruptedPods: going }),
      disruptionsAllowed: allowed,
      currentHealthy: healthy,
      desiredHealthy: expected.healthy,
      expectedPods: expected.pods,
      ...(conditions && { conditions }),
    },
    now,
  );
}

/** Upstream's failSafe: while nothing can be counted nothing may go. */
function failed(budget: PodDisruptionBudget, why: string, now: number): Plan["changes"] {
  const { status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 } } = budget;
  const told = {
    type: "DisruptionAllowed",
    status: "False" as const,
    reason: "SyncFailed",
    message: why,
    observedGeneration: status.observedGeneration ?? 0,
  };
  const next = { ...status, disruptionsAllowed: 0, conditions: withCondition(status.conditions, told, now) };
  const written = patchTo(podDisruptionBudgetKind, budget, { ...budget, status: next }, "status");
  if (written.length === 0) return [];
  const message = `Failed to calculate the number of expected pods: ${why}`;
  return [...written, warningEvent(budget, "CalculateExpectedPodCountFailed", message)];
}

function remarksOn(budget: PodDisruptionBudget, pods: readonly Pod[], { hasUnmanaged }: Expected): Plan["changes"] {
  if (pods.length === 0) return [normalEvent(budget, "NoPods", "No matching pods found")];
  if (!hasUnmanaged) return [];
  const message =
    `Pods selected by this PodDisruptionBudget (selector: ${JSON.stringify(budget.spec.selector)}) were found to be unmanaged. ` +
    "As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. " +
    'To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.';
  return [warningEvent(budget, "UnmanagedPods", message)];
}

function notDeleted({ metadata }: PodDisruptionBudget, pod: Pod): Plan["changes"][number] {
  const budget = keyOf(metadata.namespace ?? "", metadata.name);
  return warningEvent(pod, "NotDeleted", `Pod was expected by PDB ${budget} to be deleted but it wasn't`);
}
