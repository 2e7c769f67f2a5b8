/** One queue: sending, receiving with a wait, what happens to dead letters, and forgetting. Decides nothing about names and rights. */
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import type { Random } from "#base/random.ts";
import type { Stop } from "#base/stop.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import type { Database, ScanOptions } from "../database.ts";
import { FifoOrder } from "./fifo.ts";
import { type Draft, type Message, readTicket, type Received, sequenceAt, type Sequences } from "./message.ts";
import type { Arrival, Hidden, Kept, Order, Ticket } from "./order.ts";
import {
  deduplicationOf,
  erase,
  flightRange,
  forgettableRange,
  hiddenRange,
  messageRange,
  read,
  readEntry,
  sentRow,
} from "./rows.ts";
import { StandardOrder } from "./standard.ts";
import { Waiters } from "../waiters.ts";

export interface QueueSettings {
  readonly isFifo: boolean;
  /** A FIFO queue forgets a deduplication id per group, not for all of the queue. */
  readonly isDeduplicatedByGroup: boolean;
  readonly delayMs: number;
  readonly visibilityMs: number;
  /** How long a receive waits that does not say. */
  readonly waitMs: number;
  readonly retentionMs: number;
  readonly maxMessageBytes: number;
  /** After so many deliveries a message goes to the dead-letter queue; absent: there is none. */
  readonly maxReceives?: number;
}

export interface QueueTools {
  readonly database: Database;
  /** Its collection in the database. */
  readonly collection: string;
  readonly settings: () => QueueSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly sequences: Sequences;
  /** Keeps a dead letter elsewhere, once; null when its queue is not there: then it stays and is delivered on. */
  readonly deadLetterQueue: () => MessageQueue | null;
  /** What the dead letters of this queue name as their source. */
  readonly name: string;
}

export interface ReceiveOptions {
  readonly most: number;
  readonly hiddenMs?: number;
  readonly waitMs?: number;
  /** Fires when the receiver is gone: nothing is handed out to it any more. */
  readonly stop: Stop;
}

export interface Counts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

const SWEEP_ROWS = 500;

export class MessageQueue {
  readonly #tools: QueueTools;
  readonly #waiters: Waiters;
  #purgedAtMs = -Infinity;
  #order: { readonly isFifo: boolean; readonly order: Order } | null = null;

  constructor(tools: QueueTools) {
    this.#tools = tools;
    this.#waiters = new Waiters(tools.clock);
  }

  /** Durable when resolved. Answers in the order of the drafts. Fault: BadRequest for one that is too large. */
  async send(drafts: readonly Draft[]): Promise<readonly Kept[]> {
    const { clock, random, sequences, settings } = this.#tools;
    const { delayMs, isFifo, isDeduplicatedByGroup, maxMessageBytes } = settings();
    for (const draft of drafts) checkSize(draft, maxMessageBytes);
    const now = clock.now();
    const arrivals = drafts.map((draft): Arrival => {
      const message: Message = { ...draft, id: random.uuid(), sequence: sequences.next(now), sentAtMs: now };
      const visibleAtMs = now + (isFifo ? delayMs : (draft.delayMs ?? delayMs));
      const { deduplication, group = "" } = draft;
      if (!isFifo || deduplication === undefined) return { message, visibleAtMs };
      return { message, visibleAtMs, once: isDeduplicatedByGroup ? `${group} ${deduplication}` : deduplication };
    });
    return this.#add(arrivals, now);
  }

  /** Sends what lay in a dead-letter queue, once: a new message of the same words. */
  async sendAgain(letter: Message): Promise<void> {
    const { clock, random, sequences } = this.#tools;
    const now = clock.now();
    const { deadLetterSource: _source, ...draft } = letter;
    const message: Message = { ...draft, id: random.uuid(), sequence: sequences.next(now), sentAtMs: now };
    await this.#add([{ message, visibleAtMs: now, once: `again ${letter.id} ${letter.sequence}` }], now);
  }

  /** Takes in the dead letter of another queue, once. A standard queue keeps its age, a FIFO queue starts it anew. */
  async takeIn(dead: Message, source: string): Promise<void> {
    const { clock, sequences, settings } = this.#tools;
    const now = clock.now();
    const sentAtMs = settings().isFifo ? now : dead.sentAtMs;
    const message: Message = { ...dead, sequence: sequences.next(now), sentAtMs, deadLetterSource: source };
    await this.#add([{ message, visibleAtMs: now, once: `moved ${dead.id}` }], now);
  }

  /** Waits for the first message, not for all: an empty answer means that none came in time. */
  async receive(options: ReceiveOptions): Promise<readonly Received[]> {
    const { clock, settings } = this.#tools;
    const until = clock.now() + (options.waitMs ?? settings().waitMs);
    for (;;) {
      if (options.stop.aborted) return [];
      const { wakes } = this.#waiters;
      const received = await this.#take(options);
      const now = clock.now();
      if (received.length > 0 || now >= until) return received;
      const next = await this.#nextVisibleMs(now);
      await this.#waiters.wait(Math.min(until, next ?? until) - now, wakes, options.stop);
    }
  }

  /** False for a ticket that does not fit any more. Fault: BadRequest for what is no ticket. */
  async remove(tickets: readonly string[]): Promise<readonly boolean[]> {
    const done = await this.#orderNow().remove(tickets.map(readTicket), this.#tools.clock.now());
    // The next of a FIFO group can be received now.
    this.#waiters.wake(done.length);
    return done;
  }

  /** Hides messages in flight for `hiddenMs` from now on; 0 gives them back at once. */
  async hide(tickets: readonly { readonly ticket: string; readonly hiddenMs: number }[]): Promise<readonly Hidden[]> {
    const now = this.#tools.clock.now();
    const read = tickets.map(({ ticket, hiddenMs }) => ({ ...readTicket(ticket), untilMs: now + hiddenMs }));
    const done = await this.#orderNow().hide(read, now);
    this.#waiters.wake(done.length);
    return done;
  }

  /** The oldest messages wherever they stand, as they lie: nothing is received, hidden or counted. */
  async peek(most: number): Promise<readonly Message[]> {
    const { database, collection } = this.#tools;
    const rows = await database.scan(collection, { ...messageRange(), limit: most });
    return rows.flatMap(({ value }) => read<Message>(value) ?? []);
  }

  async counts(): Promise<Counts> {
    const { database, collection, clock, settings } = this.#tools;
    const { isFifo, delayMs } = settings();
    const now = clock.now();
    const count = async (range: ScanOptions): Promise<number> => (await database.count(collection, range)).rows;
    const all = await count(messageRange());
    const inFlight = await count(flightRange(now));
    // All messages of a FIFO queue have the queue's delay; of its groups only the heads have entries.
    const young = delayMs === 0 ? 0 : await count(messageRange({ from: sequenceAt(now - delayMs) }));
    const delayed = isFifo ? young : Math.max(0, (await count(hiddenRange(now))) - inFlight);
    return { visible: Math.max(0, all - inFlight - delayed), inFlight, delayed };
  }

  /** Forgets what is older than the queue keeps, and words under which nothing can come again. Returns true while there is more. */
  async sweep(): Promise<boolean> {
    const { database, collection, clock, settings } = this.#tools;
    const now = clock.now();
    const isMore = await this.#discardBefore(sequenceAt(now - settings().retentionMs));
    const words = await database.scan(collection, { ...forgettableRange(now), limit: SWEEP_ROWS });
    if (words.length > 0) {
      const rows = words.map(({ key }) => sentRow(deduplicationOf(key)));
      await database.change(collection, rows, (values) => ({
        writes: words.flatMap(({ key }, at) => {
          const sent = read<{ readonly untilMs: number }>(values[at]);
          const isOver = sent !== null && sent.untilMs <= now;
          return [erase(key), ...(isOver ? [erase(rows[at] as Uint8Array)] : [])];
        }),
        result: undefined,
      }));
    }
    return isMore || words.length === SWEEP_ROWS;
  }

  /** Discards everything that was sent before now, in flight or not. False when it was done within the last `everyMs`: then nothing is. */
  async purge(everyMs = 0): Promise<boolean> {
    const now = this.#tools.clock.now();
    if (now - this.#purgedAtMs < everyMs) return false;
    this.#purgedAtMs = now;
    const before = sequenceAt(now + 1);
    while (await this.#discardBefore(before));
    return true;
  }

  async #add(arrivals: readonly Arrival[], now: number): Promise<readonly Kept[]> {
    const kept = await this.#orderNow().add(arrivals, now);
    this.#waiters.wake(arrivals.length);
    return kept;
  }

  async #take({ most, hiddenMs }: ReceiveOptions): Promise<readonly Received[]> {
    const { clock, random, settings, deadLetterQueue } = this.#tools;
    const { visibilityMs, retentionMs, maxReceives } = settings();
    const now = clock.now();
    const target = maxReceives === undefined ? null : deadLetterQueue();
    const { received, dead } = await this.#orderNow().take({
      now,
      most,
      hiddenMs: hiddenMs ?? visibilityMs,
      sentAfterMs: now - retentionMs,
      maxReceives: target === null ? Infinity : (maxReceives ?? Infinity),
      nonce: () => random.uuid(),
    });
    if (target !== null) for (const message of dead) await this.#carry(message, target);
    return received;
  }

  /** Kept there first, removed here then: whatever ends the process between the two, the letter is somewhere. */
  async #carry(message: Message, target: MessageQueue): Promise<void> {
    await target.takeIn(message, this.#tools.name);
    const ticket: Ticket = { sequence: message.sequence, nonce: message.id };
    await this.#orderNow().remove([ticket], this.#tools.clock.now());
  }

  async #discardBefore(sequence: string): Promise<boolean> {
    const { database, collection, clock } = this.#tools;
    const rows = await database.scan(collection, { ...messageRange({ to: sequence }), limit: SWEEP_ROWS });
    const old = rows.flatMap(({ value }) => read<Message>(value)?.sequence ?? []);
    if (old.length > 0) await this.#orderNow().discard(old, clock.now());
    return rows.length === SWEEP_ROWS;
  }

  async #nextVisibleMs(now: number): Promise<number | null> {
    const { database, collection } = this.#tools;
    const [first] = await database.scan(collection, { ...hiddenRange(now), limit: 1 });
    return first === undefined ? null : readEntry(first.key).atMs;
  }

  #orderNow(): Order {
    const { isFifo } = this.#tools.settings();
    if (this.#order?.isFifo !== isFifo) {
      const { database, collection } = this.#tools;
      const order = isFifo ? new FifoOrder(database, collection) : new StandardOrder(database, collection);
      this.#order = { isFifo, order };
    }
    return this.#order.order;
  }
}

// Amazon SQS, "Message quotas": the body and the names, types and values of the attributes count.
function checkSize({ body, attributes = {} }: Draft, maxBytes: number): void {
  const bytes = Object.entries(attributes).reduce(
    (sum, [name, { type, value }]) => sum + utf8Length(name) + utf8Length(type) + utf8Length(value),
    utf8Length(body),
  );
  if (bytes > maxBytes)
    throw new Fault(
      "BadRequest",
      `One or more parameters are invalid. Reason: Message must be shorter than ${maxBytes} bytes.`,
    );
}

function utf8Length(text: string): number {
  return encodeUtf8(text).length;
}
