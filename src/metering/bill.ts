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
    {
      meter: "requests",
      quantity: { numerator: usage.requests, denominator: 1n },
      unit: "requests",
      price: `$${requestsPerMillion} per 1 M`,
      amount: times(money(requestsPerMillion), usage.requests, MILLION),
    },
    {
      meter: "duration",
      quantity: { numerator: usage.mbMs, denominator: MB_MS_PER_GB_SECOND },
      unit: "GB-s",
      price: tierText(gbSecond, "GB-s"),
      amount: tiered(gbSecond, usage.mbMs, MB_MS_PER_GB_SECOND),
    },
  ];
  if (book.httpApi !== null && usage.httpApiRequests > 0n) {
    lines.push({
      meter: "HTTP API",
      quantity: { numerator: usage.httpApiRequests, denominator: 1n },
      unit: "requests",
      price: tierText(book.httpApi.perMillion, "1 M"),
      amount: tiered(book.httpApi.perMillion, usage.httpApiRequests, 1n) / MILLION,
    });
  }
  return billOf(book, lines);
}

export function containerBill(usage: ContainerUsage, book: PriceBook): Bill {
  const { node } = usage;
  const lines = [hours(`nodes (${node.name})`, usage.nodeMs, "node-hours", node.hourly)];
  if (money(book.clusterHourly) > 0n) lines.push(hours("control plane", usage.clusterMs, "hours", book.clusterHourly));
  return billOf(book, lines);
}

function hours(meter: string, ms: bigint, unit: string, hourly: string): LineItem {
  const quantity = { numerator: ms, denominator: MS_PER_HOUR };
  return { meter, quantity, unit, price: `$${hourly} per hour`, amount: times(money(hourly), ms, MS_PER_HOUR) };
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
