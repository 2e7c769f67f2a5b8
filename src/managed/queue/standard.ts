/** A standard queue: every message for itself, oldest first as far as possible, at least once. */
import type { Database, Write } from "../database.ts";
import { isInFlight, type Message, type Received, type Standing } from "./message.ts";
import { onceRows, sortOut } from "./once.ts";
import { type Arrival, arrived, gone, type Hidden, judge, type Kept, type Order, stands, type Taken } from "./order.ts";
import type { Ticket, Wanted } from "./order.ts";
import { type Entry, entryRow, erase, mark, messageRow, read, readEntry, standingRow, visibleRange } from "./rows.ts";

export class StandardOrder implements Order {
  readonly #database: Database;
  readonly #collection: string;
  /** What another receiver is taking at this moment: looking at it would only mean to find it taken. */
  readonly #claimed = new Set<string>();

  constructor(database: Database, collection: string) {
    this.#database = database;
    this.#collection = collection;
  }

  add(arrivals: readonly Arrival[], now: number): Promise<readonly Kept[]> {
    return this.#database.change(this.#collection, onceRows(arrivals), (rows) => {
      const { fresh, kept, writes } = sortOut(arrivals, rows, now);
      return { writes: [...writes, ...fresh.flatMap(arrivalRows)], result: kept };
    });
  }

  async take(wanted: Wanted): Promise<Taken> {
    const claimed = await this.#claim(wanted);
    if (claimed.length === 0) return { received: [], dead: [] };
    try {
      const rows = claimed.flatMap(({ sequence }) => [messageRow(sequence), standingRow(sequence)]);
      return await this.#database.change(this.#collection, rows, (values) => taking(claimed, values, wanted));
    } finally {
      for (const { sequence } of claimed) this.#claimed.delete(sequence);
    }
  }

  remove(tickets: readonly Ticket[]): Promise<readonly boolean[]> {
    const rows = tickets.map(({ sequence }) => standingRow(sequence));
    return this.#database.change(this.#collection, rows, (values) => {
      const writes: Write[] = [];
      const result = tickets.map(({ sequence, nonce }, at) => {
        const standing = read<Standing>(values[at]);
        if (standing === null) return true;
        if (standing.nonce !== nonce) return false;
        writes.push(...left(sequence, standing));
        return true;
      });
      return { writes, result };
    });
  }

  hide(tickets: readonly (Ticket & { readonly untilMs: number })[], now: number): Promise<readonly Hidden[]> {
    const rows = tickets.map(({ sequence }) => standingRow(sequence));
    return this.#database.change(this.#collection, rows, (values) => {
      const writes: Write[] = [];
      const result = tickets.map(({ sequence, nonce, untilMs }, at): Hidden => {
        const standing = read<Standing>(values[at]);
        if (standing === null) return "gone";
        if (standing.nonce !== nonce || !isInFlight(standing, now)) return "not in flight";
        writes.push(...moved(sequence, standing, { ...standing, visibleAtMs: untilMs }));
        return "hidden";
      });
      return { writes, result };
    });
  }

  discard(sequences: readonly string[]): Promise<void> {
    const rows = sequences.map(standingRow);
    return this.#database.change(this.#collection, rows, (values) => {
      const writes = sequences.flatMap((sequence, at) => {
        const standing = read<Standing>(values[at]);
        return standing === null ? [] : left(sequence, standing);
      });
      return { writes, result: undefined };
    });
  }

  async #claim({ now, most }: Wanted): Promise<readonly Entry[]> {
    // Whoever looks at the same time claims the first ones: those behind them are still free.
    let claimed: readonly Entry[] = [];
    for (let limit = most + this.#claimed.size; claimed.length === 0; limit += this.#claimed.size) {
      const rows = await this.#database.scan(this.#collection, { ...visibleRange(now), limit });
      const free = rows.map(({ key }) => readEntry(key)).filter(({ sequence }) => !this.#claimed.has(sequence));
      claimed = free.slice(0, most);
      if (rows.length < limit) break;
    }
    for (const { sequence } of claimed) this.#claimed.add(sequence);
    return claimed;
  }
}

function arrivalRows({ message, visibleAtMs }: Arrival): readonly Write[] {
  return [...arrived({ message, visibleAtMs }), mark(entryRow({ atMs: visibleAtMs, sequence: message.sequence }))];
}

function left(sequence: string, standing: Standing): readonly Write[] {
  return [...gone(sequence, standing), erase(entryRow({ atMs: standing.visibleAtMs, sequence }))];
}

function moved(sequence: string, from: Standing, to: Standing): readonly Write[] {
  return [
    erase(entryRow({ atMs: from.visibleAtMs, sequence })),
    mark(entryRow({ atMs: to.visibleAtMs, sequence })),
    ...stands(sequence, from, to),
  ];
}

/** `values` holds message and standing of each entry; what changed since the look is left alone. */
function taking(
  entries: readonly Entry[],
  values: readonly (Uint8Array | null)[],
  wanted: Wanted,
): { readonly writes: readonly Write[]; readonly result: Taken } {
  const writes: Write[] = [];
  const received: Received[] = [];
  const dead: Message[] = [];
  for (const [at, { sequence, atMs }] of entries.entries()) {
    const message = read<Message>(values[2 * at]);
    const standing = read<Standing>(values[2 * at + 1]);
    if (message === null || standing === null || standing.visibleAtMs !== atMs) continue;
    const verdict = judge(message, standing, wanted);
    if (verdict.is === "expired") {
      writes.push(...left(sequence, standing));
      continue;
    }
    writes.push(...moved(sequence, standing, verdict.standing));
    if (verdict.is === "dead") dead.push(message);
    else received.push(verdict.received);
  }
  return { writes, result: { received, dead } };
}
