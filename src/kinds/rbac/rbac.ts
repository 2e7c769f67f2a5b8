/** Role, ClusterRole and their bindings. */
import type { FieldFault } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import type { LabelSelector } from "#base/selector.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, createdAtColumn, text, wide } from "#kinds/columns.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import type { Column, Kind } from "#kinds/kind.ts";
import { forAdmins } from "#kinds/roles.ts";
import { pathSegmentFault } from "#kinds/rules/names.ts";
import type { KubeObject } from "#kinds/object.ts";
import { checkSelector } from "#kinds/rules/selector-rules.ts";

export type PolicyRule = {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
};

export type Role = KubeObject & {
  readonly rules?: readonly PolicyRule[] | null;
};

export type ClusterRole = KubeObject & {
  readonly rules?: readonly PolicyRule[] | null;
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly LabelSelector[] };
};

export type RoleRef = {
  readonly apiGroup: string;
  readonly kind: string;
  readonly name: string;
};

export type Subject = {
  readonly kind: string;
  readonly apiGroup?: string;
  readonly name: string;
  readonly namespace?: string;
};

export type RoleBinding = KubeObject & {
  readonly subjects?: readonly Subject[];
  readonly roleRef: RoleRef;
};

export type ClusterRoleBinding = KubeObject & {
  readonly subjects?: readonly Subject[];
  readonly roleRef: RoleRef;
};

const group = "rbac.authorization.k8s.io";
const version = "v1";

export const roleKind: Kind<Role> = builtinKind<Role>({
  group,
  version,
  kind: "Role",
  plural: "roles",
  scope: "Namespaced",
  roles: forAdmins,
  type: "io.k8s.api.rbac.v1.Role",
  checkName: pathSegmentFault,
  validate: roleFaults,
  columns: [createdAtColumn],
});

export const clusterRoleKind: Kind<ClusterRole> = builtinKind<ClusterRole>({
  group,
  version,
  kind: "ClusterRole",
  plural: "clusterroles",
  scope: "Cluster",
  type: "io.k8s.api.rbac.v1.ClusterRole",
  checkName: pathSegmentFault,
  validate: clusterRoleFaults,
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
  roles: forAdmins,
  type: "io.k8s.api.rbac.v1.RoleBinding",
  checkName: pathSegmentFault,
  defaults: defaultBinding,
  validate: roleBindingFaults,
  columns: bindingColumns,
});

export const clusterRoleBindingKind: Kind<ClusterRoleBinding> = builtinKind<ClusterRoleBinding>({
  group,
  version,
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  scope: "Cluster",
  type: "io.k8s.api.rbac.v1.ClusterRoleBinding",
  checkName: pathSegmentFault,
  defaults: defaultBinding,
  validate: clusterRoleBindingFaults,
  columns: bindingColumns,
});

function subjectNames({ subjects = [] }: RoleBinding, kind: string): string {
  return subjects
    .filter((subject) => subject.kind === kind)
    .map(({ namespace, name }) => (kind === "ServiceAccount" ? `${namespace ?? ""}/${name}` : name))
    .join(", ");
}

function defaultBinding(binding: RoleBinding): RoleBinding {
  const { roleRef, subjects } = binding;
  const withGroup = (subject: Subject): Subject => {
    if (subject.apiGroup !== undefined || (subject.kind !== "User" && subject.kind !== "Group")) return subject;
    return { ...subject, apiGroup: group };
  };
  return {
    ...binding,
    roleRef: roleRef.apiGroup === "" ? { ...roleRef, apiGroup: group } : roleRef,
    ...(subjects !== undefined && { subjects: subjects.map(withGroup) }),
  };
}

function roleFaults({ rules }: Role): readonly FieldFault[] {
  const faults = new FieldFaults();
  for (const [index, rule] of (rules ?? []).entries()) checkRule(rule, `rules[${index}]`, true, faults);
  return faults.found;
}

function clusterRoleFaults({ rules, aggregationRule }: ClusterRole): readonly FieldFault[] {
  const faults = new FieldFaults();
  for (const [index, rule] of (rules ?? []).entries()) checkRule(rule, `rules[${index}]`, false, faults);
  if (aggregationRule === undefined) return faults.found;
  const selectors = aggregationRule.clusterRoleSelectors ?? [];
  if (selectors.length === 0)
    faults.required(
      "aggregationRule.clusterRoleSelectors",
      "at least one clusterRoleSelector required if aggregationRule is non-nil",
    );
  for (const [index, selector] of selectors.entries())
    checkSelector(selector, `aggregationRule.clusterRoleSelectors[${index}]`, faults);
  return faults.found;
}

function checkRule(rule: PolicyRule, path: string, isNamespaced: boolean, faults: FieldFaults): void {
  const { verbs, apiGroups = [], resources = [], nonResourceURLs = [] } = rule;
  if (verbs.length === 0) faults.required(`${path}.verbs`, "verbs must contain at least one value");
  if (nonResourceURLs.length > 0) {
    if (isNamespaced)
      faults.invalid(`${path}.nonResourceURLs`, nonResourceURLs, "namespaced rules cannot apply to non-resource URLs");
    if (apiGroups.length + resources.length + (rule.resourceNames ?? []).length > 0) {
      faults.invalid(
        `${path}.nonResourceURLs`,
        nonResourceURLs,
        "rules cannot apply to both regular resources and non-resource URLs",
      );
    }
    return;
  }
  if (apiGroups.length === 0) faults.required(`${path}.apiGroups`, "resource rules must supply at least one api group");
  if (resources.length === 0) faults.required(`${path}.resources`, "resource rules must supply at least one resource");
}

function roleBindingFaults(next: RoleBinding, live: RoleBinding | null): readonly FieldFault[] {
  return bindingFaults(next, live, ["ClusterRole", "Role"]);
}

function clusterRoleBindingFaults(next: RoleBinding, live: RoleBinding | null): readonly FieldFault[] {
  return bindingFaults(next, live, ["ClusterRole"]);
}

function bindingFaults(next: RoleBinding, live: RoleBinding | null, kinds: readonly string[]): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { roleRef } = next;
  if (roleRef.apiGroup !== group) faults.notSupported("roleRef.apiGroup", roleRef.apiGroup, [group]);
  if (!kinds.includes(roleRef.kind)) faults.notSupported("roleRef.kind", roleRef.kind, kinds);
  if (roleRef.name === "") faults.required("roleRef.name");
  const isNamespaced = kinds.includes("Role");
  for (const [index, subject] of (next.subjects ?? []).entries())
    checkSubject(subject, `subjects[${index}]`, isNamespaced, faults);
  if (live !== null && !sameJson(roleRef, live.roleRef)) faults.invalid("roleRef", roleRef, "cannot change roleRef");
  return faults.found;
}

function checkSubject(subject: Subject, path: string, isNamespaced: boolean, faults: FieldFaults): void {
  const { kind, name, apiGroup = "", namespace = "" } = subject;
  if (name === "") faults.required(`${path}.name`);
  switch (kind) {
    case "ServiceAccount":
      if (apiGroup !== "") faults.notSupported(`${path}.apiGroup`, apiGroup, [""]);
      if (!isNamespaced && namespace === "") faults.required(`${path}.namespace`);
      return;
    case "User":
    case "Group":
      if (apiGroup !== group) faults.notSupported(`${path}.apiGroup`, apiGroup, [group]);
      return;
    default:
      faults.notSupported(`${path}.kind`, kind, ["ServiceAccount", "User", "Group"]);
  }
}
