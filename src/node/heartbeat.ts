/** Keeps the Node object and its Lease alive, and true. */
import { arch, hostname, release } from "node:os";
import { readFile } from "node:fs/promises";
import { microTimestamp, type Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import { keyOf } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import type { Stop } from "#base/stop.ts";
import type { Objects } from "#deck/objects.ts";
import { leaseKind } from "#kinds/core/lease.ts";
import { nodeKind, type Node, type NodeInfo, type NodeStatus } from "#kinds/core/node.ts";
import type { PressureType } from "#pods/pressure.ts";
import type { Cri } from "./cri.ts";
import { newNode, nodeStatus, type NodeReport } from "./node-object.ts";
import type { NodeFacts } from "./node-facts.ts";

// Kubelet's: a lease lives for 40 s and is renewed every 10; the status is written when it changes, else every 5 minutes.
const LEASE_SECONDS = 40;
const RENEW_MS = 10_000;
const STATUS_MS = 300_000;
const RETRY_MS = 1_000;
const LEASES = "kube-node-lease";
export const KUBELET_VERSION = "v1.34.2";

export interface HeartbeatOptions {
  readonly objects: Objects;
  readonly cri: Cri;
  readonly facts: NodeFacts;
  readonly labels: Readonly<Record<string, string>>;
  readonly endpointPort: () => number | null;
  /** What the node is low on. */
  readonly pressures: () => ReadonlySet<PressureType>;
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: Stop;
}

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #info: NodeInfo | null = null;
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  /** Of the Node object, for the lease's owner. */
  #uid: string | null = null;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** Registers the node; resolves when it is there. Tries until the API server answers. */
  async register(): Promise<void> {
    const { log, clock, stop } = this.#options;
    while (!stop.aborted) {
      try {
        await this.#beat();
        return;
      } catch (thrown) {
        log.warn("the node could not be registered", { reason: reasonOf(thrown) });
        await clock.sleep(RETRY_MS, stop);
      }
    }
  }

  /** Until `stop` fires. */
  async run(): Promise<void> {
    const { log, clock, stop } = this.#options;
    while (!stop.aborted) {
      await clock.sleep(RENEW_MS, stop);
      if (stop.aborted) return;
      await this.#beat().catch((thrown: unknown) => log.warn("a heartbeat was lost", { reason: reasonOf(thrown) }));
    }
  }

  async #beat(): Promise<void> {
    const report = await this.#report();
    try {
      await this.#writeNode(report);
    } finally {
      await this.#renewLease(); // A status that is refused does not make the node a dead one.
    }
  }

  async #writeNode(report: NodeReport): Promise<void> {
    const { objects, facts, labels } = this.#options;
    const isDue = report.now - this.#writtenAtMs >= STATUS_MS;
    const decide = (live: Node): Node | null => {
      const status = nodeStatus(report, live.status);
      return !isDue && sameJson(lasting(live.status), lasting(status)) ? null : { ...live, status };
    };
    const key = keyOf("", facts.name);
    const written = await objects.change(nodeKind, key, decide, { subresource: "status" });
    if (written !== null) this.#writtenAtMs = report.now;
    if (written !== null || (await objects.get(nodeKind, key)) !== null) return;
    this.#uid = null; // It is a new object, perhaps after somebody deleted the old one.
    await objects.create(nodeKind, newNode(report, labels));
    await objects.change(nodeKind, key, (live) => ({ ...live, status: nodeStatus(report, live.status) }), {
      subresource: "status",
    });
    this.#writtenAtMs = report.now;
  }

  /** The lease goes with its node: a lease without an owner gets it at the next beat. */
  async #renewLease(): Promise<void> {
    const { objects, facts, clock } = this.#options;
    const renewTime = microTimestamp(clock.now());
    const key = keyOf(LEASES, facts.name);
    const spec = { holderIdentity: facts.name, leaseDurationSeconds: LEASE_SECONDS, renewTime };
    const node = this.#uid === null ? await objects.get(nodeKind, keyOf("", facts.name)) : null;
    this.#uid ??= node?.metadata.uid ?? null;
    const owner =
      this.#uid === null
        ? {}
        : { ownerReferences: [{ apiVersion: "v1", kind: "Node", name: facts.name, uid: this.#uid }] };
    const renewed = await objects.change(leaseKind, key, (live) => ({
      ...live,
      metadata: { ...owner, ...live.metadata },
      spec: { ...live.spec, ...spec },
    }));
    if (renewed !== null) return;
    await objects
      .create(leaseKind, { metadata: { name: facts.name, namespace: LEASES, ...owner }, spec })
      .catch((thrown: unknown) => {
        // Somebody was faster, or the namespace is on its way: the next beat renews.
        if (!(thrown instanceof Fault) || (thrown.code !== "AlreadyExists" && thrown.code !== "NotFound")) throw thrown;
      });
  }

  async #report(): Promise<NodeReport> {
    const { cri, facts, endpointPort, pressures, clock } = this.#options;
    this.#info ??= await nodeInfo(cri);
    const faults = await cri.faults().catch((thrown: unknown) => [`container runtime is down: ${reasonOf(thrown)}`]);
    const images = faults.length === 0 ? await cri.images() : [];
    return {
      facts,
      info: this.#info,
      endpointPort: endpointPort(),
      images,
      faults,
      pressures: pressures(),
      now: clock.now(),
    };
  }
}

/** The status without its heartbeat times. */
function lasting(status: NodeStatus | undefined): unknown {
  return {
    ...status,
    conditions: (status?.conditions ?? []).map(({ lastHeartbeatTime: _time, ...condition }) => condition),
  };
}

async function nodeInfo(cri: Cri): Promise<NodeInfo> {
  const { name, version } = await cri.version();
  const read = async (path: string): Promise<string> => (await readFile(path, "utf8").catch(() => "")).trim(); // Not every machine has it.
  const [machineId, bootId, osRelease] = await Promise.all([
    read("/etc/machine-id"),
    read("/proc/sys/kernel/random/boot_id"),
    read("/etc/os-release"),
  ]);
  return {
    machineID: machineId === "" ? hostname() : machineId,
    systemUUID: machineId === "" ? hostname() : machineId,
    bootID: bootId,
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1] ?? "Linux",
    containerRuntimeVersion: `${name}://${version}`,
    kubeletVersion: KUBELET_VERSION,
    kubeProxyVersion: KUBELET_VERSION,
    operatingSystem: "linux",
    architecture: arch() === "x64" ? "amd64" : arch(),
  };
}
