/** Owner references: writing one, and changing those that an object has. What becomes of dependents is the garbage collector's. Pure. */
import { apiVersionOf, type Kind } from "./kind.ts";
import { controllerOf, type KubeObject, type OwnerReference } from "./object.ts";

/** The reference by which `owner` controls what it made (metav1.NewControllerRef). */
export function controllerReference<T extends KubeObject>(kind: Kind<T>, owner: T): OwnerReference {
  const { name, uid = "" } = owner.metadata;
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** The owner that controls the object, if it is of this kind in whichever version. */
export function controllerOfKind<T extends KubeObject>(kind: Kind<T>, object: KubeObject): OwnerReference | undefined {
  const owner = controllerOf(object);
  return owner?.kind === kind.kind && groupOf(owner.apiVersion) === kind.group ? owner : undefined;
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
}

/** The object with these owners and no others; without the member when there are none. */
export function withOwners<T extends KubeObject>(object: T, references: readonly OwnerReference[]): T {
  const { ownerReferences: _before, ...metadata } = object.metadata;
  return { ...object, metadata: references.length === 0 ? metadata : { ...metadata, ownerReferences: references } };
}

/** The object with one owner more. */
export function withOwner<T extends KubeObject>(object: T, reference: OwnerReference): T {
  return withOwners(object, [...(object.metadata.ownerReferences ?? []), reference]);
}

/** The object without the owner that has this uid. */
export function withoutOwner<T extends KubeObject>(object: T, uid: string): T {
  const { ownerReferences = [] } = object.metadata;
  return withOwners(
    object,
    ownerReferences.filter((reference) => reference.uid !== uid),
  );
}
