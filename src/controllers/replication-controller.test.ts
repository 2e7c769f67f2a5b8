/** ReplicationControllers: their plans as tables, and one from create to delete on a cluster in memory. */
import assert from "node:assert/strict";
import { setImmediate as yieldOnce } from "node:timers/promises";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { scaleOf } from "#deck/scale.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { type ReplicationController, replicationControllerKind } from "#kinds/core/replication-controller.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { allControllers } from "./all.ts";
import { isReady } from "./pod-facts.ts";
import { replicationControllerController as controller } from "./replication-controller.ts";
import { SampleCluster } from "./sample-cluster.ts";
import { brief, planOf, seenBy } from "./sample-plan.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "app:1" }] } };
const metadata = { name: "web", namespace: "default", uid: "u" };
const rc: ReplicationController = {
  metadata,
  spec: { replicas: 1, selector: { app: "web" }, template },
  status: { replicas: 0 },
};

function podOf(name: string, rest: { readonly owner?: string; readonly app?: string; readonly readyAt?: string }): Pod {
  const { owner, app = "web", readyAt } = rest;
  const reference = {
    apiVersion: "v1",
    kind: "ReplicationController",
    name: "web",
    uid: owner ?? "",
    controller: true,
  };
  return {
    metadata: {
      name,
      namespace: "default",
      labels: { app },
      ...(owner !== undefined && { ownerReferences: [reference] }),
    },
    spec: { containers: [] },
    status: {
      phase: "Running",
      ...(readyAt !== undefined && {
        conditions: [{ type: "Ready", status: "True" as const, lastTransitionTime: readyAt }],
      }),
    },
  };
}

const mine = podOf("mine", { owner: "u" });
const cases: readonly {
  readonly title: string;
  readonly set?: Partial<ReplicationController["spec"]>;
  readonly status?: ReplicationController["status"];
  readonly pods: readonly Pod[];
  readonly changes: readonly string[];
}[] = [
  {
    title: "one that is missing is made",
    pods: [],
    changes: ["create pods default/web-", "event Normal SuccessfulCreate: Created pod: web-"],
  },
  { title: "enough is enough", pods: [mine], status: { replicas: 1, fullyLabeledReplicas: 1 }, changes: [] },
  {
    title: "one too many goes",
    set: { replicas: 0 },
    pods: [mine],
    status: { replicas: 1, fullyLabeledReplicas: 1 },
    changes: ["remove pods default/mine", "event Normal SuccessfulDelete: Deleted pod: mine"],
  },
  {
    title: "an orphan that matches is adopted",
    pods: [podOf("orphan", {})],
    status: { replicas: 1, fullyLabeledReplicas: 1 },
    changes: ["patch pods default/orphan"],
  },
  {
    title: "one that matches no longer is released and replaced",
    pods: [podOf("mine", { owner: "u", app: "other" })],
    changes: [
      "patch pods default/mine",
      "create pods default/web-",
      "event Normal SuccessfulCreate: Created pod: web-",
    ],
  },
  { title: "without a selector nobody is its own", set: { selector: {} }, pods: [mine], changes: [] },
];
for (const { title, set, status = { replicas: 0 }, pods, changes } of cases)
  test(`a replication controller: ${title}`, () => {
    const planned = planOf(
      controller,
      { ...rc, spec: { ...rc.spec, ...set }, status },
      { there: [[podKind, pods]], now: NOW },
    );
    assert.deepEqual(
      brief(planned.changes).map((text) => text.replace(/web-\w+/, "web-")),
      changes,
    );
  });

test("a pod is available after minReadySeconds, and it looks again then", () => {
  const set = { ...rc, spec: { ...rc.spec, minReadySeconds: 10 } };
  const ready = podOf("mine", { owner: "u", readyAt: "2026-01-02T03:04:00Z" });
  const at = (now: number): ReturnType<typeof planOf> => planOf(controller, set, { there: [[podKind, [ready]]], now });
  const counts = { replicas: 1, fullyLabeledReplicas: 1, readyReplicas: 1 };
  const statusOf = ({ changes: [change] }: ReturnType<typeof planOf>): unknown =>
    change?.verb === "patch" && change.patch;
  assert.deepEqual(statusOf(at(NOW)), { status: counts });
  assert.equal(at(NOW).againAtMs, NOW + 5_000);
  assert.deepEqual(statusOf(at(NOW + 5_000)), { status: { ...counts, availableReplicas: 1 } });
  assert.equal(at(NOW + 5_000).againAtMs, undefined);
});

const wakes: readonly (readonly [title: string, pod: Pod, keys: readonly string[]])[] = [
  ["its pod", mine, ["default/web"]],
  ["an orphan that it would adopt", podOf("orphan", {}), ["default/web"]],
  ["an orphan of another label", podOf("orphan", { app: "other" }), []],
];
for (const [title, pod, keys] of wakes)
  test(`a replication controller is woken by ${title}`, () =>
    assert.deepEqual(
      controller.watches?.[0]?.wakes(pod, seenBy(controller, [[replicationControllerKind, [rc]]])),
      keys,
    ));

test("from create over scale to delete", async () => {
  await using cluster = await SampleCluster.open(new MemoryJournal(new FakeClock()), allControllers, () => yieldOnce());
  await cluster.addNode("node-1");
  const { spec } = rc;
  await cluster.objects.create(replicationControllerKind, {
    metadata: { name: "web", namespace: "default" },
    spec: { template, replicas: 2 },
  });
  await cluster.settle();
  const live = (): ReplicationController | undefined => cluster.list(replicationControllerKind)[0];
  assert.deepEqual(live()?.spec.selector, spec.selector);
  assert.deepEqual(
    [live()?.status?.readyReplicas, live()?.status?.availableReplicas, cluster.list(podKind).filter(isReady).length],
    [2, 2, 2],
  );
  assert.equal(live() && scaleOf(replicationControllerKind, live() ?? rc).status.selector, "app=web");
  await cluster.objects.change(replicationControllerKind, "default/web", (set) => ({
    ...set,
    spec: { ...set.spec, replicas: 1 },
  }));
  await cluster.settle();
  assert.equal(live()?.status?.replicas, 1);
  await cluster.objects.remove(replicationControllerKind, "default/web", { propagation: "Background" });
  await cluster.pass(60, 20);
  assert.deepEqual([live(), cluster.list(podKind).length], [undefined, 0]);
});
