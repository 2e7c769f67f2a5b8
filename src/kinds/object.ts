/** What every object has: metav1.TypeMeta and ObjectMeta, conditions, references. Never the shape of one kind. */
import type { Json } from "#base/json.ts";
import { keyOf, type ObjectKey } from "#base/key.ts";

export type KubeObject = {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
};

export type ObjectMeta = {
  readonly name: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly ManagedFields[];
};

export type OwnerReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
};

export type ManagedFields = {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly time?: string;
  readonly fieldsType: "FieldsV1";
  readonly fieldsV1: Json;
  readonly subresource?: string;
};

/** metav1.Condition; older kinds leave out observedGeneration and add probe and heartbeat times. */
export type Condition = {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly lastUpdateTime?: string;
  readonly lastProbeTime?: string | null;
  readonly lastHeartbeatTime?: string;
  readonly observedGeneration?: number;
};

/** What every object has once it is stored; clients may leave it out, readers need not ask whether it is there. */
export type LiveMeta = ObjectMeta & {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
};

/** An object that was read. */
export type Live<T extends KubeObject = KubeObject> = T & { readonly metadata: LiveMeta };

/** "" for objects of the cluster, as in keys and paths. */
export function namespaceOf({ metadata }: KubeObject): string {
  return metadata.namespace ?? "";
}

export function keyOfObject(object: KubeObject): ObjectKey {
  return keyOf(namespaceOf(object), object.metadata.name);
}

/** The owner that controls the object, if any. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}
