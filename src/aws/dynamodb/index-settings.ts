/** Secondary indexes, keys and throughput as requests say them: what is wrong with them, and what a Table says of them. */
import type { GlobalIndex, LocalIndex, TableSpec } from "#kinds/catamaran/table.ts";
import { validationError } from "../aws-error.ts";
import { invalid } from "./account-tables.ts";
import type {
  AttributeDefinition,
  GlobalSecondaryIndex,
  KeySchemaElement,
  LocalSecondaryIndex,
  Projection,
  ProvisionedThroughput,
} from "./model.gen.ts";

export type GlobalIndexInput = Pick<
  GlobalSecondaryIndex,
  "IndexName" | "KeySchema" | "Projection" | "ProvisionedThroughput"
>;

/** What indexes are held against. */
export interface IndexedTable {
  readonly schema: readonly KeySchemaElement[];
  readonly definitions: readonly AttributeDefinition[];
  readonly isOnDemand: boolean;
}

const MAX_LOCAL = 5;
const MAX_GLOBAL = 20;
// Developer Guide, "Quotas": names that INCLUDE says, over all indexes of a table.
const MAX_INCLUDED = 100;

interface Indexes {
  readonly local: readonly LocalSecondaryIndex[] | undefined;
  readonly global: readonly GlobalIndexInput[] | undefined;
}

/** In the order in which DynamoDB looks. */
export function checkIndexes({ local, global }: Indexes, table: IndexedTable): void {
  const names = new Set<string>();
  if (local !== undefined) {
    if (local.length === 0) throw wrong("List of LocalSecondaryIndexes is empty");
    if (table.schema.length < 2)
      throw wrong("Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex");
    for (const index of local) {
      checkKeys(index.KeySchema, table.definitions);
      checkLocalKeys(index, table);
      checkProjection(index.Projection);
      checkOnce(index.IndexName, names);
    }
    if (local.length > MAX_LOCAL)
      throw wrong(`Number of LocalSecondaryIndexes exceeds per-table limit of ${MAX_LOCAL}`);
  }
  if (global !== undefined) {
    if (global.length === 0) throw wrong("List of GlobalSecondaryIndexes is empty");
    for (const index of global) {
      checkGlobalIndex(index, table);
      checkOnce(index.IndexName, names);
    }
    if (global.length > MAX_GLOBAL)
      throw wrong(`GlobalSecondaryIndex count exceeds the per-table limit of ${MAX_GLOBAL}`);
  }
  const included = [...(local ?? []), ...(global ?? [])].reduce(
    (count, { Projection: { NonKeyAttributes = [] } }) => count + NonKeyAttributes.length,
    0,
  );
  if (included > MAX_INCLUDED)
    throw wrong(
      `Total number of non-key attributes projected across all secondary indexes exceeds the limit of ${MAX_INCLUDED}`,
    );
}

export function checkGlobalIndex(index: GlobalIndexInput, { definitions, isOnDemand }: IndexedTable): void {
  checkKeys(index.KeySchema, definitions);
  checkProjection(index.Projection);
  if (isOnDemand && index.ProvisionedThroughput !== undefined)
    throw wrong(
      `ProvisionedThroughput should not be specified for index: ${index.IndexName} when BillingMode is PAY_PER_REQUEST`,
    );
  if (!isOnDemand && index.ProvisionedThroughput === undefined)
    throw wrong(`ProvisionedThroughput must be specified for index: ${index.IndexName}`);
}

function checkKeys(schema: readonly KeySchemaElement[], definitions: readonly AttributeDefinition[]): void {
  const [keys, defined] = [schema, definitions].map((list) => list.map(({ AttributeName }) => AttributeName));
  if (schema.length > 2)
    throw validationError([
      `Value '[${schema.map(({ AttributeName, KeyType }) => `KeySchemaElement(attributeName=${AttributeName}, keyType=${KeyType})`).join(", ")}]' at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2`,
    ]);
  if (keys?.some((name) => defined?.includes(name) !== true) === true)
    throw wrong(
      `Some index key attributes are not defined in AttributeDefinitions. Keys: [${keys.join(", ")}], AttributeDefinitions: [${defined?.join(", ") ?? ""}]`,
    );
  const [first, second] = schema;
  if (first?.AttributeName === second?.AttributeName)
    throw invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name");
  if (first?.KeyType !== "HASH") throw invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
  if (second !== undefined && second.KeyType !== "RANGE")
    throw invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
}

function checkLocalKeys({ IndexName: name, KeySchema: keys }: LocalSecondaryIndex, { schema }: IndexedTable): void {
  if (keys.length < 2) throw wrong(`Index KeySchema does not have a range key for index: ${name}`);
  const [own, table] = [keys[0]?.AttributeName, schema[0]?.AttributeName];
  if (own !== table)
    throw wrong(
      `Index KeySchema does not have the same leading hash key as table KeySchema for index: ${name}. index hash key: ${own}, table hash key: ${table}`,
    );
}

function checkProjection({ ProjectionType: type, NonKeyAttributes: names }: Projection): void {
  if (type === undefined) throw wrong("Unknown ProjectionType: null");
  if (names !== undefined && type !== "INCLUDE")
    throw wrong(`ProjectionType is ${type}, but NonKeyAttributes is specified`);
  const twice = names?.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw wrong(`Duplicate value in NonKeyAttributes: ${twice}`);
  if (type === "INCLUDE" && (names ?? []).length === 0)
    throw wrong("ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
}

function checkOnce(name: string, names: Set<string>): void {
  if (names.has(name)) throw wrong(`Duplicate index name: ${name}`);
  names.add(name);
}

function wrong(what: string): Error {
  return invalid(`One or more parameter values were invalid: ${what}`);
}

export function localIndexOf({
  IndexName: name,
  KeySchema: keys,
  Projection: projection,
}: LocalSecondaryIndex): LocalIndex {
  return { name, keySchema: keySchemaOf(keys), projection: projectionOf(projection) };
}

export function globalIndexOf(index: GlobalIndexInput): GlobalIndex {
  const units = index.ProvisionedThroughput;
  return {
    name: index.IndexName,
    keySchema: keySchemaOf(index.KeySchema),
    projection: projectionOf(index.Projection),
    ...(units !== undefined && { provisionedThroughput: throughputOf(units) }),
  };
}

function projectionOf({ ProjectionType: type = "ALL", NonKeyAttributes: names }: Projection): LocalIndex["projection"] {
  return { type, ...(names !== undefined && { nonKeyAttributes: names }) };
}

export function keySchemaOf(schema: readonly KeySchemaElement[]): TableSpec["keySchema"] {
  return schema.map(({ AttributeName, KeyType }) => ({ attributeName: AttributeName, keyType: KeyType }));
}

export function definitionsOf(definitions: readonly AttributeDefinition[]): TableSpec["attributeDefinitions"] {
  return definitions.map(({ AttributeName, AttributeType }) => ({
    attributeName: AttributeName,
    attributeType: AttributeType,
  }));
}

export function throughputOf(units: ProvisionedThroughput): NonNullable<TableSpec["provisionedThroughput"]> {
  return { readCapacityUnits: units.ReadCapacityUnits, writeCapacityUnits: units.WriteCapacityUnits };
}
