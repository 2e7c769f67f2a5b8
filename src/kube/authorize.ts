/** What a subject may do: RBAC over roles and bindings, as rbac.authorization.k8s.io/v1 defines it. */
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import type { Objects, View } from "#deck/objects.ts";
import {
  clusterRoleBindingKind,
  clusterRoleKind,
  roleBindingKind,
  roleKind,
  type ClusterRole,
  type ClusterRoleBinding,
  type PolicyRule,
  type Role,
  type RoleBinding,
  type RoleRef,
  type Subject,
} from "#kinds/rbac/rbac.ts";
import { resourceOf } from "#kinds/kind.ts";
import type { Identity } from "./authenticate.ts";

/** One question: may somebody do this? */
export type Attributes =
  | {
      readonly is: "resource";
      readonly verb: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource?: string;
      readonly namespace: string;
      readonly name: string;
    }
  | { readonly is: "path"; readonly verb: string; readonly path: string };

export class Authorizer implements Disposable {
  readonly #roles: View<Role>;
  readonly #clusterRoles: View<ClusterRole>;
  readonly #bindings: View<RoleBinding>;
  readonly #clusterBindings: View<ClusterRoleBinding>;

  constructor(objects: Objects) {
    this.#roles = objects.view(roleKind);
    this.#clusterRoles = objects.view(clusterRoleKind);
    this.#bindings = objects.view(roleBindingKind);
    this.#clusterBindings = objects.view(clusterRoleBindingKind);
  }

  isAllowed(identity: Identity, attributes: Attributes): boolean {
    if (identity.groups.includes("system:masters")) return true;
    for (const rule of this.rulesFor(identity, attributes.is === "resource" ? attributes.namespace : "")) {
      if (covers(rule, attributes)) return true;
    }
    return false;
  }

  /** Throws Forbidden in upstream's words. */
  check(identity: Identity, attributes: Attributes): void {
    if (!this.isAllowed(identity, attributes)) throw forbidden(identity, attributes);
  }

  /** All rules that bind the subject cluster-wide and, with a namespace, in it. */
  *rulesFor(identity: Identity, namespace: string): Generator<PolicyRule> {
    for (const binding of this.#clusterBindings.list()) {
      if (isBound(binding.subjects, identity, "")) yield* this.#rulesOf(binding.roleRef, "");
    }
    if (namespace === "") return;
    for (const binding of this.#bindings.list(namespace)) {
      if (isBound(binding.subjects, identity, namespace)) yield* this.#rulesOf(binding.roleRef, namespace);
    }
  }

  #rulesOf({ kind, name }: RoleRef, namespace: string): readonly PolicyRule[] {
    const role =
      kind === "ClusterRole" ? this.#clusterRoles.get(keyOf("", name)) : this.#roles.get(keyOf(namespace, name));
    return role?.rules ?? [];
  }

  /** Those of the rules that the subject does not hold as a whole. */
  missing(identity: Identity, rules: readonly PolicyRule[], namespace: string): readonly PolicyRule[] {
    return rules.filter((rule) => !this.#holdsAll(identity, rule, namespace));
  }

  #holdsAll(identity: Identity, rule: PolicyRule, namespace: string): boolean {
    return singleQuestions(rule, namespace).every((attributes) => this.isAllowed(identity, attributes));
  }

  [Symbol.dispose](): void {
    for (const view of [this.#roles, this.#clusterRoles, this.#bindings, this.#clusterBindings]) view[Symbol.dispose]();
  }
}

function singleQuestions(rule: PolicyRule, namespace: string): readonly Attributes[] {
  const names = rule.resourceNames === undefined || rule.resourceNames.length === 0 ? [""] : rule.resourceNames;
  const onResources = rule.verbs.flatMap((verb) =>
    (rule.apiGroups ?? []).flatMap((group) =>
      (rule.resources ?? []).flatMap((full) =>
        names.map((name): Attributes => ({ is: "resource", verb, group, namespace, name, ...splitResource(full) })),
      ),
    ),
  );
  const onPaths = rule.verbs.flatMap((verb) =>
    (rule.nonResourceURLs ?? []).map((path): Attributes => ({ is: "path", verb, path })),
  );
  return [...onResources, ...onPaths];
}

function splitResource(full: string): { readonly resource: string; readonly subresource?: string } {
  const [resource = "", subresource] = full.split("/");
  return subresource === undefined ? { resource } : { resource, subresource };
}

function isBound(subjects: readonly Subject[] | undefined, identity: Identity, namespace: string): boolean {
  return (subjects ?? []).some((subject) => {
    if (subject.kind === "User") return subject.name === identity.name;
    if (subject.kind === "Group") return identity.groups.includes(subject.name);
    return identity.name === `system:serviceaccount:${subject.namespace ?? namespace}:${subject.name}`;
  });
}

/** Does one rule answer yes? Exported for the reviews. */
export function covers(rule: PolicyRule, attributes: Attributes): boolean {
  if (!includes(rule.verbs, attributes.verb)) return false;
  if (attributes.is === "path")
    return (rule.nonResourceURLs ?? []).some(
      (pattern) =>
        pattern === "*" ||
        pattern === attributes.path ||
        (pattern.endsWith("*") && attributes.path.startsWith(pattern.slice(0, -1))),
    );
  if (!includes(rule.apiGroups, attributes.group) || !coversResource(rule.resources ?? [], attributes)) return false;
  const names = rule.resourceNames ?? [];
  return names.length === 0 || names.includes(attributes.name);
}

function includes(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes("*") || list.includes(value));
}

function coversResource(
  resources: readonly string[],
  { resource, subresource }: Attributes & { readonly is: "resource" },
): boolean {
  const full = subresource === undefined ? resource : `${resource}/${subresource}`;
  return resources.some(
    (pattern) => pattern === "*" || pattern === full || (subresource !== undefined && pattern === `*/${subresource}`),
  );
}

function forbidden(identity: Identity, attributes: Attributes): Fault {
  if (attributes.is === "path")
    return new Fault(
      "Forbidden",
      `forbidden: User "${identity.name}" cannot ${attributes.verb} path "${attributes.path}"`,
    );
  const { verb, group, resource, subresource, namespace, name } = attributes;
  const full = subresource === undefined ? resource : `${resource}/${subresource}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  // Upstream names the kind alone first, also when a subresource was asked for.
  const what = resourceOf({ group, plural: resource });
  const message = `${what}${name === "" ? "" : ` "${name}"`} is forbidden: User "${identity.name}" cannot ${verb} resource "${full}" in API group "${group}" ${where}`;
  return new Fault("Forbidden", message, { group, kind: resource, ...(name !== "" && { name }) });
}
