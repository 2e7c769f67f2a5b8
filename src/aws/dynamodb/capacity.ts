/** What requests consume, in DynamoDB's units, and how an answer says it. */
import type { Table } from "#kinds/catamaran/table.ts";
import { compareBytes, type Item, itemBytes, sameAttribute } from "#managed/table/attribute.ts";
import type { Written } from "#managed/table/item-step.ts";
import type { Page } from "#managed/table/page.ts";
import { indexesOf, indexKey, kept, type SecondaryIndex } from "#managed/table/secondary-index.ts";
import type { Capacity, ConsumedCapacity, ReturnConsumedCapacity } from "./model.gen.ts";

const READ_UNIT = 4_096;
const WRITE_UNIT = 1_024;
// A table begins with four partitions, and a scan reads a unit of each at least (seen on AWS by Scylla's test_returnconsumedcapacity.py).
const SCAN_PARTITIONS = 4;

/** Units of the table itself, and of its indexes by their names. */
export interface Units {
  readonly table: number;
  readonly local: ReadonlyMap<string, number>;
  readonly global: ReadonlyMap<string, number>;
}

const NONE: ReadonlyMap<string, number> = new Map();
export const NO_UNITS: Units = { table: 0, local: NONE, global: NONE };

export function tableUnits(table: number): Units {
  return { table, local: NONE, global: NONE };
}

/** Of a read of one index; absent: of the table. */
export function readOf(index: SecondaryIndex | undefined, units: number): Units {
  if (index === undefined) return tableUnits(units);
  const own = new Map([[index.name, units]]);
  return { table: 0, local: index.isLocal ? own : NONE, global: index.isLocal ? NONE : own };
}

export function sumOf(a: Units, b: Units, times = 1): Units {
  return {
    table: a.table + times * b.table,
    local: sumOfMaps(a.local, b.local, times),
    global: sumOfMaps(a.global, b.global, times),
  };
}

function sumOfMaps(
  a: ReadonlyMap<string, number>,
  b: ReadonlyMap<string, number>,
  times: number,
): ReadonlyMap<string, number> {
  if (b.size === 0) return a;
  const sum = new Map(a);
  for (const [name, units] of b) sum.set(name, (sum.get(name) ?? 0) + times * units);
  return sum;
}

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

/** The larger of what was there and what is there now; and what the indexes of the table take of it. */
export function writeUnits(table: Table, written: Written): Units {
  const own = Math.max(bytesUnits(written.before), bytesUnits(written.after), 1);
  const indexes = indexesOf(table);
  if (indexes.length === 0) return tableUnits(own);
  const of = (isLocal: boolean): ReadonlyMap<string, number> =>
    new Map(
      indexes
        .filter((index) => index.isLocal === isLocal)
        .map((index): [string, number] => [index.name, indexUnits(index, written)])
        .filter(([, units]) => units > 0),
    );
  return { table: own, local: of(true), global: of(false) };
}

/** Developer Guide, "Storage considerations": an item that moves within an index is taken out and put in. */
function indexUnits(index: SecondaryIndex, { before, after }: Written): number {
  const keptOf = (item: Item | null): { readonly key: Uint8Array; readonly item: Item } | null => {
    const key = item === null ? null : indexKey(index, item);
    return item === null || key === null ? null : { key, item: kept(index, item) };
  };
  const [old, now] = [keptOf(before), keptOf(after)];
  const [oldUnits, nowUnits] = [bytesUnits(old?.item ?? null), bytesUnits(now?.item ?? null)];
  if (old === null || now === null || compareBytes(old.key, now.key) !== 0) return oldUnits + nowUnits;
  return sameAttribute({ M: old.item }, { M: now.item }) ? 0 : Math.max(oldUnits, nowUnits);
}

function bytesUnits(item: Item | null): number {
  return item === null ? 0 : Math.max(1, Math.ceil(itemBytes(item) / WRITE_UNIT));
}

type Asked = ReturnConsumedCapacity | undefined;

/** The ConsumedCapacity member of an answer about one table, when asked for. */
export function consumed(
  { TableName, ReturnConsumedCapacity: asked }: { readonly TableName: string; readonly ReturnConsumedCapacity?: Asked },
  units: Units,
): { readonly ConsumedCapacity?: ConsumedCapacity } {
  return isAsked(asked) ? { ConsumedCapacity: capacityOf(asked, TableName, units) } : {};
}

/** The same of an answer about several tables. */
export function consumedByTable(
  asked: Asked,
  units: ReadonlyMap<string, Units>,
): { readonly ConsumedCapacity?: readonly ConsumedCapacity[] } {
  if (!isAsked(asked)) return {};
  return { ConsumedCapacity: Array.from(units, ([name, each]) => capacityOf(asked, name, each)) };
}

function isAsked(asked: Asked): boolean {
  return asked === "TOTAL" || asked === "INDEXES";
}

function capacityOf(asked: Asked, TableName: string, { table, local, global }: Units): ConsumedCapacity {
  const total = [...local.values(), ...global.values()].reduce((sum, units) => sum + units, table);
  if (asked !== "INDEXES") return { TableName, CapacityUnits: total };
  return {
    TableName,
    CapacityUnits: total,
    Table: { CapacityUnits: table },
    ...(local.size > 0 && { LocalSecondaryIndexes: shown(local) }),
    ...(global.size > 0 && { GlobalSecondaryIndexes: shown(global) }),
  };
}

function shown(indexes: ReadonlyMap<string, number>): Readonly<Record<string, Capacity>> {
  return Object.fromEntries(Array.from(indexes, ([name, CapacityUnits]) => [name, { CapacityUnits }]));
}
