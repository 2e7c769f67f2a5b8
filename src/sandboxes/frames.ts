/** The messages between control and whoever it drives (agents, launcher): u32 length | u32 id | u8 type | payload. Never what they mean. */

/** runtimes/agent.cjs holds the same table for the other side. */
export const FRAME = {
  bind: 1,
  invoke: 2,
  ready: 16,
  initDone: 17,
  initError: 18,
  response: 19,
  error: 20,
  log: 21,
  cache: 22,
  /** To and from the launcher: JSON. */
  ask: 32,
  answer: 33,
  tell: 34,
} as const;

export const HEADER_BYTES = 9;
// A response of 6 MiB and its frame; anything longer is no frame of ours.
export const MAX_FRAME_BYTES: number = 64 * 1024 * 1024;

/** One frame in one buffer, so that it is one write. Not of Buffer's pool: V8 keeps its blocks until they are tens of megabytes. */
export function frameOf(type: number, id: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafeSlow(HEADER_BYTES + payload.length);
  frame.writeUInt32BE(frame.length - 4, 0);
  frame.writeUInt32BE(id, 4);
  frame[8] = type;
  frame.set(payload, HEADER_BYTES);
  return frame;
}

/** A JSON head with its length, then bytes as they are, in one frame: what BIND and INVOKE carry. */
export function headedFrame(type: number, id: number, head: object, body: Uint8Array): Buffer {
  const text = JSON.stringify(head);
  const size = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafeSlow(HEADER_BYTES + 4 + size + body.length);
  frame.writeUInt32BE(frame.length - 4, 0);
  frame.writeUInt32BE(id, 4);
  frame[8] = type;
  frame.writeUInt32BE(size, HEADER_BYTES);
  frame.write(text, HEADER_BYTES + 4);
  frame.set(body, HEADER_BYTES + 4 + size);
  return frame;
}

/**
 * Cuts a stream of chunks into frames. Chunks are kept in a list and joined once per frame: joining at every
 * chunk makes a payload of 6 MiB quadratic (75 ms instead of 4).
 */
export class FrameReader {
  readonly #take: (type: number, id: number, payload: Buffer) => void;
  #chunks: Buffer[] = [];
  #held = 0;
  #wanted = 4;

  constructor(take: (type: number, id: number, payload: Buffer) => void) {
    this.#take = take;
  }

  /** False when the stream is not ours: the caller closes it. */
  push(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held < this.#wanted) return true;
    const first = this.#chunks[0];
    const bytes = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks, this.#held);
    const rest = this.#cut(bytes);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#held = rest.length;
    this.#wanted = rest.length >= 4 ? 4 + rest.readUInt32BE(0) : 4;
    return this.#wanted <= MAX_FRAME_BYTES;
  }

  #cut(bytes: Buffer): Buffer {
    let at = 0;
    while (bytes.length - at >= 4) {
      const length = bytes.readUInt32BE(at);
      if (length < 5 || bytes.length - at < 4 + length) break;
      this.#take(bytes[at + 8] ?? 0, bytes.readUInt32BE(at + 4), bytes.subarray(at + HEADER_BYTES, at + 4 + length));
      at += 4 + length;
    }
    return bytes.subarray(at);
  }
}
