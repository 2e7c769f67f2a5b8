/** Long lists are sent in pieces, so that others get their turn between two of them. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { encodeUtf8 } from "#base/utf8.ts";
import type { Part } from "#deck/stored.ts";
import type { Exchange } from "./exchange.ts";

// About two milliseconds of work.
const PIECE_BYTES = 256 * 1024;
const COMMA = partOf(encodeUtf8(","));
const TAIL = partOf(encodeUtf8("]}\n"));
const JSON_TYPE = { "content-type": "application/json" };

/** Sends `head`, the parts with commas between them, and `]}`. */
export async function sendPieces(
  exchange: Exchange,
  { head, parts }: { readonly head: string; readonly parts: Iterable<Part> },
): Promise<void> {
  const pieces = piecesOf(encodeUtf8(head), parts);
  const { value: first, done } = pieces.next();
  if (done === true) return exchange.send(200, JSON_TYPE, first);
  const outlet = exchange.stream(200, JSON_TYPE, { isPackable: true });
  for (let next: IteratorResult<Buffer, Buffer> = { value: first }; ; next = pieces.next()) {
    const hasRoom = outlet.write(next.value);
    if (next.done === true) return outlet.end();
    await (hasRoom ? nextTurn() : outlet.drained());
    if (exchange.closed.aborted) return;
  }
}

/** Bytes that are there already. */
export function partOf(bytes: Uint8Array): Part {
  return { size: bytes.length, writeTo: (into, at) => into.set(bytes, at) };
}

/** One after the other, as one. */
export function joinedPart(parts: readonly Part[]): Part {
  return {
    size: parts.reduce((sum, { size }) => sum + size, 0),
    writeTo: (into, at) => {
      let next = at;
      for (const part of parts) {
        part.writeTo(into, next);
        next += part.size;
      }
    },
  };
}

/** Yields all pieces but the last, which it returns. */
function* piecesOf(head: Uint8Array, parts: Iterable<Part>): Generator<Buffer, Buffer> {
  let piece: Part[] = [partOf(head)];
  let size = head.length;
  let isFirst = true;
  for (const part of parts) {
    if (size >= PIECE_BYTES) {
      yield joined(piece, size);
      [piece, size] = [[], 0];
    }
    if (!isFirst) piece.push(COMMA);
    size += part.size + (isFirst ? 0 : COMMA.size);
    isFirst = false;
    piece.push(part);
  }
  piece.push(TAIL);
  return joined(piece, size + TAIL.size);
}

function joined(piece: readonly Part[], size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size);
  joinedPart(piece).writeTo(bytes, 0);
  return bytes;
}
