/** What a queue holds: messages, where each stands, and the tickets that receivers are given. No wire, no digests. */
import { Fault } from "#base/fault.ts";

/** The value of a message attribute; custom suffixes stay in `type` ("Number.int"). Binary values are base64 text. */
export interface MessageAttribute {
  readonly type: string;
  readonly value: string;
}

/** What a sender hands in. */
export interface Draft {
  readonly body: string;
  readonly attributes?: Readonly<Record<string, MessageAttribute>>;
  /** The X-Ray header, the only system attribute that senders may set. */
  readonly traceHeader?: string;
  /** Milliseconds until it may be received; absent: the queue's own delay. FIFO queues have only the queue's own. */
  readonly delayMs?: number;
  /** FIFO queues need one; on standard queues it only names a tenant for fair queues. */
  readonly group?: string;
  /** FIFO queues: what is sent again within five minutes under the same one is not kept twice. */
  readonly deduplication?: string;
  readonly sender: string;
}

/** A message as it is kept. Never changes. */
export interface Message extends Draft {
  readonly id: string;
  /** 20 digits that grow: by arrival, within a group of a FIFO queue without exception. */
  readonly sequence: string;
  readonly sentAtMs: number;
  /** The queue that it was moved from when nobody could work it off. */
  readonly deadLetterSource?: string;
}

/** Where a message stands. Visible from `visibleAtMs` on; in flight while that is to come and it was received. */
export interface Standing {
  readonly visibleAtMs: number;
  readonly receives: number;
  readonly firstReceivedAtMs?: number;
  /** Part of the newest ticket: older ones do not fit any more. */
  readonly nonce?: string;
}

export interface Received {
  readonly message: Message;
  readonly receives: number;
  readonly firstReceivedAtMs: number;
  readonly ticket: string;
}

export function isInFlight({ receives, visibleAtMs }: Standing, now: number): boolean {
  return receives > 0 && visibleAtMs > now;
}

/** The standing of a message that is handed out at `now` and hidden for `hiddenMs`. */
export function handedOut(before: Standing, nonce: string, now: number, hiddenMs: number): Standing {
  return {
    visibleAtMs: now + hiddenMs,
    receives: before.receives + 1,
    firstReceivedAtMs: before.firstReceivedAtMs ?? now,
    nonce,
  };
}

/** A receipt handle: which message, and which of its deliveries. */
export function ticketOf(sequence: string, nonce: string): string {
  return `${sequence}.${nonce}`;
}

const TICKET = /^(\d{20})\.([0-9a-f-]{1,64})$/;

/** Fault: BadRequest for what no queue has ever given out. */
export function readTicket(ticket: string): { readonly sequence: string; readonly nonce: string } {
  const [, sequence, nonce] = TICKET.exec(ticket) ?? [];
  if (sequence === undefined || nonce === undefined)
    throw new Fault(
      "BadRequest",
      `The input receipt handle "${ticket.slice(0, 1_024)}" is not a valid receipt handle.`,
    );
  return { sequence, nonce };
}

/** Numbers of 20 digits that grow even when the clock stands still or goes back. */
export class Sequences {
  #ms = 0;
  #count = 0;

  next(now: number): string {
    if (now > this.#ms) {
      this.#ms = now;
      this.#count = 0;
    } else this.#count++;
    return `${String(this.#ms).padStart(13, "0")}${String(this.#count).padStart(7, "0")}`;
  }

  /** Goes on after what was given out before, for example by a process that is gone. */
  startAfter(sequence: string): void {
    const ms = Number(sequence.slice(0, 13));
    if (ms < this.#ms) return;
    this.#ms = ms;
    this.#count = Number(sequence.slice(13));
  }
}

/** The least sequence of what arrives at `ms`. */
export function sequenceAt(ms: number): string {
  return `${String(Math.max(0, Math.floor(ms))).padStart(13, "0")}0000000`;
}
