/** Ranges of IPv4 addresses: "10.1.0.0/16" as two numbers. Pure. */

export interface IpRange {
  readonly first: number;
  readonly last: number;
  readonly bits: number;
}

/** Null when the text is no IPv4 range. Host bits are ignored, as net.ParseCIDR's network is. */
export function rangeOf(cidr: string): IpRange | null {
  const [ip = "", bits = ""] = cidr.split("/");
  const number = ipNumber(ip);
  if (number === null || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return null;
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(number / size) * size;
  return { first, last: first + size - 1, bits: Number(bits) };
}

export function contains(cidr: string, ip: string): boolean {
  const [range, number] = [rangeOf(cidr), ipNumber(ip)];
  return range !== null && number !== null && range.first <= number && number <= range.last;
}

function ipNumber(ip: string): number | null {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(ip)) return null;
  const parts = ip.split(".").map(Number);
  return parts.every((part) => part <= 255) ? parts.reduce((sum, part) => sum * 256 + part, 0) : null;
}
