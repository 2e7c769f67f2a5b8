/** Decimal numbers of up to 38 digits, exact: compare, add, print, and encode so that bytes sort as the numbers do. */
import { Fault } from "#base/fault.ts";
import { encodeUtf8 } from "#base/utf8.ts";

/** sign * 0.digits * 10^exponent; zero has no digits. Digits have no zero at either end. */
export interface Decimal {
  readonly sign: -1 | 0 | 1;
  readonly digits: string;
  readonly exponent: number;
}

const MAX_DIGITS = 38;
const MAX_EXPONENT = 126; // 9.9…E+125
const MIN_EXPONENT = -129; // 1E-130
const ZERO: Decimal = { sign: 0, digits: "", exponent: 0 };
// No digit can be read in two ways, so that a long number that is none costs one pass.
const FORM = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d+))?$/;

export function parseDecimal(text: string): Decimal {
  const match = FORM.exec(text);
  if (match === null) throw notNumeric(text);
  const [, sign, number = "", exponent = "0"] = match;
  const [whole = "", fraction = ""] = number.split(".");
  return normalised(sign === "-" ? -1 : 1, whole + fraction, whole.length + Number(exponent));
}

function notNumeric(text: string): Fault {
  const shown = text === "" ? "" : `: ${text.slice(0, 255)}`;
  return new Fault("BadRequest", `The parameter cannot be converted to a numeric value${shown}`);
}

function normalised(sign: -1 | 1, allDigits: string, exponent: number): Decimal {
  const leading = zerosAtStart(allDigits);
  if (leading === allDigits.length) return ZERO;
  const digits = allDigits.slice(leading, allDigits.length - zerosAtEnd(allDigits));
  if (digits.length > MAX_DIGITS)
    throw new Fault("BadRequest", `Attempting to store more than ${MAX_DIGITS} significant digits in a Number`);
  const scale = exponent - leading;
  if (scale > MAX_EXPONENT) throw overflow();
  if (scale < MIN_EXPONENT)
    throw new Fault(
      "BadRequest",
      "Number underflow. Attempting to store a number with magnitude smaller than supported range",
    );
  return { sign, digits, exponent: scale };
}

function overflow(): Fault {
  return new Fault(
    "BadRequest",
    "Number overflow. Attempting to store a number with magnitude larger than supported range",
  );
}

function zerosAtStart(digits: string): number {
  let zeros = 0;
  while (digits[zeros] === "0") zeros++;
  return zeros;
}

function zerosAtEnd(digits: string): number {
  let zeros = 0;
  while (digits[digits.length - 1 - zeros] === "0") zeros++;
  return zeros;
}

export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.sign !== b.sign) return a.sign - b.sign;
  if (a.sign === 0) return 0;
  if (a.exponent !== b.exponent) return a.sign * Math.sign(a.exponent - b.exponent);
  return a.sign * (a.digits < b.digits ? -1 : a.digits > b.digits ? 1 : 0);
}

export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const scale = Math.min(lowestPower(a), lowestPower(b));
  const total = scaled(a, scale) + scaled(b, scale);
  if (total === 0n) return ZERO;
  const digits = (total < 0n ? -total : total).toString();
  // The service says so of sums that need more digits than it has, whatever their size.
  if (digits.length - zerosAtEnd(digits) > MAX_DIGITS) throw overflow();
  return normalised(total < 0n ? -1 : 1, digits, digits.length + scale);
}

export function negated(a: Decimal): Decimal {
  return a.sign === 0 ? a : { ...a, sign: a.sign === 1 ? -1 : 1 };
}

function lowestPower({ digits, exponent }: Decimal): number {
  return exponent - digits.length;
}

function scaled(a: Decimal, power: number): bigint {
  if (a.sign === 0) return 0n;
  return BigInt(a.sign) * BigInt(a.digits) * 10n ** BigInt(lowestPower(a) - power);
}

/** Plain decimal text without exponent, as the service answers. */
export function formatDecimal({ sign, digits, exponent }: Decimal): string {
  if (sign === 0) return "0";
  const minus = sign < 0 ? "-" : "";
  if (exponent <= 0) return `${minus}0.${"0".repeat(-exponent)}${digits}`;
  if (digits.length <= exponent) return minus + digits.padEnd(exponent, "0");
  return `${minus}${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
}

const BIAS = 0x4000; // Keeps the two exponent bytes positive.

/** Bytes whose unsigned order is the numbers' order. */
export function encodeDecimal({ sign, digits, exponent }: Decimal): Uint8Array {
  if (sign === 0) return Uint8Array.of(0x80);
  const biased = exponent + BIAS;
  const magnitude = Uint8Array.of(biased >> 8, biased & 0xff, ...encodeUtf8(digits), 0);
  return sign > 0 ? Uint8Array.of(0xc0, ...magnitude) : Uint8Array.of(0x40, ...magnitude.map((byte) => 0xff - byte));
}
