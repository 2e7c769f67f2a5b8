/** The checksum of a stored record: over everything that it says, so that a record can be trusted or named as damaged. */
import { crc32 } from "node:zlib";

/** `head` names the record (its key and numbers), `body` is what it holds. A CRC finds every single flipped bit. */
export function checksumOf(head: string, body: Uint8Array | string | null): number {
  const sum = crc32(head);
  return body === null ? sum : crc32(body, sum);
}

/** The same for a row of a collection. */
export function rowChecksum(collection: number, key: Uint8Array, value: Uint8Array): number {
  return crc32(value, crc32(key, collection));
}
