/** How many booted sandboxes of one class are kept in stock: doubled when somebody had to wait, halved when nobody does. Pure. */
import type { Flavour } from "./lambda-environment.ts";

export interface Stock {
  readonly flavour: Flavour;
  readonly classMib: number;
  /** Never fewer while the class is in use. */
  readonly base: number;
  readonly target: number;
  /** When it was asked for last. */
  readonly usedMs: number;
  /** When somebody had to wait for a boot, or the target was lowered, last. */
  readonly settledMs: number;
}

// Eight pooled Node sandboxes are about 130 MB; a burst beyond them waits for boots.
const MOST_IN_STOCK = 8;
// A minute without a wait: the burst is over.
const HALVE_AFTER_MS = 60_000;
// A class that nobody asked for in ten minutes is not kept, unless it was from the start.
const FORGET_AFTER_MS = 600_000;

/** After a claim that found something ready, or did not. */
export function afterClaim(stock: Stock, hadToWait: boolean, now: number): Stock {
  if (!hadToWait) return { ...stock, usedMs: now };
  const target = Math.min(MOST_IN_STOCK, Math.max(stock.base, stock.target * 2));
  return { ...stock, usedMs: now, settledMs: now, target: Math.max(target, stock.target) };
}

/** As time goes by. `keepsBase`: the class was asked for at the start and stays. */
export function afterWhile(stock: Stock, keepsBase: boolean, now: number): Stock {
  if (!keepsBase && now - stock.usedMs > FORGET_AFTER_MS) return { ...stock, target: 0 };
  if (stock.target <= stock.base || now - stock.settledMs < HALVE_AFTER_MS) return stock;
  return { ...stock, target: Math.max(stock.base, Math.floor(stock.target / 2)), settledMs: now };
}
