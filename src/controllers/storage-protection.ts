/** Claims in use by pods and volumes in use by claims are not removed: their finalizers go when nobody uses them any more. */
import { type Controller, type Plan, type Seen, watching } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { type PersistentVolumeClaim, persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import { type PersistentVolume, persistentVolumeKind } from "#kinds/core/persistent-volume.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import type { Kind } from "#kinds/kind.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import { CLAIM_PROTECTION, VOLUME_PROTECTION } from "#kinds/storage/protection.ts";
import { patchTo } from "./changes.ts";
import { hasEnded } from "./pod-facts.ts";
import { claimsOfPod } from "./seen-storage.ts";

export const claimProtection: Controller<PersistentVolumeClaim> = {
  name: "pvc-protection-controller",
  kind: persistentVolumeClaimKind,
  watches: [watching({ kind: podKind, indexes: { claim: claimsOfPod }, wakes: claimsOfPod })],
  plan: (_key, claim, seen) => planOf(persistentVolumeClaimKind, claim, CLAIM_PROTECTION, () => isUsed(claim, seen)),
};

export const volumeProtection: Controller<PersistentVolume> = {
  name: "pv-protection-controller",
  kind: persistentVolumeKind,
  plan: (_key, volume) =>
    planOf(persistentVolumeKind, volume, VOLUME_PROTECTION, () => volume?.status?.phase === "Bound"),
};

/** By a pod that has a node and has not ended: one that still waits for a node does not get one while its claim is ending. */
function isUsed(claim: PersistentVolumeClaim | undefined, seen: Seen): boolean {
  if (claim === undefined) return false;
  const users = seen.view(podKind).by("claim", keyOfObject(claim));
  return users.some((pod: Pod) => (pod.spec.nodeName ?? "") !== "" && !hasEnded(pod));
}

function planOf<T extends KubeObject>(
  kind: Kind<T>,
  object: T | undefined,
  finalizer: string,
  isInUse: () => boolean,
): Plan {
  if (object === undefined) return { changes: [] };
  const { finalizers = [], deletionTimestamp } = object.metadata;
  const isHeld = finalizers.includes(finalizer);
  // Only what was made before the admission that adds it has none.
  if (deletionTimestamp === undefined)
    return { changes: isHeld ? [] : finalized(kind, object, [...finalizers, finalizer]) };
  if (!isHeld || isInUse()) return { changes: [] };
  return {
    changes: finalized(
      kind,
      object,
      finalizers.filter((each) => each !== finalizer),
    ),
  };
}

function finalized<T extends KubeObject>(kind: Kind<T>, object: T, finalizers: readonly string[]): readonly Change[] {
  return patchTo(kind, object, { ...object, metadata: { ...object.metadata, finalizers } });
}
