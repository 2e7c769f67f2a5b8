/** What a YAML scalar means to Kubernetes: the YAML 1.1 words and numbers that its YAML library resolves. Never structure. */

import { exactInteger } from "#base/json-text.ts";

const NULLS: ReadonlySet<string> = new Set(["", "~", "null", "Null", "NULL"]);
const TRUES: ReadonlySet<string> = new Set(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]);
const FALSES: ReadonlySet<string> = new Set([
  "n",
  "N",
  "no",
  "No",
  "NO",
  "false",
  "False",
  "FALSE",
  "off",
  "Off",
  "OFF",
]);
const INTEGER = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/;
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;

type Scalar = null | boolean | number | bigint | string;

/** A plain (unquoted) scalar; undefined for a number that JSON cannot say (.inf, .nan). */
export function resolvePlain(source: string): Scalar | undefined {
  if (NULLS.has(source)) return null;
  if (TRUES.has(source)) return true;
  if (FALSES.has(source)) return false;
  if (/^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/.test(source)) return undefined;
  return numberOf(source) ?? source;
}

/** A scalar with an explicit tag; undefined when the text does not fit it. Unknown tags leave the text alone. */
export function resolveTagged(tag: string, source: string): Scalar | undefined {
  switch (tag.replace("tag:yaml.org,2002:", "!!")) {
    case "!!null":
      return NULLS.has(source) ? null : undefined;
    case "!!bool":
      return TRUES.has(source) ? true : FALSES.has(source) ? false : undefined;
    case "!!int": {
      const value = numberOf(source);
      return typeof value === "bigint" || Number.isInteger(value) ? value : undefined;
    }
    case "!!float":
      return numberOf(source);
    case "!!binary":
      return decodeBinary(source);
    default:
      return source;
  }
}

/** Underscores separate digits; a leading zero is octal. */
function numberOf(source: string): number | bigint | undefined {
  if (!/^[-+.\d]/.test(source)) return undefined;
  const digits = source.replaceAll("_", "");
  if (INTEGER.test(digits)) return integerOf(digits);
  if (!FLOAT.test(digits)) return undefined;
  const value = Number(digits);
  return Number.isFinite(value) ? value : undefined;
}

function integerOf(text: string): number | bigint {
  const isNegative = text.startsWith("-");
  const digits = text.replace(/^[-+]/, "");
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  const value = Number(octal);
  if (!Number.isSafeInteger(value)) return exactInteger(isNegative ? -BigInt(octal) : BigInt(octal));
  return isNegative && value !== 0 ? -value : value;
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** `!!binary` becomes the text it encodes, one character a byte. */
function decodeBinary(source: string): string | undefined {
  const packed = source.replaceAll(/\s/g, "").replace(/={1,2}$/, "");
  let text = "";
  let bits = 0;
  let held = 0;
  for (const letter of packed) {
    const six = BASE64.indexOf(letter);
    if (six < 0) return undefined;
    bits = (bits << 6) | six;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    text += String.fromCharCode((bits >> held) & 0xff);
    bits &= (1 << held) - 1;
  }
  return text;
}
