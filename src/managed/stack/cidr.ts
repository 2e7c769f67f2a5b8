/** Blocks of addresses within a block, for Fn::Cidr. IPv4; pure. */
import { validationError } from "./template.ts";

/** `bits` are those of a host: 8 gives blocks of 256 addresses. Fault: BadRequest. */
export function cidrBlocks(block: string, count: number, bits: number): readonly string[] {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(block);
  if (match === null) throw validationError(`Fn::Cidr needs a block of IPv4 addresses, not ${block}`);
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match.slice(1).map(Number);
  const first = ((a * 256 + b) * 256 + c) * 256 + d;
  const room = 2 ** (32 - prefix - bits);
  if (!(count >= 1 && count <= 256) || count > room)
    throw validationError(`Fn::Cidr cannot make ${count} blocks of ${bits} bits within ${block}`);
  return Array.from({ length: count }, (_, i) => `${dotted(first + i * 2 ** bits)}/${32 - bits}`);
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
