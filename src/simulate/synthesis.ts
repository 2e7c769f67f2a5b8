/** Traffic made from a shape and a seed: a daily curve, quieter weekends, steps and bursts, and requests at random within a second. Pure. */
import { type Random, seededRandom } from "#base/random.ts";
import { drawn, exponential, poisson, type Spread } from "./chance.ts";
import { GrowingFloats } from "./columns.ts";
import { squeezed, type Trace } from "./trace.ts";

export interface Shape {
  /** What traffic it is like. */
  readonly about: string;
  /** On an average second of a weekday. */
  readonly perSecond: number;
  /** Relative rates of the 24 hours of a day. */
  readonly hours: readonly number[];
  /** Of a weekday's traffic, on the sixth and seventh day. */
  readonly weekend: number;
  /** Short floods: how often, how long, how many times the rate. */
  readonly bursts?: { readonly everyMs: number; readonly lengthMs: number; readonly times: Spread };
  /** Levels that change at once and stay for a while. */
  readonly steps?: { readonly everyMs: number; readonly times: Spread };
  readonly cpuMs: Spread;
  readonly waitMs: Spread;
}

const EVEN = Array.from({ length: 24 }, () => 1);
/** Quiet nights, a busy morning, a dip at lunch, a busier afternoon. */
const OFFICE = [1, 1, 1, 1, 1, 2, 3, 6, 12, 17, 19, 18, 13, 16, 19, 20, 18, 13, 7, 4, 3, 2, 2, 1] as const;
/** People at home: busiest in the evening. */
const EVENING = [5, 3, 2, 2, 2, 3, 5, 8, 10, 11, 11, 12, 12, 12, 12, 13, 14, 16, 18, 20, 20, 18, 13, 8] as const;

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export type ShapeName = "office" | "quiet" | "bursts" | "steps" | "jobs" | "chat" | "steady";

/** The shapes are those of public traces: their mean rate, peak over mean, and the lengths of their bursts. */
export const shapes: Readonly<Record<ShapeName, Shape>> = {
  office: {
    about: "100,000 requests a day to an office's API, most of them in business hours",
    perSecond: 1.157,
    hours: OFFICE,
    weekend: 0.2,
    cpuMs: { mean: 5, sigma: 0.4 },
    waitMs: { mean: 20, sigma: 0.5 },
  },
  quiet: {
    about: "a small site: one request in five seconds, ten times as many in short bursts",
    perSecond: 0.15,
    hours: EVENING,
    weekend: 0.9,
    bursts: { everyMs: 4 * HOUR_MS, lengthMs: 5 * MINUTE_MS, times: { mean: 10, sigma: 0.5 } },
    cpuMs: { mean: 20, sigma: 0.5 },
    waitMs: { mean: 80, sigma: 0.5 },
  },
  bursts: {
    about: "a busy API behind a load balancer: twenty requests a second, peaks of ten times as many",
    perSecond: 15,
    hours: EVENING,
    weekend: 0.9,
    bursts: { everyMs: 4 * HOUR_MS, lengthMs: 5 * MINUTE_MS, times: { mean: 10, sigma: 0.5 } },
    cpuMs: { mean: 20, sigma: 0.5 },
    waitMs: { mean: 80, sigma: 0.5 },
  },
  steps: {
    about: "a stream of the public: 60 requests a second, three times as many within a minute, for half an hour",
    perSecond: 60,
    hours: EVEN,
    weekend: 1,
    steps: { everyMs: 30 * MINUTE_MS, times: { mean: 1, sigma: 0.6 } },
    cpuMs: { mean: 20, sigma: 0.5 },
    waitMs: { mean: 80, sigma: 0.5 },
  },
  jobs: {
    about: "work that takes half a minute of a core, once in a minute or two",
    perSecond: 0.0135,
    hours: OFFICE,
    weekend: 0.4,
    cpuMs: { mean: 28_700, sigma: 0.9 },
    waitMs: { mean: 200, sigma: 0.5 },
  },
  chat: {
    about: "a front of a language model: five requests a second that wait four seconds and hardly compute",
    perSecond: 5.4,
    hours: OFFICE,
    weekend: 0.5,
    cpuMs: { mean: 20, sigma: 0.4 },
    waitMs: { mean: 4_000, sigma: 0.7 },
  },
  steady: {
    about: "ten requests a second, day and night",
    perSecond: 10,
    hours: EVEN,
    weekend: 1,
    cpuMs: { mean: 10, sigma: 0.3 },
    waitMs: { mean: 30, sigma: 0.3 },
  },
};

export interface Synthesis {
  readonly seed: number;
  /** Default is one day. */
  readonly lengthMs?: number;
  /** Of the shape's rate; default is 1. */
  readonly times?: number;
}

const SECOND_MS = 1000;

/** The same shape, seed and length give the same bytes. */
export function synthesized(name: string, shape: Shape, { seed, lengthMs = DAY_MS, times = 1 }: Synthesis): Trace {
  const random = seededRandom(seed);
  const level = levels(shape, lengthMs, random);
  const base = (shape.perSecond * times * 24) / shape.hours.reduce((sum, hour) => sum + hour, 0);
  const arrivals = new GrowingFloats();
  for (let from = 0; from < lengthMs; from += SECOND_MS) {
    const length = Math.min(SECOND_MS, lengthMs - from);
    const count = poisson((base * dailyAt(shape, from) * level(from) * length) / SECOND_MS, random);
    const second = Float64Array.from({ length: count }, () => from + random.number() * length);
    for (const at of second.sort()) arrivals.push(at);
  }
  const work = (spread: Spread): Uint32Array =>
    Uint32Array.from({ length: arrivals.length }, () => Math.round(drawn(spread, random) * 1000));
  return {
    name: `${name}, seed ${seed}`,
    lengthMs,
    arrivalsMs: arrivals.taken(),
    cpuMicros: work(shape.cpuMs),
    waitMicros: work(shape.waitMs),
  };
}

// So many more than are wanted are made that chance leaves enough.
const SPARE = 1.1;

/** One working day of exactly that many requests in the shape of an office's. */
export function officeDay(requests: number, seed: number): Trace {
  const { office } = shapes;
  const perDay = office.perSecond * (DAY_MS / SECOND_MS);
  const made = synthesized("office", office, { seed, times: (requests * SPARE) / perDay });
  return squeezed(made, DAY_MS, requests);
}

/** On a straight line from the middle of one hour to the next; the first day is a Monday. */
function dailyAt({ hours, weekend }: Shape, atMs: number): number {
  const hour = (atMs % DAY_MS) / HOUR_MS - 0.5;
  const [left, right] = [Math.floor(hour), Math.ceil(hour)].map((at) => hours[(at + 24) % 24] ?? 1);
  const share = hour - Math.floor(hour);
  const rate = (left ?? 1) * (1 - share) + (right ?? 1) * share;
  return Math.floor(atMs / DAY_MS) % 7 < 5 ? rate : rate * weekend;
}

/** How many times the rate of the hour it is at each moment; asked in order of time. */
function levels({ bursts, steps }: Shape, lengthMs: number, random: Random): (atMs: number) => number {
  const changes: { readonly fromMs: number; readonly toMs: number; readonly times: number }[] = [];
  if (steps !== undefined)
    for (let fromMs = 0; fromMs < lengthMs; fromMs += steps.everyMs)
      changes.push({ fromMs, toMs: fromMs + steps.everyMs, times: drawn(steps.times, random) });
  if (bursts !== undefined)
    for (let fromMs = exponential(bursts.everyMs, random); fromMs < lengthMs;) {
      const toMs = fromMs + exponential(bursts.lengthMs, random);
      changes.push({ fromMs, toMs, times: Math.max(1, drawn(bursts.times, random)) });
      fromMs = toMs + exponential(bursts.everyMs, random);
    }
  let next = 0;
  return (atMs) => {
    while ((changes[next]?.toMs ?? Infinity) <= atMs) next++;
    const change = changes[next];
    return change !== undefined && change.fromMs <= atMs ? change.times : 1;
  };
}
