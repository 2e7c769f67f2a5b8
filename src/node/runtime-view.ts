/** What containerd runs, by pod: listed as a whole to notice changes, and per pod to be sure. Reads only. */
import { open } from "node:fs/promises";
import type { ObservedContainer, ObservedSandbox } from "#pods/observed.ts";
import { annotations, labels, type PodIdentity } from "./container-config.ts";
import type { Cri } from "./cri.ts";
import { containerState, type ContainerListed, type ContainerReport, type SandboxListed } from "./cri-messages.ts";
import { grpcCode, isGrpc } from "./grpc.ts";
import { lastLogText } from "./log-files.ts";

export interface PodOnNode {
  readonly sandboxes: readonly ObservedSandbox[];
  readonly containers: readonly ObservedContainer[];
}

/** One pod as the whole listing shows it. */
export interface Glimpse {
  readonly identity: PodIdentity;
  /** Changes whenever a sandbox or container comes, goes or changes state. */
  readonly fingerprint: string;
  readonly containerNames: readonly string[];
}

const STATES = ["created", "running", "exited", "unknown"] as const;
// Kubelet's limits for termination messages.
const MAX_MESSAGE_BYTES = 4_096;
const MAX_LOG_MESSAGE_BYTES = 2_048;
const MAX_LOG_MESSAGE_LINES = 80;

export class RuntimeView {
  readonly #cri: Cri;
  /** Reports of containers whose state is as it was: they do not change without their state. */
  readonly #reports = new Map<string, { readonly state: number; readonly observed: ObservedContainer }>();
  readonly #addresses = new Map<string, string>();

  constructor(cri: Cri) {
    this.#cri = cri;
  }

  async glimpses(): Promise<ReadonlyMap<string, Glimpse>> {
    const [sandboxes, containers] = await Promise.all([this.#cri.sandboxes(), this.#cri.containers()]);
    this.#forget(new Set([...sandboxes, ...containers].map(({ id }) => id)));
    const parts = new Map<string, { identity: PodIdentity; marks: string[]; names: Set<string> }>();
    for (const { id, state = 0, labels: its } of [...sandboxes, ...containers]) {
      const uid = its[labels.uid];
      if (uid === undefined) continue;
      const part = parts.get(uid) ?? {
        identity: { uid, name: its[labels.pod] ?? "", namespace: its[labels.namespace] ?? "" },
        marks: [],
        names: new Set<string>(),
      };
      parts.set(uid, part);
      part.marks.push(`${id} ${state}`);
      const name = its[labels.container];
      if (name !== undefined) part.names.add(name);
    }
    return new Map(
      [...parts].map(([uid, { identity, marks, names }]) => [
        uid,
        { identity, fingerprint: marks.toSorted().join(","), containerNames: [...names] },
      ]),
    );
  }

  async pod(uid: string): Promise<PodOnNode> {
    const [sandboxes, containers] = await Promise.all([
      this.#cri.sandboxes({ [labels.uid]: uid }),
      this.#cri.containers({ [labels.uid]: uid }),
    ]);
    const [observedSandboxes, observedContainers] = await Promise.all([
      Promise.all(sandboxes.map((sandbox) => this.#sandbox(sandbox))),
      Promise.all(containers.map((container) => this.#container(container))),
    ]);
    return {
      sandboxes: observedSandboxes.filter((sandbox) => sandbox !== null),
      containers: observedContainers.filter((container) => container !== null),
    };
  }

  async #sandbox({ id, metadata, state = 0, created_at }: SandboxListed): Promise<ObservedSandbox | null> {
    const ip = await this.#addressOf(id);
    if (ip === null) return null;
    return { id, attempt: metadata.attempt ?? 0, isReady: state === 0, ip, createdAtMs: millisOf(created_at) };
  }

  async #addressOf(id: string): Promise<string | null> {
    const known = this.#addresses.get(id);
    if (known !== undefined) return known;
    try {
      const ip = (await this.#cri.sandboxStatus(id)).network?.ip ?? "";
      if (ip !== "") this.#addresses.set(id, ip);
      return ip;
    } catch (thrown) {
      if (isGrpc(thrown, grpcCode.notFound)) return null; // Removed since it was listed.
      throw thrown;
    }
  }

  async #container(listed: ContainerListed): Promise<ObservedContainer | null> {
    const { id, state = containerState.created } = listed;
    const known = this.#reports.get(id);
    if (known !== undefined && known.state === state) return known.observed;
    try {
      const report = await this.#cri.containerStatus(id);
      const observed = await observedContainer(listed, report);
      if (report.state === state && state !== containerState.unknown) this.#reports.set(id, { state, observed });
      return observed;
    } catch (thrown) {
      if (isGrpc(thrown, grpcCode.notFound)) return null; // Removed since it was listed.
      throw thrown;
    }
  }

  #forget(alive: ReadonlySet<string>): void {
    for (const id of this.#reports.keys()) if (!alive.has(id)) this.#reports.delete(id);
    for (const id of this.#addresses.keys()) if (!alive.has(id)) this.#addresses.delete(id);
  }
}

async function observedContainer(listed: ContainerListed, report: ContainerReport): Promise<ObservedContainer> {
  const { started_at = 0, finished_at = 0, reason = "" } = report;
  const state = STATES[report.state ?? containerState.created] ?? "unknown";
  const message = state === "exited" ? await messageOf(report) : "";
  return {
    id: listed.id,
    sandboxId: listed.pod_sandbox_id,
    name: report.metadata.name,
    attempt: report.metadata.attempt ?? 0,
    state,
    imageId: report.image_ref ?? "",
    createdAtMs: millisOf(report.created_at ?? 0),
    ...(started_at > 0 && { startedAtMs: millisOf(started_at) }),
    ...(finished_at > 0 && { finishedAtMs: millisOf(finished_at) }),
    ...(state === "exited" && { exitCode: report.exit_code ?? 0 }),
    ...(reason !== "" && { reason }),
    ...(message !== "" && { message }),
  };
}

/** What the container left in its message file, else the end of its log if it asked for that, else the runtime's words. */
async function messageOf(report: ContainerReport): Promise<string> {
  const file = report.annotations[annotations.terminationMessage];
  const left = file === undefined ? "" : await endOfFile(file, MAX_MESSAGE_BYTES);
  if (left !== "") return left;
  const wantsLog = report.annotations[annotations.policy] === "FallbackToLogsOnError" && (report.exit_code ?? 0) !== 0;
  const tail =
    wantsLog && report.log_path !== undefined
      ? await lastLogText(report.log_path, { lines: MAX_LOG_MESSAGE_LINES, bytes: MAX_LOG_MESSAGE_BYTES })
      : "";
  return tail === "" ? (report.message ?? "") : tail;
}

/** The last bytes, as kubelet's tail.ReadAtMost: a container may write what it likes. Empty when the file is gone. */
async function endOfFile(path: string, maxBytes: number): Promise<string> {
  const opened = await open(path).catch(() => null);
  if (opened === null) return "";
  await using file = opened;
  const { size } = await file.stat();
  const { bytesRead, buffer } = await file.read(Buffer.alloc(maxBytes), 0, maxBytes, Math.max(0, size - maxBytes));
  return buffer.subarray(0, bytesRead).toString("utf8");
}

function millisOf(nanos: number): number {
  return Math.trunc(nanos / 1_000_000);
}
