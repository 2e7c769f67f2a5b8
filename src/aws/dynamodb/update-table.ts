/** UpdateTable: billing, throughput, one index made or dropped, a stream begun or ended, protection. */
import { given } from "#base/given.ts";
import type { GlobalIndex, Table, TableSpec } from "#kinds/catamaran/table.ts";
import { type Action, action } from "../action.ts";
import { type AccountTables, failure, invalid, tableArns, tableName } from "./account-tables.ts";
import { checkStream } from "./create-table.ts";
import {
  checkGlobalIndex,
  definitionsOf,
  type GlobalIndexInput,
  globalIndexOf,
  throughputOf,
} from "./index-settings.ts";
import {
  type AttributeDefinition,
  model,
  type ProvisionedThroughput,
  type TableDescription,
  type UpdateTableInput,
} from "./model.gen.ts";
import { describedNow } from "./table-description.ts";

type Input = Pick<
  UpdateTableInput,
  | "AttributeDefinitions"
  | "BillingMode"
  | "ProvisionedThroughput"
  | "StreamSpecification"
  | "TableClass"
  | "DeletionProtectionEnabled"
> & { readonly GlobalSecondaryIndexUpdates?: readonly IndexUpdate[] };

interface IndexUpdate {
  readonly Create?: GlobalIndexInput;
  readonly Update?: { readonly IndexName: string; readonly ProvisionedThroughput?: ProvisionedThroughput };
  readonly Delete?: { readonly IndexName: string };
}

export const updateTable: Action<AccountTables> = action(model, "UpdateTable", {
  resources: tableArns,
  serves: [
    "TableName",
    "AttributeDefinitions",
    "BillingMode",
    "ProvisionedThroughput",
    "TableClass",
    "StreamSpecification",
    "DeletionProtectionEnabled",
    "GlobalSecondaryIndexUpdates.Create.IndexName",
    "GlobalSecondaryIndexUpdates.Create.KeySchema",
    "GlobalSecondaryIndexUpdates.Create.Projection",
    "GlobalSecondaryIndexUpdates.Create.ProvisionedThroughput",
    "GlobalSecondaryIndexUpdates.Update.IndexName",
    "GlobalSecondaryIndexUpdates.Update.ProvisionedThroughput",
    "GlobalSecondaryIndexUpdates.Delete.IndexName",
  ],
  unserved: {
    "GlobalSecondaryIndexUpdates.Create.OnDemandThroughput": "leave it out",
    "GlobalSecondaryIndexUpdates.Create.WarmThroughput": "leave it out",
    "GlobalSecondaryIndexUpdates.Update.OnDemandThroughput": "leave it out",
    "GlobalSecondaryIndexUpdates.Update.WarmThroughput": "leave it out",
    "SSESpecification.Enabled=true": "leave it out",
    "SSESpecification.SSEType": "leave it out",
    "SSESpecification.KMSMasterKeyId": "leave it out",
    ReplicaUpdates: "leave it out",
    MultiRegionConsistency: "leave it out",
    GlobalTableWitnessUpdates: "leave it out",
    OnDemandThroughput: "leave it out",
    WarmThroughput: "leave it out",
    GlobalTableSettingsReplicationMode: "leave it out",
  },
  run: async (account: AccountTables, { TableName, ...input }) => {
    checkAsked(input);
    const name = tableName(TableName);
    const table = await account.tables.newest(account.namespace, name);
    const before = await describedNow(account, table);
    if (before.TableStatus !== "ACTIVE")
      throw failure("ResourceInUseException", `Attempt to change a resource which is still in use: Table: ${name}`);
    const changed = await account.tables.change(table, (live) => ({ ...live, spec: changedSpec(live, input) }));
    const after = await describedNow(account, changed ?? table);
    const updating: TableDescription = { ...after, TableStatus: "UPDATING" };
    return { TableDescription: updating };
  },
});

function checkAsked(input: Input): void {
  const { GlobalSecondaryIndexUpdates: updates = [] } = input;
  const asked = [
    input.ProvisionedThroughput,
    input.BillingMode,
    input.StreamSpecification,
    input.DeletionProtectionEnabled,
    input.TableClass,
  ];
  if (asked.every((member) => member === undefined) && updates.length === 0)
    throw invalid(
      "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required",
    );
  checkStream(input.StreamSpecification);
  const seen = new Set<string>();
  let changes = 0;
  for (const { Create, Update, Delete } of updates) {
    const name = (Create ?? Update ?? Delete)?.IndexName;
    if (name === undefined)
      throw wrong(
        "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null",
      );
    if ([Create, Update, Delete].filter((one) => one !== undefined).length > 1)
      throw wrong("Only one of GlobalSecondaryIndexUpdate.Update, Create and Delete may be in one update");
    if (seen.has(name))
      throw wrong(`Only one global secondary index update per index is allowed simultaneously. Index: ${name}`);
    seen.add(name);
    if (Update === undefined) changes++;
  }
  if (changes > 1)
    throw failure(
      "LimitExceededException",
      "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
    );
}

function changedSpec({ metadata, spec }: Table, input: Input): TableSpec {
  const { BillingMode: mode = spec.billingMode ?? "PROVISIONED", ProvisionedThroughput: units } = input;
  const isOnDemand = mode === "PAY_PER_REQUEST";
  refuseSameUnits(spec, units);
  if (isOnDemand && units !== undefined)
    throw wrong(
      "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
    );
  const throughput = units === undefined ? spec.provisionedThroughput : throughputOf(units);
  if (!isOnDemand && throughput === undefined)
    throw wrong("ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED");
  const attributes = mergedDefinitions(spec.attributeDefinitions, input.AttributeDefinitions ?? []);
  const taken = new Set((spec.localIndexes ?? []).map(({ name }) => name));
  const globalIndexes = (input.GlobalSecondaryIndexUpdates ?? []).reduce(
    (indexes, update) => changedIndexes(indexes, update, { schema: spec.keySchema, attributes, isOnDemand, taken }),
    spec.globalIndexes ?? [],
  );
  const { stream: _stream, globalIndexes: _indexes, provisionedThroughput: _units, ...rest } = spec;
  const { deletionProtection, tableClass } = spec;
  return {
    ...rest,
    ...given({
      deletionProtection: input.DeletionProtectionEnabled ?? deletionProtection,
      tableClass: input.TableClass ?? tableClass,
      stream: changedStream(metadata.name, spec, input.StreamSpecification),
      provisionedThroughput: isOnDemand ? undefined : throughput,
      globalIndexes: globalIndexes.length === 0 ? undefined : forMode(globalIndexes, isOnDemand),
    }),
    billingMode: mode,
    attributeDefinitions: usedDefinitions(attributes, { ...spec, globalIndexes }),
  };
}

/** Asking for what there is is a mistake, the service says. */
function refuseSameUnits({ provisionedThroughput: live }: TableSpec, units: ProvisionedThroughput | undefined): void {
  if (units === undefined || live === undefined) return;
  const { ReadCapacityUnits: read, WriteCapacityUnits: write } = units;
  if (read === live.readCapacityUnits && write === live.writeCapacityUnits)
    throw invalid(
      `The provisioned throughput for the table will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for the table: ${read}. Requested ReadCapacityUnits: ${read}. Current WriteCapacityUnits provisioned for the table: ${write}. Requested WriteCapacityUnits: ${write}. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.`,
    );
}

/** On demand, indexes have no units of their own. */
function forMode(indexes: readonly GlobalIndex[], isOnDemand: boolean): readonly GlobalIndex[] {
  return isOnDemand ? indexes.map(({ provisionedThroughput: _units, ...index }) => index) : indexes;
}

function changedStream(name: string, { stream }: TableSpec, asked: Input["StreamSpecification"]): TableSpec["stream"] {
  if (asked === undefined) return stream;
  if (asked.StreamEnabled && stream !== undefined)
    throw invalid(`Table already has an enabled stream: TableName: ${name}`);
  if (!asked.StreamEnabled && stream === undefined) throw invalid(`Table has no stream to disable: TableName: ${name}`);
  return asked.StreamViewType === undefined ? undefined : { view: asked.StreamViewType };
}

interface Around {
  readonly schema: TableSpec["keySchema"];
  readonly attributes: TableSpec["attributeDefinitions"];
  readonly isOnDemand: boolean;
  /** Names of local indexes. */
  readonly taken: ReadonlySet<string>;
}

function changedIndexes(
  indexes: readonly GlobalIndex[],
  { Create, Update, Delete }: IndexUpdate,
  { schema, attributes, isOnDemand, taken }: Around,
): readonly GlobalIndex[] {
  const find = (name: string): GlobalIndex => {
    const found = indexes.find((index) => index.name === name);
    if (found !== undefined) return found;
    throw failure("ResourceNotFoundException", `Requested resource not found: Index: ${name} not found`);
  };
  if (Create !== undefined) {
    if (taken.has(Create.IndexName) || indexes.some(({ name }) => name === Create.IndexName))
      throw invalid(`Attempting to create an index which already exists: ${Create.IndexName}`);
    const definitions = attributes.map(({ attributeName, attributeType }) => ({
      AttributeName: attributeName,
      AttributeType: attributeType,
    }));
    const keys = schema.map(({ attributeName, keyType }) => ({ AttributeName: attributeName, KeyType: keyType }));
    checkGlobalIndex(Create, { schema: keys, definitions, isOnDemand });
    return [...indexes, globalIndexOf(Create)];
  }
  if (Delete !== undefined) {
    const gone = find(Delete.IndexName);
    return indexes.filter((index) => index !== gone);
  }
  if (Update?.ProvisionedThroughput === undefined) return indexes;
  const changed = find(Update.IndexName);
  if (isOnDemand)
    throw wrong(
      `ProvisionedThroughput should not be specified for index: ${Update.IndexName} when BillingMode is PAY_PER_REQUEST`,
    );
  const provisionedThroughput = throughputOf(Update.ProvisionedThroughput);
  return indexes.map((index) => (index === changed ? { ...index, provisionedThroughput } : index));
}

function mergedDefinitions(
  live: TableSpec["attributeDefinitions"],
  asked: readonly AttributeDefinition[],
): TableSpec["attributeDefinitions"] {
  for (const { AttributeName, AttributeType } of asked) {
    const known = live.find(({ attributeName }) => attributeName === AttributeName);
    if (known !== undefined && known.attributeType !== AttributeType)
      throw wrong(
        `Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. Existing schema: ${AttributeName}:${known.attributeType} New schema: ${AttributeName}:${AttributeType}`,
      );
  }
  const added = definitionsOf(asked).filter(({ attributeName }) =>
    live.every((known) => known.attributeName !== attributeName),
  );
  return [...live, ...added];
}

function usedDefinitions(
  attributes: TableSpec["attributeDefinitions"],
  { keySchema, localIndexes = [], globalIndexes = [] }: TableSpec,
): TableSpec["attributeDefinitions"] {
  const schemas = [keySchema, ...[...localIndexes, ...globalIndexes].map((index) => index.keySchema)];
  const used = new Set(schemas.flatMap((schema) => schema.map(({ attributeName }) => attributeName)));
  return attributes.filter(({ attributeName }) => used.has(attributeName));
}

function wrong(what: string): Error {
  return invalid(`One or more parameter values were invalid: ${what}`);
}
