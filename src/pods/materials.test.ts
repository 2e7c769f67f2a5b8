/** What a container is given: environment, files, cgroup numbers; as tables. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUtf8 } from "#base/utf8.ts";
import type { ConfigMap } from "#kinds/core/config-map.ts";
import type { Container, EnvVar, PodSpec } from "#kinds/core/pod-spec.ts";
import type { PodObject as Pod } from "#kinds/core/pod-status.ts";
import type { Secret } from "#kinds/core/secret.ts";
import type { Service } from "#kinds/core/service.ts";
import type { Projection } from "#kinds/core/volume.ts";
import { fromBase64 } from "#kinds/schema/base64.ts";
import { allPodsCgroup, cgroupPath, containerCgroup, cpuWeight, oomScore, podCgroup } from "./cgroup.ts";
import { commandOf, environmentOf, expand, type ReferenceValues } from "./environment.ts";
import { projectedFiles } from "./volumes.ts";

const GIB = 1024 ** 3;

const configMaps: Readonly<Record<string, ConfigMap>> = {
  app: { metadata: { name: "app" }, data: { color: "blue", size: "XL" }, binaryData: { logo: "AAEC" } },
};
const secrets: Readonly<Record<string, Secret>> = { db: { metadata: { name: "db" }, data: { password: "czNjcmV0" } } };
const services: readonly Service[] = [
  {
    metadata: { name: "kubernetes", namespace: "default" },
    spec: { clusterIP: "10.128.0.1", ports: [{ name: "https", port: 443, protocol: "TCP" }] },
  },
  { metadata: { name: "user-db", namespace: "shop" }, spec: { clusterIP: "10.128.0.9", ports: [{ port: 5432 }] } },
  { metadata: { name: "headless", namespace: "shop" }, spec: { clusterIP: "None", ports: [{ port: 80 }] } },
];

const around: ReferenceValues = {
  configMap: (name) => configMaps[name],
  secret: (name) => secrets[name],
  services,
  podIp: "10.64.0.7",
  hostIp: "10.192.0.11",
  allocatable: { cpuMillis: 2000, memoryBytes: 4 * GIB },
};

function podOf(container: Partial<Container> = {}, spec: Partial<PodSpec> = {}): Pod {
  return {
    metadata: {
      name: "web-1",
      namespace: "shop",
      uid: "u1",
      labels: { app: "web", tier: "front" },
      annotations: { note: 'say "hi"' },
    },
    spec: {
      nodeName: "node-1",
      serviceAccountName: "robot",
      enableServiceLinks: false,
      containers: [{ name: "web", ...container }],
      ...spec,
    },
  };
}

function environment(
  container: Partial<Container>,
  spec: Partial<PodSpec> = {},
): Readonly<Record<string, string>> | string {
  const pod = podOf(container, spec);
  const made = environmentOf(pod, pod.spec.containers[0] as Container, around);
  if (!made.ok) return made.message;
  // The API server's own variables are in every container; only the test that wants them looks at them.
  return Object.fromEntries(
    made.variables.filter(([name]) => spec.enableServiceLinks !== undefined || !name.startsWith("KUBERNETES_")),
  );
}

const field = (fieldPath: string): readonly EnvVar[] => [{ name: "X", valueFrom: { fieldRef: { fieldPath } } }];
const resource = (name: string, divisor?: string): readonly EnvVar[] => [
  { name: "X", valueFrom: { resourceFieldRef: { resource: name, ...(divisor !== undefined && { divisor }) } } },
];

const environments: readonly {
  readonly title: string;
  readonly container: Partial<Container>;
  readonly want: Readonly<Record<string, string>> | string;
}[] = [
  { title: "plain values", container: { env: [{ name: "A", value: "1" }, { name: "B" }] }, want: { A: "1", B: "" } },
  {
    title: "references to earlier variables",
    container: {
      env: [
        { name: "A", value: "1" },
        { name: "B", value: "$(A)2 $(NONE) $$(A)" },
      ],
    },
    want: { A: "1", B: "12 $(NONE) $(A)" },
  },
  {
    title: "a reference to a later one stays as it is",
    container: {
      env: [
        { name: "B", value: "$(A)" },
        { name: "A", value: "1" },
      ],
    },
    want: { B: "$(A)", A: "1" },
  },
  {
    title: "a whole configMap with a prefix, overruled by env",
    container: { envFrom: [{ prefix: "C_", configMapRef: { name: "app" } }], env: [{ name: "C_size", value: "S" }] },
    want: { C_color: "blue", C_size: "S" },
  },
  { title: "a whole secret", container: { envFrom: [{ secretRef: { name: "db" } }] }, want: { password: "s3cret" } },
  {
    title: "one key of each",
    container: {
      env: [
        { name: "A", valueFrom: { configMapKeyRef: { name: "app", key: "color" } } },
        { name: "B", valueFrom: { secretKeyRef: { name: "db", key: "password" } } },
      ],
    },
    want: { A: "blue", B: "s3cret" },
  },
  {
    title: "a missing configMap",
    container: { envFrom: [{ configMapRef: { name: "none" } }] },
    want: 'configmap "none" not found',
  },
  {
    title: "a missing configMap that is optional",
    container: { envFrom: [{ configMapRef: { name: "none", optional: true } }] },
    want: {},
  },
  {
    title: "a missing key",
    container: { env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "app", key: "none" } } }] },
    want: "couldn't find key none in ConfigMap shop/app",
  },
  {
    title: "a missing key that is optional",
    container: { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "db", key: "none", optional: true } } }] },
    want: {},
  },
  {
    title: "a missing secret",
    container: { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "none", key: "x" } } }] },
    want: 'secret "none" not found',
  },
  { title: "the pod's name", container: { env: field("metadata.name") }, want: { X: "web-1" } },
  { title: "a label", container: { env: field("metadata.labels['app']") }, want: { X: "web" } },
  { title: "the pod's address", container: { env: field("status.podIP") }, want: { X: "10.64.0.7" } },
  { title: "the node's address", container: { env: field("status.hostIP") }, want: { X: "10.192.0.11" } },
  { title: "the service account", container: { env: field("spec.serviceAccountName") }, want: { X: "robot" } },
  {
    title: "a CPU limit in cores, rounded up",
    container: { resources: { limits: { cpu: "250m" } }, env: resource("limits.cpu") },
    want: { X: "1" },
  },
  {
    title: "a CPU limit in thousandths",
    container: { resources: { limits: { cpu: "250m" } }, env: resource("limits.cpu", "1m") },
    want: { X: "250" },
  },
  {
    title: "memory in MiB",
    container: { resources: { limits: { memory: "256Mi" } }, env: resource("limits.memory", "1Mi") },
    want: { X: "256" },
  },
  { title: "no limit: the node's", container: { env: resource("limits.memory") }, want: { X: String(4 * GIB) } },
  { title: "no request: nothing", container: { env: resource("requests.cpu") }, want: { X: "0" } },
];

for (const { title, container, want } of environments)
  test(`environment: ${title}`, () => assert.deepEqual(environment(container), want));

test("service links: those of the namespace, and the API server", () => {
  assert.deepEqual(environment({}, { enableServiceLinks: true }), {
    KUBERNETES_SERVICE_HOST: "10.128.0.1",
    KUBERNETES_SERVICE_PORT: "443",
    KUBERNETES_SERVICE_PORT_HTTPS: "443",
    KUBERNETES_PORT: "tcp://10.128.0.1:443",
    KUBERNETES_PORT_443_TCP: "tcp://10.128.0.1:443",
    KUBERNETES_PORT_443_TCP_PROTO: "tcp",
    KUBERNETES_PORT_443_TCP_PORT: "443",
    KUBERNETES_PORT_443_TCP_ADDR: "10.128.0.1",
    USER_DB_SERVICE_HOST: "10.128.0.9",
    USER_DB_SERVICE_PORT: "5432",
    USER_DB_PORT: "tcp://10.128.0.9:5432",
    USER_DB_PORT_5432_TCP: "tcp://10.128.0.9:5432",
    USER_DB_PORT_5432_TCP_PROTO: "tcp",
    USER_DB_PORT_5432_TCP_PORT: "5432",
    USER_DB_PORT_5432_TCP_ADDR: "10.128.0.9",
  });
  assert.equal(
    Object.keys(environment({}, { enableServiceLinks: false })).every((name) => name.startsWith("KUBERNETES_")),
    true,
  );
});

test("commands and args take variables", () => {
  assert.deepEqual(
    commandOf({ name: "c", command: ["run", "$(A)"], args: ["--x=$(A)", "$$(A)", "$(B)"] }, [["A", "1"]]),
    { command: ["run", "1"], args: ["--x=1", "$(A)", "$(B)"] },
  );
  assert.equal(expand("$", new Map()), "$");
});

interface Files {
  readonly title: string;
  readonly sources: readonly Projection[];
  readonly defaultMode?: number;
  /** "path mode text", or what is missing. */
  readonly want: readonly string[] | string;
}

const files: readonly Files[] = [
  { title: "nothing", sources: [], want: [] },
  {
    title: "a configMap, binary data included",
    sources: [{ configMap: { name: "app" } }],
    want: ["color 644 blue", "size 644 XL", "logo 644 \u0000\u0001\u0002"],
  },
  {
    title: "items under their paths, with their modes",
    sources: [
      {
        configMap: {
          name: "app",
          items: [
            { key: "size", path: "a/b" },
            { key: "color", path: "c", mode: 0o600 },
          ],
        },
      },
    ],
    defaultMode: 0o400,
    want: ["a/b 400 XL", "c 600 blue"],
  },
  {
    title: "an item that is not there",
    sources: [{ configMap: { name: "app", items: [{ key: "none", path: "x" }] } }],
    want: 'MountVolume.SetUp failed for volume "v" : configmap references non-existent config key: none',
  },
  { title: "a secret", sources: [{ secret: { name: "db" } }], want: ["password 644 s3cret"] },
  {
    title: "a missing secret",
    sources: [{ secret: { name: "none" } }],
    want: 'MountVolume.SetUp failed for volume "v" : secret "none" not found',
  },
  { title: "a missing secret that is optional", sources: [{ secret: { name: "none", optional: true } }], want: [] },
  {
    title: "the downward API",
    sources: [
      {
        downwardAPI: {
          items: [
            { path: "labels", fieldRef: { fieldPath: "metadata.labels" } },
            { path: "notes", fieldRef: { fieldPath: "metadata.annotations" } },
            { path: "cpu", mode: 0o444, resourceFieldRef: { containerName: "web", resource: "limits.cpu" } },
          ],
        },
      },
    ],
    want: ['labels 644 app="web"\ntier="front"', 'notes 644 note="say \\"hi\\""', "cpu 444 2"],
  },
  {
    title: "projected: a later source wins",
    sources: [
      { configMap: { name: "app", items: [{ key: "color", path: "x" }] } },
      { secret: { name: "db", items: [{ key: "password", path: "x" }] } },
    ],
    want: ["x 644 s3cret"],
  },
];

for (const { title, sources, defaultMode, want } of files) {
  test(`volume files: ${title}`, () => {
    const made = projectedFiles(podOf(), { name: "v", sources, defaultMode }, around);
    const told = made.ok
      ? made.files.map(({ path, mode, bytes }) => `${path} ${mode.toString(8)} ${decodeUtf8(bytes)}`)
      : made.message;
    assert.deepEqual(told, want);
  });
}

test("a projected token is asked for, not made up", () => {
  const sources = [{ serviceAccountToken: { path: "token", expirationSeconds: 3607, audience: "x" } }];
  const made = projectedFiles(podOf(), { name: "v", sources, defaultMode: undefined }, around);
  assert.deepEqual(made.ok && made.files[0]?.token, { expirationSeconds: 3607, audience: "x" });
});

for (const { title, spec, want } of [
  { title: "of nobody in particular", spec: {}, want: [0o644, undefined] },
  { title: "of the pod's user", spec: { securityContext: { runAsUser: 7 } }, want: [0o600, 7] },
  { title: "of the pod's group", spec: { securityContext: { fsGroup: 9 } }, want: [0o600, undefined] },
  {
    title: "of containers that all run as one",
    spec: { containers: [{ name: "a", securityContext: { runAsUser: 7 } }] },
    want: [0o600, 7],
  },
  {
    title: "of containers that do not",
    spec: {
      securityContext: { runAsUser: 7 },
      containers: [{ name: "a", securityContext: { runAsUser: 8 } }, { name: "b" }],
    },
    want: [0o644, undefined],
  },
])
  test(`a projected token ${title}: its mode and owner`, () => {
    const pod = podOf();
    const sources = [{ serviceAccountToken: { path: "token" } }];
    const whose = { ...pod, spec: { ...pod.spec, ...spec } };
    const made = projectedFiles(whose, { name: "v", sources, defaultMode: undefined }, around);
    const [file] = made.ok ? made.files : [];
    assert.deepEqual([file?.mode, file?.user], want);
  });

test("base64 of every length", () => {
  for (const text of ["", "a", "ab", "abc", "abcd", "\u00ff\u00fe"])
    assert.equal(decodeUtf8(fromBase64(Buffer.from(text).toString("base64"))), text);
});

const cgroups: readonly {
  readonly title: string;
  readonly resources: Container["resources"];
  readonly want: readonly [shares: number, quota: number, memory: number];
}[] = [
  { title: "nothing asked", resources: {}, want: [2, -1, 0] },
  { title: "a request only", resources: { requests: { cpu: "100m", memory: "128Mi" } }, want: [102, -1, 0] },
  {
    title: "request and limit",
    resources: { requests: { cpu: "100m" }, limits: { cpu: "200m", memory: "256Mi" } },
    want: [102, 20_000, 256 * 1024 ** 2],
  },
  { title: "a limit stands for the request", resources: { limits: { cpu: "2" } }, want: [2048, 200_000, 0] },
  { title: "the least quota", resources: { limits: { cpu: "1m" } }, want: [2, 1_000, 0] },
];

for (const { title, resources, want } of cgroups) {
  test(`cgroup: ${title}`, () => {
    const made = containerCgroup({ name: "c", ...(resources && { resources }) });
    assert.deepEqual([made.cpuShares, made.cpuQuotaMicros, made.memoryLimitBytes], want);
  });
}

test("a pod is limited only when all of its containers are", () => {
  const limited = { requests: { cpu: "100m" }, limits: { cpu: "200m", memory: "64Mi" } };
  const both = podCgroup(
    podOf(
      { resources: limited },
      {
        containers: [
          { name: "a", resources: limited },
          { name: "b", resources: limited },
        ],
      },
    ),
  );
  assert.deepEqual([both.cpuShares, both.cpuQuotaMicros, both.memoryLimitBytes], [204, 40_000, 128 * 1024 ** 2]);
  const one = podCgroup(podOf({}, { containers: [{ name: "a", resources: limited }, { name: "b" }] }));
  assert.deepEqual([one.cpuQuotaMicros, one.memoryLimitBytes], [-1, 0]);
});

test("quality of service: where the group is and who dies first", () => {
  const guaranteed = podOf({ resources: { limits: { cpu: "1", memory: "1Gi" } } });
  const burstable = podOf({ resources: { requests: { memory: "1Gi" } } });
  assert.deepEqual(
    [cgroupPath(guaranteed), cgroupPath(burstable), cgroupPath(podOf())],
    ["podu1", "burstable/podu1", "besteffort/podu1"],
  );
  const score = (pod: Pod): number => oomScore(pod, pod.spec.containers[0] as Container, 4 * GIB);
  assert.deepEqual([score(guaranteed), score(burstable), score(podOf())], [-997, 750, 1000]);
});

test("weights of cgroup v2", () => {
  assert.deepEqual([2, 1024, 262_144].map(cpuWeight), [1, 39, 10_000]);
});

test("all pods together may use what is allocatable and what is kept free until one is evicted", () => {
  const { cpuShares, cpuQuotaMicros, memoryLimitBytes } = allPodsCgroup({ cpuMillis: 2_000, memoryBytes: GIB });
  assert.deepEqual([cpuShares, cpuQuotaMicros, memoryLimitBytes], [2_048, -1, GIB + 100 * 1024 ** 2]);
});
