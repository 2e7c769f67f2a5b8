/** Pieces of a response between the function that writes them and a reader that takes one after the other: a slow reader slows the function. */
import type { CallerSink, ResponseHead } from "./invocation.ts";

interface Waiting {
  readonly piece: Uint8Array;
  readonly taken: () => void;
}

export class PieceQueue implements CallerSink {
  readonly #head = Promise.withResolvers<ResponseHead>();
  readonly #waiting: Waiting[] = [];
  #wake: () => void = () => {};
  #hasBegun = false;
  #isOver = false;
  #isAbandoned = false;

  /** Resolves when the first piece is on its way; never of a response that comes whole. */
  get head(): Promise<ResponseHead> {
    return this.#head.promise;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  begin(head: ResponseHead): void {
    this.#hasBegun = true;
    this.#head.resolve(head);
  }

  /** Resolves when the piece was taken, or nobody takes any more. */
  write(piece: Uint8Array): Promise<void> {
    if (this.#isAbandoned) return Promise.resolve();
    return new Promise((taken) => {
      this.#waiting.push({ piece, taken });
      this.#wake();
    });
  }

  /** No piece comes any more. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** What there is, until the end. A reader that stops early lets the function write on into nothing. */
  async *pieces(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const next = this.#waiting.shift();
        if (next !== undefined) {
          yield next.piece;
          next.taken();
        } else if (this.#isOver) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.#isAbandoned = true;
      for (const { taken } of this.#waiting.splice(0)) taken();
    }
  }
}
