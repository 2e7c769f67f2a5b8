/** Base64 of bytes (RFC 4648 §4). */

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b, c] = bytes.subarray(at, at + 3);
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    text += digit(bits >> 18) + digit(bits >> 12);
    text += (b === undefined ? "=" : digit(bits >> 6)) + (c === undefined ? "=" : digit(bits));
  }
  return text;
}

function digit(bits: number): string {
  return DIGITS.charAt(bits & 63);
}
