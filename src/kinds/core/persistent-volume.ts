/** PersistentVolume: a piece of storage of the cluster, made by an administrator or by a provisioner. */
import type { FieldFault } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, text, wide } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import type { ObjectReference } from "#kinds/object-reference.ts";
import type { KubeObject } from "#kinds/object.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { statusPath } from "#kinds/subresources.ts";
import { checkAccessModes, checkClassName, checkVolumeMode, shortModes, UNSET } from "./claim-rules.ts";
import { checkNodeSelector } from "./placement-rules.ts";
import type { AccessMode, VolumeMode } from "./claim-spec.ts";
import type { NodeSelectorTerm } from "./placement.ts";
import type { ResourceList } from "./pod-spec.ts";

export type PersistentVolume = KubeObject & {
  readonly spec: PersistentVolumeSpec;
  readonly status?: PersistentVolumeStatus;
};

export type PersistentVolumeSpec = {
  readonly capacity?: ResourceList;
  readonly accessModes?: readonly AccessMode[];
  readonly claimRef?: ObjectReference;
  readonly persistentVolumeReclaimPolicy?: ReclaimPolicy;
  readonly storageClassName?: string;
  readonly volumeMode?: VolumeMode;
  readonly nodeAffinity?: { readonly required?: { readonly nodeSelectorTerms: readonly NodeSelectorTerm[] } };
  readonly hostPath?: { readonly path: string; readonly type?: string };
  readonly local?: { readonly path: string; readonly fsType?: string };
};

export type ReclaimPolicy = "Delete" | "Recycle" | "Retain";

export type PersistentVolumeStatus = {
  readonly phase?: "Pending" | "Available" | "Bound" | "Released" | "Failed";
  readonly message?: string;
  readonly reason?: string;
  readonly lastPhaseTransitionTime?: string;
};

export const persistentVolumeKind: Kind<PersistentVolume> = builtinKind<PersistentVolume>({
  group: "",
  version: "v1",
  kind: "PersistentVolume",
  plural: "persistentvolumes",
  shortNames: ["pv"],
  scope: "Cluster",
  countsGenerations: false,
  type: "io.k8s.api.core.v1.PersistentVolume",
  subresources: [statusPath],
  columns: [
    text("Capacity", ({ spec }) => spec.capacity?.["storage"] ?? "0"),
    text("Access Modes", ({ spec }) => shortModes(spec.accessModes)),
    text("Reclaim Policy", ({ spec }) => spec.persistentVolumeReclaimPolicy ?? ""),
    text("Status", ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined ? (status?.phase ?? "") : "Terminating",
    ),
    text("Claim", ({ spec: { claimRef } }) =>
      claimRef === undefined ? "" : `${claimRef.namespace ?? ""}/${claimRef.name ?? ""}`,
    ),
    text("StorageClass", ({ spec }) => spec.storageClassName ?? ""),
    text("VolumeAttributesClass", () => UNSET),
    text("Reason", ({ status }) => status?.reason ?? ""),
    ageColumn,
    wide("VolumeMode", ({ spec }) => spec.volumeMode ?? UNSET),
  ],
  defaults: (volume) => ({
    ...volume,
    spec: {
      ...volume.spec,
      persistentVolumeReclaimPolicy: volume.spec.persistentVolumeReclaimPolicy ?? "Retain",
      volumeMode: volume.spec.volumeMode ?? "Filesystem",
    },
  }),
  onCreate: (volume) => ({ ...volume, status: { phase: "Pending" } }),
  validate: faultsOf,
  selectableFields: { name: ({ metadata }) => metadata.name },
});

/** ValidatePersistentVolumeSpec and ValidatePersistentVolumeUpdate. */
function faultsOf({ spec }: PersistentVolume, live: PersistentVolume | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  checkAccessModes(spec.accessModes ?? [], { path: "spec.accessModes", whenNone: "" }, faults);
  checkCapacity(spec.capacity ?? {}, faults);
  if (spec.nodeAffinity !== undefined) {
    const { required } = spec.nodeAffinity;
    if (required === undefined) faults.required("spec.nodeAffinity.required", "must specify required node constraints");
    else checkNodeSelector(required.nodeSelectorTerms, "spec.nodeAffinity.required", faults);
  }
  checkSource(spec, faults);
  checkClassName(spec.storageClassName, "spec.storageClassName", faults);
  checkVolumeMode(spec.volumeMode, "spec", faults);
  if (live !== null) checkChange(spec, live.spec, faults);
  return faults.found;
}

function checkCapacity(capacity: ResourceList, faults: FieldFaults): void {
  if (Object.keys(capacity).length === 0) faults.required("spec.capacity");
  if (capacity["storage"] === undefined || Object.keys(capacity).length > 1)
    faults.notSupported("spec.capacity", capacity, ["storage"]);
  for (const [name, amount] of Object.entries(capacity))
    if (amount === "0" || amount.startsWith("-"))
      faults.invalid(`spec.capacity[${name}]`, amount, "must be greater than zero");
}

function checkSource({ hostPath, local, nodeAffinity }: PersistentVolumeSpec, faults: FieldFaults): void {
  if (hostPath !== undefined) checkPath(hostPath.path, "spec.hostPath.path", faults);
  if (hostPath !== undefined && local !== undefined)
    faults.forbidden("spec.local", "may not specify more than 1 volume type");
  else if (local !== undefined) {
    checkPath(local.path, "spec.local.path", faults);
    if (nodeAffinity === undefined) faults.required("spec.nodeAffinity", "Local volume requires node affinity");
  }
  if (hostPath === undefined && local === undefined) faults.required("spec", "must specify a volume type");
}

/** validatePathNoBacksteps. */
function checkPath(path: string, at: string, faults: FieldFaults): void {
  if (path === "") faults.required(at);
  else if (path.split("/").includes("..")) faults.invalid(at, path, "must not contain '..'");
}

function checkChange(next: PersistentVolumeSpec, live: PersistentVolumeSpec, faults: FieldFaults): void {
  const source = ({ hostPath, local }: PersistentVolumeSpec): object => ({ hostPath, local });
  if (!sameJson(source(next), source(live)))
    faults.forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation");
  if (next.volumeMode !== live.volumeMode) faults.immutable("volumeMode", next.volumeMode);
  if (live.nodeAffinity !== undefined && !sameJson(next.nodeAffinity, live.nodeAffinity))
    faults.immutable("nodeAffinity", next.nodeAffinity);
}
