/** Claims that ask for more get it: the volume's capacity first, then its node makes the file system larger. Upstream's external-resizer. */
import { keyOf } from "#base/key.ts";
import { units } from "#base/quantity.ts";
import type { Controller, Plan, Seen } from "#deck/controller.ts";
import { withCondition } from "#kinds/conditions.ts";
import {
  type PersistentVolumeClaim,
  persistentVolumeClaimKind,
  requestedBytes,
} from "#kinds/core/persistent-volume-claim.ts";
import { persistentVolumeKind } from "#kinds/core/persistent-volume.ts";
import { annotationOf, BUILTIN_PROVISIONER, isFullyBound, PROVISIONED_BY } from "#kinds/storage/binding.ts";
import { RESIZE_PENDING } from "#kinds/storage/resize.ts";
import { normalEvent, patchTo } from "./changes.ts";

export const claimExpansion: Controller<PersistentVolumeClaim> = {
  name: "volume-expand-controller",
  kind: persistentVolumeClaimKind,
  watches: [{ kind: persistentVolumeKind, wakes: () => [] }],
  plan: (_key, claim, seen, _memory, now) => (claim === undefined ? { changes: [] } : plan(claim, seen, now)),
};

/** Only volumes of the built-in provisioner: those of others have their own resizer. */
function plan(claim: PersistentVolumeClaim, seen: Seen, now: number): Plan {
  const volume = seen.view(persistentVolumeKind).get(keyOf("", claim.spec.volumeName ?? ""));
  const isOurs = volume !== undefined && annotationOf(volume, PROVISIONED_BY) === BUILTIN_PROVISIONER;
  const wanted = claim.spec.resources?.requests?.["storage"] ?? "0";
  const has = claim.status?.capacity?.["storage"];
  if (!isOurs || !isFullyBound(claim) || has === undefined || requestedBytes(claim) <= units(has))
    return { changes: [] };
  const capacity = { ...volume.spec.capacity, storage: wanted };
  const pending = {
    type: RESIZE_PENDING,
    status: "True" as const,
    message: "Waiting for user to (re-)start a pod to finish file system resize of volume on node.",
  };
  const conditions = withCondition(claim.status?.conditions, pending, now);
  const grown =
    requestedBytes(claim) > units(volume.spec.capacity?.["storage"] ?? "0")
      ? patchTo(persistentVolumeKind, volume, { ...volume, spec: { ...volume.spec, capacity } })
      : [];
  const told = patchTo(
    persistentVolumeClaimKind,
    claim,
    { ...claim, status: { ...claim.status, conditions } },
    "status",
  );
  const about = "Require file system resize of volume on node";
  return {
    changes: [...grown, ...told, ...(told.length > 0 ? [normalEvent(claim, "FileSystemResizeRequired", about)] : [])],
  };
}
