/** The launcher's work on sandboxes: boot, claim, freeze, kill, clean up. Synchronous calls, since each takes well under a millisecond. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { announceMove, type Cgroups } from "./cgroups.ts";
import {
  type Ask,
  awsDirOf,
  containerName,
  groupRootOf,
  type LauncherConfig,
  slotDirOf,
  type Tell,
} from "./launcher-protocol.ts";
import { LineSplitter, readInTurns } from "./lines.ts";
import { LogBudget } from "./log-budget.ts";
import { bindAgain, bindReadOnly, mountTmpfs, resizeTmpfs, unmount } from "./mounts.ts";
import type { OciRuntime } from "./oci-runtime.ts";
import { ociSpec } from "./oci-spec.ts";
import { buildRoot, findInit } from "./root-folders.ts";

// 1,769 MiB are one vCPU on Lambda; the kernel's default weight stands for it.
const MIB_PER_CPU = 1_769;
const SHARES_PER_CPU = 1_024;
// DIFFERS: /tmp is memory and counts against the function's limit, where Lambda has a disk.
const DEFAULT_TMP_MIB = 512;

interface Slot {
  readonly id: string;
  readonly dir: string;
  readonly bundle: string;
  readonly group: string;
  readonly monitor: ChildProcess;
  isFrozen: boolean;
  isClaimed: boolean;
  isKilled: boolean;
  tmpMib: number;
  /** Read before it was killed: the group goes with its last process. */
  peakMib: number | undefined;
}

export interface SlotTools {
  readonly config: LauncherConfig;
  readonly cgroups: Cgroups;
  readonly runtime: OciRuntime;
  readonly tell: (tell: Tell) => void;
}

export class Slots {
  readonly #tools: SlotTools;
  readonly #slots = new Map<string, Slot>();
  readonly #staged = new Set<string>();
  readonly #roots = new Set<string>();
  readonly #hasInit = findInit() !== undefined;

  constructor(tools: SlotTools) {
    this.#tools = tools;
  }

  boot(ask: Ask & { readonly ask: "boot" }): void {
    const { config, runtime } = this.#tools;
    announceMove();
    const dir = slotDirOf(config.folder, ask.slot);
    // Control has made `run` with its socket in it; the sandbox's user is a stranger who must pass through.
    for (const name of ["task", "opt", "tmp"]) mkdirSync(path.join(dir, name), { recursive: true, mode: 0o755 });
    mountTmpfs(path.join(dir, "tmp"), DEFAULT_TMP_MIB);
    const bundle = path.join(config.folder, "bundles", ask.slot);
    mkdirSync(bundle, { recursive: true });
    const group = `${groupRootOf(config)}/${ask.slot}`;
    const spec = ociSpec({
      id: ask.slot,
      index: ask.index,
      rootDir: this.#rootDir(ask.root),
      slotDir: dir,
      awsDir: awsDirOf(config.folder),
      cgroupsPath: group,
      heapMib: ask.heapMib,
      hasUserNamespace: runtime.hasUserNamespace,
      hasInit: this.#hasInit,
      memoryMib: ask.memoryMib,
      options: ask.options,
    });
    writeFileSync(path.join(bundle, "config.json"), JSON.stringify(spec));
    const args = [
      "--root",
      path.join(config.folder, "oci"),
      "run",
      "--bundle",
      bundle,
      "--pid-file",
      path.join(bundle, "pid"),
      containerName(config, ask.slot),
    ];
    const monitor = spawn(runtime.file, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", XDG_RUNTIME_DIR: config.folder },
    });
    const slot: Slot = {
      id: ask.slot,
      dir,
      bundle,
      group,
      monitor,
      isFrozen: false,
      isClaimed: false,
      isKilled: false,
      tmpMib: DEFAULT_TMP_MIB,
      peakMib: undefined,
    };
    this.#slots.set(ask.slot, slot);
    this.#watch(slot);
  }

  #watch(slot: Slot): void {
    const { tell } = this.#tools;
    const lines: string[] = [];
    const say = (): void => {
      if (lines.length > 0) tell({ tell: "output", slot: slot.id, atMs: wallMs(), lines: lines.splice(0) });
    };
    // A function that prints without end loses lines; its writes never block, and nobody here keeps them.
    const budget = new LogBudget();
    const noteDropped = (): void => {
      const dropped = budget.report();
      if (dropped !== null) lines.push(dropped);
    };
    for (const pipe of [slot.monitor.stdout, slot.monitor.stderr]) {
      if (pipe === null) continue;
      const splitter = new LineSplitter((text) => {
        if (!budget.allows(text.length, performance.now())) return;
        noteDropped();
        lines.push(text);
      });
      readInTurns(pipe, (chunk) => {
        if (budget.isDry(performance.now())) budget.drop(chunk.length, splitter.skip(chunk));
        else splitter.push(chunk);
        say();
      });
      pipe.on("end", () => splitter.end());
    }
    slot.monitor.on("error", (error) => void lines.push(`the OCI runtime cannot be started: ${error.message}`));
    slot.monitor.on("close", (code, signal) => {
      this.#slots.delete(slot.id);
      this.#clean(slot);
      noteDropped();
      say();
      const { isKilled, peakMib } = slot;
      const exitCode = code ?? (signal === null ? 1 : 137);
      tell({ tell: "ended", slot: slot.id, exitCode, isKilled, ...(peakMib !== undefined && { peakMib }) });
    });
  }

  #clean(slot: Slot): void {
    unmount(path.join(slot.dir, "task"));
    unmount(path.join(slot.dir, "opt"));
    unmount(path.join(slot.dir, "tmp"));
    rmSync(slot.dir, { recursive: true, force: true });
    rmSync(slot.bundle, { recursive: true, force: true });
  }

  /** Under another name than those that there are: sandboxes run from them. */
  addRoot({ root, is, node }: Ask & { readonly ask: "root" }): void {
    if (this.#roots.has(root)) return;
    buildRoot(this.#rootDir(root), is, node);
    this.#roots.add(root);
  }

  #rootDir(root: string): string {
    if (!/^[a-z0-9]+$/.test(root)) throw new Error(`${root} is no name of a root`);
    return path.join(this.#tools.config.folder, "roots", root);
  }

  stage(digest: string, codeDir: string): void {
    if (this.#staged.has(digest)) return;
    const target = this.#stageDir(digest);
    mkdirSync(target, { recursive: true });
    bindReadOnly(codeDir, target);
    this.#staged.add(digest);
  }

  #stageDir(digest: string): string {
    return path.join(this.#tools.config.folder, "code", Buffer.from(digest, "base64").toString("hex"));
  }

  claim(ask: Ask & { readonly ask: "claim" }): void {
    const { cgroups } = this.#tools;
    const slot = this.#slot(ask.slot);
    // No slot is ever given to a second function: no scrubbing cleans a JavaScript realm.
    if (slot.isClaimed) throw new Error(`slot ${ask.slot} is taken`);
    slot.isClaimed = true;
    cgroups.limitMemory(slot.group, ask.memoryMib);
    cgroups.weighCpu(slot.group, (SHARES_PER_CPU * ask.memoryMib) / MIB_PER_CPU);
    bindAgain(this.#stageDir(ask.digest), path.join(slot.dir, "task"));
    if (ask.optDigest !== undefined) bindAgain(this.#stageDir(ask.optDigest), path.join(slot.dir, "opt"));
    if (ask.ephemeralMib !== slot.tmpMib) resizeTmpfs(path.join(slot.dir, "tmp"), ask.ephemeralMib);
    if (slot.isFrozen) this.freeze(ask.slot, false);
  }

  limitCpu(id: string, millis: number): void {
    this.#tools.cgroups.limitCpu(this.#slot(id).group, millis);
  }

  freeze(id: string, isFrozen: boolean): void {
    const slot = this.#slot(id);
    this.#tools.cgroups.freeze(slot.group, isFrozen);
    slot.isFrozen = isFrozen;
  }

  peakMib(id: string): number {
    return this.#tools.cgroups.peakMib(this.#slot(id).group);
  }

  kill(id: string): void {
    const slot = this.#slots.get(id);
    if (slot === undefined || slot.isKilled) return;
    slot.isKilled = true;
    if (slot.isClaimed) slot.peakMib = this.#tools.cgroups.peakMib(slot.group);
    // On cgroup version 1 a signal reaches a frozen process only after it is thawed.
    if (slot.isFrozen) this.#tools.cgroups.freeze(slot.group, false);
    const pid = this.#pidOf(slot);
    if (pid === null) slot.monitor.kill("SIGTERM");
    else signal(pid);
  }

  /** The first process; all others of its pid namespace go with it. */
  #pidOf(slot: Slot): number | null {
    try {
      return Number(readFileSync(path.join(slot.bundle, "pid"), "utf8"));
    } catch {
      // Still booting.
      return null;
    }
  }

  killAll(): void {
    for (const id of this.#slots.keys()) this.kill(id);
  }

  get size(): number {
    return this.#slots.size;
  }

  unstage(digest: string): void {
    if (!this.#staged.delete(digest)) return;
    const target = this.#stageDir(digest);
    unmount(target);
    rmdirSync(target);
  }

  unstageAll(): void {
    for (const digest of this.#staged) unmount(this.#stageDir(digest));
    this.#staged.clear();
  }

  #slot(id: string): Slot {
    const slot = this.#slots.get(id);
    if (slot === undefined) throw new Error(`there is no slot ${id}`);
    return slot;
  }
}

// The launcher has no clock to be given one: it runs alone and only stamps lines.
function wallMs(): number {
  return performance.timeOrigin + performance.now();
}

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended in the meantime.
  }
}
