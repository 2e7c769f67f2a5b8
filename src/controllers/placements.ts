/** What the scheduler has made of its views: the cluster's facts kept current, who waits, what was decided but is not seen yet. */
import type { ObjectKey } from "#base/key.ts";
import type { Seen } from "#deck/controller.ts";
import { namespaceKind } from "#kinds/core/namespace.ts";
import { nodeKind } from "#kinds/core/node.ts";
import { persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import { persistentVolumeKind } from "#kinds/core/persistent-volume.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import { claimsOf } from "#kinds/core/pod-claims.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { storageClassKind } from "#kinds/storage/storage-class.ts";
import { Cluster } from "#scheduler/cluster.ts";
import { hasEnded } from "./pod-facts.ts";

const SCHEDULER = "default-scheduler";
// A decision that was not seen carried out by then was lost; its room is free again.
const ASSUMED_MS = 10_000;
// How many more important pods are dealt with before one.
const MOST_BEFORE = 64;

export function isPending(pod: Pod): boolean {
  return (
    (pod.spec.nodeName ?? "") === "" &&
    !hasEnded(pod) &&
    pod.metadata.deletionTimestamp === undefined &&
    (pod.spec.schedulerName ?? SCHEDULER) === SCHEDULER
  );
}

// Before any version of the cluster.
const OUTDATED = -1;

export class Placements {
  readonly cluster: Cluster;
  /** Waiting pods by priority. */
  readonly #pending = new Map<number, Map<ObjectKey, Pod>>();
  /** The cluster's version at which a pod found no node. */
  readonly #parked = new Map<ObjectKey, number>();
  readonly #assumed = new Map<ObjectKey, { readonly uid: string; readonly by: ObjectKey; readonly untilMs: number }>();

  /** Follows the views from now on; the listeners end with the views. */
  constructor(seen: Seen) {
    const namespaces = seen.view(namespaceKind);
    this.cluster = new Cluster((name) => namespaces.get(`/${name}`)?.metadata.labels);
    seen.view(nodeKind).onChange((_key, next, previous) => {
      if (next !== undefined) this.cluster.setNode(next);
      else if (previous !== undefined) this.cluster.removeNode(previous.metadata.name);
      if (next !== undefined && previous === undefined) this.#placeAgain(seen, next.metadata.name);
    });
    seen.view(podKind).onChange((key, next, previous) => this.#take(key, next, previous));
    // Volumes are no part of the cluster's version: most pods have none.
    seen.view(persistentVolumeClaimKind).onChange((key) => {
      for (const pod of seen.view(podKind).by("claim", key)) this.#tryAgain(keyOfObject(pod));
    });
    for (const kind of [persistentVolumeKind, storageClassKind])
      seen.view<KubeObject>(kind).onChange(() => this.#unparkClaimants(seen));
  }

  #unparkClaimants(seen: Seen): void {
    for (const key of this.#parked.keys()) {
      const pod = seen.view(podKind).get(key);
      if (pod !== undefined && claimsOf(pod).length > 0) this.#tryAgain(key);
    }
  }

  /** It stays among those who wait, so that they are woken. */
  #tryAgain(key: ObjectKey): void {
    if (this.#parked.has(key)) this.#parked.set(key, OUTDATED);
  }

  /** Pods may be seen before their node. */
  #placeAgain(seen: Seen, nodeName: string): void {
    for (const pod of seen.view(podKind).list())
      if (pod.spec.nodeName === nodeName && !hasEnded(pod)) this.cluster.placePod(pod, nodeName);
  }

  #take(key: ObjectKey, next: Pod | undefined, previous: Pod | undefined): void {
    if (previous !== undefined) {
      this.#pending.get(previous.spec.priority ?? 0)?.delete(key);
      const isOther = next?.metadata.uid !== previous.metadata.uid;
      if (isOther || next === undefined || hasEnded(next)) this.#forget(key, previous);
    }
    if (next === undefined || hasEnded(next)) return;
    const { nodeName = "" } = next.spec;
    if (nodeName !== "") {
      this.#settle(key, next);
      this.cluster.placePod(next, nodeName);
    } else if (isPending(next)) this.#wait(key, next);
    else this.#forget(key, next);
  }

  #wait(key: ObjectKey, pod: Pod): void {
    const priority = pod.spec.priority ?? 0;
    const same = this.#pending.get(priority) ?? new Map<ObjectKey, Pod>();
    this.#pending.set(priority, same.set(key, pod));
    const { nominatedNodeName = "" } = pod.status ?? {};
    if (nominatedNodeName !== "") this.cluster.nominate(pod, nominatedNodeName);
  }

  #settle(key: ObjectKey, pod: Pod): void {
    this.#parked.delete(key);
    this.#assumed.delete(key);
    this.cluster.nominate(pod, null);
  }

  #forget(key: ObjectKey, pod: Pod): void {
    this.#settle(key, pod);
    this.cluster.removePod(pod.metadata.uid ?? "");
  }

  /** Counts the pod on its node until the view shows it there. `by` is the key whose plan decided it. */
  assume(pod: Pod, nodeName: string, { by, now }: { readonly by: ObjectKey; readonly now: number }): void {
    const key = keyOfObject(pod);
    this.#parked.delete(key);
    this.#assumed.set(key, { uid: pod.metadata.uid ?? "", by, untilMs: now + ASSUMED_MS });
    this.cluster.nominate(pod, null);
    this.cluster.placePod(pod, nodeName);
  }

  /** Until when a decision holds. One that was never carried out is taken back: the plan that made it has ended if it is asked again. */
  assumedUntil(pod: Pod, { by, now }: { readonly by: ObjectKey; readonly now: number }): number | undefined {
    const key = keyOfObject(pod);
    const assumed = this.#assumed.get(key);
    if (assumed === undefined) return undefined;
    if (assumed.untilMs > now && assumed.by !== by) return assumed.untilMs;
    this.#assumed.delete(key);
    this.cluster.removePod(assumed.uid);
    return undefined;
  }

  /** Until when the pod's place is kept; undefined when it has none. */
  heldUntil(pod: Pod): number | undefined {
    return this.#assumed.get(keyOfObject(pod))?.untilMs;
  }

  /** Its node is decided, whether that is seen yet or not. */
  hasPlace(pod: Pod): boolean {
    return (pod.spec.nodeName ?? "") !== "" || this.heldUntil(pod) !== undefined;
  }

  park(pod: Pod): void {
    this.#parked.set(keyOfObject(pod), this.cluster.version);
  }

  /** Nothing that could help has happened since it found no node. */
  isParked(key: ObjectKey): boolean {
    return this.#parked.get(key) === this.cluster.version;
  }

  /** Waiting pods that matter more and have not been tried since something changed, the most important first. */
  before(pod: Pod, now: number): readonly Pod[] {
    const by = keyOfObject(pod);
    const priority = pod.spec.priority ?? 0;
    const higher = [...this.#pending.keys()]
      .filter((other) => other > priority && (this.#pending.get(other)?.size ?? 0) > 0)
      .toSorted((a, b) => b - a);
    const pods = higher.flatMap((level) => [...(this.#pending.get(level)?.values() ?? [])]);
    const isDue = (other: Pod): boolean =>
      (other.spec.schedulingGates ?? []).length === 0 &&
      !this.isParked(keyOfObject(other)) &&
      this.assumedUntil(other, { by, now }) === undefined;
    return pods.filter(isDue).slice(0, MOST_BEFORE);
  }

  /** Everyone who found no node. */
  parked(): readonly ObjectKey[] {
    return [...this.#parked.keys()];
  }
}
