/** CreateTable: everything that can be wrong with a new table, and the object that it becomes. */
import { given } from "#base/given.ts";
import type { Table } from "#kinds/catamaran/table.ts";
import { type Action, action } from "../action.ts";
import { validationError } from "../aws-error.ts";
import { type AccountTables, invalid, tableArns, tableName } from "./account-tables.ts";
import {
  checkIndexes,
  definitionsOf,
  type GlobalIndexInput,
  globalIndexOf,
  keySchemaOf,
  localIndexOf,
  throughputOf,
} from "./index-settings.ts";
import {
  type AttributeDefinition,
  type CreateTableInput,
  type KeySchemaElement,
  model,
  type StreamSpecification,
} from "./model.gen.ts";
import { createdDescription } from "./table-description.ts";
import { checkTags } from "./tags.ts";

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
    "StreamSpecification",
    "LocalSecondaryIndexes",
    "GlobalSecondaryIndexes.IndexName",
    "GlobalSecondaryIndexes.KeySchema",
    "GlobalSecondaryIndexes.Projection",
    "GlobalSecondaryIndexes.ProvisionedThroughput",
  ],
  unserved: {
    "GlobalSecondaryIndexes.OnDemandThroughput": "leave it out",
    "GlobalSecondaryIndexes.WarmThroughput": "leave it out",
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
    const table = await account.tables.create(tableOf(account, input));
    return { TableDescription: await createdDescription(account, table) };
  },
});

type Settings = Pick<
  CreateTableInput,
  | "BillingMode"
  | "ProvisionedThroughput"
  | "TableClass"
  | "DeletionProtectionEnabled"
  | "Tags"
  | "StreamSpecification"
  | "LocalSecondaryIndexes"
> & {
  readonly TableName?: string;
  readonly AttributeDefinitions?: readonly AttributeDefinition[];
  readonly KeySchema?: readonly KeySchemaElement[];
  readonly GlobalSecondaryIndexes?: readonly GlobalIndexInput[];
};

/** Everything about a new table that can be wrong is, before it is made. */
function tableOf(account: AccountTables, input: Settings): Table {
  const { TableName: name, AttributeDefinitions: definitions, KeySchema: schema } = input;
  if (name === undefined) throw invalid("The parameter 'TableName' is required but was not present in the request");
  if (name.length < MIN_NAME)
    throw validationError([
      `Value '${name}' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to ${MIN_NAME}`,
    ]);
  if (definitions === undefined || schema === undefined) throw missing({ definitions, schema });
  const { LocalSecondaryIndexes: local, GlobalSecondaryIndexes: global } = input;
  const table = { schema, definitions, isOnDemand: input.BillingMode === "PAY_PER_REQUEST" };
  checkSchema(schema, definitions);
  checkBilling(input);
  checkIndexes({ local, global }, table);
  checkDefinitions([schema, ...[...(local ?? []), ...(global ?? [])].map(({ KeySchema }) => KeySchema)], definitions);
  checkStream(input.StreamSpecification);
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

const MIN_NAME = 3;
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
}

/** Whatever is defined is a key of something. */
export function checkDefinitions(
  schemas: readonly (readonly KeySchemaElement[])[],
  definitions: readonly AttributeDefinition[],
): void {
  const keys = new Set(schemas.flatMap((schema) => schema.map(({ AttributeName }) => AttributeName)));
  if (keys.size === definitions.length) return;
  const [names, defined] = [[...keys], definitions.map(({ AttributeName }) => AttributeName)];
  throw invalid(
    schemas.length === 1
      ? "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions"
      : `One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinitions: [${defined.join(", ")}], keys used: [${names.join(", ")}]`,
  );
}

/** Enabled with a view, or neither. */
export function checkStream(stream: StreamSpecification | undefined): void {
  if (stream === undefined) return;
  if (stream.StreamEnabled && stream.StreamViewType === undefined)
    throw invalid("One or more parameter values were invalid: StreamEnabled is true but StreamViewType is null");
  if (!stream.StreamEnabled && stream.StreamViewType !== undefined)
    throw invalid("One or more parameter values were invalid: StreamEnabled is false but StreamViewType is specified");
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

function newTable(
  { namespace }: AccountTables,
  name: string,
  settings: Settings & Required<Pick<Settings, "AttributeDefinitions" | "KeySchema">>,
): Table {
  const { ProvisionedThroughput: units, Tags: tags, TableClass, DeletionProtectionEnabled } = settings;
  const { StreamSpecification: stream, LocalSecondaryIndexes: local, GlobalSecondaryIndexes: global } = settings;
  return {
    apiVersion: "catamaran.dev/v1",
    kind: "Table",
    metadata: { name, namespace },
    spec: {
      attributeDefinitions: definitionsOf(settings.AttributeDefinitions),
      keySchema: keySchemaOf(settings.KeySchema),
      ...(local !== undefined && { localIndexes: local.map(localIndexOf) }),
      ...(global !== undefined && { globalIndexes: global.map(globalIndexOf) }),
      ...(stream?.StreamViewType !== undefined && { stream: { view: stream.StreamViewType } }),
      billingMode: settings.BillingMode ?? "PROVISIONED",
      ...(units && { provisionedThroughput: throughputOf(units) }),
      ...given({ tableClass: TableClass, deletionProtection: DeletionProtectionEnabled }),
      ...(tags && { tags: Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])) }),
    },
  };
}
