/** Owners that cannot be waited for, or cannot own: circles, owners in another namespace, namespaced owners of what has none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { configMapKind } from "#kinds/core/config-map.ts";
import { type Event, eventKind } from "#kinds/core/event.ts";
import { namespaceKind } from "#kinds/core/namespace.ts";
import type { KubeObject, OwnerReference } from "#kinds/object.ts";
import { priorityClassKind } from "#kinds/core/priority-class.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { allControllers } from "./all.ts";
import { SampleCluster } from "./sample-cluster.ts";

const yieldOnce = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function open(): Promise<SampleCluster> {
  return SampleCluster.open(new MemoryJournal(new FakeClock()), allControllers, yieldOnce);
}

function referenceTo({ metadata: { name, uid = "" } }: KubeObject, rest: Partial<OwnerReference> = {}): OwnerReference {
  return { apiVersion: "v1", kind: "ConfigMap", name, uid, ...rest };
}

function config(
  cluster: SampleCluster,
  name: string,
  { namespace = "default", owners = [] as readonly OwnerReference[] } = {},
): Promise<KubeObject> {
  return cluster.objects.create<KubeObject>(configMapKind, { metadata: { name, namespace, ownerReferences: owners } });
}

function names(cluster: SampleCluster): readonly string[] {
  return cluster
    .list(configMapKind)
    .map(({ metadata }) => metadata.name)
    .filter((name) => name !== "kube-root-ca.crt");
}

function told(cluster: SampleCluster): readonly string[] {
  return cluster.list<Event>(eventKind).map(({ type, reason = "", message = "" }) => `${type} ${reason}: ${message}`);
}

/** Each owned by the one before, the first by the last, all of them blocking. */
async function circle(cluster: SampleCluster, length: number): Promise<readonly string[]> {
  const members: KubeObject[] = [];
  for (let at = 0; at < length; at++) {
    const [before] = members.slice(-1);
    const owners = before === undefined ? [] : [referenceTo(before, { blockOwnerDeletion: true })];
    members.push(await config(cluster, `member-${at}`, { owners }));
  }
  const [last] = members.slice(-1) as [KubeObject];
  await cluster.objects.change(configMapKind, "default/member-0", (live) => ({
    ...live,
    metadata: { ...live.metadata, ownerReferences: [referenceTo(last, { blockOwnerDeletion: true })] },
  }));
  await cluster.settle();
  return members.map(({ metadata }) => `default/${metadata.name}`);
}

for (const length of [1, 2, 3, 5])
  test(`a circle of ${length}: one is deleted in the foreground, and all go`, async () => {
    await using cluster = await open();
    const [first = ""] = await circle(cluster, length);
    await cluster.objects.remove(configMapKind, first, { propagation: "Foreground" });
    await cluster.settle();
    assert.deepEqual(names(cluster), []);
  });

test("a circle of which all are deleted in the foreground at once goes too", async () => {
  await using cluster = await open();
  const keys = await circle(cluster, 3);
  await Promise.all(keys.map((key) => cluster.objects.remove(configMapKind, key, { propagation: "Foreground" })));
  await cluster.settle();
  assert.deepEqual(names(cluster), []);
});

test("who waits for a circle waits until it is broken; who has another owner stays", async () => {
  await using cluster = await open();
  const root = await config(cluster, "root");
  const other = await config(cluster, "other");
  const a = await config(cluster, "a", { owners: [referenceTo(root, { blockOwnerDeletion: true })] });
  const b = await config(cluster, "b", { owners: [referenceTo(a, { blockOwnerDeletion: true })] });
  await config(cluster, "kept", { owners: [referenceTo(b, { blockOwnerDeletion: true }), referenceTo(other)] });
  await cluster.objects.change(configMapKind, "default/a", (live) => ({
    ...live,
    metadata: {
      ...live.metadata,
      ownerReferences: [referenceTo(root, { blockOwnerDeletion: true }), referenceTo(b, { blockOwnerDeletion: true })],
    },
  }));
  // b still owns a: root alone does not take it along, and stays itself no longer than a needs to forget it.
  await cluster.objects.remove(configMapKind, "default/root", { propagation: "Foreground" });
  await cluster.settle();
  assert.deepEqual(names(cluster), ["a", "b", "kept", "other"]);
  await cluster.objects.remove(configMapKind, "default/b", { propagation: "Foreground" });
  await cluster.settle();
  assert.deepEqual(names(cluster), ["kept", "other"]);
});

test("an owner in another namespace is none: the child goes, and an event says why", async () => {
  await using cluster = await open();
  await cluster.objects.create(namespaceKind, { metadata: { name: "other" } });
  const there = await config(cluster, "there", { namespace: "other" });
  const { uid } = there.metadata;
  await config(cluster, "child", { owners: [referenceTo(there)] });
  await cluster.settle();
  assert.deepEqual(names(cluster), []);
  assert.deepEqual(told(cluster), [
    `Warning OwnerRefInvalidNamespace: ownerRef [v1/ConfigMap, namespace: default, name: there, uid: ${uid}] does not exist in namespace "default"`,
  ]);
});

test("what has no namespace cannot be owned by what has one: it stays, and an event says so", async () => {
  await using cluster = await open();
  const there = await config(cluster, "there");
  const { uid } = there.metadata;
  await cluster.objects.create<KubeObject>(priorityClassKind, {
    metadata: { name: "high", ownerReferences: [referenceTo(there)] },
    value: 1,
  } as KubeObject);
  await cluster.settle();
  assert.deepEqual(told(cluster), [
    `Warning OwnerRefInvalidNamespace: ownerRef [v1/ConfigMap, namespace: , name: there, uid: ${uid}] does not exist in namespace ""`,
  ]);
  await cluster.objects.remove(configMapKind, "default/there");
  await cluster.settle();
  assert.equal(cluster.list(priorityClassKind).length, 1);
});
