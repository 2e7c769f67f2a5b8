/** Our cgroups on version 1, hybrid and version 2 hierarchies: made, limited, read and removed. Knows paths and numbers, no pods. */
import type { Consumption } from "#metering/stats.ts";
import { mkdir, readdir, readFile, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Fault } from "#base/fault.ts";
import { cpuWeight, type CgroupLimits } from "#pods/cgroup.ts";

export interface Cgroups {
  readonly version: 1 | 2;
  /** Makes the group with its parents; without limits it only accounts. */
  create(path: string, limits?: CgroupLimits): Promise<void>;
  /** Null when there is no such group. */
  usage(path: string): Promise<Consumption | null>;
  /** Process ids in the group and below. */
  processes(path: string): Promise<readonly number[]>;
  children(path: string): Promise<readonly string[]>;
  has(path: string): Promise<boolean>;
  /** With everything below; its processes must be gone. */
  remove(path: string): Promise<void>;
  /** Only if nothing is in it. */
  removeIfEmpty(path: string): Promise<void>;
}

const V2_CONTROLLERS = ["cpu", "memory", "pids"];

export async function openCgroups(): Promise<Cgroups> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const path = before.split(" ")[4];
    const [type, , options = ""] = after.split(" ");
    return path === undefined || (type !== "cgroup" && type !== "cgroup2")
      ? []
      : [{ path, type, options: options.split(",") }];
  });
  const withMemory = mounts.find(({ type, options }) => type === "cgroup" && options.includes("memory"));
  const unified = mounts.find(({ type }) => type === "cgroup2");
  if (withMemory === undefined) {
    if (unified === undefined) throw new Fault("Unavailable", "no cgroup hierarchy is mounted");
    return new UnifiedCgroups(unified.path);
  }
  const hierarchies = mounts.filter(({ type }) => type === "cgroup");
  return new SplitCgroups(
    new Map(hierarchies.flatMap(({ path, options }) => options.map((option) => [option, path] as const))),
    [...new Set(hierarchies.map(({ path }) => path))],
  );
}

/** Version 1: one hierarchy per controller. The runtime makes the directories that we leave out, and we remove all. */
class SplitCgroups implements Cgroups {
  readonly version = 1;
  readonly #byController: ReadonlyMap<string, string>;
  readonly #roots: readonly string[];

  constructor(byController: ReadonlyMap<string, string>, roots: readonly string[]) {
    this.#byController = byController;
    this.#roots = roots;
  }

  async create(path: string, limits?: CgroupLimits): Promise<void> {
    for (const controller of ["cpu", "cpuacct", "memory", "pids"])
      await mkdir(this.#file(controller, path), { recursive: true });
    if (limits === undefined) return;
    await writeFile(this.#file("cpu", path, "cpu.shares"), String(limits.cpuShares));
    if (limits.cpuQuotaMicros > 0)
      await writeFile(this.#file("cpu", path, "cpu.cfs_quota_us"), String(limits.cpuQuotaMicros));
    if (limits.memoryLimitBytes > 0)
      await writeFile(this.#file("memory", path, "memory.limit_in_bytes"), String(limits.memoryLimitBytes));
    if (limits.pidsLimit !== undefined) await writeFile(this.#file("pids", path, "pids.max"), String(limits.pidsLimit));
  }

  async usage(path: string): Promise<Consumption | null> {
    try {
      const [cpu, memory, facts] = await Promise.all([
        readFile(this.#file("cpuacct", path, "cpuacct.usage"), "utf8"),
        readFile(this.#file("memory", path, "memory.usage_in_bytes"), "utf8"),
        readFile(this.#file("memory", path, "memory.stat"), "utf8"),
      ]);
      return {
        cpuMicros: Math.trunc(Number(cpu) / 1_000),
        memoryBytes: Math.max(0, Number(memory) - fact(facts, "total_inactive_file")),
      };
    } catch {
      return null; // It ended between listing and reading.
    }
  }

  processes(path: string): Promise<readonly number[]> {
    return processesBelow(this.#file("memory", path));
  }

  children(path: string): Promise<readonly string[]> {
    return directoriesOf(this.#file("memory", path));
  }

  has(path: string): Promise<boolean> {
    return isDirectory(this.#file("memory", path));
  }

  async remove(path: string): Promise<void> {
    for (const root of this.#roots) await removeTree(join(root, path));
  }

  async removeIfEmpty(path: string): Promise<void> {
    // Refused while somebody else's groups are in it: that is the question's answer.
    for (const root of this.#roots) await rmdir(join(root, path)).catch(() => {});
  }

  #file(controller: string, path: string, name = ""): string {
    const root = this.#byController.get(controller);
    if (root === undefined) throw new Fault("Unavailable", `the cgroup controller ${controller} is not mounted`);
    return join(root, path, name);
  }
}

/** Version 2: one hierarchy; a controller must be passed on at every level. */
class UnifiedCgroups implements Cgroups {
  readonly version = 2;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async create(path: string, limits?: CgroupLimits): Promise<void> {
    await mkdir(join(this.#root, path), { recursive: true });
    await this.#passOn(dirname(path));
    if (limits === undefined) return;
    const at = (name: string): string => join(this.#root, path, name);
    await writeFile(at("cpu.weight"), String(cpuWeight(limits.cpuShares)));
    if (limits.cpuQuotaMicros > 0) await writeFile(at("cpu.max"), `${limits.cpuQuotaMicros} ${limits.cpuPeriodMicros}`);
    if (limits.memoryLimitBytes > 0) await writeFile(at("memory.max"), String(limits.memoryLimitBytes));
    if (limits.pidsLimit !== undefined) await writeFile(at("pids.max"), String(limits.pidsLimit));
  }

  async #passOn(path: string): Promise<void> {
    if (path !== "/") await this.#passOn(dirname(path));
    const file = join(this.#root, path, "cgroup.subtree_control");
    const passed = (await readFile(file, "utf8")).trim().split(" ");
    const missing = V2_CONTROLLERS.filter((controller) => !passed.includes(controller));
    if (missing.length === 0) return;
    await writeFile(file, missing.map((controller) => `+${controller}`).join(" ")).catch((cause: unknown) => {
      throw new Fault(
        "Unavailable",
        `the cgroup controllers ${missing.join(", ")} cannot be used below ${path}: processes may live in it, or it is not delegated`,
        { cause },
      );
    });
  }

  async usage(path: string): Promise<Consumption | null> {
    const at = (name: string): Promise<string> => readFile(join(this.#root, path, name), "utf8");
    try {
      const [cpu, memory, facts] = await Promise.all([at("cpu.stat"), at("memory.current"), at("memory.stat")]);
      return {
        cpuMicros: fact(cpu, "usage_usec"),
        memoryBytes: Math.max(0, Number(memory) - fact(facts, "inactive_file")),
      };
    } catch {
      return null; // It ended between listing and reading.
    }
  }

  processes(path: string): Promise<readonly number[]> {
    return processesBelow(join(this.#root, path));
  }

  children(path: string): Promise<readonly string[]> {
    return directoriesOf(join(this.#root, path));
  }

  has(path: string): Promise<boolean> {
    return isDirectory(join(this.#root, path));
  }

  async remove(path: string): Promise<void> {
    await removeTree(join(this.#root, path));
  }

  async removeIfEmpty(path: string): Promise<void> {
    // Refused while somebody else's groups are in it: that is the question's answer.
    await rmdir(join(this.#root, path)).catch(() => {});
  }
}

function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function fact(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)`, "m").exec(text)?.[1] ?? 0);
}

async function directoriesOf(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []); // No group, no children.
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

async function processesBelow(path: string): Promise<readonly number[]> {
  const text = await readFile(join(path, "cgroup.procs"), "utf8").catch(() => ""); // It ended meanwhile.
  const below = await Promise.all((await directoriesOf(path)).map((child) => processesBelow(join(path, child))));
  return [...text.split("\n").filter(Boolean).map(Number), ...below.flat()];
}

async function removeTree(path: string): Promise<void> {
  for (const child of await directoriesOf(path)) await removeTree(join(path, child));
  await rmdir(path).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== "ENOENT") throw thrown;
  });
}
