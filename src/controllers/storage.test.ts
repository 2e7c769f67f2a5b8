/** Claims and volumes: how they are bound, kept, released and protected, as plans and as a life on a cluster in memory. */
import assert from "node:assert/strict";
import { setImmediate as yieldOnce } from "node:timers/promises";
import { test } from "node:test";
import type { Controller, Seen } from "#deck/controller.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { type Node, nodeKind } from "#kinds/core/node.ts";
import { type PersistentVolumeClaim, persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import { type PersistentVolume, persistentVolumeKind } from "#kinds/core/persistent-volume.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import type { KubeObject } from "#kinds/object.ts";
import { type StorageClass, storageClassKind } from "#kinds/storage/storage-class.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { allControllers } from "./all.ts";
import { claimBinder } from "./claim-binder.ts";
import { claimExpansion } from "./claim-expansion.ts";
import { ephemeralClaims } from "./ephemeral-claims.ts";
import { SampleCluster } from "./sample-cluster.ts";
import { brief, planOf, type There } from "./sample-plan.ts";
import { claimProtection, volumeProtection } from "./storage-protection.ts";
import { volumePhaseController } from "./volume-phases.ts";

const BOUND = { "pv.kubernetes.io/bind-completed": "yes" };
const OURS = { "pv.kubernetes.io/bound-by-controller": "yes" };
const MADE = { "pv.kubernetes.io/provisioned-by": "catamaran.dev/local" };
const SENT = { "volume.kubernetes.io/selected-node": "node-1" };

function claimOf(spec: object = {}, annotations: object = {}, rest: object = {}): PersistentVolumeClaim {
  return {
    metadata: { name: "c", namespace: "default", uid: "u", annotations: { ...annotations } },
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "1Gi" } },
      storageClassName: "",
      ...spec,
    },
    status: { phase: "Pending" },
    ...rest,
  };
}

function volumeOf(spec: object = {}, annotations: object = {}, phase = "Available"): PersistentVolume {
  return {
    metadata: { name: "v", uid: "w", annotations: { ...annotations } },
    spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/srv" }, ...spec },
    status: { phase } as NonNullable<PersistentVolume["status"]>,
  };
}

const ref = (uid?: string): object => ({ claimRef: { namespace: "default", name: "c", ...(uid && { uid }) } });
const isBound = { status: { phase: "Bound", accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" } } };
const late: StorageClass = {
  metadata: { name: "late", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
  provisioner: "example.com/disk",
  volumeBindingMode: "WaitForFirstConsumer",
};
const soon: StorageClass = {
  metadata: { name: "soon" },
  provisioner: "example.com/disk",
  volumeBindingMode: "Immediate",
};
const folders: StorageClass = { ...soon, metadata: { name: "now" }, provisioner: "catamaran.dev/local" };
const ready: Node = { metadata: { name: "node-1" }, status: { conditions: [{ type: "Ready", status: "True" }] } };
const byHand: StorageClass = { ...soon, metadata: { name: "hand" }, provisioner: "kubernetes.io/no-provisioner" };
const user: Pod = {
  metadata: { name: "p", namespace: "default", uid: "p" },
  spec: { containers: [], volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }] },
};
const running: Pod = { ...user, spec: { ...user.spec, nodeName: "node-1" } };
const ended: Pod = { ...running, status: { phase: "Succeeded" } };

const BIND = [
  "patch persistentvolumes /v",
  "patch persistentvolumeclaims default/c",
  "patch persistentvolumeclaims/status default/c",
];
const GONE = "Data on the volume is lost!";

type Row<T> = readonly (readonly [
  title: string,
  object: T,
  there: readonly KubeObject[],
  changes: readonly string[],
])[];

const claims: Row<PersistentVolumeClaim> = [
  ["takes a free volume that suits", claimOf(), [volumeOf()], BIND],
  [
    "leaves one that is too small",
    claimOf(),
    [volumeOf({ capacity: { storage: "1Mi" } })],
    ["event Normal FailedBinding: no persistent volumes available for this claim and no storage class is set"],
  ],
  ["takes the volume that its volumeName names", claimOf({ volumeName: "v" }), [volumeOf()], BIND],
  [
    "says why the one that it names does not suit",
    claimOf({ volumeName: "v" }),
    [volumeOf({ capacity: { storage: "1Mi" } })],
    ['event Warning VolumeMismatch: Cannot bind to requested volume "v": requested PV is too small'],
  ],
  [
    "says that the one that it names is another's",
    claimOf({ volumeName: "v" }),
    [volumeOf({ claimRef: { namespace: "default", name: "d", uid: "d" } })],
    ['event Warning FailedBinding: volume "v" already bound to a different claim.'],
  ],
  ["waits for one that it names and that is not there", claimOf({ volumeName: "v" }), [], []],
  ["finishes what a kill cut short", claimOf(), [volumeOf(ref("u"), OURS)], BIND.slice(1)],
  ["rests when all is done", claimOf({ volumeName: "v" }, { ...OURS, ...BOUND }, isBound), [volumeOf(ref("u"))], []],
  [
    "is Lost without its volume",
    claimOf({ volumeName: "v" }, BOUND, isBound),
    [],
    [
      "patch persistentvolumeclaims/status default/c",
      `event Warning ClaimLost: Bound claim has lost its PersistentVolume. ${GONE}`,
    ],
  ],
  ["is Lost once", claimOf({ volumeName: "v" }, BOUND, { status: { phase: "Lost" } }), [], []],
  [
    "is Lost when its volume is another's",
    claimOf({ volumeName: "v" }, BOUND, isBound),
    [volumeOf({ claimRef: { namespace: "default", name: "c", uid: "before" } })],
    [
      "patch persistentvolumeclaims/status default/c",
      "event Warning ClaimMisbound: Two claims are bound to the same volume, this one is bound incorrectly",
    ],
  ],
  [
    "waits for its first consumer",
    claimOf({ storageClassName: "late" }),
    [late, volumeOf({ storageClassName: "late" })],
    ["event Normal WaitForFirstConsumer: waiting for first consumer to be created before binding"],
  ],
  [
    "waits for its consumer's node",
    claimOf({ storageClassName: "late" }),
    [late, user],
    ["event Normal WaitForPodScheduled: waiting for pod p to be scheduled"],
  ],
  [
    "is given to the provisioner on the node that was chosen",
    claimOf({ storageClassName: "late" }, SENT),
    [late],
    [
      "patch persistentvolumeclaims default/c",
      "event Normal ExternalProvisioning: Waiting for a volume to be created either by the external provisioner 'example.com/disk' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
    ],
  ],
  [
    "is given to it once",
    claimOf(
      { storageClassName: "soon" },
      {
        "volume.kubernetes.io/storage-provisioner": "example.com/disk",
        "volume.beta.kubernetes.io/storage-provisioner": "example.com/disk",
      },
    ),
    [soon],
    [],
  ],
  [
    "is given to a node that is ready where it waits for no consumer",
    claimOf({ storageClassName: "now" }),
    [folders, ready],
    [
      "patch persistentvolumeclaims default/c",
      "event Normal ExternalProvisioning: Waiting for a volume to be created either by the external provisioner 'catamaran.dev/local' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
    ],
  ],
  [
    "says that no node is ready",
    claimOf({ storageClassName: "now" }),
    [folders],
    ["event Warning ProvisioningFailed: no node is ready that the class allows"],
  ],
  ["waits where volumes are made by hand", claimOf({ storageClassName: "hand" }), [byHand], []],
  [
    "says that its class is not there",
    claimOf({ storageClassName: "gone" }),
    [],
    ['event Warning ProvisioningFailed: storageclass.storage.k8s.io "gone" not found'],
  ],
  [
    "gets the default class as soon as there is one",
    claimOf({ storageClassName: undefined }),
    [late],
    ["patch persistentvolumeclaims default/c"],
  ],
  [
    "has the class of the old annotation",
    claimOf({ storageClassName: undefined }, { "volume.beta.kubernetes.io/storage-class": "gone" }),
    [late],
    ['event Warning ProvisioningFailed: storageclass.storage.k8s.io "gone" not found'],
  ],
];

const FREE = ["patch persistentvolumes/status /v"];
const policy = (of: string, uid = "u"): object => ({ ...ref(uid), persistentVolumeReclaimPolicy: of });
const volumes: Row<PersistentVolume> = [
  ["is Available without a claimRef", volumeOf({}, {}, "Pending"), [], FREE],
  ["is Available while it is only promised", volumeOf(ref(), {}, "Pending"), [], FREE],
  ["is Bound when its claim names it", volumeOf(ref("u")), [claimOf({ volumeName: "v" })], FREE],
  ["leaves the rest to the binder", volumeOf(ref("u")), [claimOf()], []],
  ["is Released when its claim is gone, and kept", volumeOf(policy("Retain"), {}, "Bound"), [], FREE],
  ["is Released by a claim of the same name", volumeOf(policy("Retain", "before"), {}, "Bound"), [claimOf()], FREE],
  [
    "is removed when a node made it",
    volumeOf(policy("Delete"), MADE, "Bound"),
    [],
    [...FREE, "remove persistentvolumes /v"],
  ],
  [
    "is left to another provisioner",
    volumeOf(policy("Delete"), { ...MADE, "pv.kubernetes.io/provisioned-by": "x" }, "Bound"),
    [],
    FREE,
  ],
  [
    "fails when nobody can delete it",
    volumeOf(policy("Delete"), {}, "Bound"),
    [],
    [
      ...FREE,
      "event Warning VolumeFailedDelete: error getting deleter volume plugin for volume: no volume plugin matched",
    ],
  ],
  ["stays Failed", volumeOf(policy("Delete"), {}, "Failed"), [], []],
  [
    "is free again when its claim got another",
    volumeOf(ref("u"), OURS, "Bound"),
    [claimOf({ volumeName: "w" })],
    ["patch persistentvolumes /v", ...FREE],
  ],
];

const ending = { deletionTimestamp: "2026-01-01T00:00:00Z" };
const held = (object: PersistentVolumeClaim | PersistentVolume, finalizer: string): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, ...ending, finalizers: [finalizer] },
});
const claimEnding = held(claimOf(), "kubernetes.io/pvc-protection") as PersistentVolumeClaim;
const protectedClaims: Row<PersistentVolumeClaim> = [
  ["is protected", claimOf(), [], ["patch persistentvolumeclaims default/c"]],
  ["stays while a pod uses it", claimEnding, [running], []],
  ["goes when the pod has ended", claimEnding, [ended], ["patch persistentvolumeclaims default/c"]],
  ["goes when the pod has no node yet", claimEnding, [user], ["patch persistentvolumeclaims default/c"]],
];
const protectedVolumes: Row<PersistentVolume> = [
  [
    "stays while it is Bound",
    held(volumeOf({}, {}, "Bound"), "kubernetes.io/pv-protection") as PersistentVolume,
    [],
    [],
  ],
  [
    "goes when it is Released",
    held(volumeOf({}, {}, "Released"), "kubernetes.io/pv-protection") as PersistentVolume,
    [],
    ["patch persistentvolumes /v"],
  ],
];

function thereOf(objects: readonly KubeObject[]): There {
  const pick = (test: (object: object) => boolean): readonly KubeObject[] => objects.filter(test);
  return [
    [nodeKind, pick((object) => "status" in object && "conditions" in (object.status as object))],
    [storageClassKind, pick((object) => "provisioner" in object)],
    [persistentVolumeKind, pick((object) => "spec" in object && "capacity" in (object.spec as object))],
    [persistentVolumeClaimKind, pick((object) => "spec" in object && "resources" in (object.spec as object))],
    [podKind, pick((object) => "spec" in object && "containers" in (object.spec as object))],
  ];
}

function table<T extends KubeObject, S extends Seen>(
  what: string,
  controller: Controller<T, undefined, S>,
  rows: Row<T>,
): void {
  for (const [title, object, there, changes] of rows)
    test(`${what} ${title}`, () =>
      assert.deepEqual(brief(planOf(controller, object, { there: thereOf(there), now: 1 }).changes), changes));
}

const template = { metadata: { labels: { a: "b" } }, spec: claimOf().spec };
const ephemeral: Pod = {
  ...user,
  spec: { containers: [], volumes: [{ name: "v", ephemeral: { volumeClaimTemplate: template } }] },
};
const owner = { apiVersion: "v1", kind: "Pod", name: "p", uid: "p", controller: true };
const named = (ownerReferences: PersistentVolumeClaim["metadata"]["ownerReferences"]): PersistentVolumeClaim => ({
  ...claimOf(),
  metadata: { name: "p-v", namespace: "default", ownerReferences: ownerReferences ?? [] },
});
const ephemerals: Row<Pod> = [
  ["gets a claim of the template", ephemeral, [], ["create persistentvolumeclaims default/p-v"]],
  ["gets it once", ephemeral, [named([owner])], []],
  [
    "takes no other's",
    ephemeral,
    [named([])],
    [
      "event Warning FailedBinding: ephemeral volume v: PVC default/p-v was not created for pod default/p (pod is not owner)",
    ],
  ],
  ["gets none while it ends", { ...ephemeral, metadata: { ...ephemeral.metadata, deletionTimestamp: "now" } }, [], []],
];

table("an ephemeral volume", ephemeralClaims, ephemerals);
test("the claim of an ephemeral volume has the template's metadata and its pod as owner", () => {
  const [change] = planOf(ephemeralClaims, ephemeral).changes;
  const made = change?.verb === "create" ? (change.object as PersistentVolumeClaim) : claimOf();
  assert.deepEqual(made.metadata.labels, template.metadata.labels);
  assert.equal(made.metadata.ownerReferences?.[0]?.uid, "p");
  assert.deepEqual(made.spec, template.spec);
});

const larger = { resources: { requests: { storage: "2Gi" } }, volumeName: "v" };
const mine = volumeOf(ref("u"), MADE, "Bound");
const grown = volumeOf({ ...ref("u"), capacity: { storage: "2Gi" } }, MADE, "Bound");
const pending = {
  type: "FileSystemResizePending",
  status: "True",
  message: "Waiting for user to (re-)start a pod to finish file system resize of volume on node.",
  lastTransitionTime: "2026-01-01T00:00:00Z",
};
const waits = { status: { ...isBound.status, conditions: [pending] } };
const expansions: Row<PersistentVolumeClaim> = [
  [
    "grows with its volume",
    claimOf(larger, BOUND, isBound),
    [mine],
    [
      "patch persistentvolumes /v",
      "patch persistentvolumeclaims/status default/c",
      "event Normal FileSystemResizeRequired: Require file system resize of volume on node",
    ],
  ],
  [
    "goes on after a kill",
    claimOf(larger, BOUND, isBound),
    [grown],
    [
      "patch persistentvolumeclaims/status default/c",
      "event Normal FileSystemResizeRequired: Require file system resize of volume on node",
    ],
  ],
  ["is told so once", claimOf(larger, BOUND, waits), [grown], []],
  ["has what it wants", claimOf({ volumeName: "v" }, BOUND, isBound), [mine], []],
  ["is left to another's resizer", claimOf(larger, BOUND, isBound), [volumeOf(ref("u"))], []],
  ["is not bound yet", claimOf(larger, BOUND, { status: { phase: "Bound" } }), [mine], []],
];
table("a claim that asks for more", claimExpansion, expansions);

table("a claim", claimBinder, claims);
table("a volume", volumePhaseController, volumes);
table("a claim", claimProtection, protectedClaims);
table("a volume", volumeProtection, protectedVolumes);

test("a pod waits for the volume of its claim on the node that it got, and is bound there", async () => {
  await using cluster = await SampleCluster.open(new MemoryJournal(new FakeClock()), allControllers, () => yieldOnce());
  await cluster.addNode("node-1");
  await cluster.objects.create(storageClassKind, late);
  const { metadata: _claim, status: _status, ...rest } = claimOf({ storageClassName: undefined });
  await cluster.objects.create(persistentVolumeClaimKind, { metadata: { name: "c", namespace: "default" }, ...rest });
  await cluster.objects.create(podKind, {
    metadata: { name: "p", namespace: "default" },
    spec: { ...user.spec, containers: [{ name: "c", image: "app:1" }] },
  });
  await cluster.settle();
  const [claim] = cluster.list(persistentVolumeClaimKind);
  assert.equal(claim?.spec.storageClassName, "late");
  assert.equal(claim?.metadata.annotations?.["volume.kubernetes.io/selected-node"], "node-1");
  assert.equal(cluster.list(podKind)[0]?.spec.nodeName, undefined);
  await cluster.pass(30, 10);
  await cluster.objects.create(persistentVolumeKind, {
    metadata: { name: "v" },
    spec: {
      ...volumeOf().spec,
      storageClassName: "late",
      claimRef: { namespace: "default", name: "c", uid: claim?.metadata.uid ?? "" },
    },
  });
  await cluster.settle();
  assert.equal(cluster.list(podKind)[0]?.spec.nodeName, "node-1");
  assert.equal(cluster.list(persistentVolumeClaimKind)[0]?.status?.phase, "Bound");
  assert.equal(cluster.list(persistentVolumeKind)[0]?.status?.phase, "Bound");
  await cluster.objects.remove(persistentVolumeClaimKind, "default/c");
  await cluster.settle();
  assert.equal(cluster.list(persistentVolumeClaimKind).length, 1, "it is still used");
  await cluster.objects.remove(podKind, "default/p", { gracePeriodSeconds: 0 });
  await cluster.settle();
  assert.deepEqual(cluster.list(persistentVolumeClaimKind), []);
  assert.equal(cluster.list(persistentVolumeKind)[0]?.status?.phase, "Released");
});

test("a pod whose claim is another's alone gets its turn, whatever happened to volumes meanwhile", async () => {
  await using cluster = await SampleCluster.open(new MemoryJournal(new FakeClock()), allControllers, () => yieldOnce());
  await cluster.addNode("node-1");
  const only = { accessModes: ["ReadWriteOncePod" as const] };
  const make = (name: string): Promise<unknown> =>
    cluster.objects.create(persistentVolumeKind, { metadata: { name }, spec: { ...volumeOf().spec, ...only } });
  await make("v");
  const { spec } = claimOf(only);
  await cluster.objects.create(persistentVolumeClaimKind, { metadata: { name: "c", namespace: "default" }, spec });
  const pod = (name: string): Promise<unknown> =>
    cluster.objects.create(podKind, {
      metadata: { name, namespace: "default" },
      spec: { ...user.spec, containers: [{ name: "c", image: "app:1" }] },
    });
  await pod("first");
  await cluster.settle();
  await pod("second");
  await cluster.settle();
  const nodes = (): readonly unknown[] => cluster.list(podKind).map((each) => each.spec.nodeName);
  assert.deepEqual(nodes(), ["node-1", undefined]);
  await make("w");
  await cluster.settle();
  await cluster.objects.remove(podKind, "default/first");
  await cluster.pass(5);
  assert.deepEqual(nodes(), ["node-1"]);
});

test("two claims never take one volume", async () => {
  await using cluster = await SampleCluster.open(new MemoryJournal(new FakeClock()), allControllers, () => yieldOnce());
  await cluster.objects.create(persistentVolumeKind, { metadata: { name: "v" }, spec: volumeOf().spec });
  await cluster.settle();
  const { metadata: _claim, status: _status, ...rest } = claimOf();
  await Promise.all(
    ["a", "b", "c", "d"].map((name) =>
      cluster.objects.create(persistentVolumeClaimKind, { metadata: { name, namespace: "default" }, ...rest }),
    ),
  );
  await cluster.settle();
  const phases = cluster.list(persistentVolumeClaimKind).map(({ status }) => String(status?.phase));
  assert.deepEqual(phases.toSorted(), ["Bound", "Pending", "Pending", "Pending"]);
});
