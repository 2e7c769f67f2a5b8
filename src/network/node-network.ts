/**
 * A node on this machine: a network namespace with a link to the fabric, and a pinned mount namespace in which its
 * container runtime lives. The agent enters both with `enterNode`. Idempotent; a node that is there is kept as it is.
 */
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "#machine/command.ts";
import { fabricLink, type ClusterNetwork, type NodeNetwork } from "./cluster-network.ts";

export interface NodePlace {
  readonly network: ClusterNetwork;
  readonly node: NodeNetwork;
  /** The instance's directory for sockets and pins, on the host's /run. */
  readonly runDir: string;
  /** The node's own directory of data. */
  readonly nodeDir: string;
  /** Names of all nodes by ordinal, for routes between them. */
  readonly peers?: readonly NodeNetwork[];
}

/** The empty link that gives service addresses a route; rules rewrite them before a packet could use it. */
export const SERVICE_LINK = "svc0";

export async function ensureNodeNetwork(place: NodePlace): Promise<void> {
  const { network, node } = place;
  const isNew = !(await exists(netnsPath(node)));
  if (isNew) await createLinks(place);
  if (!(await isPinned(place))) await pinMounts(place, isNew);
  await run(["ip", "-batch", "-"], { input: lines(hostRoutes(network, node)) });
  if (!isNew) await ensurePeerRoutes(place);
}

/** Routes to the pods of the other nodes; again whenever a node is added. */
export async function ensurePeerRoutes(place: NodePlace): Promise<void> {
  const routes = peerRoutes(place);
  if (routes.length > 0) await run(["ip", "-n", place.node.netns, "-batch", "-"], { input: lines(routes) });
}

/** The start of a command line that runs the rest inside the node. The working directory becomes "/". */
export function enterNode(place: NodePlace): readonly string[] {
  return ["nsenter", `--net=${netnsPath(place.node)}`, `--mount=${mountPin(place)}`, "--"];
}

/** The processes of the node must be gone before. What is not there is fine. */
export async function removeNodeNetwork(place: NodePlace): Promise<void> {
  const { network, node } = place;
  const pin = mountPin(place);
  // Lazy: the last process may still be on its way out; the mounts inside end with the namespace.
  if (await isPinned(place)) await run(["umount", "--lazy", pin]);
  await rm(pin, { force: true });
  if (await exists(netnsPath(node))) await run(["ip", "netns", "del", node.netns]);
  // The link goes with the namespace, but only once its last process is reaped.
  await run(["ip", "link", "del", node.hostLink]).catch(() => "");
  await run(["ip", "route", "del", node.podCidr, "dev", fabricLink(network)]).catch(() => "");
}

/** Unmounts the directory that holds the pins; after the last node. */
export async function removePins(runDir: string): Promise<void> {
  const directory = join(runDir, "ns");
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  if (mounts.includes(` ${directory} `)) await run(["umount", directory]);
  await rm(directory, { force: true, recursive: true });
}

export function mountPin(place: { readonly runDir: string; readonly node: NodeNetwork }): string {
  return join(place.runDir, "ns", `${place.node.name}.mnt`);
}

export function netnsPath(node: NodeNetwork): string {
  return `/run/netns/${node.netns}`;
}

async function createLinks({ network, node }: NodePlace): Promise<void> {
  const commands = [
    `netns add ${node.netns}`,
    `link add ${node.hostLink} type veth peer name eth0 netns ${node.netns}`,
    `link set ${node.hostLink} master ${fabricLink(network)}`,
    `link set ${node.hostLink} up`,
  ];
  await run(["ip", "link", "del", node.hostLink]).catch(() => ""); // Left by a crash between two lines of the batch below.
  await run(["ip", "-batch", "-"], { input: lines(commands) });
}

function hostRoutes(network: ClusterNetwork, node: NodeNetwork): readonly string[] {
  const link = fabricLink(network);
  const pods = `route replace ${node.podCidr} via ${node.fabricIp} dev ${link}`;
  // The first node carries the host's traffic to services.
  return node.ordinal === 1 ? [pods, `route replace ${network.serviceCidr} via ${node.fabricIp} dev ${link}`] : [pods];
}

function peerRoutes({ node, peers = [] }: NodePlace): readonly string[] {
  return peers
    .filter(({ ordinal }) => ordinal !== node.ordinal)
    .map((peer) => `route replace ${peer.podCidr} via ${peer.fabricIp} dev eth0`);
}

/** One shell in the new namespaces does everything that must happen inside; each further program would cost milliseconds. */
async function pinMounts(place: NodePlace, isNew: boolean): Promise<void> {
  const pin = mountPin(place);
  await mkdir(join(place.runDir, "ns"), { recursive: true });
  await mkdir("/run/containerd", { recursive: true });
  await mkdir("/var/lib/cni", { recursive: true });
  await mkdir(join(place.nodeDir, "cni-cache"), { recursive: true });
  await makePrivate(join(place.runDir, "ns"));
  await writeFile(pin, "");
  const enter = [
    "nsenter",
    `--net=${netnsPath(place.node)}`,
    "--",
    "unshare",
    `--mount=${pin}`,
    "--propagation",
    "private",
    "--",
    "sh",
    "-e",
    "-c",
  ];
  await run([...enter, insideScript(isNew), "sh", join(place.nodeDir, "cni-cache")], {
    input: lines(isNew ? insideCommands(place) : []),
  });
}

/**
 * A mount namespace can only be pinned below a mount that does not propagate into it. Locked: nodes are made side by side, and a
 * second bind over the first would hide its pins.
 */
async function makePrivate(directory: string): Promise<void> {
  const script = 'mountpoint -q "$1" || { mount --bind "$1" "$1" && mount --make-private "$1"; }';
  await run(["flock", directory, "sh", "-c", script, "sh", directory]);
}

function insideScript(isNew: boolean): string {
  return [
    // crun refuses a hybrid hierarchy; without this mount the machine looks like plain version 1. The host keeps its own.
    `if [ -d /sys/fs/cgroup/unified ] && [ -d /sys/fs/cgroup/memory ]; then umount /sys/fs/cgroup/unified || true; fi`,
    // Shims keep sockets and runtimes keep state under a fixed path: give the node its own. The same for libcni's cache.
    `mount -t tmpfs -o mode=0711 tmpfs /run/containerd`,
    `mount --bind "$1" /var/lib/cni`,
    ...(isNew
      ? [
          `ip -batch -`,
          `echo 1 > /proc/sys/net/ipv4/ip_forward`,
          `echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet`,
          `for f in /proc/sys/net/bridge/bridge-nf-call-iptables; do [ -w $f ] && echo 1 > $f || true; done`,
          // Pods of one node are reached through their bridge; a packet must be able to leave where it came in.
          `echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter`,
          `echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects`,
          `echo 0 > /proc/sys/net/ipv4/conf/default/send_redirects`,
        ]
      : []),
  ].join("\n");
}

function insideCommands(place: NodePlace): readonly string[] {
  const { network, node } = place;
  return [
    "link set lo up",
    `addr add ${node.fabricIp}/24 dev eth0`,
    "link set eth0 up",
    `link add ${SERVICE_LINK} type bridge`,
    `link set ${SERVICE_LINK} up`,
    // The source that a process of the node itself uses towards a service must be one that every pod can answer.
    `route add ${network.serviceCidr} dev ${SERVICE_LINK} src ${node.fabricIp}`,
    `route add unreachable ${network.podCidr} metric 4294967000`,
    `route add unreachable ${network.functionCidr} metric 4294967000`,
    ...peerRoutes(place),
  ];
}

/** The pin is a bind mount of a namespace file: its file system differs from its directory's. */
async function isPinned(place: NodePlace): Promise<boolean> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  return mounts.includes(` ${mountPin(place)} `);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function lines(commands: readonly string[]): string {
  return commands.map((command) => `${command}\n`).join("");
}
