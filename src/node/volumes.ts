/** A pod's folders, volumes and mounts on the node: prepared, kept current, removed. */
import { randomUUID } from "node:crypto";
import { chmod, chown, mkdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { Fault, unsupported } from "#base/fault.ts";
import { units } from "#base/quantity.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { Container, VolumeMount } from "#kinds/core/pod-spec.ts";
import type { Projection, Volume } from "#kinds/core/volume.ts";
import { podCgroup } from "#pods/cgroup.ts";
import { expand } from "#pods/environment.ts";
import { volumeFiles, type VolumeFile, type VolumeSurroundings } from "#pods/volumes.ts";
import { writeAtomically } from "./atomic-files.ts";
import { run } from "#machine/command.ts";
import { hostnameOf, identityOf, type Variables } from "./container-config.ts";
import { masksOver } from "./hidden-paths.ts";
import { propagation, type CriMount } from "./cri-messages.ts";
import { podFolder, podLogFolder, podMemoryFolder, type NodeFacts } from "./node-facts.ts";

/** The volume that gives a pod its identity; the name that upstream's admission would make up a suffix for. */
const ACCESS_VOLUME = "kube-api-access";
const ACCESS_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
const TOKEN_SECONDS = 3_607; // Upstream's value, which tells automatic tokens from asked ones.
const READY = "ready";

const KNOWN = new Set(["name", "emptyDir", "configMap", "secret", "downwardAPI", "projected", "hostPath"]);

/** One tmpfs for all secrets of the node; called once before the first pod. */
export async function ensureSecretMemory(facts: NodeFacts): Promise<void> {
  const folder = dirname(podMemoryFolder(facts, "x"));
  await mkdir(folder, { recursive: true, mode: 0o711 });
  if (!(await isMounted(folder))) await run(["mount", "-t", "tmpfs", "-o", "mode=0711", "tmpfs", folder]);
}

/** The volumes of the spec and the one with the service account's token, unless the pod or its account does not want it. */
export function volumesOf(pod: Pod, automounts: boolean): readonly Volume[] {
  const own = pod.spec.volumes ?? [];
  const needsAccess =
    automounts &&
    pod.spec.automountServiceAccountToken !== false &&
    pod.spec.containers.some((container) => !mountsAccess(container));
  return needsAccess
    ? [...own, { name: ACCESS_VOLUME, projected: { defaultMode: 0o644, sources: ACCESS_SOURCES } }]
    : own;
}

const ACCESS_SOURCES: readonly Projection[] = [
  { serviceAccountToken: { path: "token", expirationSeconds: TOKEN_SECONDS } },
  { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }], optional: true } },
  { downwardAPI: { items: [{ path: "namespace", fieldRef: { fieldPath: "metadata.namespace" } }] } },
];

function mountsAccess(container: Container): boolean {
  return (container.volumeMounts ?? []).some(({ mountPath }) => posix.normalize(mountPath) === ACCESS_PATH);
}

/** What volumes are made from; `token` is null where the cluster issues none. */
export interface VolumeParts {
  readonly surroundings: VolumeSurroundings;
  readonly token: (wanted: NonNullable<VolumeFile["token"]>) => Promise<string | null>;
}

/** Everything that must be on disk before the pod's first container. Throws a Fault that names the volume. */
export async function prepareVolumes(
  pod: Pod,
  volumes: readonly Volume[],
  around: VolumeParts,
  facts: NodeFacts,
): Promise<void> {
  const identity = identityOf(pod);
  await mkdir(join(podFolder(facts, identity.uid), "volumes"), { recursive: true, mode: 0o755 });
  await mkdir(podLogFolder(facts, identity), { recursive: true });
  for (const volume of volumes) await prepareOne(pod, volume, around, facts);
  await writeFile(join(podFolder(facts, identity.uid), READY), "");
}

async function prepareOne(pod: Pod, volume: Volume, around: VolumeParts, facts: NodeFacts): Promise<void> {
  const foreign = Object.keys(volume).find((key) => !KNOWN.has(key));
  if (foreign !== undefined) throw unsupported(`Pod.spec.volumes[].${foreign}`);
  const files = await filesOf(pod, volume, around);
  const folder = volumeFolder(pod, volume, facts);
  const group = pod.spec.securityContext?.fsGroup;
  if (files !== null) await writeAtomically(folder, files, randomUUID(), group === undefined ? {} : { group });
  else if (volume.hostPath !== undefined) await checkHostPath(volume.hostPath);
  else await prepareEmptyDir(pod, folder, volume, facts);
}

/** Brings changed configMaps, secrets, labels and tokens into running containers. True when a file changed. */
export async function refreshVolumes(
  pod: Pod,
  volumes: readonly Volume[],
  around: VolumeParts,
  facts: NodeFacts,
): Promise<boolean> {
  const group = pod.spec.securityContext?.fsGroup;
  let hasChanged = false;
  for (const volume of volumes) {
    const files = await filesOf(pod, volume, around);
    if (files === null) continue;
    if (
      await writeAtomically(volumeFolder(pod, volume, facts), files, randomUUID(), group === undefined ? {} : { group })
    )
      hasChanged = true;
  }
  return hasChanged;
}

/** Null for volumes without files of ours; tokens are asked for and put in. Throws a Fault that names what is missing. */
async function filesOf(
  pod: Pod,
  volume: Volume,
  { surroundings, token }: VolumeParts,
): Promise<readonly VolumeFile[] | null> {
  const found = volumeFiles(pod, volume, surroundings);
  if (found === null) return null;
  if (!found.ok) throw new Fault("Invalid", found.message);
  const files: VolumeFile[] = [];
  for (const file of found.files) {
    const text = file.token === undefined ? null : await token(file.token);
    if (file.token === undefined) files.push(file);
    else if (text !== null) files.push({ ...file, bytes: encodeUtf8(text) });
  }
  return files;
}

export async function areVolumesThere(pod: Pod, facts: NodeFacts): Promise<boolean> {
  return exists(join(podFolder(facts, identityOf(pod).uid), READY));
}

export async function hasFolders(uid: string, facts: NodeFacts): Promise<boolean> {
  return (await exists(podFolder(facts, uid))) || (await exists(podMemoryFolder(facts, uid)));
}

/** Unmounts and removes all that the pod has on disk, its logs too. */
export async function removeVolumes(
  identity: { readonly name: string; readonly namespace: string; readonly uid: string },
  facts: NodeFacts,
): Promise<void> {
  const folder = podFolder(facts, identity.uid);
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  const below = mounts
    .split("\n")
    .flatMap((line) => line.split(" ")[4] ?? [])
    .filter((path) => path.startsWith(`${folder}/`));
  for (const path of below.toReversed()) await run(["umount", path]);
  await rm(folder, { recursive: true, force: true });
  await rm(podMemoryFolder(facts, identity.uid), { recursive: true, force: true });
  await rm(podLogFolder(facts, identity), { recursive: true, force: true });
}

function volumeFolder(pod: Pod, volume: Volume, facts: NodeFacts): string {
  const { uid } = identityOf(pod);
  if (volume.hostPath !== undefined) return volume.hostPath.path;
  const isSecret =
    volume.secret !== undefined ||
    (volume.projected?.sources ?? []).some(
      ({ secret, serviceAccountToken }) => secret !== undefined || serviceAccountToken !== undefined,
    );
  return isSecret
    ? join(podMemoryFolder(facts, uid), volume.name)
    : join(podFolder(facts, uid), "volumes", volume.name);
}

/** As kubelet's emptyDir: open to all, in memory with the sticky bit of a tmpfs, and what is made in it belongs to fsGroup. */
async function prepareEmptyDir(pod: Pod, folder: string, { emptyDir = {} }: Volume, facts: NodeFacts): Promise<void> {
  await mkdir(folder, { recursive: true });
  const isMemory = emptyDir.medium === "Memory";
  if (isMemory && !(await isMounted(folder))) {
    const options = ["mode=1777", `size=${memoryVolumeBytes(pod, emptyDir.sizeLimit, facts)}`];
    await run(["mount", "-t", "tmpfs", "-o", options.join(","), "tmpfs", folder]);
  }
  const group = pod.spec.securityContext?.fsGroup;
  if (group !== undefined) await chown(folder, 0, group);
  // mkdir's mode is cut by the umask.
  await chmod(folder, (isMemory ? 0o1777 : 0o777) | (group === undefined ? 0 : 0o2000));
}

/** KEP-1967: never more than the pod may use, or the node can give. */
function memoryVolumeBytes(pod: Pod, sizeLimit: string | undefined, facts: NodeFacts): number {
  const ofPod = podCgroup(pod).memoryLimitBytes;
  return Math.min(
    facts.allocatable.memoryBytes,
    ...(ofPod > 0 ? [ofPod] : []),
    ...(sizeLimit === undefined ? [] : [units(sizeLimit)]),
  );
}

async function isMounted(folder: string): Promise<boolean> {
  return (await readFile("/proc/self/mountinfo", "utf8")).includes(` ${folder} `);
}

async function checkHostPath({ path, type = "" }: NonNullable<Volume["hostPath"]>): Promise<void> {
  if (type === "DirectoryOrCreate") return void (await mkdir(path, { recursive: true }));
  if (type === "FileOrCreate" && !(await exists(path))) return writeFile(path, "");
  if (type === "") return;
  const facts = await stat(path).catch(() => null);
  const isRight = {
    Directory: facts?.isDirectory(),
    File: facts?.isFile(),
    FileOrCreate: facts?.isFile(),
    Socket: facts?.isSocket(),
    CharDevice: facts?.isCharacterDevice(),
    BlockDevice: facts?.isBlockDevice(),
  }[type];
  if (isRight !== true) throw new Fault("Invalid", `hostPath type check failed: ${path} is not a ${type}`);
}

export interface MountParts {
  readonly volumes: readonly Volume[];
  readonly variables: Variables;
  readonly podIp: string;
  /** Folders that no hostPath may show. */
  readonly hidden: readonly string[];
}

/** The container's mounts: volumes, the service account's token, and our own /etc/hosts. */
export async function mountsFor(
  pod: Pod,
  container: Container,
  { volumes, variables, podIp, hidden }: MountParts,
  facts: NodeFacts,
): Promise<readonly CriMount[]> {
  const mounts: CriMount[] = [];
  for (const mount of container.volumeMounts ?? []) {
    const volume = volumes.find(({ name }) => name === mount.name);
    if (volume === undefined) throw new Fault("Invalid", `there is no volume ${mount.name}`);
    const made = await mountOf(pod, volume, mount, { variables, facts });
    mounts.push(made);
    if (volume.hostPath !== undefined) mounts.push(...(await masksOf(pod, made, hidden, facts)));
  }
  const access = volumes.find(({ name }) => name === ACCESS_VOLUME);
  if (access !== undefined && !mountsAccess(container))
    mounts.push({ container_path: ACCESS_PATH, host_path: volumeFolder(pod, access, facts), readonly: true });
  if (!mounts.some(({ container_path }) => container_path === "/etc/hosts"))
    mounts.push({ container_path: "/etc/hosts", host_path: await hostsFile(pod, podIp, facts) });
  return mounts;
}

/** What lies over the platform's own folders in a hostPath; those that are not there need nothing. */
async function masksOf(
  pod: Pod,
  mount: CriMount,
  hidden: readonly string[],
  facts: NodeFacts,
): Promise<readonly CriMount[]> {
  const found = await Promise.all(hidden.map((folder) => realpath(folder).catch(() => null)));
  const empty = join(podFolder(facts, identityOf(pod).uid), "empty");
  const masks = masksOver(mount, [...new Set(found.filter((folder) => folder !== null))], empty);
  if (masks.length > 0) await mkdir(empty, { recursive: true, mode: 0o555 });
  return masks;
}

interface MountSurroundings {
  readonly variables: Variables;
  readonly facts: NodeFacts;
}

async function mountOf(
  pod: Pod,
  volume: Volume,
  mount: VolumeMount,
  { variables, facts }: MountSurroundings,
): Promise<CriMount> {
  if (mount.recursiveReadOnly === "Enabled") throw unsupported("volumeMounts[].recursiveReadOnly: Enabled");
  const folder = volumeFolder(pod, volume, facts);
  const below = mount.subPathExpr === undefined ? mount.subPath : expandStrictly(mount.subPathExpr, variables);
  const isContent =
    volume.configMap !== undefined ||
    volume.secret !== undefined ||
    volume.downwardAPI !== undefined ||
    volume.projected !== undefined;
  const path = below === undefined || below === "" ? folder : await subPathOf(folder, below);
  return {
    container_path: posix.resolve("/", mount.mountPath),
    // A link must not lead to where a hostPath may not go.
    host_path: volume.hostPath === undefined ? path : await realpath(path).catch(() => path),
    readonly: mount.readOnly === true || isContent,
    propagation:
      mount.mountPropagation === "Bidirectional"
        ? propagation.bidirectional
        : mount.mountPropagation === "HostToContainer"
          ? propagation.hostToContainer
          : propagation.private,
  };
}

function expandStrictly(text: string, variables: Variables): string {
  const known = new Map(variables);
  const missing = /\$\(([^)]*)\)/.exec(text.replaceAll("$$", ""))?.[1];
  if (missing !== undefined && !known.has(missing)) throw new Fault("Invalid", `missing value for "${missing}"`);
  const expanded = expand(text, known);
  if (expanded.startsWith("/"))
    throw new Fault("Invalid", `error SubPath \`${expanded}\` must not be an absolute path`);
  if (expanded.split("/").includes("..")) throw new Fault("Invalid", `unable to use subPath: must not contain '..'`);
  return expanded;
}

/** Follows links, and refuses what leads out of the volume: path and links come from the pod's author. What is missing becomes an empty folder. */
async function subPathOf(folder: string, below: string): Promise<string> {
  const root = await realpath(folder);
  const target = join(root, below);
  const isInside = (path: string): boolean => path === root || path.startsWith(`${root}/`);
  // A link on the way must not have folders made behind it.
  if (!isInside(await realpath(await deepestThere(target))))
    throw new Fault("Invalid", `subPath ${below} leads out of the volume`);
  const mode = (await stat(root)).mode & 0o7777;
  if ((await mkdir(target, { recursive: true }).catch(unlessFile)) !== undefined) await chmod(target, mode);
  const real = await realpath(target).catch((cause: unknown) => {
    throw new Fault("Invalid", `failed to prepare subPath: ${below} does not exist in the volume`, { cause });
  });
  if (!isInside(real)) throw new Fault("Invalid", `subPath ${below} leads out of the volume`);
  return real;
}

async function deepestThere(path: string): Promise<string> {
  return (await exists(path)) ? path : deepestThere(dirname(path));
}

/** A file at that place is mounted as a file. */
function unlessFile(thrown: NodeJS.ErrnoException): undefined {
  if (thrown.code !== "EEXIST") throw thrown;
}

const HOSTS_HEADER =
  "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n";

async function hostsFile(pod: Pod, podIp: string, facts: NodeFacts): Promise<string> {
  const { uid, namespace } = identityOf(pod);
  const file = join(podFolder(facts, uid), "etc-hosts");
  const { hostNetwork, subdomain, hostAliases = [] } = pod.spec;
  const hostname = hostnameOf(pod, facts);
  const qualified =
    subdomain === undefined || subdomain === ""
      ? []
      : [`${hostname}.${subdomain}.${namespace}.svc.${facts.clusterDomain}`];
  const own = `${podIp}\t${[...qualified, hostname].join("\t")}\n`;
  const aliases = hostAliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join("\t")}\n`).join("");
  const base =
    hostNetwork === true
      ? `# Kubernetes-managed hosts file (host network).\n${await readFile("/etc/hosts", "utf8").catch(() => HOSTS_HEADER)}`
      : `${HOSTS_HEADER}${own}`;
  await writeFile(file, aliases === "" ? base : `${base}\n# Entries added by HostAliases.\n${aliases}`);
  return file;
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
