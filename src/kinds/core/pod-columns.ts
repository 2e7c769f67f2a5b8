/** What kubectl prints of a pod: how many containers are ready, the one word for its state, restarts. */
import { ageOf } from "#kinds/age.ts";
import { ageColumn, NONE, text, wide } from "#kinds/columns.ts";
import { conditionOf, isTrueOf } from "#kinds/conditions.ts";
import type { Column } from "#kinds/kind.ts";
import type { ContainerState, ContainerStatus, PodObject as Pod } from "./pod-status.ts";

export const podColumns: readonly Column<Pod>[] = [
  text("Ready", (pod) => podSummary(pod).ready),
  text("Status", (pod) => podSummary(pod).reason),
  text("Restarts", (pod, now) => restartsText(podSummary(pod), now)),
  ageColumn,
  wide("IP", (pod) => pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? NONE),
  wide("Node", (pod) => pod.spec.nodeName ?? NONE),
  wide("Nominated Node", (pod) => pod.status?.nominatedNodeName ?? NONE),
  wide("Readiness Gates", readinessGates),
];

export type PodSummary = {
  /** "1/2". */
  readonly ready: string;
  /** The STATUS column: "Running", "CrashLoopBackOff", "Init:0/1", "Terminating" … */
  readonly reason: string;
  readonly restarts: number;
  readonly lastRestart?: string;
};

/** The same walk as upstream's printPod: init containers first, then containers from last to first, then deletion. */
export function podSummary(pod: Pod): PodSummary {
  const init = initSummary(pod);
  const sidecars = (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === "Always").length;
  const isInitialized = isTrueOf(pod.status?.conditions, "Initialized");
  const shows = init.reason === undefined || isInitialized ? mainSummary(pod, init) : { ...init, reason: init.reason };
  return {
    ready: `${shows.readyCount}/${pod.spec.containers.length + sidecars}`,
    reason: deletionReason(pod) ?? shows.reason,
    restarts: shows.restarts,
    ...(shows.lastRestart !== undefined && { lastRestart: shows.lastRestart }),
  };
}

type Tally = {
  readonly readyCount: number;
  readonly restarts: number;
  readonly lastRestart?: string | undefined;
};

type InitTally = Tally & {
  /** Why the pod still initializes; undefined when it does not. */
  readonly reason?: string | undefined;
  readonly sidecarRestarts: number;
  readonly lastSidecarRestart?: string | undefined;
};

function initSummary(pod: Pod): InitTally {
  const containers = pod.spec.initContainers ?? [];
  const sidecars = new Set(
    containers.filter((container) => container.restartPolicy === "Always").map(({ name }) => name),
  );
  let tally: InitTally = { readyCount: 0, restarts: 0, sidecarRestarts: 0 };
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const isSidecar = sidecars.has(status.name);
    const finishedAt = status.lastState?.terminated?.finishedAt;
    tally = {
      ...tally,
      restarts: tally.restarts + status.restartCount,
      lastRestart: later(tally.lastRestart, finishedAt),
      sidecarRestarts: tally.sidecarRestarts + (isSidecar ? status.restartCount : 0),
      lastSidecarRestart: isSidecar ? later(tally.lastSidecarRestart, finishedAt) : tally.lastSidecarRestart,
    };
    if (status.state?.terminated?.exitCode === 0) continue;
    if (isSidecar && status.started === true) {
      tally = { ...tally, readyCount: tally.readyCount + (status.ready ? 1 : 0) };
      continue;
    }
    return { ...tally, reason: initReason(status, `Init:${index}/${containers.length}`) };
  }
  return tally;
}

function initReason(status: ContainerStatus, progress: string): string {
  const { terminated, waiting } = status.state ?? {};
  if (terminated !== undefined) return `Init:${terminationReason(terminated)}`;
  const reason = waiting?.reason ?? "";
  return reason !== "" && reason !== "PodInitializing" ? `Init:${reason}` : progress;
}

function mainSummary(pod: Pod, init: InitTally): Tally & { readonly reason: string } {
  let { readyCount } = init;
  let restarts = init.sidecarRestarts;
  let lastRestart = init.lastSidecarRestart;
  let reason = phaseReason(pod);
  let hasRunning = false;
  for (const status of (pod.status?.containerStatuses ?? []).toReversed()) {
    restarts += status.restartCount;
    lastRestart = later(lastRestart, status.lastState?.terminated?.finishedAt);
    const stopped = stoppedReason(status.state);
    if (stopped !== undefined) reason = stopped;
    else if (status.ready && status.state?.running !== undefined) {
      hasRunning = true;
      readyCount++;
    }
  }
  if (reason === "Completed" && hasRunning) reason = isReady(pod) ? "Running" : "NotReady";
  return { readyCount, restarts, lastRestart, reason };
}

function phaseReason(pod: Pod): string {
  if (conditionOf(pod.status?.conditions, "PodScheduled")?.reason === "SchedulingGated") return "SchedulingGated";
  return pod.status?.reason ?? pod.status?.phase ?? "";
}

function stoppedReason(state: ContainerState | undefined): string | undefined {
  const waiting = state?.waiting?.reason ?? "";
  if (waiting !== "") return waiting;
  return state?.terminated === undefined ? undefined : terminationReason(state.terminated);
}

function terminationReason(terminated: NonNullable<ContainerState["terminated"]>): string {
  if (terminated.reason !== undefined && terminated.reason !== "") return terminated.reason;
  const signal = terminated.signal ?? 0;
  return signal === 0 ? `ExitCode:${terminated.exitCode}` : `Signal:${signal}`;
}

function deletionReason(pod: Pod): string | undefined {
  if (pod.metadata.deletionTimestamp === undefined) return undefined;
  if (pod.status?.reason === "NodeLost") return "Unknown";
  const phase = pod.status?.phase;
  return phase === "Succeeded" || phase === "Failed" ? undefined : "Terminating";
}

function isReady(pod: Pod): boolean {
  return isTrueOf(pod.status?.conditions, "Ready");
}

function later(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Date.parse(a) < Date.parse(b) ? b : a;
}

function restartsText(summary: PodSummary, now: number): string {
  if (summary.restarts === 0 || summary.lastRestart === undefined) return String(summary.restarts);
  return `${summary.restarts} (${ageOf(summary.lastRestart, now)} ago)`;
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return NONE;
  const passed = gates.filter(({ conditionType }) => isTrueOf(pod.status?.conditions, conditionType));
  return `${passed.length}/${gates.length}`;
}
