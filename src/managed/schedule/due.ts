/** Which run of a schedule is due, and when to look again. Pure. */
import type { OffsetAt } from "#kinds/batch/cron-schedule.ts";
import { type Expression, nextRun } from "#kinds/catamaran/schedule-expression.ts";

export interface Timetable {
  readonly expression: Expression;
  readonly offsetAt: OffsetAt;
  /** Nothing is due at or before it; rates are counted from it. */
  readonly sinceMs: number;
  /** Nothing is due after it. */
  readonly untilMs?: number;
  /** A run that is older when it is found (the platform was down) is left out. */
  readonly maxAgeMs: number;
}

export type Due =
  /** Of several that were missed it is the last. */
  | { readonly is: "due"; readonly atMs: number }
  | { readonly is: "later"; readonly atMs: number }
  | { readonly is: "over" };

/** `lastMs`: the time of the last run that was carried out. */
export function dueRun(timetable: Timetable, lastMs: number | undefined, now: number): Due {
  const { expression, offsetAt, sinceMs, untilMs = Infinity, maxAgeMs } = timetable;
  const after = (afterMs: number): number | undefined => nextRun(expression, { afterMs, sinceMs }, offsetAt);
  let next = after(Math.max(sinceMs, lastMs ?? sinceMs, now - maxAgeMs));
  let due: number | undefined;
  while (next !== undefined && next <= now && next <= untilMs) {
    due = next;
    next = after(due);
  }
  if (due !== undefined) return { is: "due", atMs: due };
  return next === undefined || next > untilMs ? { is: "over" } : { is: "later", atMs: next };
}
