/**
 * The contract with the node agent: what it tells about one pod (Observed), what it is asked to do (Step), and how it tells
 * what came of it (Outcome). Data only; the deciding is in next.ts, the remembering in memory.ts.
 *
 * The agent's whole loop for one pod:
 *
 *     const plan = nextSteps(pod, { ...whatCriSays, underWay: [...underWay], memory }, now);
 *     memory = plan.memory;
 *     for (const step of plan.steps) underWay.add(stepKey(step)), carryOut(step);   // they may all run side by side
 *     record plan.events; write plan.status to the status subresource when it differs; look again at plan.againAtMs.
 *
 * and whenever a step ends: `underWay.delete(stepKey(step)); memory = remember(memory, pod, { step, ...result }, now)`, record `eventsOf(pod, outcome)`, observe, plan again.
 * Every step's preconditions hold when it is handed out, so the steps of one plan may run side by side. Nothing is lost when
 * the agent dies: with `emptyMemory` and what CRI lists, the next plan goes on; only back-off delays begin anew.
 * `deleteObject` is carried out only when the API server has the plan's status: nobody can be told after the object is gone.
 */
import type { LifecycleAction, Probe } from "#kinds/core/pod-spec.ts";
import type { PodStatus } from "#kinds/core/pod-status.ts";

export interface Observed {
  /** The node's own address, for status.hostIP. */
  readonly hostIp: string;
  /** Every sandbox of the pod that CRI lists, in any order; the highest attempt is the current one. */
  readonly sandboxes: readonly ObservedSandbox[];
  /** Every container of the pod that CRI lists, in any order and of any attempt and sandbox. */
  readonly containers: readonly ObservedContainer[];
  /** By the image text of the spec: the image's id when it is on the node; null or missing when it is not. */
  readonly images: Readonly<Record<string, string | null>>;
  /** Whether the pod's folders and volume files are in place. An adopting agent may say true when the folder is there. */
  readonly areVolumesReady: boolean;
  /** Anything else of the pod that is still on the node: folders, log files, cgroups, addresses. Asks for "cleanUp" at the end. */
  readonly hasLeftovers: boolean;
  /** The object is gone from the API server (or belongs to another node now): stop and remove everything, write no status. */
  readonly isGone: boolean;
  /** stepKey of every step that was handed out and has not ended: it is not handed out again. */
  readonly underWay: readonly string[];
  /** What the plans before this one knew; `emptyMemory` at first. */
  readonly memory: PodMemory;
}

export interface ObservedSandbox {
  readonly id: string;
  /** From CRI's metadata; 0 for the first. */
  readonly attempt: number;
  readonly isReady: boolean;
  /** Empty while CRI has none; the node's address for hostNetwork pods may be left empty. */
  readonly ip: string;
  readonly createdAtMs: number;
}

export interface ObservedContainer {
  readonly id: string;
  readonly sandboxId: string;
  /** The name in the pod's spec; init containers included. */
  readonly name: string;
  /** From CRI's metadata: 0 for the first start, one more for each restart. */
  readonly attempt: number;
  readonly state: "created" | "running" | "exited" | "unknown";
  readonly imageId: string;
  readonly createdAtMs: number;
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
  /** Only when exited. */
  readonly exitCode?: number;
  /** CRI's word: "OOMKilled", "Error", "Completed", "StartError", … */
  readonly reason?: string;
  /** The termination message that the agent read (terminationMessagePath, or the log's tail), else CRI's own words. */
  readonly message?: string;
}

export type ProbeRole = "startup" | "liveness" | "readiness";

/** One thing to do. `container` is always a name in the spec, `id` always one of CRI's. */
export type Step =
  /** Folders, volume files, cgroups. May fail with a reason, for example a missing configMap. */
  | { readonly do: "prepareVolumes" }
  /** RunPodSandbox with this attempt number. */
  | { readonly do: "createSandbox"; readonly attempt: number }
  /** Make the image be there: from a registry when one may be asked, else fail with the reason "ErrImagePull". */
  | {
      readonly do: "pullImage";
      readonly container: string;
      /** Of the start that it is for. */
      readonly attempt: number;
      readonly image: string;
      readonly policy: "Always" | "IfNotPresent";
    }
  /**
   * CreateContainer, StartContainer and then the postStart hook, if any. A start that fails after it was created must end as an exited or removed container.
   * Reasons of failure: "CreateContainerConfigError" (environment, user), "CreateContainerError", "RunContainerError", "PostStartHookError".
   */
  | { readonly do: "startContainer"; readonly container: string; readonly attempt: number; readonly sandboxId: string }
  /**
   * Runs the hook (bounded by the grace period), then StopContainer with what is left of it, at least 2 s unless the grace period is 0.
   * A second stop of the same container with an earlier deadline may come while the first is under way: it must take effect at once.
   */
  | {
      readonly do: "stopContainer";
      readonly container: string;
      readonly id: string;
      readonly graceSeconds: number;
      readonly deadlineMs: number;
      readonly why: string;
      readonly preStop?: LifecycleAction;
    }
  | { readonly do: "removeContainer"; readonly container: string; readonly id: string }
  | { readonly do: "stopSandbox"; readonly id: string }
  | { readonly do: "removeSandbox"; readonly id: string }
  /** One probe, to be answered within `timeoutMs`. Its failure is an ordinary Outcome with the output as message. */
  | {
      readonly do: "probe";
      readonly role: ProbeRole;
      readonly container: string;
      readonly id: string;
      readonly probe: Probe;
      readonly podIp: string;
      readonly timeoutMs: number;
    }
  /** Removes what `hasLeftovers` speaks of. */
  | { readonly do: "cleanUp" }
  /** Deletes the object for good: grace period 0, with its uid as precondition. */
  | { readonly do: "deleteObject" };

/** What came of a step. */
export type Outcome = { readonly step: Step } & StepResult;
export type StepResult =
  /** A probe that is well may have something to say all the same. */
  | { readonly ok: true; readonly warning?: string }
  | { readonly ok: false; readonly reason?: string; readonly message: string };

/** Equal steps have equal keys: Observed.underWay holds those that have not ended. */
export function stepKey(step: Step): string {
  switch (step.do) {
    case "prepareVolumes":
    case "createSandbox":
    case "cleanUp":
    case "deleteObject":
      return step.do;
    case "pullImage":
      return `${step.do} ${step.image}`;
    case "startContainer":
      return `${step.do} ${step.container}`;
    case "stopContainer":
      return `${step.do} ${step.id} ${step.deadlineMs}`;
    case "removeContainer":
    case "stopSandbox":
    case "removeSandbox":
      return `${step.do} ${step.id}`;
    case "probe":
      return `${step.do} ${step.id} ${step.role}`;
  }
}

/** An Event about the pod; `container` (its field path when known) goes to involvedObject.fieldPath. */
export interface PodEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  /** "spec.containers{web}". */
  readonly fieldPath?: string;
}

export interface PodSteps {
  readonly steps: readonly Step[];
  /** The whole status as it should stand now. Unchanged times are kept, so equal means nothing to write. */
  readonly status: PodStatus;
  readonly memory: PodMemory;
  readonly events: readonly PodEvent[];
  /** Plan again at this wall time even if nothing is heard: probes, back-off, deadlines. */
  readonly againAtMs?: number;
}

/** What is known beyond what CRI lists. Made and changed by memory.ts and next.ts only; the agent just carries it. */
export interface PodMemory {
  /** When this agent first saw the pod. */
  readonly seenAtMs?: number;
  /** By container name: how long the newest exit waits for its restart. */
  readonly restarts: Readonly<Record<string, RestartMemory>>;
  /** By stepKey of a probe: "probe <container id> <role>". */
  readonly probes: Readonly<Record<string, ProbeMemory>>;
  /** By what failed: an image, "container <name>", "sandbox", "volumes". */
  readonly failures: Readonly<Record<string, FailureMemory>>;
  /** By container id. */
  readonly stops: Readonly<Record<string, { readonly deadlineMs: number; readonly why: string }>>;
  /** Images with policy Always that were pulled, as "<container> <attempt> <image>": each start wants its own pull. */
  readonly pulled: readonly string[];
  /** By stepKey: steps that ended well and are asked for all the same. What had no effect is not repeated at once. */
  readonly repeats: Readonly<Record<string, RepeatMemory>>;
  /** By container name: the newest exit that was seen. CRI forgets it with the sandbox, the status must not. */
  readonly exits: Readonly<Record<string, ObservedContainer>>;
  /** Set once, when the pod must end although nobody deleted it. */
  readonly failed?: PodFailure;
}

export interface PodFailure {
  readonly reason: string;
  readonly message: string;
  readonly atMs: number;
  /** Of the containers, when they may not have their own: the node cannot wait. */
  readonly graceSeconds?: number;
}

export interface RepeatMemory {
  readonly delayMs: number;
  readonly retryAtMs: number;
}

export interface RestartMemory {
  /** The container that exited. */
  readonly id: string;
  readonly delayMs: number;
  readonly retryAtMs: number;
}

export interface ProbeMemory {
  /** The standing result; null before the thresholds were reached for the first time. */
  readonly result: boolean | null;
  readonly successes: number;
  readonly failures: number;
  readonly lastAtMs: number;
  readonly message?: string;
}

export interface FailureMemory {
  readonly reason: string;
  readonly message: string;
  readonly delayMs: number;
  readonly retryAtMs: number;
}
