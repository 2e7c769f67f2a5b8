/** What a month of one workload costs under each model, where both cost the same, and how the bill of a day grows. Pure and exact. */
import { type Bill, containerBill, functionBill } from "./bill.ts";
import { nodesFor, type PodSize } from "./booking.ts";
import type { Money } from "./money.ts";
import { type NodePrice, nodePrice, type PriceBook } from "./price-book.ts";

/** Figures of the same workload on both models, measured or declared. */
export interface Workload extends PodSize {
  readonly requestsPerDay: number;
  readonly daysPerMonth: number;
  /** Of the function. */
  readonly memoryMib: number;
  /** Sum of billed ms over `invocations` invocations. */
  readonly billedMs: number;
  readonly invocations: number;
  /** Time-weighted mean of replicas. */
  readonly meanReplicas: number;
  /** Requests a second that one replica carried without failure at the peak. */
  readonly requestsPerSecondPerReplica: number;
  /** Peak rate over mean rate of the traffic. */
  readonly peakFactor: number;
  readonly minReplicas: number;
}

export interface Forecast {
  readonly requests: number;
  readonly functions: Bill;
  readonly containers: Bill;
  /** Whole nodes that the replicas are priced on. */
  readonly nodes: number;
  readonly node: NodePrice;
  /** Requests a month at which both cost the same; null when functions stay cheaper in all of the curve. */
  readonly breakEvenRequests: number | null;
  /** A month's cost over its number of requests, in equal steps of the logarithm. */
  readonly curve: readonly CurvePoint[];
}

export interface CurvePoint {
  readonly requests: number;
  readonly containers: Money;
  readonly functions: Money;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const DAY_SECONDS = 86_400;
const CURVE_POINTS = 60;
// The curve spans what a hobby sends and what a large company does.
const FEWEST_REQUESTS = 10_000;
const MOST_REQUESTS = 3_000_000_000;

/** Throws a RangeError when the book lacks its own default node. */
export function forecast(workload: Workload, book: PriceBook): Forecast {
  const node = nodePrice(book);
  const requests = Math.round(workload.requestsPerDay * workload.daysPerMonth);
  const curve = costCurve(workload, book, requests);
  return {
    requests,
    functions: functionsMonth(workload, book, requests),
    containers: containersMonth(workload, book, workload.meanReplicas),
    nodes: nodesFor(workload, node, workload.meanReplicas),
    node,
    breakEvenRequests: breakEven(curve),
    curve,
  };
}

function functionsMonth({ billedMs, memoryMib, invocations }: Workload, book: PriceBook, requests: number): Bill {
  const count = BigInt(requests);
  const mbMs = (count * BigInt(billedMs) * BigInt(memoryMib)) / BigInt(Math.max(1, invocations));
  return functionBill({ requests: count, mbMs, httpApiRequests: count }, book);
}

function containersMonth(pod: PodSize, book: PriceBook, replicas: number): Bill {
  const node = nodePrice(book);
  const clusterMs = BigInt(book.hoursPerMonth * HOUR_MS);
  return containerBill({ nodeMs: BigInt(nodesFor(pod, node, replicas)) * clusterMs, clusterMs, node }, book);
}

function costCurve(workload: Workload, book: PriceBook, monthly: number): readonly CurvePoint[] {
  const [low, high] = [Math.min(FEWEST_REQUESTS, monthly), Math.max(MOST_REQUESTS, monthly * 10)];
  return Array.from({ length: CURVE_POINTS }, (_unused, i) => {
    const requests = Math.round(low * (high / low) ** (i / (CURVE_POINTS - 1)));
    const peakRate = (requests / workload.daysPerMonth / DAY_SECONDS) * workload.peakFactor;
    const replicas = Math.max(workload.minReplicas, peakRate / workload.requestsPerSecondPerReplica);
    return {
      requests,
      containers: containersMonth(workload, book, replicas).total,
      functions: functionsMonth(workload, book, requests).total,
    };
  });
}

/** The first number of requests at which functions cost as much as containers, on the straight line between two points. */
export function breakEven(curve: readonly CurvePoint[]): number | null {
  for (const [i, right] of curve.entries()) {
    const left = curve[i - 1];
    if (left === undefined || right.functions < right.containers) continue;
    const before = left.containers - left.functions;
    const span = before + right.functions - right.containers;
    if (before < 0n || span === 0n) return left.requests;
    const further = (BigInt(right.requests - left.requests) * before * 2n + span) / (span * 2n);
    return left.requests + Number(further);
  }
  return null;
}

/** A run that stands for one day: what was seen of both models while it went on. */
export interface Run {
  /** The day was replayed in this time. */
  readonly lengthMs: number;
  readonly requestsPerDay: number;
  /** How many of the day's requests were sent. */
  readonly requestsSent: number;
  readonly pod: PodSize;
  /** In order of time since the start; each number of replicas held since the moment before it. */
  readonly moments: readonly { readonly atMs: number; readonly replicas: number }[];
  /** In order of time since the start. */
  readonly invocations: readonly { readonly atMs: number; readonly billedMs: number; readonly memoryMib: number }[];
}

export interface DayPoint {
  readonly atMs: number;
  readonly containers: Money;
  readonly functions: Money;
}

/** The day's bill at each moment. Time and requests are scaled to a day as whole numbers, then priced as any other usage. */
export function dayBills(run: Run, book: PriceBook): readonly DayPoint[] {
  const node = nodePrice(book);
  const [lengthMs, sent] = [BigInt(Math.max(1, run.lengthMs)), BigInt(Math.max(1, run.requestsSent))];
  const ofDay = (replayedMs: bigint): bigint => (replayedMs * BigInt(DAY_MS)) / lengthMs;
  const ofAll = (counted: bigint): bigint => (counted * BigInt(run.requestsPerDay)) / sent;
  let [nodeMs, mbMs, beforeMs, seen] = [0n, 0n, 0, 0];
  return run.moments.map(({ atMs, replicas }) => {
    nodeMs += BigInt(nodesFor(run.pod, node, replicas)) * BigInt(atMs - beforeMs);
    beforeMs = atMs;
    for (let next = run.invocations[seen]; next !== undefined && next.atMs <= atMs; next = run.invocations[++seen])
      mbMs += BigInt(next.billedMs) * BigInt(next.memoryMib);
    const requests = ofAll(BigInt(seen));
    return {
      atMs,
      containers: containerBill({ nodeMs: ofDay(nodeMs), clusterMs: ofDay(BigInt(atMs)), node }, book).total,
      functions: functionBill({ requests, mbMs: ofAll(mbMs), httpApiRequests: requests }, book).total,
    };
  });
}
