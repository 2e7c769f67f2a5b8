/** A whole cluster in memory for tests: the deck, the controllers' loops, and nodes that carry pods out as an agent would. */
import { microTimestamp, timestamp } from "#base/clock.ts";
import { type Log, type LogFields, silent } from "#base/log.ts";
import { stopper } from "#base/stop.ts";
import type { AnyController } from "#deck/controller.ts";
import type { Deck } from "#deck/deck.ts";
import type { FakeClock } from "#deck/fake-clock.ts";
import type { Journal } from "#deck/journal.ts";
import { runController } from "#deck/loop.ts";
import type { Objects } from "#deck/objects.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import { type Event, eventKind } from "#kinds/core/event.ts";
import type { Kind } from "#kinds/kind.ts";
import { leaseKind } from "#kinds/core/lease.ts";
import { namespaceKind } from "#kinds/core/namespace.ts";
import { nodeKind } from "#kinds/core/node.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { FakeNode, type FakeNodeOptions } from "#pods/fake-node.ts";

// So many rounds without a change mean that nothing more will happen until time goes on.
const QUIET_ROUNDS = 8;
const MOST_ROUNDS = 20_000;
// In memory a plan that is never content gives nobody else a turn: after so many changes in a row the loops are ended.
const MOST_CHANGES = 50_000;
const LEASES = "kube-node-lease";

export class SampleCluster implements AsyncDisposable {
  readonly deck: Deck;
  readonly clock: FakeClock;
  readonly objects: Objects;
  /** How the nodes' steps end. */
  result: NonNullable<FakeNodeOptions["result"]> = () => ({ ok: true });
  /** Called after every change of anything. */
  check: () => void = () => {};
  /** What the loops complained of. */
  readonly complaints: string[] = [];
  readonly #agents = new Map<string, FakeNode>();
  readonly #stopped = new Set<string>();
  readonly #loops: Promise<void>[];
  readonly #fire: () => void;
  #changes = 0;
  #settledAt = 0;
  #ips = 0;
  readonly #yield: () => Promise<void>;

  /** `yieldOnce` lets everything run that waits for no time: setImmediate, which code below the waterline cannot see. */
  static async open(
    journal: Journal,
    controllers: readonly AnyController[],
    yieldOnce: () => Promise<void>,
  ): Promise<SampleCluster> {
    const { deck, clock } = await openSampleDeck(journal);
    return new SampleCluster({ deck, clock }, controllers, yieldOnce);
  }

  private constructor(
    { deck, clock }: { readonly deck: Deck; readonly clock: FakeClock },
    controllers: readonly AnyController[],
    yieldOnce: () => Promise<void>,
  ) {
    this.deck = deck;
    this.clock = clock;
    this.objects = deck.objects("test");
    this.#yield = yieldOnce;
    const { stop, fire } = stopper();
    this.#fire = fire;
    this.#loops = controllers.map((controller) => {
      const complain = (message: string, fields: LogFields = {}): void =>
        void this.complaints.push(`${controller.name}: ${message} ${JSON.stringify(fields)}`);
      const log: Log = { ...silent, warn: complain, error: complain, with: (): Log => log };
      return runController(controller, deck.objects(controller.name), { clock, log, stop });
    });
    deck.follow(() => {
      this.#changes++;
      if (this.#changes - this.#settledAt > MOST_CHANGES) this.#fire();
      this.check();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fire();
    await Promise.all(this.#loops);
    await this.deck[Symbol.asyncDispose]();
  }

  async addNode(
    name: string,
    {
      labels = {},
      cpu = "4",
      memory = "8Gi",
      pods = "110",
      others = {},
    }: {
      readonly labels?: Readonly<Record<string, string>>;
      readonly cpu?: string;
      readonly memory?: string;
      readonly pods?: string;
      /** Extended resources. */
      readonly others?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<void> {
    const amounts = { cpu, memory, pods, ...others };
    const ready = {
      type: "Ready",
      status: "True" as const,
      lastTransitionTime: timestamp(this.clock.now()),
      lastHeartbeatTime: timestamp(this.clock.now()),
    };
    await this.objects.create(nodeKind, {
      metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
      status: { capacity: amounts, allocatable: amounts, conditions: [ready] },
    });
    if (this.deck.read(namespaceKind, `/${LEASES}`) === null)
      await this.objects.create(namespaceKind, { metadata: { name: LEASES } });
    await this.objects.create(leaseKind, {
      metadata: { name, namespace: LEASES },
      spec: { holderIdentity: name, renewTime: microTimestamp(this.clock.now()) },
    });
  }

  /** Its agent does nothing from now on, and its lease grows old. */
  stopNode(name: string): void {
    this.#stopped.add(name);
  }

  startNode(name: string): void {
    this.#stopped.delete(name);
  }

  /** Lets controllers and agents work until nothing changes at this moment. */
  async settle(mostRounds: number = MOST_ROUNDS): Promise<void> {
    let quiet = 0;
    for (let round = 0; quiet < QUIET_ROUNDS; round++) {
      const isRestless = round > mostRounds || this.#changes - this.#settledAt > MOST_CHANGES;
      if (isRestless) throw new RangeError("the cluster never comes to rest");
      const before = this.#changes;
      for (let turn = 0; turn < 4; turn++) await this.#yield();
      await this.#runAgents();
      quiet = this.#changes === before ? quiet + 1 : 0;
    }
    this.#settledAt = this.#changes;
  }

  /** Time goes on in steps; nodes renew their leases. */
  async pass(seconds: number, stepSeconds = 1): Promise<void> {
    for (let at = 0; at < seconds; at += stepSeconds) {
      this.clock.advance(stepSeconds * 1_000);
      await this.#renewLeases();
      await this.settle();
    }
  }

  list<T extends KubeObject>(kind: Kind<T>, namespace = "default"): readonly T[] {
    return this.deck.list(kind, kind.scope === "Cluster" ? {} : { namespace }).stored.map(({ object }) => object as T);
  }

  /** "Scaled up replica set web-1 from 0 to 3", oldest first. */
  told(about: string): readonly string[] {
    return this.list<Event>(eventKind)
      .filter(({ involvedObject }) => involvedObject.name === about)
      .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
      .map(({ reason, message }) => `${reason}: ${message}`);
  }

  /** The agent's view of one pod, to make its containers end. */
  agent(podName: string): FakeNode | undefined {
    return [...this.#agents.values()].find(({ pod }) => pod.metadata.name === podName);
  }

  async #runAgents(): Promise<void> {
    const pods = this.deck
      .list(podKind, {})
      .stored.map(({ object }) => object as Pod)
      .filter(({ spec }) => (spec.nodeName ?? "") !== "" && !this.#stopped.has(spec.nodeName ?? ""));
    const uids = new Set(pods.map(({ metadata }) => metadata.uid));
    for (const [uid, agent] of this.#agents)
      if (!uids.has(uid) && !this.#stopped.has(agent.pod.spec.nodeName ?? "")) this.#agents.delete(uid);
    for (const pod of pods) await this.#runAgent(pod);
  }

  async #runAgent(pod: Pod): Promise<void> {
    const uid = pod.metadata.uid ?? "";
    const now = this.clock.now();
    let agent = this.#agents.get(uid);
    if (agent === undefined) {
      const images = Object.fromEntries(
        [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map(({ image = "" }) => [image, "sha256:image"]),
      );
      agent = new FakeNode(pod, now, {
        images,
        podIp: `10.64.0.${++this.#ips}`,
        result: (step, at) => this.result(step, at),
      });
      this.#agents.set(uid, agent);
    }
    agent.pod = pod;
    const { status } = agent.run(now);
    const key = keyOfObject(pod);
    if (agent.isDeleted) {
      await this.objects.remove(podKind, key, { gracePeriodSeconds: 0, uid });
      return;
    }
    await this.objects.change(podKind, key, (live) => (live.metadata.uid === uid ? { ...live, status } : null), {
      subresource: "status",
      manager: "kubelet",
    });
  }

  async #renewLeases(): Promise<void> {
    const renewTime = microTimestamp(this.clock.now());
    for (const { metadata } of this.list(nodeKind)) {
      if (this.#stopped.has(metadata.name)) continue;
      await this.objects.change(leaseKind, `${LEASES}/${metadata.name}`, (lease) => ({
        ...lease,
        spec: { ...lease.spec, renewTime },
      }));
    }
  }
}
