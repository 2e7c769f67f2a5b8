/** One atomic step over items of any tables, and over everything that is derived from them. Pure. */
import { encodeUtf8 } from "#base/utf8.ts";
import type { Table } from "#kinds/catamaran/table.ts";
import type { Place, PlacedDecision } from "../database.ts";
import { compareBytes, type Item } from "./attribute.ts";
import {
  activeStream,
  collectionOf,
  decodeDerived,
  decodeSequence,
  type Derived,
  type DerivedIndex,
  derivedPlace,
  partCollection,
  sequencePlace,
} from "./derived.ts";
import { expiryKey } from "./expiry.ts";
import { decodeItem, encodeItem } from "./item-bytes.ts";
import { indexKey, kept, schemaOf } from "./secondary-index.ts";
import { encodeRecord, type Images, recordOf, sequenceKey } from "./stream-record.ts";

export interface Written {
  readonly before: Item | null;
  readonly after: Item | null;
}

export interface ItemChange {
  readonly table: Table;
  readonly key: Uint8Array;
  /** The item as it shall be: null for none, the same object for no change. What it throws ends the whole step. */
  readonly next: (before: Item | null) => Item | null;
  /** The service removes it by itself. */
  readonly isExpiry?: true;
}

export type Outcome = Written | { readonly thrown: unknown };
type PlacedWrite = PlacedDecision<unknown>["writes"][number];

const PLACES_OF_TABLE = 2;

export class ItemStep {
  readonly #changes: readonly ItemChange[];
  readonly #tables: readonly Table[];
  readonly #now: number;
  /** What `outcomes` and `writes` need to have been read, in this order. */
  readonly places: readonly Place[];

  constructor(changes: readonly ItemChange[], now: number) {
    this.#changes = changes;
    this.#now = now;
    this.#tables = [...new Map(changes.map(({ table }) => [collectionOf(table), table])).values()];
    this.places = [
      ...this.#tables.flatMap((table) => [derivedPlace(table), sequencePlace(table)]),
      ...changes.map(({ table, key }) => ({ collection: collectionOf(table), key })),
    ];
  }

  /** What becomes of each change, alone; in their order. `isOnlyRead`: nothing, but what is there. */
  outcomes(values: readonly (Uint8Array | null)[], isOnlyRead = false): readonly Outcome[] {
    const first = this.#tables.length * PLACES_OF_TABLE;
    return this.#changes.map(({ next }, at) => {
      const bytes = values[first + at] ?? null;
      try {
        const before = bytes === null ? null : decodeItem(bytes);
        return { before, after: isOnlyRead ? before : next(before) };
      } catch (thrown) {
        return { thrown };
      }
    });
  }

  /** Everything that is written when all of it is. */
  writes(values: readonly (Uint8Array | null)[], written: readonly Written[]): readonly PlacedWrite[] {
    return this.#tables.flatMap((table, at) => {
      const derived = decodeDerived(values[at * PLACES_OF_TABLE] ?? null);
      const own = this.#changes.flatMap((change, index): readonly Changed[] => {
        const { before, after } = written[index] ?? { before: null, after: null };
        return change.table === table && before !== after ? [{ ...change, before, after }] : [];
      });
      const items = own.map(({ key, after }) => ({ collection: collectionOf(table), key, value: encodedItem(after) }));
      if (derived.indexes.length === 0 && derived.streams.length === 0 && derived.expiry === undefined) return items;
      const sequence = decodeSequence(values[at * PLACES_OF_TABLE + 1] ?? null);
      return [
        ...items,
        ...own.flatMap((changed) => derivedWrites(table, derived, changed)),
        ...streamWrites(table, derived, { changes: own, sequence, now: this.#now }),
      ];
    });
  }
}

interface Changed extends Images {
  readonly key: Uint8Array;
  readonly isExpiry?: true;
}

function encodedItem(item: Item | null): Uint8Array | null {
  return item === null ? null : encodeItem(item);
}

function derivedWrites(table: Table, { indexes, expiry }: Derived, changed: Changed): readonly PlacedWrite[] {
  const inIndexes = indexes.flatMap((one) => indexWrites(table, one, changed));
  if (expiry === undefined) return inIndexes;
  const keyIn = (item: Item | null): Uint8Array | null =>
    item === null ? null : expiryKey(expiry.attribute, item, changed.key);
  const [old, now] = [keyIn(changed.before), keyIn(changed.after)];
  if (isSameKey(old, now)) return inIndexes;
  const collection = partCollection(table, expiry.id);
  return [
    ...inIndexes,
    ...(old === null ? [] : [{ collection, key: old, value: null }]),
    ...(now === null ? [] : [{ collection, key: now, value: changed.key }]),
  ];
}

/** The rows of one index that a change of an item takes away and puts. */
export function indexWrites(
  table: Table,
  { id, index }: DerivedIndex,
  { before, after }: Images,
): readonly PlacedWrite[] {
  const collection = partCollection(table, id);
  const keyIn = (item: Item | null): Uint8Array | null => (item === null ? null : indexKey(index, item));
  const [old, now] = [keyIn(before), keyIn(after)];
  const value = after === null || now === null ? null : encodeItem(kept(index, after));
  const put = now === null ? [] : [{ collection, key: now, value }];
  if (!isSameKey(old, now)) return [...(old === null ? [] : [{ collection, key: old, value: null }]), ...put];
  const isUnchanged = before !== null && value !== null && compareBytes(encodeItem(kept(index, before)), value) === 0;
  return isUnchanged ? [] : put;
}

function isSameKey(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : compareBytes(a, b) === 0;
}

function streamWrites(
  table: Table,
  { streams }: Derived,
  { changes, sequence, now }: { readonly changes: readonly Changed[]; readonly sequence: number; readonly now: number },
): readonly PlacedWrite[] {
  const stream = activeStream(streams);
  if (stream === undefined) return [];
  const options = { view: stream.view, schema: schemaOf(table) };
  const collection = partCollection(table, stream.id);
  let last = sequence;
  const records = changes.flatMap((change) => {
    const record = recordOf(change, options);
    if (record === null) return [];
    last++;
    const value = encodeRecord({ ...record, sequence: last, atMs: now, ...(change.isExpiry && { isExpiry: true }) });
    return [{ collection, key: sequenceKey(last), value }];
  });
  if (records.length === 0) return [];
  return [...records, { ...sequencePlace(table), value: encodeUtf8(String(last)) }];
}
