/** The roles and bindings that every cluster has, as data (Kubernetes docs, "Default roles and role bindings"). */
import type { ClusterRole, ClusterRoleBinding, PolicyRule } from "#kinds/rbac.ts";

const READ = ["get", "list", "watch"];
const WRITE = ["create", "delete", "deletecollection", "patch", "update"];
const WORKLOADS: readonly PolicyRule[] = [
  {
    apiGroups: [""],
    resources: [
      "pods",
      "pods/log",
      "pods/exec",
      "pods/attach",
      "pods/portforward",
      "services",
      "endpoints",
      "configmaps",
      "secrets",
      "serviceaccounts",
      "events",
    ],
    verbs: [...READ, ...WRITE],
  },
  {
    apiGroups: ["apps"],
    resources: ["deployments", "deployments/scale", "replicasets", "replicasets/scale"],
    verbs: [...READ, ...WRITE],
  },
  { apiGroups: ["autoscaling"], resources: ["horizontalpodautoscalers"], verbs: [...READ, ...WRITE] },
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: [...READ, ...WRITE] },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: READ },
  { apiGroups: ["metrics.k8s.io"], resources: ["pods"], verbs: READ },
  { apiGroups: ["catamaran.dev"], resources: ["*"], verbs: [...READ, ...WRITE] },
];
const VIEW: readonly PolicyRule[] = WORKLOADS.map(({ apiGroups = [], resources = [] }) => ({
  apiGroups,
  // Whoever reads a secret has it; whoever executes in a pod is in it.
  resources: resources.filter(
    (resource) => !["secrets", "pods/exec", "pods/attach", "pods/portforward"].includes(resource),
  ),
  verbs: READ,
}));

const NODE: readonly PolicyRule[] = [
  { apiGroups: [""], resources: ["nodes"], verbs: [...READ, "create", "update", "patch"] },
  { apiGroups: [""], resources: ["nodes/status", "pods/status"], verbs: ["patch", "update"] },
  { apiGroups: [""], resources: ["pods"], verbs: [...READ, "delete"] },
  {
    apiGroups: [""],
    resources: ["services", "endpoints", "configmaps", "secrets", "serviceaccounts", "namespaces"],
    verbs: READ,
  },
  { apiGroups: [""], resources: ["serviceaccounts/token"], verbs: ["create"] },
  { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["create", "patch", "update"] },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: READ },
  {
    apiGroups: ["coordination.k8s.io"],
    resources: ["leases"],
    verbs: [...READ, "create", "update", "patch", "delete"],
  },
];

const DISCOVERY = [
  "/api",
  "/api/*",
  "/apis",
  "/apis/*",
  "/healthz",
  "/livez",
  "/openapi",
  "/openapi/*",
  "/readyz",
  "/version",
  "/version/",
];

function role(name: string, rules: readonly PolicyRule[]): ClusterRole {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name, labels: { "kubernetes.io/bootstrapping": "rbac-defaults" } },
    rules,
  };
}

function binding(name: string, ...groups: readonly string[]): ClusterRoleBinding {
  const subjects = groups.map((group) => ({ kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: group }));
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name, labels: { "kubernetes.io/bootstrapping": "rbac-defaults" } },
    subjects,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
  };
}

export const bootstrapRoles: readonly ClusterRole[] = [
  role("cluster-admin", [
    { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
    { nonResourceURLs: ["*"], verbs: ["*"] },
  ]),
  role("admin", [
    ...WORKLOADS,
    { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles", "rolebindings"], verbs: [...READ, ...WRITE] },
  ]),
  role("edit", WORKLOADS),
  role("view", VIEW),
  role("system:node", NODE),
  role("system:discovery", [{ nonResourceURLs: DISCOVERY, verbs: ["get"] }]),
  role("system:public-info-viewer", [
    { nonResourceURLs: ["/healthz", "/livez", "/readyz", "/version", "/version/"], verbs: ["get"] },
  ]),
  role("system:basic-user", [
    {
      apiGroups: ["authorization.k8s.io"],
      resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
      verbs: ["create"],
    },
    { apiGroups: ["authentication.k8s.io"], resources: ["selfsubjectreviews"], verbs: ["create"] },
  ]),
];

export const bootstrapBindings: readonly ClusterRoleBinding[] = [
  binding("cluster-admin", "system:masters"),
  binding("system:node", "system:nodes"),
  binding("system:discovery", "system:authenticated"),
  binding("system:public-info-viewer", "system:authenticated", "system:unauthenticated"),
  binding("system:basic-user", "system:authenticated"),
];
