/** Text to bytes and back. The two globals are pure, so code below the waterline may use them through here. */

interface Encoder {
  encode(text: string): Uint8Array;
}
interface Decoder {
  decode(bytes: Uint8Array): string;
}
declare const TextEncoder: new () => Encoder;
declare const TextDecoder: new (label: string, options: { readonly fatal: boolean }) => Decoder;

const encoder = new TextEncoder();
const lenient = new TextDecoder("utf-8", { fatal: false });
const strict = new TextDecoder("utf-8", { fatal: true });

export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Malformed sequences become U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  return lenient.decode(bytes);
}

/** Throws a TypeError on malformed sequences. */
export function decodeUtf8Strictly(bytes: Uint8Array): string {
  return strict.decode(bytes);
}
