/** Claims get their volumes: promised, free, or to be made by a provisioner. Upstream's syncClaim of the persistent volume controller. */
import { keyOf, type ObjectKey } from "#base/key.ts";
import { type Controller, type Plan, type Seen, watching } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { isTrueOf } from "#kinds/conditions.ts";
import { OLD_CLASS } from "#kinds/core/claim-rules.ts";
import {
  classOf,
  type PersistentVolumeClaim,
  persistentVolumeClaimKind,
  type PersistentVolumeClaimStatus,
} from "#kinds/core/persistent-volume-claim.ts";
import { type PersistentVolume, persistentVolumeKind } from "#kinds/core/persistent-volume.ts";
import { nodeKind } from "#kinds/core/node.ts";
import { podKind } from "#kinds/core/pod.ts";
import { keyOfObject, namespaceOf } from "#kinds/object.ts";
import {
  annotationOf,
  BETA_STORAGE_PROVISIONER,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  BUILTIN_PROVISIONER,
  claimReference,
  isBoundTo,
  NO_PROVISIONER,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  withAnnotation,
} from "#kinds/storage/binding.ts";
import { defaultClassOf, type StorageClass, storageClassKind } from "#kinds/storage/storage-class.ts";
import { isAllowed, isDelayed, type Storage } from "#scheduler/pod-volumes.ts";
import { bestVolume, mismatch } from "#scheduler/volume-match.ts";
import { hash32, normalEvent, patchTo, patchUnchanged, warningEvent } from "./changes.ts";
import { hasEnded } from "./pod-facts.ts";
import { claimsOfPod, seenStorage } from "./seen-storage.ts";

const waiting = (claim: PersistentVolumeClaim): readonly string[] =>
  annotationOf(claim, BIND_COMPLETED) === undefined ? ["yes"] : [];

export const claimBinder: Controller<PersistentVolumeClaim> = {
  name: "persistentvolume-controller",
  kind: persistentVolumeClaimKind,
  indexes: { waiting },
  watches: [
    watching({ kind: persistentVolumeKind, wakes: wokenBy }),
    watching({ kind: storageClassKind, wakes: (_class, seen) => waitingKeys(seen) }),
    // A node's heartbeats wake nobody: whoever found none looks again after a while.
    watching({ kind: nodeKind, wakes: () => [] }),
    watching({ kind: podKind, indexes: { claim: claimsOfPod }, wakes: claimsOfPod }),
  ],
  plan: (_key, claim, seen, _memory, now) => (claim === undefined ? { changes: [] } : plan(claim, seen, now)),
};

function waitingKeys(seen: Seen): readonly ObjectKey[] {
  return seen.view(persistentVolumeClaimKind).by("waiting", "yes").map(keyOfObject);
}

/** A volume that nobody has may be what any waiting claim waits for. */
function wokenBy({ spec: { claimRef } }: PersistentVolume, seen: Seen): readonly ObjectKey[] {
  return claimRef === undefined ? waitingKeys(seen) : [keyOf(claimRef.namespace ?? "", claimRef.name ?? "")];
}

// Upstream's resync period of the controller.
const AGAIN_MS = 15_000;

function plan(claim: PersistentVolumeClaim, seen: Seen, now: number): Plan {
  const storage = seenStorage(seen, namespaceOf(claim));
  if (annotationOf(claim, BIND_COMPLETED) !== undefined) return { changes: keepBound(claim, storage) };
  const { volumeName = "" } = claim.spec;
  const changes = volumeName === "" ? find(claim, storage, seen) : takeNamed(claim, storage);
  return changes.some((change) => change.verb === "event" && change.reason === "ProvisioningFailed")
    ? { changes, againAtMs: now + AGAIN_MS }
    : { changes };
}

/** Whose volume is gone or somebody else's is lost, for good. */
function keepBound(claim: PersistentVolumeClaim, storage: Storage): readonly Change[] {
  const { volumeName = "" } = claim.spec;
  const volume = storage.volume(volumeName);
  if (volumeName === "")
    return lost(claim, "ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!");
  if (volume === undefined)
    return lost(claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
  const { claimRef } = volume.spec;
  if (claimRef !== undefined && claimRef.uid !== claim.metadata.uid)
    return lost(claim, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly");
  return bind(volume, claim);
}

function lost(claim: PersistentVolumeClaim, reason: string, message: string): readonly Change[] {
  const changes = statusChange(claim, { phase: "Lost" });
  return changes.length === 0 ? [] : [...changes, warningEvent(claim, reason, message)];
}

/** syncUnboundClaim of a claim that names no volume. */
function find(claim: PersistentVolumeClaim, storage: Storage, seen: Seen): readonly Change[] {
  const promisedOnly = isDelayed(claim, storage);
  const volume = bestVolume(claim, storage.volumes(), { promisedOnly });
  if (volume !== undefined) return bind(volume, claim);
  const given = withDefaultClass(claim, seen);
  if (given !== claim) return patchTo(persistentVolumeClaimKind, claim, given);
  const pending = statusChange(claim, { phase: "Pending" });
  if (promisedOnly && annotationOf(claim, SELECTED_NODE) === undefined)
    return [...pending, waitsForConsumer(claim, seen)];
  if (classOf(claim) !== "") return provision(claim, storage, seen);
  const why = "no persistent volumes available for this claim and no storage class is set";
  return [...pending, normalEvent(claim, "FailedBinding", why)];
}

/** KEP-3333: a claim that was there before the default class gets it as soon as there is one. */
function withDefaultClass(claim: PersistentVolumeClaim, seen: Seen): PersistentVolumeClaim {
  if (claim.spec.storageClassName !== undefined || annotationOf(claim, OLD_CLASS) !== undefined) return claim;
  const found = defaultClassOf(seen.view(storageClassKind).list());
  return found === undefined ? claim : { ...claim, spec: { ...claim.spec, storageClassName: found.metadata.name } };
}

function waitsForConsumer(claim: PersistentVolumeClaim, seen: Seen): Change {
  const users = seen.view(podKind).by("claim", keyOfObject(claim));
  const names = users
    .filter((pod) => (pod.spec.nodeName ?? "") === "" && !hasEnded(pod))
    .map(({ metadata }) => metadata.name);
  if (names.length === 0)
    return normalEvent(claim, "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
  const pods = `${names.length > 1 ? "pods" : "pod"} ${names.join(",")}`;
  return normalEvent(claim, "WaitForPodScheduled", `waiting for ${pods} to be scheduled`);
}

/** Names the provisioner that is to make a volume, by the annotations that provisioners look for. */
function provision(claim: PersistentVolumeClaim, storage: Storage, seen: Seen): readonly Change[] {
  const name = classOf(claim);
  const found = storage.storageClass(name);
  if (found === undefined)
    return [warningEvent(claim, "ProvisioningFailed", `storageclass.storage.k8s.io "${name}" not found`)];
  const { provisioner } = found;
  if (provisioner === NO_PROVISIONER) return [];
  const placed = provisioner === BUILTIN_PROVISIONER ? withNode(claim, found, seen) : claim;
  if (placed === null) return [warningEvent(claim, "ProvisioningFailed", "no node is ready that the class allows")];
  const told = withAnnotation(
    withAnnotation(placed, BETA_STORAGE_PROVISIONER, provisioner),
    STORAGE_PROVISIONER,
    provisioner,
  );
  const changes = patchTo(persistentVolumeClaimKind, claim, told);
  if (changes.length === 0) return [];
  const message =
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system ` +
    "administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.";
  return [...changes, normalEvent(claim, "ExternalProvisioning", message)];
}

/** A folder lies on some node: where the class waits for no consumer, one of those that are ready, by the claim's uid. Null when there is none. */
function withNode(
  claim: PersistentVolumeClaim,
  { allowedTopologies }: StorageClass,
  seen: Seen,
): PersistentVolumeClaim | null {
  if (annotationOf(claim, SELECTED_NODE) !== undefined) return claim;
  const ready = seen
    .view(nodeKind)
    .list()
    .filter((node) => isTrueOf(node.status?.conditions, "Ready") && node.spec?.unschedulable !== true)
    .filter((node) => isAllowed(node, allowedTopologies))
    .map(({ metadata }) => metadata.name)
    .toSorted((a, b) => (a < b ? -1 : 1));
  const node = ready[hash32(claim.metadata.uid ?? "") % ready.length];
  return node === undefined ? null : withAnnotation(claim, SELECTED_NODE, node);
}

/** syncUnboundClaim of a claim that names its volume. */
function takeNamed(claim: PersistentVolumeClaim, storage: Storage): readonly Change[] {
  const volume = storage.volume(claim.spec.volumeName ?? "");
  const pending = statusChange(claim, { phase: "Pending" });
  if (volume === undefined) return pending;
  const { name } = volume.metadata;
  if (volume.spec.claimRef === undefined) {
    const why = mismatch(volume, claim);
    if (why === null) return bind(volume, claim);
    return [...pending, warningEvent(claim, "VolumeMismatch", `Cannot bind to requested volume "${name}": ${why}`)];
  }
  if (isBoundTo(volume, claim)) return bind(volume, claim);
  return [...pending, warningEvent(claim, "FailedBinding", `volume "${name}" already bound to a different claim.`)];
}

/** The volume first: until the claim knows of it too, either side may be read anew and finished. */
function bind(volume: PersistentVolume, claim: PersistentVolumeClaim): readonly Change[] {
  return [
    ...patchUnchanged(persistentVolumeKind, volume, boundVolume(volume, claim)),
    ...patchTo(persistentVolumeClaimKind, claim, boundClaim(claim, volume)),
    ...statusChange(claim, {
      phase: "Bound",
      ...(volume.spec.accessModes && { accessModes: volume.spec.accessModes }),
      // What the claim's file system has may be less than the volume: only becoming bound sets it.
      ...capacityOf(claim, volume),
    }),
  ];
}

function capacityOf(
  { status }: PersistentVolumeClaim,
  { spec }: PersistentVolume,
): Pick<PersistentVolumeClaimStatus, "capacity"> {
  const capacity = status?.phase === "Bound" ? status.capacity : spec.capacity;
  return capacity === undefined ? {} : { capacity };
}

function boundVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const { claimRef } = volume.spec;
  if (claimRef?.uid === claim.metadata.uid) return volume;
  const bound = { ...volume, spec: { ...volume.spec, claimRef: claimReference(claim) } };
  return claimRef === undefined ? withAnnotation(bound, BOUND_BY_CONTROLLER, "yes") : bound;
}

function boundClaim(claim: PersistentVolumeClaim, volume: PersistentVolume): PersistentVolumeClaim {
  const { name } = volume.metadata;
  const named =
    claim.spec.volumeName === name
      ? claim
      : withAnnotation({ ...claim, spec: { ...claim.spec, volumeName: name } }, BOUND_BY_CONTROLLER, "yes");
  return withAnnotation(named, BIND_COMPLETED, "yes");
}

/** Conditions are others'; what the status does not name is gone from it. */
function statusChange(claim: PersistentVolumeClaim, told: PersistentVolumeClaimStatus): readonly Change[] {
  const { accessModes: _modes, capacity: _capacity, ...kept } = claim.status ?? {};
  return patchTo(persistentVolumeClaimKind, claim, { ...claim, status: { ...kept, ...told } }, "status");
}
