/** Measures what the machine and the node have left. What it means is pods/pressure.ts's. */
import { readFile, statfs } from "node:fs/promises";
import { EVICTION_RESERVE_BYTES } from "#pods/cgroup.ts";
import type { Supplies, Supply } from "#pods/pressure.ts";
import type { Cgroups } from "./cgroups.ts";
import { allPodsGroup, type NodeFacts } from "./node-facts.ts";

export async function measureSupplies(facts: NodeFacts, cgroups: Cgroups, imageRoot: string): Promise<Supplies> {
  const [memory, pids, node, images, pods] = await Promise.all([
    machineMemory(),
    processIds(),
    statfs(facts.nodeDir),
    statfs(imageRoot),
    cgroups.usage(allPodsGroup(facts)),
  ]);
  const total = facts.allocatable.memoryBytes + EVICTION_RESERVE_BYTES;
  return {
    ...(memory && { memory }),
    ...(pids && { pids }),
    ...(pods && { podMemory: { available: total - pods.memoryBytes, total } }),
    nodeDisk: { available: node.bavail * node.bsize, total: node.blocks * node.bsize },
    nodeInodes: { available: node.ffree, total: node.files },
    imageDisk: { available: images.bavail * images.bsize, total: images.blocks * images.bsize },
  };
}

/** Null where /proc does not say. */
async function machineMemory(): Promise<Supply | null> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const read = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1_024;
  const [available, total] = [read("MemAvailable"), read("MemTotal")];
  return total === 0 ? null : { available, total };
}

/** The least of the kernel's limits, and what of it is taken: the second number of loadavg's "3/512". */
async function processIds(): Promise<Supply | null> {
  const [max, threads, load] = await Promise.all(
    ["/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max", "/proc/loadavg"].map((path) =>
      readFile(path, "utf8").catch(() => ""),
    ),
  );
  const total = Math.min(Number(max), Number(threads));
  const used = Number(/\d+\/(\d+)/.exec(load ?? "")?.[1] ?? Number.NaN);
  return total > 0 && !Number.isNaN(used) ? { available: total - used, total } : null;
}
