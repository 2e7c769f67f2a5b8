/** What new claims and volumes get: the default class and the finalizers that protect them. Upstream's DefaultStorageClass and StorageObjectInUseProtection. */
import { keyOf } from "#base/key.ts";
import { OLD_CLASS } from "#kinds/core/claim-rules.ts";
import {
  classOf,
  type PersistentVolumeClaim,
  persistentVolumeClaimKind,
  requestedBytes,
} from "#kinds/core/persistent-volume-claim.ts";
import { persistentVolumeKind } from "#kinds/core/persistent-volume.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { CLAIM_PROTECTION, VOLUME_PROTECTION } from "#kinds/storage/protection.ts";
import { defaultClassOf, storageClassKind } from "#kinds/storage/storage-class.ts";
import { type Admission, NO_REMARKS } from "./admission.ts";
import { forbidden } from "./refusals.ts";

export const defaultStorageClass: Admission<PersistentVolumeClaim> = {
  name: "DefaultStorageClass",
  kinds: [persistentVolumeClaimKind],
  on: ["create"],
  admit({ object: claim }, present) {
    const { spec, metadata } = claim;
    if (spec.storageClassName !== undefined || metadata.annotations?.[OLD_CLASS] !== undefined) return claim;
    const found = defaultClassOf(present.list(storageClassKind));
    return found === undefined ? claim : { ...claim, spec: { ...spec, storageClassName: found.metadata.name } };
  },
};

export const claimResize: Admission<PersistentVolumeClaim> = {
  name: "PersistentVolumeClaimResize",
  kinds: [persistentVolumeClaimKind],
  on: ["update"],
  review({ kind, object: next, live }, present) {
    if (live === null || requestedBytes(next) <= requestedBytes(live)) return NO_REMARKS;
    const { name } = next.metadata;
    if (live.status?.phase !== "Bound")
      throw forbidden(kind, name, "Only bound persistent volume claims can be expanded");
    if (present.get(storageClassKind, keyOf("", classOf(next)))?.allowVolumeExpansion === true) return NO_REMARKS;
    const why =
      "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
    throw forbidden(kind, name, why);
  },
};

export const storageProtection: readonly Admission[] = [
  protection(persistentVolumeClaimKind, CLAIM_PROTECTION),
  protection(persistentVolumeKind, VOLUME_PROTECTION),
];

function protection<T extends KubeObject>(kind: Kind<T>, finalizer: string): Admission<T> {
  return {
    name: "StorageObjectInUseProtection",
    kinds: [kind],
    on: ["create"],
    admit({ object }) {
      const { finalizers = [] } = object.metadata;
      if (finalizers.includes(finalizer)) return object;
      return { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, finalizer] } };
    },
  };
}
