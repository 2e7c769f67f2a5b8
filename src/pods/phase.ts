/** The phase of a pod: kubelet's getPhase. */
import type { ContainerStatus, PodPhase } from "#kinds/core/pod-status.ts";
import { exitCodeOf, isDone, isRestarted, type Lineup } from "./lineup.ts";
import type { PodMemory } from "./observed.ts";

/** A pod that has ended stays as it ended. */
export function phaseOf(lineup: Lineup, memory: PodMemory, statuses: readonly ContainerStatus[]): PodPhase {
  const { pod } = lineup;
  const before = pod.status?.phase;
  if (before === "Succeeded" || before === "Failed") return before;
  if (memory.failed !== undefined || hasFailedInit(lineup)) return "Failed";
  const { running, stopped, waiting } = countStates(statuses);
  // While init containers run, and until the first of the main ones does.
  if (waiting > 0 && stopped + running === 0)
    return pod.metadata.deletionTimestamp === undefined ? "Pending" : (before ?? "Pending");
  if (waiting + running > 0) return "Running";
  return endedPhase(lineup, statuses);
}

function countStates(statuses: readonly ContainerStatus[]): {
  readonly running: number;
  readonly stopped: number;
  readonly waiting: number;
} {
  const running = statuses.filter(({ state }) => state?.running !== undefined).length;
  // A container in back-off counts as stopped: it ran.
  const stopped = statuses.filter(
    ({ state, lastState }) =>
      state?.terminated !== undefined || (state?.waiting !== undefined && lastState?.terminated !== undefined),
  ).length;
  return { running, stopped, waiting: statuses.length - running - stopped };
}

function endedPhase({ pod, running }: Lineup, statuses: readonly ContainerStatus[]): PodPhase {
  const isDeleted = pod.metadata.deletionTimestamp !== undefined;
  const hasFailed = statuses.some(({ state }) => state?.terminated === undefined || state.terminated.exitCode !== 0);
  const ended = hasFailed ? "Failed" : "Succeeded";
  switch (pod.spec.restartPolicy ?? "Always") {
    case "Always":
      // Only a pod that was deleted ends for good.
      return isDeleted && running.length === 0 ? ended : "Running";
    case "OnFailure":
      return hasFailed && !isDeleted ? "Running" : ended;
    case "Never":
      return ended;
  }
}

function hasFailedInit({ pod, inits }: Lineup): boolean {
  return inits.some(
    (place) =>
      place.role === "init" &&
      place.current?.state === "exited" &&
      !isDone(place) &&
      !isRestarted(pod, place, exitCodeOf(place.current)),
  );
}
