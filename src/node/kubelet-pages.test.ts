/** What a node's agent tells in kubelet's forms. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { metricsPage, noPage, podsPage, resourceMetricsPage, summaryPage } from "./kubelet-pages.ts";

const stats = {
  atMs: 1_000,
  node: { cpuMicros: 9_000_000, memoryBytes: 900 },
  pods: [
    {
      namespace: "n",
      name: "p",
      uid: "u",
      containers: [
        { name: "a", cpuMicros: 1_000_000, memoryBytes: 100 },
        { name: "b", cpuMicros: 500_000, memoryBytes: 50 },
      ],
    },
  ],
};

test("pods are a list with their types", () => {
  const page = podsPage([{ metadata: { name: "p" }, spec: { containers: [] } }]);
  assert.deepEqual(JSON.parse(page.text), {
    kind: "PodList",
    apiVersion: "v1",
    metadata: {},
    items: [{ kind: "Pod", apiVersion: "v1", metadata: { name: "p" }, spec: { containers: [] } }],
  });
});

test("the summary has node, pods and containers, CPU in nanoseconds", () => {
  const { node, pods } = JSON.parse(summaryPage("one", stats).text) as {
    node: object;
    pods: { podRef: object; cpu: object; containers: object[] }[];
  };
  const time = "1970-01-01T00:00:01Z";
  assert.deepEqual(node, {
    nodeName: "one",
    cpu: { time, usageCoreNanoSeconds: 9_000_000_000 },
    memory: { time, workingSetBytes: 900 },
  });
  assert.deepEqual(pods[0]?.podRef, { name: "p", namespace: "n", uid: "u" });
  assert.deepEqual(pods[0]?.cpu, { time, usageCoreNanoSeconds: 1_500_000_000 });
  assert.equal(pods[0]?.containers.length, 2);
});

test("metrics have kubelet's names", () => {
  const lines = resourceMetricsPage(stats).text.split("\n");
  for (const line of [
    "node_cpu_usage_seconds_total 9 1000",
    'container_memory_working_set_bytes{container="b",namespace="n",pod="p"} 50 1000',
    'pod_cpu_usage_seconds_total{namespace="n",pod="p"} 1.5 1000',
  ])
    assert.ok(lines.includes(line), line);
  assert.match(metricsPage(stats).text, /^kubelet_running_pods 1$/m);
});

test("what else kubelet serves is refused by name, the rest is not found", () => {
  assert.deepEqual(
    ["/configz", "/cri/x", "/nope"].map((path) => noPage(path).code),
    ["Unsupported", "Unsupported", "NotFound"],
  );
});
