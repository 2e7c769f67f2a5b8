/** Namespaces as admission sees them: objects need a living one, and a new one gets its finalizer and its name label. */
import { nameOf } from "#base/key.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { Namespace } from "#kinds/core/namespace.ts";
import type { AdmissionRequest, Present } from "./admission.ts";
import { namespaceTerminating, notFound } from "./refusals.ts";
import { storageOf } from "./registry.ts";

const NAMESPACES = "core/namespaces";

/** Nothing is created in a namespace that is not there or that is going. */
export function admitNamespaced({ kind, key, object, live }: AdmissionRequest, present: Present): KubeObject {
  if (live !== null || kind.scope === "Cluster" || kind.isEphemeral) return object;
  const { namespace, name } = nameOf(key);
  const home = present.get(NAMESPACES, `/${namespace}`);
  if (home === undefined) throw notFound({ ...kind, group: "", plural: "namespaces" }, namespace);
  if (home.metadata.deletionTimestamp !== undefined) throw namespaceTerminating(kind, name, namespace);
  return object;
}

// Without these two the cluster cannot work, so they cannot be deleted either (NamespaceLifecycle).
const IMMORTAL: ReadonlySet<string> = new Set(["default", "kube-system", "kube-public"]);

export function isImmortal(storage: string, name: string): boolean {
  return storage === NAMESPACES && IMMORTAL.has(name);
}

export function admitNamespace({ kind, object, live, subresource }: AdmissionRequest): KubeObject {
  if (storageOf(kind) !== NAMESPACES) return object;
  const namespace = object as Namespace;
  const metadata = {
    ...namespace.metadata,
    labels: { ...namespace.metadata.labels, "kubernetes.io/metadata.name": namespace.metadata.name },
  };
  if (live === null)
    return { ...namespace, metadata, spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } } as Namespace;
  if (subresource !== undefined) return object;
  return { ...namespace, metadata, spec: (live as Namespace).spec ?? {} } as Namespace;
}
