/** Role, ClusterRole and their bindings. */
import { ageColumn, createdAtColumn, text, wide } from "./columns.ts";
import { builtinKind } from "./builtin.ts";
import type { Column, Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";
import type { LabelSelector } from "#base/selector.ts";

export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

export interface Role extends KubeObject {
  readonly rules?: readonly PolicyRule[] | null;
}

export interface ClusterRole extends KubeObject {
  readonly rules?: readonly PolicyRule[] | null;
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly LabelSelector[] };
}

export interface RoleRef {
  readonly apiGroup: string;
  readonly kind: string;
  readonly name: string;
}

export interface Subject {
  readonly kind: string;
  readonly apiGroup?: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface RoleBinding extends KubeObject {
  readonly subjects?: readonly Subject[];
  readonly roleRef: RoleRef;
}

export interface ClusterRoleBinding extends KubeObject {
  readonly subjects?: readonly Subject[];
  readonly roleRef: RoleRef;
}

const group = "rbac.authorization.k8s.io";
const version = "v1";

export const roleKind: Kind<Role> = builtinKind<Role>({
  group,
  version,
  kind: "Role",
  plural: "roles",
  scope: "Namespaced",
  type: "io.k8s.api.rbac.v1.Role",
  columns: [createdAtColumn],
});

export const clusterRoleKind: Kind<ClusterRole> = builtinKind<ClusterRole>({
  group,
  version,
  kind: "ClusterRole",
  plural: "clusterroles",
  scope: "Cluster",
  type: "io.k8s.api.rbac.v1.ClusterRole",
  columns: [createdAtColumn],
});

const bindingColumns: readonly Column<RoleBinding>[] = [
  text("Role", ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
  ageColumn,
  wide("Users", (binding) => subjectNames(binding, "User")),
  wide("Groups", (binding) => subjectNames(binding, "Group")),
  wide("ServiceAccounts", (binding) => subjectNames(binding, "ServiceAccount")),
];

export const roleBindingKind: Kind<RoleBinding> = builtinKind<RoleBinding>({
  group,
  version,
  kind: "RoleBinding",
  plural: "rolebindings",
  scope: "Namespaced",
  type: "io.k8s.api.rbac.v1.RoleBinding",
  columns: bindingColumns,
});

export const clusterRoleBindingKind: Kind<ClusterRoleBinding> = builtinKind<ClusterRoleBinding>({
  group,
  version,
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  scope: "Cluster",
  type: "io.k8s.api.rbac.v1.ClusterRoleBinding",
  columns: bindingColumns,
});

function subjectNames({ subjects = [] }: RoleBinding, kind: string): string {
  return subjects
    .filter((subject) => subject.kind === kind)
    .map(({ namespace, name }) => (kind === "ServiceAccount" ? `${namespace ?? ""}/${name}` : name))
    .join(", ");
}
