/** Whose costly parts are kept: the newest, within a number and within bytes, and for no longer than two looks of the clock. */

export interface Room {
  readonly count: number;
  readonly bytes: number;
}

export class Newest<T> {
  readonly #room: Room;
  readonly #drop: (one: T) => void;
  /** With their bytes, in the order in which they came. */
  readonly #kept = new Map<T, number>();
  #bytes = 0;
  /** How many of them, the oldest, were here at the last look already. */
  #old = 0;

  constructor(room: Room, drop: (one: T) => void) {
    this.#room = room;
    this.#drop = drop;
  }

  /** What is kept already stays where it is in the order: to move it costs as much as to make it again now and then. */
  keep(one: T, bytes: number): void {
    if (this.#kept.has(one)) return;
    this.#kept.set(one, bytes);
    this.#bytes += bytes;
    if (this.#kept.size > this.#room.count || this.#bytes > this.#room.bytes) this.#dropWhile(() => this.#isFull());
  }

  /** Drops what was here at the last look already. */
  age(): void {
    let left = this.#old;
    this.#dropWhile(() => left-- > 0);
    this.#old = this.#kept.size;
  }

  #isFull(): boolean {
    return this.#kept.size > this.#room.count || this.#bytes > this.#room.bytes;
  }

  #dropWhile(isWanted: () => boolean): void {
    for (const [oldest, bytes] of this.#kept) {
      if (!isWanted()) return;
      this.#kept.delete(oldest);
      this.#bytes -= bytes;
      this.#old = Math.max(0, this.#old - 1);
      this.#drop(oldest);
    }
  }
}
