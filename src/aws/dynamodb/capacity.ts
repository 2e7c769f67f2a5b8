/** What requests consume, in DynamoDB's units, and how an answer says it. */
import { type Item, itemBytes } from "#managed/table/attribute.ts";
import type { Page } from "#managed/table/page.ts";
import type { Written } from "#managed/table/tables.ts";
import type { Input } from "../untyped-action.ts";
import type { Shape } from "../untyped-shape.ts";

export const capacityShape: Shape = { is: "string", enum: ["INDEXES", "TOTAL", "NONE"] };

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

/** The ConsumedCapacity member of an answer about one table, when asked for. */
export function consumed(input: Input, units: number): Input {
  return isAsked(input) ? { ConsumedCapacity: capacityOf(input, input["TableName"] as string, units) } : {};
}

/** The same of an answer about several tables. */
export function consumedByTable(input: Input, units: ReadonlyMap<string, number>): Input {
  if (!isAsked(input)) return {};
  return { ConsumedCapacity: Array.from(units, ([name, each]) => capacityOf(input, name, each)) };
}

function isAsked(input: Input): boolean {
  return input["ReturnConsumedCapacity"] === "TOTAL" || input["ReturnConsumedCapacity"] === "INDEXES";
}

function capacityOf(input: Input, name: string, units: number): Input {
  return {
    TableName: name,
    CapacityUnits: units,
    ...(input["ReturnConsumedCapacity"] === "INDEXES" && { Table: { CapacityUnits: units } }),
  };
}
