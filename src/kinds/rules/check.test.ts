/** From documents to objects: the decoder's words, pruning, canonical amounts, defaults as a real cluster shows them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JsonObject } from "#base/json.ts";
import { checkObject } from "./check.ts";
import { configMapKind } from "#kinds/core/config-map.ts";
import { withDefaults } from "./defaults.ts";
import { deploymentKind } from "#kinds/apps/deployment.ts";
import { horizontalPodAutoscalerKind } from "#kinds/autoscaling/horizontal-pod-autoscaler.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { podKind } from "#kinds/core/pod.ts";
import { clusterRoleBindingKind } from "#kinds/rbac/rbac.ts";
import { builtinKinds } from "#kinds/registry.ts";
import { secretKind } from "#kinds/core/secret.ts";
import { serviceKind } from "#kinds/core/service.ts";

const refused: readonly (readonly [kind: Kind, document: JsonObject, why: string])[] = [
  [
    deploymentKind,
    { spec: { replicas: "3" } },
    "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
  ],
  [
    deploymentKind,
    { spec: { replicas: 1.5 } },
    "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
  ],
  [
    podKind,
    { spec: { containers: [{ env: [{ name: "A", value: 1 }] }] } },
    "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string",
  ],
  [
    configMapKind,
    { data: { a: true } },
    "json: cannot unmarshal bool into Go struct field ConfigMap.data of type string",
  ],
  [
    podKind,
    { spec: { foo: 1, containers: [{ bar: 2 }] } },
    'strict decoding error: unknown field "spec.foo", unknown field "spec.containers[0].bar"',
  ],
  [podKind, { metadata: { lables: {} } }, 'strict decoding error: unknown field "metadata.lables"'],
  [
    podKind,
    { spec: { containers: [{ resources: { limits: { cpu: "lots" } } }] } },
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  ],
  [secretKind, { data: { a: "!" } }, "illegal base64 data at input byte 0"],
  [
    podKind,
    { metadata: { creationTimestamp: "yesterday" } },
    'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
  ],
];

for (const [kind, document, why] of refused) {
  test(`refuses: ${why}`, () => {
    const message = `${kind.kind} in version "v1" cannot be handled as a ${kind.kind}: ${why}`;
    assert.throws(() => checkObject(kind, document, { strict: true }), { code: "BadRequest", message });
  });
}

test("unknown fields are dropped with a warning when not strict", () => {
  const { object, warnings } = checkObject(
    podKind,
    { metadata: { name: "p" }, spec: { containers: [], foo: 1 } },
    { strict: false },
  );
  assert.deepEqual(warnings, ['unknown field "spec.foo"']);
  assert.equal(Object.hasOwn(object.spec, "foo"), false);
});

const meta = { name: "x", namespace: "default" };

interface Shown {
  readonly title: string;
  readonly kind: Kind;
  readonly document: JsonObject;
  readonly shown: JsonObject;
}

const containerDefaults = { terminationMessagePath: "/dev/termination-log", terminationMessagePolicy: "File" };
const templateDefaults = {
  restartPolicy: "Always",
  dnsPolicy: "ClusterFirst",
  schedulerName: "default-scheduler",
  securityContext: {},
  terminationGracePeriodSeconds: 30,
};

const shown: readonly Shown[] = [
  {
    title: "a pod",
    kind: podKind,
    document: {
      spec: {
        serviceAccountName: "sa",
        containers: [
          {
            name: "a",
            image: "nginx",
            ports: [{ containerPort: 80 }],
            env: [
              { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
              { name: "EMPTY", value: "" },
            ],
            resources: { limits: { cpu: "1000m", memory: "0.5Gi" }, requests: { cpu: "0.1" } },
            livenessProbe: { httpGet: { port: 80 } },
          },
        ],
        volumes: [{ name: "c", configMap: { name: "c" } }, { name: "e" }, { name: "h", hostPath: { path: "/x" } }],
        hostNetwork: false,
      },
    },
    shown: {
      spec: {
        serviceAccountName: "sa",
        serviceAccount: "sa",
        containers: [
          {
            name: "a",
            image: "nginx",
            imagePullPolicy: "Always",
            ports: [{ containerPort: 80, protocol: "TCP" }],
            env: [
              { name: "IP", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "status.podIP" } } },
              { name: "EMPTY" },
            ],
            resources: { limits: { cpu: "1", memory: "512Mi" }, requests: { cpu: "100m", memory: "512Mi" } },
            livenessProbe: {
              httpGet: { port: 80, path: "/", scheme: "HTTP" },
              timeoutSeconds: 1,
              periodSeconds: 10,
              successThreshold: 1,
              failureThreshold: 3,
            },
            ...containerDefaults,
          },
        ],
        volumes: [
          { name: "c", configMap: { name: "c", defaultMode: 420 } },
          { name: "e", emptyDir: {} },
          { name: "h", hostPath: { path: "/x", type: "" } },
        ],
        ...templateDefaults,
        enableServiceLinks: true,
      },
      status: {},
    },
  },
  {
    title: "a deployment",
    kind: deploymentKind,
    document: {
      spec: {
        selector: { matchLabels: { a: "b" } },
        paused: false,
        template: {
          metadata: { labels: { a: "b" }, creationTimestamp: null },
          spec: { containers: [{ name: "a", image: "nginx:1" }] },
        },
      },
    },
    shown: {
      spec: {
        replicas: 1,
        selector: { matchLabels: { a: "b" } },
        template: {
          metadata: { labels: { a: "b" } },
          spec: {
            containers: [
              { name: "a", image: "nginx:1", imagePullPolicy: "IfNotPresent", resources: {}, ...containerDefaults },
            ],
            ...templateDefaults,
          },
        },
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
      },
      status: {},
    },
  },
  {
    title: "a service",
    kind: serviceKind,
    document: { spec: { selector: { a: "b" }, ports: [{ port: 80 }] } },
    shown: {
      spec: {
        selector: { a: "b" },
        ports: [{ port: 80, protocol: "TCP", targetPort: 80 }],
        type: "ClusterIP",
        sessionAffinity: "None",
        internalTrafficPolicy: "Cluster",
      },
      status: { loadBalancer: {} },
    },
  },
  {
    title: "an autoscaler without metrics",
    kind: horizontalPodAutoscalerKind,
    document: {
      spec: {
        scaleTargetRef: { kind: "Deployment", name: "d" },
        maxReplicas: 3,
        behavior: { scaleDown: { stabilizationWindowSeconds: 5 } },
      },
    },
    shown: {
      spec: {
        scaleTargetRef: { kind: "Deployment", name: "d" },
        minReplicas: 1,
        maxReplicas: 3,
        metrics: [
          { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } },
        ],
        behavior: {
          scaleUp: {
            stabilizationWindowSeconds: 0,
            selectPolicy: "Max",
            policies: [
              { type: "Pods", value: 4, periodSeconds: 15 },
              { type: "Percent", value: 100, periodSeconds: 15 },
            ],
          },
          scaleDown: {
            stabilizationWindowSeconds: 5,
            selectPolicy: "Max",
            policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
          },
        },
      },
      status: { currentMetrics: [], desiredReplicas: 0 },
    },
  },
  {
    title: "a secret with stringData",
    kind: secretKind,
    document: { stringData: { a: "hällo" } },
    shown: { type: "Opaque", data: { a: "aMOkbGxv" } },
  },
  {
    title: "a binding",
    kind: clusterRoleBindingKind,
    document: {
      roleRef: { kind: "ClusterRole", name: "r" },
      subjects: [
        { kind: "User", name: "eve" },
        { kind: "ServiceAccount", name: "s", namespace: "n" },
      ],
    },
    shown: {
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "r" },
      subjects: [
        { kind: "User", name: "eve", apiGroup: "rbac.authorization.k8s.io" },
        { kind: "ServiceAccount", name: "s", namespace: "n" },
      ],
    },
  },
];

for (const { title, kind, document, shown: expected } of shown) {
  test(`shows ${title} as a real cluster does`, () => {
    const { object, faults } = checkObject(kind, { metadata: meta, ...document }, { strict: true });
    assert.deepEqual(faults, []);
    assert.deepEqual(object, { metadata: meta, ...expected });
  });
}

const pullPolicies: readonly (readonly [image: string, policy: string])[] = [
  ["nginx", "Always"],
  ["nginx:latest", "Always"],
  ["nginx:1.2", "IfNotPresent"],
  ["localhost:5000/nginx", "Always"],
  ["localhost:5000/nginx:1", "IfNotPresent"],
  ["nginx@sha256:abc", "IfNotPresent"],
];

for (const [image, policy] of pullPolicies) {
  test(`pulls ${image} ${policy}`, () => {
    const pod = withDefaults(podKind, { metadata: meta, spec: { containers: [{ name: "a", image }] } });
    assert.equal(pod.spec.containers[0]?.imagePullPolicy, policy);
  });
}

for (const { kind, document } of shown) {
  test(`defaulting a ${kind.kind} twice changes nothing more`, () => {
    const once = withDefaults(kind, { metadata: meta, ...document });
    assert.deepEqual(withDefaults(kind, once), once);
  });
}

test("any document either conforms, and then for good, or is refused with a Fault", () => {
  const words = ["spec", "metadata", "name", "containers", "data", "status", "rules", "ports", "labels", "__proto__"];
  const tree = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom<unknown>("a", "1", 1, 0, true, null, "80%"),
      fc.array(tie("node"), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom(...words), tie("node"), { maxKeys: 4 }),
    ),
  })).node;
  fc.assert(
    fc.property(
      fc.constantFrom(...builtinKinds),
      fc.dictionary(fc.constantFrom(...words), tree, { maxKeys: 4 }),
      (kind, document) => {
        let object: KubeObject;
        try {
          const bare: Kind = { ...kind, schema: kind.schema };
          delete (bare as { defaults?: unknown }).defaults;
          object = checkObject(bare, document as JsonObject, { strict: false }).object;
          const again = checkObject(bare, object as unknown as JsonObject, { strict: true });
          assert.deepEqual(again.object, object);
        } catch (thrown) {
          assert.equal((thrown as Error).name, "Fault");
        }
      },
    ),
  );
});
