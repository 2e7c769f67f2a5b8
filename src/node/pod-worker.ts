/** The loop of one pod: observe, let the plan be made, carry it out, publish the status. Level-triggered; one per pod. */
import { Fault, reasonOf } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import { keyOf } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import type { Tasks } from "#base/tasks.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { podKind } from "#kinds/core/pod.ts";
import type { PodStatus } from "#kinds/core/pod-status.ts";
import { emptyMemory, remember } from "#pods/memory.ts";
import { nextSteps } from "#pods/next.ts";
import { eventsOf } from "#pods/outcome-events.ts";
import {
  stepKey,
  type Observed,
  type Outcome,
  type PodEvent,
  type PodFailure,
  type PodMemory,
  type Step,
} from "#pods/observed.ts";
import { identityOf, type PodIdentity } from "./container-config.ts";
import { podCgroup } from "./node-facts.ts";
import type { PodMaterials } from "./pod-materials.ts";
import { PodSteps, type NodeAccess, type PodOnNode } from "./pod-steps.ts";
import type { RuntimeView } from "./runtime-view.ts";
import { allContainers } from "#pods/references.ts";
import { areVolumesThere, hasFolders, refreshVolumes } from "./volumes.ts";

export interface WorkerAccess extends NodeAccess {
  readonly runtime: RuntimeView;
  readonly materials: PodMaterials;
  readonly tasks: Tasks;
  readonly log: Log;
  /** Why the node cannot take the pod, or null. Asked once, for pods that are new to the node. */
  readonly refusal: (pod: Pod) => { readonly reason: string; readonly message: string } | null;
  readonly record: (pod: Pod, event: PodEvent) => void;
  /** The worker has nothing more to do, ever. */
  readonly onDone: (uid: string) => void;
}

// After an error of our own (the runtime or the API server is away).
const RETRY_MS = 1_000;
// Steps that make something: nothing of the pod is taken away while one of them runs.
const MAKING: ReadonlySet<Step["do"]> = new Set(["prepareVolumes", "createSandbox", "startContainer"]);
const TAKING: ReadonlySet<Step["do"]> = new Set(["stopSandbox", "removeSandbox", "cleanUp", "deleteObject"]);

export class PodWorker {
  readonly #access: WorkerAccess;
  readonly #identity: PodIdentity;
  readonly #steps: PodSteps;
  readonly #underWay = new Map<string, Step>();
  readonly #finished: Outcome[] = [];
  #pod: Pod;
  #isGone = false;
  #isClosed = false;
  #isAdmitted = false;
  #memory: PodMemory = emptyMemory;
  #areVolumesReady = false;
  #needsRefresh = true;
  #isRefreshing = false;
  #parts: Awaited<ReturnType<PodMaterials["open"]>> | null = null;
  #wanted: PodStatus | null = null;
  /** What the API server was last told. */
  #told: PodStatus | null = null;
  #isPublishing = false;
  #wake: (() => void) | null = null;
  #isWoken = false;
  #timer: Disposable | null = null;

  constructor(pod: Pod, access: WorkerAccess) {
    this.#pod = pod;
    this.#access = access;
    this.#identity = identityOf(pod);
    this.#steps = new PodSteps(access);
  }

  /** The object as the API server has it now. */
  update(pod: Pod): void {
    const before = this.#pod.metadata;
    this.#pod = pod;
    // Downward volumes show them.
    if (!sameJson([before.labels, before.annotations], [pod.metadata.labels, pod.metadata.annotations]))
      this.#needsRefresh = true;
    this.wake();
  }

  /** The object is gone: what runs of it must go, too. */
  forsake(): void {
    this.#isGone = true;
    this.wake();
  }

  /** The pod ends as failed although nobody deleted it. */
  evict(failure: PodFailure): void {
    if (this.#memory.failed !== undefined) return;
    this.#memory = { ...this.#memory, failed: failure };
    this.#access.record(this.#pod, { type: "Warning", reason: failure.reason, message: failure.message });
    this.wake();
  }

  wake(): void {
    this.#isWoken = true;
    this.#wake?.();
  }

  /** Whether something is being done for the pod right now. */
  get isBusy(): boolean {
    return this.#underWay.size > 0;
  }

  /** Volumes with tokens and copies of objects are looked at again. */
  refresh(): void {
    this.#needsRefresh = true;
    this.wake();
  }

  /** Ends the loop and leaves the pod as it is. */
  close(): void {
    this.#isClosed = true;
    this.wake();
  }

  /** Resolves when the pod is gone for good or the worker was closed. */
  async run(): Promise<void> {
    while (!this.#isClosed) {
      this.#isWoken = false;
      const isDone = await this.#turn().catch((thrown: unknown) => {
        this.#access.log.warn("a turn of a pod failed", { pod: this.#identity.name, reason: reasonOf(thrown) });
        this.#wakeAfter(RETRY_MS);
        return false;
      });
      if (isDone) break;
      await this.#woken();
    }
    this.#timer?.[Symbol.dispose]();
    this.#parts?.[Symbol.dispose]();
    if (!this.#isClosed) this.#access.onDone(this.#identity.uid);
  }

  async #woken(): Promise<void> {
    if (this.#isWoken) return;
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = null;
  }

  #wakeAfter(ms: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#access.clock.after(ms, () => this.wake());
  }

  /** True when nothing is left to do for ever. */
  async #turn(): Promise<boolean> {
    const pod = this.#pod;
    this.#settle(pod);
    this.#parts ??= await this.#access.materials.open(pod, () => this.refresh());
    const observed = await this.#observe(pod);
    this.#admit(pod, observed);
    const now = this.#access.clock.now();
    const plan = nextSteps(pod, { ...observed, memory: this.#memory }, now);
    this.#memory = plan.memory;
    this.#timer?.[Symbol.dispose]();
    if (plan.againAtMs !== undefined) this.#wakeAfter(Math.max(1, plan.againAtMs - now));
    for (const event of plan.events) this.#access.record(pod, event);
    if (!this.#isGone) this.#publish(pod, plan.status);
    const isTold = !this.#isPublishing && this.#isKnown(pod, plan.status);
    for (const step of plan.steps)
      if (this.#mayStart(step) && (step.do !== "deleteObject" || isTold)) this.#start(step, pod, observed);
    this.#refreshIfNeeded(observed);
    return (
      this.#isGone &&
      plan.steps.length === 0 &&
      this.#underWay.size === 0 &&
      !observed.hasLeftovers &&
      observed.sandboxes.length === 0 &&
      observed.containers.length === 0
    );
  }

  /** What has ended since the last turn, before anything is observed: so an observation is never older than what is remembered. */
  #settle(pod: Pod): void {
    for (const outcome of this.#finished.splice(0)) {
      this.#underWay.delete(stepKey(outcome.step));
      this.#memory = remember(this.#memory, pod, outcome, this.#access.clock.now());
      if (outcome.step.do === "prepareVolumes" && outcome.ok) this.#areVolumesReady = true;
      for (const event of eventsOf(pod, outcome)) this.#access.record(pod, event);
    }
  }

  async #observe(pod: Pod): Promise<Observed> {
    const { runtime, facts } = this.#access;
    const { uid } = this.#identity;
    const [onNode, images, hasLeftovers] = await Promise.all([
      runtime.pod(uid),
      this.#images(pod),
      this.#hasLeftovers(pod),
    ]);
    if (!this.#areVolumesReady && onNode.sandboxes.length > 0)
      this.#areVolumesReady = await areVolumesThere(pod, this.#parts?.volumes ?? [], facts);
    return {
      ...onNode,
      hostIp: facts.ip,
      images,
      areVolumesReady: this.#areVolumesReady,
      hasLeftovers,
      isGone: this.#isGone,
      underWay: [...this.#underWay.keys()],
      memory: this.#memory,
    };
  }

  async #images(pod: Pod): Promise<Readonly<Record<string, string | null>>> {
    if (this.#isGone || pod.metadata.deletionTimestamp !== undefined) return {};
    const names = [...new Set(allContainers(pod).map(({ image = "" }) => image))];
    const found = await Promise.all(names.map((name) => this.#imageId(name)));
    return Object.fromEntries(names.map((name, index) => [name, found[index] ?? null]));
  }

  async #imageId(name: string): Promise<string | null> {
    try {
      return (await this.#access.images.find(name))?.id ?? null;
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === "Invalid") return null; // Not a name: it cannot be there.
      throw thrown;
    }
  }

  async #hasLeftovers(pod: Pod): Promise<boolean> {
    if (!this.#isGone && pod.metadata.deletionTimestamp === undefined) return false;
    const { facts, cgroups } = this.#access;
    const { uid } = this.#identity;
    return (await hasFolders(uid, facts)) || (await cgroups.has(podCgroup(facts, uid)));
  }

  #admit(pod: Pod, observed: Observed): void {
    if (this.#isAdmitted) return;
    this.#isAdmitted = true;
    const isKnown =
      observed.sandboxes.length > 0 ||
      pod.status?.startTime !== undefined ||
      this.#isGone ||
      pod.metadata.deletionTimestamp !== undefined;
    const refusal = isKnown ? null : this.#access.refusal(pod);
    if (refusal === null) return;
    this.#memory = { ...this.#memory, failed: { ...refusal, atMs: this.#access.clock.now() } };
    this.#access.record(pod, { type: "Warning", ...refusal });
  }

  #mayStart(step: Step): boolean {
    if (this.#underWay.has(stepKey(step))) return false;
    const running = [...this.#underWay.values()];
    if (TAKING.has(step.do)) return !running.some((other) => MAKING.has(other.do));
    if (step.do === "removeContainer")
      return !running.some((other) => other.do === "startContainer" && other.container === step.container);
    return true;
  }

  #start(step: Step, pod: Pod, observed: Observed): void {
    this.#underWay.set(stepKey(step), step);
    const parts = this.#partsFor(pod, observed);
    this.#access.tasks.run(step.do, async () => {
      const result = await this.#steps.carryOut(step, parts);
      if (!result.ok && step.do !== "probe")
        this.#access.log.info("a step failed", {
          pod: this.#identity.name,
          step: stepKey(step),
          reason: result.message,
        });
      this.#finished.push({ step, ...result });
      this.wake();
    });
  }

  #partsFor(pod: Pod, observed: Observed): PodOnNode {
    const parts = this.#parts;
    if (parts === null) throw new Fault("InternalError", "a step before its materials");
    const podIp = observed.sandboxes.find(({ isReady }) => isReady)?.ip ?? "";
    const { volumes, token, claimed } = parts;
    return { pod, observed, volumes, token, claimed, values: parts.values(podIp) };
  }

  #refreshIfNeeded(observed: Observed): void {
    const pod = this.#pod; // The newest: a change during the turn has set the flag that is reset here.
    if (
      !this.#needsRefresh ||
      this.#isRefreshing ||
      !this.#areVolumesReady ||
      this.#isGone ||
      pod.metadata.deletionTimestamp !== undefined
    )
      return;
    this.#needsRefresh = false;
    const { volumes, values, token, claimed } = this.#partsFor(pod, observed);
    const { facts, hiddenPaths: hidden } = this.#access;
    this.#isRefreshing = true;
    this.#access.tasks.run("refresh volumes", async () => {
      try {
        await refreshVolumes(pod, volumes, { values, token, claimed, hidden }, facts);
      } finally {
        this.#isRefreshing = false;
        if (this.#needsRefresh) this.wake();
      }
    });
  }

  /** The API server has the status: it came back from there, perhaps by another's write, or was the last that it was told. */
  #isKnown(pod: Pod, status: PodStatus): boolean {
    return sameJson(status, pod.status) || sameJson(status, this.#told);
  }

  /** One write at a time, always of the newest status. */
  #publish(pod: Pod, status: PodStatus): void {
    if (this.#wanted === null && !this.#isPublishing && sameJson(status, pod.status)) return;
    this.#wanted = status;
    if (this.#isPublishing) return;
    this.#isPublishing = true;
    this.#access.tasks.run("publish status", async () => {
      try {
        for (let next = this.#wanted; next !== null; next = this.#wanted) {
          this.#wanted = null;
          await this.#write(next);
          this.#told = next;
        }
        // The end of the object waits for its last status.
        if (this.#pod.metadata.deletionTimestamp !== undefined) this.wake();
      } catch (thrown) {
        this.#access.log.warn("a status could not be written", { pod: this.#identity.name, reason: reasonOf(thrown) });
        this.#wakeAfter(RETRY_MS);
      } finally {
        this.#isPublishing = false;
      }
    });
  }

  async #write(status: PodStatus): Promise<void> {
    const { namespace, name, uid } = this.#identity;
    const decide = (live: Pod): Pod | null =>
      live.metadata.uid !== uid || sameJson(live.status, status) ? null : { ...live, status };
    await this.#access.objects.change(podKind, keyOf(namespace, name), decide, { subresource: "status" });
  }
}
