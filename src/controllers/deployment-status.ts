/** A deployment's status: counts from its sets, and the conditions Available and Progressing with upstream's reasons and words. */
import { timestamp } from "#base/clock.ts";
import type { Deployment, DeploymentStatus } from "#kinds/apps/deployment.ts";
import { conditionOf, sinceWhen, type Told } from "#kinds/conditions.ts";
import type { Condition } from "#kinds/object.ts";
import type { ReplicaSet } from "#kinds/apps/replica-set.ts";
import { boundsOf, totalSize } from "./rollout-size.ts";

export interface Sets {
  readonly newest: ReplicaSet | undefined;
  readonly all: readonly ReplicaSet[];
}

// Upstream reads "no deadline" from this number.
const NO_DEADLINE = 2_147_483_647;

export function statusOf(
  deployment: Deployment,
  { newest, all }: Sets,
  conditions: readonly Condition[],
  now: number,
): DeploymentStatus {
  const sum = (read: (status: NonNullable<ReplicaSet["status"]>) => number | undefined): number =>
    all.reduce((total, { status }) => total + ((status && read(status)) ?? 0), 0);
  const availableReplicas = sum(({ availableReplicas: count }) => count);
  const status = withoutZeros({
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: sum(({ replicas }) => replicas),
    updatedReplicas: newest?.status?.replicas ?? 0,
    readyReplicas: sum(({ readyReplicas }) => readyReplicas),
    availableReplicas,
    unavailableReplicas: Math.max(0, totalSize(all) - availableReplicas),
    collisionCount: deployment.status?.collisionCount ?? 0,
  });
  const { desired, maxUnavailable } = boundsOf(deployment);
  const isAvailable = availableReplicas >= desired - maxUnavailable;
  const told = withDeploymentCondition(conditions, isAvailable ? AVAILABLE : UNAVAILABLE, now);
  return { ...status, conditions: withFailure(told, { newest, all }) };
}

/** What was refused to a set is the deployment's failure too: the newest set's first, as upstream. */
function withFailure(conditions: readonly Condition[], { newest, all }: Sets): readonly Condition[] {
  const failures = [newest, ...all].map((set) => conditionOf(set?.status?.conditions, "ReplicaFailure"));
  const failure = failures.find((found) => found !== undefined);
  const others = conditions.filter(({ type }) => type !== "ReplicaFailure");
  if (failure === undefined) return others.length === conditions.length ? conditions : others;
  const before = conditionOf(conditions, "ReplicaFailure");
  if (before?.status === failure.status && before.reason === failure.reason && before.message === failure.message)
    return conditions;
  const at = failure.lastTransitionTime;
  return [...others, { ...failure, ...(at !== undefined && { lastUpdateTime: at }) }];
}

const AVAILABLE: Told = {
  type: "Available",
  status: "True",
  reason: "MinimumReplicasAvailable",
  message: "Deployment has minimum availability.",
};
const UNAVAILABLE: Told = {
  type: "Available",
  status: "False",
  reason: "MinimumReplicasUnavailable",
  message: "Deployment does not have minimum availability.",
};

function withoutZeros(counts: Readonly<Record<string, number>>): Omit<DeploymentStatus, "conditions"> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

/** Upstream's SetDeploymentCondition: the same status and reason is the same condition, another goes behind the others. */
export function withDeploymentCondition(
  conditions: readonly Condition[],
  told: Told,
  now: number,
): readonly Condition[] {
  const before = conditionOf(conditions, told.type);
  return before?.status === told.status && before.reason === told.reason ? conditions : renewed(conditions, told, now);
}

function renewed(conditions: readonly Condition[], told: Told, now: number): readonly Condition[] {
  const others = conditions.filter(({ type }) => type !== told.type);
  return [...others, sinceWhen({ ...told, lastUpdateTime: timestamp(now) }, conditions, now)];
}

export function progressing(status: Condition["status"], reason: string, message: string): Told {
  return { type: "Progressing", status, reason, message };
}

export function deadlineSeconds({ spec }: Deployment): number | null {
  const seconds = spec.progressDeadlineSeconds ?? NO_DEADLINE;
  return seconds === NO_DEADLINE ? null : seconds;
}

export function isComplete({ spec, metadata }: Deployment, status: DeploymentStatus): boolean {
  const desired = spec.replicas ?? 1;
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, observedGeneration = 0 } = status;
  return (
    updatedReplicas === desired &&
    replicas === desired &&
    availableReplicas === desired &&
    observedGeneration >= (metadata.generation ?? 0)
  );
}

/** Upstream's syncRolloutStatus: the status with what is to be said of the progress, and when the deadline passes. */
export function rolloutStatus(
  deployment: Deployment,
  sets: Sets,
  conditions: readonly Condition[],
  now: number,
): { readonly status: DeploymentStatus; readonly againAtMs?: number } {
  const status = statusOf(deployment, sets, conditions, now);
  const deadline = deadlineSeconds(deployment);
  const told = status.conditions ?? [];
  if (deadline === null)
    return { status: { ...status, conditions: told.filter(({ type }) => type !== "Progressing") } };
  const current = conditionOf(told, "Progressing");
  const isSettled =
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === "NewReplicaSetAvailable";
  if (isSettled) return { status };
  const next = { ...status, conditions: withProgress(deployment, sets, status, now) };
  const progress = conditionOf(next.conditions, "Progressing");
  if (
    progress === undefined ||
    progress.reason === "NewReplicaSetAvailable" ||
    progress.reason === "ProgressDeadlineExceeded"
  )
    return { status: next };
  return { status: next, againAtMs: Date.parse(progress.lastUpdateTime ?? "") + (deadline + 1) * 1_000 };
}

function withProgress(
  deployment: Deployment,
  { newest }: Sets,
  status: DeploymentStatus,
  now: number,
): readonly Condition[] {
  const conditions = status.conditions ?? [];
  const subject =
    newest === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newest.metadata.name}"`;
  if (isComplete(deployment, status))
    return withDeploymentCondition(
      conditions,
      progressing("True", "NewReplicaSetAvailable", `${subject} has successfully progressed.`),
      now,
    );
  if (hasMoved(deployment.status ?? {}, status)) {
    const told = progressing("True", "ReplicaSetUpdated", `${subject} is progressing.`);
    // Progress starts the deadline anew, so the update time moves although nothing else does.
    return renewed(conditions, told, now);
  }
  if (hasTimedOut(deployment, conditions, now))
    return withDeploymentCondition(
      conditions,
      progressing("False", "ProgressDeadlineExceeded", `${subject} has timed out progressing.`),
      now,
    );
  return conditions;
}

function hasMoved(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const olds = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus): number => replicas - updatedReplicas;
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    olds(after) < olds(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function hasTimedOut(deployment: Deployment, conditions: readonly Condition[], now: number): boolean {
  const current = conditionOf(conditions, "Progressing");
  const deadline = deadlineSeconds(deployment);
  if (current === undefined || deadline === null || current.reason === "NewReplicaSetAvailable") return false;
  if (current.reason === "ProgressDeadlineExceeded") return true;
  return now > Date.parse(current.lastUpdateTime ?? "") + deadline * 1_000;
}
