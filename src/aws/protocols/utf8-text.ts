/** A body as text. */
import { decodeUtf8Strictly } from "#base/utf8.ts";
import { unreadable } from "./unreadable.ts";

export function utf8Text(body: Uint8Array): string {
  try {
    return decodeUtf8Strictly(body);
  } catch {
    throw unreadable("the body is not UTF-8");
  }
}
