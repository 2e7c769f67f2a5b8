/** Ids of users' access keys (IAM User Guide, "Unique identifiers"). */
import type { Random } from "#base/random.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LETTERS = 16;

/** An id is no secret, and must only never come twice: it is made of the random bits of a UUID. */
export function newAccessKeyId(random: Random): string {
  let bits = BigInt(`0x${random.uuid().replaceAll("-", "")}`);
  let id = "";
  for (let at = 0; at < LETTERS; at++) {
    id += ALPHABET[Number(bits & 31n)] ?? "";
    bits >>= 5n;
  }
  return `AKIA${id}`;
}
