/** How far the readers of a stream are, durably: the number of the last record that each is done with. */
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { Database } from "#managed/database.ts";

/** One for each reader. */
export type Positions = readonly number[];

const COLLECTION = "stream-positions";

/** Those that are kept; with another number of readers all begin where the one furthest behind was. `start` is asked for when there are none. */
export async function openPositions(
  database: Database,
  { uid, lanes }: { readonly uid: string; readonly lanes: number },
  start: () => Promise<number>,
): Promise<Positions> {
  const key = encodeUtf8(uid);
  const bytes = await database.get(COLLECTION, key);
  const kept = bytes === null ? null : decode(bytes);
  if (kept?.length === lanes) return kept;
  const from = kept === null ? await start() : Math.min(...kept);
  const positions = Array.from({ length: lanes }, () => from);
  await database.change(COLLECTION, [key], () => ({ writes: [{ key, value: encode(positions) }], result: null }));
  return positions;
}

/** A position never goes back. */
export async function movePosition(
  database: Database,
  { uid, lane }: { readonly uid: string; readonly lane: number },
  sequence: number,
): Promise<void> {
  const key = encodeUtf8(uid);
  await database.change(COLLECTION, [key], ([bytes = null]) => {
    const kept = bytes === null ? [] : decode(bytes);
    // Without a row the mapping is gone, or never began.
    const before = kept[lane];
    if (before === undefined || before >= sequence) return { writes: [], result: null };
    const moved = kept.map((position, at) => (at === lane ? sequence : position));
    return { writes: [{ key, value: encode(moved) }], result: null };
  });
}

export async function forgetPositions(database: Database, uid: string): Promise<void> {
  const key = encodeUtf8(uid);
  await database.change(COLLECTION, [key], () => ({ writes: [{ key, value: null }], result: null }));
}

function decode(bytes: Uint8Array): Positions {
  return JSON.parse(decodeUtf8(bytes)) as Positions;
}

function encode(positions: Positions): Uint8Array {
  return encodeUtf8(JSON.stringify(positions));
}
