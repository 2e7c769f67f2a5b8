/** How many bytes of unfinished requests are in memory, for each peer and in all: what one peer sends cannot take the room of the others. */

export interface HeldLimits {
  readonly totalBytes: number;
  readonly peerBytes: number;
}

/** A budget that request bodies are charged to. Pure bookkeeping: the caller takes before it keeps a chunk, and gives back afterwards. */
export class HeldBytes {
  readonly #limits: HeldLimits;
  readonly #byPeer = new Map<string, number>();
  #total = 0;

  constructor(limits: HeldLimits) {
    this.#limits = limits;
  }

  /** Bytes held now, of all peers. */
  get total(): number {
    return this.#total;
  }

  /** False, and nothing taken, when the peer or all together would hold too much. */
  take(peer: string, bytes: number): boolean {
    const ofPeer = (this.#byPeer.get(peer) ?? 0) + bytes;
    if (ofPeer > this.#limits.peerBytes || this.#total + bytes > this.#limits.totalBytes) return false;
    this.#byPeer.set(peer, ofPeer);
    this.#total += bytes;
    return true;
  }

  give(peer: string, bytes: number): void {
    const left = (this.#byPeer.get(peer) ?? 0) - bytes;
    // A peer that holds nothing is forgotten: peers come and go for ever.
    if (left > 0) this.#byPeer.set(peer, left);
    else this.#byPeer.delete(peer);
    this.#total -= bytes;
  }
}
