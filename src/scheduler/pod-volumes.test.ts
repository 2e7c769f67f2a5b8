/** Which volume a claim gets, and which node a pod may have because of its claims. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "#kinds/core/node.ts";
import type { PersistentVolumeClaim } from "#kinds/core/persistent-volume-claim.ts";
import type { PersistentVolume } from "#kinds/core/persistent-volume.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { StorageClass } from "#kinds/storage/storage-class.ts";
import { Cluster } from "./cluster.ts";
import { unschedulableMessage, waitingMessage } from "./message.ts";
import { pick } from "./pick.ts";
import { preempt } from "./preempt.ts";
import { volumesOfPod } from "./pod-volumes.ts";
import { bestVolume, mismatch } from "./volume-match.ts";

const NODES = ["a", "b"];

function claimOf(name: string, spec: object = {}, rest: object = {}): PersistentVolumeClaim {
  return {
    metadata: { name, namespace: "default", uid: name, ...rest },
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "2Gi" } },
      volumeMode: "Filesystem",
      ...spec,
    },
  };
}

function volumeOf(name: string, storage: string, spec: object = {}, rest: object = {}): PersistentVolume {
  return {
    metadata: { name, ...rest },
    spec: {
      capacity: { storage },
      accessModes: ["ReadWriteOnce"],
      volumeMode: "Filesystem",
      hostPath: { path: "/" },
      ...spec,
    },
    status: { phase: "Available" },
  };
}

const on = (node: string): object => ({
  nodeAffinity: {
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "name", operator: "In", values: [node] }] }] },
  },
});
const many = { accessModes: ["ReadWriteOnce", "ReadWriteMany"] };
const promised = (name: string, uid?: string): object => ({
  claimRef: { namespace: "default", name, ...(uid && { uid }) },
});
const labelled = { labels: { tier: "fast" } };

const matching: readonly (readonly [
  title: string,
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  want: string | undefined,
])[] = [
  [
    "the smallest that is large enough",
    claimOf("c"),
    [volumeOf("big", "9Gi"), volumeOf("fit", "3Gi"), volumeOf("small", "1Gi")],
    "fit",
  ],
  ["fewer access modes before less size", claimOf("c"), [volumeOf("many", "2Gi", many), volumeOf("one", "9Gi")], "one"],
  [
    "only one with all of its accessModes",
    claimOf("c", many),
    [volumeOf("one", "9Gi"), volumeOf("many", "9Gi", many)],
    "many",
  ],
  [
    "only one of its storageClassName",
    claimOf("c", { storageClassName: "x" }),
    [volumeOf("none", "9Gi"), volumeOf("x", "9Gi", { storageClassName: "x" })],
    "x",
  ],
  [
    "only one that its selector selects",
    claimOf("c", { selector: { matchLabels: { tier: "fast" } } }),
    [volumeOf("slow", "9Gi"), volumeOf("fast", "9Gi", {}, labelled)],
    "fast",
  ],
  [
    "only one of its volumeMode",
    claimOf("c", { volumeMode: "Block" }),
    [volumeOf("files", "9Gi"), volumeOf("raw", "9Gi", { volumeMode: "Block" })],
    "raw",
  ],
  ["none that is ending", claimOf("c"), [volumeOf("ending", "9Gi", {}, { deletionTimestamp: "now" })], undefined],
  ["none that was released", claimOf("c"), [{ ...volumeOf("old", "9Gi"), status: { phase: "Released" } }], undefined],
  ["none of another claim", claimOf("c"), [volumeOf("taken", "9Gi", promised("d"))], undefined],
  [
    "none of a claim of its name that is gone",
    claimOf("c"),
    [volumeOf("taken", "9Gi", promised("c", "before"))],
    undefined,
  ],
  ["the promised one first", claimOf("c"), [volumeOf("fit", "2Gi"), volumeOf("mine", "9Gi", promised("c"))], "mine"],
];
for (const [title, claim, volumes, want] of matching)
  test(`a claim gets ${title}`, () => assert.equal(bestVolume(claim, volumes)?.metadata.name, want));

test("a claim that waits for its first consumer is left to the scheduler, unless a volume is promised to it", () => {
  const options = { promisedOnly: true };
  assert.equal(bestVolume(claimOf("c"), [volumeOf("fit", "2Gi")], options), undefined);
  assert.equal(bestVolume(claimOf("c"), [volumeOf("mine", "2Gi", promised("c"))], options)?.metadata.name, "mine");
});

test("a volume that is asked for by its volumeName says why it does not suit", () => {
  const say = (volume: PersistentVolume): string | null => mismatch(volume, claimOf("c"));
  assert.equal(say(volumeOf("v", "1Gi")), "requested PV is too small");
  assert.equal(say(volumeOf("v", "2Gi", { storageClassName: "x" })), "storageClassName does not match");
  assert.equal(say(volumeOf("v", "2Gi", { volumeMode: "Block" })), "incompatible volumeMode");
  assert.equal(say(volumeOf("v", "2Gi", { accessModes: ["ReadOnlyMany"] })), "incompatible accessMode");
  assert.equal(say(volumeOf("v", "2Gi")), null);
});

const classes: Readonly<Record<string, Partial<StorageClass>>> = {
  late: { provisioner: "example.com/disk", volumeBindingMode: "WaitForFirstConsumer" },
  zoned: {
    provisioner: "example.com/disk",
    volumeBindingMode: "WaitForFirstConsumer",
    allowedTopologies: [{ matchLabelExpressions: [{ key: "name", values: ["b"] }] }],
  },
  made: { provisioner: "kubernetes.io/no-provisioner", volumeBindingMode: "WaitForFirstConsumer" },
  soon: { provisioner: "example.com/disk", volumeBindingMode: "Immediate" },
};
const late = { storageClassName: "late" };
const complete = { annotations: { "pv.kubernetes.io/bind-completed": "yes" } };
const bound = (volumeName: string): PersistentVolumeClaim => claimOf("c", { volumeName }, complete);

interface Case {
  readonly title: string;
  readonly claims: readonly PersistentVolumeClaim[];
  readonly volumes?: readonly PersistentVolume[];
  /** By another pod. */
  readonly isUsed?: boolean;
  /** The node, or why there is none. */
  readonly want: string;
}

const NONE = "node(s) didn't find available persistent volumes to bind";
const cases: readonly Case[] = [
  { title: "a claim that is not there", claims: [], want: 'persistentvolumeclaim "c" not found' },
  {
    title: "a claim that is lost",
    claims: [{ ...bound("v"), status: { phase: "Lost" } }],
    want: 'persistentvolumeclaim "c" bound to non-existent persistentvolume "v"',
  },
  {
    title: "a claim that is ending",
    claims: [claimOf("c", late, { deletionTimestamp: "now" })],
    want: 'persistentvolumeclaim "c" is being deleted',
  },
  {
    title: "a claim that the binder still has",
    claims: [claimOf("c", { storageClassName: "soon" })],
    want: "pod has unbound immediate PersistentVolumeClaims",
  },
  { title: "a volume of one node", claims: [bound("v")], volumes: [volumeOf("v", "9Gi", on("b"))], want: "b" },
  {
    title: "a volume of no node that is there",
    claims: [bound("v")],
    volumes: [volumeOf("v", "9Gi", on("z"))],
    want: "node(s) didn't match PersistentVolume's node affinity",
  },
  {
    title: "a volume that is gone",
    claims: [bound("v")],
    want: "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
  },
  {
    title: "a free volume of one node",
    claims: [claimOf("c", { storageClassName: "made" })],
    volumes: [volumeOf("v", "9Gi", { ...on("b"), storageClassName: "made" })],
    want: "b",
  },
  {
    title: "no free volume, and nobody who makes one",
    claims: [claimOf("c", { storageClassName: "made" })],
    want: NONE,
  },
  {
    title: "the node that was selected before",
    claims: [claimOf("c", late, { annotations: { "volume.kubernetes.io/selected-node": "b" } })],
    want: "b",
  },
  {
    title: "a dataSource that is on one node",
    claims: [
      claimOf("c", { ...late, dataSource: { kind: "PersistentVolumeClaim", name: "d" } }),
      claimOf("d", { volumeName: "v" }, complete),
    ],
    volumes: [volumeOf("v", "9Gi", on("b"))],
    want: "b",
  },
  {
    title: "another pod that has it ReadWriteOncePod",
    claims: [claimOf("c", { volumeName: "v", accessModes: ["ReadWriteOncePod"] }, complete)],
    volumes: [volumeOf("v", "9Gi")],
    isUsed: true,
    want: "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
  },
  { title: "the allowedTopologies of the class", claims: [claimOf("c", { storageClassName: "zoned" })], want: "b" },
];

const pod: Pod = {
  metadata: { name: "p", namespace: "default", uid: "p" },
  spec: { containers: [], volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }] },
};

function nodeOf(name: string): Node {
  return { metadata: { name, labels: { name } }, status: { allocatable: { cpu: "1", memory: "1Gi", pods: "9" } } };
}

for (const { title, claims, volumes = [], isUsed = false, want } of cases)
  test(`a pod's node follows from its claims: ${title}`, () => {
    const found = volumesOfPod(pod, {
      claim: (name) => claims.find(({ metadata }) => metadata.name === name),
      volume: (name) => volumes.find(({ metadata }) => metadata.name === name),
      volumes: () => volumes,
      isUsedByOther: () => isUsed,
      storageClass: (name) => classes[name] as StorageClass | undefined,
    });
    assert.ok(found);
    if ("waitsFor" in found) {
      const tail = "preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";
      assert.equal(found.waitsFor, want);
      return assert.equal(waitingMessage(2, found.waitsFor), `0/2 nodes are available: ${want}. ${tail}`);
    }
    const cluster = new Cluster(() => ({}));
    for (const name of NODES) cluster.setNode(nodeOf(name));
    const faultOn = found.faultOn.bind(found);
    const picked = pick(pod, cluster, { faultOn });
    if (picked.node !== null) return assert.equal(picked.node, want);
    const made = preempt(pod, cluster, { faultOn });
    assert.ok(made.node === null);
    assert.equal(
      unschedulableMessage(2, picked.reasons, made.reasons),
      `0/2 nodes are available: 2 ${want}. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.`,
    );
  });
