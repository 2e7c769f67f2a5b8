/** Table: a managed key-value table with DynamoDB's settings. */
import { ageColumn, text } from "./columns.ts";
import { builtinKind } from "./builtin.ts";
import { catamaranTable } from "./catamaran-schema.ts";
import { tableNameFault } from "./names.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";

export interface Table extends KubeObject {
  readonly spec: {
    readonly attributeDefinitions: readonly { readonly attributeName: string; readonly attributeType: "S" | "N" | "B" }[];
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
  type: "dev.catamaran.v1.Table",
  table: catamaranTable,
  subresources: ["status"],
  checkName: tableNameFault,
  columns: [
    text("Key", ({ spec }) => spec.keySchema.map(({ attributeName }) => attributeName).join(",")),
    text("Billing", ({ spec }) => spec.billingMode ?? "PROVISIONED"),
    text("State", ({ status }) => status?.state ?? "CREATING"),
    ageColumn,
  ],
});
