/** Upkeep on a deck in memory: who goes with whom, how namespaces empty, what becomes of pods on lost nodes, the autoscaler's rounds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { timestamp } from "#base/clock.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { type ConfigMap, configMapKind } from "#kinds/core/config-map.ts";
import { type Deployment, deploymentKind } from "#kinds/apps/deployment.ts";
import { endpointSliceKind } from "#kinds/networking/endpoint-slice.ts";
import { eventKind } from "#kinds/core/event.ts";
import {
  type HorizontalPodAutoscaler,
  horizontalPodAutoscalerKind,
} from "#kinds/autoscaling/horizontal-pod-autoscaler.ts";
import { podMetricsKind } from "#kinds/autoscaling/metrics.ts";
import { type Namespace, namespaceKind } from "#kinds/core/namespace.ts";
import { type Node, nodeKind } from "#kinds/core/node.ts";
import { controllerOf, type OwnerReference } from "#kinds/object.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { priorityClassKind } from "#kinds/core/priority-class.ts";
import { type ReplicaSet, replicaSetKind } from "#kinds/apps/replica-set.ts";
import { serviceKind } from "#kinds/core/service.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { allControllers } from "./all.ts";
import { isActive, isReady } from "./pod-facts.ts";
import { SampleCluster } from "./sample-cluster.ts";

function open(): Promise<SampleCluster> {
  return SampleCluster.open(
    new MemoryJournal(new FakeClock()),
    allControllers,
    () => new Promise((resolve) => setImmediate(resolve)),
  );
}

function deployment(replicas = 3, requests: Readonly<Record<string, string>> = { cpu: "100m" }): Deployment {
  const spec = { containers: [{ name: "web", image: "app:1", resources: { requests } }] };
  return {
    metadata: { name: "web", namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" } }, spec },
    },
  };
}

async function openWithWeb(replicas = 3): Promise<SampleCluster> {
  const cluster = await open();
  await cluster.addNode("node-1");
  await cluster.objects.create(deploymentKind, deployment(replicas));
  await cluster.settle();
  assert.equal(cluster.list(podKind).filter(isReady).length, replicas);
  return cluster;
}

async function config(
  cluster: SampleCluster,
  name: string,
  owners: readonly OwnerReference[] = [],
): Promise<ConfigMap> {
  return cluster.objects.create<ConfigMap>(configMapKind, {
    metadata: { name, namespace: "default", ...(owners.length > 0 && { ownerReferences: owners }) },
  });
}

function owner(of: ConfigMap, rest: Partial<OwnerReference> = {}): OwnerReference {
  return { apiVersion: "v1", kind: "ConfigMap", name: of.metadata.name, uid: of.metadata.uid ?? "", ...rest };
}

function names(cluster: SampleCluster): readonly string[] {
  return cluster
    .list(configMapKind)
    .map(({ metadata }) => metadata.name)
    .filter((name) => name !== "kube-root-ca.crt");
}

test("background: the deployment goes, then its sets, then their pods", async () => {
  await using cluster = await openWithWeb();
  await cluster.objects.remove(deploymentKind, "default/web", { propagation: "Background" });
  await cluster.settle();
  assert.deepEqual([cluster.list(deploymentKind), cluster.list(replicaSetKind), cluster.list(podKind)], [[], [], []]);
});

test("foreground: the deployment stays until the last pod is gone", async () => {
  await using cluster = await openWithWeb();
  cluster.result = (step) => (step.do === "stopContainer" ? null : { ok: true });
  await cluster.objects.remove(deploymentKind, "default/web", { propagation: "Foreground" });
  await cluster.settle();
  assert.equal(cluster.list(deploymentKind)[0]?.metadata.finalizers?.[0], "foregroundDeletion");
  assert.equal(cluster.list(replicaSetKind).length, 1);
  assert.equal(
    cluster.list(podKind).every(({ metadata }) => metadata.deletionTimestamp !== undefined),
    true,
  );
  for (const { metadata } of cluster.list(podKind)) cluster.agent(metadata.name)?.finish("stop web in 30s");
  await cluster.settle();
  assert.deepEqual([cluster.list(deploymentKind), cluster.list(replicaSetKind), cluster.list(podKind)], [[], [], []]);
});

test("orphan: the set stays, with its pods and without its owner", async () => {
  await using cluster = await openWithWeb();
  await cluster.objects.remove(deploymentKind, "default/web", { propagation: "Orphan" });
  await cluster.settle();
  assert.equal(cluster.list(deploymentKind).length, 0);
  assert.equal(cluster.list(podKind).length, 3);
  const [set] = cluster.list(replicaSetKind);
  assert.equal(set && controllerOf(set), undefined);
  await cluster.objects.create(deploymentKind, deployment());
  await cluster.settle();
  assert.equal(cluster.list(replicaSetKind)[0]?.metadata.ownerReferences?.[0]?.name, "web");
  assert.equal(cluster.list(replicaSetKind).length, 1);
});

test("an owner that never was, or was another of that name: the dependent goes", async () => {
  await using cluster = await open();
  const one = await config(cluster, "owner");
  await config(cluster, "unknown", [owner(one, { name: "nobody" })]);
  await config(cluster, "mistaken", [owner(one, { uid: "another" })]);
  await config(cluster, "right", [owner(one)]);
  await cluster.settle();
  assert.deepEqual(names(cluster), ["owner", "right"]);
});

test("of two owners one goes: the dependent stays and forgets it", async () => {
  await using cluster = await open();
  const [a, b] = [await config(cluster, "a"), await config(cluster, "b")];
  await config(cluster, "child", [owner(a), owner(b)]);
  await cluster.objects.remove(configMapKind, "default/a");
  await cluster.settle();
  assert.deepEqual(names(cluster), ["b", "child"]);
  assert.deepEqual(
    cluster.deck.read(configMapKind, "default/child")?.object.metadata.ownerReferences?.map(({ name }) => name),
    ["b"],
  );
  await cluster.objects.remove(configMapKind, "default/b");
  await cluster.settle();
  assert.deepEqual(names(cluster), []);
});

test("an owner of a kind that nobody knows is left in peace", async () => {
  await using cluster = await open();
  await config(cluster, "child", [{ apiVersion: "example.com/v1", kind: "Thing", name: "x", uid: "u" }]);
  await cluster.settle();
  assert.deepEqual(names(cluster), ["child"]);
});

test("a namespace empties, says what remains, and goes", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1");
  await cluster.objects.create<Namespace>(namespaceKind, { metadata: { name: "shop" } });
  const inShop = <T extends { readonly metadata: { readonly name: string } }>(object: T): T => ({
    ...object,
    metadata: { ...object.metadata, namespace: "shop" },
  });
  await cluster.objects.create(deploymentKind, inShop(deployment(2)));
  await cluster.objects.create(
    serviceKind,
    inShop({ metadata: { name: "web" }, spec: { selector: { app: "web" }, ports: [{ port: 80 }] } }),
  );
  await cluster.settle();
  cluster.result = (step) => (step.do === "stopContainer" ? null : { ok: true });
  await cluster.objects.remove(namespaceKind, "/shop");
  await cluster.settle();
  const shop = cluster.deck.read(namespaceKind, "/shop")?.object as Namespace;
  const told = shop.status?.conditions?.find(({ type }) => type === "NamespaceContentRemaining");
  assert.equal(shop.status?.phase, "Terminating");
  assert.equal(told?.message, "Some resources are remaining: pods. has 2 resource instances");
  assert.equal(cluster.list(endpointSliceKind, "shop").length, 0);
  for (const { metadata } of cluster.list(podKind, "shop")) cluster.agent(metadata.name)?.finish("stop web in 30s");
  await cluster.settle();
  assert.equal(cluster.deck.read(namespaceKind, "/shop"), null);
  assert.equal(cluster.list(podKind, "shop").length, 0);
});

function nodeNamed(cluster: SampleCluster, name: string): Node {
  return cluster.deck.read(nodeKind, `/${name}`)?.object as Node;
}

test("a node falls silent: Unknown and tainted after 50 s, its pods unready at once and moved after five minutes, all well when it is back", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1");
  await cluster.addNode("node-2");
  await cluster.objects.create(serviceKind, {
    metadata: { name: "web", namespace: "default" },
    spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
  });
  await cluster.objects.create(deploymentKind, deployment(4));
  await cluster.settle();
  const onLost = (): readonly Pod[] => cluster.list(podKind).filter(({ spec }) => spec.nodeName === "node-2");
  const ready = (): number =>
    cluster
      .list(endpointSliceKind)
      .flatMap(({ endpoints }) => endpoints)
      .filter(({ conditions }) => conditions?.ready === true).length;
  assert.equal(onLost().length, 2);
  assert.equal(ready(), 4);
  cluster.stopNode("node-2");
  await cluster.pass(50, 10);
  assert.equal(nodeNamed(cluster, "node-2").spec?.taints, undefined);
  await cluster.pass(10, 10);
  const lost = nodeNamed(cluster, "node-2");
  assert.deepEqual(
    lost.spec?.taints?.map(({ key, effect }) => `${key}:${effect}`),
    ["node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"],
  );
  assert.equal(lost.status?.conditions?.find(({ type }) => type === "Ready")?.reason, "NodeStatusUnknown");
  assert.deepEqual(cluster.told("node-2"), ["NodeNotReady: Node node-2 status is now: NodeNotReady"]);
  assert.equal(onLost().filter(isReady).length, 0);
  assert.equal(ready(), 2);
  await cluster.pass(280, 20);
  assert.equal(onLost().filter(({ metadata }) => metadata.deletionTimestamp !== undefined).length, 0);
  await cluster.pass(40, 20);
  assert.equal(onLost().filter(({ metadata }) => metadata.deletionTimestamp !== undefined).length, 2);
  assert.equal(
    cluster.list(podKind).filter((pod) => isActive(pod) && isReady(pod) && pod.spec.nodeName === "node-1").length,
    4,
  );
  assert.equal(ready(), 4);
  cluster.startNode("node-2");
  const well = {
    type: "Ready",
    status: "True" as const,
    lastTransitionTime: timestamp(cluster.clock.now()),
    lastHeartbeatTime: timestamp(cluster.clock.now()),
  };
  await cluster.objects.change(
    nodeKind,
    "/node-2",
    (node) => ({ ...node, status: { ...node.status, conditions: [well] } }),
    { subresource: "status" },
  );
  await cluster.pass(2);
  assert.equal(nodeNamed(cluster, "node-2").spec?.taints, undefined);
  assert.equal(onLost().length, 0);
});

test("a control plane that stood still for a minute holds it against no node, and still finds the one that is silent", async () => {
  await using cluster = await openWithWeb();
  await cluster.addNode("node-2");
  await cluster.pass(20, 10);
  cluster.stopNode("node-2");
  // Time goes on, but nobody renews a lease that we could see: we were not there.
  cluster.clock.advance(60_000);
  await cluster.settle();
  for (const name of ["node-1", "node-2"]) assert.equal(nodeNamed(cluster, name).spec?.taints, undefined, name);
  assert.equal(cluster.list(podKind).filter(isReady).length, 3);
  await cluster.pass(60, 10);
  assert.equal(nodeNamed(cluster, "node-1").spec?.taints, undefined);
  assert.equal(nodeNamed(cluster, "node-2").spec?.taints?.[0]?.key, "node.kubernetes.io/unreachable");
});

test("a control plane that stood still while pods were about to be moved lets their node speak first", async () => {
  await using cluster = await openWithWeb();
  await cluster.addNode("node-2");
  await cluster.pass(20, 10);
  cluster.stopNode("node-1");
  await cluster.pass(100, 10);
  assert.equal(nodeNamed(cluster, "node-1").spec?.taints?.[0]?.key, "node.kubernetes.io/unreachable");
  cluster.clock.advance(600_000);
  await cluster.settle();
  assert.equal(cluster.list(podKind).filter(isActive).length, 3);
  await cluster.pass(20, 10);
  assert.ok(
    cluster.list(podKind).every(({ spec, metadata }) => spec.nodeName !== "node-1" || metadata.deletionTimestamp),
  );
});

test("a node that never says how it is takes nobody, and is unreachable after a minute", async () => {
  await using cluster = await open();
  await cluster.objects.create(nodeKind, { metadata: { name: "node-1" } });
  const taints = (): readonly string[] =>
    (nodeNamed(cluster, "node-1").spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);
  await cluster.pass(60, 10);
  assert.deepEqual(taints(), ["node.kubernetes.io/not-ready:NoSchedule"]);
  await cluster.pass(10, 10);
  // It is the only one: nobody is evicted while every node is lost.
  assert.deepEqual(taints(), ["node.kubernetes.io/unreachable:NoSchedule"]);
  await cluster.addNode("node-2");
  await cluster.pass(10, 10);
  assert.deepEqual(taints(), ["node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"]);
  const [ready] = nodeNamed(cluster, "node-1").status?.conditions ?? [];
  assert.equal(ready?.reason, "NodeStatusNeverUpdated");
});

test("a cordoned node carries the taint for it", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1");
  const cordon = (unschedulable: boolean): Promise<unknown> =>
    cluster.objects.change(nodeKind, "/node-1", (node) => ({ ...node, spec: { ...node.spec, unschedulable } }));
  await cordon(true);
  await cluster.settle();
  assert.deepEqual(
    nodeNamed(cluster, "node-1").spec?.taints?.map(({ key }) => key),
    ["node.kubernetes.io/unschedulable"],
  );
  await cordon(false);
  await cluster.settle();
  assert.equal(nodeNamed(cluster, "node-1").spec?.taints, undefined);
});

test("a node that is deleted takes its pods along after 40 s; they come back elsewhere", async () => {
  await using cluster = await openWithWeb();
  await cluster.addNode("node-2");
  cluster.stopNode("node-1");
  await cluster.objects.remove(nodeKind, "/node-1");
  await cluster.pass(50, 10);
  assert.deepEqual(
    cluster.list(podKind).map(({ spec }) => spec.nodeName),
    ["node-2", "node-2", "node-2"],
  );
});

test("a more important pod takes the place of a lesser one", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1", { cpu: "300m" });
  await cluster.objects.create(priorityClassKind, { metadata: { name: "high" }, value: 1000 });
  await cluster.objects.create(deploymentKind, deployment(3));
  await cluster.settle();
  const important: Pod = {
    metadata: { name: "vip", namespace: "default" },
    spec: {
      priorityClassName: "high",
      containers: [{ name: "web", image: "app:1", resources: { requests: { cpu: "100m" } } }],
    },
  };
  await cluster.objects.create(podKind, important);
  await cluster.settle();
  const vip = cluster.deck.read(podKind, "default/vip")?.object as Pod;
  assert.equal(vip.spec.nodeName, "node-1");
  assert.equal(isReady(vip), true);
  const waiting = cluster.list(podKind).filter(({ spec }) => spec.nodeName === undefined);
  assert.equal(waiting.length, 1);
  assert.match(
    cluster
      .list(eventKind)
      .map(({ message = "" }) => message)
      .join("\n"),
    /Preempted by pod .* on node node-1/,
  );
});

/** Upstream's PreemptionExecutionPath: three sets fill a node, the most important one comes last. */
test("the replacements of preempted pods do not take the room that was made with an extended resource", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1", { others: { "example.com/fakecpu": "1000" } });
  const set = (name: string, replicas: number, amount: string): ReplicaSet => ({
    metadata: { name, namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          priorityClassName: name,
          containers: [{ name: "web", image: "app:1", resources: { limits: { "example.com/fakecpu": amount } } }],
        },
      },
    },
  });
  const created = new Map<string, number>();
  cluster.deck.follow((storage, { key, next, previous }) => {
    if (storage !== "core/pods" || next === null || previous !== null) return;
    const name = key.replace(/^default\/(.*)-\w+$/, "$1");
    created.set(name, (created.get(name) ?? 0) + 1);
  });
  const sets = [set("p1", 5, "100"), set("p2", 2, "200"), set("p3", 1, "100"), set("p4", 2, "450")];
  for (const [at, each] of sets.entries()) {
    await cluster.objects.create(priorityClassKind, { metadata: { name: each.metadata.name }, value: at + 1 });
    await cluster.objects.create(replicaSetKind, each);
    await cluster.settle();
  }
  await cluster.pass(120, 10);
  const running = cluster.list(podKind).filter(isReady);
  const left = running.map(({ metadata }) => metadata.labels?.["app"] ?? "").toSorted((a, b) => (a < b ? -1 : 1));
  assert.deepEqual(left, ["p3", "p4", "p4"]);
  // A pod per place, and one more for each that had to go: five, two and none.
  assert.deepEqual(Object.fromEntries(created), { p1: 10, p2: 4, p3: 1, p4: 2 });
});

test("events are forgotten after an hour", async () => {
  await using cluster = await openWithWeb(1);
  assert.ok(cluster.list(eventKind).length > 0);
  await cluster.pass(3_630, 30);
  assert.equal(cluster.list(eventKind).length, 0);
});

async function setLoad(cluster: SampleCluster, percent: number): Promise<void> {
  for (const { metadata } of cluster.list(podMetricsKind))
    await cluster.objects.remove(podMetricsKind, `default/${metadata.name}`);
  for (const { metadata } of cluster.list(podKind).filter(isReady)) {
    const usage = { cpu: `${percent}m`, memory: "10Mi" };
    await cluster.objects.create(podMetricsKind, {
      metadata: { name: metadata.name, namespace: "default" },
      timestamp: timestamp(cluster.clock.now()),
      window: "5s",
      containers: [{ name: "web", usage }],
    });
  }
}

test("the autoscaler: up with the load, down five minutes after it, as its events say", async () => {
  await using cluster = await openWithWeb(3);
  const autoscaler: HorizontalPodAutoscaler = {
    metadata: { name: "web", namespace: "default" },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      minReplicas: 3,
      maxReplicas: 10,
      metrics: [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } },
      ],
    },
  };
  await cluster.pass(60, 20);
  await setLoad(cluster, 150);
  await cluster.objects.create(horizontalPodAutoscalerKind, autoscaler);
  await cluster.settle();
  const size = (): number | undefined =>
    cluster.deck.read(deploymentKind, "default/web") === null
      ? undefined
      : (cluster.list(deploymentKind)[0]?.spec.replicas ?? 0);
  // 150 % of 70 % is 2.14: 3 becomes 7, but at most twice as many in one step.
  assert.equal(size(), 6);
  for (let round = 0; round < 4; round++) {
    await cluster.pass(15, 5);
    await setLoad(cluster, 150);
  }
  assert.equal(size(), 10);
  await setLoad(cluster, 10);
  const highAt = cluster.clock.now();
  while (size() === 10 && cluster.clock.now() < highAt + 600_000) {
    await cluster.pass(15, 15);
    await setLoad(cluster, 10);
  }
  const waitedSeconds = (cluster.clock.now() - highAt) / 1_000;
  assert.ok(waitedSeconds >= 285 && waitedSeconds <= 330, `waited ${waitedSeconds} s`);
  assert.equal(size(), 3);
  const rescales = cluster.told("web").filter((text) => text.startsWith("SuccessfulRescale"));
  assert.deepEqual(rescales, [
    "SuccessfulRescale: New size: 6; reason: cpu resource utilization (percentage of request) above target",
    // The new pods have no samples yet, so the metric asks for no change; the 7 of before still stands (upstream says no reason then).
    "SuccessfulRescale: New size: 7; reason: ",
    "SuccessfulRescale: New size: 10; reason: cpu resource utilization (percentage of request) above target",
    "SuccessfulRescale: New size: 3; reason: All metrics below target",
  ]);
  const status = (cluster.list(horizontalPodAutoscalerKind)[0] as HorizontalPodAutoscaler).status;
  assert.equal(status?.desiredReplicas, 3);
  assert.deepEqual(
    status?.conditions?.map(({ type }) => type),
    ["AbleToScale", "ScalingActive", "ScalingLimited"],
  );
});

test("two autoscalers of deployments that select the same pods: ambiguous, and neither scales", async () => {
  await using cluster = await openWithWeb(3);
  const other = deployment(0);
  await cluster.objects.create(deploymentKind, { ...other, metadata: { ...other.metadata, name: "other" } });
  const autoscaler = (name: string): HorizontalPodAutoscaler => ({
    metadata: { name, namespace: "default" },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
      minReplicas: 1,
      maxReplicas: 10,
      metrics: [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } },
      ],
    },
  });
  await setLoad(cluster, 200);
  for (const name of ["web", "other"]) await cluster.objects.create(horizontalPodAutoscalerKind, autoscaler(name));
  await cluster.pass(60, 15);
  const [, web] = cluster.list<HorizontalPodAutoscaler>(horizontalPodAutoscalerKind);
  assert.deepEqual(
    web?.status?.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`),
    ["AbleToScale=True SucceededGetScale", "ScalingActive=False AmbiguousSelector"],
  );
  assert.equal(
    web?.status?.conditions?.[1]?.message,
    "pods by selector app=web are controlled by multiple HPAs: [{other default} {web default}]",
  );
  assert.equal(
    cluster.list<Deployment>(deploymentKind).find(({ metadata }) => metadata.name === "web")?.spec.replicas,
    3,
  );
  await cluster.objects.remove(horizontalPodAutoscalerKind, "default/other");
  await setLoad(cluster, 200);
  await cluster.pass(15, 15);
  assert.ok((cluster.list<Deployment>(deploymentKind).at(-1)?.spec.replicas ?? 0) > 3);
});
