/** What the scheduler counts: requests of a pod, what nodes have left, and who wins a tie or has to go. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "#kinds/core/node.ts";
import type { Container } from "#kinds/core/pod-spec.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { Cluster } from "./cluster.ts";
import { amountsOf, requestsOf } from "./needs.ts";
import { pick } from "./pick.ts";
import { preempt } from "./preempt.ts";

const MIB = 1024 ** 2;

function nodeOf(name: string, cpu = "4", memory = "4Gi"): Node {
  return { metadata: { name }, status: { allocatable: { cpu, memory, pods: "110" } } };
}

function clusterOf(nodes: readonly Node[]): Cluster {
  const cluster = new Cluster(() => ({}));
  for (const node of nodes) cluster.setNode(node);
  return cluster;
}

function podOf(name: string, requests: Readonly<Record<string, string>>, priority = 0): Pod {
  return {
    metadata: { name, namespace: "default", uid: name, labels: {} },
    spec: { priority, containers: [{ name: "c", image: "app", resources: { requests } }] },
  };
}

const container = (cpu: string, more: Partial<Container> = {}): Container => ({
  name: "c",
  image: "app",
  resources: { requests: { cpu } },
  ...more,
});

const requests: readonly (readonly [title: string, spec: Pod["spec"], cpuMillis: number])[] = [
  ["nothing", { containers: [{ name: "c", image: "app" }] }, 0],
  ["all containers together", { containers: [container("100m"), container("200m")] }, 300],
  [
    "limits where there are no requests",
    { containers: [container("0", { resources: { limits: { cpu: "1" } } })] },
    1_000,
  ],
  [
    "requests where there are both",
    { containers: [container("0", { resources: { requests: { cpu: "100m" }, limits: { cpu: "1" } } })] },
    100,
  ],
  [
    "an init container that asks for more",
    { initContainers: [container("1")], containers: [container("100m")] },
    1_000,
  ],
  [
    "an init container that asks for less",
    { initContainers: [container("50m")], containers: [container("100m")] },
    100,
  ],
  [
    "a sidecar beside the containers",
    { initContainers: [container("50m", { restartPolicy: "Always" })], containers: [container("100m")] },
    150,
  ],
  [
    "an init container beside an earlier sidecar",
    {
      initContainers: [container("500m", { restartPolicy: "Always" }), container("1")],
      containers: [container("100m")],
    },
    1_500,
  ],
  ["overhead on top", { containers: [container("100m")], overhead: { cpu: "20m" } }, 120],
];
for (const [title, spec, cpuMillis] of requests)
  test(`a pod asks for ${title}`, () =>
    assert.equal(requestsOf({ metadata: { name: "p" }, spec }).cpuMillis, cpuMillis));

test("amounts are milli-cores and bytes; other resources are counted by name", () => {
  const { others, ...known } = amountsOf({ cpu: "1500m", memory: "1Mi", "ephemeral-storage": "2Mi", "a.b/gpu": "2" });
  assert.deepEqual(known, { cpuMillis: 1_500, memoryBytes: MIB, ephemeralBytes: 2 * MIB });
  assert.deepEqual([...(others ?? [])], [["a.b/gpu", 2]]);
});

for (const [title, before, after, want] of [
  ["memory", { memory: "1Mi" }, { memory: "3Mi" }, [0, 3 * MIB, 0]],
  ["CPU", { cpu: "1" }, { cpu: "2" }, [2_000, 0, 0]],
  ["ephemeral storage", { "ephemeral-storage": "1Mi" }, { "ephemeral-storage": "2Mi" }, [0, 0, 2 * MIB]],
] as const)
  test(`a placed pod whose ${title} changes takes the new amount and gives the old one back`, () => {
    const cluster = clusterOf([nodeOf("a")]);
    cluster.placePod(podOf("p", before), "a");
    cluster.placePod(podOf("p", after), "a");
    const [facts] = cluster.nodes;
    assert.deepEqual([facts?.cpuMillis, facts?.memoryBytes, facts?.ephemeralBytes], want);
    cluster.removePod("p");
    assert.deepEqual([facts?.cpuMillis, facts?.memoryBytes, facts?.ephemeralBytes, facts?.pods.size], [0, 0, 0, 0]);
  });

test("a pod that nobody placed is removed without a word, and one for an unknown node is not placed", () => {
  const cluster = clusterOf([nodeOf("a")]);
  cluster.removePod("nobody");
  assert.equal(cluster.placePod(podOf("p", {}), "b"), false);
  assert.equal(cluster.placePod(podOf("p", {}), "a"), true);
});

/** FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/) in 32 bits. */
function fnv(text: string): number {
  let hash = 0x811c9dc5n;
  for (const byte of Buffer.from(text)) hash = ((hash ^ BigInt(byte)) * 0x01000193n) % 2n ** 32n;
  return Number(hash);
}

test("among equal nodes the uid is the die", () => {
  const names = ["a", "b", "c", "d", "e"];
  for (let i = 0; i < 20; i++) {
    const uid = `uid-${i}`;
    assert.equal(
      pick(podOf(uid, { cpu: "1m" }), clusterOf(names.map((name) => nodeOf(name))), {}).node,
      names[fnv(uid) % 5],
    );
  }
});

test("the fullest node wins where nodes are to be filled, by CPU and memory together", () => {
  const cluster = clusterOf([nodeOf("a"), nodeOf("b")]);
  cluster.placePod(podOf("x", { cpu: "1", memory: "1Gi" }), "a");
  assert.equal(pick(podOf("p", { cpu: "1", memory: "1Gi" }), cluster, { strategy: "MostAllocated" }).node, "a");
  assert.equal(pick(podOf("p", { cpu: "1", memory: "1Gi" }), cluster, {}).node, "b");
});

test("of pods that could go the least important one does; of equals the one that started last", () => {
  const since = (pod: Pod, startTime: string): Pod => ({ ...pod, status: { startTime } });
  const victims = (placed: readonly Pod[]): readonly string[] => {
    const cluster = clusterOf([nodeOf("a", "2")]);
    for (const pod of placed) cluster.placePod(pod, "a");
    const found = preempt(podOf("p", { cpu: "1" }, 9), cluster);
    return found.node === null ? [] : found.victims.map(({ metadata }) => metadata.name);
  };
  const one = { cpu: "1" };
  assert.deepEqual(victims([podOf("low", one, 1), podOf("mid", one, 5)]), ["low"]);
  assert.deepEqual(victims([podOf("mid", one, 5), podOf("low", one, 1)]), ["low"]);
  const [old, young] = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"];
  assert.deepEqual(victims([since(podOf("a", one), old), since(podOf("b", one), young)]), ["b"]);
  assert.deepEqual(victims([since(podOf("a", one), young), since(podOf("b", one), old)]), ["a"]);
  // An older pod that matters less goes before a younger one that matters more.
  assert.deepEqual(victims([since(podOf("a", one, 1), old), since(podOf("b", one, 5), young)]), ["a"]);
});
