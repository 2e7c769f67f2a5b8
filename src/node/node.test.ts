/** The node's pure parts: configuration texts, CRI words, the Node object, admission, atomic volumes. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Pod } from "#kinds/core/pod.ts";
import type { Container, PodSpec } from "#kinds/core/pod-spec.ts";
import { writeAtomically } from "./atomic-files.ts";
import { containerConfig, sandboxConfig } from "./container-config.ts";
import { cniConfig, containerdConfig } from "./containerd-config.ts";
import type { CriImage } from "./cri-messages.ts";
import { criCalls } from "./cri-messages.ts";
import { nodePaths } from "./containerd.ts";
import { decode, encode } from "./messages.ts";
import { refusalOf } from "./node-admission.ts";
import type { NodeFacts } from "./node-facts.ts";
import { newNode, nodeStatus, type NodeReport } from "./node-object.ts";
import { referencesOf } from "#pods/references.ts";
import type { RuntimeChoice } from "./runtime-probe.ts";
import { Turns } from "./turns.ts";

const GIB = 1024 ** 3;
const facts: NodeFacts = {
  instance: "dev",
  name: "node-1",
  capacity: { cpuMillis: 2_000, memoryBytes: 8 * GIB },
  allocatable: { cpuMillis: 1_900, memoryBytes: 7 * GIB },
  ip: "10.192.0.11",
  podCidr: "10.64.1.0/24",
  dnsIp: "10.128.0.10",
  clusterDomain: "cluster.local",
  nodeDir: "/data/node-1",
  nodeRunDir: "/run/dev/node-1",
  cgroup: "/catamaran/dev/node-1",
};

function pod(spec: Partial<PodSpec> = {}, container: Partial<Container> = {}): Pod {
  return {
    metadata: { name: "web", namespace: "prod", uid: "u-1" },
    spec: { containers: [{ name: "main", image: "app", ...container }], ...spec },
  };
}

const runtime: RuntimeChoice = {
  name: "crun",
  path: "/usr/bin/crun",
  why: "",
  snapshotter: "overlayfs",
  restrictsOomScore: true,
  cniBinDir: "/usr/lib/cni",
  hasBridgeNetfilter: true,
  handlers: [{ name: "runc", type: "io.containerd.runc.v2", path: "/usr/sbin/runc" }],
};
const paths = nodePaths({ nodeDir: "/data/n", nodeRunDir: "/run/n" });

test("containerd 1.x gets configuration version 2, 2.x version 3, each with its own places", () => {
  const one = containerdConfig("1.6.20", runtime, paths);
  assert.match(one, /^version = 2\n/);
  // A RuntimeClass may ask for the other one.
  assert.match(one, /runtimes\.runc\]\n  runtime_type = "io\.containerd\.runc\.v2"/);
  assert.match(
    one,
    /\[plugins\."io\.containerd\.grpc\.v1\.cri"\]\n\s+sandbox_image = "catamaran\.dev\/pause:1"\n\s+restrict_oom_score_adj = true/,
  );
  const two = containerdConfig("2.1.9", { ...runtime, name: "runc", path: "/usr/sbin/runc" }, paths);
  assert.match(two, /^version = 3\n/);
  assert.match(two, /cri\.v1\.images"\.pinned_images\]\n\s+sandbox = "catamaran\.dev\/pause:1"/);
  for (const text of [one, two]) assert.match(text, /SystemdCgroup = false/);
  assert.match(two, /runtimes\.runc\.options\]\n\s+BinaryName = "\/usr\/sbin\/runc"/);
});

test("the pod network is a plain bridge, or links of their own where the bridge passes the rules by", () => {
  const node = { instance: "dev", node: "node-1", podCidr: "10.64.1.0/24" };
  const plugin = (options: { hasBridgeNetfilter: boolean }): { type: string; ipMasq: boolean } =>
    JSON.parse(cniConfig(node, paths, options)).plugins[0];
  assert.deepEqual(
    [plugin({ hasBridgeNetfilter: true }).type, plugin({ hasBridgeNetfilter: false }).type],
    ["bridge", "ptp"],
  );
  assert.equal(plugin({ hasBridgeNetfilter: true }).ipMasq, false);
  assert.equal(JSON.parse(cniConfig(node, paths)).name, "ctm-dev-node-1");
});

const dns: readonly (readonly [string, Partial<PodSpec>, object])[] = [
  [
    "ClusterFirst",
    {},
    {
      servers: ["10.128.0.10"],
      searches: ["prod.svc.cluster.local", "svc.cluster.local", "cluster.local"],
      options: ["ndots:5"],
    },
  ],
  [
    "ClusterFirst on the host's network is Default",
    { hostNetwork: true },
    { servers: ["10.128.0.10"], searches: [], options: [] },
  ],
  [
    "ClusterFirstWithHostNet is ClusterFirst on the host's network as well",
    { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" },
    {
      servers: ["10.128.0.10"],
      searches: ["prod.svc.cluster.local", "svc.cluster.local", "cluster.local"],
      options: ["ndots:5"],
    },
  ],
  [
    "None takes what the pod says",
    {
      dnsPolicy: "None",
      dnsConfig: {
        nameservers: ["1.2.3.4"],
        searches: ["x"],
        options: [{ name: "ndots", value: "2" }, { name: "edns0" }],
      },
    },
    { servers: ["1.2.3.4"], searches: ["x"], options: ["ndots:2", "edns0"] },
  ],
  [
    "the pod's own ndots wins",
    { dnsConfig: { options: [{ name: "ndots", value: "1" }] } },
    {
      servers: ["10.128.0.10"],
      searches: ["prod.svc.cluster.local", "svc.cluster.local", "cluster.local"],
      options: ["ndots:1"],
    },
  ],
];
for (const [title, spec, expected] of dns)
  test(`dnsPolicy: ${title}`, () => assert.deepEqual(sandboxConfig(pod(spec), 0, facts).dns_config, expected));

const sandboxes: readonly (readonly [string, Partial<PodSpec>, object])[] = [
  ["its own namespaces, no shared processes", {}, { network: 0, pid: 1, ipc: 0 }],
  ["shareProcessNamespace", { shareProcessNamespace: true }, { network: 0, pid: 0, ipc: 0 }],
  ["the host's", { hostNetwork: true, hostPID: true, hostIPC: true }, { network: 2, pid: 2, ipc: 2 }],
];
for (const [title, spec, expected] of sandboxes)
  test(`a sandbox has ${title}`, () =>
    assert.deepEqual(sandboxConfig(pod(spec), 0, facts).linux?.security_context?.namespace_options, expected));

test("a privileged container needs a privileged sandbox", () => {
  assert.equal(
    sandboxConfig(pod({}, { securityContext: { privileged: true } }), 0, facts).linux?.security_context?.privileged,
    true,
  );
});

for (const [what, spec] of [["hostUsers", { hostUsers: false }]] as const) {
  test(`${what} is refused by name`, () =>
    assert.throws(() => sandboxConfig(pod(spec), 0, facts), { code: "Unsupported", message: new RegExp(what) }));
}

const image: CriImage = { id: "sha256:abc", repo_tags: [], repo_digests: [] };
const made = (given: Pod, of: CriImage = image): ReturnType<typeof containerConfig> =>
  containerConfig(
    given,
    given.spec.containers[0] ?? { name: "" },
    { attempt: 2, image: of, variables: [["WHO", "me"]], mounts: [], messageFile: "/data/m" },
    facts,
  );

test("a container's command, environment, log and resources", () => {
  const config = made(
    pod(
      {},
      {
        command: ["echo", "$(WHO)", "$$(WHO)", "$(NOBODY)"],
        resources: { requests: { cpu: "100m" }, limits: { cpu: "200m", memory: "64Mi" } },
      },
    ),
  );
  assert.deepEqual(config.command, ["echo", "me", "$(WHO)", "$(NOBODY)"]);
  assert.deepEqual(config.envs, [{ key: "WHO", value: "me" }]);
  assert.equal(config.log_path, "main/2.log");
  const resources = config.linux?.resources;
  assert.deepEqual(
    [resources?.cpu_shares, resources?.cpu_quota, resources?.memory_limit_in_bytes],
    [102, 20_000, 64 * 1024 * 1024],
  );
});

test("no limits, no quota", () =>
  assert.deepEqual(Object.keys(made(pod()).linux?.resources ?? {}).toSorted(), [
    "cpu_period",
    "cpu_shares",
    "oom_score_adj",
  ]));

const users: readonly (readonly [string, Container["securityContext"], CriImage, RegExp | null])[] = [
  ["root by order", { runAsNonRoot: true, runAsUser: 0 }, image, /breaks non-root policy/],
  ["root by image", { runAsNonRoot: true }, image, /image will run as root/],
  ["a name in the image", { runAsNonRoot: true }, { ...image, username: "node" }, /non-numeric user \(node\)/],
  ["a number in the image", { runAsNonRoot: true }, { ...image, uid: { value: 1000 } }, null],
  ["a number by order", { runAsNonRoot: true, runAsUser: 7 }, image, null],
];
for (const [title, securityContext, of, fault] of users) {
  test(`runAsNonRoot with ${title} is ${fault === null ? "fine" : "refused"}`, () => {
    const make = (): unknown => made(pod({}, securityContext === undefined ? {} : { securityContext }), of);
    if (fault === null) make();
    else assert.throws(make, fault);
  });
}

test("messages survive their bytes; absent lists and maps are empty", () => {
  const { request, answer } = criCalls["RuntimeService/ListContainers"];
  assert.deepEqual(decode(request, encode(request, { filter: { label_selector: { a: "b", c: "" } } })), {
    filter: { label_selector: { a: "b", c: "" } },
  });
  assert.deepEqual(decode(answer, new Uint8Array()), { containers: [] });
  assert.throws(() => encode(request, { nothing: 1 }), RangeError);
});

const report: NodeReport = {
  facts,
  info: {
    machineID: "m",
    systemUUID: "s",
    bootID: "b",
    kernelVersion: "6",
    osImage: "Debian",
    containerRuntimeVersion: "containerd://1.6.20",
    kubeletVersion: "v1.34.2",
    kubeProxyVersion: "v1.34.2",
    operatingSystem: "linux",
    architecture: "amd64",
  },
  endpointPort: 10_250,
  images: [],
  faults: [],
  pressures: new Set(),
  now: Date.parse("2026-01-02T03:04:05Z"),
};

test("a new node says what it has and is ready", () => {
  const node = newNode(report, { zone: "a" });
  assert.deepEqual(
    [node.status?.capacity, node.status?.allocatable],
    [
      { cpu: "2", memory: "8388608Ki", pods: "110" },
      { cpu: "1900m", memory: "7340032Ki", pods: "110" },
    ],
  );
  assert.equal(node.metadata.labels?.["kubernetes.io/hostname"], "node-1");
  assert.equal(node.spec?.podCIDR, "10.64.1.0/24");
  assert.equal(node.status?.conditions?.find(({ type }) => type === "Ready")?.status, "True");
});

test("a runtime that is down makes the node not ready; transition times change with the status only", () => {
  const before = nodeStatus(report, undefined);
  const later = { ...report, now: report.now + 60_000 };
  const same = nodeStatus(later, before).conditions?.find(({ type }) => type === "Ready");
  assert.deepEqual(
    [same?.lastTransitionTime, same?.lastHeartbeatTime],
    ["2026-01-02T03:04:05Z", "2026-01-02T03:05:05Z"],
  );
  const down = nodeStatus({ ...later, faults: ["down"] }, before).conditions?.find(({ type }) => type === "Ready");
  assert.deepEqual([down?.status, down?.message, down?.lastTransitionTime], ["False", "down", "2026-01-02T03:05:05Z"]);
});

test("conditions tell what the node is low on", () => {
  const told = nodeStatus({ ...report, pressures: new Set(["DiskPressure"]) }, undefined).conditions ?? [];
  assert.deepEqual(
    told.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
    [
      "MemoryPressure False KubeletHasSufficientMemory",
      "DiskPressure True KubeletHasDiskPressure",
      "PIDPressure False KubeletHasSufficientPID",
      "Ready True KubeletReady",
    ],
  );
});

test("capacity that others have told is kept, and offered", () => {
  const status = nodeStatus(report, { capacity: { cpu: "77", "example.com/gpu": "2" } });
  assert.equal(status.capacity?.["cpu"], "2");
  assert.equal(status.capacity?.["example.com/gpu"], "2");
  assert.equal(status.allocatable?.["example.com/gpu"], "2");
});

test("conditions of others are kept", () => {
  const live = { conditions: [{ type: "NetworkUnavailable", status: "False" as const }] };
  assert.ok(nodeStatus(report, live).conditions?.some(({ type }) => type === "NetworkUnavailable"));
});

const booked = (name: string, cpu: string, phase: "Running" | "Succeeded" = "Running"): Pod => ({
  metadata: { name, uid: name },
  spec: { containers: [{ name: "c", resources: { requests: { cpu, memory: "1Gi" } } }] },
  status: { phase },
});
const admissions: readonly (readonly [string, Pod, readonly Pod[], string | null])[] = [
  ["fits", booked("new", "900m"), [booked("a", "1")], null],
  ["CPU is short", booked("new", "1"), [booked("a", "1")], "OutOfcpu"],
  ["ended pods book nothing", booked("new", "1"), [booked("a", "1", "Succeeded")], null],
  [
    "memory is short",
    booked("new", "1m"),
    Array.from({ length: 7 }, (_, index) => booked(`p${index}`, "1m")),
    "OutOfmemory",
  ],
  [
    "too many pods",
    pod(),
    Array.from({ length: 110 }, (_, index) => ({ ...pod(), metadata: { name: `p${index}`, uid: `p${index}` } })),
    "OutOfpods",
  ],
  ["a pod without requests always fits", pod(), [booked("a", "2")], null],
];
for (const [title, given, others, reason] of admissions)
  test(`the node admits: ${title}`, () =>
    assert.equal(refusalOf(given, others, facts.allocatable)?.reason ?? null, reason));

test("references are found wherever a pod can make them", () => {
  const found = referencesOf(
    pod(
      {
        volumes: [
          { name: "a", configMap: { name: "c1" } },
          { name: "b", secret: { secretName: "s1" } },
          { name: "c", projected: { sources: [{ configMap: { name: "c2" } }, { secret: { name: "s2" } }] } },
        ],
      },
      {
        envFrom: [{ configMapRef: { name: "c3" } }, { secretRef: { name: "s3" } }],
        env: [
          { name: "x", valueFrom: { configMapKeyRef: { name: "c4", key: "k" } } },
          { name: "y", valueFrom: { secretKeyRef: { name: "s1", key: "k" } } },
        ],
      },
    ),
  );
  assert.deepEqual(found, { configMaps: ["c1", "c2", "c4", "c3"], secrets: ["s1", "s2", "s3"] });
});

test("a volume changes as a whole: one link decides", async () => {
  const folder = await mkdtemp(join(tmpdir(), "ctm-atomic-"));
  const files = (text: string, more: readonly string[] = []): { path: string; mode: number; bytes: Buffer }[] =>
    ["a", "deep/b", ...more].map((path) => ({ path, mode: 0o640, bytes: Buffer.from(text) }));
  assert.equal(await writeAtomically(folder, files("1"), "one"), true);
  assert.equal(await writeAtomically(folder, files("1"), "two"), false, "nothing changed, nothing is written");
  assert.equal(await readlink(join(folder, "..data")), "..one");
  assert.equal(await writeAtomically(folder, files("2", ["c"]), "three"), true);
  assert.equal(await readFile(join(folder, "deep/b"), "utf8"), "2");
  assert.deepEqual((await readdir(folder)).toSorted(), ["..data", "..three", "a", "c", "deep"]);
  assert.equal(await writeAtomically(folder, files("2"), "four"), true);
  assert.deepEqual(
    (await readdir(folder)).toSorted(),
    ["..data", "..four", "a", "deep"],
    "a key that is gone loses its name",
  );
  await rm(folder, { recursive: true });
});

test("turns are taken in order, never more at once than there are", async () => {
  const turns = new Turns(2);
  const log: string[] = [];
  const gates = new Map<string, () => void>();
  const work = (name: string): Promise<void> =>
    turns.take(async () => {
      log.push(`+${name}`);
      await new Promise<void>((resolve) => gates.set(name, resolve));
      log.push(`-${name}`);
    });
  const all = Promise.all(["a", "b", "c"].map(work));
  await Promise.resolve();
  assert.deepEqual(log, ["+a", "+b"]);
  gates.get("b")?.();
  while (!gates.has("c")) await Promise.resolve();
  assert.deepEqual(log, ["+a", "+b", "-b", "+c"]);
  gates.get("a")?.();
  gates.get("c")?.();
  await all;
});
