/** Claims, volumes and classes: what they are given where they say nothing, what is refused, and what may change. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FieldFault } from "#base/fault.ts";
import { type PersistentVolumeClaim, persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import { type PersistentVolume, persistentVolumeKind } from "#kinds/core/persistent-volume.ts";
import type { KubeObject } from "#kinds/object.ts";
import { type StorageClass, storageClassKind } from "./storage-class.ts";

const claimSpec = {
  accessModes: ["ReadWriteOnce"],
  resources: { requests: { storage: "1Gi" } },
  volumeMode: "Filesystem",
};
const onOne = { key: "kubernetes.io/hostname", operator: "In", values: ["one"] };
const nodeAffinity = { required: { nodeSelectorTerms: [{ matchExpressions: [onOne] }] } };
const volumeSpec = {
  capacity: { storage: "1Gi" },
  accessModes: ["ReadWriteOnce"],
  persistentVolumeReclaimPolicy: "Retain",
  volumeMode: "Filesystem",
  hostPath: { path: "/srv" },
};
const storageClass = { provisioner: "example.com/disk", reclaimPolicy: "Delete", volumeBindingMode: "Immediate" };

const made = <T extends KubeObject>(rest: object): T => ({ metadata: { name: "x" }, ...rest }) as T;
const claim = (spec: object, rest: object = {}): PersistentVolumeClaim =>
  made({ spec: { ...claimSpec, ...spec }, ...rest });
const volume = (spec: object): PersistentVolume => made({ spec: { ...volumeSpec, ...spec } });
const classOf = (rest: object): StorageClass => made({ ...storageClass, ...rest });
const brief = (faults: readonly FieldFault[] = []): readonly string[] =>
  faults.map(({ field, message }) => `${field}: ${message.slice(0, 60)}`);

const claims: readonly (readonly [title: string, spec: object, faults: readonly string[]])[] = [
  ["nothing that is good", {}, []],
  ["no access mode", { accessModes: [] }, ["spec.accessModes: Required value: at least 1 access mode is required"]],
  [
    "ReadWriteOncePod with another",
    { accessModes: ["ReadWriteOncePod", "ReadOnlyMany"] },
    ["spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access mo"],
  ],
  [
    "a mode that is none",
    { accessModes: ["Mine"] },
    ['spec.accessModes: Unsupported value: "Mine": supported values: "ReadOnlyMany",'],
  ],
  ["no size", { resources: {} }, ["spec.resources[storage]: Required value"]],
  [
    "nothing at all",
    { resources: { requests: { storage: "0" } } },
    ['spec.resources[storage]: Invalid value: "0": must be greater than zero'],
  ],
  [
    "a class that is no name",
    { storageClassName: "A" },
    ['spec.storageClassName: Invalid value: "A": a lowercase RFC 1123 subdomain must cons'],
  ],
  [
    "a volumeMode that is none",
    { volumeMode: "Tape" },
    ['spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Files'],
  ],
  [
    "a selector that is none",
    { selector: { matchExpressions: [{ key: "a", operator: "In" }] } },
    ["spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or"],
  ],
];
for (const [title, spec, faults] of claims)
  test(`refused of a claim: ${title}`, () =>
    assert.deepEqual(brief(persistentVolumeClaimKind.validate?.(claim(spec), null)), faults));

const bound = { status: { phase: "Bound", capacity: { storage: "1Gi" } } };
const FIXED = "spec: Forbidden: spec is immutable after creation except resources";
const size = (storage: string): object => ({ resources: { requests: { storage } } });
const changes: readonly (readonly [
  title: string,
  live: object,
  next: object,
  rest: object,
  faults: readonly string[],
])[] = [
  ["a volumeName once", {}, { volumeName: "v" }, {}, []],
  ["no other volumeName", { volumeName: "v" }, { volumeName: "w" }, {}, [FIXED]],
  ["a storageClassName where there was none", {}, { storageClassName: "a" }, {}, []],
  ["no other storageClassName", { storageClassName: "a" }, { storageClassName: "b" }, {}, [FIXED]],
  ["no size while it waits", {}, size("2Gi"), {}, [FIXED]],
  ["more once it is bound", {}, size("2Gi"), bound, []],
  [
    "never less than it has",
    size("2Gi"),
    size("1Gi"),
    bound,
    ["spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"],
  ],
];
for (const [title, live, next, rest, faults] of changes)
  test(`a claim may get ${title}`, () =>
    assert.deepEqual(brief(persistentVolumeClaimKind.validate?.(claim(next, rest), claim(live, rest))), faults));

const volumes: readonly (readonly [title: string, spec: object, faults: readonly string[]])[] = [
  ["nothing that is good", {}, []],
  [
    "no capacity",
    { capacity: {} },
    ["spec.capacity: Required value", 'spec.capacity: Unsupported value: {}: supported values: "storage"'],
  ],
  ["no source", { hostPath: undefined }, ["spec: Required value: must specify a volume type"]],
  [
    "two sources",
    { local: { path: "/a" }, nodeAffinity },
    ["spec.local: Forbidden: may not specify more than 1 volume type"],
  ],
  [
    "local without nodeAffinity",
    { hostPath: undefined, local: { path: "/a" } },
    ["spec.nodeAffinity: Required value: Local volume requires node affinity"],
  ],
  [
    "a path that climbs",
    { hostPath: { path: "/a/../b" } },
    [`spec.hostPath.path: Invalid value: "/a/../b": must not contain '..'`],
  ],
  [
    "nodeAffinity without required",
    { nodeAffinity: {} },
    ["spec.nodeAffinity.required: Required value: must specify required node constraints"],
  ],
];
for (const [title, spec, faults] of volumes)
  test(`refused of a volume: ${title}`, () =>
    assert.deepEqual(brief(persistentVolumeKind.validate?.(volume(spec), null)), faults));

test("a volume's source and volumeMode stay, its claimRef and reclaim policy may change", () => {
  const next = volume({ claimRef: { name: "x" }, persistentVolumeReclaimPolicy: "Delete", storageClassName: "b" });
  assert.deepEqual(persistentVolumeKind.validate?.(next, volume({})), []);
  assert.deepEqual(
    brief(persistentVolumeKind.validate?.(volume({ hostPath: { path: "/b" }, volumeMode: "Block" }), volume({}))),
    [
      "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after cr",
      'volumeMode: Invalid value: "Block": field is immutable',
    ],
  );
});

const term = (key: string, values: readonly string[]): object => ({ matchLabelExpressions: [{ key, values }] });
const classes: readonly (readonly [title: string, given: object, faults: readonly string[]])[] = [
  ["nothing that is good", { allowedTopologies: [term("zone", ["a"])] }, []],
  ["no provisioner", { provisioner: "" }, ["provisioner: Required value"]],
  [
    "another reclaimPolicy",
    { reclaimPolicy: "Recycle" },
    ['reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "R'],
  ],
  [
    "another volumeBindingMode",
    { volumeBindingMode: "Late" },
    ['volumeBindingMode: Unsupported value: "Late": supported values: "Immediate", "W'],
  ],
  [
    "a topology without values",
    { allowedTopologies: [term("zone", [])] },
    ["allowedTopologies[0].matchLabelExpressions[0].values: Required value"],
  ],
];
for (const [title, given, faults] of classes)
  test(`refused of a class: ${title}`, () =>
    assert.deepEqual(brief(storageClassKind.validate?.(classOf(given), null)), faults));

test("what a class does stays: provisioner, parameters, reclaimPolicy, volumeBindingMode", () => {
  const next = classOf({
    provisioner: "example.com/other",
    parameters: { a: "b" },
    reclaimPolicy: "Retain",
    volumeBindingMode: "WaitForFirstConsumer",
  });
  assert.deepEqual(
    storageClassKind.validate?.(next, classOf({}))?.map(({ field }) => field),
    ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"],
  );
});

const clone = { kind: "PersistentVolumeClaim", name: "old" };
test("dataSource and dataSourceRef stand for each other, and may not differ", () => {
  for (const member of ["dataSource", "dataSourceRef"])
    assert.deepEqual(persistentVolumeClaimKind.defaults?.(made({ spec: { [member]: clone } })).spec, {
      volumeMode: "Filesystem",
      dataSource: clone,
      dataSourceRef: clone,
    });
  const faults = (dataSource: object, dataSourceRef: object = dataSource): readonly string[] =>
    brief(persistentVolumeClaimKind.validate?.(claim({ dataSource, dataSourceRef }), null));
  assert.deepEqual(faults(clone), []);
  assert.deepEqual(faults(clone, { ...clone, name: "other" }), [
    'spec: Invalid value: "spec.dataSource": must match dataSourceRef',
  ]);
  assert.equal(faults({ kind: "Other", name: "x" }).length, 2);
  assert.deepEqual(faults({ kind: "Other", name: "x", apiGroup: "example.com" }), []);
});

test("defaults: Filesystem, Retain for volumes, Delete and Immediate for classes", () => {
  const given = persistentVolumeKind.defaults?.(made({ spec: {} }));
  assert.deepEqual(given?.spec, { persistentVolumeReclaimPolicy: "Retain", volumeMode: "Filesystem" });
  assert.deepEqual(persistentVolumeClaimKind.defaults?.(made({ spec: {} })).spec, { volumeMode: "Filesystem" });
  const { reclaimPolicy, volumeBindingMode } = storageClassKind.defaults?.(made({ provisioner: "a" })) ?? {};
  assert.deepEqual([reclaimPolicy, volumeBindingMode], ["Delete", "Immediate"]);
});
