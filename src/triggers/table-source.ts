/** Streams of tables as event sources. */
import type { Clock } from "#base/clock.ts";
import type { Json } from "#base/json.ts";
import { type Table, tableKind } from "#kinds/catamaran/table.ts";
import type { Database } from "#managed/database.ts";
import type { Push, Pushes } from "#managed/push.ts";
import type { Stream } from "#managed/table/derived.ts";
import type { StreamRecord } from "#managed/table/stream-record.ts";
import type { Tables } from "#managed/table/tables.ts";
import { type EventSource, type OrderedRecord, type Polling, watchOf } from "./event-source.ts";
import { forgetPositions } from "./stream-positions.ts";
import { type GivenUpBatch, type OrderedRecords, StreamPoller } from "./stream-poller.ts";

/** A batch that is given up, and of what. */
export interface GivenUp {
  readonly batch: GivenUpBatch;
  readonly table: Table;
  readonly stream: Stream;
  readonly function: string;
}

export interface TableSource {
  readonly tables: Tables;
  readonly database: Database;
  readonly clock: Clock;
  readonly pushes: Pushes;
  /** One record as a function sees it, and what its answers name it by. */
  readonly recordOf: (
    table: Table,
    stream: Stream,
    record: StreamRecord,
  ) => { readonly id: string; readonly shown: Json };
  /** What a destination is told of a batch that is given up. */
  readonly letterOf: (givenUp: GivenUp) => Pick<Push, "payload" | "source">;
}

// Nobody is woken for what another process writes.
const LOOK_EVERY_MS = 1_000;

export function tableSource(source: TableSource): EventSource {
  const { tables, database } = source;
  return {
    noun: "table",
    watch: watchOf(tableKind, "table"),
    find: async (namespace, name) => {
      const table = tables.list(namespace).find(({ metadata }) => metadata.name === name);
      if (table === undefined) return "the table does not exist";
      if (table.spec.stream === undefined) return "the table has no stream";
      return { version: table.metadata.uid ?? "", start: (polling) => openPoller(source, table, polling) };
    },
    forget: (uid) => forgetPositions(database, uid),
  };
}

function openPoller(source: TableSource, table: Table, polling: Polling): StreamPoller {
  const { database, clock } = source;
  return new StreamPoller({
    ...polling,
    records: recordsOf(source, table),
    database,
    clock,
    giveUp: (batch) => giveUp(source, { table, polling }, batch),
  });
}

function recordsOf({ tables: { streams }, recordOf }: TableSource, table: Table): OrderedRecords {
  return {
    read: async (after, limit) => {
      // One that was ended is read to its end before the next.
      for (const stream of await streams.of(table)) {
        const records = await streams.read(table, stream, { after, limit });
        if (records.length > 0) return records.map((record) => ordered(recordOf(table, stream, record), record));
      }
      return [];
    },
    newest: () => streams.newest(table),
    wakes: () => streams.wakes(table),
    wait: (wakes, ms, stop) => streams.wait(table, { wakes, ms: Math.min(ms, LOOK_EVERY_MS), stop }),
  };
}

function ordered(
  { id, shown }: { readonly id: string; readonly shown: Json },
  { sequence, keys, atMs }: StreamRecord,
): OrderedRecord {
  return { sequence, id, key: JSON.stringify(keys), atMs, shown };
}

async function giveUp(
  { tables, pushes, letterOf }: TableSource,
  { table, polling }: { readonly table: Table; readonly polling: Polling },
  batch: GivenUpBatch,
): Promise<void> {
  const { function: name, ordered: reading } = polling.mapping.spec;
  const target = reading?.onFailure;
  const streams = await tables.streams.of(table);
  const stream = streams.findLast(({ endedAtMs }) => endedAtMs === undefined) ?? streams.at(-1);
  if (target === undefined || stream === undefined) return;
  await pushes.accept([{ target, ...letterOf({ batch, table, stream, function: name }) }]);
}
