/** The phases of volumes: free, bound, released by a claim that is gone, and free again. Upstream's syncVolume of the persistent volume controller. */
import { timestamp } from "#base/clock.ts";
import { keyOf } from "#base/key.ts";
import { type Controller, type Plan, type Seen, watching } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { type PersistentVolumeClaim, persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import {
  type PersistentVolume,
  persistentVolumeKind,
  type PersistentVolumeStatus,
} from "#kinds/core/persistent-volume.ts";
import {
  annotationOf,
  BOUND_BY_CONTROLLER,
  BUILTIN_PROVISIONER,
  PROVISIONED_BY,
  withoutAnnotation,
} from "#kinds/storage/binding.ts";
import { patchTo, patchUnchanged, remove, warningEvent } from "./changes.ts";

export const volumePhaseController: Controller<PersistentVolume> = {
  name: "persistentvolume-phase-controller",
  kind: persistentVolumeKind,
  indexes: { claim: claimKeyOf },
  watches: [
    watching({
      kind: persistentVolumeClaimKind,
      wakes: ({ metadata }: PersistentVolumeClaim, seen: Seen) =>
        seen
          .view(persistentVolumeKind)
          .by("claim", keyOf(metadata.namespace ?? "", metadata.name))
          .map((volume) => keyOf("", volume.metadata.name)),
    }),
  ],
  plan: (_key, volume, seen, _memory, now) => (volume === undefined ? { changes: [] } : plan(volume, seen, now)),
};

function claimKeyOf({ spec: { claimRef } }: PersistentVolume): readonly string[] {
  return claimRef === undefined ? [] : [keyOf(claimRef.namespace ?? "", claimRef.name ?? "")];
}

function plan(volume: PersistentVolume, seen: Seen, now: number): Plan {
  const { claimRef, persistentVolumeReclaimPolicy: policy } = volume.spec;
  if (claimRef === undefined || (claimRef.uid ?? "") === "") return { changes: phaseChange(volume, "Available", now) };
  const found = seen.view(persistentVolumeClaimKind).get(keyOf(claimRef.namespace ?? "", claimRef.name ?? ""));
  const claim = found?.metadata.uid === claimRef.uid ? found : undefined;
  if (claim === undefined) return { changes: release(volume, now) };
  if ((claim.spec.volumeName ?? "") === "") return { changes: [] }; // The binder will finish it, or says why not.
  if (claim.spec.volumeName === volume.metadata.name) return { changes: phaseChange(volume, "Bound", now) };
  const isMade = annotationOf(volume, PROVISIONED_BY) !== undefined;
  return { changes: isMade && policy === "Delete" ? release(volume, now) : unbind(volume, now) };
}

/** Whoever made the volume deletes it when it sees it released: a node only takes its data away. Nobody does for what was made by hand. */
function release(volume: PersistentVolume, now: number): readonly Change[] {
  const phase = volume.status?.phase;
  if (phase === "Failed") return [];
  const maker = annotationOf(volume, PROVISIONED_BY);
  const isDeleted = volume.spec.persistentVolumeReclaimPolicy === "Delete";
  if (!isDeleted || maker !== undefined) {
    const released = phase === "Released" ? [] : phaseChange(volume, "Released", now);
    const isOurs = isDeleted && maker === BUILTIN_PROVISIONER && volume.metadata.deletionTimestamp === undefined;
    return isOurs ? [...released, remove(persistentVolumeKind, volume)] : released;
  }
  const message = "error getting deleter volume plugin for volume: no volume plugin matched";
  const status = { message, reason: "VolumeFailedDelete" };
  return [...phaseChange(volume, "Failed", now, status), warningEvent(volume, "VolumeFailedDelete", message)];
}

/** The claim has another volume: this one is free again, or stays promised to it where an administrator said so. */
function unbind(volume: PersistentVolume, now: number): readonly Change[] {
  const { claimRef: { uid: _uid, ...reference } = {}, ...spec } = volume.spec;
  const isOurs = annotationOf(volume, BOUND_BY_CONTROLLER) !== undefined;
  const next = isOurs
    ? withoutAnnotation({ ...volume, spec }, BOUND_BY_CONTROLLER)
    : { ...volume, spec: { ...spec, claimRef: reference } };
  return [...patchUnchanged(persistentVolumeKind, volume, next), ...phaseChange(volume, "Available", now)];
}

function phaseChange(
  volume: PersistentVolume,
  phase: NonNullable<PersistentVolumeStatus["phase"]>,
  now: number,
  told: Pick<PersistentVolumeStatus, "message" | "reason"> = {},
): readonly Change[] {
  if (volume.status?.phase === phase) return [];
  const status = { ...told, phase, lastPhaseTransitionTime: timestamp(now) };
  return patchTo(persistentVolumeKind, volume, { ...volume, status }, "status");
}
