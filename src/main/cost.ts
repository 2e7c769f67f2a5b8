/** `catamaran cost`: what ran in a window of time, on both hulls, at the list prices of one book. */
import { parseArgs } from "node:util";
import { Fault } from "#base/fault.ts";
import { ControlSocket } from "#cli/control-socket.ts";
import { formatOf, renderRows, type Sheet } from "#cli/rows.ts";
import { allocate, type Share } from "#metering/allocation.ts";
import { formatUsd } from "#metering/money.ts";
import { type NodePrice, nodePrice, type PriceBook, priceBook, priceBooks } from "#metering/price-book.ts";
import { totalUsage } from "#metering/totals.ts";
import { costOptionTable, placeOptions } from "./command-options.ts";
import { instanceOf, placeOf } from "#instance/place.ts";
import { files } from "#instance/files.ts";
import { realClock } from "#machine/real-clock.ts";

interface Row {
  readonly hull: string;
  readonly workload: string;
  readonly basis: string;
  readonly usd: string;
}

const DECIMALS = 6; // A single invocation costs less than a thousandth of a cent.
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const sheet: Sheet<Row> = {
  headings: [
    { title: "HULL", cell: ({ hull }) => hull },
    { title: "WORKLOAD", cell: ({ workload }) => workload },
    { title: "USD", cell: ({ usd }) => usd },
    { title: "BASIS", cell: ({ basis }) => basis },
  ],
  nameOf: ({ hull, workload }) => `${hull}/${workload}`,
};

export async function printCost(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...words], options: { ...placeOptions, ...costOptionTable } });
  const format = formatOf(values.output);
  const windowMs = windowOf(values.window);
  const book = bookOf(values["price-book"]);
  const node = nodeOf(book, values.node);
  const instance = await instanceOf(placeOf(values));
  const toMs = realClock.now() + 1;
  const usage = new ControlSocket(files.invokeSocket(instance)).read({ fromMs: toMs - windowMs, toMs });
  const { shares, total } = allocate(await totalUsage(usage), book, node);
  const rows = [
    ...shares.map(rowOf),
    { hull: "both", workload: "(total)", basis: "", usd: formatUsd(total, DECIMALS) },
  ];
  process.stdout.write(renderRows(rows, sheet, format));
  process.stderr.write(
    `the last ${values.window} at ${book.title} of ${book.asOf}, each node as one ${node.name}; list prices, not a bill\n`,
  );
  return 0;
}

function rowOf({ hull, workload, basis, amount }: Share): Row {
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
