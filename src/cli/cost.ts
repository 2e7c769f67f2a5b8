/** What ran in a window of time, on both hulls, priced as shares of one book's list prices. */
import { Fault } from "#base/fault.ts";
import type { Instance } from "#instance/instance.ts";
import { realClock } from "#machine/real-clock.ts";
import { allocate, type Share } from "#metering/allocation.ts";
import { formatUsd } from "#metering/money.ts";
import { type NodePrice, nodePrice, type PriceBook, priceBook, priceBooks } from "#metering/price-book.ts";
import { totalUsage } from "#metering/totals.ts";
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
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

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
  return { windowMs: windowOf(asked.window), book, node: nodeOf(book, asked.node) };
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

function windowOf(text: string): number {
  const [, amount, unit = ""] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (amount === undefined)
    throw new Fault("BadRequest", `--window ${text}: a number and s, m, h or d, for example 24h`);
  return Number(amount) * (UNIT_MS[unit] ?? 0);
}

function bookOf(id: string): PriceBook {
  const book = priceBook(id);
  if (book === undefined)
    throw new Fault("BadRequest", `--price-book ${id}: one of ${priceBooks.map((known) => known.id).join(", ")}`);
  return book;
}

function nodeOf(book: PriceBook, asked: string = book.defaultNode): NodePrice {
  if (!book.nodes.some(({ name }) => name === asked))
    throw new Fault("BadRequest", `--node ${asked}: one of ${book.nodes.map(({ name }) => name).join(", ")}`);
  return nodePrice(book, asked);
}
