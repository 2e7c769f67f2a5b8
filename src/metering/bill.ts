/** From usage to money: line items of each model at the list prices of one book. Pure and exact. */
import { type Money, money, sum, times } from "./money.ts";
import type { NodePrice, PriceBook, Tier } from "./price-book.ts";

export interface LineItem {
  readonly meter: string;
  /** Exact, as a fraction of whole numbers. */
  readonly quantity: { readonly numerator: bigint; readonly denominator: bigint };
  readonly unit: string;
  /** For people: "$0.20 per 1 M requests". */
  readonly price: string;
  readonly amount: Money;
}

export interface Bill {
  readonly book: string;
  readonly lines: readonly LineItem[];
  readonly total: Money;
}

export interface FunctionUsage {
  readonly requests: bigint;
  /** Sum over invocations of configured MB x billed ms. */
  readonly mbMs: bigint;
  /** Requests through an HTTP API, in steps of 512 KiB. */
  readonly httpApiRequests: bigint;
}

export interface ContainerUsage {
  /** Sum over nodes of the time that each was there, in ms. */
  readonly nodeMs: bigint;
  /** How long the cluster was there, in ms. */
  readonly clusterMs: bigint;
  readonly node: NodePrice;
}

const MB_MS_PER_GB_SECOND = 1024n * 1000n; // Lambda's GB is 1,024 MB.
const MS_PER_HOUR = 3_600_000n;
const MILLION = 1_000_000n;

export function functionBill(usage: FunctionUsage, book: PriceBook): Bill {
  const { requestsPerMillion, gbSecond } = book.functions;
  const lines: LineItem[] = [
    line(
      "requests",
      usage.requests,
      1n,
      "requests",
      `$${requestsPerMillion} per 1 M`,
      times(money(requestsPerMillion), usage.requests, MILLION),
    ),
    line(
      "duration",
      usage.mbMs,
      MB_MS_PER_GB_SECOND,
      "GB-s",
      tierText(gbSecond, "GB-s"),
      tiered(gbSecond, usage.mbMs, MB_MS_PER_GB_SECOND),
    ),
  ];
  if (book.httpApi !== null && usage.httpApiRequests > 0n) {
    const perRequest = tiered(book.httpApi.perMillion, usage.httpApiRequests, 1n) / MILLION;
    lines.push(
      line("HTTP API", usage.httpApiRequests, 1n, "requests", tierText(book.httpApi.perMillion, "1 M"), perRequest),
    );
  }
  return billOf(book, lines);
}

export function containerBill(usage: ContainerUsage, book: PriceBook): Bill {
  const { node } = usage;
  const lines = [
    line(
      `nodes (${node.name})`,
      usage.nodeMs,
      MS_PER_HOUR,
      "node-hours",
      `$${node.hourly} per hour`,
      times(money(node.hourly), usage.nodeMs, MS_PER_HOUR),
    ),
  ];
  if (money(book.clusterHourly) > 0n) {
    const amount = times(money(book.clusterHourly), usage.clusterMs, MS_PER_HOUR);
    lines.push(line("control plane", usage.clusterMs, MS_PER_HOUR, "hours", `$${book.clusterHourly} per hour`, amount));
  }
  return billOf(book, lines);
}

function line(
  meter: string,
  numerator: bigint,
  denominator: bigint,
  unit: string,
  price: string,
  amount: Money,
): LineItem {
  return { meter, quantity: { numerator, denominator }, unit, price, amount };
}

function billOf(book: PriceBook, lines: readonly LineItem[]): Bill {
  return { book: book.id, lines, total: sum(lines.map((item) => item.amount)) };
}

/** Each tier prices the part of the quantity (numerator / denominator units) that falls into it. */
export function tiered(tiers: readonly Tier[], numerator: bigint, denominator: bigint): Money {
  let below = 0n;
  let total = 0n;
  for (const { upTo, rate } of tiers) {
    const end = upTo === undefined ? numerator : smaller(numerator, upTo * denominator);
    if (end > below) total += times(money(rate), end - below, denominator);
    below = end;
    if (below >= numerator) break;
  }
  return total;
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function tierText(tiers: readonly Tier[], unit: string): string {
  return `$${tiers[0]?.rate ?? "0"} per ${unit}`;
}

/** A quantity as text with at most two decimals and thousands separated: "75,000", "0.25". */
export function formatQuantity({ numerator, denominator }: LineItem["quantity"]): string {
  const hundredths = (numerator * 200n + denominator) / (denominator * 2n);
  const whole = (hundredths / 100n).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const fraction = (hundredths % 100n).toString().padStart(2, "0").replace(/0+$/, "");
  return fraction === "" ? whole : `${whole}.${fraction}`;
}
