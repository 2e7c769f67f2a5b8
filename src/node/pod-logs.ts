/** Finds a container's log among its starts, and reads it; rotates logs that have grown too long. */
import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { Stop } from "#base/stop.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { ContainerStatus } from "#kinds/core/pod-status.ts";
import { containerUri } from "#pods/lineup.ts";
import { identityOf, labels } from "./container-config.ts";
import type { Cri } from "./cri.ts";
import { containerState, type ContainerListed } from "./cri-messages.ts";
import { readLog, rotatedPieces, type LogOptions } from "./log-files.ts";
import { podLogFolder, type NodeFacts } from "./node-facts.ts";
import { allContainers } from "#pods/references.ts";

export interface LogQuery extends LogOptions {
  /** Of the start that ended last, when another one has followed or is waited for. */
  readonly previous?: boolean;
}

interface PodLogOptions {
  readonly cri: Cri;
  readonly facts: NodeFacts;
  readonly clock: Clock;
  readonly stop: Stop;
}

// Kubelet's defaults.
const MAX_LOG_BYTES = 10 * 1024 * 1024;
const MAX_PIECES = 5;
const ENDED_POLL_MS = 500;

/** The bytes of a container's log. Faults: BadRequest when there is no such container or it has not started. */
export async function logStream(
  { cri, facts, clock, stop }: PodLogOptions,
  pod: Pod,
  name: string,
  query: LogQuery,
): Promise<AsyncIterable<Buffer>> {
  if (!allContainers(pod).some((container) => container.name === name))
    throw new Fault("BadRequest", `container ${name} is not valid for pod ${pod.metadata.name}`);
  const starts = await startsOf(cri, pod, name);
  const status = statusOf(pod, name);
  const chosen = query.previous === true ? previousOf(starts, status) : starts[0];
  if (chosen === undefined) {
    throw new Fault(
      "BadRequest",
      query.previous === true
        ? `previous terminated container "${name}" in pod "${pod.metadata.name}" not found`
        : `container "${name}" in pod "${pod.metadata.name}" is waiting to start: ${waitingReason(status)}`,
    );
  }
  const path = join(podLogFolder(facts, identityOf(pod)), name, `${chosen.metadata.attempt ?? 0}.log`);
  await stat(path).catch((cause: unknown) => {
    throw new Fault("NotFound", `the log of container ${name} is gone`, { cause });
  });
  const end = query.follow === true ? watchEnd(cri, chosen, { clock, stop }) : { isOver: () => true };
  return readLog(path, query, { clock, stop, isOver: end.isOver });
}

function statusOf({ status }: Pod, name: string): ContainerStatus | undefined {
  return [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ].find((each) => each.name === name);
}

/** While a container waits to be started again, its newest start is the previous one. */
function previousOf(
  starts: readonly ContainerListed[],
  status: ContainerStatus | undefined,
): ContainerListed | undefined {
  const [newest, before] = starts;
  const ended = status?.lastState?.terminated?.containerID;
  return newest !== undefined && status?.state?.waiting !== undefined && ended === containerUri(newest.id)
    ? newest
    : before;
}

/** In kubelet's words. */
function waitingReason(status: ContainerStatus | undefined): string {
  const reason = status?.state?.waiting?.reason ?? "ContainerCreating";
  if (reason === "ErrImagePull") return "image can't be pulled";
  return reason === "ImagePullBackOff" ? "trying and failing to pull image" : reason;
}

/** Newest first. */
async function startsOf(cri: Cri, pod: Pod, name: string): Promise<readonly ContainerListed[]> {
  const all = await cri.containers({ [labels.uid]: identityOf(pod).uid, [labels.container]: name });
  return all.toSorted((a, b) => (b.metadata.attempt ?? 0) - (a.metadata.attempt ?? 0) || b.created_at - a.created_at);
}

/** Asks the runtime now and then whether the container still runs. */
function watchEnd(
  cri: Cri,
  container: ContainerListed,
  { clock, stop }: Pick<PodLogOptions, "clock" | "stop">,
): { readonly isOver: () => boolean } {
  let isOver = container.state === containerState.exited;
  const look = async (): Promise<void> => {
    while (!isOver && !stop.aborted) {
      await clock.sleep(ENDED_POLL_MS, stop);
      isOver = await cri.containerStatus(container.id).then(
        ({ state }) => state !== containerState.running && state !== containerState.created && state !== undefined,
        () => true, // Gone, or no runtime to ask: nothing more will be written.
      );
    }
  };
  void look(); // Never rejects.
  return { isOver: () => isOver };
}

/** One round over all running containers; a log over the limit becomes a piece, and the oldest pieces go. */
export async function rotateLogs({ cri, facts, clock }: Omit<PodLogOptions, "stop">, log: Log): Promise<void> {
  for (const { id, state, labels: its, metadata } of await cri.containers()) {
    if (state !== containerState.running) continue;
    const identity = {
      name: its[labels.pod] ?? "",
      namespace: its[labels.namespace] ?? "",
      uid: its[labels.uid] ?? "",
    };
    const path = join(podLogFolder(facts, identity), metadata.name, `${metadata.attempt ?? 0}.log`);
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    );
    if (size <= MAX_LOG_BYTES) continue;
    await rotateOne(cri, id, path, clock.now()).catch((thrown: unknown) =>
      log.warn("a log could not be rotated", { path, reason: reasonOf(thrown) }),
    );
  }
}

async function rotateOne(cri: Cri, id: string, path: string, now: number): Promise<void> {
  const stamp = new Date(now).toISOString().replaceAll(/[-:]/g, "").replace(/\..*/, "").replace("T", "-");
  await rename(path, `${path}.${stamp}`);
  await cri.reopenLog(id);
  const pieces = await rotatedPieces(path);
  for (const old of pieces.slice(0, Math.max(0, pieces.length - (MAX_PIECES - 1)))) await rm(old, { force: true });
}
