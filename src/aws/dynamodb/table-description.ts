/** DynamoDB's TableDescription of a table: what it declares, and how far its indexes and its stream are. */
import { given } from "#base/given.ts";
import { sameJson } from "#base/json.ts";
import type { GlobalIndex, LocalIndex, Table, TableSpec } from "#kinds/catamaran/table.ts";
import { activeStream, type Derived, NOTHING_DERIVED, type Stream } from "#managed/table/derived.ts";
import { indexesOf } from "#managed/table/secondary-index.ts";
import type { Size } from "#managed/table/tables.ts";
import { type AccountTables, streamArn, tableArn } from "./account-tables.ts";
import type {
  GlobalSecondaryIndexDescription,
  KeySchemaElement,
  LocalSecondaryIndexDescription,
  Projection,
  ProvisionedThroughputDescription,
  TableDescription,
} from "./model.gen.ts";

interface Sizes {
  readonly items: Size;
  /** By the name of the index. */
  readonly indexes: ReadonlyMap<string, Size>;
}

const NO_SIZE: Size = { rows: 0, bytes: 0 };

export async function describedNow(account: AccountTables, table: Table): Promise<TableDescription> {
  const { tables } = account;
  const derived = await tables.derived(table);
  const sizes = { items: await tables.count(table), indexes: await tables.countIndexes(table) };
  return described(account, table, { derived, sizes });
}

/** In the answer of CreateTable nothing of it is ready yet. */
export async function createdDescription(account: AccountTables, table: Table): Promise<TableDescription> {
  const { streams } = await account.tables.derived(table);
  const sizes = { items: NO_SIZE, indexes: new Map<string, Size>() };
  return described(account, table, { derived: { ...NOTHING_DERIVED, streams }, sizes });
}

export function goneDescription(account: AccountTables, table: Table): TableDescription {
  const sizes = { items: NO_SIZE, indexes: new Map<string, Size>() };
  const whole = described(account, table, { derived: NOTHING_DERIVED, sizes });
  const {
    AttributeDefinitions: _definitions,
    KeySchema: _schema,
    CreationDateTime: _created,
    GlobalSecondaryIndexes: _global,
    LocalSecondaryIndexes: _local,
    ...shown
  } = whole;
  return { ...shown, TableStatus: "DELETING" };
}

const CLASSES = ["STANDARD", "STANDARD_INFREQUENT_ACCESS"] as const;

function described(
  account: AccountTables,
  table: Table,
  { derived, sizes }: { readonly derived: Derived; readonly sizes: Sizes },
): TableDescription {
  const { spec, metadata } = table;
  const tableClass = CLASSES.find((known) => known === spec.tableClass);
  const shown = (index: LocalIndex): LocalSecondaryIndexDescription =>
    shownIndex(index, tableArn(account, metadata.name), sizes.indexes.get(index.name) ?? NO_SIZE);
  const global = spec.globalIndexes?.map((index) => shownGlobal(shown(index), index, isReady(table, index, derived)));
  const isUpdating = table.status?.state === "ACTIVE" && global?.some(({ IndexStatus }) => IndexStatus !== "ACTIVE");
  return given({
    AttributeDefinitions: spec.attributeDefinitions.map(({ attributeName, attributeType }) => ({
      AttributeName: attributeName,
      AttributeType: attributeType,
    })),
    TableName: metadata.name,
    KeySchema: shownKeys(spec.keySchema),
    TableStatus: isUpdating === true ? "UPDATING" : (table.status?.state ?? "CREATING"),
    CreationDateTime: createdAt(table),
    ProvisionedThroughput: shownThroughput(spec.provisionedThroughput),
    TableSizeBytes: sizes.items.bytes,
    ItemCount: sizes.items.rows,
    TableArn: tableArn(account, metadata.name),
    TableId: metadata.uid,
    BillingModeSummary: shownBilling(table),
    LocalSecondaryIndexes: spec.localIndexes?.map(shown),
    GlobalSecondaryIndexes: global?.length === 0 ? undefined : global,
    ...shownStream(account, table, activeStream(derived.streams) ?? derived.streams.at(-1)),
    TableClassSummary: tableClass === undefined ? undefined : { TableClass: tableClass },
    DeletionProtectionEnabled: spec.deletionProtection ?? false,
  });
}

function createdAt({ metadata }: Table): number {
  return Date.parse(metadata.creationTimestamp ?? "");
}

function shownBilling(table: Table): TableDescription["BillingModeSummary"] | undefined {
  if (table.spec.billingMode !== "PAY_PER_REQUEST") return undefined;
  return { BillingMode: "PAY_PER_REQUEST", LastUpdateToPayPerRequestDateTime: createdAt(table) };
}

function shownThroughput(units: TableSpec["provisionedThroughput"]): ProvisionedThroughputDescription {
  return {
    NumberOfDecreasesToday: 0,
    ReadCapacityUnits: units?.readCapacityUnits ?? 0,
    WriteCapacityUnits: units?.writeCapacityUnits ?? 0,
  };
}

function shownKeys(keys: TableSpec["keySchema"]): readonly KeySchemaElement[] {
  return keys.map(({ attributeName, keyType }) => ({ AttributeName: attributeName, KeyType: keyType }));
}

function shownIndex(index: LocalIndex, arn: string, { rows, bytes }: Size): LocalSecondaryIndexDescription {
  const { type, nonKeyAttributes } = index.projection;
  const projection: Projection = {
    ProjectionType: type,
    ...(nonKeyAttributes && { NonKeyAttributes: nonKeyAttributes }),
  };
  return {
    IndexName: index.name,
    KeySchema: shownKeys(index.keySchema),
    Projection: projection,
    IndexSizeBytes: bytes,
    ItemCount: rows,
    IndexArn: `${arn}/index/${index.name}`,
  };
}

function shownGlobal(
  shown: LocalSecondaryIndexDescription,
  { provisionedThroughput }: GlobalIndex,
  { isActive, isFilling }: Readiness,
): GlobalSecondaryIndexDescription {
  return {
    ...shown,
    IndexStatus: isActive ? "ACTIVE" : "CREATING",
    ...(isFilling && { Backfilling: true }),
    ProvisionedThroughput: shownThroughput(provisionedThroughput),
  };
}

interface Readiness {
  readonly isActive: boolean;
  readonly isFilling: boolean;
}

function isReady(table: Table, { name }: GlobalIndex, { indexes }: Derived): Readiness {
  const declared = indexesOf(table).find((index) => index.name === name);
  const derived = indexes.find(({ index }) => sameJson(index, declared));
  return { isActive: derived?.isWhole === true, isFilling: derived?.isWhole === false };
}

function shownStream(
  account: AccountTables,
  { metadata, spec }: Table,
  stream: Stream | undefined,
): Pick<TableDescription, "StreamSpecification" | "LatestStreamLabel" | "LatestStreamArn"> {
  if (stream === undefined) return {};
  return {
    ...(spec.stream !== undefined && {
      StreamSpecification: { StreamEnabled: true, StreamViewType: spec.stream.view },
    }),
    LatestStreamLabel: stream.label,
    LatestStreamArn: streamArn(account, metadata.name, stream.label),
  };
}
