/** Brings what is derived from a table's items in line with what the table declares: begun, filled, dropped. May be killed at any line. */
import type { Clock } from "#base/clock.ts";
import type { Table } from "#kinds/catamaran/table.ts";
import type { Database, PlacedDecision, Row } from "../database.ts";
import {
  collectionOf,
  decodeDerived,
  type Derived,
  derivedCollection,
  derivedPlace,
  encodeDerived,
  NOTHING_DERIVED,
  partCollection,
  planDerived,
} from "./derived.ts";
import { expiryKey } from "./expiry.ts";
import { decodeItem } from "./item-bytes.ts";
import { justAfter } from "./item-key.ts";
import { indexWrites } from "./item-step.ts";

export interface Upkeep {
  readonly database: Database;
  readonly clock: Clock;
  /** Lets everything else that waits run, in the middle of long work. */
  readonly turn: () => Promise<void>;
}

export async function derivedOf(database: Database, table: Table): Promise<Derived> {
  const { collection, key } = derivedPlace(table);
  return decodeDerived(await database.get(collection, key));
}

/** Parts that a table does not declare any more are dropped; new ones are kept up from here on, and then filled with what was there. */
export async function settle(upkeep: Upkeep, table: Table): Promise<Derived> {
  const { database, clock } = upkeep;
  let derived = await derivedOf(database, table);
  if (planDerived(derived, table, clock.now()) !== derived)
    derived = await changeDerived(database, table, (current) => planDerived(current, table, clock.now()));
  for (const id of derived.doomed) {
    await database.drop(partCollection(table, id));
    derived = await changeDerived(database, table, withoutDoomed(id));
  }
  const unfilled = [...derived.indexes, ...(derived.expiry === undefined ? [] : [derived.expiry])];
  for (const { id, isWhole } of unfilled) {
    if (isWhole) continue;
    await fill(upkeep, table, id);
    derived = await changeDerived(database, table, whole(id));
  }
  return derived;
}

/** Everything of a table that is deleted; what says where the parts are goes last. */
export async function dropAll({ database }: Upkeep, table: Table): Promise<void> {
  const derived = await derivedOf(database, table);
  const { indexes, streams, expiry, doomed } = derived;
  const parts = [...indexes, ...streams, ...(expiry === undefined ? [] : [expiry])].map(({ id }) => id);
  for (const id of [...parts, ...doomed]) await database.drop(partCollection(table, id));
  await database.drop(collectionOf(table));
  if (derived !== NOTHING_DERIVED) await database.drop(derivedCollection(table));
}

async function changeDerived(
  database: Database,
  table: Table,
  decide: (current: Derived) => Derived,
): Promise<Derived> {
  const { collection, key } = derivedPlace(table);
  return database.change(collection, [key], ([bytes = null]) => {
    const current = decodeDerived(bytes);
    const next = decide(current);
    return { writes: next === current ? [] : [{ key, value: encodeDerived(next) }], result: next };
  });
}

function withoutDoomed(id: number): (current: Derived) => Derived {
  return (current) => ({ ...current, doomed: current.doomed.filter((other) => other !== id) });
}

function whole(id: number): (current: Derived) => Derived {
  return ({ expiry, ...rest }) => ({
    ...rest,
    indexes: rest.indexes.map((one) => (one.id === id ? { ...one, isWhole: true } : one)),
    ...(expiry !== undefined && { expiry: expiry.id === id ? { ...expiry, isWhole: true } : expiry }),
  });
}

const ROWS_AT_ONCE = 25; // Ten megabytes at most.
const BYTES_AT_ONCE = 256 * 1024; // A step of a few milliseconds.

/** Each item is read again in the step that fills, so that no write in between is undone. */
async function fill({ database, turn }: Upkeep, table: Table, id: number): Promise<void> {
  const collection = collectionOf(table);
  let from: Uint8Array = new Uint8Array();
  for (;;) {
    const rows = await database.scan(collection, { from, limit: ROWS_AT_ONCE });
    const last = rows.at(-1);
    if (last === undefined) return;
    for (const piece of pieces(rows)) {
      await fillSome(database, table, { id, rows: piece });
      await turn();
    }
    from = justAfter(last.key);
  }
}

function pieces(rows: readonly Row[]): readonly (readonly Row[])[] {
  const found: Row[][] = [];
  let bytes = BYTES_AT_ONCE;
  for (const row of rows) {
    if (bytes >= BYTES_AT_ONCE) {
      found.push([]);
      bytes = 0;
    }
    found.at(-1)?.push(row);
    bytes += row.value.length;
  }
  return found;
}

async function fillSome(
  database: Database,
  table: Table,
  { id, rows }: { readonly id: number; readonly rows: readonly Row[] },
): Promise<void> {
  const collection = collectionOf(table);
  const places = [derivedPlace(table), ...rows.map(({ key }) => ({ collection, key }))];
  await database.changeAll(places, ([bytes = null, ...values]) => {
    const derived = decodeDerived(bytes);
    const writes = values.flatMap((value, at) => {
      const key = rows[at]?.key;
      return value === null || key === undefined ? [] : rowsOf(table, { derived, id }, { key, value });
    });
    return { writes, result: null };
  });
}

function rowsOf(
  table: Table,
  { derived, id }: { readonly derived: Derived; readonly id: number },
  row: Row,
): PlacedDecision<null>["writes"] {
  const after = decodeItem(row.value);
  const index = derived.indexes.find((one) => one.id === id);
  if (index !== undefined) return indexWrites(table, index, { before: null, after });
  const { expiry } = derived;
  const key = expiry?.id === id ? expiryKey(expiry.attribute, after, row.key) : null;
  return key === null ? [] : [{ collection: partCollection(table, id), key, value: row.key }];
}
