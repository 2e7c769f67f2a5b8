/** Zones in trouble: upstream's states and rates, and what they mean for nodes that fall silent one after the other or all together. */
import assert from "node:assert/strict";
import { setImmediate as yieldOnce } from "node:timers/promises";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { type Node, nodeKind } from "#kinds/core/node.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { nodeLifecycleController } from "./node-lifecycle.ts";
import { SampleCluster } from "./sample-cluster.ts";
import { type Disruption, disruptionOf, evictionPace, EvictionTurns, zoneOf } from "./zone-disruption.ts";

const states: readonly (readonly [ready: number, lost: number, Disruption])[] = [
  [0, 0, "none"],
  [1, 0, "none"],
  [0, 1, "full"],
  [0, 60, "full"],
  [1, 1, "none"],
  [1, 2, "none"],
  [2, 3, "partial"],
  [3, 3, "none"],
  [9, 11, "partial"],
  [10, 11, "none"],
];
for (const [ready, lost, state] of states)
  test(`${lost} of ${ready + lost} nodes lost is a disruption: ${state}`, () =>
    assert.equal(disruptionOf({ ready, lost }), state));

const REGION = "topology.kubernetes.io/region";
const ZONE = "topology.kubernetes.io/zone";
const zones: readonly (readonly [labels: Readonly<Record<string, string>>, zone: string])[] = [
  [{}, "/"],
  [{ [REGION]: "r", [ZONE]: "z" }, "r/z"],
  [{ "failure-domain.beta.kubernetes.io/region": "r", "failure-domain.beta.kubernetes.io/zone": "z" }, "r/z"],
  [{ [ZONE]: "new", "failure-domain.beta.kubernetes.io/zone": "old" }, "/new"],
  [{ [ZONE]: "", "failure-domain.beta.kubernetes.io/zone": "old" }, "/old"],
];
for (const [labels, zone] of zones)
  test(`the zone of ${JSON.stringify(labels)} is ${zone}`, () =>
    assert.equal(zoneOf({ metadata: { name: "n", labels } }), zone));

function nodesIn(zone: string, ready: number, lost: number, labels: Readonly<Record<string, string>> = {}): Node[] {
  return Array.from({ length: ready + lost }, (_unused, i) => ({
    metadata: { name: `${zone}-${i}`, labels: { [ZONE]: zone, ...labels } },
    ...(i % 2 === 0 || i < ready
      ? { status: { conditions: [{ type: "Ready", status: i < ready ? ("True" as const) : ("Unknown" as const) }] } }
      : {}), // Never said how it is.
  }));
}

const paces: readonly {
  readonly title: string;
  readonly nodes: readonly Node[];
  readonly pace: number | "suspended";
}[] = [
  { title: "one node of three", nodes: nodesIn("a", 2, 1), pace: 10_000 },
  { title: "the only node", nodes: nodesIn("a", 0, 1), pace: "suspended" },
  { title: "all nodes of all zones", nodes: [...nodesIn("a", 0, 3), ...nodesIn("b", 0, 1)], pace: "suspended" },
  { title: "a whole zone while another is well", nodes: [...nodesIn("a", 0, 3), ...nodesIn("b", 1, 0)], pace: 10_000 },
  { title: "most of a small zone", nodes: nodesIn("a", 20, 30), pace: Infinity },
  { title: "most of a large zone", nodes: nodesIn("a", 21, 30), pace: 100_000 },
  { title: "nobody", nodes: [], pace: 10_000 },
  {
    title: "all but nodes that do not count",
    nodes: [...nodesIn("a", 0, 2), ...nodesIn("a", 1, 0, { "node.kubernetes.io/exclude-disruption": "" })],
    pace: "suspended",
  },
  {
    title: "only nodes that do not count",
    nodes: nodesIn("a", 0, 2, { "node.kubernetes.io/exclude-disruption": "" }),
    pace: 10_000,
  },
];
for (const { title, nodes, pace } of paces)
  test(`${title} lost: ${pace === "suspended" ? "nobody is evicted" : `a node each ${pace} ms`}`, () =>
    assert.equal(evictionPace(nodes, "/a"), pace));

/** In this order, of one zone of 10 ms and another. */
const turns: readonly (readonly [title: string, zone: string, node: string, at: number, isTaken: boolean])[] = [
  ["the first takes one", "a", "a-1", 5, true],
  ["it may ask again", "a", "a-1", 6, true],
  ["the next must wait", "a", "a-2", 14, false],
  ["another zone's does not", "b", "b-1", 14, true],
  ["until the time is over", "a", "a-2", 15, true],
  ["then the first one's turn is over", "a", "a-1", 24, false],
];

test("nodes of a zone take turns", () => {
  const taken = new EvictionTurns();
  assert.equal(taken.take({ zone: "a", node: "a-1" }, Infinity, 0), false, "nobody while the zone is in trouble");
  for (const [title, zone, node, at, isTaken] of turns)
    assert.equal(taken.take({ zone, node }, 10, at), isTaken, title);
});

const evicting = (cluster: SampleCluster): readonly string[] =>
  cluster
    .list(nodeKind)
    .filter(({ spec }) => spec?.taints?.some(({ effect }) => effect === "NoExecute"))
    .map(({ metadata }) => metadata.name);

async function clusterOf(nodes: number): Promise<SampleCluster> {
  const cluster = await SampleCluster.open(new MemoryJournal(new FakeClock()), [nodeLifecycleController], () =>
    yieldOnce(),
  );
  for (let i = 1; i <= nodes; i++) await cluster.addNode(`node-${i}`);
  await cluster.settle();
  return cluster;
}

test("two of three nodes that fall silent together begin to lose their pods ten seconds apart", async () => {
  await using cluster = await clusterOf(3);
  for (const name of ["node-1", "node-2"]) cluster.stopNode(name);
  await cluster.pass(55, 11);
  assert.equal(evicting(cluster).length, 1);
  await cluster.pass(5, 1);
  assert.equal(evicting(cluster).length, 1);
  await cluster.pass(10, 2);
  assert.deepEqual(evicting(cluster), ["node-1", "node-2"]);
});

test("when the last node falls silent too, nobody is evicted any more; when one is back, the others are", async () => {
  await using cluster = await clusterOf(2);
  cluster.stopNode("node-1");
  await cluster.pass(60, 12);
  assert.deepEqual(evicting(cluster), ["node-1"]);
  cluster.stopNode("node-2");
  await cluster.pass(70, 14);
  assert.deepEqual(evicting(cluster), []);
  assert.ok(
    cluster.list(nodeKind).every(({ spec }) => spec?.taints?.some(({ effect }) => effect === "NoSchedule")),
    "no pod is placed on them all the same",
  );
  await cluster.addNode("node-3");
  await cluster.pass(10, 2);
  assert.equal(evicting(cluster).length, 1);
});
