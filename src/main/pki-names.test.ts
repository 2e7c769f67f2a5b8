/** What each identity of an instance may do at the API: all of it, so that nobody gets more without this table saying so. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PolicyRule } from "#kinds/rbac/rbac.ts";
import { bootstrapBindings, bootstrapRoles } from "#kube/bootstrap-roles.ts";
import type { Instance } from "#instance/instance.ts";
import { pkiNames } from "./pki-names.ts";

const { clients } = pkiNames(
  { name: "t", networkIndex: 0, nodes: ["one"], canRunPods: false } as unknown as Instance,
  "10.0.0.1",
);

// system:discovery, system:public-info-viewer and system:basic-user, of whoever is authenticated.
const EVERYBODY = [
  "create authentication.k8s.io/selfsubjectreviews",
  "create authorization.k8s.io/selfsubjectaccessreviews",
  "create authorization.k8s.io/selfsubjectrulesreviews",
  ...[
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
  ].map((path) => `get ${path}`),
];

const rights: Readonly<Record<string, readonly string[]>> = {
  admin: ["* */*", "* *"],
  gateway: [
    "list,watch /services",
    "list,watch catamaran.dev/apideployments",
    "list,watch catamaran.dev/apikeys",
    "list,watch catamaran.dev/functionaliases",
    "list,watch catamaran.dev/functions",
    "list,watch catamaran.dev/httpapis",
    "list,watch catamaran.dev/restapis",
    "list,watch catamaran.dev/usageplans",
    "list,watch catamaran.dev/websocketapis",
    "list,watch discovery.k8s.io/endpointslices",
    "list,watch networking.k8s.io/ingresses",
  ],
  "kube-apiserver": [],
  "node-one": [
    "create /serviceaccounts/token",
    "create,get,list,patch,update,watch /nodes",
    "create,get,list,patch,update,watch /persistentvolumes",
    "create,delete,get,list,patch,update,watch coordination.k8s.io/leases",
    "create,get,patch,update /events",
    "create,get,patch,update events.k8s.io/events",
    "delete,get,list,watch /pods",
    "get,list,watch /configmaps",
    "get,list,watch /namespaces",
    "get,list,watch /persistentvolumeclaims",
    "get,list,watch /secrets",
    "get,list,watch /serviceaccounts",
    "get,list,watch /services",
    "get,list,watch discovery.k8s.io/endpointslices",
    "get,list,watch networking.k8s.io/networkpolicies",
    "get,list,watch node.k8s.io/runtimeclasses",
    "get,list,watch storage.k8s.io/storageclasses",
    "patch,update /nodes/status",
    "patch,update /persistentvolumeclaims/status",
    "patch,update /pods/status",
  ],
};

test("every identity of an instance is in the table", () =>
  assert.deepEqual(Object.keys(clients).toSorted(), Object.keys(rights).toSorted()));

for (const [name, own] of Object.entries(rights))
  test(`${name} may do what its role says, and no more`, () => {
    assert.deepEqual(rightsOf(name).toSorted(), [...own, ...EVERYBODY].toSorted());
  });

function rightsOf(client: string): readonly string[] {
  const { commonName, organization } = clients[client] ?? { commonName: "", organization: "" };
  const names = [commonName, organization, "system:authenticated"];
  const rules = bootstrapBindings
    .filter(({ subjects = [] }) => subjects.some((subject) => names.includes(subject.name)))
    .flatMap(({ roleRef }) => bootstrapRoles.find(({ metadata }) => metadata.name === roleRef.name)?.rules ?? []);
  const verbs = new Map<string, Set<string>>();
  for (const rule of rules)
    for (const what of objectsOf(rule)) verbs.set(what, new Set([...(verbs.get(what) ?? []), ...rule.verbs]));
  return [...verbs].map(([what, words]) => `${[...words].toSorted().join(",")} ${what}`);
}

function objectsOf({ apiGroups = [], resources = [], nonResourceURLs = [] }: PolicyRule): readonly string[] {
  return [...apiGroups.flatMap((group) => resources.map((each) => `${group}/${each}`)), ...nonResourceURLs];
}
