/** What a month of the measured traffic costs under each model, and where both cost the same. Pure. */
import { type Bill, containerBill, formatQuantity, functionBill } from "#metering/bill.ts";
import { formatUsd, type Money, toNumber } from "#metering/money.ts";
import type { NodePrice, PriceBook } from "#metering/price-book.ts";
import type { CostComparison, CostSide } from "./result.ts";

/** Whole numbers that were measured or declared. */
export interface CostBasis {
  readonly requestsPerDay: number;
  readonly daysPerMonth: number;
  readonly memoryMib: number;
  /** Sum of billed ms over `invocations` invocations. */
  readonly billedMs: number;
  readonly invocations: number;
  /** Time-weighted mean of replicas, never below one. */
  readonly meanReplicas: number;
  readonly podCpuMillis: number;
  readonly podMemoryMib: number;
  /** Requests a second that one replica carried without failure at the peak. */
  readonly requestsPerSecondPerReplica: number;
  /** Peak rate over mean rate of the traffic. */
  readonly peakFactor: number;
  readonly minReplicas: number;
}

const HOUR_MS = 3_600_000;
const DAY_SECONDS = 86_400;
const CURVE_POINTS = 60;

export function compareCosts(
  basis: CostBasis,
  book: PriceBook,
  cumulated: CostComparison["cumulated"],
): CostComparison {
  const node = nodePrice(book);
  const monthly = basis.requestsPerDay * basis.daysPerMonth;
  const functions = functionsMonth(basis, book, monthly);
  const containers = containersMonth(basis, book, node, basis.meanReplicas);
  const curve = costCurve(basis, book, node, monthly);
  return {
    book: book.id,
    bookTitle: book.title,
    asOf: book.asOf,
    functions: sideOf(
      functions,
      `${monthly.toLocaleString("en-US")} requests a month, ${(basis.billedMs / Math.max(1, basis.invocations)).toFixed(2)} ms billed each at ${basis.memoryMib} MB`,
    ),
    containers: sideOf(
      containers,
      `${basis.meanReplicas.toFixed(1)} replicas of ${basis.podCpuMillis}m / ${basis.podMemoryMib} MiB on ${nodesFor(basis, node, basis.meanReplicas)} x ${node.name}`,
    ),
    breakEvenRequests: breakEven(curve),
    curve,
    cumulated,
  };
}

export function nodePrice(book: PriceBook): NodePrice {
  const node = book.nodes.find((candidate) => candidate.name === book.defaultNode);
  if (node === undefined) throw new RangeError(`price book ${book.id} has no node ${book.defaultNode}`);
  return node;
}

function functionsMonth(basis: CostBasis, book: PriceBook, requests: number): Bill {
  const mbMs =
    (BigInt(Math.round(requests)) * BigInt(basis.billedMs) * BigInt(basis.memoryMib)) /
    BigInt(Math.max(1, basis.invocations));
  return functionBill(
    { requests: BigInt(Math.round(requests)), mbMs, httpApiRequests: BigInt(Math.round(requests)) },
    book,
  );
}

function containersMonth(basis: CostBasis, book: PriceBook, node: NodePrice, replicas: number): Bill {
  const hours = book.hoursPerMonth;
  const nodes = nodesFor(basis, node, replicas);
  return containerBill({ nodeMs: BigInt(nodes * hours * HOUR_MS), clusterMs: BigInt(hours * HOUR_MS), node }, book);
}

/** Whole nodes that the replicas fit on, by CPU, memory and pod count. */
export function nodesFor(
  basis: Pick<CostBasis, "podCpuMillis" | "podMemoryMib">,
  node: NodePrice,
  replicas: number,
): number {
  const perNode = Math.min(
    Math.floor(node.allocatableCpuMillis / basis.podCpuMillis),
    Math.floor(node.allocatableMemoryMib / basis.podMemoryMib),
    node.maxPods,
  );
  return Math.max(1, Math.ceil(replicas / Math.max(1, perNode)));
}

function costCurve(basis: CostBasis, book: PriceBook, node: NodePrice, monthly: number): CostComparison["curve"] {
  const [low, high] = [Math.min(10_000, monthly), Math.max(3_000_000_000, monthly * 10)];
  return Array.from({ length: CURVE_POINTS }, (_unused, i) => {
    const requests = Math.round(low * (high / low) ** (i / (CURVE_POINTS - 1)));
    const peakRate = (requests / basis.daysPerMonth / DAY_SECONDS) * basis.peakFactor;
    const replicas = Math.max(basis.minReplicas, peakRate / basis.requestsPerSecondPerReplica);
    return {
      requests,
      containersUsd: toNumber(containersMonth(basis, book, node, replicas).total),
      functionsUsd: toNumber(functionsMonth(basis, book, requests).total),
    };
  });
}

/** The first point at which functions cost more than containers, interpolated on the straight line between two points. */
export function breakEven(curve: CostComparison["curve"]): number | null {
  for (const [i, right] of curve.entries()) {
    const left = curve[i - 1];
    if (left === undefined || right.functionsUsd < right.containersUsd) continue;
    const before = left.containersUsd - left.functionsUsd;
    const after = right.containersUsd - right.functionsUsd;
    if (before < 0) return left.requests;
    return Math.round(left.requests + ((right.requests - left.requests) * before) / (before - after || 1));
  }
  return null;
}

function sideOf(bill: Bill, basis: string): CostSide {
  return {
    totalUsd: formatUsd(bill.total),
    basis,
    lines: bill.lines.map(({ meter, quantity, unit, price, amount }) => ({
      meter,
      quantity: `${formatQuantity(quantity)} ${unit}`,
      price,
      amountUsd: formatUsd(amount as Money),
    })),
  };
}
