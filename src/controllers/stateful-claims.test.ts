/** The claims of StatefulSets: made before their pods, kept or removed by the retention policy. */
import assert from "node:assert/strict";
import { setImmediate as yieldOnce } from "node:timers/promises";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { type StatefulSet, type StatefulSetSpec, statefulSetKind } from "#kinds/apps/stateful-set.ts";
import { type PersistentVolumeClaim, persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import { persistentVolumeKind } from "#kinds/core/persistent-volume.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { allControllers } from "./all.ts";
import { isActive } from "./pod-facts.ts";
import { SampleCluster } from "./sample-cluster.ts";
import { brief } from "./sample-plan.ts";
import { hasStaleClaims, missingClaims, ownedClaims, setsOfClaim, withClaimVolumes } from "./stateful-claims.ts";

const claimSpec = {
  accessModes: ["ReadWriteOnce" as const],
  storageClassName: "",
  resources: { requests: { storage: "1Gi" } },
};
const policyOf = (whenDeleted: "Delete" | "Retain", whenScaled: "Delete" | "Retain"): Partial<StatefulSetSpec> => ({
  persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled },
});
function setOf(spec: Partial<StatefulSetSpec> = {}): StatefulSet {
  return {
    metadata: { name: "db", namespace: "default", uid: "set" },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: "db" } },
      template: { metadata: { labels: { app: "db" } }, spec: { containers: [{ name: "c", image: "app:1" }] } },
      volumeClaimTemplates: [{ metadata: { name: "data", labels: { kept: "yes" } }, spec: claimSpec }],
      ...spec,
    },
  };
}

const pod: Pod = { metadata: { name: "db-0", namespace: "default", uid: "pod" }, spec: { containers: [] } };
const bySet = {
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  name: "db",
  uid: "set",
  controller: true,
  blockOwnerDeletion: true,
};
const byPod = { apiVersion: "v1", kind: "Pod", name: "db-0", uid: "pod", controller: true, blockOwnerDeletion: true };
const byOther = { apiVersion: "x/v1", kind: "Other", name: "o", uid: "o", controller: true, blockOwnerDeletion: true };
const claimOf = (...ownerReferences: readonly (typeof bySet)[]): PersistentVolumeClaim => ({
  metadata: { name: "data-db-0", namespace: "default", uid: "c", ownerReferences },
  spec: claimSpec,
});

test("a claim has the template's labels and the selector's, and its pod mounts it instead of a volume of its name", () => {
  const { changes } = missingClaims(setOf(), 0, () => undefined);
  assert.deepEqual(brief(changes), [
    "create persistentvolumeclaims default/data-db-0",
    "event Normal SuccessfulCreate: create Claim data-db-0 Pod db-0 in StatefulSet db success",
  ]);
  const [made] = changes;
  assert.deepEqual(made?.verb === "create" && made.object.metadata.labels, { kept: "yes", app: "db" });
  assert.deepEqual(
    withClaimVolumes(setOf(), 0, [
      { name: "data", emptyDir: {} },
      { name: "tmp", emptyDir: {} },
    ]),
    [
      { name: "data", persistentVolumeClaim: { claimName: "data-db-0" } },
      { name: "tmp", emptyDir: {} },
    ],
  );
});

test("a claim that is there is used, one that is ending holds its pod up", () => {
  assert.deepEqual(
    missingClaims(setOf(), 0, () => claimOf()),
    { changes: [], isBlocked: false },
  );
  const ending = { ...claimOf(), metadata: { ...claimOf().metadata, deletionTimestamp: "now" } };
  const { changes, isBlocked } = missingClaims(setOf(), 0, () => ending);
  assert.equal(isBlocked, true);
  assert.deepEqual(brief(changes), [
    "event Warning FailedCreate: create Pod db-0 in StatefulSet db failed error: pvc data-db-0 is being deleted",
  ]);
});

type Owners = readonly string[] | "as it is";
const owners: readonly (readonly [
  title: string,
  policy: Partial<StatefulSetSpec>,
  isStaying: boolean,
  claim: PersistentVolumeClaim,
  want: Owners,
])[] = [
  ["Retain and Retain: nobody", policyOf("Retain", "Retain"), true, claimOf(bySet), []],
  ["whenDeleted Delete: the set", policyOf("Delete", "Retain"), true, claimOf(), ["StatefulSet"]],
  ["whenDeleted Delete, scaled down: still the set", policyOf("Delete", "Retain"), false, claimOf(bySet), "as it is"],
  ["whenScaled Delete: nobody while it stays", policyOf("Retain", "Delete"), true, claimOf(byPod), []],
  ["whenScaled Delete, scaled down: the pod", policyOf("Retain", "Delete"), false, claimOf(), ["Pod"]],
  ["both: the set while it stays", policyOf("Delete", "Delete"), true, claimOf(byPod), ["StatefulSet"]],
  ["both, scaled down: the pod", policyOf("Delete", "Delete"), false, claimOf(bySet), ["Pod"]],
  ["another controller has it", policyOf("Delete", "Delete"), true, claimOf(byOther), "as it is"],
  ["and ours is taken from it", policyOf("Delete", "Delete"), true, claimOf(byOther, bySet), ["Other"]],
  ["a set before this one had it", policyOf("Retain", "Retain"), true, claimOf({ ...bySet, uid: "old" }), "as it is"],
];
for (const [title, policy, isStaying, claim, want] of owners)
  test(`who owns a claim: ${title}`, () => {
    const [change] = ownedClaims(setOf(policy), { pod, ordinal: 0, isStaying }, () => claim);
    const patch = change?.verb === "patch" ? change.patch : null;
    const found = (patch as { metadata?: { ownerReferences?: { kind: string }[] | null } } | null)?.metadata;
    assert.deepEqual(found === undefined ? "as it is" : (found.ownerReferences ?? []).map(({ kind }) => kind), want);
  });

test("a new pod does not get the claims of one of its name that the garbage collector still has to take", () => {
  const old = claimOf({ ...byPod, uid: "old" });
  assert.equal(
    hasStaleClaims(setOf(policyOf("Retain", "Delete")), 0, () => old),
    true,
  );
  assert.equal(
    hasStaleClaims(setOf(policyOf("Retain", "Retain")), 0, () => old),
    false,
  );
});

test("a claim wakes the set that its name is of", () => {
  const view = { list: () => [setOf(), { ...setOf(), metadata: { name: "other", namespace: "default" } }] };
  const seen = { view: () => view } as unknown as Parameters<typeof setsOfClaim>[1];
  assert.deepEqual(setsOfClaim(claimOf(), seen), ["default/db"]);
});

test("a set's claims outlive its pods, and go when it is scaled down or deleted as the policy says", async () => {
  await using cluster = await SampleCluster.open(new MemoryJournal(new FakeClock()), allControllers, () => yieldOnce());
  await cluster.addNode("node-1");
  for (const name of ["a", "b", "c", "d"])
    await cluster.objects.create(persistentVolumeKind, {
      metadata: { name },
      spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/srv" } },
    });
  const { spec } = setOf(policyOf("Delete", "Delete"));
  await cluster.objects.create(statefulSetKind, { metadata: { name: "db", namespace: "default" }, spec });
  await cluster.pass(60, 20);
  const claims = (): readonly string[] =>
    cluster
      .list(persistentVolumeClaimKind)
      .map(({ metadata, status }) => `${metadata.name} ${status?.phase}`)
      .toSorted((a, b) => (a < b ? -1 : 1));
  const running = (): readonly string[] =>
    cluster
      .list(podKind)
      .filter(isActive)
      .map(({ metadata }) => metadata.name);
  assert.deepEqual(claims(), ["data-db-0 Bound", "data-db-1 Bound"]);
  assert.deepEqual(running(), ["db-0", "db-1"]);
  const volumeOf = (): string | undefined => cluster.list(persistentVolumeClaimKind)[0]?.spec.volumeName;
  const before = volumeOf();
  await cluster.objects.remove(podKind, "default/db-0");
  await cluster.pass(60, 20);
  assert.deepEqual([running().length, volumeOf()], [2, before]);
  const scale = async (replicas: number): Promise<void> => {
    await cluster.objects.change(statefulSetKind, "default/db", (one) => ({ ...one, spec: { ...one.spec, replicas } }));
    await cluster.pass(120, 20);
  };
  await scale(1);
  assert.deepEqual(claims(), ["data-db-0 Bound"]);
  await scale(2);
  assert.deepEqual(claims(), ["data-db-0 Bound", "data-db-1 Bound"]);
  await cluster.objects.remove(statefulSetKind, "default/db");
  await cluster.pass(120, 20);
  assert.deepEqual([claims(), running()], [[], []]);
});
