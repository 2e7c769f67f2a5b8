/** Booted sandboxes in stock, so that a cold start is one claim: limits, one mount, BIND. Refills in the background, falls back to plain processes. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import { type Stop, stopper } from "#base/stop.ts";
import { Tasks } from "#base/tasks.ts";
import type { CodeStore } from "#functions/code-store.ts";
import { MAX_RESPONSE_BYTES } from "#functions/invocation.ts";
import type { LogLine, Sandboxes, SandboxSpec, Started } from "#functions/sandboxes.ts";
import { bindMessage, initialise, startFailure, within } from "./agent-sandbox.ts";
import { AwsForwarder, type Endpoint } from "./aws-forwarder.ts";
import { CodeCaches } from "./code-caches.ts";
import { type Flavour, flavourOf, lambdaEnvironment } from "./lambda-environment.ts";
import { LauncherClient } from "./launcher-client.ts";
import { awsDirOf, type Hello, type Tell } from "./launcher-protocol.ts";
import { AWS_DIR_INSIDE, OPT_INSIDE, PATH_INSIDE, RUNTIME_INSIDE, TASK_INSIDE } from "./oci-spec.ts";
import { Gate } from "./gate.ts";
import { NodeBinaries } from "./node-binaries.ts";
import { NodeRoots } from "./node-roots.ts";
import { NoSandboxes } from "./no-sandboxes.ts";
import { ProcessSandboxes } from "./process-driver.ts";
import { afterClaim, afterWhile, type Stock } from "./shelf.ts";
import { SlotBody } from "./slot-bodies.ts";
import { StagedCode } from "./staged-code.ts";

export interface SandboxesOptions {
  readonly code: CodeStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly region: string;
  /** The AWS door; absent: functions have no AWS endpoint. */
  readonly aws?: Endpoint;
  /** Where the Nodes of older runtimes are kept; absent: all run on the platform's. */
  readonly nodesFolder?: string;
  /** Where a launcher serves; absent: plain processes. */
  readonly launcherFolder?: string;
  /** The classes that are kept in stock from the start, for example { "node/128": 2 }. */
  readonly stock?: Readonly<Record<string, number>>;
  /** CPU quota of memory/1769 vCPU after INIT. Off by default below 4 cores: shares alone are proportional. */
  readonly isCpuLimited?: boolean;
}

// V8's heap limit is fixed at boot, so environments wait in classes; the exact limit is the control group's.
const CLASSES_MIB: readonly number[] = [128, 256, 512, 1024, 2048, 3072, 10_240];
// V8 counts only its heap; the rest is for buffers, code and the agent.
const HEAP_SHARE = 0.9;
// Children have their own heaps; the agent above them only carries frames.
const AGENT_HEAP_MIB = 64;
const AGENT_CLASS_MIB = 256;
// The usual functions find two environments waiting; other classes get theirs with the first use.
const DEFAULT_STOCK: Readonly<Record<string, number>> = { "node/128": 2 };
const USED_STOCK = 2;
const BOOT_LIMIT_MS = 20_000;
const RUNTIME_API_PORT = 9_001;
const AWS_PORT = 4_566;
const MIB_PER_CPU = 1_769;
// On fewer cores a quota would only leave them idle.
const CORES_FOR_QUOTA = 4;
// Below this share of free memory idle environments go.
const MEMORY_RESERVE = 0.1;

interface Shelf {
  stock: Stock;
  readonly root: string;
  readonly isKept: boolean;
  readonly ready: SlotBody[];
  booting: number;
}

/** A sandbox that was taken for one function. */
interface Claim {
  readonly body: SlotBody;
  readonly fromPool: boolean;
  readonly startedMs: number;
  readonly onLog: (line: LogLine) => void;
  /** What lies under /opt; undefined: nothing. */
  readonly optDigest: string | undefined;
}

/** Isolated where a launcher says it can, else plain processes of the user who runs the platform; of root's, none. */
export async function openSandboxes(options: SandboxesOptions): Promise<Sandboxes & AsyncDisposable> {
  const { aws, launcherFolder, log } = options;
  const fallback = async (): Promise<Sandboxes & AsyncDisposable> =>
    process.getuid?.() === 0
      ? new NoSandboxes(NO_ROOT_PROCESSES)
      : ProcessSandboxes.open({
          ...options,
          ...(aws !== undefined && { endpointUrl: `http://${aws.host}:${aws.port}` }),
        });
  if (launcherFolder === undefined) return fallback();
  const pool = new Pool(options, launcherFolder);
  const hello = await pool.connect();
  if (hello.driver !== null) return pool;
  log.warn("no isolated sandbox can be made", { reason: hello.reason });
  await pool[Symbol.asyncDispose]();
  return fallback();
}

// It would read the platform's keys and everything else of the machine.
const NO_ROOT_PROCESSES =
  "functions cannot be isolated on this machine (crun or runc is missing or does not work; see the control log), and a function is never run as root without: install crun, or run the platform as another user";

class Pool implements Sandboxes, AsyncDisposable {
  readonly #options: SandboxesOptions;
  readonly #folder: string;
  readonly #tasks: Tasks;
  readonly #caches = new CodeCaches();
  readonly #bodies = new Map<string, SlotBody>();
  readonly #shelves = new Map<string, Shelf>();
  readonly #staged: StagedCode;
  readonly #roots: NodeRoots;
  readonly #stopping = stopper();
  /** Twice the cores: a boot waits as much as it computes. */
  readonly #gate = new Gate(2 * availableParallelism());
  #launcher: LauncherClient | null = null;
  #forwarder: AwsForwarder | null = null;
  #hello: Hello = { driver: null, python: null };
  #lastIndex = 0;
  #isClosed = false;
  #ticker: Disposable | null = null;

  constructor(options: SandboxesOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
    this.#tasks = new Tasks(options.log);
    this.#staged = new StagedCode(options.code, (ask) => this.#ask().ask(ask));
    const { nodesFolder, clock, log } = options;
    const binaries = nodesFolder === undefined ? null : new NodeBinaries({ folder: nodesFolder, clock, log });
    this.#roots = new NodeRoots(binaries, (ask) => this.#ask().ask(ask));
  }

  get driver(): string {
    return this.#hello.driver ?? "none";
  }

  runtimes(): readonly string[] {
    return [
      "nodejs18.x",
      "nodejs20.x",
      "nodejs22.x",
      "nodejs24.x",
      ...(this.#hello.python === null ? [] : [this.#hello.python]),
      "provided",
      "provided.al2",
      "provided.al2023",
    ];
  }

  async connect(): Promise<Hello> {
    const { aws, clock, stock = DEFAULT_STOCK } = this.#options;
    if (!(await this.#reconnected())) {
      // Plain processes instead would take the isolation away that this machine can give: starts are refused until it is there.
      this.#hello = { driver: "none (the launcher does not answer)", python: null };
      this.#tasks.run("wait for the launcher", () => this.#lostLauncher());
    }
    if (this.#hello.driver === null) return this.#hello;
    if (aws !== undefined) this.#forwarder = await AwsForwarder.listen(awsDirOf(this.#folder), aws);
    for (const [name, target] of Object.entries(stock)) {
      const [flavour = "node", classMib = "128"] = name.split("/");
      const now = clock.monotonicMs();
      const kept: Stock = {
        flavour: flavour as Flavour,
        classMib: Number(classMib),
        base: target,
        target,
        usedMs: now,
        settledMs: now,
      };
      this.#shelves.set(name, { stock: kept, root: "node", isKept: true, ready: [], booting: 0 });
    }
    this.#tick();
    return this.#hello;
  }

  async #connectLauncher(): Promise<void> {
    const launcher = await LauncherClient.connect(this.#folder, this.#options.clock, this.#stopping.stop, (tell) =>
      this.#take(tell),
    );
    this.#launcher = launcher;
    this.#hello = await launcher.hello();
    this.#tasks.run("watch the launcher", async () => {
      await launcher.closed;
      await this.#lostLauncher();
    });
  }

  /** A launcher that died took every sandbox along; its successor starts from nothing. */
  async #lostLauncher(): Promise<void> {
    this.#launcher = null;
    for (const body of this.#bodies.values()) body.end({ reason: "stopped" });
    this.#bodies.clear();
    this.#staged.clear();
    this.#roots.clear();
    for (const shelf of this.#shelves.values()) shelf.ready.length = 0;
    if (this.#isClosed) return;
    this.#options.log.warn("there is no launcher; functions cannot be started until it is back");
    // Whoever supervises it starts it again; until then starts are refused as unavailable.
    while (!this.#isClosed && !(await this.#reconnected()));
    this.#refill();
  }

  async #reconnected(): Promise<boolean> {
    try {
      await this.#connectLauncher();
      return true;
    } catch (thrown) {
      this.#options.log.warn("the launcher does not come back", { reason: reasonOf(thrown) });
      return false;
    }
  }

  isShortOfMemory(): boolean {
    const text = readFileSync("/proc/meminfo", "utf8");
    const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
    return field("MemAvailable") < field("MemTotal") * MEMORY_RESERVE;
  }

  #take(tell: Tell): void {
    const body = this.#bodies.get(tell.slot);
    body?.take(tell);
    if (tell.tell !== "ended" || body === undefined) return;
    this.#bodies.delete(tell.slot);
    for (const shelf of this.#shelves.values()) {
      const at = shelf.ready.indexOf(body);
      if (at >= 0) shelf.ready.splice(at, 1);
    }
  }

  async prepare(spec: Pick<SandboxSpec, "codeSha256" | "layers" | "runtime">): Promise<void> {
    await this.#staged.prepare(spec);
    await this.#roots.rootOf("node", spec.runtime);
  }

  keepOnly(wanted: ReadonlySet<string>): Promise<void> {
    return this.#staged.keepOnly(wanted);
  }

  #ask(): LauncherClient {
    if (this.#launcher === null) throw new Fault("Unavailable", "the sandbox launcher is starting");
    return this.#launcher;
  }

  async start(spec: SandboxSpec, onLog: (line: LogLine) => void, stop: Stop): Promise<Started> {
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    try {
      const flavour = flavourOf(spec.runtime, spec.environment);
      if (flavour === null) throw new Fault("Unsupported", `the runtime ${spec.runtime} is not supported by Catamaran`);
      const { optDigest } = await this.#staged.prepare(spec);
      const { body, fromPool } = await this.#takeOne(
        this.#shelfOf(flavour, await this.#roots.rootOf(flavour, spec.runtime), spec.memoryMib),
      );
      return await this.#initialise(spec, { body, fromPool, startedMs, onLog, optDigest }, stop);
    } catch (thrown) {
      this.#options.log.warn("a sandbox could not be started", {
        function: spec.functionName,
        reason: reasonOf(thrown),
      });
      return startFailure(thrown, clock.monotonicMs() - startedMs);
    } finally {
      // Refilling costs 50 ms of CPU: after the answer, not beside it.
      clock.after(REFILL_AFTER_MS, () => this.#refill());
    }
  }

  async #takeOne(shelf: Shelf): Promise<{ readonly body: SlotBody; readonly fromPool: boolean }> {
    const pooled = shelf.ready.pop();
    shelf.stock = afterClaim(shelf.stock, pooled === undefined, this.#options.clock.monotonicMs());
    return {
      body: pooled ?? (await this.#gate.through(() => this.#boot(shelf, true))),
      fromPool: pooled !== undefined,
    };
  }

  async #initialise(spec: SandboxSpec, claim: Claim, stop: Stop): Promise<Started> {
    const { body, optDigest } = claim;
    try {
      const { codeSha256: digest, memoryMib, ephemeralStorageMib: ephemeralMib } = spec;
      const opt = optDigest === undefined ? {} : { optDigest };
      await this.#ask().ask({ ask: "claim", slot: body.id, digest, ...opt, memoryMib, ephemeralMib });
      body.claimed();
      const message = bindMessage(spec, this.#environment(spec), TASK_INSIDE);
      const onCache = (bytes: Buffer): void => this.#caches.put(spec, bytes);
      const binding = { ...claim, channel: body.channel, message, cache: this.#caches.get(spec), onCache };
      const started = await initialise(binding, this.#options.clock, stop);
      if (started.ok) this.#limitCpu(body, memoryMib);
      return started;
    } catch (thrown) {
      // Taken, but not usable: it must not stay behind.
      await body.kill();
      throw thrown;
    }
  }

  // Before INIT a quota of 1/14 core would make a cold start fifteen times as long.
  #limitCpu(body: SlotBody, memoryMib: number): void {
    const isLimited = this.#options.isCpuLimited ?? availableParallelism() >= CORES_FOR_QUOTA;
    if (!isLimited) return;
    this.#tasks.run("limit CPU", () =>
      this.#ask().ask({ ask: "limitCpu", slot: body.id, millis: Math.round((memoryMib * 1000) / MIB_PER_CPU) }),
    );
  }

  #environment(spec: SandboxSpec): Readonly<Record<string, string>> {
    return lambdaEnvironment(spec, {
      taskRoot: TASK_INSIDE,
      runtimeDir: RUNTIME_INSIDE,
      nodeModules: `${RUNTIME_INSIDE}/node_modules`,
      optDir: OPT_INSIDE,
      tmpDir: "/tmp",
      path: PATH_INSIDE,
      libraries: ["/var/lang/lib", "/lib64", "/usr/lib64"],
      runtimeApi: `127.0.0.1:${RUNTIME_API_PORT}`,
      region: this.#options.region,
      ...(this.#options.aws !== undefined && { endpointUrl: `http://127.0.0.1:${AWS_PORT}` }),
    });
  }

  #shelfOf(flavour: Flavour, root: string, memoryMib: number): Shelf {
    const classMib = isNode(flavour) ? (CLASSES_MIB.find((mib) => mib >= memoryMib) ?? 10_240) : AGENT_CLASS_MIB;
    const name = flavour === root ? `${flavour}/${classMib}` : `${flavour}/${classMib}/${root}`;
    const now = this.#options.clock.monotonicMs();
    const base = this.#options.stock === undefined ? USED_STOCK : 0;
    const found = this.#shelves.get(name);
    if (found !== undefined) return found;
    const stock: Stock = { flavour, classMib, base, target: base, usedMs: now, settledMs: now };
    const shelf: Shelf = { stock, root, isKept: false, ready: [], booting: 0 };
    this.#shelves.set(name, shelf);
    return shelf;
  }

  /** Targets fall also when nobody asks for anything. */
  #tick(): void {
    this.#refill();
    this.#ticker = this.#options.clock.after(TICK_MS, () => this.#tick());
  }

  /** Brings every shelf towards its target; boots that somebody waits for go first. */
  #refill(): void {
    const now = this.#options.clock.monotonicMs();
    for (const shelf of this.#shelves.values()) {
      shelf.stock = afterWhile(shelf.stock, shelf.isKept, now);
      const { target } = shelf.stock;
      while (shelf.ready.length > target) {
        const surplus = shelf.ready.shift();
        if (surplus !== undefined) this.#tasks.run("end a pooled sandbox", () => surplus.kill());
      }
      while (
        !this.#isClosed &&
        this.#launcher !== null &&
        !this.#gate.isCrowded &&
        shelf.ready.length + shelf.booting < target
      ) {
        shelf.booting++;
        this.#tasks.run("refill the pool", () => this.#stockOne(shelf));
      }
    }
  }

  async #stockOne(shelf: Shelf): Promise<void> {
    let isBooted = false;
    try {
      shelf.ready.push(await this.#gate.through(() => this.#boot(shelf, false)));
      isBooted = true;
    } finally {
      shelf.booting--;
    }
    // After a failed boot the next claim tries again; a loop would only repeat the failure.
    if (isBooted) this.#refill();
  }

  async #boot(shelf: Shelf, isUrgent: boolean): Promise<SlotBody> {
    const { clock, aws } = this.#options;
    const index = ++this.#lastIndex;
    const launcher = this.#ask();
    const body = await SlotBody.open(`s${index}`, this.#folder, launcher, clock);
    this.#bodies.set(body.id, body);
    const { flavour, classMib } = shelf.stock;
    const heapMib = isNode(flavour) ? Math.floor(classMib * HEAP_SHARE) : AGENT_HEAP_MIB;
    const options = {
      flavour,
      isUrgent,
      maxResponseBytes: MAX_RESPONSE_BYTES,
      runtimePort: RUNTIME_API_PORT,
      ...(this.#hello.python !== null && { python: `/usr/bin/${this.#hello.python}` }),
      ...(aws !== undefined && { awsSocket: `${AWS_DIR_INSIDE}/aws.sock`, awsPort: AWS_PORT }),
    };
    try {
      await launcher.ask({
        ask: "boot",
        slot: body.id,
        index,
        root: shelf.root,
        heapMib,
        memoryMib: Math.max(classMib, AGENT_CLASS_MIB),
        options,
      });
      await within(Promise.race([body.channel.ready, body.ended]), BOOT_LIMIT_MS, clock);
      if (!body.channel.isReady)
        throw new Fault("InternalError", `a sandbox did not come up: ${body.bootOutput.trim() || "no output"}`);
      return body;
    } catch (thrown) {
      this.#bodies.delete(body.id);
      await body.discard(this.#folder);
      throw thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#stopping.fire();
    this.#ticker?.[Symbol.dispose]();
    await Promise.all([...this.#bodies.values()].map((body) => body.kill()));
    this.#launcher?.[Symbol.dispose]();
    await this.#forwarder?.[Symbol.asyncDispose]();
    await this.#tasks.ended();
  }
}

/** Whether V8's heap is the function's. */
function isNode(flavour: Flavour): boolean {
  return flavour === "node" || flavour === "anew";
}

const TICK_MS = 30_000;
// Longer than a cold start takes, shorter than the next one usually needs.
const REFILL_AFTER_MS = 20;
