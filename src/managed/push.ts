/**
 * What an engine hands on by itself: a payload for a target, kept until it is delivered. Engines give their pushes to a
 * `Pushes`; the outbox (triggers/outbox.ts) keeps them, the deliverers (triggers/deliverers.ts) know what targets are.
 */
import type { Place, Write } from "./database.ts";
import type { MessageAttribute } from "./queue/message.ts";

/** One payload for one target. Plain data: it is kept as JSON. */
export interface Push {
  /** The ARN of what it goes to, or an http(s) address. */
  readonly target: string;
  /** ARNs name no namespaces: what sends it reaches targets of its own alone. Absent: the one of the AWS door. */
  readonly namespace?: string;
  readonly payload: string;
  /** The ARN of what sends it; a resource policy of the target may ask for it. */
  readonly source: string;
  /** Absent: as SNS tries endpoints of AWS's own (`PATIENT` of triggers/retry.ts). */
  readonly retry?: RetryPolicy;
  /** Where it goes when it could not be delivered; absent: nowhere. */
  readonly deadLetter?: DeadLetter;
  /** Message attributes, for queues. */
  readonly attributes?: Readonly<Record<string, MessageAttribute>>;
  /** For FIFO queues and topics. */
  readonly group?: string;
  readonly deduplication?: string;
  /** For topics. */
  readonly subject?: string;
  /** For http(s) addresses. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Pushes of one order are delivered one after the other, as they were accepted; the others are not held up by each other. */
  readonly order?: string;
  /** For buses: what the event is called whose detail the payload is; absent: the payload is an event already. */
  readonly event?: { readonly source: string; readonly type: string; readonly resources?: readonly string[] };
}

export interface DeadLetter {
  /** The ARN of a queue, mostly. */
  readonly target: string;
  /** Absent: that of the push. */
  readonly payload?: string;
  readonly attributes?: Readonly<Record<string, MessageAttribute>>;
  /** Adds why it is one, as EventBridge does: ERROR_CODE, ERROR_MESSAGE, RETRY_ATTEMPTS, EXHAUSTED_RETRY_CONDITION. */
  readonly isExplained?: boolean;
}

export interface RetryPolicy {
  /** After the first attempt. */
  readonly retries: number;
  /** Counted from when it was accepted: what is older is not tried again. Absent: no limit. */
  readonly maxAgeMs?: number;
  /** Phases of waits, one after the other; the last wait goes on. */
  readonly phases: readonly RetryPhase[];
}

export interface RetryPhase {
  readonly times: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly growth: Growth;
}

/** How waits grow within a phase (Amazon SNS Developer Guide, "Retry backoff functions"). */
export type Growth = "linear" | "arithmetic" | "geometric" | "exponential";

export interface Pushes {
  /** Durable when resolved; each is then delivered at least once, whatever ends the process. */
  accept(pushes: readonly Push[]): Promise<void>;
  /** For an engine that keeps more in the same step: it writes `rows` with its own, and calls `start` when they are durable. */
  prepare(pushes: readonly Push[]): Prepared;
}

export interface Prepared {
  readonly rows: readonly (Place & Pick<Write, "value">)[];
  start(): void;
}
