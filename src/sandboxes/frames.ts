/** The messages between control and whoever it drives (agents, launcher): u32 length | u32 id | u8 type | payload. Never what they mean. */

/** runtimes/agent.cjs holds the same table for the other side. */
export const FRAME = {
  bind: 1,
  invoke: 2,
  /** What `ending` waits for. */
  end: 3,
  ready: 16,
  initDone: 17,
  initError: 18,
  response: 19,
  error: 20,
  log: 21,
  cache: 22,
  /** The runtime that answered asks for its next event. */
  next: 23,
  /** An answer that is longer than Lambda takes; only that it was. */
  oversized: 24,
  /** The runtime has ended or is about to. */
  ending: 25,
  /** A response that comes piece by piece, with its content type; `response`, empty then, ends it. */
  stream: 26,
  piece: 27,
  /** To and from the launcher: JSON. */
  ask: 32,
  answer: 33,
  tell: 34,
} as const;

/** How long the payload of each type may be on one stream; a type that is not named here is no frame of that stream. */
export type FrameLimits = ReadonlyMap<number, number>;

export const HEADER_BYTES = 9;
// Behind the length come the id and the type.
const LEAST_LENGTH = HEADER_BYTES - 4;

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
  readonly #limits: FrameLimits;
  readonly #take: (type: number, id: number, payload: Buffer) => void;
  #chunks: Buffer[] = [];
  #held = 0;
  #wanted = HEADER_BYTES;

  constructor(limits: FrameLimits, take: (type: number, id: number, payload: Buffer) => void) {
    this.#limits = limits;
    this.#take = take;
  }

  /** False when the stream is not ours: the caller closes it. A frame is judged by its head, before its payload is held. */
  push(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held < this.#wanted) return true;
    const first = this.#chunks[0];
    const bytes = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks, this.#held);
    const rest = this.#cut(bytes);
    if (rest === null) return false;
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#held = rest.length;
    this.#wanted = rest.length >= HEADER_BYTES ? 4 + rest.readUInt32BE(0) : HEADER_BYTES;
    return true;
  }

  #cut(bytes: Buffer): Buffer | null {
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const length = bytes.readUInt32BE(at);
      const type = bytes[at + 8] ?? 0;
      if (length < LEAST_LENGTH || length - LEAST_LENGTH > (this.#limits.get(type) ?? -1)) return null;
      if (bytes.length - at < 4 + length) break;
      this.#take(type, bytes.readUInt32BE(at + 4), bytes.subarray(at + HEADER_BYTES, at + 4 + length));
      at += 4 + length;
    }
    return bytes.subarray(at);
  }
}
