/** Two readings of a node become usage and metrics: rates, restarts, pods that came and went, whose they are. */
import assert from "node:assert/strict";
import test from "node:test";
import { keyOf } from "#base/key.ts";
import type { ReplicaSet } from "#kinds/apps/replica-set.ts";
import type { Node } from "#kinds/core/node.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { OwnerReference } from "#kinds/object.ts";
import { type Known, type Measured, measure } from "./measure.ts";
import type { NodeStats } from "./stats.ts";

const NODE: Node = { metadata: { name: "node-1" }, status: { capacity: { cpu: "2", memory: "4Gi" } } };
const NODE_USE = { cpuMicros: 1_000, memoryBytes: 2048 };

function owner(kind: string, name: string): { readonly ownerReferences: readonly OwnerReference[] } {
  return { ownerReferences: [{ apiVersion: "apps/v1", kind, name, uid: "o", controller: true }] };
}

function pod(name: string, more: Partial<Pod["metadata"]> = {}): Pod {
  return {
    metadata: { name, namespace: "default", uid: `u-${name}`, ...more },
    spec: {
      containers: [
        { name: "a", resources: { requests: { cpu: "100m", memory: "1Mi" } } },
        { name: "b", resources: { requests: { cpu: "50m" } } },
        { name: "c" },
      ],
    },
  };
}

function reading(atMs: number, cpuMicros: number, name = "web"): NodeStats {
  const containers = [{ name: "a", cpuMicros, memoryBytes: 4096 }];
  return { atMs, node: NODE_USE, pods: [{ namespace: "default", name, uid: `u-${name}`, containers }] };
}

function known(pods: readonly Pod[], sets: readonly Pick<ReplicaSet, "metadata">[] = []): Known {
  return {
    pod: (key) => pods.find(({ metadata }) => keyOf("default", metadata.name) === key),
    replicaSet: (key) => sets.find(({ metadata }) => keyOf("default", metadata.name) === key) as ReplicaSet | undefined,
  };
}

function measured(before: NodeStats, now: NodeStats, pods: readonly Pod[]): Measured {
  return measure(NODE, { before, now }, known(pods));
}

test("a node's capacity and a pod's requests are booked for the interval", () => {
  const { usage } = measured(reading(1_000, 500), reading(3_000, 2_500), [pod("web")]);
  const interval = { atMs: 3_000, intervalMs: 2_000, node: "node-1" };
  assert.deepEqual(usage, [
    { is: "node", ...interval, cpuMillis: 2_000, memoryBytes: 4 * 1024 ** 3 },
    {
      is: "pod",
      ...interval,
      namespace: "default",
      pod: "web",
      uid: "u-web",
      workload: "Pod/web",
      bookedCpuMillis: 150,
      bookedMemoryBytes: 1024 ** 2,
      usedCpuMicros: 2_000,
      usedMemoryBytes: 4_096,
    },
  ]);
});

test("metrics are rates over the interval, with the pod's labels, as the metrics server prints them", () => {
  const labels = { app: "web" };
  const { nodeMetrics, podMetrics } = measured(
    { ...reading(1_000, 500), node: { cpuMicros: 0, memoryBytes: 0 } },
    reading(3_500, 3_000),
    [pod("web", { labels })],
  );
  const common = { apiVersion: "metrics.k8s.io/v1beta1", timestamp: "1970-01-01T00:00:03Z", window: "2.500s" };
  assert.deepEqual(nodeMetrics, {
    ...common,
    kind: "NodeMetrics",
    metadata: { name: "node-1" },
    usage: { cpu: "400000n", memory: "2Ki" },
  });
  assert.deepEqual(podMetrics, [
    {
      ...common,
      kind: "PodMetrics",
      metadata: { name: "web", namespace: "default", labels },
      containers: [{ name: "a", usage: { cpu: "1000000n", memory: "4Ki" } }],
    },
  ]);
});

test("a container that restarted counts from zero again, and a new one from its first reading", () => {
  const used = (before: NodeStats): readonly number[] =>
    measured(before, reading(3_000, 400), [pod("web")]).usage.flatMap((usage) =>
      usage.is === "pod" ? [usage.usedCpuMicros] : [],
    );
  const [stats] = reading(1_000, 0).pods;
  assert.ok(stats);
  assert.deepEqual(used(reading(1_000, 900)), [0]);
  assert.deepEqual(used({ ...reading(1_000, 0), pods: [{ ...stats, containers: [] }] }), [0]);
});

for (const [title, before, pods] of [
  ["was not there at the first reading", { ...reading(1_000, 0), pods: [] }, [pod("web")]],
  ["is gone", reading(1_000, 0), []],
  ["was replaced by another of the same name", reading(1_000, 0), [pod("web", { uid: "other" })]],
] as const)
  test(`a pod is left out when it ${title}`, () => {
    const { usage, podMetrics } = measured(before, reading(2_000, 100), pods);
    assert.deepEqual([usage.map(({ is }) => is), podMetrics], [["node"], []]);
  });

for (const [title, of, sets, expected] of [
  ["itself without a controller", {}, [], "Pod/web"],
  ["its controller", owner("DaemonSet", "agents"), [], "DaemonSet/agents"],
  [
    "its ReplicaSet without a Deployment",
    owner("ReplicaSet", "web-1"),
    [{ metadata: { name: "web-1" } }],
    "ReplicaSet/web-1",
  ],
  ["its ReplicaSet that is gone", owner("ReplicaSet", "web-1"), [], "ReplicaSet/web-1"],
  [
    "the Deployment of its ReplicaSet",
    owner("ReplicaSet", "web-1"),
    [{ metadata: { name: "web-1", ...owner("Deployment", "web") } }],
    "Deployment/web",
  ],
] as const)
  test(`a pod's workload is ${title}`, () => {
    const { usage } = measure(NODE, { before: reading(0, 0), now: reading(1_000, 0) }, known([pod("web", of)], sets));
    assert.deepEqual(
      usage.flatMap((record) => (record.is === "pod" ? [record.workload] : [])),
      [expected],
    );
  });
