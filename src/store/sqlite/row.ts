/** A row of SQLite, and its cells by their type. SQLite's columns take any type; one of another is a damaged file. */
import type { SQLOutputValue } from "node:sqlite";

export type SqliteRow = Readonly<Record<string, SQLOutputValue>>;

/** A cell is not of its column's type: the file is damaged. */
export class CellFault extends TypeError {}

/** Throws a CellFault, as the others do. */
export function integerIn(row: SqliteRow, column: string): number {
  const cell = row[column];
  return typeof cell === "number" ? cell : refuse(column, cell, "a number");
}

/** Null for a cell without a value: an aggregate of no rows. */
export function integerOrNull(row: SqliteRow | undefined, column: string): number | null {
  return row === undefined || row[column] === null ? null : integerIn(row, column);
}

export function textIn(row: SqliteRow, column: string): string {
  const cell = row[column];
  return typeof cell === "string" ? cell : refuse(column, cell, "text");
}

export function bytesIn(row: SqliteRow, column: string): Uint8Array {
  const cell = row[column];
  return cell instanceof Uint8Array ? cell : refuse(column, cell, "bytes");
}

function refuse(column: string, cell: SQLOutputValue | undefined, wanted: string): never {
  throw new CellFault(`column ${column} is ${cell === null ? "null" : typeof cell}, not ${wanted}`);
}
