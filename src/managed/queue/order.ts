/** The contract of the two ways in which a queue hands out its messages, and the rows that both write alike. */
import type { Write } from "../database.ts";
import { handedOut, type Message, type Received, type Standing, ticketOf } from "./message.ts";
import { erase, flightRow, mark, messageRow, put, standingRow } from "./rows.ts";

export interface Arrival {
  readonly message: Message;
  readonly visibleAtMs: number;
  /** What is sent again under the same word within `ONCE_MS` is not kept twice. */
  readonly once?: string;
}

/** What the sender is told: of the message that is kept, which may be an earlier one. */
export interface Kept {
  readonly id: string;
  readonly sequence: string;
}

/** Amazon SQS, "Exactly-once processing": the deduplication interval is five minutes. */
export const ONCE_MS = 300_000;

export interface Wanted {
  readonly now: number;
  readonly most: number;
  readonly hiddenMs: number;
  /** What was sent before this is gone. */
  readonly sentAfterMs: number;
  /** So many deliveries at most; then it is a dead letter. */
  readonly maxReceives: number;
  readonly nonce: () => string;
}

/** What one look brought: messages for the receiver, and those that nobody could work off. */
export interface Taken {
  readonly received: readonly Received[];
  readonly dead: readonly Message[];
}

export interface Order {
  /** Durable when resolved. */
  add(arrivals: readonly Arrival[], now: number): Promise<readonly Kept[]>;
  take(wanted: Wanted): Promise<Taken>;
  /** False for each ticket that is not the newest of its message any more; what is gone already counts as removed. */
  remove(tickets: readonly Ticket[], now: number): Promise<readonly boolean[]>;
  /** Hides each until `untilMs`; what is not in flight under that ticket stays as it is. */
  hide(tickets: readonly (Ticket & { readonly untilMs: number })[], now: number): Promise<readonly Hidden[]>;
  /** Takes messages out, wherever they stand: what is too old, or a queue that is emptied. */
  discard(sequences: readonly string[], now: number): Promise<void>;
}

export interface Ticket {
  readonly sequence: string;
  readonly nonce: string;
}

export type Hidden = "hidden" | "not in flight" | "gone";

// While a dead letter is carried to its queue; if that fails, it is tried again after this time.
const CARRY_MS = 30_000;

export type Verdict =
  | { readonly is: "expired" }
  | { readonly is: "dead"; readonly standing: Standing }
  | { readonly is: "received"; readonly standing: Standing; readonly received: Received };

/** What becomes of a message whose turn it is. */
export function judge(message: Message, standing: Standing, wanted: Wanted): Verdict {
  const { now, hiddenMs, sentAfterMs, maxReceives, nonce } = wanted;
  if (message.sentAtMs <= sentAfterMs) return { is: "expired" };
  if (standing.receives >= maxReceives)
    return { is: "dead", standing: { ...standing, visibleAtMs: now + CARRY_MS, nonce: message.id } };
  const next = handedOut(standing, nonce(), now, hiddenMs);
  return {
    is: "received",
    standing: next,
    received: {
      message,
      receives: next.receives,
      firstReceivedAtMs: next.firstReceivedAtMs ?? now,
      ticket: ticketOf(message.sequence, next.nonce ?? ""),
    },
  };
}

export function arrived({ message, visibleAtMs }: Arrival): readonly Write[] {
  return [put(messageRow(message.sequence), message), put(standingRow(message.sequence), { visibleAtMs, receives: 0 })];
}

/** From one standing to another. */
export function stands(sequence: string, from: Standing, to: Standing): readonly Write[] {
  const landed = from.receives > 0 ? [erase(flightRow(from.visibleAtMs, sequence))] : [];
  const started = to.receives > 0 ? [mark(flightRow(to.visibleAtMs, sequence))] : [];
  return [...landed, ...started, put(standingRow(sequence), to)];
}

export function gone(sequence: string, from: Standing): readonly Write[] {
  const landed = from.receives > 0 ? [erase(flightRow(from.visibleAtMs, sequence))] : [];
  return [...landed, erase(messageRow(sequence)), erase(standingRow(sequence))];
}
