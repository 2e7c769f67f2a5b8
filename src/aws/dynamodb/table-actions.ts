/** CreateTable, DescribeTable, ListTables and DeleteTable. */
import { given } from "#base/given.ts";
import type { Table } from "#kinds/catamaran/table.ts";
import type { Input, Reply } from "../untyped-action.ts";
import type { Shape } from "../untyped-shape.ts";
import { invalid } from "./dynamodb-error.ts";
import { type DynamoWorld, tableArn, tableName, tableNameShape } from "./world.ts";

const KEY_SCHEMA: Shape = {
  is: "list",
  min: 1,
  max: 2,
  of: {
    is: "structure",
    members: { AttributeName: { is: "string", min: 1, max: 255 }, KeyType: { is: "string", enum: ["HASH", "RANGE"] } },
    required: ["AttributeName", "KeyType"],
  },
};
const THROUGHPUT: Shape = {
  is: "structure",
  members: { ReadCapacityUnits: { is: "integer", min: 1 }, WriteCapacityUnits: { is: "integer", min: 1 } },
  required: ["ReadCapacityUnits", "WriteCapacityUnits"],
};

export const createTableInput: Shape = {
  is: "structure",
  members: {
    TableName: { is: "string", min: 3, max: 255, pattern: "[a-zA-Z0-9_.-]+" },
    AttributeDefinitions: {
      is: "list",
      of: {
        is: "structure",
        members: {
          AttributeName: { is: "string", min: 1, max: 255 },
          AttributeType: { is: "string", enum: ["B", "N", "S"] },
        },
        required: ["AttributeName", "AttributeType"],
      },
    },
    KeySchema: KEY_SCHEMA,
    BillingMode: { is: "string", enum: ["PROVISIONED", "PAY_PER_REQUEST"] },
    ProvisionedThroughput: THROUGHPUT,
    TableClass: { is: "string", enum: ["STANDARD", "STANDARD_INFREQUENT_ACCESS"] },
    DeletionProtectionEnabled: { is: "boolean" },
    Tags: {
      is: "list",
      of: {
        is: "structure",
        members: { Key: { is: "string", min: 1, max: 128 }, Value: { is: "string", max: 256 } },
        required: ["Key", "Value"],
      },
    },
    GlobalSecondaryIndexes: { is: "any" },
    LocalSecondaryIndexes: { is: "any" },
    StreamSpecification: { is: "any" },
    SSESpecification: { is: "any" },
  },
  required: ["AttributeDefinitions", "KeySchema"],
};

export const tableInput: Shape = { is: "structure", members: { TableName: tableNameShape }, required: ["TableName"] };

export const listTablesInput: Shape = {
  is: "structure",
  members: { ExclusiveStartTableName: { is: "string" }, Limit: { is: "integer", min: 1, max: 100 } },
};

const REFUSED = ["GlobalSecondaryIndexes", "LocalSecondaryIndexes", "StreamSpecification", "SSESpecification"];

export async function createTable(world: DynamoWorld, input: Input): Promise<Reply> {
  if (input["TableName"] === undefined)
    throw invalid("The parameter 'TableName' is required but was not present in the request");
  const refused = REFUSED.filter((name) => isAsked(input[name]));
  if (refused.length > 0) throw invalid(`${refused.join(", ")} is not supported by Catamaran; leave it out`);
  checkDefinitions(input);
  const created = await world.tables.create(newTable(world, input));
  return { body: { TableDescription: described(world, created, { rows: 0, bytes: 0 }) } };
}

function isAsked(value: unknown): boolean {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return false;
  const settings = value as { readonly StreamEnabled?: boolean; readonly Enabled?: boolean };
  return settings.StreamEnabled !== false && settings.Enabled !== false;
}

interface KeyElement {
  readonly AttributeName: string;
  readonly KeyType: string;
}

interface Definition {
  readonly AttributeName: string;
  readonly AttributeType: "S" | "N" | "B";
}

function checkDefinitions(input: Input): void {
  const schema = input["KeySchema"] as readonly KeyElement[];
  const keys = schema.map(({ AttributeName }) => AttributeName);
  const defined = (input["AttributeDefinitions"] as readonly Definition[]).map(({ AttributeName }) => AttributeName);
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
  checkBilling(input);
  checkTags(input);
}

function checkBilling(input: Input): void {
  const isOnDemand = input["BillingMode"] === "PAY_PER_REQUEST";
  if (!isOnDemand && input["ProvisionedThroughput"] === undefined)
    throw invalid(
      "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
    );
  if (isOnDemand && input["ProvisionedThroughput"] !== undefined)
    throw invalid(
      "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
    );
}

const MAX_TAGS = 50;

function checkTags(input: Input): void {
  const tags = (input["Tags"] ?? []) as readonly { readonly Key: string }[];
  const keys = tags.map(({ Key }) => Key);
  if (keys.length > MAX_TAGS) throw invalid("Too many tags: a table has at most 50");
  if (new Set(keys).size !== keys.length)
    throw invalid("One or more parameter values were invalid: the tag keys are not unique");
}

function newTable(world: DynamoWorld, input: Input): Table {
  const throughput = input["ProvisionedThroughput"] as
    | { readonly ReadCapacityUnits: number; readonly WriteCapacityUnits: number }
    | undefined;
  const tags = input["Tags"] as readonly { readonly Key: string; readonly Value: string }[] | undefined;
  const spec = given({
    attributeDefinitions: (input["AttributeDefinitions"] as readonly Definition[]).map((definition) => ({
      attributeName: definition.AttributeName,
      attributeType: definition.AttributeType,
    })),
    keySchema: (
      input["KeySchema"] as readonly { readonly AttributeName: string; readonly KeyType: "HASH" | "RANGE" }[]
    ).map((element) => ({ attributeName: element.AttributeName, keyType: element.KeyType })),
    billingMode: (input["BillingMode"] ?? "PROVISIONED") as "PROVISIONED" | "PAY_PER_REQUEST",
    provisionedThroughput:
      throughput === undefined
        ? undefined
        : { readCapacityUnits: throughput.ReadCapacityUnits, writeCapacityUnits: throughput.WriteCapacityUnits },
    tableClass: input["TableClass"] as string | undefined,
    deletionProtection: input["DeletionProtectionEnabled"] as boolean | undefined,
    tags: tags === undefined ? undefined : Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])),
  });
  return {
    apiVersion: "catamaran.dev/v1",
    kind: "Table",
    metadata: { name: input["TableName"] as string, namespace: world.namespace },
    spec,
  };
}

export async function describeTable(world: DynamoWorld, input: Input): Promise<Reply> {
  const table = await world.tables.table(world.namespace, tableName(input["TableName"] as string));
  return { body: { Table: described(world, table, await world.tables.count(table)) } };
}

export async function deleteTable(world: DynamoWorld, input: Input): Promise<Reply> {
  const dropped = await world.tables.drop(world.namespace, tableName(input["TableName"] as string));
  const {
    AttributeDefinitions: _definitions,
    KeySchema: _schema,
    CreationDateTime: _created,
    ...shown
  } = described(world, dropped, { rows: 0, bytes: 0 });
  return { body: { TableDescription: { ...shown, TableStatus: "DELETING" } } };
}

const TABLES_PER_PAGE = 100;

export async function listTables(world: DynamoWorld, input: Input): Promise<Reply> {
  const start = (input["ExclusiveStartTableName"] as string | undefined) ?? "";
  const all = world.tables
    .list(world.namespace)
    .map((table) => table.metadata.name)
    .filter((name) => name > start)
    .toSorted();
  const page = all.slice(0, (input["Limit"] as number | undefined) ?? TABLES_PER_PAGE);
  return { body: { TableNames: page, ...(page.length < all.length ? { LastEvaluatedTableName: page.at(-1) } : {}) } };
}

/** DynamoDB's TableDescription. */
function described(
  world: DynamoWorld,
  table: Table,
  { rows, bytes }: { readonly rows: number; readonly bytes: number },
): Input {
  const { spec, metadata } = table;
  const isOnDemand = spec.billingMode === "PAY_PER_REQUEST";
  const created = Date.parse(metadata.creationTimestamp ?? "") / 1000;
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
    TableArn: tableArn(world, metadata.name),
    TableId: metadata.uid,
    BillingModeSummary: isOnDemand
      ? { BillingMode: "PAY_PER_REQUEST", LastUpdateToPayPerRequestDateTime: created }
      : undefined,
    TableClassSummary: spec.tableClass === undefined ? undefined : { TableClass: spec.tableClass },
    DeletionProtectionEnabled: spec.deletionProtection ?? false,
  });
}
