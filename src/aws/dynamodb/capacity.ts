/** What requests consume, in DynamoDB's units, and how an answer says it. */
import { type Item, itemBytes } from "#managed/table/attribute.ts";
import type { Page } from "#managed/table/page.ts";
import type { Written } from "#managed/table/tables.ts";
import type { ConsumedCapacity, ReturnConsumedCapacity } from "./model.gen.ts";

const READ_UNIT = 4_096;
const WRITE_UNIT = 1_024;
// A table begins with four partitions, and a scan reads a unit of each at least (seen on AWS by Scylla's test_returnconsumedcapacity.py).
const SCAN_PARTITIONS = 4;

/** Half when eventually consistent. */
export function readUnits(item: Item | null, isConsistent: boolean): number {
  return unitsOfBytes(item === null ? 0 : itemBytes(item), isConsistent);
}

export function queryUnits({ bytes }: Page, isConsistent: boolean): number {
  return unitsOfBytes(bytes, isConsistent);
}

export function scanUnits({ bytes }: Page, isConsistent: boolean): number {
  return Math.max(unitsOfBytes(bytes, isConsistent), SCAN_PARTITIONS * (isConsistent ? 1 : 0.5));
}

function unitsOfBytes(bytes: number, isConsistent: boolean): number {
  return Math.max(1, Math.ceil(bytes / READ_UNIT)) * (isConsistent ? 1 : 0.5);
}

/** The larger of what was there and what is there now. */
export function writeUnits({ before, after }: Written): number {
  const bytes = [before, after].map((item) => (item === null ? 0 : itemBytes(item)));
  return Math.max(1, ...bytes.map((size) => Math.ceil(size / WRITE_UNIT)));
}

type Asked = ReturnConsumedCapacity | undefined;

/** The ConsumedCapacity member of an answer about one table, when asked for. */
export function consumed(
  { TableName, ReturnConsumedCapacity: asked }: { readonly TableName: string; readonly ReturnConsumedCapacity?: Asked },
  units: number,
): { readonly ConsumedCapacity?: ConsumedCapacity } {
  return isAsked(asked) ? { ConsumedCapacity: capacityOf(asked, TableName, units) } : {};
}

/** The same of an answer about several tables. */
export function consumedByTable(
  asked: Asked,
  units: ReadonlyMap<string, number>,
): { readonly ConsumedCapacity?: readonly ConsumedCapacity[] } {
  if (!isAsked(asked)) return {};
  return { ConsumedCapacity: Array.from(units, ([name, each]) => capacityOf(asked, name, each)) };
}

function isAsked(asked: Asked): boolean {
  return asked === "TOTAL" || asked === "INDEXES";
}

function capacityOf(asked: Asked, TableName: string, CapacityUnits: number): ConsumedCapacity {
  return { TableName, CapacityUnits, ...(asked === "INDEXES" && { Table: { CapacityUnits } }) };
}
