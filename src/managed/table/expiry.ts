/** When items expire: the order in which they do, and which have. Pure. */
import { type Item, own } from "./attribute.ts";
import { encodeDecimal, parseDecimal } from "./decimal.ts";
import { concat } from "./item-key.ts";

// Items that expired longer ago stay, as if the time were a mistake (Developer Guide, "Using time to live").
const LONGEST_AGO_SECONDS = 5 * 365 * 24 * 3_600;

/** By the time, then by the key of the item; null for an item that never expires. */
export function expiryKey(attribute: string, item: Item, key: Uint8Array): Uint8Array | null {
  const value = own(item, attribute);
  return value !== undefined && "N" in value ? concat(encodeDecimal(parseDecimal(value.N)), key) : null;
}

/** The keys of what has expired by now. */
export function expiredRange(now: number): { readonly from: Uint8Array; readonly to: Uint8Array } {
  const bound = (seconds: number): Uint8Array => encodeDecimal(parseDecimal(String(Math.floor(seconds))));
  return { from: bound(now / 1_000 - LONGEST_AGO_SECONDS), to: bound(now / 1_000) };
}

export function isExpired(attribute: string, item: Item, now: number): boolean {
  const value = own(item, attribute);
  if (value === undefined || !("N" in value)) return false;
  const seconds = Number(value.N);
  return seconds < Math.floor(now / 1_000) && seconds >= Math.floor(now / 1_000 - LONGEST_AGO_SECONDS);
}
