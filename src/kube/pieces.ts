/** Long lists are sent in pieces, so that others get their turn between two of them. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { encodeUtf8 } from "#base/utf8.ts";
import type { Exchange } from "./exchange.ts";

// About two milliseconds of work.
const PIECE_BYTES = 256 * 1024;
const COMMA = encodeUtf8(",");
const TAIL = encodeUtf8("]}\n");
const JSON_TYPE = { "content-type": "application/json" };

/** Sends `head`, the parts with commas between them, and `]}`. */
export async function sendPieces(
  exchange: Exchange,
  { head, parts }: { readonly head: string; readonly parts: Iterable<Uint8Array> },
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

/** Yields all pieces but the last, which it returns. */
function* piecesOf(head: Uint8Array, parts: Iterable<Uint8Array>): Generator<Buffer, Buffer> {
  let piece: Uint8Array[] = [head];
  let size = head.length;
  let isFirst = true;
  for (const part of parts) {
    if (size >= PIECE_BYTES) {
      yield Buffer.concat(piece);
      [piece, size] = [[], 0];
    }
    if (!isFirst) piece.push(COMMA);
    isFirst = false;
    piece.push(part);
    size += part.length + 1;
  }
  piece.push(TAIL);
  return Buffer.concat(piece);
}
