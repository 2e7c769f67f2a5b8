/** Base64, the form of byte fields in JSON. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const letters = [18, 12, 6, 0].map((shift) => ALPHABET[(group >> shift) & 63] ?? "");
    text += letters
      .slice(0, Math.min(bytes.length - i, 3) + 1)
      .join("")
      .padEnd(4, "=");
  }
  return text;
}

/** Letters outside the alphabet are skipped. */
export function fromBase64(text: string): Uint8Array {
  const sextets = Array.from(text, (letter) => ALPHABET.indexOf(letter)).filter((value) => value >= 0);
  const bytes = new Uint8Array(Math.floor((sextets.length * 6) / 8));
  for (let i = 0; i < bytes.length; i++) {
    const bit = i * 8;
    const first = Math.floor(bit / 6);
    const pair = ((sextets[first] ?? 0) << 6) | (sextets[first + 1] ?? 0);
    bytes[i] = (pair >> (4 - (bit % 6))) & 255;
  }
  return bytes;
}
