/**
 * The node agent: registers the node, runs the pods that are bound to it, and says how they are. It lives inside the node's
 * network and mount namespaces; when it ends, its pods go on, and the next agent adopts them.
 */
import { mkdir, readdir } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import { stopper, type Stop } from "#base/stop.ts";
import { Tasks } from "#base/tasks.ts";
import { EventRecorder } from "#deck/events.ts";
import { startKeeper } from "#deck/loop.ts";
import type { Objects, View } from "#deck/objects.ts";
import { podKind, type Pod } from "#kinds/core/pod.ts";
import { serviceKind, type Service } from "#kinds/core/service.ts";
import { allPodsCgroup } from "#pods/cgroup.ts";
import type { Amount } from "#pods/fields.ts";
import { ensurePauseImage } from "./base-images.ts";
import { openCgroups, type Cgroups } from "./cgroups.ts";
import { startContainerd, type Containerd } from "./containerd.ts";
import { GrpcClient } from "./grpc.ts";
import { freeImages, freeLostAddresses } from "./housekeeping.ts";
import { Heartbeat } from "./heartbeat.ts";
import { bringImage } from "./image-import.ts";
import { ImageStore } from "./image-store.ts";
import { refusalOf } from "./node-admission.ts";
import { allPodsGroup, type NodeFacts } from "./node-facts.ts";
import { NodePressure } from "./node-pressure.ts";
import { measureSupplies } from "./supplies.ts";
import { refusalUnder } from "#pods/pressure.ts";
import { qosClassOf } from "#kinds/core/qos.ts";
import { claimGrower, claimProvisioner, volumeRemover } from "./local-provisioner.ts";
import { NodeImages } from "./node-images.ts";
import { PodMaterials, type RequestToken } from "./pod-materials.ts";
import { PodWorker, type WorkerAccess } from "./pod-worker.ts";
import { rotateLogs } from "./pod-logs.ts";
import { ReferencedObjects } from "./referenced-objects.ts";
import { RuntimeView, type Glimpse } from "./runtime-view.ts";
import { RuntimeWatch } from "./runtime-watch.ts";
import { Turns } from "./turns.ts";
import { ensureSecretMemory } from "./volume-types/content.ts";

export interface AgentOptions {
  readonly objects: Objects;
  readonly instance: string;
  readonly node: string;
  /** The node's address on the fabric. */
  readonly ip: string;
  readonly podCidr: string;
  readonly dnsIp: string;
  readonly clusterDomain?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** What the node claims of the machine; all of it by default. */
  readonly capacity?: Amount;
  /** What of it is not for pods. */
  readonly reserve?: Amount;
  readonly nodeDir: string;
  readonly nodeRunDir: string;
  /** The instance's image store, an OCI layout. */
  readonly imagesDir: string;
  /** Folders of the platform's instances, which no hostPath may show; the node's own are known. */
  readonly hiddenPaths?: () => Promise<readonly string[]>;
  /** Absent where the API server issues no tokens: pods then run without. */
  readonly requestToken?: RequestToken;
  /** Waited for before the first container of a sandbox: the pod's packet rules. Absent where there are none. */
  readonly admitPod?: (pod: Pod, ip: string) => Promise<void>;
  /** PEM, for pods' ca.crt where no configMap kube-root-ca.crt exists. */
  readonly clusterCa?: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: Stop;
}

export interface Agent extends AsyncDisposable {
  readonly containerd: Containerd;
  readonly facts: NodeFacts;
  readonly cgroups: Cgroups;
  readonly pods: View<Pod>;
  /** Tells the world at which port the agent's endpoint listens. */
  announceEndpoint(port: number): Promise<void>;
  /** Removes every pod and ends containerd: the node is being taken down. Disposing alone leaves pods running. */
  removeEverything(): Promise<void>;
}

// A reserve for the operating system, containerd and ourselves.
const DEFAULT_RESERVE: Amount = { cpuMillis: 100, memoryBytes: 256 * 1024 * 1024 };
const TURNS_PER_CORE = 2;
// Tokens are renewed and images that were built again are noticed.
const REFRESH_MS = 60_000;
// Kubelet looks as often for logs over 10 MiB.
const ROTATE_MS = 10_000;

export async function runAgent(options: AgentOptions): Promise<Agent> {
  const facts = factsOf(options);
  const { log, clock } = options;
  await ensureSecretMemory(facts);
  const cgroups = await openCgroups();
  let running: RunningAgent | null = null;
  const containerd = await startContainerd({
    ...options,
    nodeDir: facts.nodeDir,
    onReset: async () => {
      // Nobody would ever stop what still runs of the pods that were in its records.
      await killAll(cgroups, allPodsGroup(facts));
      running?.tellReset();
    },
  });
  log.info("container runtime", {
    containerd: containerd.version,
    runtime: containerd.runtime.name,
    why: containerd.runtime.why,
    snapshotter: containerd.runtime.snapshotter,
    adopted: containerd.isAdopted,
  });
  await cgroups.create(facts.cgroup);
  await cgroups.create(allPodsGroup(facts), allPodsCgroup(facts.allocatable)).catch((thrown: unknown) =>
    // Pods that run on from before use more: the kernel refuses the limit, and the next start tries again.
    log.warn("the limit of all pods could not be set", { reason: reasonOf(thrown) }),
  );
  const store = new ImageStore(options.imagesDir);
  const grpc = new GrpcClient(containerd.socketPath);
  const pause = await ensurePauseImage(store, clock.now());
  await bringImage(grpc, store, pause, clock.now());
  // A containerd that went on may be making a sandbox right now, whose address is booked before it is listed.
  if (!containerd.isAdopted) await freeLostAddresses(containerd.cri, containerd.paths);
  running = new RunningAgent(options, { facts, cgroups, containerd, grpc, store });
  await running.start();
  return running;
}

async function killAll(cgroups: Cgroups, path: string): Promise<void> {
  for (const pid of await cgroups.processes(path))
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended meanwhile.
    }
}

function factsOf(options: AgentOptions): NodeFacts {
  const { instance, node, ip, podCidr, dnsIp, clusterDomain = "cluster.local", nodeDir, nodeRunDir } = options;
  const capacity = options.capacity ?? { cpuMillis: availableParallelism() * 1_000, memoryBytes: totalmem() };
  const reserve = options.reserve ?? DEFAULT_RESERVE;
  const allocatable = {
    cpuMillis: Math.max(0, capacity.cpuMillis - reserve.cpuMillis),
    memoryBytes: Math.max(0, capacity.memoryBytes - reserve.memoryBytes),
  };
  return {
    instance,
    name: node,
    capacity,
    allocatable,
    ip,
    podCidr,
    dnsIp,
    clusterDomain,
    nodeDir,
    nodeRunDir,
    cgroup: `/catamaran/${instance}/${node}`,
  };
}

interface PreparedNode {
  readonly facts: NodeFacts;
  readonly cgroups: Cgroups;
  readonly containerd: Containerd;
  readonly grpc: GrpcClient;
  readonly store: ImageStore;
}

class RunningAgent implements Agent {
  readonly containerd: Containerd;
  readonly facts: NodeFacts;
  readonly cgroups: Cgroups;
  readonly pods: View<Pod>;
  readonly #options: AgentOptions;
  readonly #parts: PreparedNode;
  readonly #tasks: Tasks;
  readonly #ending = stopper();
  readonly #workers = new Map<string, PodWorker>();
  readonly #services: View<Service>;
  readonly #referenced: ReferencedObjects;
  readonly #heartbeat: Heartbeat;
  readonly #pressure: NodePressure;
  readonly #watch: RuntimeWatch;
  readonly #tools: WorkerAccess;
  readonly #keepers = new AsyncDisposableStack();
  #endpointPort: number | null = null;
  #listening: Disposable | null = null;
  #isRemovingAll = false;

  constructor(options: AgentOptions, parts: PreparedNode) {
    const { objects, clock, log, stop } = options;
    const { facts, containerd, grpc, store, cgroups } = parts;
    this.#options = options;
    this.#parts = parts;
    this.containerd = containerd;
    this.facts = facts;
    this.cgroups = cgroups;
    this.#tasks = new Tasks(log);
    this.pods = objects.view(podKind, { fields: `spec.nodeName=${facts.name}` });
    this.#services = objects.view(serviceKind);
    this.#referenced = new ReferencedObjects(objects);
    const runtime = new RuntimeView(containerd.cri);
    this.#heartbeat = new Heartbeat({
      objects,
      cri: containerd.cri,
      facts,
      labels: options.labels ?? {},
      endpointPort: () => this.#endpointPort,
      pressures: () => this.#pressure.types(),
      clock,
      log,
      stop: this.#ending.stop,
    });
    this.#watch = new RuntimeWatch({
      runtime,
      grpc,
      clock,
      log,
      stop: this.#ending.stop,
      onChange: (uid, glimpse) => this.#noticed(uid, glimpse),
      isBusy: () => [...this.#workers.values()].some((worker) => worker.isBusy),
    });
    this.#pressure = this.#pressureWatch();
    this.#tools = {
      cri: containerd.cri,
      facts,
      cgroups,
      images: new NodeImages({ cri: containerd.cri, grpc, store, clock }),
      objects,
      clock,
      hiddenPaths: async () => [facts.nodeDir, facts.nodeRunDir, ...((await options.hiddenPaths?.()) ?? [])],
      admitPod: options.admitPod ?? (() => Promise.resolve()),
      turns: new Turns(TURNS_PER_CORE * availableParallelism()),
      runtime,
      materials: new PodMaterials({
        objects,
        referenced: this.#referenced,
        services: this.#services,
        facts,
        clock,
        ...(options.requestToken && { requestToken: options.requestToken }),
        ...(options.clusterCa !== undefined && { clusterCa: options.clusterCa }),
      }),
      tasks: this.#tasks,
      log,
      refusal: (pod) =>
        refusalUnder(this.#pressure.types(), pod, qosClassOf(pod.spec) === "BestEffort") ??
        refusalOf(pod, this.pods.list(), facts.allocatable),
      record: this.#recorder(),
      onDone: (uid) => this.#done(uid),
    };
    if (stop.aborted) this.#ending.fire();
    else stop.addEventListener("abort", () => this.#ending.fire(), { once: true });
  }

  #pressureWatch(): NodePressure {
    const { facts, containerd, cgroups } = this.#parts;
    const { clock, log } = this.#options;
    return new NodePressure({
      facts,
      cgroups,
      measure: () => measureSupplies(facts, cgroups, containerd.paths.root),
      pods: () => this.pods.list(),
      freeDisk: () => freeImages(containerd.cri, containerd.paths, log),
      evict: ({ pod, failure }) => this.#workers.get(pod.metadata.uid ?? "")?.evict(failure),
      clock,
      log,
      stop: this.#ending.stop,
    });
  }

  async start(): Promise<void> {
    await Promise.all([this.pods.synced, this.#services.synced, this.#heartbeat.register()]);
    if (this.#ending.stop.aborted) return;
    this.#listening = this.pods.onChange((_key, next, previous) => {
      if (previous?.metadata.uid !== undefined && previous.metadata.uid !== next?.metadata.uid)
        this.#workers.get(previous.metadata.uid)?.forsake();
      if (next !== undefined) this.#bound(next);
    });
    this.tellReset();
    this.#tasks.run("heartbeat", () => this.#heartbeat.run());
    this.#tasks.run("pressure", () => this.#pressure.run());
    this.#tasks.run("runtime watch", () => this.#watch.run());
    this.#tasks.run("refresh", () => this.#refreshLoop());
    this.#tasks.run("log rotation", () => this.#rotateLoop());
    this.#keepClaims();
    await this.#removeOrphanFolders();
  }

  #keepClaims(): void {
    const { objects, clock, log } = this.#options;
    const parts = { objects, clock, facts: this.facts };
    const options = { clock, log };
    this.#keepers.use(startKeeper(claimProvisioner(parts), objects, options));
    this.#keepers.use(startKeeper(claimGrower(parts), objects, options));
    this.#keepers.use(startKeeper(volumeRemover(parts), objects, options));
  }

  async announceEndpoint(port: number): Promise<void> {
    this.#endpointPort = port;
    await this.#heartbeat.register();
  }

  async removeEverything(): Promise<void> {
    this.#isRemovingAll = true;
    this.#listening?.[Symbol.dispose]();
    const glimpses = await this.#tools.runtime.glimpses();
    for (const [uid, glimpse] of glimpses) this.#adoptStray(uid, glimpse);
    for (const worker of this.#workers.values()) worker.forsake();
    const patience = this.#options.clock.monotonicMs() + REMOVE_ALL_MS;
    while (this.#workers.size > 0 && this.#options.clock.monotonicMs() < patience) await this.#options.clock.sleep(20);
    await this.#end();
    await this.containerd.stop();
    await this.cgroups
      .remove(this.facts.cgroup)
      .catch((thrown: unknown) => this.#options.log.warn("a cgroup is still in use", { reason: reasonOf(thrown) }));
  }

  async #end(): Promise<void> {
    this.#ending.fire();
    this.#watch.close();
    for (const worker of this.#workers.values()) worker.close();
    await this.#keepers.disposeAsync();
    await this.#tasks.ended();
    this.#listening?.[Symbol.dispose]();
    this.#referenced[Symbol.dispose]();
    this.#services[Symbol.dispose]();
    this.pods[Symbol.dispose]();
    await this.#parts.grpc[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    await this.containerd[Symbol.asyncDispose]();
  }

  #bound(pod: Pod): void {
    const { uid } = pod.metadata;
    if (uid === undefined || this.#isRemovingAll) return;
    const worker = this.#workers.get(uid);
    if (worker === undefined) this.#employ(uid, pod);
    else worker.update(pod);
  }

  #employ(uid: string, pod: Pod): PodWorker {
    const worker = new PodWorker(pod, this.#tools);
    this.#workers.set(uid, worker);
    this.#tasks.run(`pod ${pod.metadata.namespace}/${pod.metadata.name}`, () => worker.run());
    return worker;
  }

  #done(uid: string): void {
    this.#workers.delete(uid);
  }

  /** Something of a pod changed in the runtime. A pod that no object speaks of is removed. */
  #noticed(uid: string, glimpse: Glimpse): void {
    const worker = this.#workers.get(uid);
    if (worker !== undefined) worker.wake();
    else if (glimpse.fingerprint !== "") this.#adoptStray(uid, glimpse);
  }

  #adoptStray(uid: string, { identity, containerNames }: Glimpse): void {
    if (this.#workers.has(uid) || this.#ending.stop.aborted) return;
    const containers = containerNames.map((name) => ({ name }));
    this.#employ(uid, {
      metadata: { ...identity },
      spec: { containers, automountServiceAccountToken: false },
    }).forsake();
  }

  async #refreshLoop(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#ending.stop.aborted) {
      await clock.sleep(REFRESH_MS, this.#ending.stop);
      if (this.#ending.stop.aborted) return;
      this.#tools.images.refresh();
      await freeImages(this.containerd.cri, this.containerd.paths, this.#options.log).catch((thrown: unknown) =>
        this.#options.log.debug("images were not looked at", { reason: reasonOf(thrown) }),
      );
      for (const worker of this.#workers.values()) worker.refresh();
    }
  }

  async #rotateLoop(): Promise<void> {
    const { clock, log } = this.#options;
    while (!this.#ending.stop.aborted) {
      await clock.sleep(ROTATE_MS, this.#ending.stop);
      if (this.#ending.stop.aborted) return;
      await rotateLogs({ cri: this.containerd.cri, facts: this.facts, clock }, log).catch((thrown: unknown) =>
        log.debug("logs were not looked at", { reason: reasonOf(thrown) }),
      );
    }
  }

  /** Folders of pods that ended while no agent was there, and that the runtime does not know either. */
  async #removeOrphanFolders(): Promise<void> {
    const folder = join(this.facts.nodeDir, "pods");
    await mkdir(folder, { recursive: true });
    const known = new Set([...this.#workers.keys(), ...(await this.#tools.runtime.glimpses()).keys()]);
    for (const uid of await readdir(folder))
      if (!known.has(uid))
        this.#adoptStray(uid, {
          identity: { uid, name: "unknown", namespace: "unknown" },
          fingerprint: "",
          containerNames: [],
        });
  }

  /** Says so when the runtime had to begin anew. */
  tellReset(): void {
    const aside = this.containerd.setAside();
    if (aside === null) return;
    const { objects, clock, log } = this.#options;
    const about = { apiVersion: "v1", kind: "Node", metadata: { name: this.facts.name } };
    const message = `The container runtime's data was damaged and is put aside in ${aside}; pods are started anew`;
    this.#tasks.run("event", async () => {
      await new EventRecorder(objects, "kubelet")
        .record({ about, type: "Warning", reason: "ContainerRuntimeReset", message }, clock.now())
        .catch((thrown: unknown) => log.debug("an event was lost", { reason: reasonOf(thrown) }));
    });
  }

  #recorder(): WorkerAccess["record"] {
    const { objects, clock, log } = this.#options;
    const events = new EventRecorder(objects, "kubelet");
    return (pod, { type, reason, message, fieldPath }) => {
      const about = { apiVersion: "v1", kind: "Pod", metadata: pod.metadata };
      this.#tasks.run("event", async () => {
        // An event is news, not state: one that cannot be written is only logged.
        await events
          .record({ about, type, reason, message, ...(fieldPath !== undefined && { fieldPath }) }, clock.now())
          .catch((thrown: unknown) => log.debug("an event was lost", { reason: reasonOf(thrown) }));
      });
    };
  }
}

// Longer than any grace period that a forsaken pod gets. Where the runtime is broken, the rest is ended from outside (remove-node.ts).
const REMOVE_ALL_MS = 15_000;
