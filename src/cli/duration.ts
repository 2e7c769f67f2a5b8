/** Lengths of time as people write them: 300ms, 30m, 24h, 7d. */
import { Fault } from "#base/fault.ts";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** In ms. Throws BadRequest that names the option. */
export function durationOf(option: string, text: string): number {
  const [, amount, unit = ""] = /^(\d+)(ms|[smhd])$/.exec(text) ?? [];
  if (amount === undefined)
    throw new Fault("BadRequest", `${option} ${text}: a number and ms, s, m, h or d, for example 24h`);
  return Number(amount) * (UNIT_MS[unit] ?? 0);
}
