/** The digests that SDKs compare with their own (SQS Developer Guide, "Calculating the MD5 message digest for message attributes"). */
import { createHash, type Hash } from "node:crypto";
import type { MessageAttribute } from "#managed/queue/message.ts";

export function md5(text: string): string {
  return createHash("md5").update(text, "utf8").digest("hex");
}

/** SHA-256 of the body: the deduplication id of a queue with content-based deduplication. */
export function contentId(body: string): string {
  return createHash("sha256").update(body, "utf8").digest("hex");
}

/** Undefined when there are none: then the answer has no digest either. */
export function attributesMd5(attributes: Readonly<Record<string, MessageAttribute>>): string | undefined {
  const names = Object.keys(attributes).toSorted((a, b) => (a < b ? -1 : 1));
  if (names.length === 0) return undefined;
  const hash = createHash("md5");
  for (const name of names) {
    const attribute = attributes[name];
    if (attribute === undefined) continue;
    addBytes(hash, Buffer.from(name));
    addBytes(hash, Buffer.from(attribute.type));
    hash.update(Buffer.from([isBinary(attribute) ? 2 : 1]));
    addBytes(hash, isBinary(attribute) ? Buffer.from(attribute.value, "base64") : Buffer.from(attribute.value));
  }
  return hash.digest("hex");
}

export function isBinary({ type }: MessageAttribute): boolean {
  return type === "Binary" || type.startsWith("Binary.");
}

function addBytes(hash: Hash, bytes: Buffer): void {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  hash.update(length).update(bytes);
}
