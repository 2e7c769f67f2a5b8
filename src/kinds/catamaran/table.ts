/** Table: a managed key-value table with DynamoDB's settings. */
import { ageColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { sameJson } from "#base/json.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { tableNameFault } from "#kinds/rules/names.ts";
import { flag, type Infer, list, map, object, optional, text, whole } from "#kinds/schema/description.ts";
import { type Own, ownKind } from "./own-kind.ts";

const attribute = object("AttributeDefinition", {
  attributeName: text(),
  attributeType: text({ enum: ["B", "N", "S"] }),
});

const keyPart = object("KeyPart", { attributeName: text(), keyType: text({ enum: ["HASH", "RANGE"] }) });
const keySchema = list(keyPart, { min: 1, max: 2 });
const throughput = object("Throughput", {
  readCapacityUnits: whole({ min: 1 }),
  writeCapacityUnits: whole({ min: 1 }),
});

const projection = object("IndexProjection", {
  type: text({ enum: ["ALL", "KEYS_ONLY", "INCLUDE"] }),
  /** Of INCLUDE: what the index keeps besides keys. */
  nonKeyAttributes: optional(list(text())),
});

const localIndex = object("LocalIndex", { name: text(), keySchema, projection });
const globalIndex = object("GlobalIndex", {
  name: text(),
  keySchema,
  projection,
  provisionedThroughput: optional(throughput),
});

const timeToLive = object("TimeToLive", {
  /** The attribute with the second after which an item goes. */
  attribute: text(),
});

const stream = object("TableStream", {
  /** What a record has of an item besides its keys. */
  view: text({ enum: ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"] }),
});

const spec = object("TableSpec", {
  attributeDefinitions: list(attribute, { key: "attributeName" }),
  keySchema,
  /** Other orders within a partition; as old as the table. */
  localIndexes: optional(list(localIndex, { key: "name", max: 5 })),
  /** Other keys; made and dropped at any time. */
  globalIndexes: optional(list(globalIndex, { key: "name", max: 20 })),
  timeToLive: optional(timeToLive),
  /** Its changes in order, for a day. */
  stream: optional(stream),
  billingMode: optional(text({ enum: ["PAY_PER_REQUEST", "PROVISIONED"], default: "PROVISIONED" })),
  provisionedThroughput: optional(throughput),
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
export type LocalIndex = Infer<typeof localIndex>;
export type StreamView = Infer<typeof stream>["view"];
export type GlobalIndex = Infer<typeof globalIndex>;

export const tableKind: Kind<Table> = ownKind({
  kind: "Table",
  plural: "tables",
  spec,
  status,
  checkName: tableNameFault,
  columns: [
    textColumn("Key", ({ spec: { keySchema: keys } }) => keys.map(({ attributeName }) => attributeName).join(",")),
    textColumn("Billing", ({ spec: { billingMode } }) => billingMode ?? "PROVISIONED"),
    textColumn("State", (table) => table.status?.state ?? "CREATING"),
    ageColumn,
  ],
  rules: (desired, faults, { live }) => {
    keyRules(desired.keySchema, "spec.keySchema", { desired, faults });
    indexRules(desired, faults);
    if (live !== null) lastingRules(desired, live.spec, faults);
  },
});

interface Checked {
  readonly desired: TableSpec;
  readonly faults: FieldFaults;
}

function keyRules(keys: TableSpec["keySchema"], path: string, { desired, faults }: Checked): void {
  const defined = new Set(desired.attributeDefinitions.map(({ attributeName }) => attributeName));
  for (const [index, { attributeName, keyType }] of keys.entries()) {
    const at = `${path}[${index}]`;
    const [wanted, which] = index === 0 ? (["HASH", "first"] as const) : (["RANGE", "second"] as const);
    if (keyType !== wanted) faults.invalid(`${at}.keyType`, keyType, `the ${which} key must be ${wanted}`);
    if (!defined.has(attributeName))
      faults.invalid(`${at}.attributeName`, attributeName, "must be one of the attributeDefinitions");
  }
}

function indexRules(desired: TableSpec, faults: FieldFaults): void {
  const { localIndexes = [], globalIndexes = [], keySchema: keys } = desired;
  for (const [where, indexes] of Object.entries({ localIndexes, globalIndexes }))
    for (const [at, { keySchema: own, projection: kept }] of indexes.entries()) {
      keyRules(own, `spec.${where}[${at}].keySchema`, { desired, faults });
      const isNamed = (kept.nonKeyAttributes ?? []).length > 0;
      if (isNamed !== (kept.type === "INCLUDE"))
        faults.invalid(
          `spec.${where}[${at}].projection`,
          kept.type,
          "nonKeyAttributes go with INCLUDE, and only there",
        );
    }
  for (const [at, { name, keySchema: own }] of localIndexes.entries()) {
    const path = `spec.localIndexes[${at}]`;
    if (own.length < 2) faults.required(`${path}.keySchema`, "a local index has a sort key of its own");
    if (own[0]?.attributeName !== keys[0]?.attributeName)
      faults.invalid(
        `${path}.keySchema`,
        own[0]?.attributeName ?? "",
        "must begin with the partition key of the table",
      );
    if (globalIndexes.some((other) => other.name === name)) faults.duplicate(`${path}.name`, name);
  }
}

/** What items and local indexes are kept by does not change any more. */
function lastingRules(desired: TableSpec, live: TableSpec, faults: FieldFaults): void {
  for (const member of ["keySchema", "localIndexes"] as const)
    if (!sameJson(desired[member] ?? [], live[member] ?? []))
      faults.invalid(
        `spec.${member}`,
        JSON.stringify(desired[member] ?? []),
        "cannot be changed once the table is made",
      );
}
