/** What is refused, in upstream's sentences. Each row changes one thing of an object that is right. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json, JsonObject } from "#base/json.ts";
import { checkObject, validateObject } from "#kinds/rules/check.ts";
import { configMapKind } from "#kinds/core/config-map.ts";
import { customResourceDefinitionKind } from "#kinds/admission/custom-resource-definition.ts";
import { deploymentKind } from "#kinds/apps/deployment.ts";
import { horizontalPodAutoscalerKind } from "#kinds/autoscaling/horizontal-pod-autoscaler.ts";
import { ingressKind } from "#kinds/networking/ingress.ts";
import { networkPolicyKind } from "#kinds/networking/network-policy.ts";
import type { Kind } from "./kind.ts";
import { podKind } from "#kinds/core/pod.ts";
import { priorityClassKind } from "#kinds/core/priority-class.ts";
import { clusterRoleKind, roleBindingKind } from "#kinds/rbac/rbac.ts";
import { secretKind } from "#kinds/core/secret.ts";
import { serviceKind } from "#kinds/core/service.ts";

const pod: JsonObject = {
  metadata: { name: "p", namespace: "default" },
  spec: { containers: [{ name: "a", image: "i" }] },
};
const deployment: JsonObject = {
  metadata: { name: "d", namespace: "default" },
  spec: {
    selector: { matchLabels: { a: "b" } },
    template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "a", image: "i" }] } },
  },
};
const service: JsonObject = {
  metadata: { name: "s", namespace: "default" },
  spec: { ports: [{ port: 80 }], clusterIP: "10.128.0.9", clusterIPs: ["10.128.0.9"] },
};
const named: JsonObject = { metadata: { name: "x", namespace: "default" } };
const clustered: JsonObject = { metadata: { name: "x" } };
const autoscaler: JsonObject = {
  ...named,
  spec: { scaleTargetRef: { kind: "Deployment", name: "d" }, maxReplicas: 3 },
};
const ingress: JsonObject = {
  ...named,
  spec: {
    rules: [
      {
        http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "s", port: { number: 80 } } } }] },
      },
    ],
  },
};
const networkPolicy: JsonObject = { ...named, spec: { podSelector: {}, ingress: [{ from: [{}], ports: [{}] }] } };
const binding: JsonObject = { ...named, roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "r" } };
const definition: JsonObject = {
  metadata: { name: "tabs.stable.example.com" },
  spec: {
    group: "stable.example.com",
    scope: "Namespaced",
    names: { plural: "tabs", kind: "Tab" },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
  },
};

/** A copy with one path replaced: "spec.containers.0.image". */
function changed(object: Json, path: string, value: Json | undefined): Json {
  const [head = "", ...rest] = path.split(".");
  const key = head.replaceAll("~", ".");
  const copy: Record<string, Json> = { ...(object as JsonObject) };
  const next = rest.length === 0 ? value : changed(copy[key] ?? {}, rest.join("."), value);
  if (next === undefined) delete copy[key];
  else copy[key] = next;
  return Array.isArray(object) ? Object.values(copy) : copy;
}

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

type Row = readonly [kind: Kind, right: JsonObject, path: string, value: Json | undefined, faults: readonly string[]];

const creates: readonly Row[] = [
  [podKind, pod, "metadata.name", "P", [`metadata.name: Invalid value: "P": ${SUBDOMAIN}`]],
  [podKind, pod, "metadata.labels", { a: "b c" }, [`metadata.labels: Invalid value: "b c": ${VALUE}`]],
  [podKind, pod, "metadata.namespace", undefined, ["metadata.namespace: Required value"]],
  [podKind, pod, "spec.containers", [], ["spec.containers: Required value"]],
  [podKind, pod, "spec.containers.0.image", "", ["spec.containers[0].image: Required value"]],
  [podKind, pod, "spec.containers.0.name", "A_b", [`spec.containers[0].name: Invalid value: "A_b": ${LABEL}`]],
  [podKind, pod, "spec.containers.1", { name: "a", image: "i" }, ['spec.containers[1].name: Duplicate value: "a"']],
  [
    podKind,
    pod,
    "spec.restartPolicy",
    "Sometimes",
    ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
  ],
  [
    podKind,
    pod,
    "spec.containers.0.ports",
    [{ containerPort: 0 }],
    ["spec.containers[0].ports[0].containerPort: Required value"],
  ],
  [
    podKind,
    pod,
    "spec.containers.0.ports",
    [{ containerPort: 70000 }],
    ["spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"],
  ],
  [
    podKind,
    pod,
    "spec.containers.0.ports",
    [
      { containerPort: 1, name: "x" },
      { containerPort: 2, name: "x" },
    ],
    ['spec.containers[0].ports[1].name: Duplicate value: "x"'],
  ],
  [
    podKind,
    pod,
    "spec.containers.0.env",
    [{ name: "A=B" }],
    [
      "spec.containers[0].env[0].name: Invalid value: \"A=B\": a valid environment variable name must consist only of printable ASCII characters other than '='",
    ],
  ],
  [
    podKind,
    pod,
    "spec.containers.0.resources",
    { limits: { cpu: "1" }, requests: { cpu: "2" } },
    ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
  ],
  [
    podKind,
    pod,
    "spec.containers.0.volumeMounts",
    [{ name: "v", mountPath: "/v" }],
    ['spec.containers[0].volumeMounts[0].name: Not found: "v"'],
  ],
  [
    podKind,
    pod,
    "spec.containers.0.livenessProbe",
    {},
    ["spec.containers[0].livenessProbe: Required value: must specify a handler type"],
  ],
  [
    podKind,
    pod,
    "spec.containers.0.livenessProbe",
    { tcpSocket: { port: 1 }, successThreshold: 2 },
    ["spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"],
  ],
  [
    podKind,
    pod,
    "spec.initContainers",
    [{ name: "i", image: "i", livenessProbe: { tcpSocket: { port: 1 } } }],
    [
      "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
    ],
  ],
  [
    podKind,
    pod,
    "spec.tolerations",
    [{ operator: "Equal", value: "x" }],
    [
      'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ],
  ],
  [
    deploymentKind,
    deployment,
    "spec.replicas",
    -1,
    ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
  ],
  [deploymentKind, deployment, "spec.selector", undefined, ["spec.selector: Required value"]],
  [
    deploymentKind,
    deployment,
    "spec.selector",
    {},
    ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
  ],
  [
    deploymentKind,
    deployment,
    "spec.template.metadata.labels",
    { a: "c" },
    ['spec.template.metadata.labels: Invalid value: {"a":"c"}: `selector` does not match template `labels`'],
  ],
  [
    deploymentKind,
    deployment,
    "spec.template.spec.restartPolicy",
    "Never",
    ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
  ],
  [
    deploymentKind,
    deployment,
    "spec.strategy",
    { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } },
    ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"],
  ],
  [
    deploymentKind,
    deployment,
    "spec.strategy",
    { type: "Recreate", rollingUpdate: { maxSurge: 1 } },
    ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
  ],
  [serviceKind, service, "spec.ports", [], ["spec.ports: Required value"]],
  [
    serviceKind,
    service,
    "spec.ports",
    [{ port: 80 }, { port: 81 }],
    ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"],
  ],
  [
    serviceKind,
    service,
    "spec.type",
    "Cluster",
    [
      'spec.type: Unsupported value: "Cluster": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ],
  ],
  [
    configMapKind,
    named,
    "data",
    { "a b": "" },
    [
      "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    ],
  ],
  [
    configMapKind,
    named,
    "data",
    { a: "x".repeat(1024 * 1024 + 1) },
    [": Too long: may not be more than 1048576 bytes"],
  ],
  [secretKind, named, "type", "kubernetes.io/tls", ["data[tls.crt]: Required value", "data[tls.key]: Required value"]],
  [
    horizontalPodAutoscalerKind,
    autoscaler,
    "spec.minReplicas",
    5,
    ["spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`"],
  ],
  [
    horizontalPodAutoscalerKind,
    autoscaler,
    "spec.maxReplicas",
    0,
    [
      "spec.maxReplicas: Invalid value: 0: must be greater than 0",
      "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
    ],
  ],
  [
    networkPolicyKind,
    networkPolicy,
    "spec.ingress.0.from",
    [{}, { podSelector: {}, ipBlock: { cidr: "10.0.0.0/8" } }, { ipBlock: { cidr: "x" } }],
    [
      "spec.ingress[0].from[0]: Required value: must specify a peer",
      "spec.ingress[0].from[1]: Forbidden: may not specify both ipBlock and another peer",
      'spec.ingress[0].from[2].ipBlock.cidr: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ],
  ],
  [
    networkPolicyKind,
    networkPolicy,
    "spec.ingress.0",
    { from: [{ ipBlock: { cidr: "10.1.0.0/16", except: ["10.1.0.0/16", "10.2.0.0/24", "10.1.2.0/24"] } }] },
    [
      'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "10.1.0.0/16": must be a strict subset of `cidr`',
      'spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: "10.2.0.0/24": must be a strict subset of `cidr`',
    ],
  ],
  [
    networkPolicyKind,
    networkPolicy,
    "spec.ingress.0",
    {
      ports: [
        { endPort: 9 },
        { port: "http", endPort: 9 },
        { port: 10, endPort: 9 },
        { port: 0 },
        { protocol: "ICMP" },
      ],
    },
    [
      "spec.ingress[0].ports[0].endPort: Invalid value: 9: may not be specified when `port` is not specified",
      "spec.ingress[0].ports[1].endPort: Invalid value: 9: may not be specified when `port` is non-numeric",
      "spec.ingress[0].ports[2].endPort: Invalid value: 10: must be greater than or equal to `port`",
      "spec.ingress[0].ports[3].port: Invalid value: 0: must be between 1 and 65535, inclusive",
      'spec.ingress[0].ports[4].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
    ],
  ],
  [
    networkPolicyKind,
    networkPolicy,
    "spec",
    { podSelector: {}, policyTypes: ["Ingress", "Out"] },
    ['spec.policyTypes[1]: Unsupported value: "Out": supported values: "Ingress", "Egress"'],
  ],
  [
    ingressKind,
    ingress,
    "spec.rules",
    [],
    ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"],
  ],
  [
    ingressKind,
    ingress,
    "spec.rules.0.http.paths.0.pathType",
    undefined,
    ["spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"],
  ],
  [
    ingressKind,
    ingress,
    "spec.rules.0.host",
    "10.0.0.1",
    ['spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'],
  ],
  [
    clusterRoleKind,
    clustered,
    "rules",
    [{ verbs: [], resources: ["pods"] }],
    [
      "rules[0].verbs: Required value: verbs must contain at least one value",
      "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
    ],
  ],
  [
    priorityClassKind,
    clustered,
    "value",
    2_000_000_000,
    ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"],
  ],
  [
    customResourceDefinitionKind,
    definition,
    "metadata.name",
    "x.y",
    ['metadata.name: Invalid value: "x.y": must be spec.names.plural+"."+spec.group'],
  ],
  [
    customResourceDefinitionKind,
    definition,
    "spec.versions.0.storage",
    false,
    ['spec.versions: Invalid value: ["v1"]: must have exactly one version marked as storage version'],
  ],
  [
    customResourceDefinitionKind,
    definition,
    "spec.versions.0.schema.openAPIV3Schema.properties",
    { spec: {} },
    [
      "spec.versions[0].schema.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields",
    ],
  ],
];

function faultsOf(kind: Kind, next: Json, live: Json | null): readonly string[] {
  const check = (document: Json): ReturnType<typeof checkObject>["object"] =>
    checkObject(kind, document as JsonObject, { strict: true }).object;
  return validateObject(kind, check(next), live === null ? null : check(live)).map(
    ({ field, message }) => `${field}: ${message}`,
  );
}

for (const [kind, right, path, value, faults] of creates) {
  test(`${kind.kind} with ${path} ${JSON.stringify(value)?.slice(0, 60)} is refused`, () => {
    assert.deepEqual(faultsOf(kind, changed(right, path, value), null), faults);
  });
}

for (const [kind, right] of [
  [podKind, pod],
  [deploymentKind, deployment],
  [serviceKind, service],
  [ingressKind, ingress],
  [horizontalPodAutoscalerKind, autoscaler],
  [roleBindingKind, binding],
  [customResourceDefinitionKind, definition],
] as const) {
  test(`a right ${kind.kind} is accepted`, () => assert.deepEqual(faultsOf(kind, right, null), []));
}

const updates: readonly Row[] = [
  [podKind, pod, "spec.containers.0.image", "j", []],
  [podKind, pod, "metadata.labels", { a: "b" }, []],
  [podKind, pod, "spec.tolerations", [{ key: "a", operator: "Exists" }], []],
  [
    podKind,
    pod,
    "spec.containers.1",
    { name: "b", image: "i" },
    ["spec.containers: Forbidden: pod updates may not add or remove containers"],
  ],
  [deploymentKind, deployment, "spec.replicas", 5, []],
  [serviceKind, service, "spec.clusterIPs", undefined, []],
  [
    roleBindingKind,
    binding,
    "roleRef.name",
    "other",
    [
      'roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"other"}: cannot change roleRef',
    ],
  ],
  [priorityClassKind, { ...clustered, value: 5 }, "value", 6, ["value: Forbidden: may not be changed in an update."]],
  [
    configMapKind,
    { ...named, immutable: true, data: { a: "b" } },
    "data",
    { a: "c" },
    ["data: Forbidden: field is immutable when `immutable` is set"],
  ],
  [
    configMapKind,
    { ...named, immutable: true },
    "immutable",
    false,
    ["immutable: Forbidden: field is immutable when `immutable` is set"],
  ],
  [secretKind, named, "type", "other", ['type: Invalid value: "other": field is immutable']],
];

for (const [kind, right, path, value, faults] of updates) {
  test(`changing ${path} of a ${kind.kind} ${faults.length === 0 ? "is accepted" : "is refused"}`, () => {
    assert.deepEqual(faultsOf(kind, changed(right, path, value), right), faults);
  });
}

test("the selector of a deployment is immutable", () => {
  const other = changed(
    changed(deployment, "spec.selector", { matchLabels: { a: "c" } }),
    "spec.template.metadata.labels",
    { a: "c" },
  );
  assert.deepEqual(faultsOf(deploymentKind, other, deployment), [
    'spec.selector: Invalid value: {"matchLabels":{"a":"c"}}: field is immutable',
  ]);
});

test("the spec of a living pod is frozen", () => {
  const [fault = ""] = faultsOf(podKind, changed(pod, "spec.containers.0.command", ["x"]), pod);
  assert.match(fault, /^spec: Forbidden: pod updates may not change fields other than `spec.containers\[\*\].image`/);
});

test("CEL rules are refused by name", () => {
  const withRule = changed(definition, "spec.versions.0.schema.openAPIV3Schema.x-kubernetes-validations", [
    { rule: "true" },
  ]);
  assert.throws(() => faultsOf(customResourceDefinitionKind, withRule, null), { code: "Unsupported" });
});
