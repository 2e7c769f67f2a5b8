/** What the DynamoDB actions work on, and what they share. */
import { parseExpressions, type Expressions } from "#managed/table/expression.ts";
import type { Tables } from "#managed/table/tables.ts";
import type { Table } from "#kinds/table.ts";
import type { Input } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../shape.ts";

export interface DynamoWorld {
  readonly tables: Tables;
  readonly accountId: string;
  readonly region: string;
  readonly namespace: string;
}

const ARN = /^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table\/([\w.-]+)$/;

/** A table's name or ARN. */
export function findTable(world: DynamoWorld, input: Input): Promise<Table> {
  return world.tables.table(world.namespace, tableName(input));
}

export function tableName(input: Input): string {
  const text = input["TableName"] as string;
  return ARN.exec(text)?.[1] ?? text;
}

export function tableArn(world: DynamoWorld, name: string): string {
  return `arn:aws:dynamodb:${world.region}:${world.accountId}:table/${name}`;
}

/** Members that several inputs have. */
export const names: Shape = { is: "map", of: { is: "string" } };
export const values: Shape = { is: "map", of: { is: "any" } };
export const text: Shape = { is: "string" };
export const item: Shape = { is: "map", of: { is: "any" } };
export const tableNameShape: Shape = { is: "string", min: 1, max: 1024, pattern: "[a-zA-Z0-9_.:/-]+" };

/** The parameters that expressions replaced in 2014 are refused by name. */
const LEGACY = [
  "Expected",
  "AttributeUpdates",
  "KeyConditions",
  "QueryFilter",
  "ScanFilter",
  "AttributesToGet",
  "ConditionalOperator",
];
export const legacy: Readonly<Record<string, Shape>> = Object.fromEntries(
  LEGACY.map((name): [string, Shape] => [name, { is: "any" }]),
);

export function expressionsOf(input: Input): Expressions {
  const used = LEGACY.filter((name) => input[name] !== undefined);
  if (used.length > 0)
    throw new AwsError(
      "ValidationException",
      400,
      `the legacy parameter ${used.join(", ")} is not supported by Catamaran; use expressions`,
    );
  const take = (member: string): string | undefined => input[member] as string | undefined;
  const texts = {
    condition: take("ConditionExpression"),
    filter: take("FilterExpression"),
    keyCondition: take("KeyConditionExpression"),
    update: take("UpdateExpression"),
    projection: take("ProjectionExpression"),
    names: input["ExpressionAttributeNames"],
    values: input["ExpressionAttributeValues"],
  };
  return parseExpressions(Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined)));
}

/** ConsumedCapacity, when asked for: a write unit is 1 KB, a read unit 4 KB, half of it when eventually consistent. */
export function consumed(input: Input, units: number): Input {
  const wanted = input["ReturnConsumedCapacity"];
  if (wanted === undefined || wanted === "NONE") return {};
  const capacity = {
    TableName: tableName(input),
    CapacityUnits: units,
    ...(wanted === "INDEXES" ? { Table: { CapacityUnits: units } } : {}),
  };
  return { ConsumedCapacity: capacity };
}

export function readUnits(bytes: number, isConsistent: boolean): number {
  return Math.max(1, Math.ceil(bytes / 4096)) * (isConsistent ? 1 : 0.5);
}

export function writeUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 1024));
}
