/** Amounts as people read them: as many digits as say something, however small. Pure. */
import { formatUsd, type Money } from "#metering/money.ts";

const SIGNIFICANT = 3;
const CENTS = 2;
// Below a millionth of a millionth of a dollar nobody counts; it is still not nothing.
const MAX_DECIMALS = 12;
const MONEY_DECIMALS = 30;
// As wide as a digit, so that decimal points stand below each other.
const FIGURE_SPACE = "\u2007";
const POINT_SPACE = "\u2008";

/** "$12.30", "$0.0323", "$0.000012", "$0"; never a zero for what is not zero. Nothing here is negative. */
export function dollars(amount: Money): string {
  if (amount === 0n) return "$0";
  const whole = amount.toString().length - MONEY_DECIMALS;
  const decimals = Math.min(whole > 0 ? CENTS : Math.max(CENTS, SIGNIFICANT - whole), MAX_DECIMALS);
  const text = formatUsd(amount, decimals);
  if (!/[1-9]/.test(text)) return `<$${"0.".padEnd(MAX_DECIMALS + 1, "0")}1`;
  const end = text.indexOf(".") + 1 + CENTS;
  return text.slice(0, end) + text.slice(end).replace(/0+$/, "");
}

/** The same amounts, right-aligned text whose decimal points are in one column. */
export function alignedDollars(amounts: readonly Money[]): readonly string[] {
  const texts = amounts.map(dollars);
  const longest = Math.max(0, ...texts.map((text) => fractionOf(text).length));
  return texts.map((text) => {
    const fraction = fractionOf(text);
    const point = fraction === "" && longest > 0 ? POINT_SPACE : "";
    return text + point + FIGURE_SPACE.repeat(longest - fraction.length);
  });
}

function fractionOf(text: string): string {
  return text.split(".")[1] ?? "";
}
