/** Who costs what in a window of usage: every workload of both hulls, what nobody booked, and their sum, which is the bill. Pure. */
import { containerBill, functionBill } from "./bill.ts";
import { type Money, sum, times } from "./money.ts";
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
  /** Always the sum of the shares. */
  readonly total: Money;
}

const HOUR_MS = 3_600_000;

/** Prices each node that was there as one `node` of the book, whatever its real size is. */
export function allocate(totals: Totals, book: PriceBook, node: NodePrice): Allocation {
  const shares = [...containerShares(totals, book, node), ...functionShares(totals, book)];
  return { shares, total: sum(shares.map(({ amount }) => amount)) };
}

function containerShares({ nodes, workloads }: Totals, book: PriceBook, node: NodePrice): readonly Share[] {
  const capacity = [...nodes.values()].reduce(added, { nodeMs: 0, cpuMillisMs: 0, memoryByteMs: 0n });
  if (capacity.nodeMs === 0) return [];
  const clusterMs = Math.max(...[...nodes.values()].map(({ nodeMs }) => nodeMs));
  const bill = containerBill({ nodeMs: BigInt(capacity.nodeMs), clusterMs: BigInt(clusterMs), node }, book);
  const [nodesLine, ...otherLines] = bill.lines;
  const nodesAmount = nodesLine?.amount ?? 0n;
  const shares = [...workloads].map(([workload, pods]): Share => {
    return { hull: "containers", workload, basis: podBasis(pods), amount: bookedShare(pods, capacity, nodesAmount) };
  });
  const idle = nodesAmount - sum(shares.map(({ amount }) => amount));
  return [
    ...shares,
    { hull: "containers", workload: "(idle)", basis: "booked by nobody", amount: idle },
    ...otherLines.map(({ meter, amount }): Share => ({
      hull: "containers",
      workload: `(${meter})`,
      basis: hours(clusterMs),
      amount,
    })),
  ];
}

function added(a: NodeTotals, b: NodeTotals): NodeTotals {
  return {
    nodeMs: a.nodeMs + b.nodeMs,
    cpuMillisMs: a.cpuMillisMs + b.cpuMillisMs,
    memoryByteMs: a.memoryByteMs + b.memoryByteMs,
  };
}

/** Half of a node's price is its CPU, half its memory: so the shares of all that fits never exceed the whole. */
function bookedShare(pods: PodTotals, capacity: NodeTotals, amount: Money): Money {
  const [cpu, cpus] = [BigInt(pods.bookedCpuMillisMs), BigInt(capacity.cpuMillisMs)];
  const [memory, memories] = [pods.bookedMemoryByteMs, capacity.memoryByteMs];
  if (cpus === 0n || memories === 0n) return 0n;
  return times(amount, cpu * memories + memory * cpus, 2n * cpus * memories);
}

function podBasis({ podMs, bookedCpuMillisMs, usedCpuMicros }: PodTotals): string {
  const used =
    bookedCpuMillisMs === 0
      ? ""
      : `, ${((usedCpuMicros / bookedCpuMillisMs) * 100).toFixed(1)} % of the booked CPU used`;
  return `${hours(podMs)} of pods${used}`;
}

function functionShares({ functions, requests }: Totals, book: PriceBook): readonly Share[] {
  return [...functions].map(([workload, totals]): Share => {
    const httpApiRequests = BigInt(requests.get(`Function/${workload}`)?.count ?? 0);
    const bill = functionBill({ requests: BigInt(totals.invocations), mbMs: totals.mbMs, httpApiRequests }, book);
    return { hull: "functions", workload, basis: functionBasis(totals), amount: bill.total };
  });
}

function functionBasis({ invocations, billedMs, coldStarts, throttles }: FunctionTotals): string {
  const throttled = throttles === 0 ? "" : `, ${throttles} throttled`;
  return `${invocations} invocations, ${billedMs} ms billed, ${coldStarts} cold${throttled}`;
}

function hours(ms: number): string {
  return ms < HOUR_MS ? `${(ms / 60_000).toFixed(1)} min` : `${(ms / HOUR_MS).toFixed(1)} h`;
}
