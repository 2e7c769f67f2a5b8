/** Carries out one step of a pod's plan: sandboxes, containers, hooks, volumes. What to do is decided elsewhere. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import type { Objects } from "#deck/objects.ts";
import { graceSeconds } from "#kinds/core/grace.ts";
import type { Container, EphemeralContainer, LifecycleAction } from "#kinds/core/pod-spec.ts";
import { podKind, type Pod } from "#kinds/core/pod.ts";
import { runtimeClassKind } from "#kinds/node/runtime-class.ts";
import { podCgroup as podCgroupLimits } from "#pods/cgroup.ts";
import { environmentOf, type ReferenceValues } from "#pods/environment.ts";
import type { Observed, Step, StepResult } from "#pods/observed.ts";
import type { Cgroups } from "./cgroups.ts";
import { PAUSE_IMAGE } from "./containerd-config.ts";
import { containerConfig, identityOf, sandboxConfig, type PodIdentity } from "./container-config.ts";
import type { Cri } from "./cri.ts";
import { grpcCode, isGrpc } from "./grpc.ts";
import { podCgroup, podFolder, type NodeFacts } from "./node-facts.ts";
import type { NodeImages } from "./node-images.ts";
import { ask, notifyHttp } from "./probes.ts";
import { allContainers } from "#pods/references.ts";
import type { Turns } from "./turns.ts";
import type { VolumeSources } from "./volume-types/volume-type.ts";
import { prepareVolumes, removeVolumes } from "./volumes.ts";
import { mountsFor } from "./container-mounts.ts";
import type { Volume } from "#kinds/core/volume.ts";

/** What all pods of the node share. */
export interface NodeAccess {
  readonly cri: Cri;
  readonly facts: NodeFacts;
  readonly cgroups: Cgroups;
  readonly images: NodeImages;
  readonly objects: Objects;
  readonly clock: Clock;
  /** Folders of the platform's instances, which no hostPath may show. */
  readonly hiddenPaths: () => Promise<readonly string[]>;
  /** The pod's packet rules are in the kernel when it resolves. */
  readonly admitPod: (pod: Pod, ip: string) => Promise<void>;
  /** Bounds how many sandboxes and containers are made or unmade at once. */
  readonly turns: Turns;
}

/** What is known of the pod when the step is carried out. */
export interface PodOnNode {
  readonly pod: Pod;
  readonly volumes: readonly Volume[];
  readonly values: ReferenceValues;
  readonly token: VolumeSources["token"];
  readonly claimed: VolumeSources["claimed"];
  readonly observed: Observed;
}

type StepOf<Do extends Step["do"]> = Step & { readonly do: Do };

// The sandbox is given this long to go away by itself before its processes are killed.
const LEAST_GRACE_SECONDS = 2;
const HOOK_MS = 30_000;

export class PodSteps {
  readonly #access: NodeAccess;
  /** Hooks and stops under way, by container, so that a sooner deadline can cut them short. */
  readonly #stopping = new Map<string, AbortController>();

  constructor(access: NodeAccess) {
    this.#access = access;
  }

  /** Never rejects: what went wrong is the result. */
  async carryOut(step: Step, parts: PodOnNode): Promise<StepResult> {
    try {
      if (step.do === "probe") return await this.#probe(step, parts);
      await this.#do(step, parts);
      return { ok: true };
    } catch (thrown) {
      if (thrown instanceof StepFailure) return { ok: false, reason: thrown.reason, message: thrown.message };
      // The thing to be removed is not there: that is what was wanted.
      if (/^(stop|remove)/.test(step.do) && isGrpc(thrown, grpcCode.notFound)) return { ok: true };
      return { ok: false, message: reasonOf(thrown) };
    }
  }

  async #do(step: Exclude<Step, { readonly do: "probe" }>, parts: PodOnNode): Promise<void> {
    const { cri, turns, objects, images } = this.#access;
    switch (step.do) {
      case "prepareVolumes":
        return this.#prepare(parts);
      case "createSandbox":
        return turns.take(() => this.#createSandbox(step, parts));
      case "pullImage":
        return images.pull(step.image).catch((cause: unknown) => {
          throw pullFailure(step.image, cause);
        });
      case "startContainer":
        return this.#start(step, parts);
      case "stopContainer":
        return this.#stop(step, parts);
      case "removeContainer":
        return turns.take(() => cri.removeContainer(step.id));
      case "stopSandbox":
        return turns.take(() => cri.stopSandbox(step.id));
      case "removeSandbox":
        return turns.take(async () => {
          await cri.stopSandbox(step.id);
          await cri.removeSandbox(step.id);
        });
      case "cleanUp":
        return this.cleanUp(identityOf(parts.pod));
      case "deleteObject": {
        const { namespace, name, uid } = identityOf(parts.pod);
        await objects.remove(podKind, keyOf(namespace, name), { gracePeriodSeconds: 0, uid });
      }
    }
  }

  /** Removes a pod's folders, mounts, logs and cgroups. */
  async cleanUp(identity: PodIdentity): Promise<void> {
    await removeVolumes(identity, this.#access.facts);
    await this.#access.cgroups.remove(podCgroup(this.#access.facts, identity.uid));
  }

  async #prepare({ pod, volumes, values, token, claimed }: PodOnNode): Promise<void> {
    const { facts, cgroups, hiddenPaths: hidden } = this.#access;
    await Promise.all([
      prepareVolumes(pod, volumes, { values, token, claimed, hidden }, facts),
      cgroups.create(podCgroup(facts, identityOf(pod).uid), podCgroupLimits(pod)),
    ]);
  }

  async #createSandbox({ attempt }: StepOf<"createSandbox">, { pod }: PodOnNode): Promise<void> {
    const { cri, facts, images } = this.#access;
    const handler = await this.#handlerOf(pod);
    await cri.runSandbox(sandboxConfig(pod, attempt, facts), handler).catch(async (cause: unknown) => {
      // Perhaps because the image that holds the sandbox was lost: the next try finds it again.
      images.refresh();
      await images.find(PAUSE_IMAGE);
      throw cause;
    });
  }

  /** The class may be gone since the pod was admitted: then it waits for one of that name. */
  async #handlerOf({ spec: { runtimeClassName: name = "" } }: Pod): Promise<string> {
    if (name === "") return "";
    const found = await this.#access.objects.get(runtimeClassKind, `/${name}`);
    if (found === null) throw new Fault("NotFound", `runtimeclass.node.k8s.io "${name}" not found`);
    return found.handler;
  }

  async #start(step: StepOf<"startContainer">, parts: PodOnNode): Promise<void> {
    const { cri, turns, admitPod } = this.#access;
    const container = containerOf(parts.pod, step.container);
    await admitPod(parts.pod, parts.observed.sandboxes.find(({ id: its }) => its === step.sandboxId)?.ip ?? "");
    const id = await turns.take(async () => {
      const created = await this.#create(step, container, parts);
      await cri.startContainer(created).catch((cause: unknown) => {
        throw new StepFailure("RunContainerError", reasonOf(cause), cause);
      });
      return created;
    });
    const hook = container.lifecycle?.postStart;
    if (hook === undefined) return;
    const failure = await this.#hook(hook, { id, container, parts, timeoutMs: HOOK_MS });
    if (failure === null) return;
    await cri.stopContainer(id, graceSeconds(parts.pod.spec.terminationGracePeriodSeconds));
    throw new StepFailure("PostStartHookError", `PostStartHook failed: ${failure}`);
  }

  async #create(step: StepOf<"startContainer">, container: Container, parts: PodOnNode): Promise<string> {
    const { cri, facts } = this.#access;
    const { pod } = parts;
    const config = await this.#configure(step, container, parts).catch((cause: unknown) => {
      throw cause instanceof StepFailure
        ? cause
        : new StepFailure("CreateContainerConfigError", reasonOf(cause), cause);
    });
    try {
      return await cri.createContainer(step.sandboxId, config, sandboxConfig(pod, 0, facts));
    } catch (cause) {
      this.#access.images.refresh(); // The next try looks at the image again, and brings what the runtime has lost of it.
      throw new StepFailure("CreateContainerError", reasonOf(cause), cause);
    }
  }

  async #configure(
    step: StepOf<"startContainer">,
    container: Container,
    { pod, volumes, values, observed }: PodOnNode,
  ): Promise<ReturnType<typeof containerConfig>> {
    const { facts, images } = this.#access;
    const environment = environmentOf(pod, container, values);
    if (!environment.ok) throw new Fault("NotFound", environment.message);
    const image = await images.find(container.image ?? "");
    if (image === null)
      throw new StepFailure("CreateContainerError", `the image ${container.image ?? ""} is gone from the node`);
    const sandbox = observed.sandboxes.find(({ id }) => id === step.sandboxId);
    const podIp = sandbox?.ip === undefined || sandbox.ip === "" ? facts.ip : sandbox.ip;
    const { variables } = environment;
    const hidden = await this.#access.hiddenPaths();
    const mounts = await mountsFor(pod, container, { volumes, variables, podIp, hidden }, facts);
    const messageFile = join(podFolder(facts, identityOf(pod).uid), "messages", `${container.name}-${step.attempt}`);
    const target = targetOf(container, observed);
    const config = containerConfig(
      pod,
      container,
      { attempt: step.attempt, image, variables, mounts, messageFile, ...(target !== undefined && { target }) },
      facts,
    );
    await mkdir(dirname(messageFile), { recursive: true });
    await writeFile(messageFile, "");
    await chmod(messageFile, 0o666); // The container may run as anybody.
    await mkdir(join(sandboxConfig(pod, 0, facts).log_directory ?? "", container.name), { recursive: true });
    return config;
  }

  /** A second, sooner stop of the same container cuts the first one's hook short and kills at its own deadline. */
  async #stop(step: StepOf<"stopContainer">, parts: PodOnNode): Promise<void> {
    const { cri, clock } = this.#access;
    this.#stopping.get(step.id)?.abort();
    const cut = new AbortController();
    this.#stopping.set(step.id, cut);
    try {
      if (step.preStop !== undefined && step.graceSeconds > 0) {
        const container = containerOf(parts.pod, step.container);
        const hook = this.#hook(step.preStop, { id: step.id, container, parts, timeoutMs: step.graceSeconds * 1_000 });
        await Promise.race([
          hook,
          new Promise<void>((resolve) => cut.signal.addEventListener("abort", () => resolve(), { once: true })),
        ]);
      }
      if (cut.signal.aborted) return; // The later stop does the rest.
      const leftSeconds = Math.ceil((step.deadlineMs - clock.now()) / 1_000);
      await cri.stopContainer(step.id, step.graceSeconds === 0 ? 0 : Math.max(LEAST_GRACE_SECONDS, leftSeconds));
    } finally {
      if (this.#stopping.get(step.id) === cut) this.#stopping.delete(step.id);
    }
  }

  async #probe(step: StepOf<"probe">, { pod }: PodOnNode): Promise<StepResult> {
    const { cri, facts } = this.#access;
    const asked = {
      cri,
      container: containerOf(pod, step.container),
      id: step.id,
      podIp: step.podIp === "" ? facts.ip : step.podIp,
      timeoutMs: step.timeoutMs,
    };
    return ask(step.probe, asked);
  }

  /** Null when the hook went well, else what it said. */
  async #hook(
    hook: LifecycleAction,
    at: { readonly id: string; readonly container: Container; readonly parts: PodOnNode; readonly timeoutMs: number },
  ): Promise<string | null> {
    const { cri, facts, clock } = this.#access;
    if (hook.sleep !== undefined) {
      await clock.sleep(Math.min(hook.sleep.seconds * 1_000, at.timeoutMs));
      return null;
    }
    const podIp = at.parts.observed.sandboxes.find(({ isReady }) => isReady)?.ip ?? "";
    const asked = {
      cri,
      container: at.container,
      id: at.id,
      podIp: podIp === "" ? facts.ip : podIp,
      timeoutMs: at.timeoutMs,
    };
    const answer = await (hook.httpGet === undefined ? ask(hook, asked) : notifyHttp(hook.httpGet, asked));
    return answer.ok ? null : answer.message;
  }
}

/** A failure with the reason that the pod's status shows. */
class StepFailure extends Error {
  override readonly name = "StepFailure";
  readonly reason: string;

  constructor(reason: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.reason = reason;
  }
}

/** A name that is none is the pod's fault and is told as such; everything else may be mended by trying again. */
function pullFailure(image: string, cause: unknown): StepFailure {
  const isNoName = cause instanceof Fault && cause.code === "Invalid";
  if (!isNoName) return new StepFailure("ErrImagePull", reasonOf(cause), cause);
  const why = `couldn't parse image name "${image}": invalid reference format`;
  return new StepFailure("InvalidImageName", `Failed to apply default image tag "${image}": ${why}`, cause);
}

/** The id of the container whose processes an ephemeral one is to see. */
function targetOf(
  { targetContainerName: name = "" }: EphemeralContainer,
  { containers }: Observed,
): string | undefined {
  if (name === "") return undefined;
  const found = containers.find((container) => container.name === name && container.state === "running");
  if (found === undefined) throw new Fault("NotFound", `unable to find target container "${name}"`);
  return found.id;
}

function containerOf(pod: Pod, name: string): Container {
  return allContainers(pod).find((container) => container.name === name) ?? { name };
}
