/** Whatever state a cluster is brought into, its controllers come to rest: within so many rounds, and with nothing repeated after that. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Random, seededRandom } from "#base/random.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { configMapKind } from "#kinds/core/config-map.ts";
import { daemonSetKind } from "#kinds/apps/daemon-set.ts";
import { deploymentKind } from "#kinds/apps/deployment.ts";
import { endpointsKind } from "#kinds/core/endpoints.ts";
import { jobKind } from "#kinds/batch/job.ts";
import type { Event } from "#kinds/core/event.ts";
import { horizontalPodAutoscalerKind } from "#kinds/autoscaling/horizontal-pod-autoscaler.ts";
import type { Kind } from "#kinds/kind.ts";
import { namespaceKind } from "#kinds/core/namespace.ts";
import { nodeKind } from "#kinds/core/node.ts";
import { keyOfObject, type KubeObject, type OwnerReference } from "#kinds/object.ts";
import { podKind } from "#kinds/core/pod.ts";
import { priorityClassKind } from "#kinds/core/priority-class.ts";
import { clusterRoleKind } from "#kinds/rbac/rbac.ts";
import { replicationControllerKind } from "#kinds/core/replication-controller.ts";
import { statefulSetKind } from "#kinds/apps/stateful-set.ts";
import { replicaSetKind } from "#kinds/apps/replica-set.ts";
import { serviceKind } from "#kinds/core/service.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { allControllers, instanceControllers } from "./all.ts";
import { SampleCluster } from "./sample-cluster.ts";

const yieldOnce = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

// Far more than any of these states needs, far less than a loop that never ends.
const MOST_ROUNDS = 1_500;
const DEEDS = 40;
const SPACES = ["default", "a", "b"];
const NAMES = ["w", "x", "y", "z"];
const NODES = ["node-1", "node-2", "node-3"];
/** What somebody may own, be owned by, and delete. */
const OWNABLE: readonly Kind[] = [
  configMapKind,
  daemonSetKind,
  deploymentKind,
  jobKind,
  replicaSetKind,
  replicationControllerKind,
  statefulSetKind,
  podKind,
  serviceKind,
];

/** One who does things at random, and does not mind being refused. */
class Meddler {
  readonly #cluster: SampleCluster;
  readonly #random: Random;

  constructor(cluster: SampleCluster, random: Random) {
    this.#cluster = cluster;
    this.#random = random;
  }

  async meddle(): Promise<void> {
    const deeds = [
      () => this.#addNode(),
      () => this.#loseNode(),
      () => this.#space(),
      () => this.#create(deploymentKind, this.#deployment()),
      () => this.#create(deploymentKind, this.#deployment()),
      () => this.#create(replicationControllerKind, this.#replicationController()),
      () => this.#create(daemonSetKind, this.#daemonSet()),
      () => this.#create(jobKind, this.#job()),
      () => this.#create(statefulSetKind, this.#statefulSet()),
      () => this.#change(),
      () => this.#gather(),
      () => this.#create(configMapKind, { metadata: this.#owned() }),
      () => this.#create(configMapKind, { metadata: this.#owned() }),
      () => this.#reown(),
      () => this.#create(serviceKind, this.#service()),
      () => this.#create(endpointsKind, this.#endpoints()),
      () => this.#create(horizontalPodAutoscalerKind, this.#autoscaler()),
      () => this.#delete(),
      () => this.#delete(),
    ];
    await this.#pick(deeds)().catch(() => {
      // Refused, taken or gone: what matters is what the controllers make of the rest.
    });
    if (this.#chance(0.5)) await yieldOnce();
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random.number() * from.length)] as T;
  }

  #chance(of: number): boolean {
    return this.#random.number() < of;
  }

  async #create(kind: Kind, object: object): Promise<void> {
    await this.#cluster.objects.create(kind, object as KubeObject);
  }

  async #addNode(): Promise<void> {
    const name = this.#pick(NODES);
    this.#cluster.startNode(name);
    await this.#cluster.addNode(name, { cpu: this.#pick(["500m", "2"]), others: { "example.com/gpu": "4" } });
  }

  async #loseNode(): Promise<void> {
    const name = this.#pick(NODES);
    this.#cluster.stopNode(name);
    if (this.#chance(0.5)) await this.#cluster.objects.remove(nodeKind, `/${name}`);
  }

  async #space(): Promise<void> {
    const name = this.#pick(SPACES);
    const labels = this.#chance(0.3) ? { "pod-security.kubernetes.io/enforce": "restricted" } : {};
    if (this.#chance(0.5)) await this.#create(namespaceKind, { metadata: { name, labels } });
    else if (name !== "default") await this.#cluster.objects.remove(namespaceKind, `/${name}`);
  }

  #meta(): { readonly name: string; readonly namespace: string } {
    return { name: this.#pick(NAMES), namespace: this.#pick(SPACES) };
  }

  #deployment(): object {
    const metadata = this.#meta();
    const labels = { app: metadata.name };
    const limits = this.#chance(0.4) ? { "example.com/gpu": this.#pick(["1", "2", "3"]) } : {};
    return {
      metadata,
      spec: {
        replicas: Math.floor(this.#random.number() * 5),
        paused: this.#chance(0.1),
        strategy: { type: this.#pick(["Recreate", "RollingUpdate"]) },
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            priorityClassName: this.#pick(["p1", "p2", "p3"]),
            containers: [
              {
                name: "c",
                image: "app:1",
                resources: { requests: { cpu: this.#pick(["100m", "400m", "3"]), ...limits }, limits },
              },
            ],
          },
        },
      },
    };
  }

  #replicationController(): object {
    const metadata = this.#meta();
    // Its pods may match a deployment's selector, and the other way round.
    const labels = { app: metadata.name };
    const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "app:1" }] } };
    return { metadata, spec: { replicas: Math.floor(this.#random.number() * 4), template } };
  }

  #daemonSet(): object {
    const metadata = this.#meta();
    const labels = { app: metadata.name };
    const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "app:1" }] } };
    const share = this.#chance(0.5) ? { maxSurge: 1, maxUnavailable: 0 } : {};
    return {
      metadata,
      spec: { selector: { matchLabels: labels }, template, updateStrategy: { rollingUpdate: share } },
    };
  }

  #job(): object {
    const template = { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "app:1" }] } };
    const completionMode = this.#pick(["NonIndexed", "Indexed"]);
    const [completions, parallelism] = [this.#pick([1, 3]), this.#pick([0, 1, 4])];
    const suspend = this.#chance(0.2);
    return { metadata: this.#meta(), spec: { completionMode, completions, parallelism, suspend, template } };
  }

  #statefulSet(): object {
    const metadata = this.#meta();
    const labels = { app: metadata.name };
    const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "app:1" }] } };
    const replicas = Math.floor(this.#random.number() * 4);
    const podManagementPolicy = this.#pick(["OrderedReady", "Parallel"]);
    return { metadata, spec: { replicas, podManagementPolicy, selector: { matchLabels: labels }, template } };
  }

  /** Roles that gather others, perhaps each other. */
  async #gather(): Promise<void> {
    const name = this.#pick(NAMES);
    const into = (to: string): object => ({ matchLabels: { [`into-${to}`]: "yes" } });
    await this.#create(clusterRoleKind, {
      metadata: { name, labels: { [`into-${this.#pick(NAMES)}`]: "yes" } },
      rules: [{ verbs: ["get"], apiGroups: [""], resources: [name] }],
      ...(this.#chance(0.6) && { aggregationRule: { clusterRoleSelectors: [into(name)] } }),
    });
  }

  async #change(): Promise<void> {
    const { name, namespace } = this.#meta();
    const replicas = Math.floor(this.#random.number() * 6);
    const env = [{ name: "VERSION", value: this.#pick(NAMES) }];
    await this.#cluster.objects.change(deploymentKind, `${namespace}/${name}`, (live) => {
      const { template } = live.spec;
      const containers = (template.spec?.containers ?? []).map((container) => ({ ...container, env }));
      return {
        ...live,
        spec: { ...live.spec, replicas, template: { ...template, spec: { ...template.spec, containers } } },
      };
    });
  }

  #owned(): object {
    const owners = this.#chance(0.7) ? this.#owners() : [];
    const finalizers = this.#chance(0.1) ? ["test/hold"] : [];
    return { ...this.#meta(), finalizers, ownerReferences: owners };
  }

  /** Of any kind and any namespace, there or not: also where it cannot own. */
  #owners(): readonly OwnerReference[] {
    const kind = this.#pick(OWNABLE);
    const owner = this.#pick([...SPACES.flatMap((space) => this.#cluster.list(kind, space)), undefined]);
    if (owner === undefined) return [];
    const { name, uid = "" } = owner.metadata;
    const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
    return [{ apiVersion, kind: kind.kind, name, uid, blockOwnerDeletion: this.#chance(0.8) }];
  }

  async #reown(): Promise<void> {
    const owners = this.#owners();
    const { name, namespace } = this.#meta();
    await this.#cluster.objects.change(configMapKind, `${namespace}/${name}`, (live) => ({
      ...live,
      metadata: { ...live.metadata, ownerReferences: owners },
    }));
  }

  #service(): object {
    const metadata = this.#meta();
    const selector = this.#chance(0.7) ? { app: this.#pick(NAMES) } : {};
    return { metadata, spec: { ports: [{ port: 80 }], selector } };
  }

  #endpoints(): object {
    return { metadata: this.#meta(), subsets: [{ addresses: [{ ip: "10.9.8.7" }], ports: [{ port: 80 }] }] };
  }

  #autoscaler(): object {
    const metadata = this.#meta();
    const target = { type: "Utilization", averageUtilization: 50 };
    return {
      metadata,
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: this.#pick(NAMES) },
        minReplicas: this.#pick([1, 2]),
        maxReplicas: 4,
        metrics: [{ type: "Resource", resource: { name: "cpu", target } }],
      },
    };
  }

  async #delete(): Promise<void> {
    const kind = this.#pick(OWNABLE);
    const victim = this.#pick([...SPACES.flatMap((space) => this.#cluster.list(kind, space)), undefined]);
    if (victim === undefined) return;
    const propagation = this.#pick(["Background", "Foreground", "Orphan"] as const);
    await this.#cluster.objects.remove(kind, keyOfObject(victim), { propagation });
  }
}

/** Leases are renewed for ever, and an autoscaler without metrics says so at each of its rounds, as upstream's. */
function isRestless(storage: string, object: KubeObject): boolean {
  if (storage === "coordination.k8s.io/leases") return true;
  return storage === "core/events" && (object as Event).involvedObject.kind === "HorizontalPodAutoscaler";
}

const everyController = [
  ...allControllers,
  ...instanceControllers({ edge: { ip: "127.0.0.1", port: 8080 }, ca: "certificate" }),
];

async function comesToRest(seed: number): Promise<void> {
  await using cluster = await SampleCluster.open(new MemoryJournal(new FakeClock()), everyController, yieldOnce);
  const meddler = new Meddler(cluster, seededRandom(seed));
  for (const [at, name] of ["p1", "p2", "p3"].entries())
    await cluster.objects.create(priorityClassKind, { metadata: { name }, value: at });
  for (let burst = 0; burst < 3; burst++) {
    for (let deed = 0; deed < DEEDS; deed++) await meddler.meddle();
    await cluster.settle(MOST_ROUNDS);
    await cluster.pass(60, 20);
  }
  // Lost nodes are given up after five minutes, rollouts after ten, and autoscalers settle.
  await cluster.pass(1_200, 20);
  const changed: string[] = [];
  cluster.deck.follow((storage, { key, next, previous }) => {
    const object = (next ?? previous)?.object;
    if (object !== undefined && !isRestless(storage, object)) changed.push(`${storage}/${key}`);
  });
  const complaints = cluster.complaints.length;
  await cluster.pass(120, 20);
  // What a policy refuses is tried again, ever more seldom; it is told as an event and a condition.
  const unrefused = changed.filter((key) => !key.startsWith("core/events/"));
  assert.deepEqual(unrefused, []);
  assert.ok(changed.length <= 5, changed.join("\n"));
  assert.ok(cluster.complaints.length - complaints <= 5, cluster.complaints.slice(complaints).join("\n"));
}

const fresh = Math.trunc(performance.timeOrigin + performance.now()) % 1_000_000;
// 1015: an agent and the node controller contradicted each other within one second.
for (const seed of [1, 2, 1015, fresh])
  test(`all controllers come to rest from any state: seed ${seed}`, () => comesToRest(seed));
