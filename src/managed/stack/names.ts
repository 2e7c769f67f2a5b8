/** Names for what a template does not name: "STACK-LOGICAL-SUFFIX", as CloudFormation makes them. Pure. */
import type { Random } from "#base/random.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const SUFFIX = 12;
/** The shortest limit of names that are made so (IAM roles, functions: 64). */
const MAX_NAME = 63;

export function generatedName(stack: string, logicalId: string, random: Random): string {
  const suffix = Array.from({ length: SUFFIX }, () => ALPHABET[Math.floor(random.number() * ALPHABET.length)]).join("");
  const room = MAX_NAME - SUFFIX - 2;
  const logical = logicalId.slice(0, Math.max(1, Math.floor(room / 2)));
  return `${stack.slice(0, room - logical.length)}-${logical}-${suffix}`;
}
