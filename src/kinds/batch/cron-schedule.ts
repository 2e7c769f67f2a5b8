/** Cron schedules as upstream reads them (robfig/cron's ParseStandard), and when one is next due in a time zone. Pure. */

export interface Schedule {
  /** Every so many ms after the last time ("@every 90s"); the fields are empty then. */
  readonly everyMs?: number;
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  /** With both limited, either is enough; with one of them "*", both must match. */
  readonly isDayStar: boolean;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
// A day that is in no calendar (30 February) is given up after so long, as upstream.
const YEARS_MS = 5 * 366 * DAY_MS;
const LONGEST_TEXT = 256;

const NICKNAMES: ReadonlyMap<string, string> = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"],
]);
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

interface Field {
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
}

const FIELDS: readonly Field[] = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31 },
  { least: 1, most: 12, names: MONTHS },
  { least: 0, most: 6, names: WEEKDAYS },
];

/** What is wrong with it as text, or the schedule. */
export function parseSchedule(text: string): Schedule | string {
  if (text.length > LONGEST_TEXT) return `longer than ${LONGEST_TEXT} characters`;
  if (text.startsWith("@every ")) return everySchedule(text.slice("@every ".length));
  const given = text.startsWith("@") ? NICKNAMES.get(text) : text;
  if (given === undefined) return `unrecognized descriptor: ${text}`;
  const parts = given.trim().split(/\s+/);
  if (parts.length !== FIELDS.length) return `expected exactly 5 fields, found ${parts.length}: [${parts.join(" ")}]`;
  const sets = FIELDS.map((field, at) => parseField(parts[at] ?? "", field));
  const wrong = sets.find((set) => typeof set === "string");
  if (wrong !== undefined) return wrong;
  const [minutes, hours, days, months, weekdays] = sets.filter((set) => typeof set !== "string");
  const none: ReadonlySet<number> = new Set();
  const isStar = (part = ""): boolean => part.split(",").some((one) => /^[*?]/.test(one));
  return {
    minutes: minutes ?? none,
    hours: hours ?? none,
    days: days ?? none,
    months: months ?? none,
    weekdays: weekdays ?? none,
    isDayStar: isStar(parts[2]) || isStar(parts[4]),
  };
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: MINUTE_MS, s: 1_000 };

function everySchedule(text: string): Schedule | string {
  if (!/^(?:\d{1,9}[hms])+$/.test(text))
    return `failed to parse duration @every ${text}: time: invalid duration "${text}"`;
  const terms = [...text.matchAll(/(\d+)([hms])/g)];
  const ms = terms.reduce((sum, [, count = "0", unit = "s"]) => sum + Number(count) * (UNITS[unit] ?? 0), 0);
  const none: ReadonlySet<number> = new Set();
  const everyMs = Math.max(1_000, ms);
  return { everyMs, minutes: none, hours: none, days: none, months: none, weekdays: none, isDayStar: true };
}

/** "*", "?", "1,5", "1-5", "1-10/2", "3/15" (from 3 on), names of months and days. */
function parseField(text: string, field: Field): ReadonlySet<number> | string {
  const found = new Set<number>();
  for (const term of text.split(",")) {
    const range = rangeOf(term, field);
    if (typeof range === "string") return range;
    for (let value = range.first; value <= range.last; value += range.step) found.add(value);
  }
  return found;
}

interface Range {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

function rangeOf(term: string, field: Field): Range | string {
  const [, body = "", step] = /^([^/]*)(?:\/(\d{1,4}))?$/.exec(term) ?? [];
  const [low = "", high, ...rest] = body.split("-");
  const isStar = (low === "*" || low === "?") && high === undefined;
  const first = isStar ? field.least : numberOf(low, field);
  const single = step === undefined ? first : field.most;
  const last = isStar ? field.most : high === undefined ? single : numberOf(high, field);
  if (first === undefined || last === undefined || rest.length > 0) return `failed to parse int from ${term}`;
  if (first < field.least) return `beginning of range (${first}) below minimum (${field.least}): ${term}`;
  if (last > field.most) return `end of range (${last}) above maximum (${field.most}): ${term}`;
  if (first > last) return `beginning of range (${first}) beyond end of range (${last}): ${term}`;
  if (step !== undefined && Number(step) === 0) return `step of range should be a positive number: ${term}`;
  return { first, last, step: Number(step ?? 1) };
}

function numberOf(text: string, { least, names = [] }: Field): number | undefined {
  const at = names.indexOf(text.toLowerCase());
  if (at >= 0) return at + least;
  return /^\d{1,4}$/.test(text) ? Number(text) : undefined;
}

/** How far local time is ahead of UTC at an instant. */
export type OffsetAt = (ms: number) => number;

/** Of an IANA time zone; undefined when there is none of that name. */
export function offsetsOf(timeZone: string): OffsetAt | undefined {
  try {
    const format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
    return (ms) => {
      const name = format.formatToParts(ms).find(({ type }) => type === "timeZoneName")?.value ?? "";
      const [, sign = "+", hours = "0", minutes = "0", seconds = "0"] =
        /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(name) ?? [];
      const size = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000;
      return sign === "-" ? -size : size;
    };
  } catch {
    // RangeError: that is how Intl says that it knows no such zone.
    return undefined;
  }
}

/**
 * The first time after `afterMs`; undefined when there is none for years. As upstream's it walks instants and reads the
 * local clock: a time that the clock leaps over is left out.
 */
export function nextTime(schedule: Schedule, afterMs: number, offsetAt: OffsetAt): number | undefined {
  if (schedule.everyMs !== undefined) return Math.floor(afterMs / 1_000) * 1_000 + schedule.everyMs;
  return nextFit((local) => skipOf(schedule, local), { afterMs, untilMs: afterMs + YEARS_MS }, offsetAt);
}

/**
 * The first whole minute after `afterMs` whose local time fits. `skip` says the local time, as UTC ms, before which nothing does;
 * undefined when this one does.
 */
export function nextFit(
  skip: (local: Date) => number | undefined,
  { afterMs, untilMs }: { readonly afterMs: number; readonly untilMs: number },
  offsetAt: OffsetAt,
): number | undefined {
  let ms = (Math.floor(afterMs / MINUTE_MS) + 1) * MINUTE_MS;
  while (ms < untilMs) {
    const next = skip(new Date(ms + offsetAt(ms)));
    if (next === undefined) return ms;
    ms = Math.max(ms + MINUTE_MS, instantOf(next, ms, offsetAt));
  }
  return undefined;
}

/** The local time before which nothing is due, as UTC ms; undefined when it is due. */
function skipOf(schedule: Schedule, local: Date): number | undefined {
  const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()];
  if (!schedule.months.has(month + 1)) return Date.UTC(year, month + 1);
  if (!isDayOf(schedule, local)) return Date.UTC(year, month, day + 1);
  if (!schedule.hours.has(local.getUTCHours())) return Date.UTC(year, month, day, local.getUTCHours() + 1);
  return schedule.minutes.has(local.getUTCMinutes()) ? undefined : local.getTime() + MINUTE_MS;
}

function isDayOf({ days, weekdays, isDayStar }: Schedule, local: Date): boolean {
  const [isDay, isWeekday] = [days.has(local.getUTCDate()), weekdays.has(local.getUTCDay())];
  return isDayStar ? isDay && isWeekday : isDay || isWeekday;
}

/** By the offset of that time; where the clock is put back or forward in between, the later look decides. */
function instantOf(local: number, ms: number, offsetAt: OffsetAt): number {
  const guess = local - offsetAt(ms);
  const exact = local - offsetAt(guess);
  return Math.max(Math.min(guess, exact), ms);
}
