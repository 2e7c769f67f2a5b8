/** What chance is, for code that must not roll dice itself. */

export interface Random {
  /** Uniform in [0, 1). */
  number(): number;
  /** A version 4 UUID. */
  uuid(): string;
}

// Kubernetes leaves out vowels and look-alikes so that names neither offend nor confuse (apimachinery util/rand).
const NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** A suffix for generated names, `length` letters of Kubernetes' safe alphabet. */
export function nameSuffix(random: Random, length = 5): string {
  let suffix = "";
  for (let i = 0; i < length; i++) {
    suffix += NAME_ALPHABET[Math.floor(random.number() * NAME_ALPHABET.length)];
  }
  return suffix;
}

/** A repeatable Random for tests and simulation (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const number = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(number() * 16).toString(16)).join("");
  return {
    number,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${"89ab"[Math.floor(number() * 4)]}${hex(3)}-${hex(12)}`,
  };
}
