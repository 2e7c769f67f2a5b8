/** Namespaces as admission sees them: objects need a living one, a new one gets its finalizer and its name label, some cannot go. */
import { nameOf } from "#base/key.ts";
import { type Namespace, namespaceKind } from "#kinds/core/namespace.ts";
import { type Admission, NO_REMARKS } from "./admission.ts";
import { forbidden, namespaceTerminating, notFound } from "./refusals.ts";

/** Nothing is created in a namespace that is not there or that is going. */
export const livingNamespace: Admission = {
  name: "NamespaceLifecycle",
  kinds: "all",
  on: ["create"],
  admit({ kind, key, object }, present) {
    if (kind.scope === "Cluster" || kind.isEphemeral) return object;
    const { namespace, name } = nameOf(key);
    const home = present.get(namespaceKind, `/${namespace}`);
    if (home === undefined) throw notFound(namespaceKind, namespace);
    if (home.metadata.deletionTimestamp !== undefined) throw namespaceTerminating(kind, name, namespace);
    return object;
  },
};

// Without these two the cluster cannot work, so they cannot be deleted either (NamespaceLifecycle).
const IMMORTAL: ReadonlySet<string> = new Set(["default", "kube-system", "kube-public"]);

export const immortalNamespaces: Admission<Namespace> = {
  name: "NamespaceLifecycle",
  kinds: [namespaceKind],
  on: ["delete"],
  review({ kind, object: { metadata } }) {
    if (IMMORTAL.has(metadata.name)) throw forbidden(kind, metadata.name, "this namespace may not be deleted");
    return NO_REMARKS;
  },
};

/** What upstream's namespace strategy and the admission plugin do: only the path "finalize" changes the spec. */
export const namespaceMarks: Admission<Namespace> = {
  name: "NamespaceMarks",
  kinds: [namespaceKind],
  on: ["create", "update"],
  admit({ object: namespace, live }) {
    const metadata = {
      ...namespace.metadata,
      labels: { ...namespace.metadata.labels, "kubernetes.io/metadata.name": namespace.metadata.name },
    };
    if (live === null)
      return { ...namespace, metadata, spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } };
    return { ...namespace, metadata, spec: live.spec ?? {} };
  },
};
