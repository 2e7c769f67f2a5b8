/** Pods that are kept waiting on purpose, and services that show pods before they are ready. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { endpointSliceKind } from "#kinds/networking/endpoint-slice.ts";
import { endpointsKind } from "#kinds/core/endpoints.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { type Service, serviceKind } from "#kinds/core/service.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { allControllers } from "./all.ts";
import { SampleCluster } from "./sample-cluster.ts";

function open(): Promise<SampleCluster> {
  return SampleCluster.open(
    new MemoryJournal(new FakeClock()),
    allControllers,
    () => new Promise((resolve) => setImmediate(resolve)),
  );
}

function podOf(spec: Partial<Pod["spec"]>): Pod {
  // It is asked for the first time after an hour: it runs and is not ready.
  const readinessProbe = { httpGet: { port: 80 }, initialDelaySeconds: 3_600 };
  return {
    metadata: { name: "p", namespace: "default", labels: { app: "web" } },
    spec: { containers: [{ name: "c", image: "app", readinessProbe }], ...spec },
  };
}

function statusOf(cluster: SampleCluster): readonly (string | undefined)[] {
  const { spec, status } = cluster.list(podKind)[0] ?? podOf({});
  return [spec.nodeName, status?.conditions?.find(({ type }) => type === "PodScheduled")?.reason];
}

test("a pod with schedulingGates waits, says so, and goes to a node when the last one is taken away", async () => {
  await using cluster = await open();
  await cluster.addNode("node-1");
  await cluster.objects.create(podKind, podOf({ schedulingGates: [{ name: "example.com/quota" }] }));
  await cluster.settle();
  assert.deepEqual(statusOf(cluster), [undefined, "SchedulingGated"]);
  await cluster.objects.change(podKind, "default/p", (live) => {
    const { schedulingGates: _gates, ...spec } = live.spec;
    return { ...live, spec };
  });
  await cluster.settle();
  assert.deepEqual(statusOf(cluster), ["node-1", undefined]);
});

for (const publishNotReadyAddresses of [false, true])
  test(`publishNotReadyAddresses ${publishNotReadyAddresses}: a pod that is not ready is ${publishNotReadyAddresses ? "an address" : "among notReadyAddresses"}`, async () => {
    await using cluster = await open();
    await cluster.addNode("node-1");
    const service: Service = {
      metadata: { name: "web", namespace: "default" },
      spec: { selector: { app: "web" }, ports: [{ port: 80 }], publishNotReadyAddresses },
    };
    await cluster.objects.create(serviceKind, service);
    await cluster.objects.create(podKind, podOf({}));
    await cluster.settle();
    const endpoints = cluster.list(endpointsKind).find(({ metadata }) => metadata.name === "web");
    const [subset] = endpoints?.subsets ?? [];
    const [shown, hidden] = [subset?.addresses ?? [], subset?.notReadyAddresses ?? []];
    assert.deepEqual([shown.length, hidden.length], publishNotReadyAddresses ? [1, 0] : [0, 1]);
    const [slice] = cluster.list(endpointSliceKind).filter(({ metadata }) => metadata.name.startsWith("web"));
    assert.equal(slice?.endpoints[0]?.conditions?.ready, publishNotReadyAddresses);
  });
