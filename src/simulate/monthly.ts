/** What a replay would cost in a month at the list prices of one book: the same pricing functions as everywhere, usage scaled as whole numbers. Pure. */
import { type Bill, containerBill, functionBill } from "#metering/bill.ts";
import { nodesFor, partOf } from "#metering/booking.ts";
import { type Money, money, sum, times } from "#metering/money.ts";
import { type NodePrice, nodePrice, type PriceBook } from "#metering/price-book.ts";
import type { PodPlan } from "./plans.ts";
import type { PodRun } from "./pod-hull.ts";
import type { Replayed } from "./replay.ts";

export interface Pricing {
  readonly book: PriceBook;
  /** Of the book; default is the one that it prices workloads on. */
  readonly node?: string;
  /** "whole": the pods' own nodes and their control plane. "share": their part of nodes that others fill. */
  readonly nodes: "whole" | "share";
}

export interface MonthlyCost {
  readonly total: Money;
  /** Each hull's own. */
  readonly bills: readonly Bill[];
}

const HOUR_MS = 3_600_000;

export function monthlyCost(run: Replayed, pricing: Pricing): MonthlyCost {
  const { book } = pricing;
  const toMonth = (amount: number): bigint =>
    (BigInt(Math.round(amount)) * BigInt(book.hoursPerMonth * HOUR_MS)) / BigInt(Math.max(1, Math.round(run.lengthMs)));
  const bills: Bill[] = [];
  if (run.functions !== null) {
    const requests = toMonth(run.functions.requests);
    bills.push(functionBill({ requests, mbMs: toMonth(run.functions.billedMbMs), httpApiRequests: requests }, book));
  }
  if (run.pods !== null && run.plan.model !== "function")
    bills.push(podBill(run.plan.pods, run.pods, { lengthMs: run.lengthMs, toMonth, pricing }));
  return { total: sum(bills.map(({ total }) => total)), bills };
}

interface Scaled {
  readonly lengthMs: number;
  readonly toMonth: (amount: number) => bigint;
  readonly pricing: Pricing;
}

function podBill(plan: PodPlan, run: PodRun, { lengthMs, toMonth, pricing }: Scaled): Bill {
  const node = nodePrice(pricing.book, pricing.node);
  const clusterMs = toMonth(lengthMs);
  if (pricing.nodes === "whole") {
    const size = { podCpuMillis: plan.requestCpuMillis, podMemoryMib: plan.memoryMib };
    const nodeMs = overTime(run, lengthMs, (count) => nodesFor(size, node, count));
    return containerBill({ nodeMs: toMonth(nodeMs), clusterMs, node }, pricing.book);
  }
  const podMs = overTime(run, lengthMs, (count) => count);
  return sharedBill(plan, toMonth(podMs), node, pricing.book);
}

/** Pods' part of a node, by CPU and memory as `partOf` has it, for as long as they were there. */
function sharedBill(plan: PodPlan, podMs: bigint, node: NodePrice, book: PriceBook): Bill {
  const part = partOf(
    { cpuMillis: BigInt(plan.requestCpuMillis), memoryBytes: mib(plan.memoryMib) },
    { cpuMillis: BigInt(node.allocatableCpuMillis), memoryBytes: mib(node.allocatableMemoryMib) },
  );
  const quantity = { numerator: podMs * part.numerator, denominator: part.denominator * BigInt(HOUR_MS) };
  const amount = times(money(node.hourly), quantity.numerator, quantity.denominator);
  const line = {
    meter: `share of nodes (${node.name})`,
    quantity,
    unit: "node-hours",
    price: `$${node.hourly} per hour`,
    amount,
  };
  return { book: book.id, lines: [line], total: amount };
}

function mib(amount: number): bigint {
  return BigInt(amount) * 1024n * 1024n;
}

/** The sum over time of what a number of replicas is worth, in ms. */
function overTime({ replicas }: PodRun, lengthMs: number, worth: (count: number) => number): number {
  return replicas.reduce((total, { fromMs, count }, i) => {
    const toMs = replicas[i + 1]?.fromMs ?? lengthMs;
    return total + worth(count) * (toMs - fromMs);
  }, 0);
}
