/** A forecast as the comparison's text and plots: bills in dollars, curves as floats that only a plot reads. Prices nothing itself. */
import { type Bill, formatQuantity } from "#metering/bill.ts";
import { type DayPoint, forecast, type Workload } from "#metering/forecast.ts";
import { formatUsd, toNumber } from "#metering/money.ts";
import type { PriceBook } from "#metering/price-book.ts";
import type { CostComparison, CostSide } from "./result.ts";

export function compareCosts(workload: Workload, day: readonly DayPoint[], book: PriceBook): CostComparison {
  const { requests, functions, containers, nodes, node, breakEvenRequests, curve } = forecast(workload, book);
  const billedMs = (workload.billedMs / Math.max(1, workload.invocations)).toFixed(2);
  return {
    book: book.id,
    bookTitle: book.title,
    asOf: book.asOf,
    functions: sideOf(
      functions,
      `${requests.toLocaleString("en-US")} requests a month, ${billedMs} ms billed each at ${workload.memoryMib} MB`,
    ),
    containers: sideOf(
      containers,
      `${workload.meanReplicas.toFixed(1)} replicas of ${workload.podCpuMillis}m / ${workload.podMemoryMib} MiB on ${nodes} x ${node.name}`,
    ),
    breakEvenRequests,
    curve: curve.map((point) => ({ requests: point.requests, ...inDollars(point) })),
    cumulated: day.map((point) => ({ atMs: point.atMs, ...inDollars(point) })),
  };
}

function inDollars({ containers, functions }: Pick<DayPoint, "containers" | "functions">): {
  readonly containersUsd: number;
  readonly functionsUsd: number;
} {
  return { containersUsd: toNumber(containers), functionsUsd: toNumber(functions) };
}

function sideOf(bill: Bill, basis: string): CostSide {
  return {
    totalUsd: formatUsd(bill.total),
    basis,
    lines: bill.lines.map(({ meter, quantity, unit, price, amount }) => ({
      meter,
      quantity: `${formatQuantity(quantity)} ${unit}`,
      price,
      amountUsd: formatUsd(amount),
    })),
  };
}
