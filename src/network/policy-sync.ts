/** Keeps the node's table of network policies equal to policies, pods and namespaces; a pod's containers start only after its rules are loaded. */
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { Stop } from "#base/stop.ts";
import type { Objects, View } from "#deck/objects.ts";
import { namespaceKind, type Namespace } from "#kinds/core/namespace.ts";
import { podKind, type Pod } from "#kinds/core/pod.ts";
import type { NetworkPolicy } from "#kinds/networking/network-policy-spec.ts";
import { networkPolicyKind } from "#kinds/networking/network-policy.ts";
import { run } from "#machine/command.ts";
import { speakerOf, type Speaker } from "#policy/network-policy.ts";
import { Bell } from "./bell.ts";
import { policyRules } from "./policy-rules.ts";

export interface PolicySyncOptions {
  readonly objects: Objects;
  readonly node: { readonly name: string; readonly podCidr: string };
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: Stop;
}

// Many pods come at once; one load of the table serves them all.
const COALESCE_MS = 20;
const RETRY_MS = 1_000;
// Then the start of the container fails, and the agent tries again: the pod may be gone by now.
const ADMIT_MS = 5_000;

/** A pod whose sandbox has an address that its status does not say yet. */
interface Newcomer {
  readonly pod: Pod;
  readonly ip: string;
}

export class PolicySync {
  readonly #options: PolicySyncOptions;
  readonly #bell: Bell;
  readonly #policies: View<NetworkPolicy>;
  /** All pods and namespaces are followed only once there is a policy. */
  #around: { readonly pods: View<Pod>; readonly namespaces: View<Namespace> } | null = null;
  readonly #newcomers = new Map<string, Newcomer>();
  /** Addresses, by uid, of pods whose rules are in the kernel. */
  #loadedPods: ReadonlyMap<string, string> = new Map();
  #waiting: (() => void)[] = [];
  #loaded: string | null = null;

  constructor(options: PolicySyncOptions) {
    this.#options = options;
    this.#bell = new Bell(options.stop);
    this.#policies = options.objects.view(networkPolicyKind);
  }

  /** Resolves once the rules for this pod at this address are loaded; at once while there is no policy. */
  async admit(pod: Pod, ip: string): Promise<void> {
    const { uid } = pod.metadata;
    await Promise.race([this.#policies.synced, this.#bell.stopped]);
    if (ip === "" || uid === undefined || pod.spec.hostNetwork === true) return;
    if (this.#policies.list().length === 0 || this.#loadedPods.get(uid) === ip) return;
    this.#newcomers.set(uid, { pod, ip });
    this.#bell.ring();
    const { clock, stop } = this.#options;
    const untilMs = clock.now() + ADMIT_MS;
    while (this.#loadedPods.get(uid) !== ip && this.#policies.list().length > 0 && !stop.aborted) {
      if (clock.now() >= untilMs) {
        this.#newcomers.delete(uid);
        throw new Fault("Timeout", "the packet rules of the pod's network policies are not loaded yet");
      }
      const loaded = new Promise<void>((resolve) => this.#waiting.push(resolve));
      await Promise.race([loaded, clock.sleep(ADMIT_MS, stop)]);
    }
  }

  /** Until `stop` fires. The caller is inside the node's network namespace. */
  async keep(): Promise<void> {
    const { clock, log, stop } = this.#options;
    using _policies = this.#policies.onChange(() => this.#bell.ring());
    await Promise.race([this.#policies.synced, this.#bell.stopped]);
    this.#bell.ring();
    while (await this.#bell.rung()) {
      try {
        await this.#load();
      } catch (thrown) {
        log.error("the rules of network policies could not be loaded", { reason: reasonOf(thrown) });
        await clock.sleep(RETRY_MS, stop);
        this.#bell.ring();
      }
      await clock.sleep(COALESCE_MS, stop);
    }
    this.#wake();
    this.#around?.pods[Symbol.dispose]();
    this.#around?.namespaces[Symbol.dispose]();
    this.#policies[Symbol.dispose]();
  }

  async #load(): Promise<void> {
    const { node } = this.#options;
    const policies = this.#policies.list();
    const { pods, namespaces } = policies.length === 0 ? NOBODY : await this.#follow();
    const addresses = this.#addresses(pods);
    const speakers = pods.flatMap((pod) => speakerOf(pod, addresses.get(pod.metadata.uid ?? "")) ?? []);
    const mine = pods
      .filter(({ spec }) => spec.nodeName === node.name)
      .flatMap((pod): readonly Speaker[] => {
        const speaker = speakerOf(pod, addresses.get(pod.metadata.uid ?? ""));
        return speaker === null ? [] : [speaker];
      });
    const names = new Map(namespaces.map(({ metadata }) => [metadata.name ?? "", metadata.labels ?? {}]));
    const text = policyRules({ policies, speakers, namespaces: names }, uniqueByIp(mine), node.podCidr);
    if (text !== this.#loaded) await run(["nft", "-f", "-"], { input: text });
    this.#loaded = text;
    this.#loadedPods = addresses;
    this.#wake();
  }

  async #follow(): Promise<{ readonly pods: readonly Pod[]; readonly namespaces: readonly Namespace[] }> {
    const { objects } = this.#options;
    if (this.#around === null) {
      this.#around = { pods: objects.view(podKind), namespaces: objects.view(namespaceKind) };
      this.#around.pods.onChange(() => this.#bell.ring());
      this.#around.namespaces.onChange(() => this.#bell.ring());
    }
    const { pods, namespaces } = this.#around;
    await Promise.race([Promise.all([pods.synced, namespaces.synced]), this.#bell.stopped]);
    return { pods: pods.list(), namespaces: namespaces.list() };
  }

  /** By uid; what a sandbox says is newer than what a status says, until the pod is gone. */
  #addresses(pods: readonly Pod[]): ReadonlyMap<string, string> {
    const here = new Map(
      pods
        .filter(({ spec }) => spec.nodeName === this.#options.node.name)
        .map(({ metadata, status }) => [metadata.uid ?? "", status?.podIP ?? ""]),
    );
    for (const [uid, { ip }] of this.#newcomers) {
      if (!here.has(uid)) {
        if (this.#loadedPods.has(uid)) this.#newcomers.delete(uid);
        continue; // Its event is still on its way: admit() goes on waiting.
      }
      if (here.get(uid) === ip) this.#newcomers.delete(uid);
      here.set(uid, ip);
    }
    return new Map([...here].filter(([, ip]) => ip !== ""));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

const NOBODY = { pods: [], namespaces: [] } as const;

/** Of two pods at one address the later one is alive: an address is given again only after its sandbox is gone. */
function uniqueByIp(speakers: readonly Speaker[]): readonly Speaker[] {
  return [...new Map(speakers.map((speaker) => [speaker.ip, speaker])).values()];
}
