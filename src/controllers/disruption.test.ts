/** Disruption budgets are kept current: plans as tables, and evictions on a cluster in memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deploymentKind } from "#kinds/apps/deployment.ts";
import { replicaSetKind } from "#kinds/apps/replica-set.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import type { Condition, KubeObject } from "#kinds/object.ts";
import type { DisruptionStatus, PodDisruptionBudget } from "#kinds/policy/pod-disruption-budget.ts";
import { disruptionController as controller } from "./disruption.ts";
import { brief, planOf, type There } from "./sample-plan.ts";
import { staleDisruptionController } from "./stale-disruption.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const SINCE = "2026-01-02T03:03:05Z";
const template = { metadata: { labels: { app: "web" } }, spec: { containers: [] } };
const selector = { matchLabels: { app: "web" } };

const owner = (kind: string, name: string): NonNullable<KubeObject["metadata"]["ownerReferences"]>[number] => ({
  apiVersion: "apps/v1",
  kind,
  name,
  uid: name,
  controller: true,
});

interface PodFacts {
  readonly isReady?: boolean;
  readonly set?: string;
  readonly isGoing?: boolean;
  readonly conditions?: readonly Condition[];
}

function podOf(name: string, { isReady = true, set = "web-1", isGoing = false, conditions }: PodFacts = {}): Pod {
  return {
    metadata: {
      name,
      namespace: "default",
      uid: name,
      labels: { app: "web" },
      ...(set !== "" && { ownerReferences: [owner("ReplicaSet", set)] }),
      ...(isGoing && { deletionTimestamp: SINCE }),
    },
    spec: { containers: [] },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: isReady ? "True" : "False" }, ...(conditions ?? [])],
    },
  };
}

function budgetOf(
  spec: PodDisruptionBudget["spec"],
  disruptedPods: Readonly<Record<string, string>> = {},
): PodDisruptionBudget {
  const status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, disruptedPods };
  const metadata = { name: "web", namespace: "default", uid: "b", generation: 2 };
  return { metadata, spec: { selector, ...spec }, status };
}

/** Two sets of one Deployment, as in the middle of a rollout. */
const sets: There = [
  [
    deploymentKind,
    [
      {
        metadata: { name: "web", namespace: "default", uid: "web" },
        spec: { replicas: 5, selector, template },
      } as KubeObject,
    ],
  ],
  [
    replicaSetKind,
    ["web-1", "web-2"].map(
      (name) =>
        ({
          metadata: { name, namespace: "default", uid: name, ownerReferences: [owner("Deployment", "web")] },
          spec: { replicas: 3, selector, template },
        }) as KubeObject,
    ),
  ],
];

interface Case {
  readonly title: string;
  readonly spec: PodDisruptionBudget["spec"];
  readonly disrupted?: Readonly<Record<string, string>>;
  readonly pods: readonly Pod[];
  /** Healthy, to be healthy, expected, allowed. */
  readonly counts: readonly [number, number, number, number];
  readonly told?: readonly string[];
  readonly kept?: readonly string[];
}

const ready = ["a", "b", "c"].map((name) => podOf(name));
const cases: readonly Case[] = [
  { title: "a number that must stay", spec: { minAvailable: 2 }, pods: ready, counts: [3, 2, 3, 1] },
  {
    title: "unready pods do not count",
    spec: { minAvailable: 2 },
    pods: [...ready, podOf("d", { isReady: false })],
    counts: [3, 2, 4, 1],
  },
  {
    title: "nor do those that go",
    spec: { minAvailable: 3 },
    pods: [...ready, podOf("d", { isGoing: true })],
    counts: [3, 3, 4, 0],
  },
  {
    title: "a share that must stay, of what the Deployment asks for, rounded up",
    spec: { minAvailable: "50%" },
    pods: [...ready, podOf("d", { set: "web-2" })],
    counts: [4, 3, 5, 1],
  },
  {
    title: "a share that may go",
    spec: { maxUnavailable: "50%" },
    pods: [...ready, podOf("d", { set: "web-2" })],
    counts: [4, 2, 5, 2],
  },
  {
    title: "a number that may go",
    spec: { maxUnavailable: 1 },
    pods: [...ready, podOf("d"), podOf("e")],
    counts: [5, 4, 5, 1],
  },
  { title: "nothing says what must stay", spec: {}, pods: ready, counts: [3, 0, 0, 0] },
  {
    title: "no pods",
    spec: { minAvailable: 0 },
    pods: [],
    counts: [0, 0, 0, 0],
    told: ["event Normal NoPods: No matching pods found"],
  },
  {
    title: "an evicted pod that is still there is not healthy",
    spec: { minAvailable: 1 },
    disrupted: { a: SINCE, gone: SINCE },
    pods: ready,
    counts: [2, 1, 3, 1],
    kept: ["a"],
  },
  {
    title: "an eviction that nobody carried out is written off",
    spec: { minAvailable: 1 },
    disrupted: { a: "2026-01-02T03:00:00Z" },
    pods: ready,
    counts: [3, 1, 3, 2],
    told: ["event Warning NotDeleted: Pod was expected by PDB default/web to be deleted but it wasn't"],
  },
];

for (const { title, spec, disrupted, pods, counts, told = [], kept = [] } of cases)
  test(`counts: ${title}`, () => {
    const { changes } = planOf(controller, budgetOf(spec, disrupted), { now: NOW, there: [...sets, [podKind, pods]] });
    const [write, ...events] = changes;
    assert.ok(write?.verb === "patch" && write.subresource === "status");
    const { status } = write.patch as {
      readonly status: Partial<DisruptionStatus> & { disruptedPods?: Record<string, string | null> };
    };
    const before = { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, disruptionsAllowed: 0 };
    const { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed, observedGeneration, conditions } = {
      ...before,
      ...status,
    };
    assert.deepEqual([currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed], counts);
    assert.equal(observedGeneration, 2);
    assert.deepEqual(
      conditions?.map(({ type, reason }) => [type, reason]),
      [["DisruptionAllowed", counts[3] > 0 ? "SufficientPods" : "InsufficientPods"]],
    );
    const left = Object.keys(disrupted ?? {}).filter(
      (name) => status.disruptedPods !== null && status.disruptedPods?.[name] !== null,
    );
    assert.deepEqual(left, kept);
    assert.deepEqual(brief(events), told);
  });

test("an eviction is looked at again when it should have been carried out", () => {
  const there: There = [...sets, [podKind, ready]];
  const { againAtMs } = planOf(controller, budgetOf({ minAvailable: 1 }, { a: SINCE }), { now: NOW, there });
  assert.equal(againAtMs, Date.parse(SINCE) + 120_000);
});

test("shares need controllers: nothing may go while one is not found, and pods without one are told of", () => {
  const orphan = podOf("x", { set: "nobody" });
  const { changes } = planOf(controller, budgetOf({ minAvailable: "50%" }), { now: NOW, there: [[podKind, [orphan]]] });
  assert.match(JSON.stringify(changes[0]), /SyncFailed.*found no controllers for pod/);
  assert.match(brief(changes)[1] ?? "", /CalculateExpectedPodCountFailed/);
  const bare = podOf("y", { set: "" });
  const told = brief(
    planOf(controller, budgetOf({ minAvailable: "50%" }), { now: NOW, there: [[podKind, [bare]]] }).changes,
  );
  assert.match(told[1] ?? "", /UnmanagedPods: Pods selected by this PodDisruptionBudget/);
});

test("the condition DisruptionTarget of a pod that stays is taken back after two minutes", () => {
  const mark = (reason: string): Pod =>
    podOf("a", { conditions: [{ type: "DisruptionTarget", status: "True", reason, lastTransitionTime: SINCE }] });
  const at = Date.parse(SINCE) + 120_000;
  assert.deepEqual(planOf(staleDisruptionController, mark("EvictionByEvictionAPI"), { now: NOW }), {
    changes: [],
    againAtMs: at,
  });
  const { changes } = planOf(staleDisruptionController, mark("EvictionByEvictionAPI"), { now: at });
  assert.deepEqual(brief(changes), ["patch pods/status default/a"]);
  assert.deepEqual(planOf(staleDisruptionController, mark("TerminationByKubelet"), { now: at }).changes, []);
});
