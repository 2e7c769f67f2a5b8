/** StatefulSets: their plans as tables, and their life on a cluster in memory. */
import assert from "node:assert/strict";
import { setImmediate as yieldOnce } from "node:timers/promises";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { type ControllerRevision, controllerRevisionKind } from "#kinds/apps/controller-revision.ts";
import { type StatefulSet, type StatefulSetSpec, statefulSetKind } from "#kinds/apps/stateful-set.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { allControllers } from "./all.ts";
import { isActive } from "./pod-facts.ts";
import { SampleCluster } from "./sample-cluster.ts";
import { brief, planOf } from "./sample-plan.ts";
import { statefulSetController as controller } from "./stateful-set.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const template = { metadata: { labels: { app: "db" } }, spec: { containers: [{ name: "c", image: "app:2" }] } };
const rolling = (partition: number): NonNullable<StatefulSetSpec["updateStrategy"]> => ({
  type: "RollingUpdate",
  rollingUpdate: { partition },
});
const set: StatefulSet = {
  metadata: { name: "db", namespace: "default", uid: "u", generation: 1 },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: "db" } },
    template,
    serviceName: "peers",
    podManagementPolicy: "OrderedReady",
    updateStrategy: rolling(0),
    revisionHistoryLimit: 1,
  },
  status: { replicas: 0, availableReplicas: 0, currentRevision: "db-old" },
};
const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: "db", uid: "u", controller: true };
const revisionOf = (name: string, revision: number, image: string): ControllerRevision => ({
  metadata: { name, namespace: "default", uid: name, labels: { app: "db" }, ownerReferences: [owner] },
  data: { spec: { template: { ...template, spec: { containers: [{ name: "c", image }] }, $patch: "replace" } } },
  revision,
});
const revisions = [revisionOf("db-old", 1, "app:1"), revisionOf("db-new", 2, "app:2")];

interface PodFacts {
  readonly revision?: string;
  readonly phase?: "Running" | "Failed";
  readonly isReady?: boolean;
  readonly isEnding?: boolean;
}

function pod(ordinal: number, facts: PodFacts = {}): Pod {
  const { revision = "db-new", phase = "Running", isReady = true, isEnding = false } = facts;
  const status = isReady ? "True" : "False";
  const name = `db-${ordinal}`;
  return {
    metadata: {
      name,
      namespace: "default",
      labels: {
        app: "db",
        "controller-revision-hash": revision,
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": String(ordinal),
      },
      ownerReferences: [owner],
      ...(isEnding && { deletionTimestamp: "2026-01-02T03:04:04Z" }),
    },
    spec: { containers: [] },
    status: { phase, conditions: [{ type: "Ready", status, lastTransitionTime: "2026-01-02T03:04:00Z" }] },
  };
}

const old = (ordinal: number, facts: PodFacts = {}): Pod => pod(ordinal, { revision: "db-old", ...facts });
const parallel = { podManagementPolicy: "Parallel" } as const;

const plans: readonly (readonly [
  title: string,
  spec: Partial<StatefulSetSpec>,
  pods: readonly Pod[],
  changes: readonly string[],
])[] = [
  ["the first alone is made", {}, [], ["create db-0"]],
  ["the next one waits for it", {}, [pod(0, { isReady: false })], []],
  ["the next one after it", {}, [pod(0)], ["create db-1"]],
  ["not before minReadySeconds", { minReadySeconds: 60 }, [pod(0)], []],
  ["in parallel all are made", parallel, [], ["create db-0", "create db-1", "create db-2"]],
  ["numbers start where they should", { ordinals: { start: 5 } }, [], ["create db-5"]],
  ["a gap is filled", {}, [pod(0), pod(2)], ["create db-1"]],
  ["nothing while one ends", {}, [pod(0), pod(1, { isEnding: true }), pod(2)], []],
  ["a failed one goes", {}, [pod(0), pod(1, { phase: "Failed", isReady: false }), pod(2)], ["remove db-1"]],
  ["the highest goes first", { replicas: 1 }, [pod(0), pod(1), pod(2)], ["remove db-2"]],
  ["the next when it is gone", { replicas: 1 }, [pod(0), pod(1), pod(2, { isEnding: true })], []],
  ["none while one that stays is not ready", { replicas: 1 }, [pod(0, { isReady: false }), pod(1)], []],
  ["in parallel all go", { replicas: 1, ...parallel }, [pod(0), pod(1), pod(2)], ["remove db-2", "remove db-1"]],
  ["the highest is replaced first", {}, [old(0), old(1), old(2)], ["remove db-2"]],
  ["the next waits until it is ready", {}, [old(0), old(1), pod(2, { isReady: false })], []],
  ["the next then", {}, [old(0), old(1), pod(2)], ["remove db-1"]],
  ["nobody below the partition", { updateStrategy: rolling(2) }, [old(0), old(1), pod(2)], []],
  ["nobody OnDelete", { updateStrategy: { type: "OnDelete" } }, [old(0), old(1), old(2)], []],
];
for (const [title, spec, pods, changes] of plans)
  test(`a stateful set: ${title}`, () => {
    const there = [
      [podKind, pods],
      [controllerRevisionKind, revisions],
    ] as const;
    const planned = planOf(controller, { ...set, spec: { ...set.spec, ...spec } }, { there, now: NOW });
    const told = planned.changes.filter(({ verb }) => verb === "create" || verb === "remove");
    assert.deepEqual(
      brief(told).map((text) => text.replace("pods default/", "")),
      changes,
    );
  });

test("a new template is a new revision, named by its hash", () => {
  const there = [[controllerRevisionKind, revisions.slice(0, 1)]] as const;
  const made = planOf(controller, set, { there, now: NOW }).changes.find(({ verb }) => verb === "create");
  const { metadata, revision } = (made?.verb === "create" ? made.object : {}) as ControllerRevision;
  assert.equal(metadata.name, `db-${metadata.labels?.["controller.kubernetes.io/hash"]}`);
  assert.equal(revision, 2);
});

test("a pod below the partition is made of the current revision, with its name and labels", () => {
  const there = [[controllerRevisionKind, revisions]] as const;
  const { changes } = planOf(
    controller,
    { ...set, spec: { ...set.spec, updateStrategy: rolling(1) } },
    { there, now: NOW },
  );
  const made = changes.find(({ verb }) => verb === "create");
  const { metadata, spec } = (made?.verb === "create" ? made.object : {}) as Pod;
  assert.deepEqual(metadata.labels, pod(0, { revision: "db-old" }).metadata.labels);
  assert.deepEqual([spec.hostname, spec.subdomain, spec.containers[0]?.image], ["db-0", "peers", "app:1"]);
});

test("from create over a partitioned update and a lost pod to scale down", async () => {
  await using cluster = await SampleCluster.open(new MemoryJournal(new FakeClock()), allControllers, () => yieldOnce());
  await cluster.addNode("node-1");
  const { status: _status, ...rest } = set;
  const { containers } = template.spec;
  await cluster.objects.create(statefulSetKind, { ...rest, metadata: { name: "db", namespace: "default" } });
  await cluster.pass(60, 20);
  const live = (): StatefulSet | undefined => cluster.list(statefulSetKind)[0];
  const pods = (): readonly string[] =>
    cluster
      .list(podKind)
      .filter(isActive)
      .map(({ metadata, spec }) => `${metadata.name} ${spec.containers[0]?.image}`)
      .toSorted();
  const change = async (spec: (live: StatefulSetSpec) => StatefulSetSpec): Promise<void> => {
    await cluster.objects.change(statefulSetKind, "default/db", (one) => ({ ...one, spec: spec(one.spec) }));
    await cluster.pass(180, 20);
  };
  assert.deepEqual(pods(), ["db-0 app:2", "db-1 app:2", "db-2 app:2"]);
  assert.equal(live()?.status?.currentRevision, live()?.status?.updateRevision);
  await change((spec) => ({
    ...spec,
    updateStrategy: rolling(2),
    template: {
      ...spec.template,
      spec: { ...spec.template.spec, containers: containers.map((one) => ({ ...one, image: "app:3" })) },
    },
  }));
  assert.deepEqual(pods(), ["db-0 app:2", "db-1 app:2", "db-2 app:3"]);
  assert.notEqual(live()?.status?.currentRevision, live()?.status?.updateRevision);
  await cluster.objects.remove(podKind, "default/db-0");
  await cluster.pass(60, 20);
  assert.deepEqual(pods(), ["db-0 app:2", "db-1 app:2", "db-2 app:3"]);
  await change((spec) => ({ ...spec, updateStrategy: rolling(0) }));
  assert.deepEqual(pods(), ["db-0 app:3", "db-1 app:3", "db-2 app:3"]);
  assert.equal(live()?.status?.currentRevision, live()?.status?.updateRevision);
  await change((spec) => ({ ...spec, replicas: 1 }));
  assert.deepEqual([pods(), live()?.status?.replicas], [["db-0 app:3"], 1]);
});
