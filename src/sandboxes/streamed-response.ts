/** A response that comes piece by piece: passed on to whoever takes it so, or kept until it is whole. */
import { MAX_RESPONSE_BYTES, MAX_STREAMED_BYTES } from "#functions/invocation.ts";
import type { ResponseSink } from "#functions/sandboxes.ts";

export class StreamedResponse {
  readonly #sink: ResponseSink | undefined;
  readonly #kept: Buffer[] = [];
  readonly #most: number;
  #bytes = 0;

  constructor(sink: ResponseSink | undefined, contentType: string) {
    this.#sink = sink;
    this.#most = sink === undefined ? MAX_RESPONSE_BYTES : MAX_STREAMED_BYTES;
    sink?.begin(contentType);
  }

  get isOversized(): boolean {
    return this.#bytes > this.#most;
  }

  /** What is to be waited for before the next piece is read; null: nothing. */
  take(piece: Buffer): Promise<void> | null {
    this.#bytes += piece.length;
    if (this.isOversized) return null;
    // The reader's buffer is used again.
    const own = Buffer.from(piece);
    if (this.#sink !== undefined) return this.#sink.write(own);
    this.#kept.push(own);
    return null;
  }

  /** Empty when it was passed on. */
  whole(): Buffer {
    return Buffer.concat(this.#kept);
  }
}
