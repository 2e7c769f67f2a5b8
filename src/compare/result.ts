/** What a comparison found, as data: everything that the table, the report and the dashboard show. JSON through and through. */

export interface Comparison {
  readonly title: string;
  /** Wall time in ms. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly traffic: TrafficPlan;
  readonly hulls: readonly HullResult[];
  /** Share of the machine's processor time that was used while it ran, 0 to 1. Absent in comparisons of older versions. */
  readonly machineBusy?: number;
  /** What was seen while it ran, once a second or so. */
  readonly timeline: readonly Moment[];
  readonly costs: CostComparison;
  /** What a reader must know to believe the figures. */
  readonly assumptions: readonly string[];
}

export interface TrafficPlan {
  readonly requestsPerDay: number;
  /** The day was replayed in this time. */
  readonly replayedMs: number;
  readonly requestsSent: number;
  readonly seed: number;
  /** Planned requests a second, in equal parts of the replay. */
  readonly plannedRate: readonly number[];
}

export interface HullResult {
  readonly hull: "containers" | "functions";
  readonly requests: number;
  readonly failed: number;
  readonly coldStarts: number;
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number };
  /** Points of the latency curve: share of requests at or below a value. */
  readonly curve: readonly { readonly ms: number; readonly share: number }[];
  readonly failures: readonly string[];
  /** Every failed request, by its cause. Absent in comparisons of older versions. */
  readonly causes?: FailureCauses;
  /** How late the load generator itself sent its requests, at p99. Absent in comparisons of older versions. */
  readonly sendLateMsP99?: number;
}

export const failureCauses = ["throttled", "refused", "timed out", "broken", "failed"] as const;
/**
 * throttled: 429, the side said it was at its limit. refused: no connection, or 502 and 503: nobody was there to answer.
 * timed out: no answer in time, or 504. broken: the connection ended within an answer. failed: another status of 500 and above.
 */
export type FailureCause = (typeof failureCauses)[number];
export type FailureCauses = Readonly<Partial<Record<FailureCause, number>>>;

export interface Moment {
  /** Since the start. */
  readonly atMs: number;
  readonly replicas: number;
  readonly readyReplicas: number;
  readonly environments: number;
  readonly containerRate: number;
  readonly functionRate: number;
  /** Booked and used of the containers, in milli-cores and MiB. */
  readonly bookedCpuMillis: number;
  readonly usedCpuMillis: number;
  readonly bookedMemoryMib: number;
  readonly usedMemoryMib: number;
}

export interface CostComparison {
  readonly book: string;
  readonly bookTitle: string;
  readonly asOf: string;
  /** A month of this traffic, in dollars as exact decimal text with six digits. */
  readonly containers: CostSide;
  readonly functions: CostSide;
  /** Requests a month at which both cost the same; null when they never do. */
  readonly breakEvenRequests: number | null;
  /** Points for the break-even plot. */
  readonly curve: readonly {
    readonly requests: number;
    readonly containersUsd: number;
    readonly functionsUsd: number;
  }[];
  /** The bill of the run itself, growing over its time. */
  readonly cumulated: readonly {
    readonly atMs: number;
    readonly containersUsd: number;
    readonly functionsUsd: number;
  }[];
}

export interface CostSide {
  readonly totalUsd: string;
  readonly lines: readonly {
    readonly meter: string;
    readonly quantity: string;
    readonly price: string;
    readonly amountUsd: string;
  }[];
  readonly basis: string;
}
