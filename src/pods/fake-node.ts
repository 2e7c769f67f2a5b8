/** A node for tests and simulations: carries the steps of one pod out at once, in memory, as containerd would. */
import type { PodObject as Pod } from "#kinds/core/pod-status.ts";
import { emptyMemory, remember } from "./memory.ts";
import { nextSteps } from "./next.ts";
import type {
  Observed,
  ObservedContainer,
  ObservedSandbox,
  PodEvent,
  PodMemory,
  PodSteps,
  Step,
  StepResult,
} from "./observed.ts";
import { eventsOf } from "./outcome-events.ts";
import { stepKey } from "./observed.ts";

export interface FakeNodeOptions {
  /** Images that are there, by name. */
  readonly images?: Readonly<Record<string, string>>;
  /** How a step ends; default is well. Null: it does not end yet. */
  readonly result?: (step: Step, now: number) => StepResult | null;
  /** Whether a step that ends well does anything; default is yes. */
  readonly isEffective?: (step: Step) => boolean;
  readonly podIp?: string;
}

/** Steps that a test wants to see, without the noise of probes. */
export function told(step: Step): string {
  switch (step.do) {
    case "startContainer":
      return `start ${step.container}#${step.attempt}`;
    case "stopContainer":
      return `stop ${step.container} in ${step.graceSeconds}s`;
    case "pullImage":
      return `pull ${step.image}`;
    case "probe":
      return `${step.role} ${step.container}`;
    case "createSandbox":
      return `sandbox#${step.attempt}`;
    case "removeContainer":
      return `remove ${step.container}`;
    case "prepareVolumes":
    case "stopSandbox":
    case "removeSandbox":
    case "cleanUp":
    case "deleteObject":
      return step.do;
  }
}

export class FakeNode {
  pod: Pod;
  now: number;
  isGone = false;
  isDeleted = false;
  memory: PodMemory = emptyMemory;
  sandboxes: ObservedSandbox[] = [];
  containers: ObservedContainer[] = [];
  areVolumesReady = false;
  images: Record<string, string>;
  readonly events: PodEvent[] = [];
  readonly steps: string[] = [];
  readonly #underWay = new Map<string, Step>();
  readonly #options: FakeNodeOptions;
  #count = 0;

  constructor(pod: Pod, now: number, options: FakeNodeOptions = {}) {
    this.pod = pod;
    this.now = now;
    this.#options = options;
    this.images = { ...options.images };
  }

  get observed(): Observed {
    const { sandboxes, containers, images, areVolumesReady, isGone, memory } = this;
    return {
      hostIp: "10.192.0.11",
      sandboxes,
      containers,
      images,
      areVolumesReady,
      hasLeftovers: areVolumesReady,
      isGone,
      underWay: [...this.#underWay.keys()],
      memory,
    };
  }

  /** Plans and carries out until nothing is left to do at this moment; returns the last plan. */
  run(now: number = this.now): PodSteps {
    this.now = now;
    for (let round = 0; round < 100; round++) {
      const plan = nextSteps(this.pod, this.observed, now);
      this.memory = plan.memory;
      this.events.push(...plan.events);
      this.pod = { ...this.pod, status: plan.status };
      if (plan.steps.length === 0) return plan;
      for (const step of plan.steps) this.#begin(step);
    }
    throw new RangeError("the plan never comes to rest");
  }

  /** Runs through time, waking when the plans want to, until `now`. */
  runUntil(now: number): PodSteps {
    let plan = this.run(this.now);
    while (plan.againAtMs !== undefined && plan.againAtMs <= now) plan = this.run(plan.againAtMs);
    return this.run(now);
  }

  /** The newest running container of that name ends by itself. */
  exit(name: string, exitCode: number, reason?: string): void {
    this.#end((container) => container.name === name && container.state === "running", exitCode, reason);
  }

  /** A step that was held back (result null) ends now. */
  finish(name: string, result: StepResult = { ok: true }): void {
    for (const [key, step] of this.#underWay) if (told(step) === name) this.#finish(key, step, result);
  }

  status(): NonNullable<Pod["status"]> {
    return this.pod.status ?? {};
  }

  /** "web running ready", "web waiting CrashLoopBackOff", "web terminated Completed" …: init containers first. */
  states(): readonly string[] {
    const { initContainerStatuses = [], containerStatuses = [] } = this.status();
    return [...initContainerStatuses, ...containerStatuses].map(({ name, state = {}, ready, restartCount }) => {
      const word = state.running
        ? "running"
        : state.terminated
          ? `terminated ${state.terminated.reason}`
          : `waiting ${state.waiting?.reason}`;
      return `${name} ${word}${ready ? " ready" : ""}${restartCount > 0 ? ` restarts=${restartCount}` : ""}`;
    });
  }

  #begin(step: Step): void {
    const key = stepKey(step);
    this.steps.push(told(step));
    this.#underWay.set(key, step);
    const result = (this.#options.result ?? good)(step, this.now);
    if (result !== null) this.#finish(key, step, result);
  }

  #isEffective(step: Step): boolean {
    return this.#options.isEffective?.(step) ?? true;
  }

  #finish(key: string, step: Step, result: StepResult): void {
    this.#underWay.delete(key);
    if (result.ok && this.#isEffective(step)) this.#apply(step);
    const outcome = { step, ...result };
    this.memory = remember(this.memory, this.pod, outcome, this.now);
    this.events.push(...eventsOf(this.pod, outcome));
  }

  #apply(step: Step): void {
    const { now } = this;
    switch (step.do) {
      case "prepareVolumes":
        this.areVolumesReady = true;
        return;
      case "createSandbox":
        this.sandboxes.push({
          id: `sandbox-${step.attempt}`,
          attempt: step.attempt,
          isReady: true,
          ip: this.#options.podIp ?? "10.64.1.7",
          createdAtMs: now,
        });
        return;
      case "pullImage":
        this.images[step.image] = `sha256:${step.image}`;
        return;
      case "startContainer":
        this.containers.push({
          id: `${step.container}-${step.attempt}-${this.#count++}`,
          sandboxId: step.sandboxId,
          name: step.container,
          attempt: step.attempt,
          state: "running",
          imageId: "sha256:image",
          createdAtMs: now,
          startedAtMs: now,
        });
        return;
      case "stopContainer":
        return this.#end(({ id }) => id === step.id, step.graceSeconds === 0 ? 137 : 143);
      case "removeContainer":
        this.containers = this.containers.filter(({ id }) => id !== step.id);
        return;
      case "stopSandbox":
        this.sandboxes = this.sandboxes.map((sandbox) =>
          sandbox.id === step.id ? { ...sandbox, isReady: false } : sandbox,
        );
        return;
      case "removeSandbox":
        this.sandboxes = this.sandboxes.filter(({ id }) => id !== step.id);
        this.containers = this.containers.filter(({ sandboxId }) => sandboxId !== step.id);
        return;
      case "cleanUp":
        this.areVolumesReady = false;
        return;
      case "deleteObject":
        return this.#delete();
      case "probe":
        return;
    }
  }

  /** As the API server: an object with finalizers stays, without a grace period. */
  #delete(): void {
    const { metadata } = this.pod;
    this.isDeleted = (metadata.finalizers ?? []).length === 0;
    this.isGone = this.isDeleted;
    if (!this.isDeleted) this.pod = { ...this.pod, metadata: { ...metadata, deletionGracePeriodSeconds: 0 } };
  }

  #end(isMeant: (container: ObservedContainer) => boolean, exitCode: number, reason?: string): void {
    this.containers = this.containers.map((container) =>
      isMeant(container) && container.state === "running"
        ? { ...container, state: "exited", finishedAtMs: this.now, exitCode, ...(reason !== undefined && { reason }) }
        : container,
    );
  }
}

function good(): StepResult {
  return { ok: true };
}
