/** What a container's and a pod's members become in CRI's words: each as a row. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, PodSpec } from "#kinds/core/pod-spec.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { type ContainerInputs, containerConfig, hostnameOf, sandboxConfig } from "./container-config.ts";
import type { ContainerConfig, CriImage } from "./cri-messages.ts";
import type { NodeFacts } from "./node-facts.ts";

const amount = { cpuMillis: 1_000, memoryBytes: 1024 ** 3 };
const facts: NodeFacts = {
  instance: "dev",
  name: "node-1",
  capacity: amount,
  allocatable: amount,
  ip: "10.192.0.11",
  podCidr: "10.64.1.0/24",
  dnsIp: "10.128.0.10",
  clusterDomain: "cluster.local",
  nodeDir: "/data/node-1",
  nodeRunDir: "/run/dev/node-1",
  cgroup: "/catamaran/dev/node-1",
};

function configOf(spec: Partial<PodSpec>, own: Partial<Container>, image: Partial<CriImage> = {}): ContainerConfig {
  const container: Container = { name: "main", image: "app", ...own };
  const pod: Pod = {
    metadata: { name: "web", namespace: "prod", uid: "u-1" },
    spec: { containers: [container], ...spec },
  };
  const found = { id: "sha256:1", ...image } as CriImage;
  const parts: ContainerInputs = { attempt: 0, image: found, variables: [], mounts: [], messageFile: "/m" };
  return containerConfig(pod, container, parts, facts);
}

const security = (config: ContainerConfig): object => config.linux?.security_context ?? {};

const cases: readonly (readonly [
  title: string,
  spec: Partial<PodSpec>,
  own: Partial<Container>,
  read: (config: ContainerConfig) => object,
  expected: object,
])[] = [
  ["workingDir", {}, { workingDir: "/srv" }, (config) => config, { working_dir: "/srv" }],
  ["stdin", {}, { stdin: true, stdinOnce: true }, (config) => config, { stdin: true, stdin_once: true }],
  [
    "runAsUser and runAsGroup of the pod",
    { securityContext: { runAsUser: 5, runAsGroup: 6 } },
    {},
    security,
    { run_as_user: { value: 5 }, run_as_group: { value: 6 } },
  ],
  [
    "runAsGroup of the container over the pod's, as the image's user",
    { securityContext: { runAsGroup: 6 } },
    { securityContext: { runAsGroup: 7 } },
    security,
    { run_as_user: { value: 0 }, run_as_group: { value: 7 } },
  ],
  [
    "supplementalGroups, and fsGroup as one of them",
    { securityContext: { supplementalGroups: [8, 9], fsGroup: 10 } },
    {},
    security,
    { supplemental_groups: [8, 9, 10] },
  ],
  [
    "readOnlyRootFilesystem",
    {},
    { securityContext: { readOnlyRootFilesystem: true } },
    security,
    { readonly_rootfs: true },
  ],
  [
    "procMount Unmasked",
    {},
    { securityContext: { procMount: "Unmasked" } },
    security,
    { masked_paths: [], readonly_paths: [] },
  ],
];

for (const [title, spec, own, read, expected] of cases)
  test(`CRI is told ${title}`, () => {
    const told = read(configOf(spec, own));
    for (const [name, value] of Object.entries(expected))
      assert.deepEqual(told[name as keyof typeof told], value, name);
  });

test("the policy of the termination message goes with the container, to be read when it ends", () => {
  const policyOf = (own: Partial<Container>): readonly string[] => Object.values(configOf({}, own).annotations ?? {});
  assert.ok(policyOf({}).includes("File"));
  assert.ok(policyOf({ terminationMessagePolicy: "FallbackToLogsOnError" }).includes("FallbackToLogsOnError"));
});

const hosts: readonly (readonly [title: string, spec: Partial<PodSpec>, expected: string])[] = [
  ["the pod's name", {}, "web"],
  ["hostname", { hostname: "db" }, "db"],
  ["subdomain alone", { subdomain: "back" }, "web"],
  ["setHostnameAsFQDN", { subdomain: "back", setHostnameAsFQDN: true }, "web.back.prod.svc.cluster.local"],
];

for (const [title, spec, expected] of hosts)
  test(`the hostname of a pod: ${title}`, () => {
    const pod: Pod = {
      metadata: { name: "web", namespace: "prod", uid: "u-1" },
      spec: { containers: [{ name: "main", image: "app" }], ...spec },
    };
    assert.equal(hostnameOf(pod, facts), expected);
    assert.equal(sandboxConfig(pod, 0, facts).hostname, expected);
  });

test("targetContainerName: the processes of the container with that id", () => {
  const pod: Pod = { metadata: { name: "web", namespace: "prod", uid: "u-1" }, spec: { containers: [] } };
  const parts = { attempt: 0, image: { id: "sha256:1" } as CriImage, variables: [], mounts: [], messageFile: "/m" };
  const config = containerConfig(pod, { name: "look", image: "app" }, { ...parts, target: "c-1" }, facts);
  assert.partialDeepStrictEqual(config.linux?.security_context?.namespace_options, { pid: 3, target_id: "c-1" });
});
