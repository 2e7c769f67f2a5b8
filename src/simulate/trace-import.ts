/** Traces from what others write: access logs, counts of requests per interval, and the public data sets. Told apart by their first line. Pure. */
import { Fault } from "#base/fault.ts";
import { type Random, seededRandom } from "#base/random.ts";
import { drawn, type Spread } from "./chance.ts";
import { GrowingFloats } from "./columns.ts";
import { MAX_REQUESTS } from "./trace-file.ts";
import type { Trace } from "./trace.ts";

export interface ImportOptions {
  readonly name: string;
  /** Within an interval of which only the count is known, requests arrive at random. */
  readonly seed: number;
  /** For sources that do not say how long a request took; for others the CPU is taken off what they say. */
  readonly cpuMs: Spread;
  readonly waitMs: Spread;
}

/** One request, or many in an interval. */
interface Arrival {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
  /** Of one request, where the source says it. */
  readonly tookMs?: number;
}

interface Format {
  readonly name: string;
  readonly isThis: (firstLine: string) => boolean;
  /** Whether the first line names the columns. */
  readonly hasHead: boolean;
  /** Null for a line that says nothing; throws for one that says it wrongly. */
  readonly read: (line: string, number: number) => readonly Arrival[] | null;
}

const MINUTE_MS = 60_000;
/** Of any line that is read. */
const MAX_LINE_CHARACTERS = 64 * 1024;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const formats: readonly Format[] = [
  {
    // Azure Functions 2021: app,func,end_timestamp,duration, both in seconds.
    name: "invocations of Azure Functions, 2021",
    isThis: (line) => /^app,func,end_timestamp,duration\b/.test(line),
    hasHead: true,
    read: (line, number) => {
      const [, , end, duration] = line.split(",");
      const [endMs, tookMs] = [numberIn(end, number) * 1000, numberIn(duration, number) * 1000];
      return [{ fromMs: endMs - tookMs, toMs: endMs - tookMs, count: 1, tookMs }];
    },
  },
  {
    // Azure Functions 2019: HashOwner,HashApp,HashFunction,Trigger,1,2,…,1440: requests in each minute of a day.
    name: "counts a minute of Azure Functions, 2019",
    isThis: (line) => line.startsWith("HashOwner,HashApp,HashFunction,Trigger,1,2,"),
    hasHead: true,
    read: (line, number) =>
      line
        .split(",")
        .slice(4)
        .map((count, minute) => ({
          fromMs: minute * MINUTE_MS,
          toMs: (minute + 1) * MINUTE_MS,
          count: numberIn(count, number),
        }))
        .filter(({ count }) => count > 0),
  },
  {
    // Azure LLM inference 2023: TIMESTAMP,ContextTokens,GeneratedTokens.
    name: "requests to language models of Azure, 2023",
    isThis: (line) => line.startsWith("TIMESTAMP,ContextTokens,GeneratedTokens"),
    hasHead: true,
    read: (line, number) => one(timeIn(line.split(",")[0], number)),
  },
  {
    name: "a common or combined access log",
    isThis: (line) => LOGGED_AT.test(line),
    hasHead: false,
    read: (line, number) => one(loggedAt(line, number)),
  },
  {
    name: "counts an interval (timestamp,value)",
    isThis: (line) => /^(timestamp|time|date),(value|count|requests)\b/i.test(line),
    hasHead: true,
    read: (line, number) => {
      const [time, count] = line.split(",");
      const fromMs = timeIn(time, number);
      // The interval ends where the next line begins; it is filled in when all are read.
      return [{ fromMs, toMs: Number.NaN, count: Math.round(numberIn(count, number)) }];
    },
  },
  {
    name: "arrivals (ms,duration_ms or timestamp,duration_ms)",
    isThis: (line) => /^(ms|timestamp),(duration_ms|took_ms)\b/i.test(line),
    hasHead: true,
    read: (line, number) => {
      const [time, took] = line.split(",");
      const fromMs = /^\d+(\.\d+)?$/.test(time ?? "") ? Number(time) : timeIn(time, number);
      return [{ fromMs, toMs: fromMs, count: 1, tookMs: numberIn(took, number) }];
    },
  },
];

/** Fault: BadRequest, with the line that cannot be read, or with the formats that can. */
export function importedTrace(text: string, options: ImportOptions): Trace {
  const lines = text.split(/\r?\n/);
  const [first = ""] = lines;
  const format = formats.find(({ isThis }) => isThis(first));
  if (format === undefined)
    throw new Fault(
      "BadRequest",
      `the first line is of no format that is read here; those are: ${formats.map(({ name }) => name).join("; ")}`,
    );
  const arrivals: Arrival[] = [];
  let total = 0;
  for (const [at, line] of lines.entries()) {
    if ((at === 0 && format.hasHead) || line.trim() === "") continue;
    if (line.length > MAX_LINE_CHARACTERS) throw wrong(at + 1, `it is longer than ${MAX_LINE_CHARACTERS} characters`);
    for (const arrival of format.read(line, at + 1) ?? []) {
      arrivals.push(arrival);
      total += arrival.count;
    }
    if (total > MAX_REQUESTS) throw wrong(at + 1, `until here there are more than ${MAX_REQUESTS} requests`);
  }
  if (arrivals.length === 0) throw new Fault("BadRequest", `there is no request in ${options.name}`);
  return traceOf(withEnds(arrivals), options);
}

/** An interval without an end lasts as long as the one before the next. */
function withEnds(arrivals: readonly Arrival[]): readonly Arrival[] {
  const sorted = arrivals.toSorted((a, b) => a.fromMs - b.fromMs);
  const last = sorted.at(-1)?.fromMs ?? 0;
  const usual = sorted.length > 1 ? (last - (sorted[0]?.fromMs ?? 0)) / (sorted.length - 1) : MINUTE_MS;
  return sorted.map((arrival, i) =>
    Number.isNaN(arrival.toMs) ? { ...arrival, toMs: sorted[i + 1]?.fromMs ?? arrival.fromMs + usual } : arrival,
  );
}

function traceOf(arrivals: readonly Arrival[], { name, seed, cpuMs, waitMs }: ImportOptions): Trace {
  const random = seededRandom(seed);
  const startMs = arrivals[0]?.fromMs ?? 0;
  const requests = spreadOut(arrivals, startMs, random);
  const order = Uint32Array.from({ length: requests.atMs.length }, (_, i) => i).sort(
    (a, b) => (requests.atMs[a] ?? 0) - (requests.atMs[b] ?? 0),
  );
  const arrivalsMs = Float64Array.from(order, (i) => requests.atMs[i] ?? 0);
  const cpuMicros = new Uint32Array(order.length);
  const waitMicros = new Uint32Array(order.length);
  for (const [at, i] of order.entries()) {
    const tookMs = requests.tookMs[i] ?? Number.NaN;
    const cpu = drawn(cpuMs, random);
    cpuMicros[at] = Math.round(1000 * (tookMs >= 0 ? Math.min(cpu, tookMs) : cpu));
    waitMicros[at] = Math.round(1000 * (tookMs >= 0 ? Math.max(0, tookMs - cpu) : drawn(waitMs, random)));
  }
  const endMs = arrivals.reduce((latest, { toMs }) => Math.max(latest, toMs), 0) - startMs;
  return { name, lengthMs: Math.max(1, Math.ceil(endMs)), arrivalsMs, cpuMicros, waitMicros };
}

function spreadOut(
  arrivals: readonly Arrival[],
  startMs: number,
  random: Random,
): { readonly atMs: Float64Array; readonly tookMs: Float64Array } {
  const [atMs, tookMs] = [new GrowingFloats(), new GrowingFloats()];
  for (const { fromMs, toMs, count, tookMs: took } of arrivals)
    for (let i = 0; i < count; i++) {
      atMs.push(fromMs - startMs + random.number() * (toMs - fromMs));
      tookMs.push(took ?? Number.NaN);
    }
  return { atMs: atMs.taken(), tookMs: tookMs.taken() };
}

function one(atMs: number): readonly Arrival[] {
  return [{ fromMs: atMs, toMs: atMs, count: 1 }];
}

function numberIn(text: string | undefined, line: number): number {
  const value = Number(text);
  if (text === undefined || text === "" || !(value >= 0)) throw wrong(line, `"${text ?? ""}" is no number`);
  return value;
}

/** ISO 8601, with a space or a T, without a zone as UTC. */
function timeIn(text: string | undefined, line: number): number {
  const match = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?)\d*(Z|[+-]\d{2}:?\d{2})?$/.exec(text ?? "");
  const ms = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2]}${match[3] ?? "Z"}`);
  if (Number.isNaN(ms)) throw wrong(line, `"${text ?? ""}" is no time, such as 2026-11-27 09:30:00`);
  return ms;
}

// 127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 2326 (Apache HTTP Server, "Log Files").
const LOGGED_AT = /^\S+ \S+ \S+ \[(\d{2})\/(\w{3})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})\] "/;

function loggedAt(line: string, number: number): number {
  const match = LOGGED_AT.exec(line);
  if (match === null) throw wrong(number, "it has no time such as [10/Oct/2000:13:55:36 -0700]");
  const [, day, month = "", year, time, hours, minutes] = match;
  const monthNumber = String(MONTHS.indexOf(month) + 1).padStart(2, "0");
  const ms = Date.parse(`${year}-${monthNumber}-${day}T${time}${hours}:${minutes}`);
  if (Number.isNaN(ms)) throw wrong(number, "its time is none");
  return ms;
}

function wrong(line: number, what: string): Fault {
  return new Fault("BadRequest", `line ${line} cannot be read: ${what}`);
}
