/** The tables of one account and region: finding them by name or ARN, and how DynamoDB says that something is wrong. */
import { Fault } from "#base/fault.ts";
import type { Table } from "#kinds/catamaran/table.ts";
import type { Tables } from "#managed/table/tables.ts";
import type { Place } from "../place.ts";
import { AwsError, validationError } from "../aws-error.ts";
import { errorsOf, type Failure } from "../service-error.ts";
import { model, type ModelErrors } from "./model.gen.ts";

export interface AccountTables extends Place {
  readonly tables: Tables;
  /** Where their objects are. */
  readonly namespace: string;
}

export const failure: Failure<ModelErrors> = errorsOf(model);

/** Of DynamoDB's front end; its model does not have it. */
export function invalid(message: string): AwsError {
  return new AwsError("ValidationException", 400, message);
}

/** For what is about items: a table that is missing is not named. */
export async function findTable({ tables, namespace }: AccountTables, name: string): Promise<Table> {
  try {
    return await tables.table(namespace, tableName(name));
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== "NotFound") throw thrown;
    throw failure("ResourceNotFoundException", "Requested resource not found");
  }
}

const ARN = /^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table\/([\w.-]+)$/;
const MIN_NAME = 3;
const MAX_NAME = 255;

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

export function streamArn(place: Place, name: string, label: string): string {
  return `${tableArn(place, name)}/stream/${label}`;
}

export function tableArn({ region, accountId }: Place, name: string): string {
  return `arn:aws:dynamodb:${region}:${accountId}:table/${name}`;
}

/** What policies call the table that an input names, or the index of it that is read. */
export function tableArns(
  { TableName, IndexName }: { readonly TableName: string; readonly IndexName?: string },
  place: Place,
): readonly string[] {
  const table = arnNamed(place, TableName);
  return [IndexName === undefined ? table : `${table}/index/${IndexName}`];
}

/** Of a name or an ARN. */
export function arnNamed(place: Place, text: string): string {
  return text.startsWith("arn:") ? text : tableArn(place, text);
}
