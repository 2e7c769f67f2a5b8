/** What claims, their templates and volumes have in common: rules of access modes, classes, modes and sizes, and how modes are printed. */
import { sameJson } from "#base/json.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { dnsSubdomainFaults } from "#kinds/rules/names.ts";
import { checkSelector } from "#kinds/rules/selector-rules.ts";
import type { AccessMode, DataSource, PersistentVolumeClaimSpec, VolumeMode } from "./claim-spec.ts";

/** The annotation that named a class before there was a member for it; upstream still follows it. */
export const OLD_CLASS = "volume.beta.kubernetes.io/storage-class";
export const UNSET = "<unset>";

const SHORT: Readonly<Record<AccessMode, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};
const CLAIM = "PersistentVolumeClaim";
const ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/** GetAccessModesAsString: each once, in this order. */
export function shortModes(modes: readonly AccessMode[] = []): string {
  const order: readonly AccessMode[] = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];
  return order
    .filter((mode) => modes.includes(mode))
    .map((mode) => SHORT[mode])
    .join(",");
}

export function checkAccessModes(
  modes: readonly AccessMode[],
  { path, whenNone }: { readonly path: string; readonly whenNone: string },
  faults: FieldFaults,
): void {
  if (modes.length === 0) faults.required(path, whenNone);
  const known = modes.filter((mode) => ACCESS_MODES.includes(mode));
  for (const mode of modes) if (!known.includes(mode)) faults.notSupported(path, mode, ACCESS_MODES);
  if (known.includes("ReadWriteOncePod") && known.some((mode) => mode !== "ReadWriteOncePod"))
    faults.forbidden(path, "may not use ReadWriteOncePod with other access modes");
}

export function checkVolumeMode(mode: VolumeMode | undefined, path: string, faults: FieldFaults): void {
  if (mode !== undefined && mode !== "Filesystem" && mode !== "Block")
    faults.notSupported(`${path}.volumeMode`, mode, ["Block", "Filesystem"]);
}

export function checkClassName(name: string | undefined, path: string, faults: FieldFaults): void {
  if (name !== undefined && name !== "") faults.invalidEach(path, name, dnsSubdomainFaults(name));
}

/** ValidatePersistentVolumeClaimSpec. */
export function checkClaimSpec(spec: PersistentVolumeClaimSpec, path: string, faults: FieldFaults): void {
  const whenNone = "at least 1 access mode is required";
  checkAccessModes(spec.accessModes ?? [], { path: `${path}.accessModes`, whenNone }, faults);
  checkSelector(spec.selector, `${path}.selector`, faults);
  const at = `${path}.resources[storage]`;
  const size = spec.resources?.requests?.["storage"];
  if (size === undefined) faults.required(at);
  else if (size === "0" || size.startsWith("-")) faults.invalid(at, size, "must be greater than zero");
  checkClassName(spec.storageClassName, `${path}.storageClassName`, faults);
  checkVolumeMode(spec.volumeMode, path, faults);
  for (const member of ["dataSource", "dataSourceRef"] as const) {
    const source = spec[member];
    if (source !== undefined) checkDataSource(source, `${path}.${member}`, faults);
  }
  if (!sameJson(spec.dataSource ?? null, spec.dataSourceRef ?? null))
    faults.invalid(path, `${path}.dataSource`, "must match dataSourceRef");
}

function checkDataSource({ apiGroup = "", kind, name }: DataSource, path: string, faults: FieldFaults): void {
  if (name === "") faults.required(`${path}.name`);
  if (kind === "") faults.required(`${path}.kind`);
  if (apiGroup === "" && kind !== CLAIM)
    faults.invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
  if (apiGroup !== "") faults.invalidEach(`${path}.apiGroup`, apiGroup, dnsSubdomainFaults(apiGroup));
}
