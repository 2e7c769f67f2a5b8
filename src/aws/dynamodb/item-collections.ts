/** Item collections: all items of one partition of a table with local indexes, and how large an answer says that they are. */
import type { Table } from "#kinds/catamaran/table.ts";
import { own } from "#managed/table/attribute.ts";
import type { Written } from "#managed/table/item-step.ts";
import { schemaOf } from "#managed/table/secondary-index.ts";
import type { AccountTables } from "./account-tables.ts";
import type { ItemCollectionMetrics, ReturnItemCollectionMetrics } from "./model.gen.ts";

const GIB = 2 ** 30;

/** One for each partition that was written; none when nobody asked or the table has no local index. */
export async function collectionsOf(
  { tables }: AccountTables,
  table: Table,
  { asked, written }: { readonly asked: ReturnItemCollectionMetrics | undefined; readonly written: readonly Written[] },
): Promise<readonly ItemCollectionMetrics[]> {
  if (asked !== "SIZE" || (table.spec.localIndexes ?? []).length === 0) return [];
  const { partition } = schemaOf(table);
  const values = new Map(
    written.flatMap(({ before, after }) => {
      const value = own(after ?? before ?? {}, partition.name);
      return value === undefined ? [] : [[JSON.stringify(value), value]];
    }),
  );
  const found: ItemCollectionMetrics[] = [];
  for (const value of values.values()) {
    const gib = Math.floor((await tables.collectionBytes(table, value)) / GIB);
    found.push({ ItemCollectionKey: { [partition.name]: value }, SizeEstimateRangeGB: [gib, gib + 1] });
  }
  return found;
}
