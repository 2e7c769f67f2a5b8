/** The one list of both hulls: who is in it, in which order, how well it is, what it costs. */
import assert from "node:assert/strict";
import test from "node:test";
import type { Deployment } from "#kinds/apps/deployment.ts";
import type { FunctionObject } from "#kinds/catamaran/function.ts";
import type { PodMetrics } from "#kinds/autoscaling/metrics.ts";
import type { Node } from "#kinds/core/node.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { priceBook } from "#metering/price-book.ts";
import { Minute } from "./minute.ts";
import { dollars } from "./dollars.ts";
import { type Row, rowsOf, type Seen } from "./rows.ts";

const requests = { cpu: "100m", memory: "128Mi" };
const spec = { containers: [{ name: "c", resources: { requests } }] };

function deployment(name: string, replicas: number, readyReplicas: number): Deployment {
  return {
    metadata: { name, namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec },
    },
    status: { replicas, readyReplicas },
  };
}

function pod(name: string, phase: string, more: object = {}): Pod {
  const ready = phase === "Running";
  return {
    metadata: { name, namespace: "default", ...more },
    spec,
    status: { phase, containerStatuses: [{ ready }] },
  } as unknown as Pod;
}

function fn(name: string, state: string): FunctionObject {
  return {
    metadata: { name, namespace: "default" },
    spec: { memoryMib: 256 },
    status: { state },
  } as unknown as FunctionObject;
}

/** As the book's t3.medium. */
const node = {
  metadata: { name: "node-1" },
  status: { capacity: { cpu: "2", memory: "4Gi" } },
} as unknown as Node;

function rows(some: Partial<Seen>): readonly Row[] {
  const book = priceBook("aws-us-east-1");
  assert.ok(book);
  const minute = new Minute();
  const nothing = { deployments: [], pods: [], services: [], nodes: [node], podMetrics: [], functions: [] };
  const live = { running: () => ({ running: 1, idle: 2 }), figures: (backend: string) => minute.figures(backend, 0) };
  return rowsOf({ ...nothing, ...live, ...some }, book);
}

test("what needs somebody comes first, then names; pods that something controls are in its row", () => {
  const owned = { ownerReferences: [{ controller: true, kind: "ReplicaSet", name: "a-1", uid: "u" }] };
  const listed = rows({
    deployments: [deployment("b", 2, 2), deployment("c", 2, 1)],
    pods: [pod("b-1-x", "Running", owned), pod("alone", "Running"), pod("stuck", "Pending")],
    functions: [fn("a", "Active"), fn("broken", "Failed")],
  });
  assert.deepEqual(
    listed.map(({ name }) => name),
    ["broken", "c", "stuck", "a", "alone", "b"],
  );
});

for (const { title, seen, health, isHealthy, perHour } of [
  {
    title: "a deployment",
    seen: { deployments: [deployment("web", 3, 3)] },
    health: "3/3 ready",
    isHealthy: true,
    perHour: "$0.00507",
  },
  {
    title: "a deployment that waits",
    seen: { deployments: [deployment("web", 3, 1)] },
    health: "1/3 ready",
    isHealthy: false,
    perHour: "$0.00507",
  },
  {
    title: "a deployment of none",
    seen: { deployments: [deployment("web", 0, 0)] },
    health: "0/0 ready",
    isHealthy: true,
    perHour: "$0",
  },
  {
    title: "a pod",
    seen: { pods: [pod("web", "Running")] },
    health: "1/1 running",
    isHealthy: true,
    perHour: "$0.00169",
  },
  {
    title: "a pod that is done",
    seen: { pods: [pod("web", "Succeeded")] },
    health: "Succeeded",
    isHealthy: true,
    perHour: "$0",
  },
  {
    title: "a pod that failed",
    seen: { pods: [pod("web", "Failed")] },
    health: "Failed",
    isHealthy: false,
    perHour: "$0",
  },
  {
    title: "a function",
    seen: { functions: [fn("web", "Active")] },
    health: "1 busy, 2 idle",
    isHealthy: true,
    perHour: "$0",
  },
  {
    title: "a function that cannot run",
    seen: { functions: [fn("web", "Failed")] },
    health: "Failed",
    isHealthy: false,
    perHour: "$0",
  },
])
  test(`${title}: ${health}, ${perHour} an hour`, () => {
    const [row] = rows(seen);
    assert.ok(row);
    assert.deepEqual([row.health, row.isHealthy, dollars(row.perHour)], [health, isHealthy, perHour]);
  });

test("use is of a workload's own pods", () => {
  const metrics = (name: string, app: string): PodMetrics =>
    ({
      metadata: { name, namespace: "default", labels: { app } },
      containers: [{ name: "c", usage: { cpu: "20m", memory: "64Mi" } }],
    }) as unknown as PodMetrics;
  const podMetrics = [metrics("web-1", "web"), metrics("web-2", "web"), metrics("other", "other")];
  const [row] = rows({ deployments: [deployment("web", 2, 2)], podMetrics });
  assert.deepEqual(
    [row?.cpuMillis, row?.memoryMib],
    [
      [200, 40],
      [256, 128],
    ],
  );
});

test("on two nodes the same pods are half the part of twice the price; without nodes there is nothing to pay", () => {
  const deployments = [deployment("web", 3, 3)];
  const on = (nodes: readonly Node[]): string => dollars(rows({ deployments, nodes })[0]?.perHour ?? 0n);
  assert.deepEqual([on([node]), on([node, node]), on([])], ["$0.00507", "$0.00507", "$0"]);
});
