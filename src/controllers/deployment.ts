/** Deployment controller: one ReplicaSet per template, rolled from the old ones to the newest within the bounds of the strategy. */
import { fromLabelSelector } from "#base/selector.ts";
import { keyOf, type ObjectKey } from "#base/key.ts";
import type { Controller, Plan, Seen } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { type Deployment, deploymentKind } from "#kinds/apps/deployment.ts";
import { conditionOf } from "#kinds/conditions.ts";
import { type Condition, controllerOf } from "#kinds/object.ts";
import { controllerOfKind } from "#kinds/owners.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { type ReplicaSet, replicaSetKind } from "#kinds/apps/replica-set.ts";
import { create, normalEvent, patchTo, remove } from "./changes.ts";
import {
  deadlineSeconds,
  isComplete,
  progressing,
  rolloutStatus,
  type Sets,
  statusOf,
  withDeploymentCondition,
} from "./deployment-status.ts";
import { claim } from "./ownership.ts";
import { hasEnded, ownerIndexes } from "./pod-facts.ts";
import {
  asNewest,
  byCreation,
  byRevision,
  findNewSet,
  knownDesired,
  knownMaximum,
  makeSet,
  nextRevision,
  resized,
  revisionOf,
  setNameOf,
  withRevision,
} from "./revisions.ts";
import {
  type Bounds,
  boundsOf,
  newSetSize,
  oldSetSizes,
  proportionalSizes,
  sizeOf,
  totalSize,
} from "./rollout-size.ts";

export const deploymentController: Controller<Deployment> = {
  name: "deployment-controller",
  kind: deploymentKind,
  watches: [
    { kind: replicaSetKind, indexes: ownerIndexes, wakes: wakesOfSet },
    { kind: podKind, indexes: ownerIndexes, wakes: wakesOfPod },
  ],
  plan,
};

function wakesOfSet(set: ReplicaSet, seen: Seen): readonly ObjectKey[] {
  const owner = controllerOfKind(deploymentKind, set);
  const namespace = set.metadata.namespace ?? "";
  if (owner !== undefined) return [keyOf(namespace, owner.name)];
  if (controllerOf(set) !== undefined) return [];
  return seen
    .view(deploymentKind)
    .list(namespace)
    .map(({ metadata }) => keyOf(namespace, metadata.name));
}

/** Recreate waits for the last old pod to be gone; nobody else looks at pods. */
function wakesOfPod(pod: Pod, seen: Seen): readonly ObjectKey[] {
  const namespace = pod.metadata.namespace ?? "";
  const set = seen.view(replicaSetKind).get(keyOf(namespace, controllerOf(pod)?.name ?? ""));
  const owner = set && controllerOf(set);
  if (owner === undefined) return [];
  const deployment = seen.view(deploymentKind).get(keyOf(namespace, owner.name));
  return deployment?.spec.strategy?.type === "Recreate" ? [keyOf(namespace, owner.name)] : [];
}

function plan(_key: ObjectKey, deployment: Deployment | undefined, seen: Seen, _memory: undefined, now: number): Plan {
  const selector = deployment === undefined ? [] : (fromLabelSelector(deployment.spec.selector) ?? []);
  if (deployment === undefined || selector.length === 0) return { changes: [] };
  const { owned, changes } = claim(
    { kind: deploymentKind, object: deployment, selector },
    { kind: replicaSetKind, view: seen.view(replicaSetKind) },
  );
  const rollout = new Rollout(deployment, owned, seen, now);
  const settled = rollout.run();
  return { ...settled, changes: [...changes, ...settled.changes] };
}

/** One sync of one deployment: collects the changes and keeps the sets as they will be. */
class Rollout {
  readonly #deployment: Deployment;
  readonly #bounds: Bounds;
  readonly #seen: Seen;
  readonly #now: number;
  readonly #changes: Change[] = [];
  #newest: ReplicaSet | undefined;
  /** Oldest first. */
  #olds: readonly ReplicaSet[];
  #conditions: readonly Condition[];

  constructor(deployment: Deployment, sets: readonly ReplicaSet[], seen: Seen, now: number) {
    this.#deployment = deployment;
    this.#bounds = boundsOf(deployment);
    this.#seen = seen;
    this.#now = now;
    this.#newest = findNewSet(deployment, sets);
    this.#olds = sets.filter((set) => set !== this.#newest).toSorted(byCreation);
    this.#conditions = deployment.status?.conditions ?? [];
  }

  run(): Plan {
    const { metadata, spec } = this.#deployment;
    if (metadata.deletionTimestamp !== undefined) return this.#finish();
    this.#notePause();
    if (spec.paused === true || this.#isScaled()) {
      this.#adoptNewest({ isCreated: false });
      this.#scale();
      if (spec.paused === true) this.#cleanUp();
      return this.#finish();
    }
    if (spec.strategy?.type === "Recreate") this.#recreate();
    else this.#roll();
    return this.#finishRollout();
  }

  get #all(): readonly ReplicaSet[] {
    return this.#newest === undefined ? this.#olds : [...this.#olds, this.#newest];
  }

  /** Somebody changed the size of the whole: every set that has pods still knows the old one. */
  #isScaled(): boolean {
    return this.#all.some(
      (set) => sizeOf(set) > 0 && (knownDesired(set) ?? this.#bounds.desired) !== this.#bounds.desired,
    );
  }

  #notePause(): void {
    if (deadlineSeconds(this.#deployment) === null) return;
    const current = conditionOf(this.#conditions, "Progressing");
    if (current?.reason === "ProgressDeadlineExceeded") return;
    const isPaused = this.#deployment.spec.paused === true;
    if (isPaused === (current?.reason === "DeploymentPaused")) return;
    this.#tell(
      progressing(
        "Unknown",
        isPaused ? "DeploymentPaused" : "DeploymentResumed",
        `Deployment is ${isPaused ? "paused" : "resumed"}`,
      ),
    );
  }

  #tell(told: ReturnType<typeof progressing>): void {
    this.#conditions = withDeploymentCondition(this.#conditions, told, this.#now);
  }

  /** Finds or makes the set of the present template and gives it the highest revision. False when its name is taken. */
  #adoptNewest({ isCreated }: { readonly isCreated: boolean }): boolean {
    const revision = nextRevision(this.#olds);
    if (this.#newest !== undefined) {
      const next = asNewest(this.#deployment, this.#newest, revision);
      this.#changes.push(...patchTo(replicaSetKind, this.#newest, next));
      this.#newest = next;
      this.#noteSet("FoundNewReplicaSet", `Found new replica set "${next.metadata.name}"`, { isOnlyFirst: true });
    } else if (isCreated) {
      if (this.#isNameTaken()) return false;
      this.#newest = this.#create(revision);
    }
    if (this.#newest !== undefined) this.#changes.push(...withRevision(this.#deployment, revisionOf(this.#newest)));
    return true;
  }

  #create(revision: bigint): ReplicaSet {
    const size = newSetSize(this.#bounds, this.#olds, 0, this.#deployment.spec.strategy?.type === "Recreate");
    const made = makeSet(this.#deployment, { revision, size, bounds: this.#bounds });
    this.#changes.push(create(replicaSetKind, made));
    if (size > 0) this.#announce(made, 0, size);
    this.#noteSet("NewReplicaSetCreated", `Created new replica set "${made.metadata.name}"`, { isOnlyFirst: false });
    return made;
  }

  #noteSet(reason: string, message: string, { isOnlyFirst }: { readonly isOnlyFirst: boolean }): void {
    if (deadlineSeconds(this.#deployment) === null) return;
    if (isOnlyFirst && conditionOf(this.#conditions, "Progressing") !== undefined) return;
    this.#tell(progressing("True", reason, message));
  }

  /** Two templates with one hash: count the collision, so that the next name differs. */
  #isNameTaken(): boolean {
    const { metadata, status } = this.#deployment;
    const taken = this.#seen
      .view(replicaSetKind)
      .get(keyOf(metadata.namespace ?? "", setNameOf(this.#deployment).name));
    if (taken === undefined) return false;
    const collisionCount = (status?.collisionCount ?? 0) + 1;
    this.#changes.push(
      ...patchTo(
        deploymentKind,
        this.#deployment,
        { ...this.#deployment, status: { ...status, collisionCount } },
        "status",
      ),
    );
    return true;
  }

  #resize(set: ReplicaSet, size: number): ReplicaSet {
    const next = resized(set, size, this.#bounds);
    // A set that was made by this very plan is not there yet.
    if (set.metadata.uid !== undefined) this.#changes.push(...patchTo(replicaSetKind, set, next));
    if (size !== sizeOf(set)) this.#announce(set, sizeOf(set), size);
    return next;
  }

  #announce(set: ReplicaSet, from: number, to: number): void {
    const message = `Scaled ${to > from ? "up" : "down"} replica set ${set.metadata.name} from ${from} to ${to}`;
    this.#changes.push(normalEvent(this.#deployment, "ScalingReplicaSet", message));
  }

  #roll(): void {
    if (!this.#adoptNewest({ isCreated: true }) || this.#newest === undefined) return;
    const size = sizeOf(this.#newest);
    const wanted =
      size > this.#bounds.desired ? this.#bounds.desired : newSetSize(this.#bounds, this.#all, size, false);
    if (wanted !== size) {
      this.#newest = this.#resize(this.#newest, wanted);
      return;
    }
    if (!this.#shrinkOlds(oldSetSizes(this.#bounds, this.#newest, this.#olds))) this.#cleanUpWhenDone();
  }

  #recreate(): void {
    this.#adoptNewest({ isCreated: false });
    if (this.#shrinkOlds(this.#olds.map(() => 0)) || this.#hasOldPods()) return;
    if (!this.#adoptNewest({ isCreated: true }) || this.#newest === undefined) return;
    if (sizeOf(this.#newest) !== this.#bounds.desired) this.#newest = this.#resize(this.#newest, this.#bounds.desired);
    else this.#cleanUpWhenDone();
  }

  #hasOldPods(): boolean {
    const pods = this.#seen.view(podKind);
    return this.#olds.some(({ metadata }) => pods.by("controller", metadata.uid ?? "").some((pod) => !hasEnded(pod)));
  }

  /** True when any became smaller. */
  #shrinkOlds(sizes: readonly number[]): boolean {
    const before = this.#olds;
    this.#olds = before.map((set, at) => (sizes[at] === sizeOf(set) ? set : this.#resize(set, sizes[at] ?? 0)));
    return this.#olds.some((set, at) => set !== before[at]);
  }

  /** Upstream's scale: one set takes it all; the newest when it is complete; else each by its share. */
  #scale(): void {
    const active = this.#all.filter((set) => sizeOf(set) > 0);
    if (active.length <= 1) {
      const only = active[0] ?? this.#newest ?? this.#olds.at(-1);
      if (only !== undefined) this.#replace([only], [this.#bounds.desired]);
      return;
    }
    if (this.#isSaturated()) {
      this.#shrinkOlds(this.#olds.map(() => 0));
      return;
    }
    if (this.#deployment.spec.strategy?.type !== "Recreate") this.#scaleByShares(active);
  }

  #isSaturated(): boolean {
    const newest = this.#newest;
    const { desired } = this.#bounds;
    return (
      newest !== undefined &&
      sizeOf(newest) === desired &&
      knownDesired(newest) === desired &&
      (newest.status?.availableReplicas ?? 0) === desired
    );
  }

  #scaleByShares(active: readonly ReplicaSet[]): void {
    const { desired, maxSurge } = this.#bounds;
    const toAdd = (desired > 0 ? desired + maxSurge : 0) - totalSize(active);
    // The largest first; of equals the newer when growing, the older when shrinking.
    const sorted = active.toSorted(
      (a, b) => sizeOf(b) - sizeOf(a) || (toAdd > 0 ? byCreation(b, a) : byCreation(a, b)),
    );
    const shares = sorted.map((set) => ({
      size: sizeOf(set),
      lastTotal: knownMaximum(set) ?? (this.#deployment.status?.replicas || desired + maxSurge),
    }));
    this.#replace(sorted, proportionalSizes(this.#bounds, shares, toAdd));
  }

  #replace(sets: readonly ReplicaSet[], sizes: readonly number[]): void {
    const next = new Map(sets.map((set, at) => [set, this.#resize(set, sizes[at] ?? 0)]));
    this.#olds = this.#olds.map((set) => next.get(set) ?? set);
    this.#newest = this.#newest && (next.get(this.#newest) ?? this.#newest);
  }

  #cleanUpWhenDone(): void {
    if (isComplete(this.#deployment, statusOf(this.#deployment, this.#sets(), [], this.#now))) this.#cleanUp();
  }

  /** Forgets the oldest empty sets beyond revisionHistoryLimit. */
  #cleanUp(): void {
    const limit = this.#deployment.spec.revisionHistoryLimit ?? 10;
    const alive = this.#olds.filter(({ metadata }) => metadata.deletionTimestamp === undefined).toSorted(byRevision);
    const spare = alive.slice(0, Math.max(0, alive.length - limit));
    for (const set of spare) if (isEmpty(set)) this.#changes.push(remove(replicaSetKind, set));
  }

  #sets(): Sets {
    return { newest: this.#newest, all: this.#all };
  }

  #finish(): Plan {
    const status = statusOf(this.#deployment, this.#sets(), this.#conditions, this.#now);
    return {
      changes: [
        ...this.#changes,
        ...patchTo(deploymentKind, this.#deployment, { ...this.#deployment, status }, "status"),
      ],
    };
  }

  #finishRollout(): Plan {
    const { status, againAtMs } = rolloutStatus(this.#deployment, this.#sets(), this.#conditions, this.#now);
    const changes = [
      ...this.#changes,
      ...patchTo(deploymentKind, this.#deployment, { ...this.#deployment, status }, "status"),
    ];
    return { changes, ...(againAtMs !== undefined && { againAtMs: Math.max(againAtMs, this.#now + 1) }) };
  }
}

function isEmpty({ metadata, spec, status }: ReplicaSet): boolean {
  return (
    (status?.replicas ?? 0) === 0 &&
    (spec.replicas ?? 1) === 0 &&
    (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0)
  );
}
