/** Table objects' states: a new table is held, gets its indexes and streams and becomes ACTIVE; a deleted one loses its items and then goes. Level-triggered. */
import type { ObjectKey } from "#base/key.ts";
import type { Keeper } from "#deck/controller.ts";
import type { Objects } from "#deck/objects.ts";
import { tableKind, type Table } from "#kinds/catamaran/table.ts";
import { age } from "./aging.ts";
import { dropAll, settle, type Upkeep } from "./upkeep.ts";

const FINALIZER = "catamaran.dev/table-items";

export function tableKeeper(objects: Objects, upkeep: Upkeep): Keeper<Table> {
  const write = async (key: ObjectKey, decide: (live: Table) => Table | null): Promise<undefined> => {
    await objects.change(tableKind, key, decide);
  };
  return {
    name: "catamaran-tables",
    kind: tableKind,
    keep: async (key, table) => {
      if (table === undefined) return;
      const isHeld = table.metadata.finalizers?.includes(FINALIZER) === true;
      // The next step is taken when the view shows this one.
      if (table.metadata.deletionTimestamp === undefined) {
        if (!isHeld) return write(key, withFinalizer);
        const derived = await settle(upkeep, table);
        await activate(objects, key, table);
        return (await age(upkeep, table, derived)) ?? undefined;
      }
      if (!isHeld) return;
      await dropAll(upkeep, table);
      return write(key, withoutFinalizer);
    },
  };
}

async function activate(objects: Objects, key: ObjectKey, table: Table): Promise<undefined> {
  if (table.status?.state === "ACTIVE") return;
  const active = (live: Table): Table => ({ ...live, status: { ...live.status, state: "ACTIVE" } });
  await objects.change(tableKind, key, active, { subresource: "status" });
}

function withFinalizer(table: Table): Table | null {
  const { finalizers = [] } = table.metadata;
  return finalizers.includes(FINALIZER) ? null : withFinalizers(table, [...finalizers, FINALIZER]);
}

function withoutFinalizer(table: Table): Table | null {
  const { finalizers = [] } = table.metadata;
  if (!finalizers.includes(FINALIZER)) return null;
  return withFinalizers(
    table,
    finalizers.filter((name) => name !== FINALIZER),
  );
}

function withFinalizers(table: Table, finalizers: readonly string[]): Table {
  return { ...table, metadata: { ...table.metadata, finalizers } };
}
