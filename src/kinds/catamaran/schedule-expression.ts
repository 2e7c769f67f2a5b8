/** "rate(5 minutes)", "cron(0 12 * * ? *)", "at(2026-12-24T18:00:00)": when something is due (Amazon EventBridge Scheduler User Guide, "Schedule types"). Pure. */
import type { OffsetAt } from "#kinds/batch/cron-schedule.ts";
import { type AwsCron, nextCronTime, parseAwsCron } from "./aws-cron.ts";

export type Expression =
  | { readonly is: "at"; readonly localMs: number }
  | { readonly is: "rate"; readonly everyMs: number }
  | { readonly is: "cron"; readonly cron: AwsCron };

const UNITS: ReadonlyMap<string, number> = new Map([
  ["minute", 60_000],
  ["hour", 3_600_000],
  ["day", 86_400_000],
]);
// CreateSchedule: an expression has at most 256 characters.
const LONGEST_TEXT = 256;

/** Null for a text that is none. */
export function parseExpression(text: string): Expression | null {
  if (text.length > LONGEST_TEXT) return null;
  const [, kind, inner = ""] = /^(at|rate|cron)\((.*)\)$/.exec(text) ?? [];
  if (kind === "at") return parseAt(inner);
  if (kind === "rate") return parseRate(inner);
  const cron = kind === "cron" ? parseAwsCron(inner) : null;
  return cron === null ? null : { is: "cron", cron };
}

function parseAt(text: string): Expression | null {
  const localMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text) ? Date.parse(`${text}Z`) : Number.NaN;
  return Number.isNaN(localMs) ? null : { is: "at", localMs };
}

function parseRate(text: string): Expression | null {
  const [, count = "", unit = "", plural = ""] = /^(\d{1,7}) (minute|hour|day)(s?)$/.exec(text) ?? [];
  // "If the value is equal to 1, then the unit must be singular."
  if (Number(count) < 1 || (Number(count) === 1) !== (plural === "")) return null;
  return { is: "rate", everyMs: Number(count) * (UNITS.get(unit) ?? 0) };
}

export function scheduleFault(text: string): string | null {
  return parseExpression(text) === null ? "must be at(…), rate(…) or cron(…)" : null;
}

/** The first time after `afterMs`; rates are counted from `sinceMs` on. Undefined: none any more. */
export function nextRun(
  expression: Expression,
  { afterMs, sinceMs }: { readonly afterMs: number; readonly sinceMs: number },
  offsetAt: OffsetAt,
): number | undefined {
  switch (expression.is) {
    case "at": {
      const guess = expression.localMs - offsetAt(expression.localMs);
      const ms = expression.localMs - offsetAt(guess);
      return ms > afterMs ? ms : undefined;
    }
    case "rate": {
      const { everyMs } = expression;
      return sinceMs + everyMs * Math.max(1, Math.floor((afterMs - sinceMs) / everyMs) + 1);
    }
    case "cron":
      return nextCronTime(expression.cron, afterMs, offsetAt);
  }
}
