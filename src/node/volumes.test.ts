/** Volumes on disk: their modes and owners as kubelet's, and subPaths that stay inside. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Fault } from "#base/fault.ts";
import type { PersistentVolume } from "#kinds/core/persistent-volume.ts";
import type { PodSpec, VolumeMount } from "#kinds/core/pod-spec.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { Volume } from "#kinds/core/volume.ts";
import { run } from "#machine/command.ts";
import { makeClaimFolder, removeClaimFolder } from "./claim-folders.ts";
import type { NodeFacts } from "./node-facts.ts";
import type { CriMount } from "./cri-messages.ts";
import { mountsFor } from "./container-mounts.ts";
import { volumeTypeOf, volumeTypes } from "./volume-types/all.ts";
import type { VolumeSources } from "./volume-types/volume-type.ts";
import { areVolumesThere, prepareVolumes, refreshVolumes, removeVolumes, volumesOf } from "./volumes.ts";

const skip = process.getuid?.() === 0 ? false : "only root gives files away";
const directory = await mkdtemp(join(tmpdir(), "ctm-volumes-"));
after(() => rm(directory, { recursive: true, force: true }));

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
  nodeDir: join(directory, "node"),
  nodeRunDir: join(directory, "run"),
  cgroup: "/catamaran/dev/node-1",
};

const around: VolumeSources = {
  values: {
    configMap: (name) => (name === "there" ? { metadata: { name }, data: { a: "1" } } : undefined),
    secret: (name) => (name === "there" ? { metadata: { name }, data: { a: "MQ==" } } : undefined),
    hostIp: "10.192.0.11",
    podIp: "10.64.1.7",
    allocatable: amount,
  },
  token: async () => "token",
  claimed: async ({ claimName: name }) => {
    const found = claimed.get(name);
    if (found === undefined) throw new Fault("NotFound", `persistentvolumeclaim "${name}" not found`);
    return found;
  },
  hidden: async () => [facts.nodeDir],
};
const claimed = new Map<string, PersistentVolume>();

let count = 0;
function podOf(spec: Partial<PodSpec> = {}): Pod {
  return {
    metadata: { name: "web", namespace: "prod", uid: `u-${count++}` },
    spec: { containers: [{ name: "c" }], ...spec },
  };
}

/** "<mode> <user> <group>" of a path below the volume. */
async function look(volume: Volume, spec: Partial<PodSpec>, below: string): Promise<string> {
  const pod = podOf(spec);
  await prepareVolumes(pod, [volume], around, facts);
  const isMemory = volume.projected !== undefined || volume.secret !== undefined;
  const root = isMemory ? join(facts.nodeRunDir, "secrets") : join(facts.nodeDir, "pods");
  const { mode, uid, gid } = await stat(
    join(root, pod.metadata.uid ?? "", isMemory ? "" : "volumes", volume.name, below),
  );
  return `${(mode & 0o7777).toString(8)} ${uid} ${gid}`;
}

const configMap: Volume = {
  name: "v",
  configMap: { name: "there", defaultMode: 0o400, items: [{ key: "a", path: "x/a" }] },
};
const secret: Volume = {
  name: "v",
  secret: { secretName: "there", defaultMode: 0o400, items: [{ key: "a", path: "x/a" }] },
};
const token: Volume = { name: "v", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } };
const grouped = { securityContext: { fsGroup: 9 } };

for (const [title, volume, spec, below, want] of [
  ["emptyDir", { name: "v", emptyDir: {} }, {}, "", "777 0 0"],
  ["emptyDir with fsGroup", { name: "v", emptyDir: {} }, grouped, "", "2777 0 9"],
  ["a file of a configMap", configMap, {}, "x/a", "400 0 0"],
  ["a file of a configMap with fsGroup", configMap, grouped, "x/a", "440 0 9"],
  ["a folder in a configMap with fsGroup", configMap, grouped, "x", "2755 0 9"],
  ["a configMap with fsGroup", configMap, grouped, "", "2755 0 9"],
  ["a file of a secret, in memory", secret, {}, "x/a", "400 0 0"],
  [
    "a secret that is missing and optional",
    { name: "v", secret: { secretName: "none", optional: true } },
    {},
    "",
    "755 0 0",
  ],
  ["a token", token, {}, "token", "644 0 0"],
  ["a token of a user", token, { securityContext: { runAsUser: 7 } }, "token", "600 7 0"],
  ["a token with fsGroup", token, grouped, "token", "640 0 9"],
] as const)
  test(`modes and owners: ${title}`, { skip }, async () => assert.equal(await look(volume, spec, below), want));

async function mountOf(
  volume: Volume,
  mount: Partial<VolumeMount>,
  prepare?: (folder: string) => Promise<void>,
): Promise<string> {
  const pod = podOf();
  await prepareVolumes(pod, [volume], around, facts);
  await prepare?.(join(facts.nodeDir, "pods", pod.metadata.uid ?? "", "volumes", volume.name));
  const container = { name: "c", volumeMounts: [{ name: volume.name, mountPath: "/m", ...mount }] };
  const [made] = await mountsFor(pod, container, { volumes: [volume], variables: [], podIp: "", hidden: [] }, facts);
  return made?.host_path ?? "";
}

test("a subPath of a missing optional configMap is an empty folder", async () => {
  const volume: Volume = { name: "v", configMap: { name: "missing", optional: true } };
  assert.deepEqual(await readdir(await mountOf(volume, { subPath: "a/b" })), []);
});

test("a subPath that is a file is mounted as the file", async () => {
  const volume: Volume = { name: "v", configMap: { name: "there" } };
  assert.ok((await stat(await mountOf(volume, { subPath: "a" }))).isFile());
});

for (const [title, subPath] of [
  ["at its end", "out"],
  ["on its way, where nothing is made either", "out/new"],
] as const)
  test(`a subPath with a link out of the volume ${title} is refused`, async () => {
    const outside = join(directory, "outside");
    await mkdir(outside, { recursive: true });
    const lead = (folder: string): Promise<void> => symlink(outside, join(folder, "out"));
    await assert.rejects(mountOf({ name: "v", emptyDir: {} }, { subPath }, lead), /leads out of the volume/);
    assert.deepEqual(await readdir(outside), []);
  });

const stories: readonly (readonly [title: string, mount: Partial<VolumeMount>, expected: object])[] = [
  ["as it is", {}, { readonly: false, propagation: 0 }],
  ["readOnly", { readOnly: true }, { readonly: true, propagation: 0 }],
  ["HostToContainer", { mountPropagation: "HostToContainer" }, { readonly: false, propagation: 1 }],
  ["Bidirectional", { mountPropagation: "Bidirectional" }, { readonly: false, propagation: 2 }],
];

async function mounted(mount: Partial<VolumeMount>, spec: Partial<PodSpec> = {}): Promise<readonly CriMount[]> {
  const pod = podOf(spec);
  const volumes: readonly Volume[] = [{ name: "v", emptyDir: {} }];
  await prepareVolumes(pod, volumes, around, facts);
  const container = { name: "c", volumeMounts: [{ name: "v", mountPath: "/v", ...mount }] };
  return mountsFor(pod, container, { volumes, podIp: "10.64.1.7", variables: [["WHO", "me"]], hidden: [] }, facts);
}

for (const [title, mount, expected] of stories)
  test(`a volume is mounted ${title}`, { skip }, async () => {
    const { readonly, propagation } = (await mounted(mount)).find((one) => one.container_path === "/v") ?? {};
    assert.deepEqual({ readonly, propagation }, expected);
  });

test("recursiveReadOnly is refused where the runtime must do it", { skip }, async () => {
  await assert.rejects(mounted({ readOnly: true, recursiveReadOnly: "Enabled" }), { code: "Unsupported" });
});

test("subPathExpr is expanded from the container's variables, and what is missing is told", { skip }, async () => {
  const [mount] = (await mounted({ subPathExpr: "of-$(WHO)" })).filter((one) => one.container_path === "/v");
  assert.match(mount?.host_path ?? "", /\/v\/of-me$/);
  await assert.rejects(mounted({ subPathExpr: "$(NOBODY)" }), /missing value for "NOBODY"/);
});

test("hostAliases follow the pod's own names in /etc/hosts", { skip }, async () => {
  const mounts = await mounted({}, { hostAliases: [{ ip: "1.2.3.4", hostnames: ["one.test", "two.test"] }] });
  const file = mounts.find((one) => one.container_path === "/etc/hosts")?.host_path ?? "";
  assert.match(await readFile(file, "utf8"), /10\.64\.1\.7\tweb\n[^]*1\.2\.3\.4\tone\.test\ttwo\.test\n/);
});

const automounts: readonly (readonly [title: string, spec: Partial<PodSpec>, ofAccount: boolean, isThere: boolean])[] =
  [
    ["the account allows it", {}, true, true],
    ["the account does not", {}, false, false],
    ["the pod does not want it", { automountServiceAccountToken: false }, true, false],
  ];

for (const [title, spec, ofAccount, isThere] of automounts)
  test(`a pod has its token where ${title}`, () =>
    assert.equal(
      volumesOf(podOf(spec), ofAccount).some(({ name }) => name.startsWith("kube-api-access")),
      isThere,
    ));

test("what is not provided is refused by name, and what nobody knows as well", () => {
  const refused: readonly (readonly [volume: object, sentence: RegExp])[] = [
    [{ nfs: { server: "x", path: "/" } }, /Pod\.spec\.volumes\[\]\.nfs is not supported/],
  ];
  for (const [source, sentence] of refused) {
    const volume: Volume = { name: "v", ...source };
    assert.throws(() => volumeTypeOf(volume), { code: "Unsupported", message: sentence });
  }
});

test("a pod with a volume that is refused does not start", { skip }, async () => {
  const nfs = { nfs: { server: "x", path: "/" } };
  const volume: Volume = { name: "v", ...nfs };
  await assert.rejects(prepareVolumes(podOf(), [volume], around, facts), { code: "Unsupported" });
});

test("each type is there once; a volume without a source is an emptyDir", () => {
  assert.equal(new Set(volumeTypes.map(({ type }) => type)).size, volumeTypes.length);
  assert.equal(volumeTypeOf({ name: "v" }).type, "emptyDir");
});

for (const [title, source, isReadOnly] of [
  ["configMap", { configMap: { name: "there" } }, true],
  ["downwardAPI", { downwardAPI: { items: [] } }, true],
  ["projected", { projected: { sources: [] } }, true],
  ["emptyDir", { emptyDir: {} }, false],
  ["hostPath", { hostPath: { path: directory } }, false],
] as const)
  test(`containers may${isReadOnly ? " only read" : " write"} a ${title}`, async () => {
    const pod = podOf();
    const volume: Volume = { name: "v", ...source };
    const container = { name: "c", volumeMounts: [{ name: "v", mountPath: "/m" }] };
    await prepareVolumes(pod, [volume], around, facts);
    const [made] = await mountsFor(pod, container, { volumes: [volume], variables: [], podIp: "", hidden: [] }, facts);
    assert.equal(made?.readonly, isReadOnly);
  });

test("what a configMap holds now comes into a running pod; folders of the pod are left alone", async () => {
  const pod = podOf();
  const volumes: readonly Volume[] = [
    { name: "map", configMap: { name: "there" } },
    { name: "empty", emptyDir: {} },
  ];
  let a = "1";
  const live: VolumeSources = {
    ...around,
    values: { ...around.values, configMap: (name) => ({ metadata: { name }, data: { a } }) },
  };
  await prepareVolumes(pod, volumes, live, facts);
  assert.equal(await refreshVolumes(pod, volumes, live, facts), false);
  a = "2";
  assert.equal(await refreshVolumes(pod, volumes, live, facts), true);
  const file = join(facts.nodeDir, "pods", pod.metadata.uid ?? "", "volumes", "map", "a");
  assert.equal(await readFile(file, "utf8"), "2");
});

for (const [type, isThere, sentence] of [
  ["Directory", true, null],
  ["File", true, /is not a File/],
  ["Directory", false, /is not a Directory/],
  ["DirectoryOrCreate", false, null],
  ["FileOrCreate", false, null],
  ["Socket", true, /is not a Socket/],
  ["", false, null],
] as const)
  test(`hostPath ${type || "without a type"} ${isThere ? "on a folder" : "where nothing is"}: ${sentence === null ? "taken" : "refused"}`, async () => {
    const path = join(directory, `host-${count++}`);
    if (isThere) await mkdir(path);
    const prepared = prepareVolumes(podOf(), [{ name: "v", hostPath: { path, type } }], around, facts);
    if (sentence === null) await prepared;
    else await assert.rejects(prepared, sentence);
  });

function volumeAt(name: string, spec: Partial<PersistentVolume["spec"]>): PersistentVolume {
  const volume = { metadata: { name, uid: name }, spec: { capacity: { storage: "1Gi" }, ...spec } };
  claimed.set(name, volume);
  return volume;
}

/** Where the pod finds the claim. */
async function mountedClaim(claimName: string, spec: Partial<PodSpec> = {}, more: object = {}): Promise<string> {
  const volumes = [{ name: "v", persistentVolumeClaim: { claimName, ...more } }];
  const pod = podOf({ ...spec, volumes });
  await prepareVolumes(pod, volumes, around, facts);
  return join(facts.nodeDir, "pods", pod.metadata.uid ?? "", "volumes", "v");
}

const claims = [
  ["own", "a folder that the node made for the claim"],
  ["static", "a local volume"],
  ["host", "a hostPath volume"],
] as const;

for (const [name, title] of claims)
  test(`a claim's volume is mounted for the pod and taken away with it: ${title}`, { skip }, async () => {
    const path = name === "own" ? await makeClaimFolder(facts, name) : join(directory, "machine", name);
    await mkdir(path, { recursive: true });
    volumeAt(name, name === "host" ? { hostPath: { path, type: "Directory" } } : { local: { path } });
    const group = { securityContext: { fsGroup: 9 } };
    const folder = await mountedClaim(name, group);
    await writeFile(join(folder, "kept"), "x");
    const uid = folder.split("/").at(-3) ?? "";
    // As kubelet, a hostPath keeps its group.
    assert.equal((await stat(path)).gid, name === "host" ? 0 : 9);
    const second = await mountedClaim(name, {}, { readOnly: true });
    await assert.rejects(writeFile(join(second, "more"), "x"), { code: "EROFS" });
    for (const each of [uid, second.split("/").at(-3) ?? ""])
      await removeVolumes({ name: "web", namespace: "prod", uid: each }, facts);
    assert.deepEqual(await readdir(path), ["kept"]);
    await assert.rejects(stat(folder), { code: "ENOENT" });
  });

test("the claim of an ephemeral volume is named after its pod", { skip }, async () => {
  volumeAt("web-v", { local: { path: await makeClaimFolder(facts, "web-v") } });
  const volume = { name: "v", ephemeral: { volumeClaimTemplate: { spec: {} } } };
  const pod = podOf({ volumes: [volume] });
  await prepareVolumes(pod, [volume], around, facts);
  assert.equal(await areVolumesThere(pod, [volume], facts), true);
  await removeVolumes({ name: "web", namespace: "prod", uid: pod.metadata.uid ?? "" }, facts);
});

test("a mount that a restart of the machine took away is missed", { skip }, async () => {
  volumeAt("own", { local: { path: await makeClaimFolder(facts, "own") } });
  const volume = { name: "v", persistentVolumeClaim: { claimName: "own" } };
  const pod = podOf({ volumes: [volume] });
  await prepareVolumes(pod, [volume], around, facts);
  assert.equal(await areVolumesThere(pod, [volume], facts), true);
  await run(["umount", join(facts.nodeDir, "pods", pod.metadata.uid ?? "", "volumes", "v")]);
  assert.equal(await areVolumesThere(pod, [volume], facts), false);
});

test("a removed claim folder is gone with what is in it, once and again", { skip }, async () => {
  const folder = await makeClaimFolder(facts, "doomed");
  await writeFile(join(folder, "data"), "x");
  await removeClaimFolder(facts, "doomed");
  await removeClaimFolder(facts, "doomed");
  assert.equal((await readdir(join(facts.nodeDir, "claims"))).includes("doomed"), false);
});

const misplaced: readonly (readonly [title: string, claimName: string, sentence: RegExp])[] = [
  ["not there", "missing", /persistentvolumeclaim "missing" not found/],
  ["gone from the disk", "lost", /MountVolume\.SetUp failed for volume "lost" : path "\/nowhere" does not exist/],
  ["in a folder of the platform", "inside", /belongs to the platform itself/],
  ["around a folder of the platform", "outside", /holds folders of the platform itself/],
];

for (const [title, claimName, sentence] of misplaced)
  test(`a claim whose volume is ${title} is refused`, { skip }, async () => {
    await makeClaimFolder(facts, "x");
    volumeAt("lost", { local: { path: "/nowhere" } });
    volumeAt("inside", { local: { path: join(facts.nodeDir, "claims") } });
    volumeAt("outside", { hostPath: { path: directory } });
    await assert.rejects(mountedClaim(claimName), { message: sentence });
  });
