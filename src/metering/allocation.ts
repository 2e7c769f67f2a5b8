/** Who costs what in a window of usage: every workload of both hulls, what nobody booked, and their sum, which is the bill. Pure. */
import { type Bill, containerBill, functionBill } from "./bill.ts";
import { type Amounts, partOf } from "./booking.ts";
import { apportion, type Money, sum } from "./money.ts";
import type { NodePrice, PriceBook } from "./price-book.ts";
import type { FunctionTotals, NodeTotals, PodTotals, Totals } from "./totals.ts";

export interface Share {
  readonly hull: "containers" | "functions";
  /** "default/Deployment/web", "default/resize", or in parentheses what belongs to no workload. */
  readonly workload: string;
  /** For people: what was counted. */
  readonly basis: string;
  readonly amount: Money;
}

export interface Allocation {
  readonly shares: readonly Share[];
  /** What the whole window costs as one cluster and one account; the shares add up to it exactly. */
  readonly total: Money;
}

const HOUR_MS = 3_600_000;

/** Prices each node that was there as one `node` of the book, whatever its real size is. */
export function allocate(totals: Totals, book: PriceBook, node: NodePrice): Allocation {
  const containers = containersOf(totals, book, node);
  const functions = functionsOf(totals, book);
  return {
    shares: [
      ...(containers === null ? [] : containerShares(totals, containers)),
      ...functionShares(totals, functions.bill, functions.counts),
    ],
    total: (containers?.bill.total ?? 0n) + functions.bill.total,
  };
}

interface Cluster {
  readonly bill: Bill;
  readonly clusterMs: number;
  /** Of all nodes over the time that each was there. */
  readonly capacity: Amounts;
}

/** Null when there was no node. */
function containersOf({ nodes }: Totals, book: PriceBook, node: NodePrice): Cluster | null {
  const all = [...nodes.values()];
  const nodeMs = all.reduce((total, each) => total + each.nodeMs, 0);
  if (nodeMs === 0) return null;
  const clusterMs = Math.max(...all.map((each) => each.nodeMs));
  return {
    bill: containerBill({ nodeMs: BigInt(nodeMs), clusterMs: BigInt(clusterMs), node }, book),
    clusterMs,
    capacity: capacityOf(all),
  };
}

function capacityOf(nodes: readonly NodeTotals[]): Amounts {
  return {
    cpuMillis: sum(nodes.map(({ cpuMillisMs }) => BigInt(cpuMillisMs))),
    memoryBytes: sum(nodes.map(({ memoryByteMs }) => memoryByteMs)),
  };
}

function containerShares({ workloads }: Totals, { bill, clusterMs, capacity }: Cluster): readonly Share[] {
  const [nodesLine, ...otherLines] = bill.lines;
  const parts = [...workloads.values()].map((pods) => partOf(bookedOf(pods), capacity));
  // Pods are counted from one reading more than their node: what they booked may exceed it by moments, and nothing is idle then.
  const whole = parts[0]?.denominator ?? 1n;
  const booked = sum(parts.map(({ numerator }) => numerator));
  const idleWeight = booked < whole ? whole - booked : 0n;
  const [idle = 0n, ...amounts] = apportion(nodesLine?.amount ?? 0n, [
    idleWeight,
    ...parts.map(({ numerator }) => numerator),
  ]);
  return [
    ...[...workloads].map(([workload, pods], place): Share => {
      return { hull: "containers", workload, basis: podBasis(pods), amount: amounts[place] ?? 0n };
    }),
    { hull: "containers", workload: "(idle)", basis: "booked by nobody", amount: idle },
    ...otherLines.map(({ meter, amount }): Share => ({
      hull: "containers",
      workload: `(${meter})`,
      basis: hours(clusterMs),
      amount,
    })),
  ];
}

function bookedOf({ bookedCpuMillisMs, bookedMemoryByteMs }: PodTotals): Amounts {
  return { cpuMillis: BigInt(bookedCpuMillisMs), memoryBytes: bookedMemoryByteMs };
}

function podBasis({ podMs, bookedCpuMillisMs, usedCpuMicros }: PodTotals): string {
  const used =
    bookedCpuMillisMs === 0
      ? ""
      : `, ${((usedCpuMicros / bookedCpuMillisMs) * 100).toFixed(1)} % of the booked CPU used`;
  return `${hours(podMs)} of pods${used}`;
}

interface FunctionCounts {
  readonly requests: bigint;
  readonly mbMs: bigint;
  readonly httpApiRequests: bigint;
}

/** One bill for all functions: tiers of a price are reached by an account, not by each of its functions. */
function functionsOf(
  { functions, requests }: Totals,
  book: PriceBook,
): { readonly bill: Bill; readonly counts: readonly FunctionCounts[] } {
  const counts = [...functions].map(([workload, { invocations, mbMs }]): FunctionCounts => {
    const httpApiRequests = BigInt(requests.get(`Function/${workload}`)?.count ?? 0);
    return { requests: BigInt(invocations), mbMs, httpApiRequests };
  });
  const all = {
    requests: sum(counts.map((count) => count.requests)),
    mbMs: sum(counts.map((count) => count.mbMs)),
    httpApiRequests: sum(counts.map((count) => count.httpApiRequests)),
  };
  return { bill: functionBill(all, book), counts };
}

/** Each line of the bill is cut by what it counts. */
function functionShares({ functions }: Totals, { lines }: Bill, counts: readonly FunctionCounts[]): readonly Share[] {
  const [requests = [], duration = [], httpApi = []] = (["requests", "mbMs", "httpApiRequests"] as const).map(
    (counted, place) =>
      apportion(
        lines[place]?.amount ?? 0n,
        counts.map((count) => count[counted]),
      ),
  );
  return [...functions].map(([workload, totals], place): Share => {
    const amount = (requests[place] ?? 0n) + (duration[place] ?? 0n) + (httpApi[place] ?? 0n);
    return { hull: "functions", workload, basis: functionBasis(totals), amount };
  });
}

function functionBasis({ invocations, billedMs, coldStarts, throttles }: FunctionTotals): string {
  const throttled = throttles === 0 ? "" : `, ${throttles} throttled`;
  return `${invocations} invocations, ${billedMs} ms billed, ${coldStarts} cold${throttled}`;
}

function hours(ms: number): string {
  return ms < HOUR_MS ? `${(ms / 60_000).toFixed(1)} min` : `${(ms / HOUR_MS).toFixed(1)} h`;
}
