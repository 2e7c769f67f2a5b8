/**
 * Takes a node down from outside, also after a crash: ends every process of its pods, runtime and agent, removes its cgroups.
 * Its namespaces are the network's to remove afterwards.
 */
import { readdir, readlink, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#base/fault.ts";
import { openCgroups } from "./cgroups.ts";

export interface NodeRemains {
  readonly instance: string;
  readonly node: string;
  /** The file that pins the node's mount namespace. */
  readonly mountPin: string;
  readonly nodeDir: string;
  /** Also forget images and logs. */
  readonly purge?: boolean;
}

const POLL_MS = 10;
// 2 s of killing again and again, and what looking costs.
const PATIENCE_POLLS = 200;

export async function removeNode({ instance, node, mountPin, nodeDir, purge = false }: NodeRemains): Promise<void> {
  const cgroups = await openCgroups();
  const cgroup = `/catamaran/${instance}/${node}`;
  const pin = await stat(mountPin).catch(() => null); // Never made, or gone already.
  for (let poll = 0; poll < PATIENCE_POLLS; poll++) {
    const inside = pin === null ? [] : await processesIn(pin.ino);
    const pids = new Set([...(await cgroups.processes(cgroup)), ...inside]);
    pids.delete(process.pid);
    if (pids.size === 0) break;
    // Again and again: a shim may start a last process while it dies.
    for (const pid of pids) kill(pid);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  if (purge) await rm(nodeDir, { recursive: true, force: true });
  const left = await cgroups.processes(cgroup);
  // A process that SIGKILL does not end hangs in the kernel; all else is gone, and a later try takes the rest.
  if (left.length > 0) throw new Fault("Timeout", `processes of ${node} do not end: ${left.join(", ")}`);
  await cgroups.remove(cgroup);
  for (const parent of [`/catamaran/${instance}`, "/catamaran"]) await cgroups.removeIfEmpty(parent);
}

/** The processes whose mount namespace has this inode number, the number that the pin file shows. */
async function processesIn(inode: number): Promise<readonly number[]> {
  const wanted = `mnt:[${inode}]`;
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const namespace = await readlink(join("/proc", name, "ns", "mnt")).catch(() => ""); // It ended meanwhile.
    if (namespace === wanted) found.push(Number(name));
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}
