/** What a pod's claims ask of its node, and what must be written before it may be bound there: upstream's plugin VolumeBinding. Pure. */
import { member } from "#base/dictionary.ts";
import type { Node } from "#kinds/core/node.ts";
import { classOf, clonedClaimOf, type PersistentVolumeClaim } from "#kinds/core/persistent-volume-claim.ts";
import type { PersistentVolume } from "#kinds/core/persistent-volume.ts";
import { claimsOf, type PodClaim, strangerFault } from "#kinds/core/pod-claims.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { annotationOf, isFullyBound, NO_PROVISIONER, SELECTED_NODE } from "#kinds/storage/binding.ts";
import type { StorageClass } from "#kinds/storage/storage-class.ts";
import { freeVolumes, isReachableFrom } from "./volume-match.ts";

/** What is there of storage. */
export interface Storage {
  /** In the pod's namespace. */
  claim(name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumes(): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  /** Whether another pod that has a node uses the claim. */
  isUsedByOther(claimName: string): boolean;
}

export type PodVolumes =
  /** No node can be looked for yet, and why. */
  | { readonly waitsFor: string }
  | {
      /** Why a node does not suit, in upstream's words; null when it does. */
      faultOn(node: Node): string | null;
      /** What a node that suits would bring. */
      planOn(node: Node): VolumePlan;
    };

export interface VolumePlan {
  /** Volumes that are there, to be promised to claims that wait for their first consumer. */
  readonly promises: readonly { readonly volume: PersistentVolume; readonly claim: PersistentVolumeClaim }[];
  /** Claims for which a volume is to be made on the node. */
  readonly provisions: readonly PersistentVolumeClaim[];
}

// Upstream's ErrReason… of the plugin.
const NODE_CONFLICT = "node(s) didn't match PersistentVolume's node affinity";
const BIND_CONFLICT = "node(s) didn't find available persistent volumes to bind";
const NO_VOLUME = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";
// Upstream's ErrReasonReadWriteOncePodConflict of the plugin VolumeRestrictions.
const OTHER_POD =
  "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod";
const UNBOUND = "pod has unbound immediate PersistentVolumeClaims";

/** Null for the many pods that use no claim. */
export function volumesOfPod(pod: Pod, storage: Storage): PodVolumes | null {
  const used = claimsOf(pod);
  if (used.length === 0) return null;
  const claims: PersistentVolumeClaim[] = [];
  for (const each of used) {
    const claim = storage.claim(each.claimName);
    const problem = problemOf(pod, each, claim);
    if (claim === undefined || problem !== null) return { waitsFor: problem ?? UNBOUND };
    claims.push(claim);
  }
  const waiting = claims.filter((claim) => !isFullyBound(claim));
  if (!waiting.every((claim) => isDelayed(claim, storage))) return { waitsFor: UNBOUND };
  const isTaken = claims.some(
    ({ metadata, spec }) =>
      spec.accessModes?.includes("ReadWriteOncePod") === true && storage.isUsedByOther(metadata.name),
  );
  return isTaken ? TAKEN : new Wanted(claims.filter(isFullyBound), waiting, storage);
}

const TAKEN: PodVolumes = { faultOn: () => OTHER_POD, planOn: () => ({ promises: [], provisions: [] }) };

function problemOf(
  pod: Pod,
  { claimName: name, isEphemeral }: PodClaim,
  claim: PersistentVolumeClaim | undefined,
): string | null {
  if (claim === undefined)
    return isEphemeral
      ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
      : `persistentvolumeclaim "${name}" not found`;
  if (claim.status?.phase === "Lost")
    return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName ?? ""}"`;
  if (claim.metadata.deletionTimestamp !== undefined) return `persistentvolumeclaim "${name}" is being deleted`;
  return isEphemeral ? strangerFault(pod, claim) : null;
}

/** Left by the binder to the scheduler. */
export function isDelayed(claim: PersistentVolumeClaim, storage: Pick<Storage, "storageClass">): boolean {
  if ((claim.spec.volumeName ?? "") !== "") return false;
  return storage.storageClass(classOf(claim))?.volumeBindingMode === "WaitForFirstConsumer";
}

class Wanted {
  readonly #volumes: readonly (PersistentVolume | undefined)[];
  readonly #waiting: readonly { readonly claim: PersistentVolumeClaim; readonly free: readonly PersistentVolume[] }[];
  readonly #storage: Storage;

  constructor(bound: readonly PersistentVolumeClaim[], waiting: readonly PersistentVolumeClaim[], storage: Storage) {
    this.#volumes = bound.map(({ spec }) => storage.volume(spec.volumeName ?? ""));
    // Sorted out once for all nodes.
    this.#waiting = waiting.map((claim) => ({ claim, free: freeVolumes(claim, storage.volumes()) }));
    this.#storage = storage;
  }

  faultOn(node: Node): string | null {
    if (this.#volumes.includes(undefined)) return NO_VOLUME;
    if (!this.#volumes.every((volume) => volume === undefined || isReachableFrom(volume, node))) return NODE_CONFLICT;
    return this.#match(node) === null ? BIND_CONFLICT : null;
  }

  planOn(node: Node): VolumePlan {
    return this.#match(node) ?? { promises: [], provisions: [] };
  }

  /** Null when a claim can get no volume there. */
  #match(node: Node): VolumePlan | null {
    const promises: { readonly volume: PersistentVolume; readonly claim: PersistentVolumeClaim }[] = [];
    const provisions: PersistentVolumeClaim[] = [];
    for (const { claim, free } of this.#waiting) {
      const selected = annotationOf(claim, SELECTED_NODE);
      if (selected !== undefined && selected !== node.metadata.name) return null;
      const isTaken = (volume: PersistentVolume): boolean => promises.some((other) => other.volume === volume);
      const volume = free.find((each) => !isTaken(each) && isReachableFrom(each, node));
      if (selected === undefined && volume !== undefined) promises.push({ volume, claim });
      else if (this.#canProvision(claim, node)) provisions.push(claim);
      else return null;
    }
    return { promises, provisions };
  }

  #canProvision(claim: PersistentVolumeClaim, node: Node): boolean {
    const found = this.#storage.storageClass(classOf(claim));
    if (found === undefined || found.provisioner === NO_PROVISIONER) return false;
    return isAllowed(node, found.allowedTopologies) && this.#reachesSource(claim, node);
  }

  /** A copy is made where the original is. */
  #reachesSource(claim: PersistentVolumeClaim, node: Node): boolean {
    const name = clonedClaimOf(claim);
    if (name === undefined) return true;
    const volume = this.#storage.volume(this.#storage.claim(name)?.spec.volumeName ?? "");
    return volume !== undefined && isReachableFrom(volume, node);
  }
}

/** MatchTopologySelectorTerms: no terms allow every node. */
export function isAllowed({ metadata }: Node, terms: StorageClass["allowedTopologies"] = []): boolean {
  return (
    terms.length === 0 ||
    terms.some(({ matchLabelExpressions = [] }) =>
      matchLabelExpressions.every(({ key, values }) => values.includes(member(metadata.labels, key) ?? "")),
    )
  );
}
