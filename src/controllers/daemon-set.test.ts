/** DaemonSets: their plans as tables, and their life on a cluster in memory. */
import assert from "node:assert/strict";
import { setImmediate as yieldOnce } from "node:timers/promises";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { controllerRevisionKind } from "#kinds/apps/controller-revision.ts";
import { type DaemonSet, daemonSetKind } from "#kinds/apps/daemon-set.ts";
import { type Node, nodeKind } from "#kinds/core/node.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { allControllers } from "./all.ts";
import { wantedOn } from "./daemon-pods.ts";
import { daemonSetController as controller } from "./daemon-set.ts";
import type { Backoffs } from "./daemon-upkeep.ts";
import { isActive } from "./pod-facts.ts";
import { SampleCluster } from "./sample-cluster.ts";
import { brief, planOf } from "./sample-plan.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const metadata = { name: "web", namespace: "default", uid: "u", generation: 1 };
const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "app:1" }] } };
const strategy = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } as const;
const surge = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } as const;
const set: DaemonSet = {
  metadata,
  spec: { selector: { matchLabels: { app: "web" } }, template, updateStrategy: strategy, revisionHistoryLimit: 1 },
};
const owner = { apiVersion: "apps/v1", kind: "DaemonSet", name: "web", uid: "u", controller: true };
const revisionOf = (name: string, revision: number, image = "app:1"): object => ({
  apiVersion: "apps/v1",
  kind: "ControllerRevision",
  metadata: {
    name: `web-${name}`,
    namespace: "default",
    uid: name,
    labels: { app: "web", "controller-revision-hash": name },
    ownerReferences: [owner],
  },
  data: { spec: { template: { ...template, spec: { containers: [{ name: "c", image }] }, $patch: "replace" } } },
  revision,
});
const current = revisionOf("now", 1);

interface PodFacts {
  readonly hash?: string;
  readonly phase?: string;
  readonly isReady?: boolean;
  readonly isEnding?: boolean;
}

function podOn(
  node: string,
  { hash = "now", phase = "Running", isReady = true, isEnding = false }: PodFacts = {},
): Pod {
  const ready = {
    type: "Ready",
    status: isReady ? "True" : "False",
    lastTransitionTime: "2026-01-02T03:04:00Z",
  } as const;
  return {
    metadata: {
      name: `on-${node}-${hash}`,
      namespace: "default",
      labels: { app: "web", "controller-revision-hash": hash },
      ownerReferences: [owner],
      ...(isEnding && { deletionTimestamp: "2026-01-02T03:04:04Z" }),
    },
    spec: { containers: [], nodeName: node },
    status: { phase, conditions: [ready] } as NonNullable<Pod["status"]>,
  };
}

const nodeOf = (name: string, spec: Node["spec"] = {}): Node => ({ metadata: { name, labels: { disk: "ssd" } }, spec });
const nodes = ["a", "b", "c"].map((name) => nodeOf(name));
const old = (node: string, facts: PodFacts = {}): Pod => podOn(node, { hash: "old", ...facts });

function changesOf(spec: Partial<DaemonSet["spec"]>, pods: readonly Pod[], memory?: Backoffs): readonly string[] {
  const there = [
    [nodeKind, nodes],
    [podKind, pods],
    [controllerRevisionKind, [current as never]],
  ] as const;
  const { changes } = planOf(
    controller,
    { ...set, spec: { ...set.spec, ...spec } },
    { there, now: NOW, ...(memory && { memory }) },
  );
  return changes
    .filter(({ verb }) => verb === "create" || verb === "remove")
    .map((change) =>
      change.verb === "create"
        ? `create on ${(change.object as Pod).spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.join(",") ?? ""}`
        : (brief([change])[0] ?? ""),
    );
}

const plans: readonly (readonly [
  title: string,
  spec: Partial<DaemonSet["spec"]>,
  pods: readonly Pod[],
  changes: readonly string[],
])[] = [
  ["a pod on every node", {}, [], ["create on a", "create on b", "create on c"]],
  ["the one that is missing", {}, [podOn("a"), podOn("c")], ["create on b"]],
  ["enough is enough", {}, [podOn("a"), podOn("b"), podOn("c")], []],
  ["nothing while the old one ends", {}, [podOn("a", { isEnding: true }), podOn("b"), podOn("c")], []],
  [
    "a failed one goes",
    {},
    [podOn("a", { phase: "Failed" }), podOn("b"), podOn("c")],
    ["remove pods default/on-a-now"],
  ],
  ["one per node", {}, [podOn("a"), old("a"), podOn("b"), podOn("c")], ["remove pods default/on-a-old"]],
  ["one at a time is replaced", {}, [old("a"), old("b"), old("c")], ["remove pods default/on-a-old"]],
  ["nobody while one is missing", {}, [podOn("a", { isReady: false }), old("b"), old("c")], []],
  [
    "what is not ready is replaced at once",
    {},
    [podOn("a"), old("b", { isReady: false }), old("c", { isReady: false })],
    ["remove pods default/on-b-old", "remove pods default/on-c-old"],
  ],
  [
    "half of three are two",
    { updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "50%" } } },
    [old("a"), old("b"), old("c")],
    ["remove pods default/on-a-old", "remove pods default/on-b-old"],
  ],
  ["nobody OnDelete", { updateStrategy: { type: "OnDelete" } }, [old("a"), old("b"), old("c")], []],
  ["with surge one more is made", { updateStrategy: surge }, [old("a"), old("b"), old("c")], ["create on a"]],
  [
    "with surge both stay until the new one is ready",
    { updateStrategy: surge },
    [old("a"), podOn("a", { isReady: false }), old("b"), old("c")],
    [],
  ],
  [
    "with surge the old one goes then",
    { updateStrategy: surge },
    [old("a"), podOn("a"), podOn("b"), podOn("c")],
    ["remove pods default/on-a-old"],
  ],
  [
    "with surge not before minReadySeconds",
    { updateStrategy: surge, minReadySeconds: 60 },
    [old("a"), podOn("a"), podOn("b"), podOn("c")],
    [],
  ],
];
for (const [title, spec, pods, changes] of plans)
  test(`a daemon set: ${title}`, () => assert.deepEqual(changesOf(spec, pods), changes));

test("a failed pod stays for a time that doubles", () => {
  const pods = [podOn("a", { phase: "Failed" }), podOn("b"), podOn("c")];
  const at = (sinceMs: number): Backoffs => ({ generation: 1, byNode: new Map([["a", { delayMs: 4_000, sinceMs }]]) });
  assert.deepEqual(changesOf({}, pods, at(NOW - 3_000)), []);
  assert.deepEqual(changesOf({}, pods, at(NOW - 4_000)), ["remove pods default/on-a-now"]);
});

const taint = (key: string, effect: "NoSchedule" | "NoExecute"): Node["spec"] => ({ taints: [{ key, effect }] });
const wanted: readonly (readonly [title: string, spec: object, node: Node, may: readonly boolean[]])[] = [
  ["any", {}, nodeOf("a"), [true, true]],
  [
    "cordoned",
    {},
    nodeOf("a", { unschedulable: true, ...taint("node.kubernetes.io/unschedulable", "NoSchedule") }),
    [true, true],
  ],
  ["lost", {}, nodeOf("a", taint("node.kubernetes.io/unreachable", "NoExecute")), [true, true]],
  ["kept for others", {}, nodeOf("a", taint("only", "NoSchedule")), [false, true]],
  ["closed to others", {}, nodeOf("a", taint("only", "NoExecute")), [false, false]],
  ["selected", { nodeSelector: { disk: "ssd" } }, nodeOf("a"), [true, true]],
  ["not selected", { nodeSelector: { disk: "hdd" } }, nodeOf("a"), [false, false]],
  ["not the one that is named", { nodeName: "b" }, nodeOf("a"), [false, false]],
];
for (const [title, spec, node, may] of wanted)
  test(`a node that is ${title}`, () => {
    const asked = { ...set, spec: { ...set.spec, template: { ...template, spec: { ...template.spec, ...spec } } } };
    const { mayStart, mayStay } = wantedOn(asked, node);
    assert.deepEqual([mayStart, mayStay], may);
  });

test("history beyond the limit is forgotten, but none in use", () => {
  const revisions = [
    revisionOf("r1", 1, "a"),
    revisionOf("r2", 2, "b"),
    revisionOf("r3", 3, "c"),
    revisionOf("now", 1),
  ];
  const there = [
    [nodeKind, nodes],
    [podKind, [podOn("a", { hash: "r1" })]],
    [controllerRevisionKind, revisions as never],
  ] as const;
  const told = brief(planOf(controller, set, { there, now: NOW }).changes).filter((text) =>
    text.includes("controllerrevisions"),
  );
  assert.deepEqual(told, [
    "patch controllerrevisions.apps default/web-now",
    "remove controllerrevisions.apps default/web-r2",
    "remove controllerrevisions.apps default/web-r3",
  ]);
});

test("from create over an update and its undoing to delete", async () => {
  await using cluster = await SampleCluster.open(new MemoryJournal(new FakeClock()), allControllers, () => yieldOnce());
  await cluster.addNode("node-1");
  await cluster.addNode("node-2");
  const { selector } = set.spec;
  await cluster.objects.create(daemonSetKind, {
    metadata: { name: "web", namespace: "default" },
    spec: { selector, template },
  });
  await cluster.settle();
  const live = (): DaemonSet | undefined => cluster.list(daemonSetKind)[0];
  const pods = (): readonly Pod[] => cluster.list(podKind).filter(isActive);
  const placed = (): readonly string[] =>
    pods()
      .map(({ spec }) => `${spec.nodeName} ${spec.containers[0]?.image}`)
      .toSorted();
  assert.deepEqual(live()?.status, {
    currentNumberScheduled: 2,
    numberMisscheduled: 0,
    desiredNumberScheduled: 2,
    numberReady: 2,
    observedGeneration: 1,
    updatedNumberScheduled: 2,
    numberAvailable: 2,
  });
  const use = async (image: string): Promise<void> => {
    const containers = [{ name: "c", image }];
    await cluster.objects.change(daemonSetKind, "default/web", (one) => ({
      ...one,
      spec: { ...one.spec, template: { ...one.spec.template, spec: { ...one.spec.template.spec, containers } } },
    }));
    await cluster.pass(120, 20);
  };
  const revisions = (): readonly number[] =>
    cluster
      .list(controllerRevisionKind)
      .map(({ revision }) => Number(revision))
      .toSorted((a, b) => a - b);
  await use("app:2");
  assert.deepEqual(
    [placed(), revisions()],
    [
      ["node-1 app:2", "node-2 app:2"],
      [1, 2],
    ],
  );
  await use("app:1");
  assert.deepEqual(
    [placed(), revisions()],
    [
      ["node-1 app:1", "node-2 app:1"],
      [2, 3],
    ],
  );
  await cluster.addNode("node-3");
  await cluster.settle();
  assert.deepEqual([placed().length, live()?.status?.numberReady], [3, 3]);
  await cluster.objects.remove(daemonSetKind, "default/web", { propagation: "Background" });
  await cluster.pass(60, 20);
  assert.deepEqual([live(), cluster.list(podKind).length, revisions()], [undefined, 0, []]);
});
