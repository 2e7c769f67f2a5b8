/** ConfigMap. */
import type { FieldFault } from "#base/fault.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, integer } from "#kinds/columns.ts";
import { checkFrozen, checkKeys, checkSize } from "./data-rules.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { chargedByName } from "#kinds/quota.ts";
import type { Kind } from "#kinds/kind.ts";
import { editedByMost } from "#kinds/roles.ts";
import type { KubeObject } from "#kinds/object.ts";

export type ConfigMap = KubeObject & {
  readonly data?: Readonly<Record<string, string>>;
  /** Base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
};

export const configMapKind: Kind<ConfigMap> = builtinKind<ConfigMap>({
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  shortNames: ["cm"],
  scope: "Namespaced",
  roles: editedByMost,
  type: "io.k8s.api.core.v1.ConfigMap",
  charges: chargedByName("configmaps"),
  columns: [
    integer("Data", ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length),
    ageColumn,
  ],
  validate: configMapFaults,
});

function configMapFaults(next: ConfigMap, live: ConfigMap | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { data = {}, binaryData = {} } = next;
  checkKeys(data, "data", faults);
  checkKeys(binaryData, "binaryData", faults);
  for (const key of Object.keys(binaryData))
    if (Object.hasOwn(data, key)) faults.invalid(`data[${key}]`, key, "duplicate of key present in binaryData");
  checkSize(Object.values(data), Object.values(binaryData), "", faults);
  if (live !== null) checkFrozen(next, live, ["data", "binaryData"], faults);
  return faults.found;
}
