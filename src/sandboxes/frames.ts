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

/** One frame in one buffer, so that it is one write. `parts` are joined. */
export function frameOf(type: number, id: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  frame.writeUInt32BE(length + 5, 0);
  frame.writeUInt32BE(id, 4);
  frame[8] = type;
  let at = HEADER_BYTES;
  for (const part of parts) {
    frame.set(part, at);
    at += part.length;
  }
  return frame;
}

/** A JSON head with its length, then bytes as they are: what BIND and INVOKE carry. */
export function headed(head: object): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const bytes = Buffer.allocUnsafe(4 + text.length);
  bytes.writeUInt32BE(text.length, 0);
  text.copy(bytes, 4);
  return bytes;
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
