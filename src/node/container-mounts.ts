/** A container's mounts: volumes and folders in them, the service account's token, and our own /etc/hosts. */
import { chmod, mkdir, readFile, realpath, stat, writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { Fault, unsupported } from "#base/fault.ts";
import type { Container, VolumeMount } from "#kinds/core/pod-spec.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { Volume } from "#kinds/core/volume.ts";
import { expand } from "#pods/environment.ts";
import { hostnameOf, identityOf, type Variables } from "./container-config.ts";
import { propagation, type CriMount } from "./cri-messages.ts";
import { masksOver } from "./hidden-paths.ts";
import { podFolder, type NodeFacts } from "./node-facts.ts";
import { volumeTypeOf } from "./volume-types/all.ts";
import type { PodVolume } from "./volume-types/volume-type.ts";
import { ACCESS_PATH, ACCESS_VOLUME, exists, mountsAccess } from "./volumes.ts";

/** What of a pod a container's mounts are made of. */
export interface PodMounts {
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
  { volumes, variables, podIp, hidden }: PodMounts,
  facts: NodeFacts,
): Promise<readonly CriMount[]> {
  const mounts: CriMount[] = [];
  for (const mount of container.volumeMounts ?? []) {
    const volume = volumes.find(({ name }) => name === mount.name);
    if (volume === undefined) throw new Fault("Invalid", `there is no volume ${mount.name}`);
    const made = await mountOf({ pod, volume, facts }, mount, variables);
    mounts.push(made);
    if (volumeTypeOf(volume).isOfMachine === true) mounts.push(...(await masksOf(pod, made, hidden, facts)));
  }
  const access = volumes.find(({ name }) => name === ACCESS_VOLUME);
  if (access !== undefined && !mountsAccess(container))
    mounts.push({ container_path: ACCESS_PATH, host_path: folderOf({ pod, volume: access, facts }), readonly: true });
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

async function mountOf(at: PodVolume, mount: VolumeMount, variables: Variables): Promise<CriMount> {
  if (mount.recursiveReadOnly === "Enabled") throw unsupported("volumeMounts[].recursiveReadOnly: Enabled");
  const { isReadOnly = false, isOfMachine = false } = volumeTypeOf(at.volume);
  const folder = folderOf(at);
  const below = mount.subPathExpr === undefined ? mount.subPath : expandStrictly(mount.subPathExpr, variables);
  const path = below === undefined || below === "" ? folder : await subPathOf(folder, below);
  return {
    container_path: posix.resolve("/", mount.mountPath),
    // A link must not lead to where a hostPath may not go.
    host_path: isOfMachine ? await realpath(path).catch(() => path) : path,
    readonly: mount.readOnly === true || isReadOnly,
    propagation:
      mount.mountPropagation === "Bidirectional"
        ? propagation.bidirectional
        : mount.mountPropagation === "HostToContainer"
          ? propagation.hostToContainer
          : propagation.private,
  };
}

function folderOf(at: PodVolume): string {
  return volumeTypeOf(at.volume).folder(at);
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
