/**
 * A FIFO queue: within a group one after the other, and none of a group while another of it is in flight
 * (Amazon SQS Developer Guide, "FIFO queue delivery logic"). One process at a time works on a queue; its steps come in a row.
 */
import type { Database, Write } from "../database.ts";
import { isInFlight, type Message, type Received, type Standing } from "./message.ts";
import { onceRows, sortOut } from "./once.ts";
import { type Arrival, arrived, gone, type Hidden, judge, type Kept, type Order, stands, type Taken } from "./order.ts";
import type { Ticket, Wanted } from "./order.ts";
import {
  type Entry,
  entryRow,
  erase,
  groupRange,
  groupRow,
  headRow,
  mark,
  messageRow,
  put,
  read,
  readEntry,
  sequenceOfGroupRow,
  standingRow,
  visibleRange,
} from "./rows.ts";

// A receiver gets ten messages at most, so no more of a group are ever in flight.
const IN_FLIGHT_AT_MOST = 10;

/** One message of a group as it stands. */
interface Member {
  readonly message: Message;
  readonly standing: Standing;
}

interface Group {
  readonly name: string;
  /** The entry that stands for the group; null while the group is empty. */
  readonly entry: Entry | null;
  /** The first members, one more than can be in flight. */
  readonly members: readonly Member[];
}

export class FifoOrder implements Order {
  readonly #database: Database;
  readonly #collection: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(database: Database, collection: string) {
    this.#database = database;
    this.#collection = collection;
  }

  add(arrivals: readonly Arrival[], now: number): Promise<readonly Kept[]> {
    return this.#inTurn(async () => {
      const groups = await this.#groups(arrivals.map(({ message }) => message.group ?? ""));
      return this.#database.change(this.#collection, onceRows(arrivals), (rows) => {
        const { fresh, kept, writes } = sortOut(arrivals, rows, now);
        return { writes: [...writes, ...fresh.flatMap(arrivalRows), ...headsOf(groups, fresh)], result: kept };
      });
    });
  }

  take(wanted: Wanted): Promise<Taken> {
    return this.#inTurn(async () => {
      const heads = await this.#database.scan(this.#collection, { ...visibleRange(wanted.now), limit: wanted.most });
      const received: Received[] = [];
      const dead: Message[] = [];
      const writes: Write[] = [];
      for (const { key } of heads) {
        if (received.length >= wanted.most) break;
        const group = await this.#groupOf(readEntry(key).sequence);
        if (group === null) continue;
        const step = takeFrom(group, { ...wanted, most: wanted.most - received.length });
        received.push(...step.received);
        dead.push(...step.dead);
        writes.push(...step.writes);
      }
      if (writes.length > 0) await this.#write(writes);
      return { received, dead };
    });
  }

  remove(tickets: readonly Ticket[], now: number): Promise<readonly boolean[]> {
    return this.#inTurn(async () => {
      const results: boolean[] = [];
      for (const { sequence, nonce } of tickets) {
        const group = await this.#groupOf(sequence);
        const member = group?.members.find(({ message }) => message.sequence === sequence);
        if (group === null || member === undefined) {
          results.push(true);
          continue;
        }
        // Unlike a standard queue: who let the time-out pass may not remove it any more.
        const isHis = member.standing.nonce === nonce && (isInFlight(member.standing, now) || isCarried(member));
        results.push(isHis);
        if (isHis) await this.#write(withoutMember(group, member, now));
      }
      return results;
    });
  }

  hide(tickets: readonly (Ticket & { readonly untilMs: number })[], now: number): Promise<readonly Hidden[]> {
    return this.#inTurn(async () => {
      const results: Hidden[] = [];
      for (const { sequence, nonce, untilMs } of tickets) {
        const group = await this.#groupOf(sequence);
        const member = group?.members.find(({ message }) => message.sequence === sequence);
        const isFlying = member !== undefined && member.standing.nonce === nonce && isInFlight(member.standing, now);
        results.push(member === undefined ? "gone" : isFlying ? "hidden" : "not in flight");
        if (group === null || member === undefined || !isFlying) continue;
        const changed: Member = { ...member, standing: { ...member.standing, visibleAtMs: untilMs } };
        const members = group.members.map((other) => (other === member ? changed : other));
        await this.#write([
          ...stands(sequence, member.standing, changed.standing),
          ...entryWrites(group, entryFor(members, now)),
        ]);
      }
      return results;
    });
  }

  discard(sequences: readonly string[], now: number): Promise<void> {
    return this.#inTurn(async () => {
      for (const sequence of sequences) {
        const group = await this.#groupOf(sequence);
        const member = group?.members.find(({ message }) => message.sequence === sequence);
        if (group !== null && member !== undefined) await this.#write(withoutMember(group, member, now));
      }
    });
  }

  /** Runs after everything before it, whatever became of that. */
  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const next = this.#last.then(step, step);
    this.#last = next.catch(() => {});
    return next;
  }

  #write(writes: readonly Write[]): Promise<void> {
    return this.#database.change(this.#collection, [], () => ({ writes, result: undefined }));
  }

  async #groups(names: readonly string[]): Promise<ReadonlyMap<string, Group>> {
    const groups = new Map<string, Group>();
    for (const name of new Set(names)) groups.set(name, await this.#group(name));
    return groups;
  }

  async #groupOf(sequence: string): Promise<Group | null> {
    const message = read<Message>(await this.#database.get(this.#collection, messageRow(sequence)));
    return message === null ? null : this.#group(message.group ?? "");
  }

  async #group(name: string): Promise<Group> {
    const limit = IN_FLIGHT_AT_MOST + 1;
    const rows = await this.#database.scan(this.#collection, { ...groupRange(name), limit });
    const entry = read<Entry>(await this.#database.get(this.#collection, headRow(name)));
    const members: Member[] = [];
    for (const { key } of rows) {
      const sequence = sequenceOfGroupRow(key);
      const message = read<Message>(await this.#database.get(this.#collection, messageRow(sequence)));
      const standing = read<Standing>(await this.#database.get(this.#collection, standingRow(sequence)));
      if (message !== null && standing !== null) members.push({ message, standing });
    }
    return { name, entry, members };
  }
}

/** On its way to the dead-letter queue: the mark of `judge` is the message's own id. */
function isCarried({ message, standing }: Member): boolean {
  return standing.nonce === message.id;
}

function arrivalRows(arrival: Arrival): readonly Write[] {
  const { group = "", sequence } = arrival.message;
  return [...arrived(arrival), mark(groupRow(group, sequence))];
}

/** A group that was empty gets its entry by the first that arrives; one that was not keeps the entry that it has. */
function headsOf(groups: ReadonlyMap<string, Group>, fresh: readonly Arrival[]): readonly Write[] {
  const begun = new Set<string>();
  return fresh.flatMap(({ message, visibleAtMs }) => {
    const group = groups.get(message.group ?? "");
    if (group === undefined || group.entry !== null || begun.has(group.name)) return [];
    begun.add(group.name);
    return entryWrites(group, { atMs: visibleAtMs, sequence: message.sequence });
  });
}

/** When the next of the group can be received: the head's own time, and not before all that are in flight came back. */
function entryFor(members: readonly Member[], now: number): Entry | null {
  const [head] = members;
  if (head === undefined) return null;
  const busy = members.filter(({ standing }) => isInFlight(standing, now));
  const atMs = Math.max(head.standing.visibleAtMs, ...busy.map(({ standing }) => standing.visibleAtMs));
  return { atMs, sequence: head.message.sequence };
}

function entryWrites(group: Group, next: Entry | null): readonly Write[] {
  const before = group.entry === null ? [] : [erase(entryRow(group.entry))];
  if (next === null) return [...before, erase(headRow(group.name))];
  return [...before, mark(entryRow(next)), put(headRow(group.name), next)];
}

function removal(group: Group, { message, standing }: Member): readonly Write[] {
  return [...gone(message.sequence, standing), erase(groupRow(group.name, message.sequence))];
}

function withoutMember(group: Group, member: Member, now: number): readonly Write[] {
  const members = group.members.filter((other) => other !== member);
  return [...removal(group, member), ...entryWrites(group, entryFor(members, now))];
}

/** Takes from the head on, as long as the next is visible; a dead letter holds up those behind it until it is carried away. */
function takeFrom(group: Group, wanted: Wanted): Taken & { readonly writes: readonly Write[] } {
  const { now, most } = wanted;
  const none = { received: [], dead: [], writes: [] };
  if (group.members.some(({ standing }) => isInFlight(standing, now))) return none;
  const received: Received[] = [];
  const dead: Message[] = [];
  const writes: Write[] = [];
  let members = group.members.slice();
  for (const member of group.members) {
    if (received.length >= most || dead.length > 0 || member.standing.visibleAtMs > now) break;
    const { sequence } = member.message;
    const verdict = judge(member.message, member.standing, wanted);
    if (verdict.is === "expired") {
      members = members.filter((other) => other !== member);
      writes.push(...removal(group, member));
      continue;
    }
    members = members.map((other) => (other === member ? { ...member, standing: verdict.standing } : other));
    writes.push(...stands(sequence, member.standing, verdict.standing));
    if (verdict.is === "dead") dead.push(member.message);
    else received.push(verdict.received);
  }
  return { received, dead, writes: [...writes, ...entryWrites(group, entryFor(members, now))] };
}
