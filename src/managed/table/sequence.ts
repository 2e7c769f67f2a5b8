/** Whether a text or bytes contain others, in time that grows with their lengths and never with the product. */

// So few characters are found fast enough by the engine's own search, whose worst case is the product.
const SHORT = 64;

/** Whether a search for it goes step by step. */
export function isLong(part: string): boolean {
  return part.length > SHORT;
}

export function includesText(text: string, part: string): boolean {
  if (!isLong(part)) return text.includes(part);
  return includes(
    text.length,
    (at) => text.charCodeAt(at),
    part.length,
    (at) => part.charCodeAt(at),
  );
}

export function includesSequence(bytes: Uint8Array, part: Uint8Array): boolean {
  return includes(
    bytes.length,
    (at) => bytes[at] ?? -1,
    part.length,
    (at) => part[at] ?? -1,
  );
}

/** Knuth, Morris and Pratt. */
function includes(
  length: number,
  valueAt: (at: number) => number,
  wantedLength: number,
  wantedAt: (at: number) => number,
): boolean {
  if (wantedLength > length) return false;
  const fallback = fallbacks(wantedLength, wantedAt);
  let matched = 0;
  for (let at = 0; at < length && matched < wantedLength; at++) {
    while (matched > 0 && valueAt(at) !== wantedAt(matched)) matched = fallback[matched - 1] ?? 0;
    if (valueAt(at) === wantedAt(matched)) matched++;
  }
  return matched === wantedLength;
}

/** For each place, how much of the start also ends there. */
function fallbacks(length: number, valueAt: (at: number) => number): Uint32Array {
  const fallback = new Uint32Array(length);
  for (let at = 1, matched = 0; at < length; at++) {
    while (matched > 0 && valueAt(at) !== valueAt(matched)) matched = fallback[matched - 1] ?? 0;
    if (valueAt(at) === valueAt(matched)) matched++;
    fallback[at] = matched;
  }
  return fallback;
}
