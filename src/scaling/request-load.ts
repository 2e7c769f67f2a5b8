/** Requests a second to Services, as the edge tells of them: what autoscalers are given for the metrics of a Service. Pure: who asks says the time. */

// One round of the autoscaler: what came before it is its history, not this.
const WINDOW_MS = 15_000;
const STEP_MS = 1_000;

/** Since the last report, and now. */
export interface ServiceLoad {
  readonly namespace: string;
  readonly name: string;
  readonly arrived: number;
  /** Under way or held at the edge. */
  readonly open: number;
}

export const SERVICE_METRICS = ["requests-per-second", "concurrent-requests"] as const;
export type ServiceMetric = (typeof SERVICE_METRICS)[number];

interface Arrivals {
  readonly atMs: number;
  readonly count: number;
}

export class RequestLoads {
  readonly #services = new Map<string, { arrivals: Arrivals[]; open: number }>();

  /** A report is whole: a Service that it does not name has nothing under way. */
  take(loads: readonly ServiceLoad[], now: number): void {
    for (const service of this.#services.values()) service.open = 0;
    for (const { namespace, name, arrived, open } of loads) {
      const key = `${namespace}/${name}`;
      const service = this.#services.get(key) ?? { arrivals: [], open: 0 };
      this.#services.set(key, { arrivals: withArrivals(service.arrivals, { atMs: now, count: arrived }), open });
    }
    for (const [key, { arrivals, open }] of this.#services)
      if (open === 0 && recent(arrivals, now).length === 0) this.#services.delete(key);
  }

  /** In thousandths. A request that has been open for longer than the window still counts as one in it. */
  milliOf(metric: ServiceMetric, namespace: string, name: string, now: number): number {
    const { arrivals, open } = this.#services.get(`${namespace}/${name}`) ?? { arrivals: [], open: 0 };
    if (metric === "concurrent-requests") return open * 1_000;
    const arrived = recent(arrivals, now).reduce((sum, { count }) => sum + count, 0);
    return Math.ceil((Math.max(arrived, open) * 1_000 * 1_000) / WINDOW_MS);
  }
}

/** Of one step of time one number, however many reports there are. */
function withArrivals(arrivals: readonly Arrivals[], added: Arrivals): Arrivals[] {
  const kept = recent(arrivals, added.atMs);
  const last = kept.at(-1);
  if (last === undefined || added.atMs - last.atMs >= STEP_MS) return [...kept, added];
  return [...kept.slice(0, -1), { atMs: last.atMs, count: last.count + added.count }];
}

function recent(arrivals: readonly Arrivals[], now: number): Arrivals[] {
  return arrivals.filter(({ atMs, count }) => count > 0 && now - atMs < WINDOW_MS);
}
