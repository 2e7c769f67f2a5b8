/** Who may run now: reserved concurrency and the account's pool, as Lambda decides. Pure. */
import { Fault } from "#base/fault.ts";

export type ThrottleReason = "ReservedFunctionConcurrentInvocationLimitExceeded" | "ConcurrentInvocationLimitExceeded";

/** 429 with Lambda's Reason. */
export class Throttled extends Fault {
  readonly reason: ThrottleReason;

  constructor(reason: ThrottleReason) {
    super("TooManyRequests", "Rate Exceeded.");
    this.reason = reason;
  }
}

export interface ConcurrencyLimits {
  /** Lambda's default for an account and region. */
  readonly account: number;
  /** What reservations may never take away. */
  readonly unreservedMinimum: number;
}

export const LAMBDA_LIMITS: ConcurrencyLimits = { account: 1000, unreservedMinimum: 100 };

export interface Running {
  /** Invocations of this function in flight. */
  readonly own: number;
  /** Invocations in flight of all functions without a reservation. */
  readonly unreserved: number;
}

/** Null: may run. */
export function throttleReason(
  limits: ConcurrencyLimits,
  reservedTotal: number,
  reserved: number | null,
  running: Running,
): ThrottleReason | null {
  if (reserved !== null) return running.own < reserved ? null : "ReservedFunctionConcurrentInvocationLimitExceeded";
  return running.unreserved < limits.account - reservedTotal ? null : "ConcurrentInvocationLimitExceeded";
}

/** What is wrong with reserving `wanted` when others have reserved `othersTotal`; null when nothing. */
export function reservationFault(limits: ConcurrencyLimits, othersTotal: number, wanted: number): string | null {
  if (limits.account - othersTotal - wanted >= limits.unreservedMinimum) return null;
  return `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${limits.unreservedMinimum}].`;
}
