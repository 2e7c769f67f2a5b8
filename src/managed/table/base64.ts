/** Base64 as attributes hold it: its check, its length in bytes, its bytes. */

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PAD = "=".charCodeAt(0);
const VALUES = new Int8Array(128).fill(-1);
for (let digit = 0; digit < DIGITS.length; digit++) VALUES[DIGITS.charCodeAt(digit)] = digit;

function valueAt(text: string, at: number): number {
  return VALUES[text.charCodeAt(at)] ?? -1;
}

/** What is wrong with it, in the words of AWS's front end; null when it is base64. */
export function base64Problem(text: string): string | null {
  if (text.length % 4 !== 0) return `Base64 encoded length is expected a multiple of 4 bytes but found: ${text.length}`;
  const end = text.length - padding(text);
  for (let at = 0; at < end; at++) if (valueAt(text, at) < 0) return `Invalid Base64 character: '${text.charAt(at)}'`;
  // The last digit may not say more than the bytes have (RFC 4648 §3.5).
  const spare = text.length - end === 2 ? 0x0f : text.length - end === 1 ? 0x03 : 0;
  return (valueAt(text, end - 1) & spare) === 0 || end === 0 ? null : "Invalid last non-pad Base64 character dectected";
}

function padding(text: string): number {
  if (text.charCodeAt(text.length - 1) !== PAD) return 0;
  return text.charCodeAt(text.length - 2) === PAD ? 2 : 1;
}

export function base64Bytes(text: string): number {
  return (text.length / 4) * 3 - padding(text);
}

/** Of checked base64. */
export function decodeBase64(text: string): Uint8Array {
  const bytes = new Uint8Array(base64Bytes(text));
  for (let from = 0, to = 0; from < text.length; from += 4, to += 3) {
    const [a, b, c, d] = [
      valueAt(text, from),
      valueAt(text, from + 1),
      valueAt(text, from + 2),
      valueAt(text, from + 3),
    ];
    bytes[to] = (a << 2) | (b >> 4);
    if (to + 1 < bytes.length) bytes[to + 1] = ((b & 15) << 4) | (c >> 2);
    if (to + 2 < bytes.length) bytes[to + 2] = ((c & 3) << 6) | d;
  }
  return bytes;
}
