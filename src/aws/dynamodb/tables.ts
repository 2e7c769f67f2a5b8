/** CreateTable, DescribeTable, ListTables and DeleteTable. */
import { given } from "#base/given.ts";
import type { Table } from "#kinds/catamaran/table.ts";
import { type Action, action } from "../action.ts";
import { validationError } from "../aws-error.ts";
import { type AccountTables, invalid, tableArn, tableArns, tableName } from "./account-tables.ts";
import {
  type AttributeDefinition,
  type CreateTableInput,
  type KeySchemaElement,
  model,
  type TableDescription,
  type Tag,
} from "./model.gen.ts";

export const createTable: Action<AccountTables> = action(model, "CreateTable", {
  resources: tableArns,
  serves: [
    "TableName",
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "ProvisionedThroughput",
    "TableClass",
    "DeletionProtectionEnabled",
    "Tags",
  ],
  unserved: {
    GlobalSecondaryIndexes: "leave it out",
    LocalSecondaryIndexes: "leave it out",
    "StreamSpecification.StreamEnabled=true": "leave it out",
    "StreamSpecification.StreamViewType": "leave it out",
    "SSESpecification.Enabled=true": "leave it out",
    "SSESpecification.SSEType": "leave it out",
    "SSESpecification.KMSMasterKeyId": "leave it out",
    WarmThroughput: "leave it out",
    ResourcePolicy: "leave it out",
    OnDemandThroughput: "leave it out",
    GlobalTableSourceArn: "leave it out",
    GlobalTableSettingsReplicationMode: "leave it out",
  },
  run: async (account: AccountTables, input) => {
    const table = tableOf(account, input);
    return { TableDescription: described(account, await account.tables.create(table), { rows: 0, bytes: 0 }) };
  },
});

type Settings = Pick<
  CreateTableInput,
  "BillingMode" | "ProvisionedThroughput" | "TableClass" | "DeletionProtectionEnabled" | "Tags"
> & {
  readonly TableName?: string;
  readonly AttributeDefinitions?: readonly AttributeDefinition[];
  readonly KeySchema?: readonly KeySchemaElement[];
};

/** Everything about a new table that can be wrong is, before it is made. */
function tableOf(account: AccountTables, input: Settings): Table {
  const { TableName: name, AttributeDefinitions: definitions, KeySchema: schema } = input;
  if (name === undefined) throw invalid("The parameter 'TableName' is required but was not present in the request");
  if (definitions === undefined || schema === undefined) throw missing({ definitions, schema });
  checkSchema(schema, definitions);
  checkBilling(input);
  checkTags(input.Tags ?? []);
  return newTable(account, tableName(name), { ...input, AttributeDefinitions: definitions, KeySchema: schema });
}

// A table that is a copy of another one has neither; those are not served.
function missing({ definitions, schema }: { readonly definitions: unknown; readonly schema: unknown }): Error {
  const members = [
    ...(definitions === undefined ? ["attributeDefinitions"] : []),
    ...(schema === undefined ? ["keySchema"] : []),
  ];
  return validationError(
    members.map((name) => `Value null at '${name}' failed to satisfy constraint: Member must not be null`),
  );
}

const MAX_KEYS = 2;

function checkSchema(schema: readonly KeySchemaElement[], definitions: readonly AttributeDefinition[]): void {
  if (schema.length > MAX_KEYS) {
    // As Java prints a structure of the model (dynamodb-conformance, error-messages/createTable).
    const shown = schema.map(
      ({ AttributeName, KeyType }) => `KeySchemaElement(attributeName=${AttributeName}, keyType=${KeyType})`,
    );
    throw validationError([
      `Value '[${shown.join(", ")}]' at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to ${MAX_KEYS}`,
    ]);
  }
  const keys = schema.map(({ AttributeName }) => AttributeName);
  const defined = definitions.map(({ AttributeName }) => AttributeName);
  const twice = defined.find((name, index) => defined.indexOf(name) !== index);
  if (twice !== undefined)
    throw invalid(
      `One or more parameter values were invalid: Duplicate AttributeName in AttributeDefinitions: ${twice}`,
    );
  const [first, second] = schema.map(({ KeyType }) => KeyType);
  if (first !== "HASH") throw invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
  if (second !== undefined && second !== "RANGE")
    throw invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
  if (keys.length > defined.length) throw invalid("Invalid KeySchema: Some index key attribute have no definition");
  if (keys[0] === keys[1])
    throw invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name");
  if (keys.some((name) => !defined.includes(name)))
    throw invalid(
      `One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [${keys.join(", ")}], AttributeDefinitions: [${defined.join(", ")}]`,
    );
  if (keys.length !== defined.length)
    throw invalid(
      "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions",
    );
}

function checkBilling({ BillingMode, ProvisionedThroughput }: Settings): void {
  const isOnDemand = BillingMode === "PAY_PER_REQUEST";
  if (!isOnDemand && ProvisionedThroughput === undefined)
    throw invalid(
      "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
    );
  if (isOnDemand && ProvisionedThroughput !== undefined)
    throw invalid(
      "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
    );
}

const MAX_TAGS = 50;

function checkTags(tags: readonly Tag[]): void {
  const keys = tags.map(({ Key }) => Key);
  if (keys.length > MAX_TAGS) throw invalid("Too many tags: a table has at most 50");
  if (new Set(keys).size !== keys.length)
    throw invalid("One or more parameter values were invalid: the tag keys are not unique");
}

function newTable(
  { namespace }: AccountTables,
  name: string,
  settings: Settings & Required<Pick<Settings, "AttributeDefinitions" | "KeySchema">>,
): Table {
  const { ProvisionedThroughput: units, Tags: tags, TableClass, DeletionProtectionEnabled } = settings;
  return {
    apiVersion: "catamaran.dev/v1",
    kind: "Table",
    metadata: { name, namespace },
    spec: {
      attributeDefinitions: settings.AttributeDefinitions.map(({ AttributeName, AttributeType }) => ({
        attributeName: AttributeName,
        attributeType: AttributeType,
      })),
      keySchema: settings.KeySchema.map(({ AttributeName, KeyType }) => ({
        attributeName: AttributeName,
        keyType: KeyType,
      })),
      billingMode: settings.BillingMode ?? "PROVISIONED",
      ...(units && {
        provisionedThroughput: {
          readCapacityUnits: units.ReadCapacityUnits,
          writeCapacityUnits: units.WriteCapacityUnits,
        },
      }),
      ...given({ tableClass: TableClass, deletionProtection: DeletionProtectionEnabled }),
      ...(tags && { tags: Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])) }),
    },
  };
}

export const describeTable: Action<AccountTables> = action(model, "DescribeTable", {
  resources: tableArns,
  serves: ["TableName"],
  unserved: {},
  run: async (account: AccountTables, { TableName }) => {
    const table = await account.tables.table(account.namespace, tableName(TableName));
    return { Table: described(account, table, await account.tables.count(table)) };
  },
});

export const deleteTable: Action<AccountTables> = action(model, "DeleteTable", {
  resources: tableArns,
  serves: ["TableName"],
  unserved: {},
  run: async (account: AccountTables, { TableName }) => {
    const dropped = await account.tables.drop(account.namespace, tableName(TableName));
    const {
      AttributeDefinitions: _definitions,
      KeySchema: _schema,
      CreationDateTime: _created,
      ...shown
    } = described(account, dropped, { rows: 0, bytes: 0 });
    const gone: TableDescription = { ...shown, TableStatus: "DELETING" };
    return { TableDescription: gone };
  },
});

const TABLES_PER_PAGE = 100;

export const listTables: Action<AccountTables> = action(model, "ListTables", {
  serves: ["ExclusiveStartTableName", "Limit"],
  unserved: {},
  run: async (account: AccountTables, { ExclusiveStartTableName: start = "", Limit: limit = TABLES_PER_PAGE }) => {
    const all = account.tables
      .list(account.namespace)
      .map((table) => table.metadata.name)
      .filter((name) => name > start)
      .toSorted();
    const page = all.slice(0, limit);
    const last = page.length < all.length ? page.at(-1) : undefined;
    return given({ TableNames: page, LastEvaluatedTableName: last });
  },
});

const CLASSES = ["STANDARD", "STANDARD_INFREQUENT_ACCESS"] as const;

/** DynamoDB's TableDescription. */
function described(
  account: AccountTables,
  table: Table,
  { rows, bytes }: { readonly rows: number; readonly bytes: number },
): TableDescription {
  const { spec, metadata } = table;
  const created = Date.parse(metadata.creationTimestamp ?? "");
  const tableClass = CLASSES.find((known) => known === spec.tableClass);
  const onDemand: TableDescription["BillingModeSummary"] | undefined =
    spec.billingMode === "PAY_PER_REQUEST"
      ? { BillingMode: "PAY_PER_REQUEST", LastUpdateToPayPerRequestDateTime: created }
      : undefined;
  return given({
    AttributeDefinitions: spec.attributeDefinitions.map(({ attributeName, attributeType }) => ({
      AttributeName: attributeName,
      AttributeType: attributeType,
    })),
    TableName: metadata.name,
    KeySchema: spec.keySchema.map(({ attributeName, keyType }) => ({ AttributeName: attributeName, KeyType: keyType })),
    TableStatus: table.status?.state ?? "CREATING",
    CreationDateTime: created,
    ProvisionedThroughput: {
      NumberOfDecreasesToday: 0,
      ReadCapacityUnits: spec.provisionedThroughput?.readCapacityUnits ?? 0,
      WriteCapacityUnits: spec.provisionedThroughput?.writeCapacityUnits ?? 0,
    },
    TableSizeBytes: bytes,
    ItemCount: rows,
    TableArn: tableArn(account, metadata.name),
    TableId: metadata.uid,
    BillingModeSummary: onDemand,
    TableClassSummary: tableClass === undefined ? undefined : { TableClass: tableClass },
    DeletionProtectionEnabled: spec.deletionProtection ?? false,
  });
}
