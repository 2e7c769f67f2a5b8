/** Keeps archives: their events go with them or when they are too old, replays go on, and the status says how many there are. */
import type { Clock } from "#base/clock.ts";
import type { Keeper } from "#deck/controller.ts";
import type { Objects } from "#deck/objects.ts";
import { type Archive, archiveKind } from "#kinds/catamaran/archive.ts";
import { DEFAULT_BUS } from "#kinds/catamaran/rule.ts";
import type { Database } from "../database.ts";
import { collectionOf, timeRange } from "./archived.ts";
import type { Buses } from "./buses.ts";
import type { Replays } from "./replays.ts";

export interface ArchiveKeeping {
  readonly objects: Objects;
  readonly database: Database;
  readonly buses: Buses;
  readonly replays: Replays;
  readonly clock: Clock;
}

const FINALIZER = "catamaran.dev/archived-events";
const EVERY_MS = 60_000;
const DAY_MS = 86_400_000;
const SWEEP_ROWS = 500;

export function archiveKeeper({ objects, database, buses, replays, clock }: ArchiveKeeping): Keeper<Archive> {
  return {
    name: "catamaran-archives",
    kind: archiveKind,
    listen: (wake) => replays.onStart(wake),
    async keep(key, archive) {
      if (archive === undefined) return undefined;
      const { finalizers = [], deletionTimestamp, namespace = "" } = archive.metadata;
      const isHeld = finalizers.includes(FINALIZER);
      if (deletionTimestamp !== undefined) {
        if (!isHeld) return undefined;
        await database.drop(collectionOf(archive));
        await objects.change(archiveKind, key, (live) => withFinalizers(live, without(live)));
        return undefined;
      }
      if (!isHeld) {
        await objects.change(archiveKind, key, (live) => withFinalizers(live, [...without(live), FINALIZER]));
        return undefined;
      }
      const bus = await buses.find(namespace, archive.spec.bus ?? DEFAULT_BUS);
      if (bus !== null && (await replays.step(archive, bus, buses))) return clock.now();
      const isMore = await sweep(database, archive, clock.now());
      await report(objects, key, archive, await database.count(collectionOf(archive)));
      return clock.now() + (isMore ? 0 : EVERY_MS);
    },
  };
}

async function sweep(database: Database, archive: Archive, now: number): Promise<boolean> {
  const { retentionDays = 0 } = archive.spec;
  if (retentionDays === 0) return false;
  const range = timeRange({ fromMs: 0, toMs: now - retentionDays * DAY_MS });
  const rows = await database.scan(collectionOf(archive), { ...range, limit: SWEEP_ROWS });
  if (rows.length === 0) return false;
  const writes = rows.map(({ key }) => ({ key, value: null }));
  await database.change(collectionOf(archive), [], () => ({ writes, result: undefined }));
  return rows.length === SWEEP_ROWS;
}

async function report(
  objects: Objects,
  key: Parameters<Objects["get"]>[1],
  { status = {} }: Archive,
  { rows: events, bytes }: { readonly rows: number; readonly bytes: number },
): Promise<void> {
  if (status.events === events && status.bytes === bytes) return;
  await objects.change(archiveKind, key, (live) => ({ ...live, status: { events, bytes } }), {
    subresource: "status",
  });
}

function without({ metadata: { finalizers = [] } }: Archive): readonly string[] {
  return finalizers.filter((name) => name !== FINALIZER);
}

function withFinalizers(archive: Archive, finalizers: readonly string[]): Archive {
  return { ...archive, metadata: { ...archive.metadata, finalizers } };
}
