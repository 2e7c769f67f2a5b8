/** A PartiQL statement on the table that it names: what it changes or reads, what it costs, what it answers. */
import { given } from "#base/given.ts";
import type { Table } from "#kinds/catamaran/table.ts";
import { checkItem, type Item } from "#managed/table/attribute.ts";
import { at } from "#managed/table/condition.ts";
import type { Path } from "#managed/table/document-path.ts";
import type { Condition } from "#managed/table/expression-syntax.ts";
import type { ItemChange, Written } from "#managed/table/item-step.ts";
import type { Page } from "#managed/table/page.ts";
import { parseStatement, type Statement, tableIn } from "#managed/table/partiql.ts";
import { all, keyOfWhere, neededKey, splitWhere } from "#managed/table/partiql-keys.ts";
import { checkChange, eraseChange, insertChange, updateChange } from "#managed/table/plan-changes.ts";
import { project } from "#managed/table/projection.ts";
import { indexesOf, schemaOf, type SecondaryIndex } from "#managed/table/secondary-index.ts";
import { type ItemPlace, placeOf } from "#managed/table/tables.ts";
import type { Need } from "../action.ts";
import type { Place } from "../place.ts";
import { type AccountTables, arnNamed, findTable, invalid } from "./account-tables.ts";

export interface Prepared {
  readonly name: string;
  readonly table: Table;
  readonly statement: Statement;
}

export type Select = Statement & { readonly is: "select" };
export type Writing = Exclude<Statement, { readonly is: "select" }>;

const PERMISSIONS = {
  select: "PartiQLSelect",
  insert: "PartiQLInsert",
  update: "PartiQLUpdate",
  delete: "PartiQLDelete",
  exists: "PartiQLSelect",
} as const;

/** Developer Guide, "IAM security policies with PartiQL for DynamoDB". */
export function statementNeeds(source: string, place: Place): readonly Need[] {
  const found = tableIn(source);
  if (found === null) return [];
  const table = arnNamed(place, found.table);
  const resource = found.index === undefined ? table : `${table}/index/${found.index}`;
  return [{ permission: `dynamodb:${PERMISSIONS[found.is]}`, resource }];
}

export async function prepared(
  account: AccountTables,
  source: string,
  parameters: readonly unknown[] = [],
): Promise<Prepared> {
  const statement = parseStatement(source, parameters);
  return { name: statement.table, table: await findTable(account, statement.table), statement };
}

/** What a writing statement does to its one item. */
export function changeOf(table: Table, statement: Writing): ItemChange {
  if (statement.is === "insert") return insertChange(table, statement.item);
  const { key, condition } = neededKey(statement.where, schemaOf(table));
  switch (statement.is) {
    case "update":
      // It never makes an item: that is INSERT's.
      return updateChange(table, key, { update: statement.update, condition: there(table, condition) });
    case "delete":
      return eraseChange(table, key, given({ condition }));
    case "exists":
      return checkChange(table, key, { condition: there(table, condition) });
  }
}

function there(table: Table, condition: Condition | undefined): Condition {
  const exists: Condition = { is: "exists", path: [schemaOf(table).partition.name] };
  return all(condition === undefined ? [exists] : [exists, condition]) ?? exists;
}

/** What RETURNING asks for; null when nobody asked, or there is nothing. */
export function returnedOf(statement: Statement, { before, after }: Written): Item | null {
  if (statement.is !== "update" && statement.is !== "delete") return null;
  const { returning } = statement;
  if (returning === undefined) return null;
  const item = returning.when === "OLD" ? before : after;
  if (item === null || returning.which === "ALL" || statement.is === "delete") return item;
  return project(item, statement.update);
}

/** The columns of an item, each by the last name of its path. */
export function columnsOf(item: Item, columns: readonly Path[] | undefined): Item {
  if (columns === undefined) return item;
  return Object.fromEntries(
    columns.flatMap((path) => {
      const value = at(item, path);
      const name = path.findLast((step) => typeof step === "string");
      return value === undefined || name === undefined ? [] : [[name, value]];
    }),
  );
}

/** The one item that a SELECT of a batch or a transaction names by its whole key. */
export function placeOfSelect(table: Table, { where, index }: Select): ItemPlace {
  const found = where === undefined || index !== undefined ? null : keyOfWhere(where, schemaOf(table));
  if (found === null || found.condition !== undefined)
    throw invalid("Select statements within BatchExecuteStatement must specify the primary key in the where clause.");
  return placeOf(table, found.key);
}

export interface Selecting {
  readonly limit?: number;
  readonly startKey?: Item;
  readonly isConsistent: boolean;
}

export async function selectPage(
  { tables }: AccountTables,
  { table, statement }: { readonly table: Table; readonly statement: Select },
  { limit, startKey, isConsistent }: Selecting,
): Promise<{ readonly page: Page; readonly index: SecondaryIndex | undefined }> {
  const index = indexNamed(table, statement.index);
  if (index?.isLocal === false && isConsistent)
    throw invalid("Consistent reads are not supported on global secondary indexes");
  const schema = index?.schema ?? schemaOf(table);
  const { keyCondition, filter } = splitWhere(statement.where, schema);
  const { order } = statement;
  if (order !== undefined && (keyCondition === undefined || order.by !== schema.sort?.name))
    throw invalid("Must have WHERE clause in the statement when using ORDER BY clause, and order by the sort key.");
  const isDescending = order?.isDescending === true;
  const options = given({ limit, startKey, indexName: index?.name, isDescending, mayFilterKeys: true });
  const page =
    keyCondition === undefined
      ? await tables.scan(table, given({ filter }), options)
      : await tables.query(table, given({ keyCondition, filter }), options);
  return { page, index };
}

function indexNamed(table: Table, name: string | undefined): SecondaryIndex | undefined {
  if (name === undefined) return undefined;
  const found = indexesOf(table).find((one) => one.name === name);
  if (found === undefined) throw invalid(`The table does not have the specified index: ${name}`);
  return found;
}

export function encodeToken(lastKey: Item): string {
  return Buffer.from(JSON.stringify(lastKey)).toString("base64");
}

export function decodeToken(token: string): Item {
  try {
    return checkItem(JSON.parse(Buffer.from(token, "base64").toString("utf8")));
  } catch {
    // Whatever it is, it was never given out.
    throw invalid("Invalid NextToken");
  }
}
