/** A binary min-heap. */

export class Heap<T> {
  readonly #nodes: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#nodes.length;
  }

  peek(): T | undefined {
    return this.#nodes[0];
  }

  push(node: T): void {
    this.#nodes.push(node);
    this.#rise(this.#nodes.length - 1);
  }

  pop(): T | undefined {
    const first = this.#nodes[0];
    const last = this.#nodes.pop();
    if (first === undefined || last === undefined || this.#nodes.length === 0) return first;
    this.#nodes[0] = last;
    this.#sink(0);
    return first;
  }

  #rise(start: number): void {
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfBefore(at, parent)) return;
      at = parent;
    }
  }

  #sink(start: number): void {
    let at = start;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= this.#nodes.length) return;
      const right = left + 1;
      const child =
        right < this.#nodes.length && this.#isBefore(this.#nodes[right] as T, this.#nodes[left] as T) ? right : left;
      if (!this.#swapIfBefore(child, at)) return;
      at = child;
    }
  }

  #swapIfBefore(lower: number, upper: number): boolean {
    const a = this.#nodes[lower] as T;
    const b = this.#nodes[upper] as T;
    if (!this.#isBefore(a, b)) return false;
    this.#nodes[lower] = b;
    this.#nodes[upper] = a;
    return true;
  }
}
