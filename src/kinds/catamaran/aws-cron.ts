/**
 * AWS's cron expressions: six fields with years, "?", "L", "W" and "#" (Amazon EventBridge Scheduler User Guide, "Schedule types").
 * Walks the calendar as cron-schedule.ts does. Pure.
 */
import { nextFit, type OffsetAt } from "#kinds/batch/cron-schedule.ts";

type DayTest = (local: Date) => boolean;

export interface AwsCron {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly years: ReadonlySet<number>;
  readonly isDay: DayTest;
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const LAST_YEAR = 2199;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

interface Field {
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
}

const FIELDS = {
  minutes: { least: 0, most: 59 },
  hours: { least: 0, most: 23 },
  days: { least: 1, most: 31 },
  months: { least: 1, most: 12, names: MONTHS },
  weekdays: { least: 1, most: 7, names: WEEKDAYS },
  years: { least: 1970, most: LAST_YEAR },
} as const;

/** Null for a text that is none: "0 12 * * ? *". */
export function parseAwsCron(text: string): AwsCron | null {
  const [minute = "", hour = "", day = "", month = "", weekday = "", year = "", ...rest] = text.split(" ");
  // One of the two must be left open, and only one.
  if (rest.length > 0 || year === "" || (day === "?") === (weekday === "?")) return null;
  const minutes = setOf(minute, FIELDS.minutes);
  const hours = setOf(hour, FIELDS.hours);
  const months = setOf(month, FIELDS.months);
  const years = setOf(year, FIELDS.years);
  const isDay = day === "?" ? weekdayTest(weekday) : dayTest(day);
  if (minutes === null || hours === null || months === null || years === null || isDay === null) return null;
  return { minutes, hours, months, years, isDay };
}

/** "*", "1,5", "1-5", "1-10/2", "3/15", "*\/5", names. */
function setOf(text: string, field: Field): ReadonlySet<number> | null {
  const found = new Set<number>();
  for (const term of text.split(",")) {
    const [, low = "", high, step] = /^([A-Za-z0-9*]+)(?:-([A-Za-z0-9]+))?(?:\/(\d{1,4}))?$/.exec(term) ?? [];
    const isStar = low === "*";
    const first = isStar ? field.least : numberOf(low, field);
    const open = isStar || step !== undefined ? field.most : first;
    const last = high === undefined ? open : numberOf(high, field);
    if (first === null || last === null || first > last || (isStar && high !== undefined) || step === "0") return null;
    for (let value = first; value <= last; value += Number(step ?? 1)) found.add(value);
  }
  return found;
}

function numberOf(text: string, { least, most, names = [] }: Field): number | null {
  const named = names.indexOf(text.toUpperCase());
  const value = named >= 0 ? named + least : /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : null;
}

/** "L" the last, "15W" the working day nearest to the 15th, "LW" the last working day. */
function dayTest(text: string): DayTest | null {
  if (text === "L") return (local) => local.getUTCDate() === lengthOfMonth(local);
  if (text === "LW") return (local) => local.getUTCDate() === workingDayNear(local, lengthOfMonth(local));
  const [, near] = /^(\d{1,2})W$/.exec(text) ?? [];
  if (near !== undefined) {
    const wanted = numberOf(near, FIELDS.days);
    if (wanted === null) return null;
    return (local) => wanted <= lengthOfMonth(local) && local.getUTCDate() === workingDayNear(local, wanted);
  }
  const days = setOf(text, FIELDS.days);
  return days === null ? null : (local) => days.has(local.getUTCDate());
}

/** "FRIL" or "6L" the last Friday of the month, "6#3" the third, "L" Saturday. */
function weekdayTest(text: string): DayTest | null {
  if (text === "L") return (local) => local.getUTCDay() === 6;
  const [, last] = /^([A-Za-z0-9]+)L$/.exec(text) ?? [];
  if (last !== undefined) {
    const wanted = numberOf(last, FIELDS.weekdays);
    if (wanted === null) return null;
    return (local) => local.getUTCDay() === wanted - 1 && local.getUTCDate() > lengthOfMonth(local) - 7;
  }
  const [, which, nth] = /^([A-Za-z0-9]+)#([1-5])$/.exec(text) ?? [];
  if (which !== undefined) {
    const wanted = numberOf(which, FIELDS.weekdays);
    if (wanted === null) return null;
    return (local) => local.getUTCDay() === wanted - 1 && Math.ceil(local.getUTCDate() / 7) === Number(nth);
  }
  const weekdays = setOf(text, FIELDS.weekdays);
  return weekdays === null ? null : (local) => weekdays.has(local.getUTCDay() + 1);
}

function lengthOfMonth(local: Date): number {
  return new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 0)).getUTCDate();
}

/** Never in another month: the 1st on a Saturday becomes the 3rd, the last on a Sunday the Friday before. */
function workingDayNear(local: Date, day: number): number {
  const weekday = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), day)).getUTCDay();
  if (weekday === 6) return day === 1 ? 3 : day - 1;
  if (weekday === 0) return day === lengthOfMonth(local) ? day - 2 : day + 1;
  return day;
}

/** The first time after `afterMs`; undefined when there is none any more. */
export function nextCronTime(cron: AwsCron, afterMs: number, offsetAt: OffsetAt): number | undefined {
  const range = { afterMs, untilMs: Date.UTC(LAST_YEAR + 1, 0) };
  let next = nextFit((local) => skipOf(cron, local), range, offsetAt);
  // Where the clock is put back a local time comes twice: the schedule runs once ("Daylight savings time on EventBridge Scheduler").
  while (next !== undefined && isRepeated(next, offsetAt))
    next = nextFit((local) => skipOf(cron, local), { ...range, afterMs: next }, offsetAt);
  return next;
}

function isRepeated(ms: number, offsetAt: OffsetAt): boolean {
  const putBackMs = offsetAt(ms - 2 * HOUR_MS) - offsetAt(ms);
  if (putBackMs <= 0) return false;
  const earlier = ms - putBackMs;
  return earlier + offsetAt(earlier) === ms + offsetAt(ms);
}

/** The local time before which nothing is due, as UTC ms; undefined when it is due. */
function skipOf({ years, months, hours, minutes, isDay }: AwsCron, local: Date): number | undefined {
  const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()];
  if (!years.has(year)) return Date.UTC(nextYear(years, year), 0);
  if (!months.has(month + 1)) return Date.UTC(year, month + 1);
  if (!isDay(local)) return nextDay(isDay, local);
  if (!hours.has(local.getUTCHours())) return Date.UTC(year, month, day, local.getUTCHours() + 1);
  return minutes.has(local.getUTCMinutes()) ? undefined : local.getTime() + MINUTE_MS;
}

function nextYear(years: ReadonlySet<number>, after: number): number {
  for (let year = after + 1; year <= LAST_YEAR; year++) if (years.has(year)) return year;
  return LAST_YEAR + 1;
}

/** Within the month, without asking the time zone for each day. */
function nextDay(isDay: DayTest, local: Date): number {
  const [year, month] = [local.getUTCFullYear(), local.getUTCMonth()];
  for (let day = local.getUTCDate() + 1; day <= lengthOfMonth(local); day++)
    if (isDay(new Date(Date.UTC(year, month, day)))) return Date.UTC(year, month, day);
  return Date.UTC(year, month + 1);
}
