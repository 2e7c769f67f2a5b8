/** One sandbox's control groups: limits, freezing, peaks. Version 1 and version 2; the OCI runtime makes and removes the groups. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFile, writeFileSync } from "node:fs";

export interface Cgroups {
  readonly version: 1 | 2;
  /** The group above all sandboxes: together they weigh as much as one busy process on every core. */
  prepareRoot(group: string, shares: number): void;
  limitMemory(group: string, mib: number): void;
  weighCpu(group: string, shares: number): void;
  /** Null lifts the quota. */
  limitCpu(group: string, millis: number | null): void;
  freeze(group: string, isFrozen: boolean): void;
  peakMib(group: string): number;
  /** The groups below one, in the hierarchy that freezes. */
  below(group: string): readonly string[];
  processes(group: string): readonly number[];
  /** Takes an empty group away. */
  remove(group: string): void;
}

const ROOT = "/sys/fs/cgroup";
// 20 ms instead of the usual 100: a function with a small share then stalls for at most 18 ms at a time.
const CPU_PERIOD_MICROS = 20_000;

/** Hybrid hosts have all controllers on version 1. */
export function openCgroups(): Cgroups {
  return existsSync(`${ROOT}/cgroup.controllers`) ? versionTwo : versionOne;
}

/** True when version 2 is mounted beside version 1, which crun refuses. */
export function isHybrid(): boolean {
  return !existsSync(`${ROOT}/cgroup.controllers`) && existsSync(`${ROOT}/unified/cgroup.procs`);
}

function write(file: string, value: string | number): void {
  writeFileSync(file, String(value));
}

function read(file: string): number {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch {
    // The group went with its sandbox, or the kernel has no such figure.
    return 0;
  }
}

function removeQuietly(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not there, or somebody else's sandboxes still live in it.
  }
}

function foldersIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

function numbersIn(file: string): readonly number[] {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map(Number);
  } catch {
    // The group is gone, and with it its processes.
    return [];
  }
}

/** Ends what an earlier launcher left behind, and waits a moment for it to be gone. */
export function endLeftovers(cgroups: Cgroups, root: string): void {
  const groups = cgroups.below(root);
  for (const group of groups) {
    cgroups.freeze(group, false);
    for (const pid of cgroups.processes(group)) killQuietly(pid);
  }
  for (const group of groups) {
    for (let i = 0; i < END_TRIES && cgroups.processes(group).length > 0; i++)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    cgroups.remove(group);
  }
}

// One second for each: the kernel ends a process within milliseconds.
const END_TRIES = 100;

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended in the meantime.
  }
}

/**
 * The first move of a process between groups makes the kernel wait for all readers of a lock, some 10 ms (percpu_rwsem,
 * rcu_sync); moves that follow within 10 ms do not wait. So a move that changes nothing, of this process to where it
 * is, begins with each boot, and is over when the OCI runtime comes to its own.
 */
export function announceMove(): void {
  const [, hierarchy, group] = OWN_GROUP.exec(readFileSync("/proc/self/cgroup", "utf8")) ?? [];
  if (group === undefined) return;
  const folder = hierarchy === "" ? `${ROOT}${group}` : `${ROOT}/pids${group}`;
  writeFile(`${folder}/cgroup.procs`, String(process.pid), () => {
    // Where it is not allowed, the boot only takes its time.
  });
}

// "7:pids:/group" on version 1, which comes first on hybrid hosts; "0::/group" on version 2.
const OWN_GROUP = /^\d+:(pids|):(.*)$/m;

const mebibyte = 1024 * 1024;

const versionOne: Cgroups = {
  version: 1,
  prepareRoot: (group, shares) => {
    mkdirSync(`${ROOT}/cpu${group}`, { recursive: true });
    versionOne.weighCpu(group, shares);
  },
  limitMemory: (group, mib) => write(`${ROOT}/memory${group}/memory.limit_in_bytes`, mib * mebibyte),
  weighCpu: (group, shares) => write(`${ROOT}/cpu${group}/cpu.shares`, Math.max(2, Math.round(shares))),
  limitCpu: (group, millis) => {
    write(`${ROOT}/cpu${group}/cpu.cfs_period_us`, CPU_PERIOD_MICROS);
    write(
      `${ROOT}/cpu${group}/cpu.cfs_quota_us`,
      millis === null ? -1 : Math.max(1000, Math.round((millis * CPU_PERIOD_MICROS) / 1000)),
    );
  },
  freeze: (group, isFrozen) => write(`${ROOT}/freezer${group}/freezer.state`, isFrozen ? "FROZEN" : "THAWED"),
  peakMib: (group) => Math.ceil(read(`${ROOT}/memory${group}/memory.max_usage_in_bytes`) / mebibyte),
  below: (group) => foldersIn(`${ROOT}/freezer${group}`).map((name) => `${group}/${name}`),
  processes: (group) => numbersIn(`${ROOT}/freezer${group}/cgroup.procs`),
  remove: (group) => {
    for (const controller of [
      "cpu",
      "cpuacct",
      "cpuset",
      "memory",
      "devices",
      "freezer",
      "blkio",
      "pids",
      "systemd",
      "net_cls",
      "net_prio",
      "perf_event",
      "hugetlb",
      "rdma",
      "misc",
    ])
      removeQuietly(`${ROOT}/${controller}${group}`);
  },
};

const versionTwo: Cgroups = {
  version: 2,
  prepareRoot: (group, shares) => {
    mkdirSync(`${ROOT}${group}`, { recursive: true });
    // The file is there once the controller is on; the OCI runtime turns it on with the first sandbox.
    if (existsSync(`${ROOT}${group}/cpu.weight`)) versionTwo.weighCpu(group, shares);
  },
  limitMemory: (group, mib) => write(`${ROOT}${group}/memory.max`, mib * mebibyte),
  // 1,024 shares are weight 39 by the formula that OCI runtimes use.
  weighCpu: (group, shares) =>
    write(`${ROOT}${group}/cpu.weight`, Math.min(10_000, Math.max(1, Math.round(1 + ((shares - 2) * 9999) / 262_142)))),
  limitCpu: (group, millis) =>
    write(
      `${ROOT}${group}/cpu.max`,
      millis === null
        ? `max ${CPU_PERIOD_MICROS}`
        : `${Math.max(1000, Math.round((millis * CPU_PERIOD_MICROS) / 1000))} ${CPU_PERIOD_MICROS}`,
    ),
  freeze: (group, isFrozen) => write(`${ROOT}${group}/cgroup.freeze`, isFrozen ? 1 : 0),
  peakMib: (group) => Math.ceil(read(`${ROOT}${group}/memory.peak`) / mebibyte),
  below: (group) => foldersIn(`${ROOT}${group}`).map((name) => `${group}/${name}`),
  processes: (group) => numbersIn(`${ROOT}${group}/cgroup.procs`),
  remove: (group) => removeQuietly(`${ROOT}${group}`),
};
