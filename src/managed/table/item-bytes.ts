/** Items as the bytes that a database keeps of them. Pure. */
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { Item } from "./attribute.ts";

export function decodeItem(bytes: Uint8Array): Item {
  return JSON.parse(decodeUtf8(bytes)) as Item;
}

export function encodeItem(item: Item): Uint8Array {
  return encodeUtf8(JSON.stringify(item));
}
