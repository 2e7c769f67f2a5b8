/** The status of a pod as its node reports it: phase, conditions, container states. Decided from what is observed, never from what was done. */
import { member } from "#base/dictionary.ts";
import { timestamp } from "#base/clock.ts";
import { conditionOf, sinceWhen, type Told } from "#kinds/conditions.ts";
import type { Condition } from "#kinds/object.ts";
import type {
  ContainerState,
  ContainerStatus,
  ContainerTermination,
  PodObject as Pod,
  PodPhase,
  PodStatus,
} from "#kinds/core/pod-status.ts";
import { qosClassOf } from "#kinds/core/qos.ts";
import {
  containerUri,
  exitCodeOf,
  isDone,
  isInitialized,
  isReady,
  isRestarted,
  isRunning,
  isStarted,
  type Lineup,
  type Place,
} from "./lineup.ts";
import { BACKOFF_FIRST_MS } from "./memory.ts";
import type { Observed, ObservedContainer, PodMemory } from "./observed.ts";
import { phaseOf } from "./phase.ts";
import { podTitle } from "./restarts.ts";

// What kubelet reports and so replaces; others (readiness gates, DisruptionTarget) belong to somebody else.
const OWN_CONDITIONS = [
  "PodReadyToStartContainers",
  "Initialized",
  "Ready",
  "ContainersReady",
  "PodScheduled",
] as const;

export function podStatus(lineup: Lineup, observed: Observed, memory: PodMemory, now: number): PodStatus {
  const { pod } = lineup;
  const teller = new Teller(lineup, observed, memory, now);
  const told = {
    containerStatuses: lineup.mains.map((place) => teller.status(place)),
    initContainerStatuses: lineup.inits.map((place) => teller.status(place)),
  };
  const isOver = pod.metadata.deletionTimestamp !== undefined && lineup.running.length === 0;
  const { containerStatuses, initContainerStatuses } = isOver ? withoutGaps(told) : told;
  const toldPhase = phaseOf(lineup, memory, containerStatuses);
  const phase = isOver && toldPhase !== "Succeeded" ? "Failed" : toldPhase;
  const ephemeralContainerStatuses = lineup.ephemerals.map((place) => teller.status(place));
  const ip = addressOf(lineup, observed);
  const { reason, message } = memory.failed ?? pod.status ?? {};
  return {
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
    phase,
    conditions: conditionsOf(lineup, { phase, memory, now }),
    hostIP: observed.hostIp,
    hostIPs: [{ ip: observed.hostIp }],
    ...(ip !== "" && { podIP: ip, podIPs: [{ ip }] }),
    startTime: pod.status?.startTime ?? timestamp(memory.seenAtMs ?? now),
    qosClass: pod.status?.qosClass ?? qosClassOf(pod.spec),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    ...(initContainerStatuses.length > 0 && { initContainerStatuses }),
    containerStatuses,
    ...(ephemeralContainerStatuses.length > 0 && { ephemeralContainerStatuses }),
  };
}

interface Statuses {
  readonly containerStatuses: readonly ContainerStatus[];
  readonly initContainerStatuses: readonly ContainerStatus[];
}

/** kubelet's TerminatePod: a container of which no end is known is told as failed, so that no pod is told as successful by mistake. */
function withoutGaps({ containerStatuses, initContainerStatuses }: Statuses): Statuses {
  const lastStarted = Math.max(0, initContainerStatuses.findLastIndex(hasEverRun));
  const last = initContainerStatuses.at(-1);
  const isInitialized =
    last === undefined ||
    containerStatuses.some(hasEverRun) ||
    [last.state, last.lastState].some((state) => state?.terminated?.exitCode === 0);
  return {
    containerStatuses: isInitialized ? containerStatuses.map(ended) : containerStatuses,
    initContainerStatuses: initContainerStatuses.map((status, at) => (at <= lastStarted ? ended(status) : status)),
  };
}

function hasEverRun({ state, lastState }: ContainerStatus): boolean {
  return state?.running !== undefined || state?.terminated !== undefined || lastState?.terminated !== undefined;
}

function ended(status: ContainerStatus): ContainerStatus {
  return status.state?.terminated === undefined ? { ...status, state: { terminated: UNKNOWN_END } } : status;
}

const UNKNOWN_END: ContainerTermination = {
  exitCode: 137,
  reason: "ContainerStatusUnknown",
  message: "The container could not be located when the pod was terminated",
};

function addressOf({ pod, sandbox }: Lineup, observed: Observed): string {
  if (sandbox?.isReady !== true) return pod.status?.podIP ?? "";
  return pod.spec.hostNetwork === true ? observed.hostIp : sandbox.ip;
}

/** Puts one container's state into words. */
class Teller {
  readonly #lineup: Lineup;
  readonly #observed: Observed;
  readonly #memory: PodMemory;
  readonly #now: number;

  constructor(lineup: Lineup, observed: Observed, memory: PodMemory, now: number) {
    this.#lineup = lineup;
    this.#observed = observed;
    this.#memory = memory;
    this.#now = now;
  }

  status(place: Place): ContainerStatus {
    const { spec, newest, told } = place;
    const state = this.#state(place);
    const lastState = this.#lastState(place, state);
    const containerID = newest === undefined ? told?.containerID : containerUri(newest.id);
    return {
      name: spec.name,
      state,
      ...(lastState && { lastState }),
      ...this.#standing(place),
      restartCount: Math.max(newest?.attempt ?? 0, told?.restartCount ?? 0),
      image: spec.image ?? "",
      imageID: newest?.imageId ?? told?.imageID ?? "",
      ...(containerID !== undefined && { containerID }),
      ...(isRunning(place) && booked(place)),
    };
  }

  #standing(place: Place): { readonly ready: boolean; readonly started?: boolean } {
    // Nobody waits for it.
    if (place.role === "ephemeral") return { ready: false };
    if (place.role === "init") return { ready: isDone(place), started: isRunning(place) };
    return { ready: isReady(place, this.#memory), started: isStarted(place, this.#memory) };
  }

  #state(place: Place): ContainerState {
    const { newest, told } = place;
    if (newest?.state === "running" && newest.startedAtMs !== undefined && newest === place.current)
      return { running: { startedAt: timestamp(newest.startedAtMs) } };
    if (newest?.state === "running") return { waiting: { reason: "ContainerCreating" } };
    const terminated = newest?.state === "exited" ? termination(newest) : undefined;
    // CRI has forgotten a pod that has ended.
    const exit = member(this.#memory.exits, place.spec.name);
    if (newest === undefined && exit !== undefined && this.#isOver(place)) return { terminated: termination(exit) };
    if (newest === undefined && told?.state?.terminated !== undefined && this.#isOver(place))
      return { terminated: told.state.terminated };
    const waiting = this.#waiting(place);
    return terminated === undefined || waiting !== null
      ? { waiting: waiting ?? { reason: this.#startingReason() } }
      : { terminated };
  }

  #isOver(place: Place): boolean {
    const { phase } = this.#lineup.pod.status ?? {};
    return (
      phase === "Succeeded" ||
      phase === "Failed" ||
      this.#lineup.pod.metadata.deletionTimestamp !== undefined ||
      place.role === "init" ||
      place.role === "ephemeral"
    );
  }

  /** Why it waits although it could start; null when it has exited and nothing holds it. */
  #waiting(place: Place): ContainerState["waiting"] | null {
    const { pod } = this.#lineup;
    const { spec, current, newest } = place;
    const isDue =
      current === undefined ||
      current.state === "created" ||
      (current.state === "exited" && isRestarted(pod, place, exitCodeOf(current)));
    if (!isDue || this.#memory.failed !== undefined || pod.metadata.deletionTimestamp !== undefined) return null;
    if (!this.#isTurn(place)) return newest === undefined ? { reason: "PodInitializing" } : null;
    const back = member(this.#memory.restarts, spec.name);
    if (newest?.state === "exited" && back?.id === newest.id && back.retryAtMs > this.#now) {
      return {
        reason: "CrashLoopBackOff",
        message: `back-off ${durationText(back.delayMs)} restarting failed container=${spec.name} pod=${podTitle(pod)}`,
      };
    }
    return this.#imageWait(place) ?? this.#startWait(place);
  }

  /** Init containers run one after the other, the main ones after them. */
  #isTurn(place: Place): boolean {
    if (place.role === "ephemeral") return this.#lineup.sandbox !== undefined;
    if (place.role === "main") return isInitialized(this.#lineup, this.#memory);
    const before = this.#lineup.inits.slice(0, this.#lineup.inits.indexOf(place));
    return (
      this.#lineup.sandbox !== undefined &&
      before.every((other) => (other.role === "sidecar" ? isStarted(other, this.#memory) : isDone(other)))
    );
  }

  #imageWait({ spec }: Place): ContainerState["waiting"] | null {
    const { image = "", imagePullPolicy = "IfNotPresent" } = spec;
    const isPresent = (this.#observed.images[image] ?? null) !== null;
    if (imagePullPolicy === "Never" && !isPresent && this.#lineup.sandbox !== undefined) {
      return {
        reason: "ErrImageNeverPull",
        message: `Container image "${image}" is not present with pull policy of Never`,
      };
    }
    const failure = this.#memory.failures[image];
    if (failure === undefined) return null;
    // Kubelet reports the error itself first and the back-off from then on.
    if (failure.reason === "InvalidImageName") return { reason: failure.reason, message: failure.message };
    if (failure.delayMs === BACKOFF_FIRST_MS && failure.retryAtMs - failure.delayMs >= this.#now)
      return { reason: failure.reason, message: failure.message };
    return {
      reason: "ImagePullBackOff",
      message: `Back-off pulling image "${image}": ${failure.reason}: ${failure.message}`,
    };
  }

  #startWait({ spec }: Place): ContainerState["waiting"] | null {
    const failure = this.#memory.failures[`container ${spec.name}`];
    return failure === undefined ? null : { reason: failure.reason, message: failure.message };
  }

  #startingReason(): string {
    return this.#lineup.inits.length > 0 ? "PodInitializing" : "ContainerCreating";
  }

  #lastState({ newest, previous, told }: Place, state: ContainerState): ContainerState | undefined {
    if (newest?.state === "exited" && state.waiting !== undefined) return { terminated: termination(newest) };
    if (previous?.state === "exited") return { terminated: termination(previous) };
    if (told === undefined) return undefined;
    // The dead one was removed: the API server is the only one to remember it.
    if (told.containerID === (newest && containerUri(newest.id))) return told.lastState;
    return told.state?.terminated === undefined || state.terminated !== undefined
      ? told.lastState
      : { terminated: told.state.terminated };
  }
}

function booked({ spec: { resources } }: Place): Pick<ContainerStatus, "resources" | "allocatedResources"> {
  return { ...(resources?.requests && { allocatedResources: resources.requests }), ...(resources && { resources }) };
}

function termination(container: ObservedContainer): ContainerTermination {
  const exitCode = exitCodeOf(container);
  return {
    exitCode,
    reason:
      container.reason !== undefined && container.reason !== ""
        ? container.reason
        : exitCode === 0
          ? "Completed"
          : "Error",
    ...(container.message !== undefined && container.message !== "" && { message: container.message }),
    startedAt: timestamp(container.startedAtMs ?? container.createdAtMs),
    finishedAt: timestamp(container.finishedAtMs ?? container.createdAtMs),
    containerID: containerUri(container.id),
  };
}

/** Go's time.Duration: "10s", "2m40s", "5m0s". */
function durationText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

interface Standing {
  readonly phase: PodPhase;
  readonly memory: PodMemory;
  readonly now: number;
}

type Finding = Pick<Condition, "type" | "status" | "reason" | "message">;

function conditionsOf(lineup: Lineup, standing: Standing): readonly Condition[] {
  const before = lineup.pod.status?.conditions ?? [];
  const others = before.filter(({ type }) => !(OWN_CONDITIONS as readonly string[]).includes(type));
  const { failed } = standing.memory;
  // KEP-3329: who watches disruptions learns of it here.
  const evicted: readonly Finding[] =
    failed?.reason === "Evicted"
      ? [{ type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet", message: failed.message }]
      : [];
  const kept = others.filter(({ type }) => evicted.every((finding) => finding.type !== type));
  return [
    ...[...findings(lineup, standing), ...evicted].map((finding) => dated(finding, before, standing.now)),
    ...kept,
  ];
}

/** The time of a condition is when its status last changed. */
function dated({ type, status, reason, message }: Finding, before: readonly Condition[], now: number): Condition {
  const told: Told = {
    type,
    status,
    lastProbeTime: null,
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
  };
  return sinceWhen(told, before, now);
}

function findings(lineup: Lineup, standing: Standing): readonly Finding[] {
  const { pod, sandbox } = lineup;
  const containers = containersReady(lineup, standing);
  const scheduled = conditionOf(pod.status?.conditions, "PodScheduled");
  return [
    { type: "PodReadyToStartContainers", status: sandbox?.isReady === true ? "True" : "False" },
    initialized(lineup, standing),
    { ...gated(pod, containers), type: "Ready" },
    { ...containers, type: "ContainersReady" },
    scheduled?.status === "True" ? scheduled : { type: "PodScheduled", status: "True" },
  ];
}

function initialized(lineup: Lineup, { phase, memory }: Standing): Finding {
  const type = "Initialized";
  if (phase === "Succeeded") return { type, status: "True", reason: "PodCompleted" };
  const waiting = lineup.inits
    .filter((place) => (place.role === "sidecar" ? !isStarted(place, memory) : !isDone(place)))
    .map(({ spec }) => spec.name);
  if (waiting.length === 0 || isInitialized(lineup, memory)) return { type, status: "True" };
  return {
    type,
    status: "False",
    reason: "ContainersNotInitialized",
    message: `containers with incomplete status: [${waiting.join(" ")}]`,
  };
}

function containersReady(lineup: Lineup, { phase, memory }: Standing): Omit<Finding, "type"> {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  const counted = [...lineup.inits.filter(({ role }) => role === "sidecar"), ...lineup.mains];
  const unready = counted.filter((place) => !isReady(place, memory)).map(({ spec }) => spec.name);
  if (unready.length === 0) return { status: "True" };
  return {
    status: "False",
    reason: "ContainersNotReady",
    message: `containers with unready status: [${unready.join(" ")}]`,
  };
}

/** Ready wants the readiness gates as well. */
function gated(pod: Pod, containers: Omit<Finding, "type">): Omit<Finding, "type"> {
  if (containers.status !== "True") return containers;
  const closed = (pod.spec.readinessGates ?? []).filter(
    ({ conditionType }) => pod.status?.conditions?.find(({ type }) => type === conditionType)?.status !== "True",
  );
  if (closed.length === 0) return containers;
  const message = closed
    .map(({ conditionType }) => `the status of pod readiness gate "${conditionType}" is not "True", but False`)
    .join(", ");
  return { status: "False", reason: "ReadinessGatesNotReady", message };
}
