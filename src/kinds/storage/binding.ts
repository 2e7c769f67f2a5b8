/** What the binder, the scheduler and provisioners tell each other of a claim and its volume, by annotations and references. Pure. */
import type { PersistentVolumeClaim } from "#kinds/core/persistent-volume-claim.ts";
import type { PersistentVolume } from "#kinds/core/persistent-volume.ts";
import type { ObjectReference } from "#kinds/object-reference.ts";
import { type KubeObject, namespaceOf } from "#kinds/object.ts";

// k8s.io/component-helpers/storage/volume.
export const BIND_COMPLETED = "pv.kubernetes.io/bind-completed";
export const BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller";
export const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";
export const SELECTED_NODE = "volume.kubernetes.io/selected-node";
export const STORAGE_PROVISIONER = "volume.kubernetes.io/storage-provisioner";
export const BETA_STORAGE_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner";

/** The provisioner of classes whose volumes administrators make by hand. */
export const NO_PROVISIONER = "kubernetes.io/no-provisioner";
/** The one that is built in: each node makes the volumes for the claims that the scheduler has sent to it. */
export const BUILTIN_PROVISIONER = "catamaran.dev/local";

export function annotationOf({ metadata }: KubeObject, name: string): string | undefined {
  return metadata.annotations?.[name];
}

export function withAnnotation<T extends KubeObject>(object: T, name: string, value: string): T {
  const annotations = { ...object.metadata.annotations, [name]: value };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

export function withoutAnnotation<T extends KubeObject>(object: T, name: string): T {
  const { [name]: _gone, ...annotations } = object.metadata.annotations ?? {};
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** IsVolumeBoundToClaim: also of a volume that was only promised to a claim of this name. */
export function isBoundTo({ spec: { claimRef } }: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  if (claimRef?.name !== claim.metadata.name || claimRef.namespace !== namespaceOf(claim)) return false;
  return (claimRef.uid ?? "") === "" || claimRef.uid === claim.metadata.uid;
}

/** Both sides know of each other. */
export function isFullyBound(claim: PersistentVolumeClaim): boolean {
  return (claim.spec.volumeName ?? "") !== "" && annotationOf(claim, BIND_COMPLETED) !== undefined;
}

export function claimReference({ metadata }: PersistentVolumeClaim): ObjectReference {
  const { name, namespace = "", uid, resourceVersion } = metadata;
  return {
    kind: "PersistentVolumeClaim",
    namespace,
    name,
    apiVersion: "v1",
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
}
