/** A tiny process that spawns, mounts, limits and kills sandboxes, since spawning stalls a big process for tens of milliseconds. Decides nothing. */
import { chmodSync, existsSync, mkdirSync, rmSync } from "node:fs";
import net from "node:net";
import { availableParallelism } from "node:os";
import path from "node:path";
import { reasonOf } from "#base/fault.ts";
import { endLeftovers, isHybrid, openCgroups } from "./cgroups.ts";
import { FRAME, FrameReader, frameOf } from "./frames.ts";
import {
  type Answer,
  type Ask,
  groupRootOf,
  type Hello,
  LAUNCHER_LIMITS,
  type LauncherConfig,
  socketOf,
  type Tell,
} from "./launcher-protocol.ts";
import { OWN_MOUNTS, PRIVATE_ENVIRONMENT, PRIVATE_MARK } from "./launcher-command.ts";
import { endWithParent, makePrivate, makeShared, unmount } from "./mounts.ts";
import { findRuntime, type OciRuntime } from "./oci-runtime.ts";
import { buildRoot, removeUnmounted } from "./root-folders.ts";
import { Slots } from "./slots.ts";

/** The launcher's whole life; returns when it is told to end. Replaces the process first when its mounts would be seen by others. */
export async function runLauncher(config: LauncherConfig): Promise<void> {
  // oxlint-disable-next-line no-restricted-properties -- a mark between two stages of one process, not an option
  if (process.env[PRIVATE_MARK] === undefined) becomePrivate();
  endWithParent();
  const launcher = new Launcher(config);
  await launcher.serve();
}

/** The same command again, in a mount namespace of its own and with an empty environment. */
function becomePrivate(): void {
  const unshare = ["/usr/bin/unshare", "/bin/unshare"].find((file) => existsSync(file));
  if (unshare === undefined) throw new Error("unshare (util-linux) is not installed");
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve?.(unshare, ["unshare", ...OWN_MOUNTS, ...again], { ...PRIVATE_ENVIRONMENT });
}

class Launcher {
  readonly #config: LauncherConfig;
  readonly #slots: Slots;
  readonly #hello: Hello;
  #control: net.Socket | null = null;
  #end: () => void = () => {};

  constructor(config: LauncherConfig) {
    this.#config = config;
    const { folder } = config;
    // crun refuses hosts that mix both versions; in this namespace nobody else misses the second.
    if (isHybrid()) unmount("/sys/fs/cgroup/unified");
    for (const name of PARTS) removeUnmounted(path.join(folder, name));
    // The sandbox's users, strangers to this machine, pass through to what was mounted for them.
    chmodSync(folder, 0o711);
    for (const name of [...PARTS, "aws"]) mkdirSync(path.join(folder, name), { recursive: true, mode: 0o711 });
    // A launcher that was killed could not end its sandboxes; the frozen ones among them wait for ever.
    endLeftovers(openCgroups(), groupRootOf(config));
    openCgroups().prepareRoot(groupRootOf(config), availableParallelism() * SHARES_PER_CORE);
    // The runtime makes the mount that contains a root private. Were the slots on that mount too, nothing would propagate.
    makePrivate(path.join(folder, "roots"));
    makeShared(path.join(folder, "slots"));
    for (const kind of ["node", "full"] as const) buildRoot(path.join(folder, "roots", kind), kind, config.node);
    const { found, reason } = findRuntime(config, path.join(folder, "roots/node"));
    const python =
      [14, 13, 12, 11, 10, 9].map((minor) => `python3.${minor}`).find((name) => existsSync(`/usr/bin/${name}`)) ?? null;
    this.#hello = {
      driver: found === null ? null : `${found.name}${found.hasUserNamespace ? "" : " (no user namespace)"}`,
      python,
      ...(reason !== "" && { reason }),
    };
    this.#slots = new Slots({
      config,
      cgroups: openCgroups(),
      runtime: found ?? NO_RUNTIME,
      tell: (tell) => this.#tell(tell),
    });
  }

  async serve(): Promise<void> {
    const ended = new Promise<void>((resolve) => (this.#end = resolve));
    const socketPath = socketOf(this.#config.folder);
    rmSync(socketPath, { recursive: true, force: true });
    const server = net.createServer((socket) => this.#adopt(socket));
    server.listen(socketPath);
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => this.#end());
    process.on("disconnect", () => this.#end());
    await ended;
    server.close();
    this.#control?.destroy();
    await this.#clear();
  }

  /** One control at a time: a new one starts with no sandboxes, those of the old one are ended. */
  #adopt(socket: net.Socket): void {
    this.#control?.destroy();
    this.#slots.killAll();
    this.#control = socket;
    const reader = new FrameReader(LAUNCHER_LIMITS, (type, id, payload) => {
      if (type === FRAME.ask)
        socket.write(frameOf(FRAME.answer, id, Buffer.from(JSON.stringify(this.#answer(payload)))));
    });
    socket.on("data", (chunk: Buffer) => void (reader.push(chunk) || socket.destroy()));
    socket.on("error", () => {
      // The same as a close.
    });
    socket.on("close", () => {
      if (this.#control !== socket) return;
      this.#control = null;
      this.#slots.killAll();
      // The next control process may unpack anew what it finds damaged, and knows nothing of what was staged for this one.
      this.#slots.unstageAll();
    });
  }

  #answer(payload: Buffer): Answer {
    try {
      const value = this.#do(JSON.parse(payload.toString("utf8")) as Ask);
      return { ok: true, ...(value !== undefined && { value }) };
    } catch (thrown) {
      return { ok: false, reason: reasonOf(thrown) };
    }
  }

  #do(ask: Ask): unknown {
    switch (ask.ask) {
      case "hello":
        return this.#hello;
      case "boot":
        return this.#slots.boot(ask);
      case "root":
        return this.#slots.addRoot(ask);
      case "stage":
        return this.#slots.stage(ask.digest, ask.codeDir);
      case "unstage":
        return this.#slots.unstage(ask.digest);
      case "claim":
        return this.#slots.claim(ask);
      case "limitCpu":
        return this.#slots.limitCpu(ask.slot, ask.millis);
      case "freeze":
        return this.#slots.freeze(ask.slot, true);
      case "thaw":
        return this.#slots.freeze(ask.slot, false);
      case "peak":
        return this.#slots.peakMib(ask.slot);
      case "kill":
        return this.#slots.kill(ask.slot);
    }
  }

  #tell(tell: Tell): void {
    this.#control?.write(frameOf(FRAME.tell, 0, Buffer.from(JSON.stringify(tell))));
  }

  async #clear(): Promise<void> {
    const { folder } = this.#config;
    this.#slots.killAll();
    for (let i = 0; i < CLEAR_TRIES && this.#slots.size > 0; i++)
      await new Promise((resolve) => void setTimeout(resolve, 20));
    this.#slots.unstageAll();
    openCgroups().remove(groupRootOf(this.#config));
    // Detaching a mount takes everything below it along.
    for (const name of ["slots", "roots"]) unmount(path.join(folder, name));
    for (const name of [...PARTS, "aws"]) removeUnmounted(path.join(folder, name));
    rmSync(socketOf(folder), { force: true });
  }
}

// Without it all sandboxes together would have the weight of one process, and wait behind the platform's own.
const SHARES_PER_CORE = 1_024;

const PARTS: readonly string[] = ["slots", "roots", "bundles", "code", "oci"];

// Never run: without a runtime nobody asks for a boot.
const NO_RUNTIME: OciRuntime = { name: "none", file: "/nonexistent", hasUserNamespace: false };

// Two seconds: killing hundreds of sandboxes takes the kernel that long.
const CLEAR_TRIES = 100;
