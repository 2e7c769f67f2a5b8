/** The bytes of objects in memory: for tests and simulations. Nothing survives. */
import { Fault } from "#base/fault.ts";
import type { ObjectBytes, Piece, Range } from "#managed/bucket/object-bytes.ts";

const PORTION_BYTES = 64 * 1024;

export class MemoryObjectBytes implements ObjectBytes {
  readonly #pieces = new Map<string, Uint8Array>();
  #count = 0;

  /** How many pieces there are. */
  get count(): number {
    return this.#pieces.size;
  }

  async write(source: AsyncIterable<Uint8Array>): Promise<Piece> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of source) chunks.push(Buffer.from(chunk));
    const bytes = Buffer.concat(chunks);
    const id = `piece-${++this.#count}`;
    this.#pieces.set(id, bytes);
    return { id, size: bytes.length };
  }

  keep(): Promise<void> {
    return Promise.resolve();
  }

  async *read(id: string, { from, to }: Range): AsyncGenerator<Uint8Array> {
    const bytes = this.#pieces.get(id);
    if (bytes === undefined) throw new Fault("NotFound", `there is no piece ${id}`);
    await Promise.resolve();
    for (let at = from; at < to; at += PORTION_BYTES) yield bytes.subarray(at, Math.min(at + PORTION_BYTES, to));
  }

  remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#pieces.delete(id);
    return Promise.resolve();
  }

  leftovers(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pieces.clear();
    await Promise.resolve();
  }
}
