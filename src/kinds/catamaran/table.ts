/** Table: a managed key-value table with DynamoDB's settings. */
import { ageColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { tableNameFault } from "#kinds/rules/names.ts";
import { flag, type Infer, list, map, object, optional, text, whole } from "#kinds/schema/description.ts";
import { type Own, ownKind } from "./own-kind.ts";

const attribute = object("AttributeDefinition", {
  attributeName: text(),
  attributeType: text({ enum: ["B", "N", "S"] }),
});

const keyPart = object("KeyPart", { attributeName: text(), keyType: text({ enum: ["HASH", "RANGE"] }) });

const spec = object("TableSpec", {
  attributeDefinitions: list(attribute, { key: "attributeName" }),
  keySchema: list(keyPart, { min: 1, max: 2 }),
  billingMode: optional(text({ enum: ["PAY_PER_REQUEST", "PROVISIONED"], default: "PROVISIONED" })),
  provisionedThroughput: optional(object("Throughput", { readCapacityUnits: whole(), writeCapacityUnits: whole() })),
  tableClass: optional(text()),
  deletionProtection: optional(flag()),
  tags: optional(map(text())),
});

const status = object("TableStatus", {
  state: optional(text({ enum: ["CREATING", "ACTIVE", "UPDATING", "DELETING"] })),
  itemCount: optional(whole()),
  sizeBytes: optional(whole()),
  createdAt: optional(text()),
  tableId: optional(text()),
});

export type TableSpec = Infer<typeof spec>;
export type Table = Own<TableSpec, Infer<typeof status>>;

export const tableKind: Kind<Table> = ownKind({
  kind: "Table",
  plural: "tables",
  spec,
  status,
  checkName: tableNameFault,
  columns: [
    textColumn("Key", ({ spec: { keySchema } }) => keySchema.map(({ attributeName }) => attributeName).join(",")),
    textColumn("Billing", ({ spec: { billingMode } }) => billingMode ?? "PROVISIONED"),
    textColumn("State", (table) => table.status?.state ?? "CREATING"),
    ageColumn,
  ],
  rules: keyRules,
});

function keyRules({ keySchema, attributeDefinitions }: TableSpec, faults: FieldFaults): void {
  const defined = new Set(attributeDefinitions.map(({ attributeName }) => attributeName));
  for (const [index, { attributeName, keyType }] of keySchema.entries()) {
    const at = `spec.keySchema[${index}]`;
    const [wanted, which] = index === 0 ? (["HASH", "first"] as const) : (["RANGE", "second"] as const);
    if (keyType !== wanted) faults.invalid(`${at}.keyType`, keyType, `the ${which} key must be ${wanted}`);
    if (!defined.has(attributeName))
      faults.invalid(`${at}.attributeName`, attributeName, "must be one of the attributeDefinitions");
  }
}
