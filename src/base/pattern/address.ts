/** IP addresses and blocks of them, IPv4 and IPv6 (RFC 4632, RFC 4291 §2.2). Pure. */

export interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** Null for a text that is no address. */
export function parseAddress(text: string): Address | null {
  if (text.length > LONGEST) return null;
  return text.includes(":") ? parseV6(text) : parseV4(text);
}

// "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".
const LONGEST = 45;

/** "10.0.0.0/8"; what is wrong as text, in the words of event-ruler's CIDR.java. */
export function parseBlock(text: string): ((address: Address) => boolean) | string {
  const [base = "", length, ...rest] = text.split("/");
  if (length === undefined || length === "" || rest.length > 0) return "Malformed CIDR, one '/' required";
  if (!/^-?\d{1,3}$/.test(length)) return "Malformed CIDR, mask bits must be an integer";
  const from = parseAddress(base);
  if (from === null) return `Nonstandard IP address: ${base}`;
  if (Number(length) < 0) return "Malformed CIDR, mask bits must not be negative";
  const left = from.bits - Number(length);
  if (left < 1) return `IPv${from.bits === 32 ? 4 : 6} mask bits must be < ${from.bits}`;
  const wanted = from.value >> BigInt(left);
  return ({ bits, value }) => bits === from.bits && value >> BigInt(left) === wanted;
}

function parseV4(text: string): Address | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  let value = 0n;
  for (const part of parts) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    value = (value << 8n) | BigInt(part);
  }
  return { bits: 32, value };
}

function parseV6(text: string): Address | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map(groupsOf);
  if (head === null || tail === null || head === undefined) return null;
  const given = head.length + (tail?.length ?? 0);
  if (tail === undefined ? given !== 8 : given > 7) return null;
  const groups = tail === undefined ? head : [...head, ...Array.from({ length: 8 - given }, () => 0n), ...tail];
  return { bits: 128, value: groups.reduce((sum, group) => (sum << 16n) | group, 0n) };
}

function groupsOf(text: string): readonly bigint[] | null {
  if (text === "") return [];
  const groups: bigint[] = [];
  const parts = text.split(":");
  for (const [at, part] of parts.entries()) {
    const v4 = at === parts.length - 1 && part.includes(".") ? parseV4(part) : null;
    if (v4 !== null) groups.push(v4.value >> 16n, v4.value & 0xffffn);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(BigInt(`0x${part}`));
    else return null;
  }
  return groups;
}
