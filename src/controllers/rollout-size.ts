/** The arithmetic of a rollout: how many pods more and fewer than asked for may be there, and each set's share. Numbers only. */
import type { Deployment } from "#kinds/apps/deployment.ts";
import type { IntOrString } from "#kinds/core/pod-spec.ts";
import type { ReplicaSet } from "#kinds/apps/replica-set.ts";

export interface Bounds {
  readonly desired: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/** Percentages: surge rounds up, unavailable rounds down; both nothing would stand still, so one may be missing then. */
export function boundsOf({ spec }: Deployment): Bounds {
  const desired = spec.replicas ?? 1;
  if (spec.strategy?.type === "Recreate") return { desired, maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge: surge = "25%", maxUnavailable: unavailable = "25%" } = spec.strategy?.rollingUpdate ?? {};
  const maxSurge = Math.ceil(shareOf(surge, desired));
  const missing = Math.floor(shareOf(unavailable, desired));
  return { desired, maxSurge, maxUnavailable: Math.min(desired, maxSurge === 0 && missing === 0 ? 1 : missing) };
}

function shareOf(value: IntOrString, of: number): number {
  if (typeof value === "number") return value;
  return value.endsWith("%") ? (Number(value.slice(0, -1)) * of) / 100 : Number(value);
}

export function sizeOf(set: ReplicaSet): number {
  return set.spec.replicas ?? 1;
}

export function totalSize(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, set) => sum + sizeOf(set), 0);
}

/** Never more than the set's size: its status may be older than its last scale-down. */
export function availableOf(set: ReplicaSet): number {
  return Math.min(sizeOf(set), set.status?.availableReplicas ?? 0);
}

/** Upstream's NewRSNewReplicas. */
export function newSetSize(bounds: Bounds, all: readonly ReplicaSet[], current: number, isRecreate: boolean): number {
  if (isRecreate) return bounds.desired;
  const room = bounds.desired + bounds.maxSurge - totalSize(all);
  return room <= 0 ? current : current + Math.min(room, bounds.desired - current);
}

/** Upstream's reconcileOldReplicaSets: the sizes of the old sets, oldest first, once the unhealthy and the spare pods are gone. */
export function oldSetSizes(
  bounds: Bounds,
  newSet: ReplicaSet | undefined,
  olds: readonly ReplicaSet[],
): readonly number[] {
  const all = newSet === undefined ? olds : [...olds, newSet];
  const minAvailable = bounds.desired - bounds.maxUnavailable;
  const newUnavailable = newSet === undefined ? 0 : sizeOf(newSet) - availableOf(newSet);
  const maxCleanup = totalSize(all) - minAvailable - newUnavailable;
  if (totalSize(olds) === 0 || maxCleanup <= 0) return olds.map(sizeOf);
  const healthy = takeAway(
    olds.map(sizeOf),
    olds.map((set) => sizeOf(set) - availableOf(set)),
    maxCleanup,
  );
  const spare = all.reduce((sum, set) => sum + availableOf(set), 0) - minAvailable;
  return takeAway(healthy, healthy, Math.max(0, spare));
}

/** Takes up to `most` away, from the first on, from each no more than its limit. */
function takeAway(sizes: readonly number[], limits: readonly number[], most: number): readonly number[] {
  let left = most;
  return sizes.map((size, at) => {
    const taken = Math.min(left, limits[at] ?? 0);
    left -= taken;
    return size - taken;
  });
}

export interface Share {
  readonly size: number;
  /** The total of the deployment when the set was last scaled: its max-replicas annotation. */
  readonly lastTotal: number;
}

/** Proportional scaling: `toAdd` (or take away) spread over the sets by their size, the rest to the first. */
export function proportionalSizes(bounds: Bounds, shares: readonly Share[], toAdd: number): readonly number[] {
  let added = 0;
  const sizes = shares.map((share) => {
    const part = toAdd === 0 ? 0 : proportionOf(bounds, share, toAdd, added);
    added += part;
    return share.size + part;
  });
  return sizes.map((size, at) => (at === 0 ? Math.max(0, size + toAdd - added) : size));
}

function proportionOf(bounds: Bounds, { size, lastTotal }: Share, toAdd: number, added: number): number {
  if (size === 0 || toAdd === added) return 0;
  const allowed = toAdd - added;
  const fraction =
    bounds.desired === 0 ? -size : Math.round((size * (bounds.desired + bounds.maxSurge)) / lastTotal) - size;
  return toAdd > 0 ? Math.min(fraction, allowed) : Math.max(fraction, allowed);
}
