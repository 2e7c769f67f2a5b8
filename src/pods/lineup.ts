/** A pod's containers as they stand: each container of the spec joined with what CRI lists of it. Never what to do about it. */
import type { Container } from "#kinds/core/pod-spec.ts";
import type { ContainerStatus, PodObject as Pod } from "#kinds/core/pod-status.ts";
import { probeKey } from "./memory.ts";
import type { Observed, ObservedContainer, ObservedSandbox, PodMemory } from "./observed.ts";

export interface Place {
  readonly spec: Container;
  readonly role: "init" | "sidecar" | "main" | "ephemeral";
  /** The newest attempt, of whatever sandbox. */
  readonly newest: ObservedContainer | undefined;
  readonly previous: ObservedContainer | undefined;
  /** The newest attempt if it is of the current sandbox. */
  readonly current: ObservedContainer | undefined;
  /** What the API server knows: all that is left after CRI forgot. */
  readonly told: ContainerStatus | undefined;
}

export interface Lineup {
  readonly pod: Pod;
  /** The current one: the highest attempt. */
  readonly sandbox: ObservedSandbox | undefined;
  readonly inits: readonly Place[];
  readonly mains: readonly Place[];
  /** For looking into the pod: they say nothing of how it is. */
  readonly ephemerals: readonly Place[];
  /** Everything running that CRI lists, in the spec or not. */
  readonly running: readonly ObservedContainer[];
}

export function lineUp(pod: Pod, observed: Observed): Lineup {
  const sandbox = observed.sandboxes.reduce<ObservedSandbox | undefined>(
    (newest, next) => (newest === undefined || next.attempt > newest.attempt ? next : newest),
    undefined,
  );
  const place = (spec: Container, role: Place["role"]): Place => {
    const attempts = observed.containers
      .filter(({ name }) => name === spec.name)
      .toSorted((a, b) => b.attempt - a.attempt);
    const [newest, previous] = attempts;
    const told = toldOf(pod, role)?.find(({ name }) => name === spec.name);
    return { spec, role, newest, previous, told, current: newest?.sandboxId === sandbox?.id ? newest : undefined };
  };
  return {
    pod,
    sandbox,
    inits: (pod.spec.initContainers ?? []).map((spec) =>
      place(spec, spec.restartPolicy === "Always" ? "sidecar" : "init"),
    ),
    mains: pod.spec.containers.map((spec) => place(spec, "main")),
    ephemerals: (pod.spec.ephemeralContainers ?? []).map((spec) => place(spec, "ephemeral")),
    running: observed.containers.filter(({ state }) => state === "running" || state === "unknown"),
  };
}

function toldOf({ status }: Pod, role: Place["role"]): readonly ContainerStatus[] | undefined {
  switch (role) {
    case "main":
      return status?.containerStatuses;
    case "init":
    case "sidecar":
      return status?.initContainerStatuses;
    case "ephemeral":
      return status?.ephemeralContainerStatuses;
  }
}

export function isRunning(place: Place): boolean {
  return place.current?.state === "running";
}

/** The number of the next start. Restarts are counted by it, also when CRI has forgotten the older ones. */
export function nextAttempt(place: Place): number {
  const told = place.told?.containerID === undefined ? -1 : place.told.restartCount;
  return Math.max(place.newest?.attempt ?? -1, told) + 1;
}

/** Startup is over: no startup probe, or it has succeeded for this very container. */
export function isStarted(place: Place, memory: PodMemory): boolean {
  if (!isRunning(place)) return false;
  return (
    place.spec.startupProbe === undefined ||
    (standing(place, memory, "startup") ?? (isTold(place) && place.told?.started === true))
  );
}

export function isReady(place: Place, memory: PodMemory): boolean {
  if (!isRunning(place)) return false;
  if (!isStarted(place, memory)) return false;
  // After the agent's restart a pod stays as ready as it was until its first probe says otherwise.
  return (
    place.spec.readinessProbe === undefined ||
    (standing(place, memory, "readiness") ?? (isTold(place) && place.told?.ready === true))
  );
}

function standing(place: Place, memory: PodMemory, role: "startup" | "readiness"): boolean | null {
  return memory.probes[probeKey(place.current?.id ?? "", role)]?.result ?? null;
}

function isTold(place: Place): boolean {
  return place.current !== undefined && place.told?.containerID === containerUri(place.current.id);
}

/** As in status.containerID. */
export function containerUri(id: string): string {
  return `containerd://${id}`;
}

/** Init containers are over: each done in order, or the main containers have started in this sandbox. */
export function isInitialized(lineup: Lineup, memory: PodMemory): boolean {
  return nextInit(lineup, memory) === undefined;
}

/** The first init container that is not done. */
export function nextInit(lineup: Lineup, memory: PodMemory): Place | undefined {
  if (lineup.mains.some(({ current }) => current !== undefined)) return undefined;
  return lineup.inits.find((place) => (place.role === "sidecar" ? !isStarted(place, memory) : !isDone(place)));
}

export function isDone(place: Place): boolean {
  return place.current?.state === "exited" && place.current.exitCode === 0;
}

/** Whether an exited container is to be started again, by the rules of the pod's restart policy. */
export function isRestarted(pod: Pod, place: Place, exitCode: number): boolean {
  if (place.role === "sidecar") return true;
  if (place.role === "ephemeral") return false;
  if (place.role === "init") return exitCode !== 0 && pod.spec.restartPolicy !== "Never";
  switch (pod.spec.restartPolicy ?? "Always") {
    case "Always":
      return true;
    case "OnFailure":
      return exitCode !== 0;
    case "Never":
      return false;
  }
}

export function exitCodeOf(container: ObservedContainer): number {
  return container.exitCode ?? 137;
}

/** Nothing of the pod will run again: every main container has ended for good, or an init container has failed for good. */
export function hasEnded(lineup: Lineup, memory: PodMemory): boolean {
  if (memory.failed !== undefined || lineup.pod.status?.phase === "Succeeded" || lineup.pod.status?.phase === "Failed")
    return true;
  const isOver = (place: Place): boolean =>
    place.newest?.state === "exited" && !isRestarted(lineup.pod, place, exitCodeOf(place.newest));
  const init = nextInit(lineup, memory);
  if (init?.role === "init" && isOver(init) && init.current !== undefined) return true;
  return lineup.mains.every(isOver);
}
