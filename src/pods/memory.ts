/** What is known about a pod beyond what CRI lists: probe counts, back-off, stops under way. A frozen value that each plan hands to the next. */
import { member } from "#base/dictionary.ts";
import type { Container, Probe } from "#kinds/core/pod-spec.ts";
import type { PodObject as Pod } from "#kinds/core/pod-status.ts";
import {
  stepKey,
  type Observed,
  type ObservedContainer,
  type Outcome,
  type PodMemory,
  type ProbeMemory,
  type ProbeRole,
  type RepeatMemory,
  type Step,
} from "./observed.ts";
import { allContainers } from "./references.ts";

export const emptyMemory: PodMemory = {
  restarts: {},
  probes: {},
  failures: {},
  stops: {},
  pulled: [],
  repeats: {},
  exits: {},
};

// Kubelet's back-off for container restarts, image pulls and sandboxes: 10 s, doubled up to 5 minutes.
export const BACKOFF_FIRST_MS = 10_000;
export const BACKOFF_MAX_MS = 300_000;
// A container that ran this long starts over with the first delay.
export const BACKOFF_RESET_MS = 600_000;
// What the agent does itself is tried again sooner: a configMap may just be on its way.
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 30_000;

/** The memory after a step has ended. */
export function remember(memory: PodMemory, pod: Pod, outcome: Outcome, now: number): PodMemory {
  const { step } = outcome;
  if (step.do === "probe") return probed(memory, pod, outcome, now);
  const subject = subjectOf(step);
  if (!outcome.ok) return subject === null ? memory : failed(memory, subject, outcome, now);
  const next = {
    ...memory,
    repeats: { ...memory.repeats, [stepKey(step)]: repeatAfter(memory.repeats[stepKey(step)], now) },
    ...(subject !== null && { failures: without(memory.failures, subject) }),
  };
  if (step.do !== "pullImage" || step.policy !== "Always") return next;
  const others = next.pulled.filter((note) => !note.startsWith(`${step.container} `));
  return { ...next, pulled: [...others, pullNote(step)] };
}

/** Its effect should be seen at the next look. Where it is not, more of the same will hardly help. */
function repeatAfter(before: RepeatMemory | undefined, now: number): RepeatMemory {
  const delayMs = before === undefined ? RETRY_FIRST_MS : Math.min(before.delayMs * 2, RETRY_MAX_MS);
  return { delayMs, retryAtMs: now + delayMs };
}

/** Drops the steps that nobody asks for any more: they had their effect. */
export function forgetEffective(memory: PodMemory, asked: ReadonlySet<string>): PodMemory {
  const repeats = Object.entries(memory.repeats).filter(([key]) => asked.has(key));
  return { ...memory, repeats: Object.fromEntries(repeats) };
}

/** Keeps the newest exit of each container. */
export function noteExits(memory: PodMemory, { containers }: Observed): PodMemory {
  const exits: Record<string, ObservedContainer> = { ...memory.exits };
  for (const container of containers)
    if (container.state === "exited" && container.attempt >= (member(exits, container.name)?.attempt ?? 0))
      exits[container.name] = container;
  return { ...memory, exits };
}

/** Drops what is about containers that CRI no longer lists. */
export function forgetGone(memory: PodMemory, { containers }: Observed): PodMemory {
  const isThere = (key: string): boolean => containers.some(({ id }) => key === id || key.includes(` ${id} `));
  const keep = <T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
    Object.fromEntries(Object.entries(record).filter(([key]) => isThere(key)));
  return { ...memory, probes: keep(memory.probes), stops: keep(memory.stops) };
}

/** How memory.pulled names a pull. */
export function pullNote(pull: {
  readonly container: string;
  readonly attempt: number;
  readonly image: string;
}): string {
  return `${pull.container} ${pull.attempt} ${pull.image}`;
}

/** The key in memory.failures of what a step is about; null for steps that are simply tried again. */
export function subjectOf(step: Step): string | null {
  switch (step.do) {
    case "prepareVolumes":
      return "volumes";
    case "createSandbox":
      return "sandbox";
    case "pullImage":
      return step.image;
    case "startContainer":
      return `container ${step.container}`;
    case "stopContainer":
    case "removeContainer":
    case "stopSandbox":
    case "removeSandbox":
    case "cleanUp":
    case "deleteObject":
      return `${step.do}${"id" in step ? ` ${step.id}` : ""}`;
    case "probe":
      return null;
  }
}

function failed(memory: PodMemory, subject: string, outcome: Outcome & { readonly ok: false }, now: number): PodMemory {
  const isPull = outcome.step.do === "pullImage";
  const before = memory.failures[subject];
  const first = isPull ? BACKOFF_FIRST_MS : RETRY_FIRST_MS;
  const delayMs = before === undefined ? first : Math.min(before.delayMs * 2, isPull ? BACKOFF_MAX_MS : RETRY_MAX_MS);
  const failure = {
    reason: outcome.reason ?? reasonOfStep(outcome.step),
    message: outcome.message,
    delayMs,
    retryAtMs: now + delayMs,
  };
  // A stop that failed is asked for again.
  const stops = outcome.step.do === "stopContainer" ? without(memory.stops, outcome.step.id) : memory.stops;
  return { ...memory, stops, failures: { ...memory.failures, [subject]: failure } };
}

function reasonOfStep(step: Step): string {
  switch (step.do) {
    case "prepareVolumes":
      return "FailedMount";
    case "createSandbox":
      return "FailedCreatePodSandBox";
    case "pullImage":
      return "ErrImagePull";
    case "startContainer":
      return "RunContainerError";
    case "stopContainer":
    case "removeContainer":
    case "stopSandbox":
    case "removeSandbox":
    case "cleanUp":
    case "deleteObject":
    case "probe":
      return "FailedKillPod";
  }
}

function probed(memory: PodMemory, pod: Pod, outcome: Outcome, now: number): PodMemory {
  const { step } = outcome;
  if (step.do !== "probe") return memory;
  const key = probeKey(step.id, step.role);
  const before = memory.probes[key] ?? { result: null, successes: 0, failures: 0, lastAtMs: now };
  const probe = probeOf(containerOf(pod, step.container), step.role) ?? step.probe;
  const successes = outcome.ok ? before.successes + 1 : 0;
  const failures = outcome.ok ? 0 : before.failures + 1;
  const isUp = outcome.ok && successes >= (probe.successThreshold ?? 1);
  const isDown = !outcome.ok && failures >= (probe.failureThreshold ?? 3);
  const result = isUp ? true : isDown ? false : before.result;
  const entry: ProbeMemory = {
    result,
    successes,
    failures,
    lastAtMs: now,
    ...(!outcome.ok && { message: outcome.message }),
  };
  return { ...memory, probes: { ...memory.probes, [key]: entry } };
}

export function probeKey(id: string, role: ProbeRole): string {
  return `probe ${id} ${role}`;
}

export function probeOf(container: Container | undefined, role: ProbeRole): Probe | undefined {
  switch (role) {
    case "startup":
      return container?.startupProbe;
    case "liveness":
      return container?.livenessProbe;
    case "readiness":
      return container?.readinessProbe;
  }
}

export function containerOf(pod: Pod, name: string): Container | undefined {
  return allContainers(pod).find((container) => container.name === name);
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  if (!(key in record)) return record;
  const { [key]: _gone, ...rest } = record;
  return rest;
}
