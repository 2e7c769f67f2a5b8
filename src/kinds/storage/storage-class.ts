/** StorageClass: by whom and how volumes for claims of the class are made, and when claims are bound. */
import type { FieldFault } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, text } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { labelValueFaults, qualifiedNameFaults } from "#kinds/rules/names.ts";

export type StorageClass = KubeObject & {
  readonly provisioner: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly reclaimPolicy?: "Delete" | "Retain";
  readonly allowVolumeExpansion?: boolean;
  readonly volumeBindingMode?: "Immediate" | "WaitForFirstConsumer";
  readonly allowedTopologies?: readonly TopologySelectorTerm[];
};

export type TopologySelectorTerm = {
  readonly matchLabelExpressions?: readonly { readonly key: string; readonly values: readonly string[] }[];
};

export const storageClassKind: Kind<StorageClass> = builtinKind<StorageClass>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "StorageClass",
  plural: "storageclasses",
  shortNames: ["sc"],
  scope: "Cluster",
  type: "io.k8s.api.storage.v1.StorageClass",
  hasOwnNameColumn: true,
  columns: [
    {
      name: "Name",
      type: "string",
      format: "name",
      cell: (one) => (isDefaultClass(one) ? `${one.metadata.name} (default)` : one.metadata.name),
    },
    text("Provisioner", ({ provisioner }) => provisioner),
    text("ReclaimPolicy", ({ reclaimPolicy }) => reclaimPolicy ?? "Delete"),
    text("VolumeBindingMode", ({ volumeBindingMode }) => volumeBindingMode ?? "Immediate"),
    { name: "AllowVolumeExpansion", type: "string", cell: ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false },
    ageColumn,
  ],
  defaults: (one) => ({
    ...one,
    reclaimPolicy: one.reclaimPolicy ?? "Delete",
    volumeBindingMode: one.volumeBindingMode ?? "Immediate",
  }),
  validate: faultsOf,
});

/** IsDefaultAnnotation: the beta annotation counts as well. */
export function isDefaultClass({ metadata: { annotations = {} } }: KubeObject): boolean {
  return (
    annotations["storageclass.kubernetes.io/is-default-class"] === "true" ||
    annotations["storageclass.beta.kubernetes.io/is-default-class"] === "true"
  );
}

/** The class for claims that name none: the newest of those that are marked; of two as old the first by name. */
export function defaultClassOf(classes: Iterable<StorageClass>): StorageClass | undefined {
  return [...classes]
    .filter(isDefaultClass)
    .toSorted(
      (a, b) =>
        (b.metadata.creationTimestamp ?? "").localeCompare(a.metadata.creationTimestamp ?? "") ||
        (a.metadata.name < b.metadata.name ? -1 : 1),
    )[0];
}

/** ValidateStorageClass and its update. */
function faultsOf(next: StorageClass, live: StorageClass | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  if (next.provisioner === "") faults.required("provisioner");
  else faults.invalidEach("provisioner", next.provisioner, qualifiedNameFaults(next.provisioner.toLowerCase()));
  checkParameters(next.parameters ?? {}, faults);
  faults.oneOf("reclaimPolicy", next.reclaimPolicy, ["Delete", "Retain"]);
  faults.oneOf("volumeBindingMode", next.volumeBindingMode, ["Immediate", "WaitForFirstConsumer"]);
  for (const [index, term] of (next.allowedTopologies ?? []).entries())
    checkTopology(term, `allowedTopologies[${index}]`, faults);
  if (live === null) return faults.found;
  if (!sameJson(next.parameters ?? {}, live.parameters ?? {}))
    faults.forbidden("parameters", "updates to parameters are forbidden.");
  if (next.provisioner !== live.provisioner) faults.forbidden("provisioner", "updates to provisioner are forbidden.");
  if (next.reclaimPolicy !== live.reclaimPolicy)
    faults.forbidden("reclaimPolicy", "updates to reclaimPolicy are forbidden.");
  if (next.volumeBindingMode !== live.volumeBindingMode) faults.immutable("volumeBindingMode", next.volumeBindingMode);
  return faults.found;
}

// Upstream's maxProvisionerParameterLen and maxProvisionerParameterSize.
const MOST_PARAMETERS = 512;
const MOST_PARAMETER_BYTES = 256 * 1_024;

function checkParameters(parameters: Readonly<Record<string, string>>, faults: FieldFaults): void {
  const entries = Object.entries(parameters);
  if (entries.length > MOST_PARAMETERS) return faults.tooLong("parameters", MOST_PARAMETERS);
  if (entries.some(([key]) => key === "")) faults.invalid("parameters", "", "field can not be empty.");
  const size = entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (size > MOST_PARAMETER_BYTES) faults.tooLong("parameters", MOST_PARAMETER_BYTES);
}

/** ValidateTopologySelectorTerm. */
function checkTopology({ matchLabelExpressions = [] }: TopologySelectorTerm, path: string, faults: FieldFaults): void {
  const keys = new Set<string>();
  for (const [index, { key, values }] of matchLabelExpressions.entries()) {
    const at = `${path}.matchLabelExpressions[${index}]`;
    if (values.length === 0) faults.required(`${at}.values`);
    for (const [position, value] of values.entries())
      faults.invalidEach(`${at}.values[${position}]`, value, labelValueFaults(value));
    faults.invalidEach(`${at}.key`, key, qualifiedNameFaults(key));
    if (keys.has(key)) faults.duplicate(`${at}.key`, key);
    keys.add(key);
  }
}
