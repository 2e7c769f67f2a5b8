/** The roles and bindings that every cluster has, as data (Kubernetes docs, "Default roles and role bindings"). */
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Subject } from "#kinds/rbac/rbac.ts";

const GROUP = "rbac.authorization.k8s.io";
const READ = ["get", "list", "watch"];
const FOLLOW = ["list", "watch"];
const WRITE = ["create", "delete", "deletecollection", "patch", "update"];

// Whoever reads a secret has it, and whoever executes in a pod is in it: neither is for viewers.
const VIEW: readonly PolicyRule[] = [
  {
    apiGroups: [""],
    resources: [
      "bindings",
      "configmaps",
      "endpoints",
      "events",
      "namespaces",
      "namespaces/status",
      "pods",
      "pods/log",
      "pods/status",
      "serviceaccounts",
      "services",
      "services/status",
    ],
    verbs: READ,
  },
  {
    apiGroups: ["apps"],
    resources: [
      "deployments",
      "deployments/scale",
      "deployments/status",
      "replicasets",
      "replicasets/scale",
      "replicasets/status",
    ],
    verbs: READ,
  },
  {
    apiGroups: ["autoscaling"],
    resources: ["horizontalpodautoscalers", "horizontalpodautoscalers/status"],
    verbs: READ,
  },
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses", "ingresses/status"], verbs: READ },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: READ },
  { apiGroups: ["metrics.k8s.io"], resources: ["nodes", "pods"], verbs: READ },
  { apiGroups: ["catamaran.dev"], resources: ["*"], verbs: READ },
];

const EDIT: readonly PolicyRule[] = [
  {
    apiGroups: [""],
    resources: ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"],
    verbs: READ,
  },
  { apiGroups: [""], resources: ["serviceaccounts"], verbs: ["impersonate"] },
  { apiGroups: [""], resources: ["serviceaccounts/token", "pods/eviction"], verbs: ["create"] },
  {
    apiGroups: [""],
    resources: [
      "configmaps",
      "endpoints",
      "events",
      "pods",
      "pods/attach",
      "pods/exec",
      "pods/portforward",
      "pods/proxy",
      "secrets",
      "serviceaccounts",
      "services",
      "services/proxy",
    ],
    verbs: WRITE,
  },
  {
    apiGroups: ["apps"],
    resources: ["deployments", "deployments/scale", "replicasets", "replicasets/scale"],
    verbs: WRITE,
  },
  { apiGroups: ["autoscaling"], resources: ["horizontalpodautoscalers"], verbs: WRITE },
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: WRITE },
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: [...READ, ...WRITE] },
  { apiGroups: ["catamaran.dev"], resources: ["*"], verbs: WRITE },
];

const ADMIN: readonly PolicyRule[] = [
  { apiGroups: [GROUP], resources: ["roles", "rolebindings"], verbs: [...READ, ...WRITE] },
  { apiGroups: ["authorization.k8s.io"], resources: ["localsubjectaccessreviews"], verbs: ["create"] },
];

/** What the gateway makes its routes of. Nothing else: not the secrets, not the pods. */
const GATEWAY: readonly PolicyRule[] = [
  { apiGroups: [""], resources: ["services"], verbs: FOLLOW },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: FOLLOW },
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: FOLLOW },
  { apiGroups: ["catamaran.dev"], resources: ["functions", "httpapis"], verbs: FOLLOW },
];

const NODE: readonly PolicyRule[] = [
  { apiGroups: [""], resources: ["nodes"], verbs: [...READ, "create", "update", "patch"] },
  { apiGroups: [""], resources: ["nodes/status", "pods/status"], verbs: ["patch", "update"] },
  { apiGroups: [""], resources: ["pods"], verbs: [...READ, "delete"] },
  { apiGroups: [""], resources: ["services", "configmaps", "secrets", "serviceaccounts"], verbs: READ },
  { apiGroups: [""], resources: ["serviceaccounts/token"], verbs: ["create"] },
  // Upstream's has no "get": our agents read an event before they count it.
  { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["create", "get", "patch", "update"] },
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

// Whoever is handed a token of a service account may learn how to check it.
const ISSUER = [
  "/.well-known/openid-configuration",
  "/.well-known/openid-configuration/",
  "/openid/v1/jwks",
  "/openid/v1/jwks/",
];

const DEFAULTS = { "kubernetes.io/bootstrapping": "rbac-defaults" };
// Rules that an older instance lacks are added when the next one starts; "false" keeps what somebody made of them.
const ANNOTATIONS = { "rbac.authorization.kubernetes.io/autoupdate": "true" };

function role(name: string, rules: readonly PolicyRule[], labels: Readonly<Record<string, string>> = {}): ClusterRole {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: "ClusterRole",
    metadata: { name, labels: { ...DEFAULTS, ...labels }, annotations: ANNOTATIONS },
    rules,
  };
}

const into = (name: string): Readonly<Record<string, string>> => ({ [`${GROUP}/aggregate-to-${name}`]: "true" });

/** A role that grows with what operators label for it; its rules are there before the controller is. */
function gathered(name: string, rules: readonly PolicyRule[], labels = {}): ClusterRole {
  return { ...role(name, rules, labels), aggregationRule: { clusterRoleSelectors: [{ matchLabels: into(name) }] } };
}

const group = (name: string): Subject => ({ kind: "Group", apiGroup: GROUP, name });
const user = (name: string): Subject => ({ kind: "User", apiGroup: GROUP, name });

function binding(name: string, ...subjects: readonly Subject[]): ClusterRoleBinding {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name, labels: DEFAULTS, annotations: ANNOTATIONS },
    subjects,
    roleRef: { apiGroup: GROUP, kind: "ClusterRole", name },
  };
}

export const bootstrapRoles: readonly ClusterRole[] = [
  role("cluster-admin", [
    { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
    { nonResourceURLs: ["*"], verbs: ["*"] },
  ]),
  role("system:aggregate-to-admin", ADMIN, into("admin")),
  role("system:aggregate-to-edit", EDIT, into("edit")),
  role("system:aggregate-to-view", VIEW, into("view")),
  gathered("admin", [...EDIT, ...ADMIN, ...VIEW]),
  gathered("edit", [...EDIT, ...VIEW], into("admin")),
  gathered("view", VIEW, into("edit")),
  role("system:node", NODE),
  role("system:catamaran:gateway", GATEWAY),
  role("system:service-account-issuer-discovery", [{ nonResourceURLs: ISSUER, verbs: ["get"] }]),
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
  binding("cluster-admin", group("system:masters")),
  binding("system:node", group("system:nodes")),
  binding("system:catamaran:gateway", user("system:catamaran:gateway")),
  binding("system:service-account-issuer-discovery", group("system:serviceaccounts")),
  binding("system:discovery", group("system:authenticated")),
  binding("system:public-info-viewer", group("system:authenticated"), group("system:unauthenticated")),
  binding("system:basic-user", group("system:authenticated")),
];
