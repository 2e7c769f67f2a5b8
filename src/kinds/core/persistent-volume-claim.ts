/** PersistentVolumeClaim: what a namespace wants of storage, and the volume that it got. */
import type { FieldFault } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import { units } from "#base/quantity.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, text, wide } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import type { Condition, KubeObject } from "#kinds/object.ts";
import { editedByMost } from "#kinds/roles.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { statusPath } from "#kinds/subresources.ts";
import { claimCharges } from "./claim-charges.ts";
import { checkClaimSpec, OLD_CLASS, shortModes, UNSET } from "./claim-rules.ts";
import type { AccessMode, PersistentVolumeClaimSpec } from "./claim-spec.ts";
import type { ResourceList } from "./pod-spec.ts";

export type PersistentVolumeClaim = KubeObject & {
  readonly spec: PersistentVolumeClaimSpec;
  readonly status?: PersistentVolumeClaimStatus;
};

export type PersistentVolumeClaimStatus = {
  readonly phase?: "Pending" | "Bound" | "Lost";
  readonly accessModes?: readonly AccessMode[];
  readonly capacity?: ResourceList;
  readonly conditions?: readonly Condition[];
};

export const persistentVolumeClaimKind: Kind<PersistentVolumeClaim> = builtinKind<PersistentVolumeClaim>({
  group: "",
  version: "v1",
  kind: "PersistentVolumeClaim",
  plural: "persistentvolumeclaims",
  shortNames: ["pvc"],
  scope: "Namespaced",
  roles: editedByMost,
  countsGenerations: false,
  type: "io.k8s.api.core.v1.PersistentVolumeClaim",
  charges: claimCharges,
  subresources: [statusPath],
  columns: [
    text("Status", ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined ? (status?.phase ?? "") : "Terminating",
    ),
    text("Volume", ({ spec }) => spec.volumeName ?? ""),
    text("Capacity", (claim) => (isUnbound(claim) ? "" : (claim.status?.capacity?.["storage"] ?? "0"))),
    text("Access Modes", (claim) => (isUnbound(claim) ? "" : shortModes(claim.status?.accessModes))),
    text("StorageClass", classOf),
    text("VolumeAttributesClass", () => UNSET),
    ageColumn,
    wide("VolumeMode", ({ spec }) => spec.volumeMode ?? UNSET),
  ],
  defaults: (claim) => ({ ...claim, spec: defaultClaimSpec(claim.spec) }),
  onCreate: (claim) => ({ ...claim, status: { phase: "Pending" } }),
  validate: faultsOf,
  selectableFields: { name: ({ metadata }) => metadata.name },
});

function isUnbound({ spec }: PersistentVolumeClaim): boolean {
  return (spec.volumeName ?? "") === "";
}

/** SetDefaults_PersistentVolumeClaimSpec, and NormalizeDataSources: either member that names the source stands for the other. */
export function defaultClaimSpec(spec: PersistentVolumeClaimSpec): PersistentVolumeClaimSpec {
  const source = spec.dataSource ?? spec.dataSourceRef;
  return {
    ...spec,
    volumeMode: spec.volumeMode ?? "Filesystem",
    ...(source && { dataSource: source, dataSourceRef: spec.dataSourceRef ?? source }),
  };
}

/** The claim whose data a new one begins with; undefined for other sources and for none. */
export function clonedClaimOf({ spec: { dataSource } }: PersistentVolumeClaim): string | undefined {
  return dataSource?.kind === persistentVolumeClaimKind.kind && (dataSource.apiGroup ?? "") === ""
    ? dataSource.name
    : undefined;
}

/** GetPersistentVolumeClaimClass: the old annotation counts before the member; "" asks for a volume without a class. */
export function classOf({ metadata, spec }: PersistentVolumeClaim): string {
  return metadata.annotations?.[OLD_CLASS] ?? spec.storageClassName ?? "";
}

export function requestedBytes({ spec }: PersistentVolumeClaim): number {
  return units(spec.resources?.requests?.["storage"] ?? "0");
}

/** ValidatePersistentVolumeClaim and ValidatePersistentVolumeClaimUpdate. */
function faultsOf(next: PersistentVolumeClaim, live: PersistentVolumeClaim | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  checkClaimSpec(next.spec, "spec", faults);
  if (live === null) return faults.found;
  const isBound = next.status?.phase === "Bound";
  if (next.metadata.annotations?.[OLD_CLASS] !== live.metadata.annotations?.[OLD_CLASS])
    faults.immutable("metadata", next.metadata.annotations?.[OLD_CLASS]);
  if (!sameJson(unchangeable(next, live, isBound), unchangeable(live, live, isBound)))
    faults.forbidden(
      "spec",
      "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
    );
  if (requestedBytes(next) < requestedBytes(live) && requestedBytes(next) <= capacityBytes(live))
    faults.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
  return faults.found;
}

function capacityBytes({ status }: PersistentVolumeClaim): number {
  return units(status?.capacity?.["storage"] ?? "0");
}

/** A volume and a class may be named once, where there was none; the size of a bound claim may change. */
function unchangeable({ spec }: PersistentVolumeClaim, live: PersistentVolumeClaim, isBound: boolean): object {
  const { volumeName, storageClassName, resources, ...rest } = spec;
  const hadClass = live.spec.storageClassName !== undefined || live.metadata.annotations?.[OLD_CLASS] !== undefined;
  return {
    ...rest,
    ...((live.spec.volumeName ?? "") !== "" && { volumeName }),
    ...(hadClass && { storageClassName }),
    ...(!isBound && { resources }),
  };
}
