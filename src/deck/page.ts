/** Continue tokens of paged lists: base64 of JSON {revision, after}, opaque to clients. */
import { Fault } from "#base/fault.ts";
import { isJsonObject } from "#base/json.ts";
import type { ObjectKey } from "#base/key.ts";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { Revision } from "./journal.ts";

export interface Page {
  /** -1 asks for the newest state: the token that an expired list hands out. */
  readonly revision: Revision;
  readonly after: ObjectKey;
}

export function encodePage(page: Page): string {
  return encodeBase64(encodeUtf8(JSON.stringify({ revision: page.revision, after: page.after })));
}

export function decodePage(token: string): Page {
  try {
    const page: unknown = JSON.parse(decodeUtf8(decodeBase64(token)));
    if (isJsonObject(page) && typeof page["revision"] === "number" && typeof page["after"] === "string")
      return { revision: page["revision"], after: page["after"] };
  } catch {
    // Anything that is no token of ours is refused below.
  }
  throw new Fault("BadRequest", "continue key is not valid: it was not handed out by this server");
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** URL-safe and unpadded, so that a client may paste it into a query. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3);
    const digits = [a >> 2, ((a & 3) << 4) | (b >> 4), ((b & 15) << 2) | (c >> 6), c & 63];
    text += digits
      .slice(0, Math.min(4, bytes.length - at + 1))
      .map((digit) => DIGITS[digit])
      .join("");
  }
  return text;
}

export function decodeBase64(text: string): Uint8Array {
  const bytes: number[] = [];
  let bits = 0;
  let count = 0;
  for (const letter of text) {
    const digit = DIGITS.indexOf(letter);
    if (digit < 0) throw new RangeError("not base64");
    bits = ((bits << 6) | digit) & 0xff_ff_ff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push((bits >> count) & 0xff);
  }
  return Uint8Array.from(bytes);
}
