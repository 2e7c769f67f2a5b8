/** CreateTable, DescribeTable, ListTables and DeleteTable. */
import { given } from "#base/given.ts";
import type { Table } from "#kinds/table.ts";
import type { Input, Reply } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../shape.ts";
import { type DynamoWorld, findTable, tableArn, tableName, tableNameShape } from "./world.ts";

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
          AttributeType: { is: "string", enum: ["S", "N", "B"] },
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
      of: { is: "structure", members: { Key: { is: "string" }, Value: { is: "string" } }, required: ["Key", "Value"] },
    },
    GlobalSecondaryIndexes: { is: "any" },
    LocalSecondaryIndexes: { is: "any" },
    StreamSpecification: { is: "any" },
    SSESpecification: { is: "any" },
  },
  required: ["TableName", "AttributeDefinitions", "KeySchema"],
};

export const tableInput: Shape = { is: "structure", members: { TableName: tableNameShape }, required: ["TableName"] };

export const listTablesInput: Shape = {
  is: "structure",
  members: { ExclusiveStartTableName: { is: "string" }, Limit: { is: "integer", min: 1, max: 100 } },
};

const REFUSED = ["GlobalSecondaryIndexes", "LocalSecondaryIndexes", "StreamSpecification", "SSESpecification"];

export async function createTable(world: DynamoWorld, input: Input): Promise<Reply> {
  const refused = REFUSED.filter((name) => isAsked(input[name]));
  if (refused.length > 0)
    throw new AwsError("ValidationException", 400, `${refused.join(", ")} is not supported by Catamaran; leave it out`);
  checkDefinitions(input);
  const created = await world.tables.create(tableOf(world, input));
  return { body: { TableDescription: described(world, created, { rows: 0, bytes: 0 }) } };
}

function isAsked(value: unknown): boolean {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return false;
  const settings = value as { readonly StreamEnabled?: boolean; readonly Enabled?: boolean };
  return settings.StreamEnabled !== false && settings.Enabled !== false;
}

function checkDefinitions(input: Input): void {
  const keys = (input["KeySchema"] as readonly { readonly AttributeName: string; readonly KeyType: string }[]).map(
    ({ AttributeName }) => AttributeName,
  );
  const [first, second] = (input["KeySchema"] as readonly { readonly KeyType: string }[]).map(({ KeyType }) => KeyType);
  if (first !== "HASH" || (second !== undefined && second !== "RANGE"))
    throw new AwsError(
      "ValidationException",
      400,
      "Invalid KeySchema: The first KeySchemaElement is not a HASH key type, or the second is not a RANGE key type",
    );
  const defined = (input["AttributeDefinitions"] as readonly { readonly AttributeName: string }[]).map(
    ({ AttributeName }) => AttributeName,
  );
  if (defined.some((name) => !keys.includes(name))) {
    throw new AwsError(
      "ValidationException",
      400,
      `One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions`,
    );
  }
  const isOnDemand = input["BillingMode"] === "PAY_PER_REQUEST";
  if (!isOnDemand && input["ProvisionedThroughput"] === undefined) {
    throw new AwsError(
      "ValidationException",
      400,
      "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
    );
  }
  if (isOnDemand && input["ProvisionedThroughput"] !== undefined) {
    throw new AwsError(
      "ValidationException",
      400,
      "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
    );
  }
}

function tableOf(world: DynamoWorld, input: Input): Table {
  const throughput = input["ProvisionedThroughput"] as
    | { readonly ReadCapacityUnits: number; readonly WriteCapacityUnits: number }
    | undefined;
  const tags = input["Tags"] as readonly { readonly Key: string; readonly Value: string }[] | undefined;
  const spec = given({
    attributeDefinitions: (
      input["AttributeDefinitions"] as readonly {
        readonly AttributeName: string;
        readonly AttributeType: "S" | "N" | "B";
      }[]
    ).map((definition) => ({
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
  const table = await findTable(world, input);
  return { body: { Table: described(world, table, await world.tables.count(table)) } };
}

export async function deleteTable(world: DynamoWorld, input: Input): Promise<Reply> {
  const dropped = await world.tables.drop(world.namespace, tableName(input));
  return {
    body: { TableDescription: { ...described(world, dropped, { rows: 0, bytes: 0 }), TableStatus: "DELETING" } },
  };
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
  return given({
    AttributeDefinitions: spec.attributeDefinitions.map(({ attributeName, attributeType }) => ({
      AttributeName: attributeName,
      AttributeType: attributeType,
    })),
    TableName: metadata.name,
    KeySchema: spec.keySchema.map(({ attributeName, keyType }) => ({ AttributeName: attributeName, KeyType: keyType })),
    TableStatus: table.status?.state ?? "CREATING",
    CreationDateTime: Date.parse(metadata.creationTimestamp ?? "") / 1000,
    ProvisionedThroughput: {
      NumberOfDecreasesToday: 0,
      ReadCapacityUnits: spec.provisionedThroughput?.readCapacityUnits ?? 0,
      WriteCapacityUnits: spec.provisionedThroughput?.writeCapacityUnits ?? 0,
    },
    TableSizeBytes: bytes,
    ItemCount: rows,
    TableArn: tableArn(world, metadata.name),
    TableId: metadata.uid,
    BillingModeSummary: isOnDemand ? { BillingMode: "PAY_PER_REQUEST" } : undefined,
    TableClassSummary: spec.tableClass === undefined ? undefined : { TableClass: spec.tableClass },
    DeletionProtectionEnabled: spec.deletionProtection ?? false,
  });
}
