/** The whole chain on a deck in memory: Deployment, ReplicaSet, scheduler, agents, endpoints. Invariants hold at every single change. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Deployment, deploymentKind } from "#kinds/apps/deployment.ts";
import { endpointsKind } from "#kinds/core/endpoints.ts";
import { type EndpointSlice, endpointSliceKind } from "#kinds/networking/endpoint-slice.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { priorityClassKind } from "#kinds/core/priority-class.ts";
import { replicaSetKind } from "#kinds/apps/replica-set.ts";
import { type Service, serviceKind } from "#kinds/core/service.ts";
import { FakeClock } from "#deck/fake-clock.ts";
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

function deployment(spec: Partial<Deployment["spec"]> = {}, image = "app:1"): Deployment {
  const probe = { httpGet: { path: "/", port: 8080 }, periodSeconds: 2, initialDelaySeconds: 1 };
  return {
    metadata: { name: "web", namespace: "default" },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: {
          containers: [
            {
              name: "web",
              image,
              readinessProbe: probe,
              ports: [{ name: "http", containerPort: 8080 }],
              resources: { requests: { cpu: "100m", memory: "128Mi" } },
            },
          ],
        },
      },
      ...spec,
    },
  };
}

const service: Service = {
  metadata: { name: "web", namespace: "default" },
  spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: "http" }] },
};

const KEY = "default/web";

async function edit(cluster: SampleCluster, change: (live: Deployment) => Deployment): Promise<void> {
  await cluster.objects.change(deploymentKind, KEY, change);
}

function withImage(image: string): (live: Deployment) => Deployment {
  return (live) => {
    const { template } = live.spec;
    const containers = (template.spec?.containers ?? []).map((container) => ({ ...container, image }));
    return { ...live, spec: { ...live.spec, template: { ...template, spec: { ...template.spec, containers } } } };
  };
}

function webOf(cluster: SampleCluster): Deployment {
  return cluster.deck.read(deploymentKind, KEY)?.object as Deployment;
}

function condition(of: Deployment, type: string): string {
  const found = of.status?.conditions?.find((one) => one.type === type);
  return `${found?.status} ${found?.reason}`;
}

/** What `kubectl rollout status` waits for. */
function isRolledOut({ metadata, spec, status }: Deployment): boolean {
  const replicas = spec.replicas ?? 1;
  return (
    status?.observedGeneration === metadata.generation &&
    (status?.updatedReplicas ?? 0) === replicas &&
    (status?.replicas ?? 0) === replicas &&
    (status?.availableReplicas ?? 0) === replicas
  );
}

async function untilRolledOut(cluster: SampleCluster, mostSeconds = 120): Promise<void> {
  for (let second = 0; second < mostSeconds; second++) {
    await cluster.settle();
    if (isRolledOut(webOf(cluster))) return;
    await cluster.pass(1);
  }
  assert.fail(`not rolled out after ${mostSeconds} s: ${JSON.stringify(webOf(cluster).status)}`);
}

/** From now on: never fewer available nor more pods than the strategy allows. */
function watchBounds(cluster: SampleCluster, { least, most }: { readonly least: number; readonly most: number }): void {
  cluster.check = () => {
    const pods = cluster.list(podKind).filter(isActive);
    assert.ok(pods.length <= most, `${pods.length} pods, at most ${most} allowed`);
    const available = pods.filter(isReady).length;
    assert.ok(available >= least, `${available} available, at least ${least} needed`);
  };
}

test("a deployment becomes pods on nodes, with endpoints, and says so", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1");
  await cluster.addNode("node-2");
  await cluster.objects.create(serviceKind, service);
  await cluster.objects.create(deploymentKind, deployment());
  await untilRolledOut(cluster);
  const [set] = cluster.list(replicaSetKind);
  const pods = cluster.list(podKind);
  assert.match(set?.metadata.name ?? "", /^web-[a-z0-9]{6,10}$/);
  assert.equal(set?.metadata.annotations?.["deployment.kubernetes.io/revision"], "1");
  assert.equal(webOf(cluster).metadata.annotations?.["deployment.kubernetes.io/revision"], "1");
  assert.deepEqual(
    pods.map(({ metadata }) => metadata.name.startsWith(`${set?.metadata.name}-`)),
    [true, true, true],
  );
  assert.equal(new Set(pods.map(({ spec }) => spec.nodeName)).size, 2);
  assert.equal(condition(webOf(cluster), "Available"), "True MinimumReplicasAvailable");
  assert.equal(condition(webOf(cluster), "Progressing"), "True NewReplicaSetAvailable");
  assert.deepEqual(cluster.told("web"), [`ScalingReplicaSet: Scaled up replica set ${set?.metadata.name} from 0 to 3`]);
  assert.equal(cluster.told(set?.metadata.name ?? "").length, 3);
  assert.match(
    cluster.told(pods[0]?.metadata.name ?? "").join("\n"),
    /Scheduled: Successfully assigned default\/web-.* to node-/,
  );
  const [slice] = cluster.list(endpointSliceKind);
  assert.deepEqual(
    slice?.endpoints.map(({ conditions }) => conditions),
    Array.from({ length: 3 }, () => ({ ready: true, serving: true, terminating: false })),
  );
  assert.deepEqual(slice?.ports, [{ name: "", port: 8080, protocol: "TCP" }]);
  assert.equal(cluster.list(endpointsKind)[0]?.subsets?.[0]?.addresses?.length, 3);
});

test("a rolling update keeps within its bounds; undo brings the old set back with a new revision", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1");
  await cluster.objects.create(serviceKind, service);
  await cluster.objects.create(deploymentKind, deployment({ replicas: 4 }));
  await untilRolledOut(cluster);
  const first = cluster.list(replicaSetKind)[0]?.metadata.name;
  // 25 % of 4 is 1 both ways.
  watchBounds(cluster, { least: 3, most: 5 });
  await edit(cluster, withImage("app:2"));
  await untilRolledOut(cluster);
  const images = (): readonly (string | undefined)[] =>
    cluster
      .list(podKind)
      .filter(isActive)
      .map(({ spec }) => spec.containers[0]?.image);
  assert.deepEqual(images(), ["app:2", "app:2", "app:2", "app:2"]);
  assert.deepEqual(
    cluster
      .list(replicaSetKind)
      .map(({ spec }) => spec.replicas)
      .toSorted((a, b) => (a ?? 0) - (b ?? 0)),
    [0, 4],
  );
  await edit(cluster, withImage("app:1"));
  await untilRolledOut(cluster);
  assert.deepEqual(images(), ["app:1", "app:1", "app:1", "app:1"]);
  const back = cluster.list(replicaSetKind).find(({ metadata }) => metadata.name === first);
  assert.equal(back?.spec.replicas, 4);
  assert.equal(back?.metadata.annotations?.["deployment.kubernetes.io/revision"], "3");
  assert.equal(back?.metadata.annotations?.["deployment.kubernetes.io/revision-history"], "1");
  assert.equal(webOf(cluster).metadata.annotations?.["deployment.kubernetes.io/revision"], "3");
});

test("pods that are refused are told as ReplicaFailure and FailedCreate, until they are not refused any more", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1");
  const { template } = deployment().spec;
  const refused = { ...template, spec: { containers: [], ...template.spec, priorityClassName: "urgent" } };
  await cluster.objects.create(deploymentKind, deployment({ replicas: 2, template: refused }));
  await cluster.pass(20);
  const [set] = cluster.list(replicaSetKind);
  const why = /^pods "web-[a-z0-9]+-" is forbidden: no PriorityClass with name urgent was found$/;
  for (const object of [webOf(cluster), set]) {
    const failure = object?.status?.conditions?.find(({ type }) => type === "ReplicaFailure");
    assert.equal(`${failure?.status} ${failure?.reason}`, "True FailedCreate");
    assert.match(failure?.message ?? "", why);
  }
  const told = cluster.told(set?.metadata.name ?? "");
  assert.match(told[0]?.replace("FailedCreate: Error creating: ", "") ?? "", why);
  await cluster.objects.create(priorityClassKind, { metadata: { name: "urgent" }, value: 7 });
  await untilRolledOut(cluster);
  await cluster.pass(1);
  assert.equal(condition(webOf(cluster), "ReplicaFailure"), "undefined undefined");
  assert.equal(cluster.list(replicaSetKind)[0]?.status?.conditions, undefined);
});

test("a rollout to an image that never gets ready stops at its bounds, is told overdue, and rolls over to the next template", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1");
  await cluster.objects.create(deploymentKind, deployment({ replicas: 4, progressDeadlineSeconds: 30 }));
  await untilRolledOut(cluster);
  watchBounds(cluster, { least: 3, most: 5 });
  const bad = (image: string | undefined): boolean => image === "app:bad";
  cluster.result = (step) => {
    if (step.do !== "probe") return { ok: true };
    const sick = cluster
      .list(podKind)
      .some((pod) => bad(pod.spec.containers[0]?.image) && step.podIp === pod.status?.podIP);
    return sick ? { ok: false, message: "HTTP probe failed with statuscode: 500" } : { ok: true };
  };
  await edit(cluster, withImage("app:bad"));
  await cluster.pass(40);
  assert.equal(condition(webOf(cluster), "Progressing"), "False ProgressDeadlineExceeded");
  assert.equal(condition(webOf(cluster), "Available"), "True MinimumReplicasAvailable");
  assert.equal(cluster.list(podKind).filter(isReady).length, 3);
  await edit(cluster, withImage("app:3"));
  await untilRolledOut(cluster);
  assert.equal(condition(webOf(cluster), "Progressing"), "True NewReplicaSetAvailable");
  assert.equal(cluster.list(podKind).filter(({ spec }) => bad(spec.containers[0]?.image)).length, 0);
});

/** kubernetes#20436: the clean-up of unhealthy pods went on while the rollout was paused. */
test("a rollout to what does not start, paused: the good pod stays, and goes on when it is resumed", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1");
  const rollingUpdate = { maxSurge: 1, maxUnavailable: 1 };
  await cluster.objects.create(
    deploymentKind,
    deployment({ replicas: 2, strategy: { type: "RollingUpdate", rollingUpdate } }),
  );
  await untilRolledOut(cluster);
  cluster.result = (step) => (step.do === "startContainer" ? { ok: false, message: "not found" } : { ok: true });
  await edit(cluster, withImage("app:none"));
  await cluster.settle();
  await edit(cluster, (live) => ({ ...live, spec: { ...live.spec, paused: true } }));
  await cluster.pass(60, 5);
  assert.equal(cluster.list(podKind).filter(isReady).length, 1);
  cluster.result = () => ({ ok: true });
  await edit(cluster, (live) => ({ ...live, spec: { ...live.spec, paused: false } }));
  await edit(cluster, withImage("app:3"));
  await untilRolledOut(cluster);
  assert.equal(cluster.list(podKind).filter(isReady).length, 2);
});

test("scaling up and down, with the events that say so", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1");
  await cluster.objects.create(deploymentKind, deployment());
  await untilRolledOut(cluster);
  for (const replicas of [7, 2, 0, 1]) {
    await edit(cluster, (live) => ({ ...live, spec: { ...live.spec, replicas } }));
    await untilRolledOut(cluster);
    assert.equal(cluster.list(podKind).filter(isActive).length, replicas);
  }
  const name = cluster.list(replicaSetKind)[0]?.metadata.name;
  const words = cluster
    .told("web")
    .map((text) => text.replace(`ScalingReplicaSet: Scaled `, "").replace(`replica set ${name} `, ""));
  assert.deepEqual(words, [
    "up from 0 to 3",
    "up from 3 to 7",
    "down from 7 to 2",
    "down from 2 to 0",
    "up from 0 to 1",
  ]);
});

test("scaling in the middle of a rollout spreads over both sets in proportion", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1", { cpu: "64" });
  await cluster.objects.create(deploymentKind, deployment({ replicas: 10 }));
  await untilRolledOut(cluster);
  cluster.result = (step) =>
    step.do === "probe" &&
    cluster.list(podKind).some((pod) => pod.spec.containers[0]?.image === "app:bad" && pod.status?.podIP === step.podIp)
      ? { ok: false, message: "no" }
      : { ok: true };
  await edit(cluster, withImage("app:bad"));
  await cluster.pass(5);
  const sizes = (): readonly number[] =>
    cluster
      .list(replicaSetKind)
      .map(({ spec }) => spec.replicas ?? 0)
      .toSorted((a, b) => a - b);
  // 10 desired, surge 3, two may be missing: 8 old ones stay and 5 new ones come.
  assert.deepEqual(sizes(), [5, 8]);
  await edit(cluster, (live) => ({ ...live, spec: { ...live.spec, replicas: 20 } }));
  await cluster.settle();
  // 20 + surge 5 = 25 over 5 and 8 of 13.
  assert.deepEqual(sizes(), [10, 15]);
});

test("pausing holds the template back, resuming lets it go", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1");
  await cluster.objects.create(deploymentKind, deployment());
  await untilRolledOut(cluster);
  await edit(cluster, (live) => ({ ...live, spec: { ...live.spec, paused: true } }));
  await edit(cluster, withImage("app:2"));
  await cluster.pass(10);
  assert.equal(cluster.list(replicaSetKind).length, 1);
  assert.equal(condition(webOf(cluster), "Progressing"), "Unknown DeploymentPaused");
  await edit(cluster, (live) => ({ ...live, spec: { ...live.spec, paused: false } }));
  await untilRolledOut(cluster);
  assert.equal(cluster.list(replicaSetKind).length, 2);
  assert.equal(condition(webOf(cluster), "Progressing"), "True NewReplicaSetAvailable");
});

test("Recreate: no new pod before the last old one is gone", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1");
  await cluster.objects.create(deploymentKind, deployment({ strategy: { type: "Recreate" } }));
  await untilRolledOut(cluster);
  cluster.check = () =>
    assert.equal(
      new Set(cluster.list(podKind).map(({ spec }) => spec.containers[0]?.image)).size <= 1,
      true,
      "both templates at once",
    );
  await edit(cluster, withImage("app:2"));
  await untilRolledOut(cluster);
  assert.equal(cluster.list(podKind)[0]?.spec.containers[0]?.image, "app:2");
});

test("old sets beyond revisionHistoryLimit are forgotten, the oldest first", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1");
  await cluster.objects.create(deploymentKind, deployment({ revisionHistoryLimit: 2 }));
  await untilRolledOut(cluster);
  for (const tag of ["2", "3", "4", "5"]) {
    await edit(cluster, withImage(`app:${tag}`));
    await untilRolledOut(cluster);
  }
  await cluster.pass(2);
  const revisions = cluster
    .list(replicaSetKind)
    .map(({ metadata }) => metadata.annotations?.["deployment.kubernetes.io/revision"]);
  assert.deepEqual(
    revisions.toSorted((a, b) => Number(a) - Number(b)),
    ["3", "4", "5"],
  );
});

test("minReadySeconds: ready is not yet available", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1");
  await cluster.objects.create(deploymentKind, deployment({ minReadySeconds: 10 }));
  await cluster.pass(5);
  assert.equal(webOf(cluster).status?.readyReplicas, 3);
  assert.equal(webOf(cluster).status?.availableReplicas, undefined);
  await cluster.pass(10);
  assert.equal(webOf(cluster).status?.availableReplicas, 3);
});

test("a pod that is deleted is replaced; one whose label is taken away is released and replaced; back again it is adopted", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1");
  await cluster.objects.create(deploymentKind, deployment());
  await untilRolledOut(cluster);
  const [victim, loose] = cluster.list(podKind) as [Pod, Pod];
  await cluster.objects.remove(podKind, `default/${victim.metadata.name}`);
  await untilRolledOut(cluster);
  assert.equal(cluster.list(podKind).length, 3);
  const relabel = (app: string): Promise<unknown> =>
    cluster.objects.change(podKind, `default/${loose.metadata.name}`, (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, app } },
    }));
  await relabel("stray");
  await untilRolledOut(cluster);
  const read = (): Pod => cluster.deck.read(podKind, `default/${loose.metadata.name}`)?.object as Pod;
  assert.equal(cluster.list(podKind).length, 4);
  assert.equal(read().metadata.ownerReferences, undefined);
  await relabel("web");
  await untilRolledOut(cluster);
  await cluster.pass(2);
  assert.equal(cluster.list(podKind).filter(isActive).length, 3);
});

test("slices have the labels that their service has now; only its address says whether it is headless", async () => {
  await using cluster = await open();
  const labels = { tier: "front", "service.kubernetes.io/headless": "" };
  const spec = { selector: { app: "web" }, ports: [{ port: 80 }] };
  await cluster.objects.create<Service>(serviceKind, { metadata: { name: "web", namespace: "default", labels }, spec });
  const seen = async (): Promise<unknown> => {
    await cluster.settle();
    return cluster.list<EndpointSlice>(endpointSliceKind)[0]?.metadata.labels;
  };
  const own = {
    "kubernetes.io/service-name": "web",
    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
  };
  assert.deepEqual(await seen(), { ...own, tier: "front" });
  await cluster.objects.change<Service>(serviceKind, "default/web", (live) => ({
    ...live,
    metadata: { ...live.metadata, labels: { zone: "a" } },
  }));
  assert.deepEqual(await seen(), { ...own, zone: "a" });
});

test("no node, no room: the pods wait and say why, and go on as soon as there is one", async () => {
  await using cluster = await open();
  await cluster.objects.create(deploymentKind, deployment({ replicas: 2 }));
  await cluster.settle();
  const reason = (): string | undefined =>
    cluster.list(podKind)[0]?.status?.conditions?.find(({ type }) => type === "PodScheduled")?.message;
  assert.equal(reason(), "no nodes available to schedule pods");
  await cluster.addNode("tiny", { cpu: "50m" });
  await cluster.settle();
  assert.equal(
    reason(),
    "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
  );
  await cluster.addNode("node-1");
  await untilRolledOut(cluster);
  assert.deepEqual(
    cluster.list(podKind).map(({ spec }) => spec.nodeName),
    ["node-1", "node-1"],
  );
});

test("a terminating pod leaves the ready endpoints at once and serves until it ends", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1");
  await cluster.objects.create(serviceKind, service);
  await cluster.objects.create(deploymentKind, deployment({ replicas: 1 }));
  await untilRolledOut(cluster);
  cluster.result = (step) => (step.do === "stopContainer" ? null : { ok: true });
  const [pod] = cluster.list(podKind);
  await cluster.objects.remove(podKind, `default/${pod?.metadata.name}`);
  await cluster.settle();
  const slice = cluster.list(endpointSliceKind)[0];
  const old = slice?.endpoints.find(({ targetRef }) => targetRef?.uid === pod?.metadata.uid);
  assert.deepEqual(old?.conditions, { ready: false, serving: true, terminating: true });
});
