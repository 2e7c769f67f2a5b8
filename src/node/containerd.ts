/**
 * The node's private containerd: starts it, adopts one that runs, starts it again when it dies, and stops it with all
 * it holds. It outlives the agent, so that pods do. The caller is inside the node's namespaces.
 */
import { spawn } from "node:child_process";
import { open, mkdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import { containerdConfig, cniConfig, type NodePaths } from "./containerd-config.ts";
import { Cri } from "./cri.ts";
import { isDamage, putAside } from "./containerd-damage.ts";
import { grpcCode, isGrpc } from "./grpc.ts";
import { run } from "#machine/command.ts";
import { replaceFile } from "#machine/whole-file.ts";
import { probeRuntime, type RuntimeChoice } from "./runtime-probe.ts";

export interface ContainerdOptions {
  readonly instance: string;
  readonly node: string;
  /** Persistent: image layers, configuration. */
  readonly nodeDir: string;
  /** On /run, short: sockets and running state. */
  readonly nodeRunDir: string;
  readonly podCidr: string;
  /** Damaged data was put aside: whatever still runs of pods, the runtime knows no more. Awaited before it starts again. */
  readonly onReset: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

// A busy machine with a cold disk; 0.1 s is ordinary.
const START_MS = 20_000;
const STOP_MS = 5_000;
const MAX_LINES_BYTES = 256 * 1024;
const POLL_MS = 5;
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 10_000;

export interface Containerd extends AsyncDisposable {
  readonly cri: Cri;
  readonly socketPath: string;
  readonly version: string;
  readonly runtime: RuntimeChoice;
  readonly isAdopted: boolean;
  readonly paths: NodePaths;
  readonly pid: () => number;
  /** Where damaged data was put aside; null as long as it is whole. */
  readonly setAside: () => string | null;
  /** Ends containerd itself; its pods must have been removed before. Disposing leaves it running. */
  readonly stop: () => Promise<void>;
}

export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const paths = nodePaths(options);
  await Promise.all(
    [paths.root, paths.state, paths.cniConfDir, paths.cniDataDir, paths.logs, paths.opt].map((path) =>
      mkdir(path, { recursive: true }),
    ),
  );
  const [program = "", version = ""] = await containerdVersion();
  const runtime = await probeRuntime(version, paths);
  await writeFile(paths.cniConfig, cniConfig(options, paths, runtime));
  await writeFile(paths.config, containerdConfig(version, runtime, paths));
  const keeper = new Keeper(program, paths, options);
  const isAdopted = await keeper.start();
  return {
    cri: keeper.cri,
    socketPath: paths.socket,
    version,
    runtime,
    isAdopted,
    setAside: () => keeper.setAside,
    paths,
    pid: () => keeper.pid,
    stop: () => keeper.stop(),
    [Symbol.asyncDispose]: () => keeper.leave(),
  };
}

export function nodePaths({
  nodeDir,
  nodeRunDir,
}: {
  readonly nodeDir: string;
  readonly nodeRunDir: string;
}): NodePaths {
  return {
    root: join(nodeDir, "containerd"),
    state: join(nodeRunDir, "state"),
    socket: join(nodeRunDir, "containerd.sock"),
    pidFile: join(nodeRunDir, "containerd.pid"),
    config: join(nodeDir, "containerd.toml"),
    log: join(nodeDir, "containerd.log"),
    opt: join(nodeDir, "opt"),
    logs: join(nodeDir, "pod-logs"),
    cniConfDir: join(nodeDir, "cni"),
    cniConfig: join(nodeDir, "cni", "10-catamaran.conflist"),
    cniDataDir: join(nodeDir, "cni-addresses"),
    probe: join(nodeDir, "runtime.json"),
  };
}

/** The program and its version, for example "1.6.20". */
async function containerdVersion(): Promise<readonly string[]> {
  const text = await run(["containerd", "--version"]).catch((cause: unknown) => {
    throw new Fault(
      "Unavailable",
      "containerd is not installed: pods cannot run on this machine (Debian package containerd)",
      { cause },
    );
  });
  return ["containerd", /(\d+\.\d+\.\d+)/.exec(text)?.[1] ?? "1.6.0"];
}

/** Level-triggered: whatever became of the process, the socket answers again. */
class Keeper {
  readonly cri: Cri;
  pid = 0;
  setAside: string | null = null;
  readonly #program: string;
  readonly #node: string;
  readonly #onReset: () => Promise<void>;
  readonly #paths: NodePaths;
  readonly #clock: Clock;
  readonly #log: Log;
  #isLeft = false;
  #timer: Disposable | null = null;
  #retryMs = FIRST_RETRY_MS;

  constructor(program: string, paths: NodePaths, { node, onReset, clock, log }: ContainerdOptions) {
    this.#onReset = onReset;
    this.#node = node;
    this.cri = new Cri(paths.socket);
    this.#program = program;
    this.#paths = paths;
    this.#clock = clock;
    this.#log = log;
  }

  /** True when one was running already. */
  async start(): Promise<boolean> {
    const running = await this.#runningPid();
    const isAdopted = running !== 0;
    if (isAdopted) this.pid = running;
    else await this.#startHealing();
    if (isAdopted) await this.#answering();
    this.#watch();
    return isAdopted;
  }

  /** Data that keeps containerd from starting is put aside, once: images come again from the store, pods are made anew. */
  async #startHealing(isSecond = false): Promise<void> {
    const before = await sizeOf(this.#paths.log);
    try {
      await this.#spawn();
      await this.#answering();
    } catch (thrown) {
      await this.#end();
      if (isSecond || !isDamage(await textFrom(this.#paths.log, before))) throw thrown;
      this.setAside = await putAside(this.#paths.root, this.#clock.now());
      this.#log.error("containerd's data is damaged; it was put aside, and pods are started anew", {
        aside: this.setAside,
        reason: reasonOf(thrown),
      });
      await this.#onReset();
      await this.#startHealing(true);
    }
  }

  async stop(): Promise<void> {
    await this.leave();
    await this.#end();
    await rm(this.#paths.pidFile, { force: true });
  }

  /** A process that even SIGKILL does not end hangs in the kernel: nobody can wait for that. */
  async #end(): Promise<void> {
    const { pid } = this;
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      if (!isAlive(pid)) return;
      process.kill(pid, signal);
      const until = this.#clock.monotonicMs() + STOP_MS;
      while (isAlive(pid) && this.#clock.monotonicMs() < until) await this.#clock.sleep(POLL_MS);
    }
  }

  async leave(): Promise<void> {
    this.#isLeft = true;
    this.#timer?.[Symbol.dispose]();
    await this.cri[Symbol.asyncDispose]();
  }

  async #spawn(): Promise<void> {
    await rm(this.#paths.socket, { recursive: true, force: true });
    const output = await open(this.#paths.log, "a");
    try {
      const [program = "", ...args] = named(this.#node, [this.#program, "--config", this.#paths.config]);
      const child = spawn(program, args, {
        detached: true,
        cwd: "/",
        stdio: ["ignore", output.fd, output.fd],
      });
      child.on("error", (cause) => this.#log.error("containerd did not start", { reason: cause.message }));
      child.unref();
      this.pid = child.pid ?? 0;
    } finally {
      await output.close();
    }
    await replaceFile(this.#paths.pidFile, String(this.pid));
  }

  async #answering(): Promise<void> {
    const until = this.#clock.monotonicMs() + START_MS;
    for (;;) {
      try {
        await this.cri.version();
        return;
      } catch (thrown) {
        // It answers, but its CRI plugin did not load.
        if (isGrpc(thrown, grpcCode.unimplemented))
          throw new Fault("Unavailable", `containerd has no CRI: ${await lastLines(this.#paths.log)}`, {
            cause: thrown,
          });
        if (!isAlive(this.pid))
          throw new Fault("Unavailable", `containerd ended at once: ${await lastLines(this.#paths.log)}`, {
            cause: thrown,
          });
        if (this.#clock.monotonicMs() > until)
          throw new Fault(
            "Timeout",
            `containerd did not answer in ${START_MS / 1_000} s: ${await lastLines(this.#paths.log)}`,
            { cause: thrown },
          );
        await this.#clock.sleep(POLL_MS);
      }
    }
  }

  /** A signal-0 each second is cheap, and also sees an adopted process, which is no child of ours. */
  #watch(): void {
    if (this.#isLeft) return;
    this.#timer = this.#clock.after(isAlive(this.pid) ? 500 : this.#retryMs, () => {
      if (isAlive(this.pid)) {
        this.#retryMs = FIRST_RETRY_MS;
        this.#watch();
      } else void this.#revive(); // Never rejects.
    });
  }

  async #revive(): Promise<void> {
    this.#log.warn("containerd is gone; starting it again; pods keep running", { pid: this.pid });
    try {
      await this.#startHealing();
    } catch (thrown) {
      this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
      this.#log.error("containerd does not come back", { reason: (thrown as Error).message });
    }
    this.#watch();
  }

  /** The pid of the pid file, if that process is still our containerd, in the namespaces that we are in. */
  async #runningPid(): Promise<number> {
    const pid = Number(await readFile(this.#paths.pidFile, "utf8").catch(() => "0")); // No file: none was started.
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""); // No such process.
    if (pid === 0 || !commandLine.includes(this.#paths.config)) return 0;
    const [its, ours] = await Promise.all(
      [`/proc/${pid}/ns/mnt`, "/proc/self/ns/mnt"].map((path) => readlink(path).catch(() => "")),
    );
    if (its === ours) return pid;
    // The node's namespaces were made anew under it: it sees other mounts and other links than we do.
    process.kill(pid, "SIGKILL");
    while (isAlive(pid)) await this.#clock.sleep(POLL_MS);
    return 0;
  }
}

/** With a hostname of its own: pods on the host's network see the node's, not the machine's. */
function named(node: string, command: readonly string[]): readonly string[] {
  const script = `printf %s "$1" > /proc/sys/kernel/hostname && shift && exec "$@"`;
  return ["unshare", "--uts", "--", "sh", "-c", script, "sh", node, ...command];
}

function isAlive(pid: number): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // ESRCH: it is gone.
  }
}

async function lastLines(file: string): Promise<string> {
  return (await textFrom(file, (await sizeOf(file)) - MAX_LINES_BYTES)).trim().split("\n").slice(-3).join(" | ");
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

/** From an offset on, and no more of it than anybody reads. */
async function textFrom(file: string, offset: number): Promise<string> {
  const opened = await open(file).catch(() => null); // Never written.
  if (opened === null) return "";
  await using log = opened;
  const { bytesRead, buffer } = await log.read(Buffer.alloc(MAX_LINES_BYTES), 0, MAX_LINES_BYTES, Math.max(0, offset));
  return buffer.subarray(0, bytesRead).toString("utf8");
}
