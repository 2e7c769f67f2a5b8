/** What ran in a window of time, on both hulls, priced as shares of one book's list prices. */
import type { Instance } from "#instance/instance.ts";
import { realClock } from "#machine/real-clock.ts";
import { allocate, type Share } from "#metering/allocation.ts";
import { formatUsd } from "#metering/money.ts";
import type { NodePrice, PriceBook } from "#metering/price-book.ts";
import { totalUsage } from "#metering/totals.ts";
import { durationOf } from "./duration.ts";
import { bookOf, nodeOf } from "./list-prices.ts";
import type { Sheet } from "./rows.ts";
import { controlOf } from "./session.ts";

/** One workload, and the last row for all. */
export interface CostRow {
  readonly hull: string;
  readonly workload: string;
  readonly basis: string;
  readonly usd: string;
}

const DECIMALS = 6; // A single invocation costs less than a thousandth of a cent.

export const costSheet: Sheet<CostRow> = {
  headings: [
    { title: "HULL", cell: ({ hull }) => hull },
    { title: "WORKLOAD", cell: ({ workload }) => workload },
    { title: "USD", cell: ({ usd }) => usd },
    { title: "BASIS", cell: ({ basis }) => basis },
  ],
  nameOf: ({ hull, workload }) => `${hull}/${workload}`,
};

export interface CostQuestion {
  readonly windowMs: number;
  readonly book: PriceBook;
  readonly node: NodePrice;
}

/** Throws BadRequest for a window, a book or a node that there is not. */
export function costQuestion(asked: {
  readonly window: string;
  readonly priceBook: string;
  readonly node: string | undefined;
}): CostQuestion {
  const book = bookOf(asked.priceBook);
  return { windowMs: durationOf("--window", asked.window), book, node: nodeOf(book, asked.node) };
}

export async function costRows(
  instance: Instance,
  { windowMs, book, node }: CostQuestion,
): Promise<readonly CostRow[]> {
  const toMs = realClock.now() + 1;
  const usage = controlOf(instance).readUsage({ fromMs: toMs - windowMs, toMs });
  const { shares, total } = allocate(await totalUsage(usage), book, node);
  return [...shares.map(rowOf), { hull: "both", workload: "(total)", basis: "", usd: formatUsd(total, DECIMALS) }];
}

function rowOf({ hull, workload, basis, amount }: Share): CostRow {
  return { hull, workload, basis, usd: formatUsd(amount, DECIMALS) };
}
