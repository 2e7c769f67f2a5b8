/** What condition operators compare besides texts: moments, addresses and ARNs. Null is what cannot be read, and that never matches. */

/** ISO 8601 or seconds since 1970 (IAM User Guide, "Date condition operators"). */
export function timeOf(text: string): number | null {
  if (/^\d{1,15}$/.test(text)) return Number(text) * 1000;
  if (!/^\d{4}-\d{2}(-\d{2})?([T ].*)?$/i.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

export function numberOf(text: string): number | null {
  const number = text.trim() === "" ? NaN : Number(text);
  return Number.isFinite(number) ? number : null;
}

interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** Whether an address is in a range such as "203.0.113.0/24", or is the one address that stands alone. */
export function isInRange(address: string, range: string): boolean {
  const [base = "", size, ...rest] = range.split("/");
  const [given, from] = [addressOf(address), addressOf(base)];
  if (given === null || from === null || given.bits !== from.bits || rest.length > 0) return false;
  const length = size === undefined ? from.bits : /^\d{1,3}$/.test(size) ? Number(size) : -1;
  if (length < 0 || length > from.bits) return false;
  const shift = BigInt(from.bits - length);
  return given.value >> shift === from.value >> shift;
}

function addressOf(text: string): Address | null {
  // An IPv4 client of a socket that takes both families (RFC 4291 2.5.5.2).
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1] ?? text;
  return mapped.includes(":") ? ipv6(mapped) : ipv4(mapped);
}

function ipv4(text: string): Address | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return null;
  return { bits: 32, value: parts.reduce((value, part) => value * 256n + BigInt(part), 0n) };
}

function ipv6(text: string): Address | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return { bits: 128, value: groups.reduce((value, group) => value * 65_536n + BigInt(`0x${group}`), 0n) };
}

/** arn : partition : service : region : account : the rest, with whatever colons that has. Null: it is no ARN. */
export function arnParts(text: string): readonly string[] | null {
  const parts = splitOutsideVariables(text);
  if (parts.length < 6) return null;
  return [...parts.slice(0, 5), parts.slice(5).join(":")];
}

/** A variable's name has colons too. */
function splitOutsideVariables(text: string): readonly string[] {
  const parts: string[] = [""];
  for (const piece of text.split(/(\$\{[^{}]*\}|:)/)) {
    if (piece === ":") parts.push("");
    else parts[parts.length - 1] += piece;
  }
  return parts;
}
