/** What keeps a message from being kept twice: who was sent under a word, until when, and which arrivals are therefore new. Pure. */
import type { Write } from "../database.ts";
import { type Arrival, type Kept, ONCE_MS } from "./order.ts";
import { forgetRow, mark, put, read, sentRow } from "./rows.ts";

interface Sent extends Kept {
  readonly untilMs: number;
}

export interface Sorted {
  readonly fresh: readonly Arrival[];
  /** In the order of the arrivals. */
  readonly kept: readonly Kept[];
  /** The records of the fresh ones. */
  readonly writes: readonly Write[];
}

/** The rows that `sortOut` wants to see, in the order of the arrivals that have a word. */
export function onceRows(arrivals: readonly Arrival[]): readonly Uint8Array[] {
  return arrivals.flatMap(({ once }) => (once === undefined ? [] : [sentRow(once)]));
}

export function sortOut(arrivals: readonly Arrival[], rows: readonly (Uint8Array | null)[], now: number): Sorted {
  const known = new Map<string, Kept>();
  let at = 0;
  for (const { once } of arrivals) {
    if (once === undefined) continue;
    const sent = read<Sent>(rows[at++]);
    if (sent !== null && sent.untilMs > now) known.set(once, { id: sent.id, sequence: sent.sequence });
  }
  const fresh: Arrival[] = [];
  const kept: Kept[] = [];
  const writes: Write[] = [];
  for (const arrival of arrivals) {
    const { message, once } = arrival;
    const own: Kept = { id: message.id, sequence: message.sequence };
    const before = once === undefined ? undefined : known.get(once);
    kept.push(before ?? own);
    if (before !== undefined) continue;
    fresh.push(arrival);
    if (once === undefined) continue;
    known.set(once, own);
    writes.push(put(sentRow(once), { ...own, untilMs: now + ONCE_MS }), mark(forgetRow(now + ONCE_MS, once)));
  }
  return { fresh, kept, writes };
}
