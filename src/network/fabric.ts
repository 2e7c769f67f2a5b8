/**
 * The host's side of the network: the bridge that joins the nodes, and the guard that keeps packets to pod, service and
 * function addresses on this machine. Idempotent; everything carries the instance's name or index.
 */
import { readFile } from "node:fs/promises";
import { run } from "#machine/command.ts";
import { fabricHostIp, fabricLink, type ClusterNetwork } from "./cluster-network.ts";

// Worse than any route that a node brings, better than the default route.
const GUARD_METRIC = 4_294_967_000;

/**
 * The guard comes first: from here on no packet to these ranges leaves by another link, whether or not nodes exist.
 * `doors` are the TCP ports of the fabric address at which nodes and pods may call: API server and AWS door.
 */
export async function ensureFabric(network: ClusterNetwork, doors: readonly number[]): Promise<void> {
  await run(["nft", "-f", "-"], { input: guardRules(network, doors) });
  const link = fabricLink(network);
  const ranges = guardedRanges(network);
  const commands = ranges.map((range) => `route replace unreachable ${range} metric ${GUARD_METRIC}`);
  await run(["ip", "-batch", "-"], { input: lines(commands) });
  if (!(await hasLink(link))) await run(["ip", "link", "add", link, "type", "bridge", "forward_delay", "0"]);
  const up = [`addr replace ${fabricHostIp(network)}/24 dev ${link}`, `link set ${link} up`];
  await run(["ip", "-batch", "-"], { input: lines(up) });
}

/** Removes bridge, guard routes and guard table; nodes must be gone before. Nothing to remove is fine. */
export async function removeFabric(network: ClusterNetwork): Promise<void> {
  const link = fabricLink(network);
  if (await hasLink(link)) await run(["ip", "link", "del", link]);
  const gone = guardedRanges(network).map((range) => `route del unreachable ${range} metric ${GUARD_METRIC}`);
  // -force goes on after a route that is already gone, and then reports failure: absence is what we want.
  await run(["ip", "-force", "-batch", "-"], { input: lines(gone) }).catch(() => "");
  await run(["nft", "-f", "-"], {
    input: `add table inet ${guardTable(network)}\ndelete table inet ${guardTable(network)}\n`,
  });
}

export function guardTable(network: ClusterNetwork): string {
  return `ctm-${network.instance}-guard`;
}

function guardedRanges(network: ClusterNetwork): readonly string[] {
  return [network.podCidr, network.serviceCidr, network.functionCidr];
}

/** Drops what would leave or arrive on any link but ours; and what comes from nodes and pods and is meant for the machine, but for the doors. */
export function guardRules(network: ClusterNetwork, doors: readonly number[]): string {
  const table = guardTable(network);
  const ours = `"${fabricLink(network)}"`;
  const ranges = guardedRanges(network).join(", ");
  return `add table inet ${table}
delete table inet ${table}
table inet ${table} {
  chain output {
    type filter hook postrouting priority 300; policy accept;
    ip daddr { ${ranges} } oifname != { ${ours}, "lo" } drop
  }
  chain arrive {
    type filter hook prerouting priority -350; policy accept;
    ip daddr { ${ranges} } iifname != { ${ours}, "lo" } drop
  }
  chain machine {
    type filter hook input priority filter; policy accept;
    iifname ${ours} jump from-nodes
  }
  chain from-nodes {
    ct state established,related accept
${doors.length === 0 ? "" : `    ip daddr ${fabricHostIp(network)} tcp dport { ${doors.join(", ")} } accept\n`}    icmp type echo-request accept
    drop
  }
}
`;
}

async function hasLink(name: string): Promise<boolean> {
  const links = await readFile("/proc/net/dev", "utf8");
  return links.includes(` ${name}:`) || links.includes(`\n${name}:`);
}

function lines(commands: readonly string[]): string {
  return `${commands.join("\n")}\n`;
}
