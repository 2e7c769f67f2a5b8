/** What time does to a table: items that have expired go, and stream records that are a day old. May be killed at any line. */
import type { Table } from "#kinds/catamaran/table.ts";
import { type Derived, partCollection, STREAM_RETENTION_MS } from "./derived.ts";
import { expiredRange, isExpired } from "./expiry.ts";
import { type ItemChange, ItemStep } from "./item-step.ts";
import { decodeRecord } from "./stream-record.ts";
import type { Upkeep } from "./upkeep.ts";

// AWS takes hours; here somebody waits for it.
const LOOK_EVERY_MS = 5_000;
const TRIM_EVERY_MS = 60_000;
const ROWS_AT_ONCE = 100;

/** When to look again; null for a table without times. */
export async function age(upkeep: Upkeep, table: Table, { expiry, streams }: Derived): Promise<number | null> {
  const now = upkeep.clock.now();
  if (expiry !== undefined) while (await expireSome(upkeep, table, { expiry, now })) await upkeep.turn();
  for (const { id } of streams) while (await trimSome(upkeep, table, { id, now })) await upkeep.turn();
  if (expiry !== undefined) return now + LOOK_EVERY_MS;
  return streams.length > 0 ? now + TRIM_EVERY_MS : null;
}

/** True when there may be more. */
async function expireSome(
  { database }: Upkeep,
  table: Table,
  { expiry, now }: { readonly expiry: NonNullable<Derived["expiry"]>; readonly now: number },
): Promise<boolean> {
  const range = { ...expiredRange(now), limit: ROWS_AT_ONCE };
  const rows = await database.scan(partCollection(table, expiry.id), range);
  if (rows.length === 0) return false;
  const changes = rows.map(({ value: key }): ItemChange => ({
    table,
    key,
    isExpiry: true,
    // It may have been given more time since.
    next: (before) => (before !== null && isExpired(expiry.attribute, before, now) ? null : before),
  }));
  const step = new ItemStep(changes, now);
  const removed = await database.changeAll(step.places, (values) => {
    const written = step.outcomes(values).map((outcome) => {
      if ("thrown" in outcome) throw outcome.thrown;
      return outcome;
    });
    const result = written.filter(({ before, after }) => before !== after).length;
    return { writes: step.writes(values, written), result };
  });
  return removed > 0 && rows.length === ROWS_AT_ONCE;
}

async function trimSome(
  { database }: Upkeep,
  table: Table,
  { id, now }: { readonly id: number; readonly now: number },
): Promise<boolean> {
  const collection = partCollection(table, id);
  const rows = await database.scan(collection, { limit: ROWS_AT_ONCE });
  const old = rows.filter(({ key, value }) => decodeRecord(key, value).atMs < now - STREAM_RETENTION_MS);
  if (old.length === 0) return false;
  const writes = old.map(({ key }) => ({ key, value: null }));
  await database.change(collection, [], () => ({ writes, result: null }));
  return old.length === ROWS_AT_ONCE;
}
