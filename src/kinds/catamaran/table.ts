/** Table: a managed key-value table with DynamoDB's settings. */
import type { FieldFault } from "#base/fault.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { catamaranTable } from "./catamaran-schema.ts";
import { ageColumn, text } from "#kinds/columns.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { tableNameFault } from "#kinds/rules/names.ts";
import type { Kind } from "#kinds/kind.ts";
import { editedByMost } from "#kinds/roles.ts";
import { statusPath } from "#kinds/subresources.ts";
import type { KubeObject } from "#kinds/object.ts";

export interface Table extends KubeObject {
  readonly spec: {
    readonly attributeDefinitions: readonly {
      readonly attributeName: string;
      readonly attributeType: "S" | "N" | "B";
    }[];
    readonly keySchema: readonly { readonly attributeName: string; readonly keyType: "HASH" | "RANGE" }[];
    readonly billingMode?: "PAY_PER_REQUEST" | "PROVISIONED";
    readonly provisionedThroughput?: { readonly readCapacityUnits: number; readonly writeCapacityUnits: number };
    readonly tableClass?: string;
    readonly deletionProtection?: boolean;
    readonly tags?: Readonly<Record<string, string>>;
  };
  readonly status?: {
    readonly state?: "CREATING" | "ACTIVE" | "UPDATING" | "DELETING";
    readonly itemCount?: number;
    readonly sizeBytes?: number;
    readonly createdAt?: string;
    readonly tableId?: string;
  };
}

export const tableKind: Kind<Table> = builtinKind<Table>({
  group: "catamaran.dev",
  version: "v1",
  kind: "Table",
  plural: "tables",
  categories: ["all", "catamaran"],
  scope: "Namespaced",
  roles: editedByMost,
  type: "dev.catamaran.v1.Table",
  table: catamaranTable,
  statusKeeps: "all",
  subresources: [statusPath],
  checkName: tableNameFault,
  columns: [
    text("Key", ({ spec }) => spec.keySchema.map(({ attributeName }) => attributeName).join(",")),
    text("Billing", ({ spec }) => spec.billingMode ?? "PROVISIONED"),
    text("State", ({ status }) => status?.state ?? "CREATING"),
    ageColumn,
  ],
  validate: tableFaults,
});

function tableFaults({ spec }: Table): readonly FieldFault[] {
  const faults = new FieldFaults();
  const keys = spec?.keySchema ?? [];
  const defined = new Map(
    (spec?.attributeDefinitions ?? []).map(({ attributeName, attributeType }) => [attributeName, attributeType]),
  );
  if (keys.length === 0) faults.required("spec.keySchema");
  if (keys.length > 2) faults.tooMany("spec.keySchema", keys.length, 2);
  for (const [index, { attributeName, keyType }] of keys.entries()) {
    const at = `spec.keySchema[${index}]`;
    if (keyType !== (index === 0 ? "HASH" : "RANGE"))
      faults.invalid(
        `${at}.keyType`,
        keyType,
        index === 0 ? "the first key must be HASH" : "the second key must be RANGE",
      );
    if (!defined.has(attributeName))
      faults.invalid(`${at}.attributeName`, attributeName, "must be one of the attributeDefinitions");
  }
  for (const [name, type] of defined)
    if (!["B", "N", "S"].includes(type))
      faults.notSupported(`spec.attributeDefinitions[${name}].attributeType`, type, ["B", "N", "S"]);
  if (spec?.billingMode !== undefined)
    faults.oneOf("spec.billingMode", spec.billingMode, ["PAY_PER_REQUEST", "PROVISIONED"]);
  return faults.found;
}
