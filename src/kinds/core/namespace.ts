/** Namespace. */
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, text } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { seenByAll } from "#kinds/roles.ts";
import { finalizePath, statusPath } from "#kinds/subresources.ts";
import { dnsLabelFault } from "#kinds/rules/names.ts";
import type { Condition, KubeObject } from "#kinds/object.ts";

export type Namespace = KubeObject & {
  readonly spec?: { readonly finalizers?: readonly string[] };
  readonly status?: { readonly phase?: "Active" | "Terminating"; readonly conditions?: readonly Condition[] };
};

export const namespaceKind: Kind<Namespace> = builtinKind<Namespace>({
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  shortNames: ["ns"],
  scope: "Cluster",
  roles: seenByAll,
  countsGenerations: false,
  specFinalizers: ({ spec }) => spec?.finalizers ?? [],
  onMarked: (namespace) => ({ ...namespace, status: { ...namespace.status, phase: "Terminating" } }),
  type: "io.k8s.api.core.v1.Namespace",
  subresources: [statusPath, finalizePath],
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  columns: [text("Status", (namespace) => namespace.status?.phase ?? ""), ageColumn],
  checkName: dnsLabelFault,
  selectableFields: { "status.phase": (namespace) => namespace.status?.phase ?? "" },
});
