/** The watch over what a node has left, with supplies made up: what is given up first, who must go, how long it is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { silent } from "#base/log.ts";
import { never } from "#base/stop.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { Supplies } from "#pods/pressure.ts";
import type { NodeFacts } from "./node-facts.ts";
import { NodePressure } from "./node-pressure.ts";

const amount = { cpuMillis: 1_000, memoryBytes: 1024 ** 3 };
const facts: NodeFacts = {
  instance: "dev",
  name: "node-1",
  capacity: amount,
  allocatable: amount,
  ip: "10.192.0.11",
  podCidr: "10.64.1.0/24",
  dnsIp: "10.128.0.10",
  clusterDomain: "cluster.local",
  nodeDir: "/data/node-1",
  nodeRunDir: "/run/dev/node-1",
  cgroup: "/catamaran/dev/node-1",
};
const pods: readonly Pod[] = ["small", "big"].map((name) => ({
  metadata: { name, uid: name },
  spec: { containers: [{ name: "c" }] },
}));

/** A node that measures these, one after the other, and the last one for ever. */
function nodeWith(...measured: readonly Supplies[]): {
  readonly pressure: NodePressure;
  readonly done: string[];
  now: number;
} {
  const done: string[] = [];
  const left = [...measured];
  const node = { done, now: 0 };
  const pressure = new NodePressure({
    facts,
    cgroups: {
      usage: async (path) => ({ cpuMicros: 0, memoryBytes: path.endsWith("/big") ? 2_000 : 1_000 }),
      processes: async () => [],
    },
    measure: async () => (left.length > 1 ? left.shift() : left[0]) ?? {},
    pods: () => pods,
    freeDisk: async () => void done.push("images freed"),
    evict: ({ pod }) => void done.push(`${pod.metadata.name} evicted`),
    clock: { now: () => node.now, sleep: async () => {} },
    log: silent,
    stop: never,
  });
  return Object.assign(node, { pressure });
}

const full: Supplies = { nodeDisk: { available: 1, total: 100 } };
const roomy: Supplies = { nodeDisk: { available: 50, total: 100 } };

for (const { title, measured, done, types } of [
  { title: "has enough", measured: [roomy], done: [], types: [] },
  { title: "has a full disk of unused images", measured: [full, roomy], done: ["images freed"], types: [] },
  {
    title: "has a full disk all the same",
    measured: [full],
    done: ["images freed", "big evicted"],
    types: ["DiskPressure"],
  },
  {
    title: "is out of memory",
    measured: [{ memory: { available: 0, total: 1 } }],
    done: ["big evicted"],
    types: ["MemoryPressure"],
  },
])
  test(`a node that ${title}`, async () => {
    const node = nodeWith(...measured);
    await node.pressure.look();
    assert.deepEqual(node.done, done);
    assert.deepEqual([...node.pressure.types()], types);
  });

test("a pressure that is over is told for five minutes more", async () => {
  const node = nodeWith({ memory: { available: 0, total: 1 } }, roomy);
  await node.pressure.look();
  await node.pressure.look();
  assert.equal(node.pressure.types().size, 1);
  node.now = 300_000;
  assert.equal(node.pressure.types().size, 0);
});
