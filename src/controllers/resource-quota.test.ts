/** ResourceQuotas: what is taken is written down, and follows what comes and goes. */
import assert from "node:assert/strict";
import { setImmediate as yieldOnce } from "node:timers/promises";
import { test } from "node:test";
import { configMapKind } from "#kinds/core/config-map.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { type ResourceQuota, resourceQuotaKind } from "#kinds/core/resource-quota.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { allControllers } from "./all.ts";
import { SampleCluster } from "./sample-cluster.ts";

const metadata = (name: string): { readonly name: string; readonly namespace: string } => ({
  name,
  namespace: "default",
});

test("used follows pods, maps and the quota's own limits", async () => {
  await using cluster = await SampleCluster.open(new MemoryJournal(new FakeClock()), allControllers, yieldOnce);
  await cluster.addNode("n1");
  const used = async (): Promise<ResourceQuota["status"]> => {
    await cluster.settle();
    return cluster.list(resourceQuotaKind)[0]?.status;
  };
  const hard = { pods: "3", "requests.memory": "1Gi", "count/configmaps": "9", resourcequotas: "2" };
  await cluster.objects.create(resourceQuotaKind, { metadata: metadata("q"), spec: { hard } });
  const before = Number((await used())?.used?.["count/configmaps"]);
  assert.deepEqual((await used())?.hard, hard);
  const pod: Pod = {
    metadata: metadata("p"),
    spec: { containers: [{ name: "c", image: "app:1", resources: { requests: { memory: "64Mi" } } }] },
  };
  await cluster.objects.create(podKind, pod);
  await cluster.objects.create(configMapKind, { metadata: metadata("m") });
  assert.deepEqual((await used())?.used, {
    pods: "1",
    "requests.memory": "64Mi",
    "count/configmaps": String(before + 1),
    resourcequotas: "1",
  });
  await cluster.objects.remove(podKind, "default/p", { gracePeriodSeconds: 0 });
  await cluster.objects.remove(configMapKind, "default/m");
  await cluster.objects.change(resourceQuotaKind, "default/q", (live) => ({
    ...live,
    spec: { hard: { pods: "5", "count/configmaps": "9" } },
  }));
  assert.deepEqual(await used(), {
    hard: { pods: "5", "count/configmaps": "9" },
    used: { pods: "0", "count/configmaps": String(before) },
  });
});
