/** What a stream keeps of a change, and under which bytes. Pure. */
import { given } from "#base/given.ts";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { StreamView } from "#kinds/catamaran/table.ts";
import { type Item, itemBytes, sameAttribute } from "./attribute.ts";
import { keyAttributes, type KeySchema } from "./item-key.ts";

export interface StreamRecord {
  readonly sequence: number;
  readonly name: "INSERT" | "MODIFY" | "REMOVE";
  readonly atMs: number;
  readonly keys: Item;
  readonly newImage?: Item;
  readonly oldImage?: Item;
  /** Of keys and images, as items are counted. */
  readonly bytes: number;
  /** The service removed it, because its time had come. */
  readonly isExpiry?: true;
}

export interface Images {
  readonly before: Item | null;
  readonly after: Item | null;
}

/** Null when nothing changed: such writes are in no stream (Developer Guide, "Change data capture for DynamoDB Streams"). */
export function recordOf(
  { before, after }: Images,
  { view, schema }: { readonly view: StreamView; readonly schema: KeySchema },
): Omit<StreamRecord, "sequence" | "atMs"> | null {
  const item = after ?? before;
  if (item === null || (before !== null && after !== null && sameAttribute({ M: before }, { M: after }))) return null;
  const keys = keyAttributes(item, schema);
  const newImage = view === "NEW_IMAGE" || view === "NEW_AND_OLD_IMAGES" ? (after ?? undefined) : undefined;
  const oldImage = view === "OLD_IMAGE" || view === "NEW_AND_OLD_IMAGES" ? (before ?? undefined) : undefined;
  const bytes = [keys, newImage, oldImage].reduce((sum, each) => sum + (each === undefined ? 0 : itemBytes(each)), 0);
  const name: StreamRecord["name"] = before === null ? "INSERT" : after === null ? "REMOVE" : "MODIFY";
  return given({ name, keys, newImage, oldImage, bytes });
}

const SEQUENCE_BYTES = 8;

/** Big-endian, so that records are in the order of their numbers. */
export function sequenceKey(sequence: number): Uint8Array {
  const key = new Uint8Array(SEQUENCE_BYTES);
  new DataView(key.buffer).setBigUint64(0, BigInt(sequence));
  return key;
}

export function encodeRecord({ sequence: _sequence, ...rest }: StreamRecord): Uint8Array {
  return encodeUtf8(JSON.stringify(rest));
}

export function decodeRecord(key: Uint8Array, value: Uint8Array): StreamRecord {
  const sequence = Number(new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(0));
  return { ...(JSON.parse(decodeUtf8(value)) as Omit<StreamRecord, "sequence">), sequence };
}
