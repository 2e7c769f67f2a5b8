/** The roles and bindings that every cluster has, as data (Kubernetes docs, "Default roles and role bindings"). */
import type { Kind } from "#kinds/kind.ts";
import { askedKinds, builtinKinds } from "#kinds/registry.ts";
import type { RoleName } from "#kinds/roles.ts";
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Subject } from "#kinds/rbac/rbac.ts";

const GROUP = "rbac.authorization.k8s.io";
const READ = ["get", "list", "watch"];
const FOLLOW = ["list", "watch"];

interface Allowed {
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
}

/** What the kinds and their subresources give to a role, one rule for all of a group that may be done the same with. */
function rulesFor(name: RoleName): readonly PolicyRule[] {
  const allowed = [...builtinKinds, ...askedKinds].flatMap((kind) => allowedBy(kind, name));
  const rules = Map.groupBy(allowed, ({ group: of, verbs }) => `${of} ${verbs.join()}`);
  return [...rules.values()].map(([first, ...others]) => {
    const { group: of = "", resource = "", verbs = [] } = first ?? {};
    const resources = [resource, ...others.map((other) => other.resource)];
    return { apiGroups: [of], resources: [...new Set(resources)].toSorted(), verbs };
  });
}

function allowedBy({ group: of, plural, roles, subresources }: Kind, name: RoleName): readonly Allowed[] {
  const own = roles?.[name];
  if (roles === undefined) return [];
  return [
    ...(own === undefined ? [] : [{ group: of, resource: plural, verbs: own }]),
    ...subresources.flatMap((subresource) => {
      const verbs = subresource.roles?.[name];
      return verbs === undefined ? [] : [{ group: of, resource: `${plural}/${subresource.name}`, verbs }];
    }),
  ];
}

const VIEW = rulesFor("view");
const EDIT = rulesFor("edit");
const ADMIN = rulesFor("admin");

/** What the gateway makes its routes of. Nothing else: not the secrets, not the pods. */
const GATEWAY: readonly PolicyRule[] = [
  { apiGroups: [""], resources: ["services"], verbs: FOLLOW },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: FOLLOW },
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: FOLLOW },
  {
    apiGroups: ["catamaran.dev"],
    resources: [
      "apideployments",
      "apikeys",
      "functionaliases",
      "functions",
      "httpapis",
      "restapis",
      "usageplans",
      "websocketapis",
    ],
    verbs: FOLLOW,
  },
];

const NODE: readonly PolicyRule[] = [
  // Upstream leaves network policies to an add-on with an account of its own; here the node enforces them.
  { apiGroups: [""], resources: ["namespaces"], verbs: READ },
  { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: READ },
  { apiGroups: [""], resources: ["nodes"], verbs: [...READ, "create", "update", "patch"] },
  { apiGroups: [""], resources: ["nodes/status", "pods/status"], verbs: ["patch", "update"] },
  { apiGroups: [""], resources: ["pods"], verbs: [...READ, "delete"] },
  { apiGroups: [""], resources: ["services", "configmaps", "secrets", "serviceaccounts"], verbs: READ },
  { apiGroups: [""], resources: ["serviceaccounts/token"], verbs: ["create"] },
  // Upstream's has no "get": our agents read an event before they count it.
  { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["create", "get", "patch", "update"] },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: READ },
  // Each node makes and removes the volumes that lie in its own folders: restrict-node.ts.
  { apiGroups: [""], resources: ["persistentvolumeclaims"], verbs: READ },
  { apiGroups: [""], resources: ["persistentvolumeclaims/status"], verbs: ["patch", "update"] },
  { apiGroups: [""], resources: ["persistentvolumes"], verbs: [...READ, "create", "patch", "update"] },
  { apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs: READ },
  { apiGroups: ["node.k8s.io"], resources: ["runtimeclasses"], verbs: READ },
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

// One for each built-in signer: who may decide about its requests.
const approvers = ["kube-apiserver-client", "kube-apiserver-client-kubelet", "kubelet-serving"].map((signer) =>
  role(`system:certificates.k8s.io:${signer}-approver`, [
    {
      apiGroups: ["certificates.k8s.io"],
      resources: ["signers"],
      resourceNames: [`kubernetes.io/${signer}`],
      verbs: ["approve"],
    },
  ]),
);

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
  ...approvers,
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
