/** What the DynamoDB actions work on, and what they share. */
import { Fault } from "#base/fault.ts";
import type { Table } from "#kinds/catamaran/table.ts";
import type { Tables } from "#managed/table/tables.ts";
import type { Input } from "../untyped-action.ts";
import { AwsError, validationError } from "../aws-error.ts";
import type { Shape } from "../untyped-shape.ts";
import { invalid } from "./dynamodb-error.ts";
import { LEGACY } from "./expressions.ts";

export interface DynamoWorld {
  readonly tables: Tables;
  readonly accountId: string;
  readonly region: string;
  readonly namespace: string;
}

const ARN = /^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table\/([\w.-]+)$/;
const MIN_NAME = 3;
const MAX_NAME = 255;

/** For what is about items: a table that is missing is not named. */
export async function findTable(world: DynamoWorld, name: string): Promise<Table> {
  try {
    return await world.tables.table(world.namespace, tableName(name));
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== "NotFound") throw thrown;
    throw new AwsError("ResourceNotFoundException", 400, "Requested resource not found");
  }
}

export function tableOf(world: DynamoWorld, input: Input): Promise<Table> {
  return findTable(world, input["TableName"] as string);
}

/** Of a table's name or ARN, checked. */
export function tableName(text: string): string {
  const [, name = text] = ARN.exec(text) ?? [];
  const problem =
    name.length > MAX_NAME
      ? `length less than or equal to ${MAX_NAME}`
      : /^[\w.-]+$/.test(name)
        ? null
        : "regular expression pattern: [a-zA-Z0-9_.-]+";
  if (problem !== null)
    throw validationError([
      `Value '${text}' at 'tableName' failed to satisfy constraint: Member must ${problem.startsWith("length") ? "have" : "satisfy"} ${problem}`,
    ]);
  if (name.length < MIN_NAME)
    throw invalid("TableName must be at least 3 characters long and at most 255 characters long");
  return name;
}

export function tableArn(world: DynamoWorld, name: string): string {
  return `arn:aws:dynamodb:${world.region}:${world.accountId}:table/${name}`;
}

/** A member that is null was not given. */
export function withoutNulls(input: Input): Input {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null));
}

/** Members that several inputs have. */
export const names: Shape = { is: "map", of: { is: "string" } };
export const values: Shape = { is: "map", of: { is: "any" } };
export const text: Shape = { is: "string" };
export const item: Shape = { is: "map", of: { is: "any" } };
export const tableNameShape: Shape = { is: "string", min: 1, max: 1_024 };
export const legacy: Readonly<Record<string, Shape>> = Object.fromEntries(
  LEGACY.map((name): [string, Shape] => [name, { is: "any" }]),
);
