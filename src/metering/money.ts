/** Exact money: whole numbers of 10^-30 dollars. Rates come as decimal text; rounding happens once, when a person reads it. */

/** Fixed point, 30 decimals: fine enough that one MB·ms at any list price is exact. */
export type Money = bigint;

const DECIMALS = 30;
const ONE = 10n ** BigInt(DECIMALS);

/** "0.0000166667" -> Money. Throws a RangeError on anything that is not a plain decimal number. */
export function money(decimal: string): Money {
  const match = /^(-?)(\d+)(?:\.(\d{1,30}))?$/.exec(decimal);
  if (match === null) throw new RangeError(`not a decimal amount: ${decimal}`);
  const [, sign, whole = "0", fraction = ""] = match;
  const value = BigInt(whole) * ONE + BigInt(fraction.padEnd(DECIMALS, "0"));
  return sign === "-" ? -value : value;
}

/** rate x (numerator / denominator), rounded half up at the 30th decimal. */
export function times(rate: Money, numerator: bigint, denominator = 1n): Money {
  return divideHalfUp(rate * numerator, denominator);
}

export function sum(amounts: Iterable<Money>): Money {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
}

/**
 * Cuts an amount into parts by whole weights that are not negative. The parts add up to the amount to the last digit, and none is off
 * by more than one of it: each ends where its weights' running sum ends. Without any weight the first part is everything.
 */
export function apportion(amount: Money, weights: readonly bigint[]): readonly Money[] {
  const whole = sum(weights);
  if (whole === 0n) return weights.map((_weight, place) => (place === 0 ? amount : 0n));
  let [weighed, given] = [0n, 0n];
  return weights.map((weight) => {
    weighed += weight;
    const end = times(amount, weighed, whole);
    const part = end - given;
    given = end;
    return part;
  });
}

/** "$1,234.50": rounded half up to `decimals`. */
export function formatUsd(amount: Money, decimals = 2): string {
  const rounded = divideHalfUp(amount < 0n ? -amount : amount, 10n ** BigInt(DECIMALS - decimals));
  const digits = rounded.toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, ",");
  const fraction = decimals === 0 ? "" : `.${digits.slice(-decimals)}`;
  return `${amount < 0n ? "-" : ""}$${whole}${fraction}`;
}

/** For plots only: money becomes a float here and never comes back. */
export function toNumber(amount: Money): number {
  return Number(amount / 10n ** 15n) / 1e15;
}

function divideHalfUp(a: bigint, b: bigint): bigint {
  const negative = a < 0n !== b < 0n;
  const [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  const quotient = (2n * x + y) / (2n * y);
  return negative ? -quotient : quotient;
}
