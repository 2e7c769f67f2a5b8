/** When a push that could not be delivered is tried again, and when it is given up. Pure. */
import type { Fault, FaultCode } from "#base/fault.ts";
import type { RetryPhase, RetryPolicy } from "#managed/push.ts";

/**
 * Endpoints of AWS's own (Amazon SNS Developer Guide, "Delivery protocols and policies"): 3 times at once, 2 times after 1 s,
 * 10 times after 1 to 20 s, 100,000 times after 20 s: 100,015 times over 23 days.
 */
export const PATIENT: RetryPolicy = {
  retries: 100_015,
  phases: [
    { times: 3, fromMs: 0, toMs: 0, growth: "linear" },
    { times: 2, fromMs: 1_000, toMs: 1_000, growth: "linear" },
    { times: 10, fromMs: 1_000, toMs: 20_000, growth: "exponential" },
    { times: 100_000, fromMs: 20_000, toMs: 20_000, growth: "linear" },
  ],
};

export type Exhausted = "MaximumRetryAttempts" | "MaximumEventAgeInSeconds";

export type Next =
  | { readonly is: "again"; readonly atMs: number }
  | { readonly is: "over"; readonly because: Exhausted };

/** What follows the `attempts`-th failure in a row. `chance` of [0, 1) keeps targets from being asked in step. */
export function afterFailure(
  policy: RetryPolicy,
  of: { readonly attempts: number; readonly acceptedAtMs: number },
  now: number,
  chance: number,
): Next {
  if (of.attempts > policy.retries) return { is: "over", because: "MaximumRetryAttempts" };
  const atMs = now + waitMs(policy.phases, of.attempts) * (1 - chance / 4);
  if (policy.maxAgeMs !== undefined && atMs - of.acceptedAtMs > policy.maxAgeMs)
    return { is: "over", because: "MaximumEventAgeInSeconds" };
  return { is: "again", atMs };
}

/** Before the `retry`-th retry, from 1 on. */
export function waitMs(phases: readonly RetryPhase[], retry: number): number {
  let left = retry;
  for (const phase of phases) {
    if (left <= phase.times) return within(phase, left);
    left -= phase.times;
  }
  return phases.at(-1)?.toMs ?? 0;
}

/** From `fromMs` at the first to `toMs` at the last of the phase. */
function within({ times, fromMs, toMs, growth }: RetryPhase, nth: number): number {
  if (times <= 1 || fromMs === toMs) return toMs;
  const share = (nth - 1) / (times - 1);
  switch (growth) {
    case "linear":
      return fromMs + (toMs - fromMs) * share;
    case "arithmetic":
      return fromMs + (toMs - fromMs) * ((share * (nth / times + 1)) / 2);
    case "geometric":
      return Math.max(fromMs, 1) * (toMs / Math.max(fromMs, 1)) ** share;
    case "exponential":
      return Math.min(toMs, Math.max(fromMs, 1) * 2 ** (nth - 1));
  }
}

/** What will not become right by asking again: the target is not there, may not be used, or refuses the payload itself. */
const FINAL: ReadonlySet<FaultCode> = new Set([
  "BadRequest",
  "Unauthorized",
  "Forbidden",
  "NotFound",
  "Gone",
  "Invalid",
  "RequestTooLarge",
  "Unsupported",
]);

export function isFinal({ code }: Fault): boolean {
  return FINAL.has(code);
}
