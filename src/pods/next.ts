/** What the node must do next about one pod. Pure: everything it knows is the pod, what was observed, and now. */
import { member } from "#base/dictionary.ts";
import { graceSeconds } from "#kinds/core/grace.ts";
import type { PodObject as Pod } from "#kinds/core/pod-status.ts";
import {
  exitCodeOf,
  hasEnded,
  isInitialized,
  isRestarted,
  isRunning,
  lineUp,
  type Lineup,
  nextAttempt,
  nextInit,
  type Place,
} from "./lineup.ts";
import { forgetEffective, forgetGone, noteExits, pullNote, subjectOf } from "./memory.ts";
import {
  type Observed,
  type ObservedContainer,
  type PodEvent,
  type PodMemory,
  type PodSteps,
  type Step,
  stepKey,
} from "./observed.ts";
import { neverPulled, pulling } from "./outcome-events.ts";
import { dueProbes, unhealthy } from "./probes.ts";
import { countExits } from "./restarts.ts";
import { podStatus } from "./status.ts";

// The object was deleted by force: kubelet's least grace period.
const GONE_GRACE_SECONDS = 1;
// `kubectl logs --previous` needs one dead container of each.
const KEPT_ATTEMPTS = 2;
// The runtime kills at the deadline. What runs on so long after it was not heard of, or cannot die.
const STUCK_MS = 30_000;

export function nextSteps(pod: Pod, observed: Observed, now: number): PodSteps {
  const lineup = lineUp(pod, observed);
  const start = startOf(pod, observed, lineup, now);
  const counted = countExits(lineup, start);
  const work = new Work(lineup, observed, counted.memory, now);
  if (observed.isGone || pod.metadata.deletionTimestamp !== undefined) terminate(work);
  else if (hasEnded(lineup, work.memory)) settleEnded(work);
  else keepRunning(work);
  const status = podStatus(lineup, observed, work.memory, now);
  return {
    steps: work.steps,
    status,
    memory: forgetEffective(work.memory, work.asked),
    events: [...overdue(observed.memory, start), ...counted.events, ...work.events],
    ...work.again(),
  };
}

/** The memory with what this plan must know from the first: since when, and whether the pod's time is up. */
function startOf(pod: Pod, observed: Observed, lineup: Lineup, now: number): PodMemory {
  const memory = noteExits(forgetGone(observed.memory, observed), observed);
  const seenAtMs = memory.seenAtMs ?? (pod.status?.startTime === undefined ? now : Date.parse(pod.status.startTime));
  const deadlineMs = deadlineOf(pod, seenAtMs);
  const isLate =
    deadlineMs !== undefined && now >= deadlineMs && memory.failed === undefined && !hasEnded(lineup, memory);
  if (!isLate) return { ...memory, seenAtMs };
  return {
    ...memory,
    seenAtMs,
    failed: {
      reason: "DeadlineExceeded",
      message: "Pod was active on the node longer than the specified deadline",
      atMs: now,
    },
  };
}

/** The event of the moment at which the pod's time is up. */
function overdue(before: PodMemory, { failed }: PodMemory): readonly PodEvent[] {
  if (failed?.reason !== "DeadlineExceeded" || before.failed !== undefined) return [];
  return [{ type: "Normal", reason: failed.reason, message: failed.message }];
}

function deadlineOf(pod: Pod, seenAtMs: number): number | undefined {
  return pod.spec.activeDeadlineSeconds === undefined ? undefined : seenAtMs + pod.spec.activeDeadlineSeconds * 1_000;
}

/** Collects the steps of one plan, and the times at which to look again. */
class Work {
  readonly lineup: Lineup;
  readonly observed: Observed;
  readonly now: number;
  readonly steps: Step[] = [];
  readonly events: PodEvent[] = [];
  /** stepKey of all that is wanted, whether or not it is its time. */
  readonly asked = new Set<string>();
  memory: PodMemory;
  readonly #times: number[] = [];

  constructor(lineup: Lineup, observed: Observed, memory: PodMemory, now: number) {
    this.lineup = lineup;
    this.observed = observed;
    this.memory = memory;
    this.now = now;
  }

  /** Adds the step unless it failed, or ended without effect, a short while ago. */
  add(step: Step): void {
    const key = stepKey(step);
    const subject = subjectOf(step);
    this.asked.add(key);
    if (this.observed.underWay.includes(key)) return;
    const failure = subject === null ? undefined : this.memory.failures[subject];
    const retryAtMs = Math.max(failure?.retryAtMs ?? 0, this.memory.repeats[key]?.retryAtMs ?? 0);
    if (retryAtMs > this.now) this.wakeAt(retryAtMs);
    else this.#push(step);
  }

  #push(step: Step): void {
    this.steps.push(step);
    if (step.do === "pullImage") this.events.push(...pulling(this.lineup.pod, step.container, step.image));
  }

  wakeAt(...timesMs: readonly number[]): void {
    this.#times.push(...timesMs.filter((timeMs) => timeMs > this.now));
  }

  again(): { readonly againAtMs?: number } {
    return this.#times.length === 0 ? {} : { againAtMs: Math.min(...this.#times) };
  }

  /** Asks for a stop once, and again only when it must be over sooner, or should long be over. */
  stop(container: ObservedContainer, graceSeconds: number, why: string): void {
    const deadlineMs = this.now + graceSeconds * 1_000;
    const before = this.memory.stops[container.id];
    const isStuck = before !== undefined && before.deadlineMs + STUCK_MS <= this.now;
    this.wakeAt(deadlineMs, (before?.deadlineMs ?? deadlineMs) + STUCK_MS);
    if (before !== undefined && before.deadlineMs <= deadlineMs && !isStuck) return;
    this.memory = { ...this.memory, stops: { ...this.memory.stops, [container.id]: { deadlineMs, why } } };
    const spec = [...this.lineup.mains, ...this.lineup.inits].find((place) => place.spec.name === container.name)?.spec;
    const preStop = before === undefined ? spec?.lifecycle?.preStop : undefined;
    this.add({
      do: "stopContainer",
      container: container.name,
      id: container.id,
      graceSeconds,
      deadlineMs,
      why,
      ...(preStop && { preStop }),
    });
    if (before === undefined)
      this.events.push({
        type: "Normal",
        reason: "Killing",
        message: why,
        fieldPath: fieldPathOf(this.lineup, container.name),
      });
  }
}

function fieldPathOf(lineup: Lineup, name: string): string {
  const isIn = (places: readonly Place[]): boolean => places.some((place) => place.spec.name === name);
  const list = isIn(lineup.inits) ? "initContainers" : isIn(lineup.ephemerals) ? "ephemeralContainers" : "containers";
  return `spec.${list}{${name}}`;
}

function keepRunning(work: Work): void {
  const { lineup, observed, now } = work;
  work.wakeAt(deadlineOf(lineup.pod, work.memory.seenAtMs ?? now) ?? 0);
  if (!observed.areVolumesReady) return work.add({ do: "prepareVolumes" });
  const { sandbox } = lineup;
  for (const old of observed.sandboxes)
    if (old !== sandbox || !old.isReady) work.add({ do: "removeSandbox", id: old.id });
  if (sandbox === undefined || !sandbox.isReady)
    return work.add({ do: "createSandbox", attempt: sandbox === undefined ? 0 : sandbox.attempt + 1 });
  tendContainers(work, sandbox.id);
  for (const place of lineup.ephemerals) if (isNew(place)) startContainer(work, place, sandbox.id);
  removeOldAttempts(work);
  for (const place of [...lineup.inits, ...lineup.mains]) {
    const probes = dueProbes(place, work.memory, { podIp: sandbox.ip, isEnding: false, now });
    probes.steps.forEach((step) => work.add(step));
    work.wakeAt(...probes.againAtMs);
  }
}

/** Whatever became of it, and of the sandbox that it was in: it is started once. */
function isNew({ newest, told }: Place): boolean {
  return newest === undefined && told?.state?.terminated === undefined && told?.containerID === undefined;
}

function tendContainers(work: Work, sandboxId: string): void {
  const { lineup, memory } = work;
  const init = nextInit(lineup, memory);
  // Sidecars that were started once are kept up for the whole life of the pod.
  const upTo = init === undefined ? lineup.inits.length : lineup.inits.indexOf(init);
  for (const sidecar of lineup.inits.slice(0, upTo)) if (sidecar.role === "sidecar") tend(work, sidecar, sandboxId);
  if (init !== undefined) tend(work, init, sandboxId);
  else for (const main of lineup.mains) tend(work, main, sandboxId);
}

/** One container that should be running, or should have run. */
function tend(work: Work, place: Place, sandboxId: string): void {
  const { lineup, memory, now } = work;
  const { current } = place;
  if (current === undefined) return startContainer(work, place, sandboxId);
  if (current.state === "running") {
    const sick = unhealthy(place, memory);
    if (sick === null) return;
    const probe = sick.role === "startup" ? place.spec.startupProbe : place.spec.livenessProbe;
    return work.stop(
      current,
      graceSeconds(probe?.terminationGracePeriodSeconds ?? lineup.pod.spec.terminationGracePeriodSeconds),
      sick.message,
    );
  }
  if (current.state === "created") return removeHalfStarted(work, current);
  if (current.state !== "exited" || !isRestarted(lineup.pod, place, exitCodeOf(current))) return;
  const retryAtMs = member(memory.restarts, place.spec.name)?.retryAtMs ?? 0;
  if (retryAtMs > now) work.wakeAt(retryAtMs);
  else startContainer(work, place, sandboxId);
}

/** Created but not started: the start is under way, or died with the agent. */
function removeHalfStarted(work: Work, { id, name, attempt, sandboxId }: ObservedContainer): void {
  const isStarting = work.observed.underWay.includes(
    stepKey({ do: "startContainer", container: name, attempt, sandboxId }),
  );
  if (!isStarting) work.add({ do: "removeContainer", container: name, id });
}

function startContainer(work: Work, place: Place, sandboxId: string): void {
  const { name, image = "", imagePullPolicy = "IfNotPresent" } = place.spec;
  const isPresent = (work.observed.images[image] ?? null) !== null;
  const attempt = nextAttempt(place);
  const isPulled = work.memory.pulled.includes(pullNote({ container: name, attempt, image }));
  if (imagePullPolicy === "Never" && !isPresent) {
    work.events.push(...neverPulled(work.lineup.pod, name, image));
    return;
  }
  if (imagePullPolicy !== "Never" && (!isPresent || (imagePullPolicy === "Always" && !isPulled))) {
    return work.add({ do: "pullImage", container: name, attempt, image, policy: imagePullPolicy });
  }
  work.add({ do: "startContainer", container: name, attempt, sandboxId });
}

function removeOldAttempts(work: Work): void {
  for (const { spec } of [...work.lineup.inits, ...work.lineup.mains]) {
    const attempts = work.observed.containers
      .filter(({ name }) => name === spec.name)
      .toSorted((a, b) => b.attempt - a.attempt);
    for (const old of attempts.slice(KEPT_ATTEMPTS))
      if (old.state !== "running") work.add({ do: "removeContainer", container: spec.name, id: old.id });
  }
}

/** Nothing will start again: stop what still runs and free the address; the dead containers stay for their logs. */
function settleEnded(work: Work): void {
  const { lineup, observed } = work;
  stopRunning(work, work.memory.failed?.graceSeconds ?? graceSeconds(lineup.pod.spec.terminationGracePeriodSeconds));
  if (lineup.running.length > 0) return;
  for (const sandbox of observed.sandboxes) if (sandbox.isReady) work.add({ do: "stopSandbox", id: sandbox.id });
}

function terminate(work: Work): void {
  const { lineup, observed, now } = work;
  const { deletionTimestamp } = lineup.pod.metadata;
  const graceSeconds =
    observed.isGone || deletionTimestamp === undefined
      ? GONE_GRACE_SECONDS
      : Math.max(0, Math.ceil((Date.parse(deletionTimestamp) - now) / 1_000));
  stopRunning(work, graceSeconds);
  if (lineup.running.length > 0) return probeEnding(work);
  observed.sandboxes.forEach(({ id }) => work.add({ do: "removeSandbox", id }));
  if (observed.sandboxes.length > 0) return;
  // Containers without a sandbox: only after a crash between the two removals.
  observed.containers.forEach(({ id, name }) => work.add({ do: "removeContainer", container: name, id }));
  if (observed.containers.length > 0) return;
  if (observed.hasLeftovers) work.add({ do: "cleanUp" });
  // At a grace period of 0 the node's part is done: the object goes with the last of its finalizers.
  else if (!observed.isGone && lineup.pod.metadata.deletionGracePeriodSeconds !== 0) work.add({ do: "deleteObject" });
}

/** Main and init containers first; sidecars after them, the last started first; everything at once when time is up. */
function stopRunning(work: Work, graceSeconds: number): void {
  const { lineup } = work;
  const sidecars = lineup.inits.filter(({ role }) => role === "sidecar").map(({ spec }) => spec.name);
  const why = (name: string): string => `Stopping container ${name}`;
  const others = lineup.running.filter(({ name }) => !sidecars.includes(name));
  for (const container of others) work.stop(container, graceSeconds, why(container.name));
  if (others.length > 0 && graceSeconds > 0) return;
  const last = lineup.running
    .filter(({ name }) => sidecars.includes(name))
    .toSorted((a, b) => sidecars.indexOf(b.name) - sidecars.indexOf(a.name));
  for (const container of graceSeconds > 0 ? last.slice(0, 1) : last)
    work.stop(container, graceSeconds, why(container.name));
}

function probeEnding(work: Work): void {
  const { lineup, memory, now } = work;
  if (!isInitialized(lineup, memory)) return;
  for (const place of lineup.mains.filter(isRunning)) {
    const probes = dueProbes(place, memory, { podIp: lineup.sandbox?.ip ?? "", isEnding: true, now });
    probes.steps.forEach((step) => work.add(step));
    work.wakeAt(...probes.againAtMs);
  }
}
