/** Functions as plain child processes: for machines without root or an OCI runtime. Not isolated, and says so loudly. */
import { spawn, type ChildProcess } from "node:child_process";
import { access, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Stop } from "#base/stop.ts";
import type { CodeStore } from "#functions/code-store.ts";
import { MAX_RESPONSE_BYTES } from "#functions/invocation.ts";
import type { LogLine, SandboxEnd, Sandboxes, SandboxSpec, Started } from "#functions/sandboxes.ts";
import { AgentChannel } from "./agent-channel.ts";
import { type Body, bindMessage, initialise, startFailure } from "./agent-sandbox.ts";
import { CodeCaches } from "./code-caches.ts";
import { flavourOf, lambdaEnvironment, type Places } from "./lambda-environment.ts";
import { LineSplitter, readInTurns } from "./lines.ts";
import { NodeBinaries } from "./node-binaries.ts";
import { runtimesDir, nodeModulesDir } from "./places.ts";
import { endOfExitCode, signalName } from "./signals.ts";

export interface ProcessOptions {
  readonly code: CodeStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly region: string;
  /** AWS_ENDPOINT_URL of the functions; absent: they get none. */
  readonly endpointUrl?: string;
  /** A Node 24 binary; default is the one that runs us. */
  readonly node?: string;
  /** Where the Nodes of older runtimes are kept; absent: all run on that one. */
  readonly nodesFolder?: string;
}

export class ProcessSandboxes implements Sandboxes, AsyncDisposable {
  readonly driver = "process (not isolated)";
  readonly #options: ProcessOptions;
  readonly #folder: string;
  readonly #python: string | null;
  readonly #nodes: NodeBinaries | null;
  readonly #caches = new CodeCaches();
  readonly #live = new Set<ProcessBody>();
  #lastId = 0;

  static async open(options: ProcessOptions): Promise<ProcessSandboxes> {
    const folder = await mkdtemp(path.join(tmpdir(), "ctm-fn-"));
    options.log.warn("functions run as plain processes and are NOT isolated from this machine or from each other", {
      folder,
    });
    return new ProcessSandboxes(options, folder, await findPython());
  }

  private constructor(options: ProcessOptions, folder: string, python: string | null) {
    this.#options = options;
    this.#folder = folder;
    this.#python = python;
    const { nodesFolder, clock, log } = options;
    this.#nodes = nodesFolder === undefined ? null : new NodeBinaries({ folder: nodesFolder, clock, log });
  }

  runtimes(): readonly string[] {
    return [
      "nodejs18.x",
      "nodejs20.x",
      "nodejs22.x",
      "nodejs24.x",
      ...(this.#python === null ? [] : [this.#python]),
      "provided",
      "provided.al2",
      "provided.al2023",
    ];
  }

  async prepare({
    codeSha256,
    layers,
    runtime,
  }: Pick<SandboxSpec, "codeSha256" | "layers" | "runtime">): Promise<void> {
    await this.#nodes?.find(runtime);
    await this.#options.code.unpacked(codeSha256);
    await this.#optDir(layers);
  }

  /** Undefined: the function has no layers. */
  async #optDir(layers: readonly string[]): Promise<string | undefined> {
    return layers.length === 0 ? undefined : (await this.#options.code.merged(layers)).folder;
  }

  async start(spec: SandboxSpec, onLog: (line: LogLine) => void, stop: Stop): Promise<Started> {
    const startedMs = this.#options.clock.monotonicMs();
    try {
      const taskRoot = await this.#options.code.unpacked(spec.codeSha256);
      const { channel, body, tmp } = await this.#boot(spec);
      const optDir = (await this.#optDir(spec.layers)) ?? path.join(tmp, "opt");
      return await initialise(
        {
          channel,
          body,
          message: bindMessage(spec, this.#environment(spec, { taskRoot, tmpDir: tmp, optDir }), taskRoot),
          cache: this.#caches.get(spec),
          onLog,
          onCache: (bytes) => this.#caches.put(spec, bytes),
          startedMs,
          fromPool: false,
        },
        this.#options.clock,
        stop,
      );
    } catch (thrown) {
      return startFailure(thrown, this.#options.clock.monotonicMs() - startedMs);
    }
  }

  #environment(
    spec: SandboxSpec,
    places: Pick<Places, "taskRoot" | "tmpDir" | "optDir">,
  ): Readonly<Record<string, string>> {
    return lambdaEnvironment(spec, {
      ...places,
      runtimeDir: runtimesDir,
      nodeModules: nodeModulesDir,
      path: MACHINE_PATH,
      libraries: [],
      runtimeApi: "127.0.0.1:9001",
      region: this.#options.region,
      ...(this.#options.endpointUrl !== undefined && { endpointUrl: this.#options.endpointUrl }),
    });
  }

  async #boot(
    spec: SandboxSpec,
  ): Promise<{ readonly channel: AgentChannel; readonly body: ProcessBody; readonly tmp: string }> {
    const id = `p${++this.#lastId}`;
    const tmp = path.join(this.#folder, id);
    await mkdir(tmp);
    const channel = await AgentChannel.listen(path.join(this.#folder, `${id}.sock`), this.#options.clock);
    const flavour = flavourOf(spec.runtime, spec.environment) ?? "node";
    const options = {
      flavour,
      maxResponseBytes: MAX_RESPONSE_BYTES,
      runtimePort: 0,
      sdkFrom: runtimesDir,
      ...(this.#python !== null && { python: `/usr/bin/${this.#python}` }),
    };
    const heapMib = flavour === "node" || flavour === "anew" ? Math.max(64, Math.floor(spec.memoryMib * 0.9)) : 64;
    const args = [
      `--max-old-space-size=${heapMib}`,
      path.join(runtimesDir, "agent.cjs"),
      path.join(this.#folder, `${id}.sock`),
      JSON.stringify(options),
    ];
    const own = (await this.#nodes?.find(spec.runtime)) ?? this.#options.node ?? process.execPath;
    const child = spawn(own, args, {
      cwd: tmp,
      env: { PATH: MACHINE_PATH },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const body = new ProcessBody(id, child, async () => {
      this.#live.delete(body);
      await rm(tmp, { recursive: true, force: true });
    });
    this.#live.add(body);
    drain(child, (text) => channel.logRaw(text, this.#options.clock.now()));
    void body.ended.then(() => channel.close());
    await Promise.race([channel.ready, channel.closed]);
    return { channel, body, tmp };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#live].map((body) => body.kill()));
    await rm(this.#folder, { recursive: true, force: true });
  }
}

// Built from scratch: what the operator's shell has in its environment slows or breaks runtimes.
const MACHINE_PATH = "/usr/local/bin:/usr/bin:/bin";

// A pipe that nobody drains would stop the process that writes to it.
function drain(child: ChildProcess, onLine: (text: string) => void): void {
  for (const pipe of [child.stdout, child.stderr]) {
    const lines = new LineSplitter(onLine);
    if (pipe === null) continue;
    readInTurns(pipe, (chunk) => lines.push(chunk));
    pipe.on("end", () => lines.end());
  }
}

async function findPython(): Promise<string | null> {
  for (const minor of [14, 13, 12, 11, 10, 9]) {
    try {
      await access(`/usr/bin/python3.${minor}`);
      return `python3.${minor}`;
    } catch {
      // Not this one.
    }
  }
  return null;
}

class ProcessBody implements Body {
  readonly id: string;
  readonly ended: Promise<SandboxEnd>;
  readonly #child: ChildProcess;
  #isStopped = false;
  #peakMib = 0;

  constructor(id: string, child: ChildProcess, onEnd: () => Promise<void>) {
    this.id = id;
    this.#child = child;
    this.ended = new Promise((resolve) => {
      child.once("error", () => resolve({ reason: "exit", exitCode: 127 }));
      child.once("exit", (code, signal) => resolve(this.#endOf(code, signal)));
    });
    void this.ended.then(onEnd);
  }

  #endOf(code: number | null, signal: NodeJS.Signals | null): SandboxEnd {
    if (this.#isStopped) return { reason: "stopped", maxMemoryMib: this.#peakMib };
    if (signal !== null) return { reason: "signal", signal: signalName(signal) };
    return endOfExitCode(code ?? 0);
  }

  async freeze(): Promise<void> {
    this.#signal("SIGSTOP");
  }

  async thaw(): Promise<void> {
    this.#signal("SIGCONT");
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#peakMib = await this.peakMib();
      this.#isStopped = true;
      this.#signal("SIGKILL");
    }
    await this.ended;
  }

  // The agent leads its own process group, so that what the function spawned goes the same way.
  #signal(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // It ended in the meantime.
    }
  }

  async peakMib(): Promise<number> {
    try {
      const status = await readFile(`/proc/${this.#child.pid}/status`, "utf8");
      return Math.ceil(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      return 0;
    }
  }
}
